// One walk of a reader over its partitions.
//
// Whole batches only, and the first partition with data gives at least one however large it is, so
// that a reader always advances (KIP-74). The more all answers together hold of what they may
// (memory_budget.ts), the less a pass brings; where next to nothing is left, a few kilobytes are
// still brought at once, and for a batch that is larger the pass waits in turn.
//
// Invariant: one partition that cannot be read is an error code in its place, and never fails its
// neighbours.

import { isStoreFault, messageOf } from "../../base/faults.ts";
import type { BrokerId, Offset } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import { mapSliced } from "../../base/pieces.ts";
import type { Requester } from "../../base/requester.ts";
import type { ReadOptions } from "../../log/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { LegacyMagic } from "../../records/mod.ts";
import { readMessageSet, type SetReadResult } from "./message_sets.ts";
import { Partition } from "../logs/partition.ts";
import type { Services } from "../services.ts";
import type { PartitionData, WantedPartition } from "./partition_data.ts";
import { checkPosition } from "./position.ts";
import type { Isolation } from "./purgatory.ts";

/** While that much is left for answers, nobody has to wait. */
const roomBytesMin = 2 * 1024 * 1024;
/** What is left is for others, too. */
const roomParts = 4;
/** An answer of so much is always brought: it is little, and most are no more. */
const freeAnswerBytes = 32 * 1024;
/** How much heavier it is to read a byte into fresh memory than to look at it. */
const readWeight = 4;
/** A cold read brings as much more for whoever goes on. */
const coldBytes = 4 * 1024 * 1024;

const noRecords = new Uint8Array(0);

/** What to read of them, and how. */
export interface PassRequest<W extends WantedPartition> {
  readonly wanted: readonly W[];
  /** Asked in each pass: a topic may go while the reader waits. */
  readonly find: (wanted: W) => Partition | ErrorCode;
  readonly isolation: Isolation;
  /** Whether what is not led here is read, too, as far as it is known to be in sync. */
  readonly mayFollow?: boolean;
  /** A replica that is nearer to the reader than this one; undefined: none is. */
  readonly nearer?: (partition: Partition, wanted: W) => BrokerId | undefined;
  /** Whether nothing of a partition is to be given for now, though there is more. */
  readonly isHeld?: (partition: Partition) => boolean;
  /** The reader knows message sets only, of this magic at most; absent: it takes batches. */
  readonly magic?: LegacyMagic;
  /** Whether records may be parts of files, which the reader has no look into. */
  readonly takesFileParts?: boolean;
  /** Whether each partition, rather than the first one with data, gives a batch at least. */
  readonly isEachAdvanced?: boolean;
  readonly bytesMax: number;
  /** Who waits for memory no longer once it has left. */
  readonly requester: Requester;
}

/** What a pass needs of a broker. */
export type PassServices = Pick<
  Services,
  "memory" | "slices" | "codecs" | "topics" | "noteUnreadable"
>;

type Terms<W extends WantedPartition> = Omit<PassRequest<W>, "wanted" | "find">;

/** One walk over the partitions. */
export class Pass<W extends WantedPartition> {
  /** Read so far, and counted as held by an answer. */
  bytes = 0;
  /** Whether there is something to tell that does not wait. */
  isFinal = false;
  /** Whether more is there than the answer has room for: nothing is gained by a wait. */
  isFull = false;
  /** Partitions to wait for, each with the end that this pass saw. */
  readonly seen = new Map<Partition, Offset>();
  readonly #services: PassServices;
  readonly #terms: Terms<W>;
  #bytesLeft: number;

  constructor(services: PassServices, terms: Terms<W>) {
    this.#services = services;
    this.#terms = terms;
    this.#bytesLeft = terms.bytesMax;
  }

  async run({ wanted, find }: PassRequest<W>) {
    return await mapSliced(wanted, this.#services.slices, (each) => this.#read(each, find(each)));
  }

  /** Whether more became visible while the pass was reading cold data: waiting would miss it. */
  get isOutdated(): boolean {
    const { isolation } = this.#terms;
    for (const [partition, end] of this.seen) {
      if (partition.visibleEnd(isolation) > end) return true;
    }
    return false;
  }

  #read(wanted: W, found: Partition | ErrorCode) {
    if (!(found instanceof Partition)) {
      this.isFinal = true;
      return failure(wanted.partition, found);
    }
    const { isolation, mayFollow, nearer, isHeld } = this.#terms;
    const errorCode = this.#isUnreadableCodec(found)
      ? ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
      : checkPosition(found, wanted, { isolation, mayFollow });
    if (typeof errorCode !== "number" || errorCode !== ErrorCode.NONE) {
      this.isFinal = true;
      // Where nobody follows the leader's log, its offsets are not known.
      if (errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER) {
        return failure(wanted.partition, errorCode);
      }
      return typeof errorCode === "number"
        ? { ...nothingOf(found, wanted), errorCode }
        : { ...nothingOf(found, wanted), divergingEpoch: errorCode };
    }
    const preferredReadReplica = nearer?.(found, wanted);
    if (preferredReadReplica !== undefined) {
      this.isFinal = true;
      return { ...nothingOf(found, wanted, isolation), preferredReadReplica };
    }
    const endOffset = found.visibleEnd(isolation);
    this.seen.set(found, endOffset);
    const empty = nothingOf(found, wanted, isolation);
    if (isHeld?.(found)) return empty;
    return this.#readRecords({ partition: found, wanted, empty, endOffset });
  }

