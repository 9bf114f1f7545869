// Hostile clients by seed, all at once, against a broker of little memory: whatever they do, its
// resident memory stays bounded, and a client that behaves is answered in between.
//
//   deno task hostile [--seeds 20] [--seed N] [--acts 150] [--kind TEXT]
//
//   12 lanes     one act after another, of kinds that the seed chooses (hostile_kinds.ts)
//   1 bystander  metadata, produce, fetch, all the while; each has to be answered
//
// Law: at its highest, resident memory is the budget and 150 MB. OTTLA_TARGET says which program is
// under test, and `--kind` holds those kinds alone whose name has the text in it.

import { CreateTopics, Fetch, Metadata, Produce } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import type { Target } from "../harness/targets.ts";
import { batchOf, fetchRequest, produceRequest, produceTo } from "../harness/raw_requests.ts";
import { bombBatch, packedBatch, packingCodecs } from "./bombs.ts";
import { type HostileKind, hostileKinds, type HostileScene, topics } from "./hostile_kinds.ts";
import { freshSeed, randomFrom } from "./mutate.ts";
import { RudeClient } from "./rude_client.ts";
import { taskFlags } from "../../scripts/task_flags.ts";

export interface HostileOptions {
  readonly seed: number;
  /** Acts, all in all. */
  readonly acts: number;
  readonly kinds?: readonly HostileKind[];
  readonly laneCount?: number;
  /** Otherwise what OTTLA_TARGET says. */
  readonly target?: Target;
}

/** What a run did and saw. */
export interface HostileResult {
  readonly endings: Readonly<Record<"answered" | "closed" | "held", number>>;
  readonly residentBytesMax: number;
  /** Of each of the bystander's requests, in order of size. */
  readonly waitsMs: readonly number[];
}

export const budgetBytes = 64 * 1024 * 1024;
/** What the program itself may take, and garbage that is not yet found. */
export const besideBytes = 150_000_000;
const keptMax = 60;

const settings = {
  "ottla.memory.bytes.max": `${budgetBytes}`,
  "log.cleaner.backoff.ms": "100",
  "log.segment.delete.delay.ms": "0",
  "log.retention.check.interval.ms": "1000",
};

/** Runs all acts. Throws when the bystander is not answered, or the broker ends. */
export async function hostileClients(options: HostileOptions): Promise<HostileResult> {
  for (const kind of options.kinds ?? hostileKinds) await kind.prepare?.();
  await using broker = await BrokerProcess.start({ settings, target: options.target });
  await makeTopics(broker);
  const run = new Run(broker, options);
  const lanes = Array.from({ length: options.laneCount ?? 12 }, () => run.lane());
  const bystander = run.bystander();
  await Promise.all([bystander, Promise.all(lanes).finally(() => run.actsEnded())]);
  run.close();
  const residentBytesMax = peakOf(broker.pid);
  const { code } = await broker.stop();
  if (code !== 0) throw new Error(`the broker ended with ${code}\n${broker.output}`);
  const waitsMs = run.waitsMs.toSorted((a, b) => a - b);
  return { endings: run.endings, residentBytesMax, waitsMs };
}

async function makeTopics(broker: BrokerProcess): Promise<void> {
  using client = await RawClient.connect(broker);
  const configsOf: Record<string, Record<string, string>> = {
    [topics.repacked]: { "compression.type": "lz4" },
    [topics.compacted]: {
      "cleanup.policy": "compact",
      "min.cleanable.dirty.ratio": "0.01",
      "segment.bytes": "1048576",
    },
  };
  const { topics: made } = await client.ask(CreateTopics, 5, {
    topics: [...Object.values(topics), bystanderTopic].map((name) => ({
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries({ "max.message.bytes": "20000000", ...configsOf[name] }).map(
        ([key, value]) => ({ name: key, value }),
      ),
    })),
  });
  for (const { errorCode, errorMessage } of made) {
    if (errorCode !== 0) throw new Error(errorMessage ?? `${errorCode}`);
  }
  await client.findCoordinator("offsets");
  const fill = async (topic: string, records: Uint8Array) => {
    const produced = await produceTo(client, { topic, records: records.slice(), acks: 1 });
    if (produced.errorCode !== 0) throw new Error(`${topic}: ${produced.errorMessage}`);
  };
  const large = batchOf(["x".repeat(900_000)]);
  for (let i = 0; i < 40; i++) await fill(topics.big, large);
  for (const codec of packingCodecs.slice(0, 3)) {
    await fill(topics.packed, await bombBatch(codec, 12 << 20));
    await fill(topics.packed, await packedBatch(codec, 200_000));
  }
}

