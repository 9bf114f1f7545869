// One partition as a consumer reads it: where it is, and the batches that have arrived.
//
//   position <= offsets of the records in hand < fetchOffset
//   ^ handed out next                            ^ asked for next
//   positionEpoch                                fetchEpoch       terms of the leaders before them
//
// Invariant: records come out in offset order, none below `position`; it moves past control
// batches, aborted transactions and the gaps of compaction too. A batch is unpacked when its first
// record is due, so that what waits in memory is the bytes as received.

import type {
  BrokerId,
  LeaderEpoch,
  Offset,
  PartitionId,
  ProducerId,
  Uuid,
} from "../../base/ids.ts";
import { assert } from "../../base/assert.ts";
import type { Int64 } from "../../base/int64.ts";
import { DecodeFault } from "../../base/faults.ts";
import { itemAt } from "../../base/items.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import {
  type BatchHeader,
  batchPositions,
  ControlType,
  crcHolds,
  lastOffsetOf,
  type LogRecord,
  readBatchHeader,
  readControlRecord,
  readRecords,
} from "../../records/mod.ts";
import type { Codecs } from "../../runtime/ports.ts";
import { KafkaError } from "../faults.ts";

/** A record received. Keys and values are views into what the broker sent. */
export interface ConsumerRecord extends LogRecord {
  /** The topic that it was read from. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: PartitionId;
}

interface Chunk {
  readonly bytes: Uint8Array;
  readonly positions: readonly number[];
  /** Which of `positions` is next. */
  next: number;
  /** By first offset; consumed as batches pass. */
  readonly aborted: { producerId: ProducerId; firstOffset: Offset }[];
}

/** What one Fetch answer brings for a partition. */
export interface Fetched {
  readonly bytes: Uint8Array;
  readonly aborted: readonly { producerId: ProducerId; firstOffset: Offset }[];
  readonly highWatermark: Offset;
}

const chunksMax = 2;

export class PartitionReader {
  readonly topic: string;
  readonly partition: PartitionId;
  /** Changes when the position is set: an answer to an older question is dropped. */
  generation = 0;
  /** Not to be fetched before, by the monotonic clock. */
  notBeforeMs = 0;
  /** Grows when a single batch does not fit. */
  bytesMax: number;
  highWatermark: Offset = -1;
  /** Whether the reader wants none of its records for now. */
  isPaused = false;
  /** Why the position is not known any more, where that has to be told. */
  lostBy: string | undefined;
  /** The topic that the position is a place of; a later one of its name has another (KIP-516). */
  topicId: Uuid | undefined;
  /** The leader that has said that the log did not change below the position; -1 for none. */
  checkedEpoch: LeaderEpoch = -1;
  /** A replica that is nearer than the leader, by the leader's word, and until when (KIP-392). */
  nearest: { readonly broker: BrokerId; readonly untilMs: number } | undefined;
  readonly #codecs: Codecs;
  #position: Int64 | undefined;
  #positionEpoch: LeaderEpoch = -1;
  #fetchOffset: Int64 = -1;
  #fetchEpoch: LeaderEpoch = -1;
  #heldBytes = 0;
  readonly #chunks: Chunk[] = [];
  #records: LogRecord[] = [];
  #next = 0;
  #batchEnd: Offset = -1;
  readonly #abortedProducers = new Set<ProducerId>();

  constructor(
    at: { topic: string; partition: PartitionId },
    options: { bytesMax: number; codecs: Codecs },
  ) {
    this.topic = at.topic;
    this.partition = at.partition;
    this.bytesMax = options.bytesMax;
    this.#codecs = options.codecs;
  }

  /** The offset to hand out next; undefined until it is known. */
  get position(): Int64 | undefined {
    return this.#position;
  }

  /** The offset to ask for next. */
  get fetchOffset(): Int64 {
    return this.#fetchOffset;
  }

  /** The leader epoch of the record before the position; -1 where it is not known. */
  get positionEpoch(): LeaderEpoch {
    return this.#positionEpoch;
  }

  /** The same of the record before `fetchOffset`. */
  get fetchEpoch(): LeaderEpoch {
    return this.#fetchEpoch;
  }

  /** Bytes that have arrived and are not handed out. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether more may be asked for. */
  get wantsMore(): boolean {
    return this.#position !== undefined && this.#chunks.length < chunksMax;
  }

