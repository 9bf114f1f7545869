// The generated pages: deno task docs writes them, deno task docs --check fails when one is stale.
//
//   docs/api.md             scripts/api_docs.ts, from the faces at the root
//   COMPATIBILITY.md        scripts/compat.ts, from src/broker/handlers and the comments
//   docs/authorization.md   scripts/authorization_docs.ts, from src/broker/handlers
//   docs/commands.md        scripts/command_docs.ts, from scripts/command_table.ts
//   docs/configuration.md   scripts/config_docs.ts, from src/broker/config/broker_table.ts
//   docs/monitoring.md      scripts/metrics_docs.ts, from src/broker/metrics/metrics_table.ts
//   docs/protocol.md        scripts/protocol_docs.ts, from src/protocol/apis
//   src/client/admin/{topic,group,broker}_configs_table.ts
//                           scripts/config_types.ts, from the tables of the keys

import { allHandlers } from "../src/broker/handlers/mod.ts";
import { brokerKeys, configFamilies, topicKeys } from "../src/broker/config/broker_table.ts";
import { groupKeys } from "../src/broker/config/group_table.ts";
import { metrics } from "../src/broker/metrics/metrics_table.ts";
import { apiPage } from "./api_docs.ts";
import { authorizationPage } from "./authorization_docs.ts";
import { commandsPage } from "./command_docs.ts";
import { commandSections } from "./command_table.ts";
import { compatibilityPage } from "./compat.ts";
import { configurationPage } from "./config_docs.ts";
import { configTypes } from "./config_types.ts";
import { monitoringPage } from "./metrics_docs.ts";
import { protocolPage } from "./protocol_docs.ts";
import { isTestFile, listFiles } from "./source.ts";

const root = new URL("..", import.meta.url).pathname;

const keyTables = {
  topic: { of: "Topic", keys: topicKeys, path: "src/broker/config/broker_table.ts" },
  group: { of: "Group", keys: groupKeys, path: "src/broker/config/group_table.ts" },
  broker: {
    of: "Broker",
    keys: brokerKeys,
    path: "src/broker/config/broker_table.ts",
    pattern: {
      name: "`listener.name.${string}`",
      about: "A key of one listener, such as `listener.name.internal.ssl.client.auth`.",
    },
  },
};

/** The pages by path, as they should be. */
async function pages(): Promise<Map<string, string>> {
  const sources = listFiles(`${root}src`)
    .filter((path) => path.endsWith(".ts") && !isTestFile(path))
    .map((path) => ({ path: `src/${path}`, text: Deno.readTextFileSync(`${root}src/${path}`) }));
  const served = await allHandlers();
  const { exports: faces } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  return new Map([
    ["docs/api.md", await apiPage(faces)],
    ["COMPATIBILITY.md", compatibilityPage(served, sources)],
    ["docs/authorization.md", authorizationPage(served)],
    ["docs/commands.md", commandsPage(commandSections)],
    [
      "docs/configuration.md",
      configurationPage({ brokerKeys, topicKeys, families: configFamilies }),
    ],
    ["docs/monitoring.md", monitoringPage(metrics)],
    ["docs/protocol.md", protocolPage(served)],
    ["src/client/admin/topic_configs_table.ts", configTypes(keyTables.topic)],
    ["src/client/admin/group_configs_table.ts", configTypes(keyTables.group)],
    ["src/client/admin/broker_configs_table.ts", configTypes(keyTables.broker)],
  ]);
}

/** The text of a file, empty when it is not there. */
function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

const stale = [...await pages()].filter(([path, text]) => textOf(`${root}${path}`) !== text);
if (Deno.args.includes("--check")) {
  for (const [path] of stale) console.error(`${path} is stale: run deno task docs`);
  if (stale.length > 0) Deno.exit(1);
} else {
  for (const [path, text] of stale) {
    Deno.mkdirSync(`${root}docs`, { recursive: true });
    Deno.writeTextFileSync(`${root}${path}`, text);
    console.log(`wrote ${path}`);
  }
}
