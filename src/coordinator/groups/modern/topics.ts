// The topics that members can be assigned, as the metadata has them now.
//
// The hash of what a group subscribes to tells whether any of it has changed: a topic created or
// deleted, partitions added, replicas moved to other racks. It is written with the group's epoch.
// Differs from Kafka: the stored hash of a group's topics is computed in another way. A group that
// a Kafka broker wrote is rebalanced once, at the first heartbeat.

import type { Uuid } from "../../../base/ids.ts";

export interface GroupTopic {
  readonly name: string;
  readonly id: Uuid;
  readonly partitionCount: number;
  /** Racks of the partition's replicas. */
  readonly racksOf: (partition: number) => readonly string[];
}

export interface GroupTopics {
  /** Grows whenever a topic or where it is kept may have changed. */
  readonly version: number;
  byName(name: string): GroupTopic | undefined;
  byId(id: Uuid): GroupTopic | undefined;
  names(): Iterable<string>;
}

/** Where there are no topics. */
export const noTopics: GroupTopics = {
  version: 0,
  byName: () => undefined,
  byId: () => undefined,
  names: () => [],
};

/** The hash of those of `names` that exist; 0 when none does. Below 2^53. */
export function subscriptionHash(topics: GroupTopics, names: Iterable<string>): number {
  let hash: Hash | undefined;
  for (const name of [...new Set(names)].sort()) {
    const topic = topics.byName(name);
    if (topic === undefined) continue;
    hash ??= { high: 0x811c9dc5, low: 0x1b873593 };
    addText(hash, topic.id);
    addText(hash, name);
    addNumber(hash, topic.partitionCount);
    for (let partition = 0; partition < topic.partitionCount; partition++) {
      const racks = topic.racksOf(partition);
      addNumber(hash, racks.length);
      for (const rack of [...racks].sort()) addText(hash, rack);
    }
  }
  return hash === undefined ? 0 : (hash.high >>> 11) * 0x1_0000_0000 + (hash.low >>> 0);
}

/** Two sums of 32 bits, each mixed in its own way. */
interface Hash {
  high: number;
  low: number;
}

function addNumber(hash: Hash, value: number): void {
  hash.high = Math.imul(hash.high ^ value, 0x01000193) ^ (hash.low >>> 15);
  hash.low = Math.imul(hash.low ^ (value + 0x9e3779b9), 0x85ebca6b);
  hash.low ^= hash.low >>> 13;
}

/** The length first, so that no two texts run into each other. */
function addText(hash: Hash, text: string): void {
  addNumber(hash, text.length);
  for (let i = 0; i < text.length; i++) addNumber(hash, text.charCodeAt(i));
}
