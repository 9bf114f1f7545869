// The partitions that a consumer has: where each is read, what of it is committed, and whose record
// comes next.
//
// Invariant: a partition is found by its name, however many there are. It is asked for records in
// its turn: one that has some is read on until it has none, so that neighbours come out together.

import { UsageFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { itemAt } from "../../base/items.ts";
import type { Codecs } from "../../runtime/ports.ts";
import type { OffsetToCommit } from "../admin/group_offsets.ts";
import type { OffsetSpec } from "../admin/offsets.ts";
import { nameOf, type TopicPartition } from "../topic_partition.ts";
import { type ConsumerRecord, PartitionReader } from "./partition_reader.ts";

export interface AssignedPartitionsOptions {
  readonly partitionBytesMax: number;
  readonly codecs: Codecs;
  /** Whether a partition goes on by itself where its position has become none. */
  readonly isReset: boolean;
  /** Records for which this is false are passed over. */
  readonly filter: ((record: ConsumerRecord) => boolean) | undefined;
  /** Those that are assigned have changed. */
  readonly onChanged: (readers: readonly PartitionReader[]) => void;
  /** A partition has room for more. */
  readonly onRoom: () => void;
}

export class AssignedPartitions {
  /** Begin at a place or a time, whatever was committed. */
  readonly starts = new Map<PartitionReader, OffsetSpec>();
  /** Whether some partition's position is not known. */
  isLost = false;
  readonly #options: AssignedPartitionsOptions;
  readonly #byName = new Map<string, PartitionReader>();
  readonly #committed = new Map<string, Int64>();
  #readers: PartitionReader[] = [];
  #turn = 0;

  constructor(options: AssignedPartitionsOptions) {
    this.#options = options;
  }

  /** All of them. */
  get readers(): readonly PartitionReader[] {
    return this.#readers;
  }

  find(at: TopicPartition): PartitionReader | undefined {
    return this.#byName.get(nameOf(at));
  }

  /** Throws a UsageFault for one that is not assigned. */
  held({ topic, partition }: TopicPartition): PartitionReader {
    const reader = this.find({ topic, partition });
    if (reader !== undefined) return reader;
    throw new UsageFault(`${nameOf({ topic, partition })} is not assigned`);
  }

  add(partitions: readonly TopicPartition[]): void {
    const { codecs, partitionBytesMax: bytesMax } = this.#options;
    for (const { topic, partition } of partitions) {
      const name = nameOf({ topic, partition });
      if (this.#byName.has(name)) continue;
      const reader = new PartitionReader({ topic, partition }, { bytesMax, codecs });
      this.#byName.set(name, reader);
      this.#readers.push(reader);
      this.isLost = true;
    }
    this.#options.onChanged(this.#readers);
  }

  /** All of them, or those named; others stay as they are. */
  remove(partitions: readonly TopicPartition[] = this.#readers): void {
    for (const at of partitions) {
      const name = nameOf(at);
      const reader = this.#byName.get(name);
      if (reader === undefined) continue;
      reader.seek(undefined);
      this.starts.delete(reader);
      this.#byName.delete(name);
      this.#committed.delete(name);
    }
    this.#readers = [...this.#byName.values()];
    this.#turn = 0;
    this.#options.onChanged(this.#readers);
  }

  /** Goes on at an offset, at an end, or by time. */
  move(reader: PartitionReader, at: Int64 | OffsetSpec): void {
    if (typeof at === "number" || typeof at === "bigint") {
      this.starts.delete(reader);
      reader.seek(at);
      return;
    }
    this.starts.set(reader, at);
    this.lose(reader);
  }

  /** Its position is looked for before more of it is handed out; `by` is told where none is. */
  lose(reader: PartitionReader, by?: string): void {
    reader.seek(undefined);
    reader.lostBy = by;
    this.isLost = true;
  }

  /** Its topic is another one of the same name, of which nothing was read yet. */
  onMadeAnew(reader: PartitionReader): void {
    if (this.#options.isReset) this.move(reader, "earliest");
    else this.lose(reader, "the topic was deleted and made anew");
  }

  /** Its log is another one from `offset` on, or, if that is not known, -1, anywhere (KIP-320). */
  onTruncated(
    reader: PartitionReader,
    { offset, epoch }: { readonly offset: Offset; readonly epoch: LeaderEpoch },
  ): void {
    const { position } = reader;
    if (position !== undefined && position <= offset) reader.drop();
    else if (!this.#options.isReset) {
      const place = offset < 0 ? "" : `; seek to ${offset} to read what is in the place of them`;
      this.lose(reader, `records were lost that had been read, under a new leader${place}`);
    } else if (offset < 0) this.lose(reader);
    else reader.seek(offset, epoch);
  }

  /** What is committed, by the partition's name. */
  onCommitted(offsets: Iterable<readonly [string, Int64]>): void {
    for (const [name, offset] of offsets) this.#committed.set(name, offset);
  }

  /** Positions that are not committed. */
  get uncommitted(): OffsetToCommit[] {
    return this.#readers.flatMap(({ topic, partition, position, positionEpoch: leaderEpoch }) =>
      position === undefined || this.#committed.get(nameOf({ topic, partition })) === position
        ? []
        : [{ topic, partition, offset: position, leaderEpoch }]
    );
  }

  /** A record from the next partition in turn that has one, or of the partition of `like` alone. */
  take(like?: TopicPartition): ConsumerRecord | undefined {
    const { filter } = this.#options;
    const count = this.#readers.length;
    for (let tried = 0; tried < count;) {
      const reader = itemAt(this.#readers, this.#turn % count);
      const isOther = like !== undefined &&
        (reader.partition !== like.partition || reader.topic !== like.topic);
      if (isOther) return undefined;
      const record = reader.isPaused ? undefined : this.#takeFrom(reader);
      if (record !== undefined) {
        if (filter === undefined || filter(record)) return record;
        continue;
      }
      this.#turn = (this.#turn + 1) % count;
      tried++;
    }
    return undefined;
  }

  /** What is in hand. A batch that cannot be read is told of once the records before it are out. */
  takeUpTo(recordsMax: number, { ofOne = false } = {}): ConsumerRecord[] {
    const records: ConsumerRecord[] = [];
    try {
      while (records.length < recordsMax) {
        const record = this.take(ofOne ? records[0] : undefined);
        if (record === undefined) break;
        records.push(record);
      }
    } catch (error) {
      if (records.length === 0) throw error;
    }
    return records;
  }

  #takeFrom(reader: PartitionReader): ConsumerRecord | undefined {
    const wantedMore = reader.wantsMore;
    const record = reader.take();
    if (reader.wantsMore && !wantedMore) this.#options.onRoom();
    return record;
  }
}
