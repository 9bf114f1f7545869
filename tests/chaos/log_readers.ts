// Reads the topics of the ledger with our own client: along with the producers, and once more from
// the beginning when all is over. Both must have read the same.
//
// Of each 4,096 offsets a sum of what lies there is kept, in which the order has no part, so that
// two passes can be compared without their records.

import { type Client, Consumer, listOffsets } from "../../src/client/mod.ts";
import type { Topic } from "../cluster/actors.ts";
import { wordsOf } from "../cluster/chronicle.ts";
import { placesOf } from "../cluster/end_reading.ts";
import type { Ledger, Sample } from "./ledger.ts";

const chunk = 4_096;
const retryMs = 500;
const text = new TextDecoder();

/** What lies where, summed up. */
export class Sums {
  readonly #sums = new Map<string, number>();

  add(place: string, offset: number, value: Uint8Array): void {
    let hash = 2166136261 ^ offset;
    for (const byte of value) hash = Math.imul(hash ^ byte, 16777619);
    const key = `${place} from ${offset - offset % chunk}`;
    this.#sums.set(key, ((this.#sums.get(key) ?? 0) + hash) | 0);
  }

  /** Where two passes differ. */
  unlike(other: Sums): string[] {
    const keys = new Set([...this.#sums.keys(), ...other.#sums.keys()]);
    return [...keys].filter((key) => this.#sums.get(key) !== other.#sums.get(key));
  }
}

export interface ReadingOptions {
  readonly connect: () => Promise<Client>;
  readonly pass: (ms: number) => Promise<void>;
  readonly topics: readonly Topic[];
  readonly isCommitted: boolean;
  readonly onRecord: (place: string, offset: number, value: Uint8Array) => void;
  /** Where to go on after a failure. */
  readonly next: (place: string) => number;
  readonly onFailure: (words: string) => void;
}

/** Reads on until it is over: which is asked between two polls. */
export async function readAlong(
  options: ReadingOptions,
  isOver: () => boolean,
): Promise<void> {
  const { connect, topics, isCommitted, next, pass, onFailure } = options;
  while (!isOver()) {
    const client = await connect();
    try {
      const consumer = new Consumer(client, {
        autoOffsetReset: "earliest",
        readCommitted: isCommitted,
      });
      consumer.assign(
        placesOf(topics).map((at) => ({ ...at, at: next(`${at.topic}-${at.partition}`) })),
      );
      while (!isOver()) {
        const records = await consumer.poll({ timeoutMs: 500, recordsMax: 5_000 });
        for (const { topic, partition, offset, value } of records) {
          options.onRecord(`${topic}-${partition}`, Number(offset), value!);
        }
      }
      await consumer.close();
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      onFailure(wordsOf(error));
      await pass(retryMs);
    } finally {
      client.close();
    }
  }
}

/** Where partitions end, once no transaction is open. */
export async function endsOf(
  client: Client,
  { topics, pass }: Pick<ReadingOptions, "topics" | "pass">,
): Promise<Map<string, number>> {
  const places = placesOf(topics);
  for (;;) {
    const ends = await listOffsets(client, places, { spec: "latest" });
    const stable = await listOffsets(client, places, { spec: "latest", readCommitted: true });
    if (ends.every(({ offset }, i) => offset === stable[i]!.offset)) {
      return new Map(ends.map((at) => [`${at.topic}-${at.partition}`, Number(at.offset)]));
    }
    await pass(retryMs);
  }
}

/** All from the beginning to the ends. Tells the ledger where producers were told another value. */
export async function readAgain(
  options: Omit<ReadingOptions, "onRecord" | "next">,
  { ends, ledger }: { readonly ends: ReadonlyMap<string, number>; readonly ledger: Ledger },
): Promise<{ readonly sums: Sums; readonly next: ReadonlyMap<string, number> }> {
  const sums = new Sums();
  const samples = new Map<string, Sample>();
  for (const sample of ledger.samples) samples.set(`${sample.place} ${sample.offset}`, sample);
  const next = new Map<string, number>();
  const client = await options.connect();
  const consumer = new Consumer(client, {
    autoOffsetReset: "earliest",
    readCommitted: options.isCommitted,
  });
  const places = placesOf(options.topics);
  consumer.assign(places);
  const isRead = () =>
    places.every((at) =>
      Number(consumer.position(at) ?? 0) >= (ends.get(`${at.topic}-${at.partition}`) ?? 0)
    );
  while (!isRead()) {
    const records = await consumer.poll({ timeoutMs: 500, recordsMax: 5_000 });
    for (const { topic, partition, offset, value } of records) {
      const place = `${topic}-${partition}`;
      if (Number(offset) < (next.get(place) ?? 0)) continue;
      next.set(place, Number(offset) + 1);
      sums.add(place, Number(offset), value!);
      const sample = samples.get(`${place} ${offset}`);
      const there = sample && text.decode(value!);
      if (sample && there !== sample.value) ledger.onOtherValue(sample, there!);
    }
  }
  await consumer.close();
  client.close();
  return { sums, next };
}
