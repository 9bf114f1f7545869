// kcat, the command line client, as Debian has it: kcat 1.7.1 on librdkafka 2.0.2, a client from
// before Kafka 4. It speaks versions that newer clients never use, and it is the regression client
// for quirks: with Produce advertised from 3 it would send every batch uncompressed, without a
// word.
//
// Its means: topics by auto-creation, no admin requests, a line on stderr for each rebalance.

import { assert, assertEquals } from "@std/assert";
import { patienceMs, within } from "../harness/deadline.ts";
import { ProcessLines, run } from "../harness/process_lines.ts";
import type { Brokers } from "./brokers.ts";
import { notInstalled } from "./clients/absence.ts";
import {
  type ConsumedRecord,
  type Driver,
  endOfLog,
  type Era,
  type Header,
  type JoinOptions,
  type Member,
  type ProduceOptions,
  type ReadOptions,
  type TestRecord,
  type Way,
} from "./driver.ts";
import { partitionCount, sampleRecords, uniqueName } from "./scenarios/samples.ts";
import { type Absence, clientTests, conformanceTest } from "./suite.ts";

/** A message as `kcat -J` prints it; the headers are names and values in turn. */
interface KcatMessage {
  topic: string;
  partition: number;
  offset: number;
  ts: number;
  headers?: string[];
  key: string | null;
  payload: string | null;
}

interface KcatMetadata {
  brokers: { id: number; name: string }[];
  topics: { topic: string; partitions: { partition: number; leader: number }[] }[];
}

/** How it comes in, in librdkafka's words. */
function propertiesOf({ ca, cert, key, logIn }: Way): string[] {
  const properties = [`ssl.ca.location=${ca}`];
  if (cert && key) properties.push(`ssl.certificate.location=${cert}`, `ssl.key.location=${key}`);
  if (logIn === undefined) return ["security.protocol=SSL", ...properties];
  properties.push("security.protocol=SASL_SSL", `sasl.mechanism=${logIn.mechanism}`);
  if (logIn.mechanism === "OAUTHBEARER") return properties;
  return [...properties, `sasl.username=${logIn.username}`, `sasl.password=${logIn.password}`];
}

class KcatDriver implements Driver {
  readonly version: string;
  readonly canDate = false;
  readonly #broker: Brokers;
  readonly #secured: readonly string[];

  constructor(broker: Brokers, { version, way }: { version: string; way?: Way | undefined }) {
    this.#broker = broker;
    this.#secured = way === undefined ? [] : propertiesOf(way).flatMap((each) => ["-X", each]);
    this.version = version;
  }

