// Bad frames against a running broker: it must neither die, nor hang, nor grow, nor let a healthy
// connection wait.
//
//   deno task fuzz [--frames 5000000] [--seconds N] [--seed N]    prints its seed, which repeats it
//
//   16 lanes: a burst of bad frames, then a good request as sentinel -> answered, or closed by the
//             broker, or given up (a bad frame may rightly make the broker wait)
//   1 healthy connection: metadata, produce and fetch all the while, each answered in time
//
// Frames are captured ones of real clients and random ones of every table, mutated. Topics and
// groups that bad frames happened to make are deleted now and then, so that memory shows leaks
// only.

import fc from "fast-check";
import { BytesWriter, concatBytes } from "../../src/base/bytes.ts";
import {
  type AnyApi,
  apis,
  CreateTopics,
  DeleteGroups,
  DeleteTopics,
  encodeRequest,
  Fetch,
  ListGroups,
  Metadata,
  Produce,
} from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { readCorpus } from "./corpus.ts";
import { anyMessage } from "./decode_messages.ts";
import { freshSeed, mutated, type Random, randomFrom, retouched } from "./mutate.ts";
import { taskFlags } from "../../scripts/task_flags.ts";

/** What a run did and saw. */
export interface BrokerFuzzResult {
  readonly frames: number;
  /** Bursts that ended with the sentinel's answer, with a closed connection, or given up. */
  readonly bursts: { answered: number; closed: number; waited: number };
  readonly healthyRounds: number;
  readonly slowestHealthyMs: number;
  readonly residentBytesMax: number;
}

export interface BrokerFuzzOptions {
  readonly seed: number;
  readonly frames: number;
  readonly secondsMax?: number;
}

const laneCount = 16;
const burstMax = 4;
const tableSamples = 8;
const topic = "captured";
/** A burst whose sentinel is not answered by then is given up: some frames make the broker wait. */
const patienceMs = 150;
const healthyMsMax = 10_000;
const framesBetweenSweeps = 100_000;
/** A long run says how far it is. */
const framesBetweenLines = 500_000;

const settings = {
  "auto.create.topics.enable": "false",
  "log.retention.bytes": "2097152",
  "log.segment.bytes": "1048576",
  "log.retention.check.interval.ms": "1000",
  "log.segment.delete.delay.ms": "0",
};

/** Runs until the frames are sent or the time is over. Throws when the broker misbehaves. */
export async function fuzzBroker(options: BrokerFuzzOptions): Promise<BrokerFuzzResult> {
  await using broker = await BrokerProcess.start({ settings });
  const run = new Run(broker, options, [...await readCorpus(), ...tableFrames(options.seed)]);
  const lanes = Array.from({ length: laneCount }, (_, lane) => run.lane(lane));
  const healthy = run.healthy();
  await Promise.all([...lanes.map((lane) => lane.finally(() => run.laneEnded())), healthy]);
  const { code } = await broker.stop();
  if (code !== 0) throw new Error(`the broker ended with ${code}\n${broker.output}`);
  return run.result;
}

/** A random request of every API at every version. */
function tableFrames(seed: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (const api of apis.values() as Iterable<AnyApi>) {
    for (let version = api.versions.min; version <= api.versions.max; version++) {
      const messages = anyMessage(api.request.fields, version);
      for (const message of fc.sample(messages, { seed, numRuns: tableSamples })) {
        const origin = { correlationId: 3, clientId: "fuzz" };
        frames.push(concatBytes(encodeRequest(api, version, origin, message)).subarray(4));
      }
    }
  }
  return frames;
}

class Run {
  readonly #broker: BrokerProcess;
  readonly #options: BrokerFuzzOptions;
  readonly #good: readonly Uint8Array[];
  readonly #endMs: number;
  readonly #bursts = { answered: 0, closed: 0, waited: 0 };
  #lanesOpen = laneCount;
  #frames = 0;
  #healthyRounds = 0;
  #slowestHealthyMs = 0;
  #residentBytesMax = 0;
  #nextSweep = framesBetweenSweeps;
  #nextLine = framesBetweenLines;

  constructor(broker: BrokerProcess, options: BrokerFuzzOptions, good: readonly Uint8Array[]) {
    this.#broker = broker;
    this.#options = options;
    this.#good = good;
    this.#endMs = performance.now() + (options.secondsMax ?? Infinity) * 1000;
  }

  get result(): BrokerFuzzResult {
    return {
      frames: this.#frames,
      bursts: this.#bursts,
      healthyRounds: this.#healthyRounds,
      slowestHealthyMs: this.#slowestHealthyMs,
      residentBytesMax: this.#residentBytesMax,
    };
  }