const bystanderTopic = "bystander";

class Run {
  readonly endings = { answered: 0, closed: 0, held: 0 };
  readonly waitsMs: number[] = [];
  readonly #broker: BrokerProcess;
  readonly #options: HostileOptions;
  readonly #random;
  readonly #open = new Set<RudeClient>();
  /** Those that hold on to something, oldest first. */
  readonly #kept: RudeClient[] = [];
  #actsLeft: number;
  #isOver = false;

  constructor(broker: BrokerProcess, options: HostileOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#actsLeft = options.acts;
  }

  actsEnded(): void {
    this.#isOver = true;
  }

  close(): void {
    for (const client of this.#open) client.close();
  }

  /** One act after another. */
  async lane(): Promise<void> {
    const kinds = this.#options.kinds ?? hostileKinds;
    const scene: HostileScene = {
      broker: this.#broker,
      random: this.#random,
      open: () => this.#connect(),
      keep: (client) => this.#keep(client),
    };
    while (this.#actsLeft-- > 0) {
      const kind = kinds[this.#random(kinds.length)];
      this.endings[await kind.act(scene)]++;
    }
  }

  async #connect(): Promise<RudeClient> {
    const client = await RudeClient.open(this.#broker);
    this.#open.add(client);
    return client;
  }

  #keep(client: RudeClient): void {
    this.#kept.push(client);
    if (this.#kept.length > keptMax) this.#kept.shift()!.close();
  }

  /** Behaves, and counts how long it waits: up to the last act, and for some rounds at least. */
  async bystander(): Promise<void> {
    using client = await RawClient.connect(this.#broker);
    const records = batchOf(["a line"]);
    const timed = async (answer: Promise<unknown>) => {
      const startMs = performance.now();
      await answer;
      this.waitsMs.push(performance.now() - startMs);
    };
    const topic = bystanderTopic;
    for (let offset = 0; !this.#isOver || offset < 40; offset++) {
      await timed(client.ask(Metadata, 9, { topics: [{ name: topic }] }));
      await timed(client.ask(Produce, 9, produceRequest({ topic, records, acks: 1 })));
      await timed(client.ask(Fetch, 11, fetchRequest({ topic, offset })));
      await new Promise((go) => setTimeout(go, 10));
    }
  }
}

function peakOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

/** The wait that so many of a hundred do not exceed. */
export function percentileMs(waitsMs: readonly number[], percent: number): number {
  return waitsMs[Math.min(waitsMs.length - 1, Math.floor(waitsMs.length * percent / 100))] ?? 0;
}

if (import.meta.main) {
  const flags = taskFlags(Deno.args, {
    string: ["seeds", "seed", "acts", "kind", "lanes"],
    default: { seeds: "20", acts: "150", lanes: "12" },
  });
  const first = Number(flags.seed ?? freshSeed() % 1_000_000);
  const count = flags.seed === undefined ? Number(flags.seeds) : 1;
  const { kind = "" } = flags;
  const kinds = hostileKinds.filter(({ name }) => name.includes(kind));
  let isBroken = false;
  for (let seed = first; seed < first + count; seed++) {
    const laneCount = Number(flags.lanes);
    const result = await hostileClients({ seed, acts: Number(flags.acts), kinds, laneCount });
    const { answered, closed, held } = result.endings;
    const isOver = result.residentBytesMax > budgetBytes + besideBytes;
    isBroken ||= isOver;
    const ms = (percent: number) => percentileMs(result.waitsMs, percent).toFixed(0);
    console.log(
      `seed ${seed}: ${answered} answered, ${closed} closed, ${held} held; ` +
        `at most ${(result.residentBytesMax / 1e6).toFixed(0)} MB resident` +
        `${isOver ? " (TOO MUCH)" : ""}; ` +
        `bystander: ${result.waitsMs.length} answers, p50 ${ms(50)} ms, p99 ${ms(99)} ms, ` +
        `longest ${ms(100)} ms`,
    );
  }
  Deno.exit(isBroken ? 1 : 0);
}
