// What readers find once all has healed: every record, the committed ones, and where groups are.
//
// Invariant: nothing is read before every transaction is over, and everything up to the ends that
// the partitions have then.

import { type Client, committedOffsets, Consumer, listOffsets } from "../../src/client/mod.ts";
import type { Topic } from "./actors.ts";
import type { Found, ReadRecord } from "./operations.ts";

interface Place {
  readonly topic: string;
  readonly partition: number;
}

export function placesOf(topics: readonly Topic[]): Place[] {
  return topics.flatMap(({ name: topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  );
}

export interface EndOptions {
  readonly topics: readonly Topic[];
  /** In which transactions may be open, besides. */
  readonly internal: readonly Topic[];
  readonly groups: readonly string[];
  readonly pass: (ms: number) => Promise<void>;
}

/** Reads all that there is, once no transaction is open. */
export async function readEnd(
  client: Client,
  { topics, internal, groups, pass }: EndOptions,
): Promise<Found> {
  const places = placesOf(topics);
  await stable(client, [...places, ...placesOf(internal)], pass);
  const [all, committed] = [
    await readAll(client, places, { isCommitted: false }),
    await readAll(client, places, { isCommitted: true }),
  ];
  const positions = new Map<string, number>();
  for (const group of groups) {
    for (
      const { topic, partition, offset } of await committedOffsets(client, group, {
        partitions: null,
      })
    ) {
      positions.set(`${group} in ${topic}-${partition}`, Number(offset));
    }
  }
  const begun = await listOffsets(client, places, { spec: "earliest" });
  const starts = new Map(
    begun.map(({ topic, partition, offset }) => [`${topic}-${partition}`, Number(offset)]),
  );
  return { all, committed, starts, positions };
}

/** Resolves once no transaction is open. */
async function stable(
  client: Client,
  places: readonly Place[],
  pass: (ms: number) => Promise<void>,
): Promise<void> {
  for (;;) {
    const ends = await listOffsets(client, places, { spec: "latest" });
    const stableEnds = await listOffsets(client, places, { spec: "latest", readCommitted: true });
    if (ends.every(({ offset }, i) => offset === stableEnds[i]!.offset)) return;
    await pass(300);
  }
}

/** All records of some partitions, by `topic-partition`. */
export async function readAll(
  client: Client,
  places: readonly Place[],
  { isCommitted }: { readonly isCommitted: boolean },
): Promise<Map<string, ReadRecord[]>> {
  const ends = await listOffsets(client, places, { spec: "latest" });
  const found = new Map<string, ReadRecord[]>(
    places.map(({ topic, partition }) => [`${topic}-${partition}`, []]),
  );
  const consumer = new Consumer(client, {
    autoOffsetReset: "earliest",
    readCommitted: isCommitted,
  });
  consumer.assign(places);
  const isRead = () =>
    places.every((place, i) =>
      ends[i]!.offset === 0 || Number(consumer.position(place) ?? -1) >= ends[i]!.offset
    );
  while (!isRead()) {
    for (const { topic, partition, offset, value } of await consumer.poll({ timeoutMs: 500 })) {
      const record = { offset: Number(offset), value: new TextDecoder().decode(value!) };
      found.get(`${topic}-${partition}`)!.push(record);
    }
  }
  await consumer.close();
  return found;
}
