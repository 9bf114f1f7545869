// Commands about what lies in a data folder, for a broker that runs or for one that does not:
// --data-dir starts one for a moment, by a port that nobody else knows.

import { formatAddress } from "../base/address.ts";
import type { Client } from "../client/mod.ts";
import type { Values } from "./arguments.ts";
import { type brokerOptions, withClient, withClientOf } from "./broker_client.ts";
import type { CliContext } from "./context.ts";
import { readProperties } from "./text_file.ts";

export const stoppedOption = {
  "data-dir": {
    kind: "text",
    value: "FOLDER",
    about: "the data of a broker that does not run; --config is then its own file",
  },
} as const;

type StoppedOptions = Values<typeof stoppedOption & typeof brokerOptions> & {
  /** `key=value` each, of a broker that runs for the command's sake. */
  readonly settings?: readonly string[];
};

/** Runs `work` with a client of the running broker, or of one that runs for its sake. */
export async function withBroker(
  context: CliContext,
  options: StoppedOptions,
  work: (client: Client) => Promise<number>,
): Promise<number> {
  const { "data-dir": dataDir, settings } = options;
  if (dataDir === undefined) return await withClient(context, options, work);
  const { loadConfig, startBroker } = await import("../broker/mod.ts");
  const flags = { dataDir, host: "127.0.0.1", port: 0, set: settings };
  const { config } = loadConfig({ flags, options: clusterKeysIn(context, options.config) });
  const logger = context.runtime.logger({ level: "error", format: "text" });
  const broker = await startBroker({ runtime: context.runtime, config, logger });
  try {
    return await withClientOf(context, { bootstrap: formatAddress(broker.address) }, work);
  } finally {
    await broker.close();
  }
}

/** What a broker's own file says of the cluster that a new data folder begins. */
function clusterKeysIn(context: CliContext, path: string | undefined): Record<string, string> {
  if (path === undefined) return {};
  const pairs = readProperties(context.runtime.files, { path, option: "--config" });
  const keys = ["cluster.id", "node.id", "broker.id", "ottla.metadata.version"];
  return Object.fromEntries([...pairs].filter(([name]) => keys.includes(name)));
}