  /** What `kcat` with these arguments writes to stdout. */
  async kcat(args: string[], input?: string): Promise<string> {
    const all = ["-b", this.#broker.bootstrap, ...this.#secured, ...args];
    // By lines, for what a finished process has kept is not all where records are large.
    let output = "";
    const onLine = (line: string, source: string) => {
      if (source === "stdout") output += `${line}\n`;
    };
    await run({ command: "kcat", args: all, input, withinMs: patienceMs, onLine });
    return output;
  }

  async metadata(args: string[]): Promise<KcatMetadata> {
    return JSON.parse(await this.kcat(["-L", "-J", ...args]));
  }

  async messages(args: string[]): Promise<KcatMessage[]> {
    const lines = (await this.kcat(["-C", "-q", "-J", ...args])).split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  async createTopic(topic: string): Promise<void> {
    // Asking creates it. While that is under way the answer is LEADER_NOT_AVAILABLE.
    const isLed = async () => {
      const { topics } = await this.metadata(["-t", topic]);
      const { partitions } = topics[0]!;
      return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0);
    };
    const deadline = performance.now() + patienceMs;
    while (!await isLed()) {
      assert(performance.now() < deadline, `${topic} has no leaders after ${patienceMs} ms`);
    }
  }

  async listTopics(): Promise<string[]> {
    return (await this.metadata([])).topics.map(({ topic }) => topic);
  }

  async describeTopic(topic: string): Promise<number> {
    return (await this.metadata(["-t", topic])).topics[0]!.partitions.length;
  }

  async produce(
    topic: string,
    records: readonly TestRecord[],
    { codec = "none", idempotent = false, era }: ProduceOptions,
  ): Promise<void> {
    const args = ["-P", "-t", topic, "-z", codec, "-X", `enable.idempotence=${idempotent}`];
    args.push("-X", "message.max.bytes=16000000", "-X", "allow.auto.create.topics=false");
    // Otherwise it hopes for a topic that is not there for half a minute.
    args.push("-X", "topic.metadata.propagation.max.ms=2000", ...ofEra(era));
    const alike = Map.groupBy(records, (record) => JSON.stringify(argumentsFor(record)));
    for (const [more, together] of alike) {
      const lines = together.map(({ key, value }) =>
        key === null ? `${value}\n` : `${key}\t${value ?? ""}\n`
      );
      await this.kcat([...args, ...JSON.parse(more)], lines.join(""));
    }
  }

  async read(topic: string, { from, count, era }: ReadOptions): Promise<ConsumedRecord[]> {
    const args = ["-t", topic, "-X", "fetch.message.max.bytes=16000000", ...ofEra(era)];
    args.push("-X", "topic.auto.offset.reset=error", "-X", "check.crcs=true");
    if (from.length > 1 && from.every(([, offset]) => offset === 0)) {
      return (await this.messages([...args, "-o", "beginning", "-c", `${count}`])).map(consumed);
    }
    const received: ConsumedRecord[] = [];
    for (const [partition, offset] of from) {
      const at = ["-p", `${partition}`, "-o", `${offset}`, "-c", `${count}`, "-e"];
      received.push(...(await this.messages([...args, ...at])).map(consumed));
    }
    assert(received.length >= count, `${received.length} of ${count} records came`);
    return received.slice(0, count);
  }

  join(name: string, options: JoinOptions): Promise<Member> {
    const { group, topic, watch, sessionTimeoutMs, instanceId } = options;
    const args = ["-b", this.#broker.bootstrap, "-G", group, "-J", "-u"];
    args.push("-X", "auto.offset.reset=earliest", "-X", `session.timeout.ms=${sessionTimeoutMs}`);
    args.push("-X", "heartbeat.interval.ms=200", "-X", "fetch.wait.max.ms=100");
    if (instanceId !== undefined) args.push("-X", `group.instance.id=${instanceId}`);
    args.push(topic);
    const child = new ProcessLines({
      command: "kcat",
      args,
      onLine: (line, source) => {
        if (source === "stdout") watch.saw(name, (JSON.parse(line) as KcatMessage).payload!);
        else if (/ERROR/.test(line)) watch.failed(name, line);
        else if (/rebalanced.*assigned/.test(line)) watch.assigned(name, partitionsIn(line));
        else if (/rebalanced.*revoked/.test(line)) watch.assigned(name, []);
      },
    });
    return Promise.resolve({
      leave: async () => {
        const { code } = await child.stop(patienceMs);
        assertEquals(code, 0, child.output);
      },
      kill: () => child.kill(),
    });
  }

  async offsets(
    topic: string,
    { partitions, timestamp }: { partitions: number; timestamp: number },
  ): Promise<number[]> {
    const args = ["-Q"];
    for (let partition = 0; partition < partitions; partition++) {
      args.push("-t", `${topic}:${partition}:${timestamp}`);
    }
    const found = new Array<number>(partitions).fill(endOfLog);
    for (
      const [, partition, offset] of (await this.kcat(args)).matchAll(/\[(\d+)\] offset (-?\d+)/g)
    ) {
      found[Number(partition)] = Number(offset);
    }
    return found;
  }
}

/** What a record wants said of a whole run. Of what is empty -Z makes null. */
function argumentsFor({ key, value, headers, partition }: TestRecord): string[] {
  return [
    ...(partition === undefined ? [] : ["-p", `${partition}`]),
    ...headers.flatMap(([name, header]) => ["-H", `${name}=${header}`]),
    ...(key === null ? [] : ["-K", "\t"]),
    ...(value === null ? ["-Z"] : []),
  ];
}

/** Told a release before 0.10, its librdkafka does not ask for versions. */
function ofEra(era: Era | undefined): string[] {
  if (era === undefined) return [];
  return ["-X", "api.version.request=false", "-X", `broker.version.fallback=${era}.0`];
}

/** The partitions in `... assigned: topic [0], topic [3]`. */
function partitionsIn(line: string): number[] {
  return [...line.matchAll(/ \[(\d+)\]/g)].map((match) => Number(match[1]));
}

function consumed(message: KcatMessage): ConsumedRecord {
  const headers: Header[] = [];
  const names = message.headers ?? [];
  for (let at = 0; at < names.length; at += 2) headers.push([names[at]!, names[at + 1]!]);
  const { partition, offset, ts: timestamp, key, payload: value } = message;
  return { partition, offset, timestamp, key, value, headers };
}

/** kcat's version and librdkafka's, or why it cannot run here. */
async function installed(): Promise<{ version: string; absent?: Absence }> {
  try {
    const { stdout } = await run({ command: "kcat", args: ["-V"], withinMs: patienceMs });
    const [, own, library] = stdout.match(/Version (\S+) .*librdkafka (\S+)/s)!;
    return { version: `${own} (librdkafka ${library})` };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const reason = "kcat is not installed (Debian: apt-get install kcat)";
    return { version: "", absent: notInstalled("skipped", reason) };
  }
}

const { version, absent } = await installed();
const skip = absent?.reason;

const session = clientTests({
  client: "kcat",
  connect: (broker, way) => new KcatDriver(broker, { version, way }),
  lacks: [
    {
      because: "its librdkafka has no share consumer: no share.acknowledgement.mode (kcat -X list)",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    {
      because: "its librdkafka has no group.protocol (kcat -X list)",
      scenarios: ["shares a topic as the broker has it (KIP-848), one leaving and one joining"],
    },
    {
      because: "none of its modes (kcat -h) begins a transaction",
      scenarios: [
        "commits transactions and aborts one, and reads what was committed",
        "is told that another producer has taken its transactional id",
        "sends records on together with its place in a group, or neither",
      ],
    },
    {
      because: "its librdkafka asks for versions whatever api.version.request says, unless " +
        "broker.version.fallback is below 0.10",
      scenarios: ["sends and reads as with Kafka 0.11", "sends and reads as with Kafka 0.10"],
    },
    {
      because: "its modes are produce, consume, metadata and query (kcat -h): none administers",
      scenarios: [
        "creates a topic with configurations and reads them",
        "alters a topic's configuration",
        "deletes a topic",
        "lists, describes and deletes a group",
      ],
    },
    {
      because:
        "by kcat -h it has no option for the metadata of a commit, and none that shows commits",
      scenarios: ["commits with metadata and reads it back"],
    },
    {
      because: "it has no option for a token: those that it gets or makes itself are tested apart",
      scenarios: ["sends and reads behind TLS, logged in by a signed token (OAUTHBEARER)"],
    },
    {
      because: "by kcat -h it has no option for the timestamp of what it sends",
      scenarios: ["sets and reads timestamps"],
    },
    {
      because: "its librdkafka takes the newest version of both sides: no option names a version",
      scenarios: ["is told that a version is not supported, and can go on"],
    },
  ],
  settings: { "num.partitions": `${partitionCount}`, "auto.create.topics.enable": "true" },
  absent,
});

function kcat(): KcatDriver {
  return session.driver as KcatDriver;
}

conformanceTest({ name: "kcat lists the brokers that it reached", skip }, async () => {
  const { brokers } = await kcat().metadata([]);
  assertEquals(brokers.map(({ name }) => name).sort(), session.broker.bootstrap.split(",").sort());
});

conformanceTest({ name: "kcat finds an offset by its timestamp", skip }, async () => {
  const topic = uniqueName("dated");
  await kcat().createTopic(topic);
  const records = sampleRecords(10).map((record) => ({ ...record, key: "one" }));
  await kcat().produce(topic, records, {});
  const [first] = await kcat().messages(["-t", topic, "-o", "beginning", "-c", "1"]);
  const at = `${topic}:${first!.partition}`;
  assertEquals(
    await kcat().kcat(["-Q", "-t", `${at}:${first!.ts}`]),
    `${topic} [${first!.partition}] offset 0\n`,
  );
});

conformanceTest({ name: "kcat reads from the middle and stops at the end", skip }, async () => {
  const topic = uniqueName("middle");
  await kcat().createTopic(topic);
  const records = sampleRecords(30).map((record) => ({ ...record, key: "one" }));
  await kcat().produce(topic, records, { codec: "gzip" });
  const [first] = await kcat().messages(["-t", topic, "-o", "beginning", "-c", "1"]);
  const partition = ["-t", topic, "-p", `${first!.partition}`, "-e"];
  const rest = await kcat().messages([...partition, "-o", "17"]);
  assertEquals(rest.map(({ offset }) => offset), [
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    26,
    27,
    28,
    29,
  ]);
  const last = await kcat().messages([...partition, "-o", "-2"]);
  assertEquals(last.map(({ offset }) => offset), [28, 29]);
});

conformanceTest({ name: "kcat waits at the end for the next record", skip }, async () => {
  const topic = uniqueName("tail");
  await kcat().createTopic(topic);
  const arrived = Promise.withResolvers<string>();
  const reachedEnd = Promise.withResolvers<void>();
  let ends = 0;
  const reader = new ProcessLines({
    command: "kcat",
    args: ["-b", session.broker.bootstrap, "-C", "-t", topic, "-o", "end", "-J", "-u"],
    onLine: (line, source) => {
      if (source === "stdout") arrived.resolve((JSON.parse(line) as KcatMessage).payload!);
      else if (/Reached end/.test(line) && ++ends === partitionCount) reachedEnd.resolve();
    },
  });
  try {
    await within(reachedEnd.promise, { ms: patienceMs, what: () => `ends\n${reader.output}` });
    const [record] = sampleRecords(1);
    await kcat().produce(topic, [record!], {});
    const what = () => `the new record\n${reader.output}`;
    assertEquals(await within(arrived.promise, { ms: patienceMs, what }), record!.value);
  } finally {
    await reader.stop(patienceMs);
  }
});