  /** Brings no more than is left in all bounds. */
  #readRecords(
    o: Omit<Reading, "offset">,
  ): PartitionData | Promise<PartitionData> {
    const offset = saturated(o.wanted.fetchOffset);
    const asked = Math.min(o.wanted.partitionMaxBytes, this.#bytesLeft);
    const isEachAdvanced = this.#terms.isEachAdvanced === true && this.#bytesLeft > 0;
    const minOneBatch = this.bytes === 0 || isEachAdvanced;
    if (offset >= o.endOffset) return o.empty;
    if (asked <= 0 && !minOneBatch) {
      this.isFull ||= this.#bytesLeft <= 0;
      return o.empty;
    }
    const reading = { ...o, offset };
    const { room } = this.#services.memory.answers;
    if (room < roomBytesMin) return this.#readInTurn(reading, asked);
    const maxBytes = Math.min(asked, Math.max(roomBytesMin, Math.floor(room / roomParts)));
    return this.#readUpTo(reading, { maxBytes, minOneBatch });
  }

  /** Where memory for answers is short: what is small at once, one batch after a wait. */
  async #readInTurn(reading: Reading, asked: number): Promise<PartitionData> {
    const maxBytes = Math.min(asked, freeAnswerBytes);
    if (maxBytes > 0) {
      const small = await this.#readUpTo(reading, { maxBytes, minOneBatch: false });
      if (small.records.length > 0 || small.errorCode !== ErrorCode.NONE) return small;
    }
    // Who holds an answer waits for no more of it.
    if (this.bytes > 0) return reading.empty;
    const { memory: { answers }, topics, slices } = this.#services;
    const { maxMessageBytes } = topics.logConfig(reading.partition.topic);
    const claim = Math.min(Math.max(maxMessageBytes, freeAnswerBytes), answers.bytesMax);
    if (!await answers.takeInTurn(claim, this.#terms.requester)) return reading.empty;
    try {
      // Where many are let in at once, one reads in each turn of the event loop, and others go in
      // between: all of them wake up in the same turn, so that who wakes up has to look again.
      while (slices.isOver) await slices.next();
      slices.spend(claim * readWeight);
      const range = { maxBytes: Math.min(asked, claim), minOneBatch: true, claim };
      return await this.#readUpTo(reading, range);
    } finally {
      answers.give(claim);
    }
  }

  /** `claim`: what has been taken for it already. */
  #readUpTo(
    { partition, empty, offset, endOffset, wanted: { partitionMaxBytes } }: Reading,
    { claim, ...bounds }: { maxBytes: number; minOneBatch: boolean; claim?: number },
  ): PartitionData | Promise<PartitionData> {
    const { answers } = this.#services.memory;
    const unreadable = (reason: string): PartitionData => {
      this.isFinal = true;
      this.#services.noteUnreadable(partition, reason);
      return failure(empty.partitionIndex, ErrorCode.KAFKA_STORAGE_ERROR);
    };
    const failed = (error: unknown): PartitionData => {
      if (!isStoreFault(error)) throw error;
      return unreadable(messageOf(error));
    };
    const dataOf = (result: SetReadResult): PartitionData => {
      const { damage, errorCode } = result;
      const records = result.filePart ?? result.bytes;
      if (damage !== undefined) return unreadable(damage);
      if (errorCode !== undefined) {
        this.isFinal = true;
        return { ...empty, errorCode };
      }
      this.bytes += records.length;
      const hasRoom = Math.min(bounds.maxBytes, this.#bytesLeft - 1) >= partitionMaxBytes;
      this.isFull ||= !hasRoom && result.nextOffset < endOffset && this.bytes > 0;
      this.#bytesLeft -= records.length;
      answers.add(records.length);
      if (empty.abortedTransactions === null || records.length === 0) return { ...empty, records };
      const to = Math.min(endOffset, result.nextOffset);
      const abortedTransactions = partition.log.abortedTransactions(offset, to);
      return { ...empty, records, abortedTransactions };
    };
    try {
      const { takesFileParts } = this.#terms;
      const range = { offset, endOffset, ...bounds, takesFileParts };
      const result = this.#terms.magic === undefined
        ? partition.log.read(range)
        : this.#readSet(partition, range, this.#terms.magic);
      if (!(result instanceof Promise)) return dataOf(result);
      const coming = claim === undefined ? Math.max(bounds.maxBytes, coldBytes) : 0;
      answers.add(coming);
      return result.finally(() => answers.give(coming)).then(dataOf).catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** For a reader who knows message sets only. */
  #readSet({ log, topic }: Partition, range: ReadOptions, magic: LegacyMagic) {
    const { codecs, topics, slices, memory: { work: memory } } = this.#services;
    const { unpackedBytesMax } = topics.logConfig(topic);
    const work = { codecs, slices, memory, requester: this.#terms.requester };
    return readMessageSet(log, { ...range, ...work, magic, unpackedBytesMax });
  }

  /** Who knows message sets only does not know zstd. */
  #isUnreadableCodec({ topic }: Partition): boolean {
    if (this.#terms.magic === undefined) return false;
    return this.#services.topics.logConfig(topic).compression === "zstd";
  }
}

/** A partition's records that are to be read, and what is told besides them. */
interface Reading {
  readonly partition: Partition;
  readonly wanted: WantedPartition;
  /** The data without records. */
  readonly empty: PartitionData;
  readonly offset: Offset;
  readonly endOffset: Offset;
}

/** The data of a partition that has no records to give. */
function nothingOf(
  { log, highWatermark, lastStableOffset }: Partition,
  { partition: partitionIndex }: WantedPartition,
  isolation: Isolation = "readUncommitted",
): PartitionData {
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    highWatermark,
    lastStableOffset,
    logStartOffset: log.logStartOffset,
    abortedTransactions: isolation === "readCommitted" ? [] : null,
    records: noRecords,
  };
}

/** The data of a partition that is not here, or cannot be read. */
export function failure(partitionIndex: number, errorCode: ErrorCode): PartitionData {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: noRecords,
  };
}
