// Every broker key of Kafka 4.3.1 is known as Kafka knows it, by whichever way it comes: asked for
// and set by an admin client, in a file, in the environment, as a flag.
//
// kafka_broker_keys.tsv has what Kafka's DescribeConfigs tells of each: whether it can be changed
// while the broker runs, its name, type and default.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { loadConfig } from "../../src/broker/mod.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { DescribeConfigs, ErrorCode } from "../../src/protocol/mod.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { simulated } from "../harness/simulated_broker.ts";

interface KafkaKey {
  readonly name: string;
  readonly isDynamic: boolean;
  readonly type: string;
  readonly standard: string | null;
}

const text = Deno.readTextFileSync(new URL("kafka_broker_keys.tsv", import.meta.url));
const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const keys = lines.map((line): KafkaKey => {
  const [mode, name, type, told] = line.split("\t");
  return { name, isDynamic: mode === "dynamic", type, standard: told === "null" ? null : told };
});

/** Where Ottla differs from Kafka, as COMPATIBILITY.md says. */
const ours: Readonly<Record<string, Partial<KafkaKey>>> = {
  "listeners": { isDynamic: false },
  "listener.security.protocol.map": { isDynamic: false },
  "log.dir": { standard: "ottla-data" },
  "sasl.enabled.mechanisms": { standard: "SCRAM-SHA-256,SCRAM-SHA-512" },
};
const known = keys.map((key): KafkaKey => ({ ...key, ...ours[key.name] }));
/** Those concern one broker, its files, its listeners: no default of all brokers is taken. */
const perBroker = /^(ssl|sasl)\.|^principal\.builder\.class$|^cordoned\.log\.dirs$/;
/** This one is the same for all brokers, and once it is set it stays so (KIP-966). */
const ofAllBrokers = "min.insync.replicas";

const types = [
  "",
  "BOOLEAN",
  "STRING",
  "INT",
  "SHORT",
  "LONG",
  "DOUBLE",
  "LIST",
  "CLASS",
  "PASSWORD",
];
const brokerType = 4;
const source = { broker: 2, allBrokers: 3, standard: 5 };

/** A value that the key may have. */
function valueOf({ type, standard }: KafkaKey): string {
  if (standard !== null) return standard;
  return ["INT", "LONG"].includes(type) ? "1000" : type === "LIST" ? "" : "x";
}

async function described(client: RawClient) {
  const { results } = await client.ask(DescribeConfigs, 4, {
    resources: [{ resourceType: brokerType, resourceName: "1", configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  return new Map(results[0].configs.map((config) => [config.name, config]));
}

async function change(
  client: RawClient,
  resourceName: string,
  o: { readonly changed: readonly KafkaKey[]; readonly isDeleted?: boolean },
) {
  const configs = o.changed.map((key) => ({
    name: key.name,
    configOperation: o.isDeleted ? 1 : 0,
    value: o.isDeleted ? null : valueOf(key),
  }));
  const { responses } = await client.ask(IncrementalAlterConfigs, 1, {
    resources: [{ resourceType: brokerType, resourceName, configs }],
    validateOnly: false,
  });
  return responses[0];
}

Deno.test("every broker key of Kafka is told with its type, default and update mode", async () => {
  await simulated({}, async ({ connect }) => {
    using client = await connect();
    const answer = await described(client);
    const told = known.map(({ name }) => {
      const config = answer.get(name);
      if (config === undefined) return { name };
      const standard = config.synonyms.find((synonym) => synonym.source === source.standard)?.value;
      const type = types[config.configType];
      return { name, isDynamic: !config.readOnly, type, standard: standard ?? null };
    });
    assertEquals(told, known);
  });
});

Deno.test("every broker key of Kafka is set and unset, or refused, by update mode", async () => {
  await simulated({}, async ({ connect }) => {
    using client = await connect();
    for (const key of known) {
      const { errorCode, errorMessage } = await change(client, "1", { changed: [key] });
      const isTakenHere = key.isDynamic && key.name !== ofAllBrokers;
      assertEquals(errorCode === ErrorCode.NONE, isTakenHere, `${key.name}: ${errorMessage}`);
      const forAll = await change(client, "", { changed: [key] });
      const isTaken = key.isDynamic && !perBroker.test(key.name);
      assertEquals(forAll.errorCode === ErrorCode.NONE, isTaken, `${key.name} for all brokers`);
      if (!isTaken) assertMatch(forAll.errorMessage!, /^Cannot update these configs/);
    }
    const dynamic = known.filter(({ isDynamic }) => isDynamic);
    const set = await described(client);
    for (const key of dynamic) {
      const { value, configSource, isSensitive } = set.get(key.name)!;
      const from = key.name === ofAllBrokers ? source.allBrokers : source.broker;
      assertEquals(configSource, from, key.name);
      assertEquals(isSensitive, key.type === "PASSWORD", key.name);
      assertEquals(value, isSensitive ? null : valueOf(key), key.name);
    }
    const kept = dynamic.filter(({ name }) => name === ofAllBrokers);
    const keeping = await change(client, "", { changed: kept, isDeleted: true });
    assertEquals(keeping.errorCode, ErrorCode.INVALID_CONFIG);
    const deleted = dynamic.filter(({ name }) => name !== ofAllBrokers);
    for (const name of ["1", ""]) await change(client, name, { changed: deleted, isDeleted: true });
    const unset = await described(client);
    for (const { name } of deleted) {
      assertEquals(unset.get(name)!.configSource, source.standard, name);
    }
  });
});

Deno.test("every broker key of Kafka is taken from a file, the environment and a flag", () => {
  const settings = keys.map(({ name, standard }) => [name, standard ?? ""] as const);
  const file = { name: "a.properties", text: settings.map((pair) => pair.join("=")).join("\n") };
  const variable = (name: string) => `KAFKA_${name.toUpperCase().replaceAll(".", "_")}`;
  const ways = [
    { file },
    { environment: Object.fromEntries(settings.map(([name, value]) => [variable(name), value])) },
    { flags: { set: settings.map((pair) => pair.join("=")) } },
  ];
  for (const input of ways) {
    const { warnings, sources } = loadConfig(input);
    assertEquals(settings.filter(([name]) => !sources.has(name)), []);
    for (const warning of warnings) assertMatch(warning, / has no effect: \w/);
  }
  assert(settings.length > 300, `${settings.length} keys`);
});