  /**
   * Moves to `offset`, or to nowhere; what has arrived is dropped. `epoch` is that of the record
   * before it, where that is known.
   */
  seek(offset: Int64 | undefined, epoch: LeaderEpoch = -1): void {
    this.generation++;
    this.#position = offset;
    this.#positionEpoch = epoch;
    this.#fetchOffset = offset ?? -1;
    this.#fetchEpoch = epoch;
    this.checkedEpoch = -1;
    this.#chunks.length = 0;
    this.#heldBytes = 0;
    this.#records = [];
    this.#next = 0;
    this.#batchEnd = -1;
    this.#abortedProducers.clear();
  }

  /** Drops what has arrived, to ask for it again. */
  drop(): void {
    const { checkedEpoch } = this;
    this.seek(this.#position, this.#positionEpoch);
    this.checkedEpoch = checkedEpoch;
  }

  /** Takes in what a fetch at `fetchOffset` brought. */
  accept(fetched: Fetched): void {
    const { bytes } = fetched;
    this.highWatermark = fetched.highWatermark;
    if (bytes.length === 0) return;
    const positions = batchPositions(bytes);
    if (positions.length === 0) {
      this.bytesMax *= 2;
      return;
    }
    const last = positions[positions.length - 1];
    this.#fetchOffset = lastOffsetOf(bytes, last) + 1;
    this.#fetchEpoch = readBatchHeader(bytes, last).partitionLeaderEpoch;
    const aborted = [...fetched.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
    this.#chunks.push({ bytes, positions, next: 0, aborted });
    this.#heldBytes += bytes.length;
  }

  /** The next record, undefined when none is in hand. */
  take(): ConsumerRecord | undefined {
    for (;;) {
      while (this.#next < this.#records.length) {
        const record = itemAt(this.#records, this.#next++);
        const { offset, timestamp, key, value, headers } = record;
        if (offset < this.#position!) continue;
        this.#position = offset + 1;
        const { topic, partition } = this;
        return { topic, partition, offset, timestamp, key, value, headers };
      }
      if (this.#batchEnd > this.#position!) this.#position = this.#batchEnd;
      if (!this.#openBatch()) return undefined;
    }
  }

  /** Unpacks the next batch, leaving no records when it is not for the consumer. */
  #openBatch(): boolean {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return false;
    const position = chunk.positions[chunk.next];
    assert(position !== undefined, "a chunk has a batch left");
    const header = readBatchHeader(chunk.bytes, position);
    const isAborted = this.#isAborted(chunk, { position, header });
    this.#records = header.isControl || isAborted ? [] : this.#unpack(chunk, position);
    chunk.next++;
    this.#next = 0;
    this.#batchEnd = header.lastOffset + 1;
    this.#positionEpoch = header.partitionLeaderEpoch;
    if (chunk.next === chunk.positions.length) {
      this.#chunks.shift();
      this.#heldBytes -= chunk.bytes.length;
    }
    return true;
  }

  /** Throws at each try: a damaged batch is passed over by who seeks behind it, and nobody else. */
  #unpack({ bytes }: Chunk, position: number): LogRecord[] {
    try {
      if (!crcHolds(bytes, position)) throw new DecodeFault("checksum does not match");
      return readRecords(bytes, { position, codecs: this.#codecs });
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
      const { baseOffset, lastOffset } = readBatchHeader(bytes, position);
      throw new KafkaError(
        ErrorCode.CORRUPT_MESSAGE,
        `read ${this.topic}-${this.partition}`,
        `the batch of offsets ${baseOffset} to ${lastOffset} is damaged: ${error.message}; ` +
          `seek to ${lastOffset + 1} to go on behind it`,
      );
    }
  }

  /** Follows the producers with an aborted transaction from its first offset to its marker. */
  #isAborted(
    chunk: Chunk,
    { position, header }: { position: number; header: BatchHeader },
  ): boolean {
    for (;;) {
      const [next] = chunk.aborted;
      if (next === undefined || next.firstOffset > header.lastOffset) break;
      this.#abortedProducers.add(next.producerId);
      chunk.aborted.shift();
    }
    if (!this.#abortedProducers.has(header.producerId)) return false;
    // Compaction empties a marker whose transaction is gone.
    const isMarker = header.isControl && header.recordCount > 0 &&
      readControlRecord(chunk.bytes, position).type === ControlType.ABORT;
    if (isMarker) this.#abortedProducers.delete(header.producerId);
    return header.isTransactional;
  }
}
