// `deno task bench:clients`: our client on each runtime beside others of JavaScript.
//
//   deno task bench:clients [--brokers binary] [--only TEXT]... [--rounds 3] [--seconds 1.5]
//     [--json FILE] [--write]
//
// Each client sends for so many seconds to a new topic of six partitions and reads it back, one
// after the other, in another order each round; the median counts. What the client's own process
// used of a CPU is what holds on a busy machine, too. --brokers takes what bench:kafka takes, one
// table each (binary wants `deno task compile` before); --only takes clients by a part of their
// names; --write puts the tables into docs/client-performance.md. Four minutes for each broker.

import { connect } from "../client.ts";
import { itemAt } from "../src/base/items.ts";
import { nodeProgram } from "../tests/conformance/clients/install.ts";
import { run } from "../tests/harness/process_lines.ts";
import { nodePath } from "../tests/harness/targets.ts";
import { type Contender, contendersOf, type Running } from "./bench/contenders.ts";
import { median } from "./bench/statistics.ts";
import { taskFlags } from "./task_flags.ts";

const page = new URL("../docs/client-performance.md", import.meta.url);
const program = new URL("bench/clients/program.js", import.meta.url).pathname;
const modules = new URL("../.cache/clients/node", import.meta.url).pathname;
const sizes = [100, 1000];

/** What a client's process has told of one way. */
interface Sample {
  readonly records: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface BenchedClient {
  /** Its file in bench/clients. */
  readonly kind: string;
  readonly name: string;
  /** The words before the program's path. */
  command(): Promise<string[]>;
}

const node = async () => [await nodePath()];
const deno = () => Promise.resolve([Deno.execPath(), "run", "-A", "--no-check", "--quiet"]);
const clients: readonly BenchedClient[] = [
  { kind: "ottla", name: "Ottla's own, Node", command: node },
  { kind: "ottla", name: "Ottla's own, Deno", command: deno },
  { kind: "ottla", name: "Ottla's own, Bun", command: () => Promise.resolve(["bun"]) },
  { kind: "platformatic", name: "@platformatic/kafka, Node", command: node },
  { kind: "kafkajs", name: "kafkajs, Node", command: node },
  {
    kind: "confluent",
    name: "@confluentinc/kafka-javascript (librdkafka), Node",
    // The binding is built for the machine's own.
    command: () => Promise.resolve(["node"]),
  },
];

interface Options {
  readonly contenders: readonly Contender[];
  readonly only: readonly string[];
  readonly rounds: number;
  readonly seconds: string;
  readonly json: string | undefined;
  readonly writes: boolean;
}

function optionsOf(args: readonly string[]): Options {
  const flags = taskFlags([...args], {
    string: ["brokers", "only", "rounds", "seconds", "json"],
    collect: ["only"],
    boolean: ["write"],
    default: { brokers: "binary", rounds: "3", seconds: "1.5" },
  });
  return {
    contenders: contendersOf(flags.brokers.split(","), []),
    only: flags.only as string[],
    rounds: Number(flags.rounds),
    seconds: flags.seconds,
    json: flags.json,
    writes: flags.write,
  };
}

/** Those that are wanted and can run here. */
async function clientsHere(only: readonly string[]): Promise<readonly BenchedClient[]> {
  const wanted = clients.filter(({ name }) =>
    only.length === 0 || only.some((part) => name.includes(part))
  );
  if (wanted.length === 0) {
    throw new Error(`--only ${only}: it must be a part of a name of a client`);
  }
  const here: BenchedClient[] = [];
  for (const client of wanted) {
    const { absent } = client.kind === "confluent"
      ? await nodeProgram("confluent_javascript")
      : { absent: undefined };
    if (absent === undefined) here.push(client);
    else console.error(`${client.name} is left out: ${absent.reason}`);
  }
  return here;
}

let topics = 0;

async function measure(
  client: BenchedClient,
  { broker, bytes, seconds }: { broker: Running; bytes: number; seconds: string },
): Promise<{ sent: Sample; read: Sample }> {
  const bootstrap = `127.0.0.1:${broker.port}`;
  await using cluster = await connect({ bootstrap });
  const topic = `bench-${topics++}`;
  await cluster.admin.createTopic({ name: topic, partitions: 6 });
  // Kafka answers before the partitions take records.
  const all = [0, 1, 2, 3, 4, 5].map((partition) => ({ topic, partition }));
  await cluster.admin.listOffsets(all, { spec: "latest" });
  const [command = "", ...words] = await client.command();
  const args = [...words, program, client.kind, bootstrap, topic, `${bytes}`, seconds];
  const env = { BENCH_MODULES: modules };
  const { stdout } = await run({ command, args, env, withinMs: 300_000 });
  await cluster.admin.deleteTopic(topic);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** The samples of every client, by a column's name. */
type Column = Map<BenchedClient, Sample[]>;

async function columnsOf(
  broker: Running,
  { here, rounds, seconds }: {
    here: readonly BenchedClient[];
    rounds: number;
    seconds: string;
  },
): Promise<Map<string, Column>> {
  const columns = new Map<string, Column>();
  const keep = (title: string, of: { client: BenchedClient; sample: Sample }) => {
    const column: Column = columns.get(title) ?? new Map(here.map((each) => [each, []]));
    columns.set(title, column);
    column.get(of.client)?.push(of.sample);
  };
  for (const bytes of sizes) {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < here.length; i++) {
        const client = itemAt(here, (i + round) % here.length);
        const { sent, read } = await measure(client, { broker, bytes, seconds });
        keep(`sends ${bytes} B`, { client, sample: sent });
        keep(`reads ${bytes} B`, { client, sample: read });
        console.error(`${client.name}, ${bytes} B: sent ${rate(sent)}, read ${rate(read)}`);
      }
    }
  }
  return columns;
}

