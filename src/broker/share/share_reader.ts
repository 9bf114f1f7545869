// Reading for a member of a share group: as the fetch engine reads, but from where the group
// stands, and what is read is handed out.
//
//   find and have each partition to oneself ──> pass ──> enough, or time is up ──> hand out
//            ^                                   └─> too little ──┐        nothing of it is for us
//            └── purgatory: records come, or are let go of <──────┴──────────────┘
//
// A partition whose state is not to be had for now has nothing to read, and is looked at again.
// Invariant: what is not handed out is read by somebody else, and nobody waits for a partition that
// is let go of: who was turned away is woken.

import { asBytes } from "../../base/file_part.ts";
import type { Offset } from "../../base/ids.ts";
import type { Requester } from "../../base/requester.ts";
import type { SharePartitionKey } from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { PartitionData } from "../fetch/partition_data.ts";
import { Pass } from "../fetch/pass.ts";
import type { Isolation } from "../fetch/purgatory.ts";
import type { ReadServices } from "../fetch/reader.ts";
import type { Services } from "../services.ts";
import { LedSharePartition } from "./led_share_partition.ts";
import { placedBatches, sliceFor } from "./read_batches.ts";
import type { AcquiredRange, Acquisition } from "./share_partition.ts";

/** What a member reads. */
export interface ShareReadRequest
  extends Pick<Acquisition, "memberId" | "recordsMax" | "isStrict" | "batchSize"> {
  readonly groupId: string;
  readonly wanted: readonly SharePartitionKey[];
  readonly bytesMin: number;
  readonly bytesMax: number;
  readonly waitMsMax: number;
  readonly requester: Requester;
  /** Whether the member is still there: nobody else is given anything. */
  readonly isCurrent: () => boolean;
}

/** What it is given of one partition. */
export interface ShareRead {
  readonly key: SharePartitionKey;
  readonly errorCode: ErrorCode;
  readonly records: Uint8Array;
  readonly acquired: readonly AcquiredRange[];
}

export type ShareReadServices = Pick<
  Services,
  keyof ReadServices | "partitions" | "sharePartitions"
>;

const nothing = new Uint8Array(0);
/** Whoever waits asks so often for a state that was not to be had. */
const lookAgainMs = 100;

/** Reads, waiting if need be. Resolves with what there is of each of `wanted`, in their order. */
export async function readShare(
  services: ShareReadServices,
  request: ShareReadRequest,
): Promise<ShareRead[]> {
  const { clock, purgatory, sharePartitions } = services;
  const { requester } = request;
  const deadlineMs = clock.monotonic() + request.waitMsMax;
  for (;;) {
    const found = await sharePartitions.findAll(request.wanted);
    const round = new Round(services, request, found);
    const isLast = services.isClosing || clock.monotonic() >= deadlineMs;
    const reads = await round.run(isLast);
    const isOver = isLast || clock.monotonic() >= deadlineMs ||
      reads.some(({ errorCode, acquired }) => errorCode !== ErrorCode.NONE || acquired.length > 0);
    if (isOver || services.isClosing || requester.hasLeft) return reads;
    if (round.isOutdated) continue;
    await purgatory.wait(round.watched, {
      isolation: round.isolation,
      bytes: Math.max(1, request.bytesMin - round.bytes),
      delayMs: Math.min(deadlineMs - clock.monotonic(), round.lacksState ? lookAgainMs : Infinity),
      requester,
    });
    if (requester.hasLeft) return reads;
  }
}

/** A partition that is read. */
interface Reading {
  readonly led: LedSharePartition;
  readonly index: number;
  readonly fetchOffset: Offset;
}

/** One walk over the partitions. */
class Round {
  readonly isolation: Isolation;
  /** Read so far. */
  bytes = 0;
  #isFull = false;
  #isStale = false;
  readonly #services: ShareReadServices;
  readonly #request: ShareReadRequest;
  readonly #found: readonly (LedSharePartition | ErrorCode)[];
  /** Of each that was found: how it was when the walk began. */
  readonly #before = new Map<LedSharePartition, { changes: number; end: Offset }>();

  constructor(
    services: ShareReadServices,
    request: ShareReadRequest,
    found: readonly (LedSharePartition | ErrorCode)[],
  ) {
    this.#services = services;
    this.#request = request;
    this.#found = found;
    this.isolation = services.sharePartitions.terms(request.groupId).isolation;
    for (const led of found) {
      if (!(led instanceof LedSharePartition)) continue;
      const { changes, partition } = led;
      this.#before.set(led, { changes, end: partition.visibleEnd(this.isolation) });
    }
  }

