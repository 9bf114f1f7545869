// Offsets that were committed within transactions that are still open (KIP-98, KIP-447).
//
//   producer -> group id -> topic -> partition -> offset          group id -> its producers
//
//   commit within a transaction ──> pending ──┬─ COMMIT: committed, unless a later commit has come
//                                             ├─ ABORT: gone
//                                             └─ tombstone of its partition: gone
//
// Invariant: of two commits for a partition the one that is later in the log wins, whichever
// transaction ends first: compaction may leave that one alone.

import type { ProducerId } from "../../../base/ids.ts";
import type { OffsetCommitRecord } from "./records.ts";

/** A group's partition. */
export type OffsetKey = OffsetCommitRecord["key"];

/** What a record says of one partition; null: nothing is committed (a tombstone). */
export type OffsetChange = Pick<OffsetCommitRecord, "key" | "value">;

interface Pending {
  readonly key: OffsetKey;
  readonly value: NonNullable<OffsetCommitRecord["value"]>;
  /** Grows with the log. */
  readonly order: number;
  /** A later commit for the partition counts already. */
  isOutdated: boolean;
}

/** What one producer has pending, by the names of its partitions. */
type OfProducer = Map<string, Pending>;

export class PendingOffsets {
  /** Those of one group. */
  readonly #byGroup = new Map<string, Map<ProducerId, OfProducer>>();
  readonly #groupsOf = new Map<ProducerId, Set<string>>();
  #order = 0;

  put({ key, value }: Pick<Pending, "key" | "value">, producerId: ProducerId): void {
    const { group } = key;
    const producers = this.#byGroup.get(group) ?? new Map<ProducerId, OfProducer>();
    const pending = producers.get(producerId) ?? new Map<string, Pending>();
    pending.set(nameOf(key), { key, value, order: this.#order++, isOutdated: false });
    producers.set(producerId, pending);
    this.#byGroup.set(group, producers);
    const groups = this.#groupsOf.get(producerId) ?? new Set();
    this.#groupsOf.set(producerId, groups.add(group));
  }

  /** Notes what was committed outside of transactions, after all that is pending now. */
  onCommitted({ key, value }: OffsetChange): void {
    const producers = this.#byGroup.get(key.group);
    if (producers === undefined) return;
    const name = nameOf(key);
    for (const pending of producers.values()) {
      const known = pending.get(name);
      if (value === null) pending.delete(name);
      else if (known !== undefined) known.isOutdated = true;
    }
  }

  /** Ends what the producer has pending. Gives what counts from now on, if it was committed. */
  end(producerId: ProducerId, committed: boolean): OffsetChange[] {
    const counting: OffsetChange[] = [];
    for (const group of this.#groupsOf.get(producerId) ?? []) {
      const producers = this.#byGroup.get(group);
      const pending = producers?.get(producerId);
      if (producers === undefined || pending === undefined) continue;
      producers.delete(producerId);
      if (producers.size === 0) this.#byGroup.delete(group);
      if (!committed) continue;
      for (const [name, { key, value, order, isOutdated }] of pending) {
        if (isOutdated) continue;
        counting.push({ key, value });
        for (const others of producers.values()) {
          const other = others.get(name);
          if (other !== undefined && other.order < order) other.isOutdated = true;
        }
      }
    }
    this.#groupsOf.delete(producerId);
    return counting;
  }

  /** Whether some transaction that is open may yet change what is committed for the partition. */
  has(key: OffsetKey): boolean {
    const producers = this.#byGroup.get(key.group);
    if (producers === undefined) return false;
    const name = nameOf(key);
    for (const pending of producers.values()) if (pending.has(name)) return true;
    return false;
  }

  /** Whether some transaction that is open has committed offsets of the group. */
  hasGroup(groupId: string): boolean {
    return this.#byGroup.has(groupId);
  }

  /** The partitions of the group for which something is pending, some of them more than once. */
  *ofGroup(groupId: string): Generator<OffsetKey> {
    for (const pending of this.#byGroup.get(groupId)?.values() ?? []) {
      for (const { key } of pending.values()) yield key;
    }
  }
}

/** Topics have no slash in their names. */
function nameOf({ topic, partition }: OffsetKey): string {
  return `${topic}/${partition}`;
}