function rate({ records, seconds }: Sample): string {
  return Math.round(records / seconds).toLocaleString("en");
}

function cellOf(samples: readonly Sample[]): string {
  const perSecond = median(samples.map(({ records, seconds }) => records / seconds));
  const cpuUs = median(samples.map(({ records, cpuSeconds }) => cpuSeconds / records * 1e6));
  return `${Math.round(perSecond).toLocaleString("en")} (${cpuUs.toFixed(2)})`;
}

function tableOf(columns: ReadonlyMap<string, Column>, here: readonly BenchedClient[]): string[] {
  const titles = [...columns.keys()];
  const rows = here.map((client) => [
    client.name,
    ...titles.map((title) => cellOf(columns.get(title)?.get(client) ?? [])),
  ]);
  return [["client", ...titles], ["---", ...titles.map(() => "---:")], ...rows]
    .map((row) => `| ${row.join(" | ")} |`);
}

const options = optionsOf(Deno.args);
const here = await clientsHere(options.only);
const lines: string[] = [];
const measured: Record<string, unknown> = {};
for (const contender of options.contenders) {
  const broker = await contender.start();
  try {
    const columns = await columnsOf(broker, { here, ...options });
    lines.push("", `Against \`${contender.about}\`:`, "", ...tableOf(columns, here));
    measured[contender.name] = Object.fromEntries(
      [...columns].map(([title, column]) => [
        title,
        Object.fromEntries([...column].map(([{ name }, samples]) => [name, samples])),
      ]),
    );
  } finally {
    await broker.close();
  }
}
const text = [
  "# How fast clients send and read",
  "",
  "Records a second, and in brackets the CPU of the client's process in µs for a record, threads",
  "of librdkafka included: to six partitions, acknowledged by all that is in sync, with Ottla by",
  "its disk; and back as a consumer group. Broker and client share a machine of " +
  `${navigator.hardwareConcurrency} cores.`,
  `Medians of ${options.rounds} rounds of ${options.seconds} seconds, by ` +
  "`deno task bench:clients --write`.",
  ...lines,
  "",
  "Each client is used in the way that is fastest for it: `scripts/bench/clients`. The load",
  `average was ${Deno.loadavg()[0]?.toFixed(0)}: where it is far above the cores, only the CPU ` +
  "counts.",
  "",
].join("\n");
console.log(text);
if (options.json !== undefined) {
  await Deno.writeTextFile(options.json, JSON.stringify(measured));
}
if (options.writes) await Deno.writeTextFile(page, text);
