// One history of three brokers by a seed: idempotent producers write to a partition and a consumer
// reads it, while brokers lose power, are killed, are cut off, stop, are paused until others take
// them for dead, and come back; then all of them live, and the log is held against what clients
// were told.
//
// Laws: what was acknowledged is there, once, and each producer's in its order; nothing is there
// that nobody sent; what a consumer has read at an offset is there for ever.
//
// Faults: at most one broker at a time is away, so that two of three are in sync and acks=all goes
// on; which one, how, when and for how long is the seed's. Messages take their time, now and then
// much of it.

import { assert } from "@std/assert";
import { ConnectionFault, PlatformFault } from "../../src/base/faults.ts";
import { type Client, Consumer, createTopic, Producer } from "../../src/client/mod.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const producerCount = 2;

/** How much of a history there is. */
export interface HistoryOptions {
  readonly seed: number;
  /** Faults one after the other. */
  readonly faults: number;
  /** Broker settings beside those of every history. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** What a history came to. */
export interface HistorySummary {
  readonly acknowledged: number;
  readonly records: number;
  readonly epochs: number;
  readonly lines: readonly string[];
}

/** Runs a history; rejects where a law is broken. */
export async function runHistory(
  { seed, faults, settings = {} }: HistoryOptions,
): Promise<HistorySummary> {
  let summary: HistorySummary | undefined;
  const lines: string[] = [];
  const world = {
    network: {
      spikeProbability: 0.02,
      spikeMs: [20, 2_000] as const,
      giveUpMs: [2_000, 6_000] as const,
    },
    disk: { spikeProbability: 0.02, spikeMs: [5, 300] as const },
  };
  const all = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 1, ...settings };
  try {
    await simulatedCluster({ brokers: 3, settings: all, seed, world }, async (scene) => {
      summary = await new History(scene, seed).run(faults);
      lines.push(...scene.lines);
    });
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${lines.join("")}`, {
      cause: error,
    });
  }
  return summary!;
}

class History {
  readonly #scene: ClusterScene;
  /** By producer: what was acknowledged, in order. */
  readonly #acknowledged: number[][] = Array.from({ length: producerCount }, () => []);
  /** All that was sent, acknowledged or not. */
  readonly #sent: number[] = Array.from({ length: producerCount }, () => 0);
  /** What some consumer has read, by offset. */
  readonly #seen = new Map<number, string>();
  #ended = false;

  constructor(scene: ClusterScene, seed: number) {
    this.#scene = scene;
    this.#state = seed * 2_654_435_761 >>> 0 || 1;
  }

  #state: number;

  /** A number in [0, `below`), by the seed. */
  #pick(below: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % below;
  }

  async run(faults: number): Promise<HistorySummary> {
    const { client, until, partition, lines } = this.#scene;
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 1, replicationFactor: 3 });
    const actors = [
      ...this.#sent.map((_, i) => this.#produce(i)),
      this.#consume(),
    ];
    for (let i = 0; i < faults; i++) await this.#fault();
    await this.#heal();
    this.#ended = true;
    await Promise.all(actors);
    await until(() => partition(topic, 0).isr.length === 3);
    const found = await this.#readAll(await this.#client());
    this.#check(found);
    const acknowledged = this.#acknowledged.reduce((sum, each) => sum + each.length, 0);
    const { leaderEpoch: epochs } = partition(topic, 0);
    return { acknowledged, records: found.length, epochs, lines };
  }

  /** A client, whichever broker it finds: one that is just going away is no reason to give up. */
  async #client(): Promise<Client> {
    for (;;) {
      try {
        return await this.#scene.client();
      } catch (error) {
        if (!(error instanceof ConnectionFault || error instanceof PlatformFault)) throw error;
        await this.#scene.pass(200);
      }
    }
  }

  async #produce(id: number): Promise<void> {
    const { pass } = this.#scene;
    let producer = new Producer(await this.#client(), {});
    while (!this.#ended) {
      const value = this.#sent[id]++;
      try {
        await producer.send({ topic, partition: 0, value: `${id}:${value}` });
        this.#acknowledged[id].push(value);
      } catch {
        // What became of it is not known; a new producer goes on behind it.
        await producer.close().catch(() => {});
        producer = new Producer(await this.#client(), {});
      }
      await pass(1 + this.#pick(40));
    }
    await producer.close().catch(() => {});
  }

  async #consume(): Promise<void> {
    const { pass } = this.#scene;
    const consumer = new Consumer(await this.#client(), { autoOffsetReset: "earliest" });
    consumer.assign([{ topic, partition: 0 }]);
    while (!this.#ended) {
      try {
        for (const { offset, value } of await consumer.poll({ timeoutMs: 500 })) {
          this.#see(Number(offset), new TextDecoder().decode(value!));
        }
      } catch {
        await pass(100);
      }
    }
    await consumer.close().catch(() => {});
  }

  #see(offset: number, value: string): void {
    const before = this.#seen.get(offset) ?? value;
    assert(before === value, `offset ${offset} was ${before} and is ${value}`);
    this.#seen.set(offset, value);
  }

  /** One broker goes away in some way, and comes back after some time. */
  async #fault(): Promise<void> {
    const {
      crash,
      kill,
      stop,
      start,
      pass,
      partitionNetwork,
      heal,
      until,
      partition,
      pause,
      resume,
    } = this.#scene;
    // Mostly the leader: nothing is decided where a follower goes.
    const { leader } = partition(topic, 0);
    const id = this.#pick(3) > 0 && leader > 0 ? leader : 1 + this.#pick(3);
    const others = [1, 2, 3].filter((each) => each !== id);
    const how = this.#pick(5);
    const awayMs = 200 + this.#pick(12_000);
    if (how === 0) {
      partitionNetwork(others, [id]);
      await pass(awayMs);
      heal();
    } else if (how === 1) {
      pause(id);
      await pass(awayMs);
      resume(id);
    } else {
      if (how === 2) kill(id);
      else if (how === 3) crash(id);
      else await stop(id);
      await pass(awayMs);
      await start(id);
    }
    // Sometimes before it has caught up: then the next fault must not take the last one in sync.
    if (this.#pick(3) > 0) await until(() => partition(topic, 0).isr.length === 3);
    await pass(this.#pick(3_000));
  }

  async #heal(): Promise<void> {
    const { until, partition, heal } = this.#scene;
    heal();
    await until(() => partition(topic, 0).isr.length === 3);
  }

  async #readAll(client: Client): Promise<string[]> {
    const consumer = new Consumer(client, { autoOffsetReset: "earliest" });
    consumer.assign([{ topic, partition: 0 }]);
    const found: string[] = [];
    for (let empty = 0; empty < 3;) {
      const records = await consumer.poll({ timeoutMs: 2_000 });
      for (const { offset, value } of records) {
        const text = new TextDecoder().decode(value!);
        this.#see(Number(offset), text);
        found.push(text);
      }
      empty = records.length === 0 ? empty + 1 : 0;
    }
    await consumer.close();
    return found;
  }

  #check(found: readonly string[]): void {
    assert(new Set(found).size === found.length, `twice: ${twice(found)}`);
    for (const [id, acknowledged] of this.#acknowledged.entries()) {
      const there = found.filter((each) => each.startsWith(`${id}:`)).map((each) =>
        Number(each.slice(2))
      );
      const lost = acknowledged.filter((value) => !there.includes(value));
      assert(lost.length === 0, `acknowledged and lost: ${lost.map((value) => `${id}:${value}`)}`);
      const order = there.filter((value) => acknowledged.includes(value));
      const isInOrder = order.every((value, i) => i === 0 || order[i - 1] < value);
      assert(isInOrder, `producer ${id} is out of order`);
      assert(there.every((value) => value < this.#sent[id]), "a record that nobody has sent");
    }
  }
}

function twice(found: readonly string[]): string[] {
  return found.filter((each, i) => found.indexOf(each) < i);
}