  /** What to wait for. */
  get watched() {
    return [...this.#before.keys()].flatMap((led) => led.hasRoom ? [led, led.partition] : [led]);
  }

  /** Whether the state of a partition is not to be had for now. */
  get lacksState(): boolean {
    return this.#found.includes(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }

  /** Whether something has changed since it began: waiting would miss it. */
  get isOutdated(): boolean {
    if (this.#isStale) return true;
    for (const [led, { changes, end }] of this.#before) {
      if (led.changes !== changes || led.partition.visibleEnd(this.isolation) > end) return true;
    }
    return false;
  }

  /** Hands out what it reads where that is enough, or `isLast`. */
  async run(isLast: boolean): Promise<ShareRead[]> {
    const { wanted } = this.#request;
    const reads: ShareRead[] = wanted.map((key, i) => {
      const found = this.#found[i];
      const errorCode = found instanceof LedSharePartition ? ErrorCode.NONE : toldOf(found);
      return { key, errorCode, records: nothing, acquired: [] };
    });
    const readings = this.#begin();
    if (readings.length === 0) return reads;
    try {
      const data = await this.#read(readings);
      if (!this.#isEnough && !isLast && data.every(isSound) && reads.every(isSound)) {
        return reads;
      }
      let left = this.#request.recordsMax;
      for (const [i, reading] of readings.entries()) {
        const read = this.#handOut(reading, { data: data[i], left });
        for (const { firstOffset, lastOffset } of read.acquired) {
          left -= lastOffset - firstOffset + 1;
        }
        reads[reading.index] = read;
      }
      return reads;
    } finally {
      for (const { led } of readings) led.endRead();
    }
  }

  get #isEnough(): boolean {
    const { bytesMin, bytesMax } = this.#request;
    return this.#isFull || this.bytes >= Math.min(bytesMin, bytesMax);
  }

  #begin(): Reading[] {
    return this.#found.flatMap((led, index) => {
      if (!(led instanceof LedSharePartition)) return [];
      const fetchOffset = led.beginRead(this.isolation);
      return fetchOffset === undefined ? [] : [{ led, index, fetchOffset }];
    });
  }

  async #read(readings: readonly Reading[]): Promise<PartitionData[]> {
    const { bytesMax, requester } = this.#request;
    const { isolation } = this;
    const partitionMaxBytes = Math.max(1, Math.floor(bytesMax / readings.length));
    const wanted = readings.map(({ led, fetchOffset }) => ({
      led,
      fetchOffset,
      partition: led.key.partition,
      partitionMaxBytes,
      currentLeaderEpoch: led.leaderEpoch,
      lastFetchedEpoch: -1,
    }));
    const find = ({ led: { partition: { topic, id } } }: typeof wanted[number]) =>
      this.#services.partitions.find(topic, id);
    const terms = { isolation, bytesMax, requester };
    const pass = new Pass<typeof wanted[number]>(this.#services, terms);
    try {
      return await pass.run({ ...terms, wanted, find });
    } finally {
      this.bytes = pass.bytes;
      this.#isFull = pass.isFull;
      // From here on the connection counts them.
      this.#services.memory.answers.give(pass.bytes);
    }
  }

  #handOut(
    { led, fetchOffset }: Reading,
    { data, left }: { readonly data: PartitionData | undefined; readonly left: number },
  ): ShareRead {
    const { key } = led;
    const errorCode = data?.errorCode ?? ErrorCode.NONE;
    const isFound = data !== undefined && errorCode === ErrorCode.NONE;
    if (!isFound || left <= 0 || !this.#request.isCurrent()) {
      // Records were deleted while it was read: the next round begins behind them.
      this.#isStale ||= errorCode === ErrorCode.OFFSET_OUT_OF_RANGE;
      const told = errorCode === ErrorCode.OFFSET_OUT_OF_RANGE ? ErrorCode.NONE : errorCode;
      return { key, errorCode: told, records: nothing, acquired: [] };
    }
    const { memberId, isStrict, batchSize } = this.#request;
    const batches = placedBatches(data);
    const acquired = led.acquire({
      memberId,
      isStrict,
      batchSize,
      batches,
      fromOffset: fetchOffset,
      recordsMax: left,
    });
    const records = sliceFor(asBytes(data.records), { batches, ranges: acquired });
    return { key, errorCode, records, acquired };
  }
}

/** A client of Kafka's ends where it is told that a coordinator is not available. */
function toldOf(found: ErrorCode = ErrorCode.NONE): ErrorCode {
  return found === ErrorCode.COORDINATOR_NOT_AVAILABLE ? ErrorCode.NONE : found;
}

function isSound({ errorCode }: { readonly errorCode: ErrorCode }): boolean {
  return errorCode === ErrorCode.NONE;
}
