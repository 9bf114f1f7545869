// Which partition a record goes to: the one it names, else the hash of its key, else a sticky one.
//
// Invariant: a key's partition depends on the key and the partition count alone, and equals what
// Kafka's default partitioner gives. Records without a key stay on one partition until its batch
// leaves, then move (KIP-480), so that a low rate still makes full batches.

import type { PartitionId } from "../base/ids.ts";
import { itemAt } from "../base/items.ts";
import type { Random } from "../runtime/ports.ts";
import { murmur2 } from "./murmur2.ts";

/** The partition of `key` among `partitionCount`, as Kafka's default partitioner picks it. */
export function partitionForKey(key: Uint8Array, partitionCount: number): PartitionId {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

/** Picks partitions for records without a key; one per producer. */
export class StickyPartitioner {
  readonly #random: Random;
  readonly #current = new Map<string, PartitionId>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** The topic's sticky partition, chosen among `available` (never empty). */
  partition(topic: string, available: readonly PartitionId[]): PartitionId {
    const current = this.#current.get(topic);
    if (current !== undefined && available.includes(current)) return current;
    const chosen = itemAt(available, this.#random.uint32() % available.length);
    this.#current.set(topic, chosen);
    return chosen;
  }

  /** Moves on to another partition: the batch of `partition` has left. */
  onBatchSent(topic: string, partition: PartitionId): void {
    if (this.#current.get(topic) === partition) this.#current.delete(topic);
  }
}