  get #isOver(): boolean {
    return this.#frames >= this.#options.frames || performance.now() > this.#endMs;
  }

  laneEnded(): void {
    this.#lanesOpen--;
  }

  async lane(lane: number): Promise<void> {
    const random = randomFrom(this.#options.seed * 31 + lane + 1);
    const sentinel = request(Metadata, 1, { topics: [] }, sentinelId);
    let client: Lane | undefined;
    while (!this.#isOver) {
      client ??= await Lane.open(this.#broker);
      const burst = Array.from({ length: 1 + random(burstMax) }, () => this.#badFrame(random));
      this.#frames += burst.length;
      const end = await client.exchange(concatBytes([...burst, sentinel]));
      this.#bursts[end]++;
      if (end === "answered") continue;
      client.close();
      client = undefined;
    }
    client?.close();
  }

  #badFrame(random: Random): Uint8Array {
    const good = this.#good[random(this.#good.length)];
    const frame = worsened(good, random);
    const writer = new BytesWriter(frame.length + 4);
    writer.int32(random(50) === 0 ? random(0x7fffffff) : frame.length);
    writer.bytes(frame);
    return writer.finish();
  }

  /** Uses the broker as a client would, as long as there are lanes. */
  async healthy(): Promise<void> {
    using client = await RawClient.connect(this.#broker);
    await client.ask(CreateTopics, 5, {
      topics: [{
        name: topic,
        numPartitions: 3,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      }],
    });
    const records = buildBatch({
      records: [{ key: null, value: new Uint8Array(100), headers: [] }],
    });
    while (this.#lanesOpen > 0) {
      const startMs = performance.now();
      await within(this.#healthyRound(client, records), {
        ms: healthyMsMax,
        what: () => `answers on the healthy connection\n${this.#broker.output.slice(-4000)}`,
      });
      this.#healthyRounds++;
      this.#slowestHealthyMs = Math.max(this.#slowestHealthyMs, performance.now() - startMs);
      if (this.#frames >= this.#nextSweep) {
        this.#nextSweep += framesBetweenSweeps;
        this.#residentBytesMax = Math.max(this.#residentBytesMax, residentOf(this.#broker.pid));
        await sweep(client);
      }
      if (this.#frames >= this.#nextLine) {
        this.#nextLine += framesBetweenLines;
        const megabytes = residentOf(this.#broker.pid) / 1e6;
        console.log(`${this.#frames} frames, ${megabytes.toFixed(0)} MB resident`);
      }
    }
    this.#residentBytesMax = Math.max(this.#residentBytesMax, residentOf(this.#broker.pid));
  }

  async #healthyRound(client: RawClient, records: Uint8Array): Promise<void> {
    await client.ask(Metadata, 9, { topics: [{ name: topic }], allowAutoTopicCreation: false });
    await client.ask(Produce, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
    });
    await client.ask(Fetch, 11, {
      replicaId: -1,
      maxWaitMs: 10,
      minBytes: 1,
      topics: [{
        topic,
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }],
      }],
      forgottenTopicsData: [],
    });
    // Leaves the machine to the lanes; a round now and then is enough.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Mostly what a decoder lets through, so that handlers get to see it; the rest is worse. */
function worsened(good: Uint8Array, random: Random): Uint8Array {
  const kind = random(10);
  if (kind < 2) return good;
  return kind < 8 ? retouched(good, headerBytes, random) : mutated(good, random);
}

const sentinelId = 0x5e47;
/** API key, version, correlation id, the length of the client id: what follows may be any field. */
const headerBytes = 10;

/** A connection of the fuzzer: bytes out, then wait for the sentinel's answer. */
class Lane {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(64 * 1024);

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open({ host, port }: BrokerProcess): Promise<Lane> {
    return new Lane(await Deno.connect({ hostname: host, port }));
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // Closed by a read that failed.
    }
  }

  async exchange(bytes: Uint8Array): Promise<"answered" | "closed" | "waited"> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"waited">((resolve) => {
      timer = setTimeout(() => resolve("waited"), patienceMs);
    });
    try {
      return await Promise.race([this.#exchange(bytes), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #exchange(bytes: Uint8Array): Promise<"answered" | "closed"> {
    try {
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#connection.write(bytes.subarray(sent));
      }
      let skip = 0;
      let end = 0;
      for (;;) {
        const count = await this.#connection.read(this.#buffer.subarray(end));
        if (count === null) return "closed";
        end += count;
        let start = Math.min(skip, end);
        skip -= start;
        const view = new DataView(this.#buffer.buffer);
        while (skip === 0 && end - start >= 8) {
          const size = 4 + view.getInt32(start);
          if (view.getInt32(start + 4) === sentinelId) return "answered";
          skip = Math.max(0, start + size - end);
          start = Math.min(end, start + size);
        }
        this.#buffer.copyWithin(0, start, end);
        end -= start;
      }
    } catch {
      return "closed";
    }
  }
}

/** Deletes what bad frames have made; keeps the healthy connection's topic. */
async function sweep(client: RawClient): Promise<void> {
  const { topics } = await client.ask(Metadata, 9, { topics: null, allowAutoTopicCreation: false });
  const names = topics.map(({ name }) => name!).filter((name) =>
    name !== topic && !name.startsWith("__")
  );
  if (names.length > 0) await client.ask(DeleteTopics, 5, { topicNames: names, timeoutMs: 1000 });
  const { groups } = await client.ask(ListGroups, 4, { statesFilter: [] });
  const groupsNames = groups.map(({ groupId }) => groupId);
  if (groupsNames.length > 0) await client.ask(DeleteGroups, 2, { groupsNames });
}

function residentOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

if (import.meta.main) {
  const flags = taskFlags(Deno.args, { string: ["frames", "seconds", "seed"] });
  const seed = Number(flags.seed ?? freshSeed());
  console.log(`seed ${seed}`);
  const startMs = performance.now();
  const result = await fuzzBroker({
    seed,
    frames: Number(flags.frames ?? 5_000_000),
    secondsMax: flags.seconds === undefined ? undefined : Number(flags.seconds),
  });
  const { answered, closed, waited } = result.bursts;
  const seconds = (performance.now() - startMs) / 1000;
  console.log(
    `${result.frames} frames in ${seconds.toFixed(0)} s: bursts answered ${answered}, ` +
      `closed ${closed}, waited ${waited}; ${result.healthyRounds} healthy rounds, the slowest ` +
      `${result.slowestHealthyMs.toFixed(0)} ms; at most ` +
      `${(result.residentBytesMax / 1e6).toFixed(0)} MB resident`,
  );
  Deno.exit(0);
}
