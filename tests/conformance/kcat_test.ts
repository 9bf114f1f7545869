// kcat, the command line client, as Debian has it: kcat 1.7.1 on librdkafka 2.0.2, a client from
// before Kafka 4. It speaks versions that newer clients never use, and it is the regression client
// for quirks: with Produce advertised from 3 it would send every batch uncompressed, without a
// word.
//
// Its means: topics by auto-creation, no admin requests, a line on stderr for each rebalance.

import { assert, assertEquals } from "@std/assert";
import type { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { ProcessLines, run } from "../harness/process_lines.ts";
import {
  clientTests,
  conformanceTest,
  type ConsumedRecord,
  type Driver,
  type JoinOptions,
  type Member,
  partitionCount,
  type ProduceOptions,
  sampleRecords,
  sessionTimeoutMs,
  type TestRecord,
  uniqueName,
} from "./suite.ts";

/** A message as `kcat -J` prints it; the headers are names and values in turn. */
interface KcatMessage {
  topic: string;
  partition: number;
  offset: number;
  ts: number;
  headers?: string[];
  key: string | null;
  payload: string;
}

interface KcatMetadata {
  brokers: { id: number; name: string }[];
  topics: { topic: string; partitions: { partition: number; leader: number }[] }[];
}

const withinMs = 60_000;

class KcatDriver implements Driver {
  readonly #broker: BrokerProcess;

  constructor(broker: BrokerProcess) {
    this.#broker = broker;
  }

  /** What `kcat` with these arguments writes to stdout. */
  async kcat(args: string[], input?: string): Promise<string> {
    const all = ["-b", this.#broker.bootstrap, ...args];
    return (await run({ command: "kcat", args: all, input, withinMs })).stdout;
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
    const deadline = performance.now() + withinMs;
    while (!await isLed()) {
      assert(performance.now() < deadline, `${topic} has no leaders after ${withinMs} ms`);
    }
  }

  async listTopics(): Promise<string[]> {
    return (await this.metadata([])).topics.map(({ topic }) => topic);
  }

  async describeTopic(topic: string): Promise<number> {
    return (await this.metadata(["-t", topic])).topics[0]!.partitions.length;
  }

  async produce(topic: string, records: TestRecord[], options: ProduceOptions): Promise<void> {
    const args = ["-P", "-t", topic, "-K", "\t", "-z", options.codec];
    args.push("-X", `enable.idempotence=${options.idempotent}`);
    // Headers are arguments of the whole run; all records of a test have the same ones.
    for (const [name, value] of Object.entries(records[0]!.headers)) {
      args.push("-H", `${name}=${value}`);
    }
    await this.kcat(args, records.map(({ key, value }) => `${key}\t${value}\n`).join(""));
  }

  async consume(topic: string, count: number): Promise<ConsumedRecord[]> {
    const messages = await this.messages(["-t", topic, "-o", "beginning", "-c", `${count}`]);
    return messages.map(consumed);
  }

  join(name: string, { group, topic, watch }: JoinOptions): Promise<Member> {
    const args = ["-b", this.#broker.bootstrap, "-G", group, "-J", "-u"];
    args.push("-X", "auto.offset.reset=earliest", "-X", `session.timeout.ms=${sessionTimeoutMs}`);
    args.push("-X", "heartbeat.interval.ms=200", "-X", "fetch.wait.max.ms=100", topic);
    const child = new ProcessLines({
      command: "kcat",
      args,
      onLine: (line, source) => {
        if (source === "stdout") watch.saw(name, (JSON.parse(line) as KcatMessage).payload);
        else if (/ERROR/.test(line)) watch.failed(name, line);
        else if (/rebalanced.*assigned/.test(line)) watch.assigned(name, partitionsIn(line));
        else if (/rebalanced.*revoked/.test(line)) watch.assigned(name, []);
      },
    });
    return Promise.resolve({
      leave: async () => {
        const { code } = await child.stop(withinMs);
        assertEquals(code, 0, child.output);
      },
    });
  }

  async endOffsets(topic: string, partitions: number): Promise<number> {
    const args = ["-Q"];
    for (let partition = 0; partition < partitions; partition++) {
      args.push("-t", `${topic}:${partition}:-1`);
    }
    const offsets = [...(await this.kcat(args)).matchAll(/offset (\d+)/g)];
    assertEquals(offsets.length, partitions);
    return offsets.reduce((sum, match) => sum + Number(match[1]), 0);
  }
}

/** The partitions in `... assigned: topic [0], topic [3]`. */
function partitionsIn(line: string): number[] {
  return [...line.matchAll(/ \[(\d+)\]/g)].map((match) => Number(match[1]));
}

function consumed(message: KcatMessage): ConsumedRecord {
  const headers: Record<string, string> = {};
  const names = message.headers ?? [];
  for (let index = 0; index < names.length; index += 2) headers[names[index]!] = names[index + 1]!;
  const { partition, offset, key, payload } = message;
  return { partition, offset, key: key!, value: payload, headers };
}

/** Why kcat cannot run here, or undefined. */
async function reasonToSkip(): Promise<string | undefined> {
  try {
    await run({ command: "kcat", args: ["-V"], withinMs });
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "kcat is not installed (Debian: apt-get install kcat)";
  }
}

const skip = await reasonToSkip();

const session = clientTests({
  client: "kcat",
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  connect: (broker) => new KcatDriver(broker),
  lacks: ["it has no request to list or describe groups, or to show their offsets"],
  settings: { "num.partitions": `${partitionCount}`, "auto.create.topics.enable": "true" },
  skip,
});

function kcat(): KcatDriver {
  return session.driver as KcatDriver;
}

conformanceTest({ name: "kcat lists the broker that it reached", skip }, async () => {
  const { brokers } = await kcat().metadata([]);
  assertEquals(brokers.map(({ name }) => name), [session.broker.bootstrap]);
});

conformanceTest({ name: "kcat finds an offset by its timestamp", skip }, async () => {
  const topic = uniqueName("dated");
  await kcat().createTopic(topic);
  const records = sampleRecords(10).map((record) => ({ ...record, key: "one" }));
  await kcat().produce(topic, records, { codec: "none", idempotent: false });
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
  await kcat().produce(topic, records, { codec: "gzip", idempotent: false });
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
      if (source === "stdout") arrived.resolve((JSON.parse(line) as KcatMessage).payload);
      else if (/Reached end/.test(line) && ++ends === partitionCount) reachedEnd.resolve();
    },
  });
  try {
    await within(reachedEnd.promise, { ms: withinMs, what: () => `ends\n${reader.output}` });
    const [record] = sampleRecords(1);
    await kcat().produce(topic, [record!], { codec: "none", idempotent: false });
    const what = () => `the new record\n${reader.output}`;
    assertEquals(await within(arrived.promise, { ms: withinMs, what }), record!.value);
  } finally {
    await reader.stop(withinMs);
  }
});
