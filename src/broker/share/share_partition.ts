// A partition in a share group, as its leader keeps it (KIP-932): which records are under way, who
// holds them and until when, and what of that is to be stored.
//
//   available ──acquire──> acquired ──accept──────────────────> acknowledged
//       ^                   │ │ └──reject, gap────────────────> archived
//       │                   │ └──renew──> acquired, for longer
//       └──release, the lock runs out, the holder leaves──┘
//                             └─ delivered as often as may be ──> archived
//
//   what happens     is stored as   and until it is
//   acquire, renew   -              takes effect at once
//   accept, release  a change       the member holds the record; where it cannot be stored, still
//   reject, gap      a change       so, too
//   lock runs out    a change       nobody is given the record; where it cannot be stored, it is
//   holder leaves    a change       let go of all the same
//   no such record   a change       so, too: a marker, an aborted transaction, a compacted offset
//
// Writes are begun one after the other: `beginWrite` takes along what has changed, `settle` says
// how it went. They store the state as it is without anybody holding anything, so that a leader
// that begins with it hands out again what was held.
//
// Invariants: a record is held by one member at most; one that is under way to something is neither
// handed out nor taken back; the start offset never goes back, and what lies below it is done with;
// from the start offset on, no more offsets are looked at than may be under way, but for what is
// left of one batch.
//
// Differs from Kafka: an acknowledgement whose range begins below the start offset is refused,
// unless the log has deleted those records; Kafka accepts it for the part above.

import type { Offset } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import {
  InFlight,
  isDone,
  type OffsetRange,
  type RecordState,
  type Span,
  type Staged,
  untouched,
} from "./in_flight.ts";

/** What a share partition works by: its group's settings, or the broker's. */
export interface ShareTerms {
  /** Offsets that may be under way. */
  readonly recordLocksMax: number;
  readonly deliveryCountMax: number;
  readonly lockMs: number;
  readonly canRenew: boolean;
}

/** What is stored of some records: KIP-932's numbers for their state. */
export interface StoredBatch extends OffsetRange {
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** What a leader begins with. */
export interface StoredSharePartition {
  readonly startOffset: Offset;
  readonly stateBatches: readonly StoredBatch[];
}

/** What is to be stored. */
export interface ShareWrite extends StoredSharePartition {
  readonly number: number;
  /** Records at or above the start offset that are done with (KIP-1226). */
  readonly deliveryCompleteCount: number;
}

/** A batch that was read. */
export interface ReadBatch extends OffsetRange {
  /** False: there is nothing in it for anybody. */
  readonly isGiven: boolean;
}

/** Records for a member. */
export interface Acquisition {
  readonly memberId: string;
  /** What was read from `fromOffset` on, in order. */
  readonly batches: readonly ReadBatch[];
  readonly fromOffset: Offset;
  readonly recordsMax: number;
  /** Whether it may be no record more; else batches are handed out whole (KIP-1206). */
  readonly isStrict: boolean;
  /** Into ranges of how many records they are to be told. */
  readonly batchSize: number;
  readonly nowMs: number;
}

/** Records that a member holds from now on. */
export interface AcquiredRange extends OffsetRange {
  readonly deliveryCount: number;
}

/** What a member says of records: one type for all of them, or one for each. */
export interface Acknowledgement extends OffsetRange {
  readonly types: readonly number[];
}

export interface Acknowledgements {
  readonly memberId: string;
  readonly batches: readonly Acknowledgement[];
  readonly nowMs: number;
}

/** NONE, or why none of it was done; and the write that stores it, undefined for none. */
export interface Acknowledged {
  readonly errorCode: ErrorCode;
  readonly write: number | undefined;
}

/** What a member can say of a record (KIP-932; 4 is KIP-1222). */
export const acknowledgeTypes = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const;

const stateCodes = { available: 0, acknowledged: 2, archived: 4 } as const;
const storedStates: ReadonlyMap<number, RecordState> = new Map([
  [2, "acknowledged"],
  [3, "archived"],
  [4, "archived"],
]);

export class SharePartition {
  readonly #readTerms: () => ShareTerms;
  /** As they were when the last decision began. */
  #terms: ShareTerms;
  readonly #records: InFlight;
  /** No lock runs out before. */
  #deadlineMs = Infinity;
  /** The write that is to come. */
  #write = 1;
  /** Whether something is to be stored. */
  #isChanged = false;
  /** Below it the log has deleted records, held ones among them. */
  #deletedBefore = 0;

  /** `terms` is read at each decision. */
  constructor({ startOffset, stateBatches }: StoredSharePartition, terms: () => ShareTerms) {
    this.#readTerms = terms;
    this.#terms = terms();
    this.#records = new InFlight(startOffset);
    const records = this.#records;
    for (const { firstOffset, lastOffset, deliveryState, deliveryCount } of stateBatches) {
      if (lastOffset < records.nextOffset) continue;
      if (firstOffset > records.nextOffset) records.append(firstOffset - 1, untouched);
      const state = storedStates.get(deliveryState) ?? "available";
      records.append(lastOffset, conditionOf(state, deliveryCount));
    }
    records.advance();
  }

  get startOffset(): Offset {
    return this.#records.startOffset;
  }

  /** The first offset that has not been looked at. */
  get nextOffset(): Offset {
    return this.#records.nextOffset;
  }

  get spans(): readonly Span[] {
    return this.#records.spans;
  }

  /** Whether there is something to write. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** The number that the next write will have. */
  get nextWrite(): number {
    return this.#write;
  }

  /** Where to read on; undefined while no more may be under way. */
  get fetchOffset(): Offset | undefined {
    this.#terms = this.#readTerms();
    const available = this.spans.find((span) => isFree(span));
    if (available !== undefined) return available.firstOffset;
    return this.#records.length < this.#terms.recordLocksMax ? this.nextOffset : undefined;
  }

  /** How many records `memberId` holds. */
  heldBy(memberId: string): number {
    let count = 0;
    for (const { held, firstOffset, lastOffset } of this.spans) {
      if (held?.memberId === memberId) count += lastOffset - firstOffset + 1;
    }
    return count;
  }

  /** Hands out what may be handed out of what was read. */
  acquire(acquisition: Acquisition): AcquiredRange[] {
    this.#terms = this.#readTerms();
    const { batches, recordsMax } = acquisition;
    const acquired: AcquiredRange[] = [];
    let left = Math.min(recordsMax, this.#terms.recordLocksMax);
    let offset = Math.max(acquisition.fromOffset, this.startOffset);
    for (const batch of batches) {
      if (batch.lastOffset < offset) continue;
      if (left <= 0 || (offset >= this.nextOffset && this.#room <= 0)) break;
      // Compaction has left nothing there.
      if (batch.firstOffset > offset) this.#pass(offset, batch.firstOffset - 1);
      const firstOffset = Math.max(offset, batch.firstOffset);
      const { lastOffset } = batch;
      if (batch.isGiven) {
        left -= this.#take({ firstOffset, lastOffset }, acquisition, { left, acquired });
      } else {
        this.#pass(firstOffset, lastOffset);
      }
      // Of a large batch some may be left for the next time.
      if (lastOffset >= this.nextOffset) break;
      offset = lastOffset + 1;
    }
    return acquired;
  }

  /** All of it, or nothing. */
  acknowledge({ memberId, batches, nowMs }: Acknowledgements): Acknowledged {
    this.#terms = this.#readTerms();
    const { canRenew } = this.#terms;
    for (const batch of batches) {
      const errorCode = this.#refusalOf(batch, memberId);
      if (errorCode !== ErrorCode.NONE) return { errorCode, write: undefined };
      if (!canRenew && batch.types.includes(acknowledgeTypes.renew)) {
        return { errorCode: ErrorCode.INVALID_RECORD_STATE, write: undefined };
      }
    }
    let isStaged = false;
    for (const batch of batches) {
      for (const { type, ...range } of rangesOf(batch)) {
        if (range.lastOffset < this.startOffset) continue;
        if (type === acknowledgeTypes.renew) this.#hold(range, { memberId, nowMs });
        else {
          this.#stage(range, (span) => ({ to: this.#outcomeOf(type, span), isForced: false }));
          isStaged = true;
        }
      }
    }
    return { errorCode: ErrorCode.NONE, write: isStaged ? this.#write : undefined };
  }

  /** `memberId` is gone: others may have what it holds. */
  release(memberId: string): void {
    this.#letGo((held) => held.memberId === memberId);
  }

  /** When `onTick` is next due; undefined while nobody holds anything. */
  get deadlineMs(): number | undefined {
    return this.#deadlineMs === Infinity ? undefined : this.#deadlineMs;
  }

  /** Locks that have run out are let go of. Returns how many records they were. */
  onTick(nowMs: number): number {
    const count = this.#letGo((held) => held.untilMs <= nowMs);
    this.#deadlineMs = Infinity;
    for (const { held, staged } of this.spans) {
      if (held === undefined || staged !== undefined) continue;
      this.#deadlineMs = Math.min(this.#deadlineMs, held.untilMs);
    }
    return count;
  }

  /** The log begins at `logStartOffset`: what lies below is gone, whoever holds it. */
  onDeleted(logStartOffset: Offset): void {
    this.#deletedBefore = Math.max(this.#deletedBefore, logStartOffset);
    if (logStartOffset <= this.startOffset) return;
    this.#records.dropBefore(logStartOffset);
    this.#records.advance();
    this.#isChanged = true;
  }

  /** All that is to be stored; undefined while that is nothing. */
  beginWrite(): ShareWrite | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    const number = this.#write++;
    const { nextOffset, spans } = this.#records;
    const isDoneThen = ({ state, staged }: Span) => isDone(staged?.to ?? state);
    const startOffset = spans.find((span) => !isDoneThen(span))?.firstOffset ?? nextOffset;
    let deliveryCompleteCount = 0;
    const stateBatches: StoredBatch[] = [];
    for (const span of spans) {
      const { staged, deliveryCount, firstOffset, lastOffset } = span;
      if (lastOffset < startOffset) continue;
      if (isDoneThen(span)) deliveryCompleteCount += lastOffset - firstOffset + 1;
      if (staged === undefined) continue;
      const deliveryState = stateCodes[staged.to];
      stateBatches.push({ firstOffset, lastOffset, deliveryState, deliveryCount });
    }
    return { number, startOffset, deliveryCompleteCount, stateBatches };
  }

  /** Write `number` is over: what it was about has happened, or could not be stored. */
  settle(number: number, isStored: boolean): void {
    this.#records.changeAll((span) => {
      const { staged, deliveryCount } = span;
      if (staged?.write !== number) return span;
      if (isStored || staged.isForced) return conditionOf(staged.to, deliveryCount);
      if (span.held !== undefined) this.#noteDeadline(span.held.untilMs);
      return { ...span, staged: undefined };
    });
    this.#records.advance();
  }

  /** How many new offsets may still be looked at. */
  get #room(): number {
    return this.#terms.recordLocksMax - this.#records.length;
  }

  /** Hands out a batch, or as much of it as may be. Returns how many records it was. */
  #take(
    batch: OffsetRange,
    { memberId, nowMs, isStrict, batchSize }: Acquisition,
    { left, acquired }: { readonly left: number; readonly acquired: AcquiredRange[] },
  ): number {
    // A batch goes as a whole, but there is an end to it: its records may be told of one by one.
    const budget = isStrict ? left : this.#terms.recordLocksMax;
    this.#lookAt(batch.lastOffset, isStrict ? Math.min(budget, this.#room) : budget);
    let count = 0;
    for (const span of [...this.#records.within(batch)]) {
      if (!isFree(span) || count === budget) continue;
      const { firstOffset } = span;
      const lastOffset = Math.min(span.lastOffset, firstOffset + budget - count - 1);
      const deliveryCount = span.deliveryCount + 1;
      this.#hold({ firstOffset, lastOffset }, { memberId, nowMs, deliveryCount });
      addRange(acquired, { firstOffset, lastOffset, deliveryCount }, batchSize);
      count += lastOffset - firstOffset + 1;
    }
    return count;
  }

  /** There is nothing for anybody from `firstOffset` to `lastOffset`. */
  #pass(firstOffset: Offset, lastOffset: Offset): void {
    this.#lookAt(lastOffset, Infinity);
    for (const span of [...this.#records.within({ firstOffset, lastOffset })]) {
      if (isFree(span)) this.#stage(span, () => ({ to: "archived", isForced: true }));
    }
  }

  /** Takes up new offsets, up to `lastOffset` and `countMax` of them at most. */
  #lookAt(lastOffset: Offset, countMax: number): void {
    const { nextOffset } = this.#records;
    if (lastOffset < nextOffset || this.#room <= 0) return;
    this.#records.append(Math.min(lastOffset, nextOffset + countMax - 1), untouched);
  }

  /** `memberId` holds the records of `range` from now on; `deliveryCount` absent: it did before. */
  #hold(
    range: OffsetRange,
    { memberId, nowMs, deliveryCount }: {
      readonly memberId: string;
      readonly nowMs: number;
      readonly deliveryCount?: number;
    },
  ): void {
    const held = { memberId, untilMs: nowMs + this.#terms.lockMs };
    this.#records.change(range, (span) => ({
      state: "acquired",
      deliveryCount: deliveryCount ?? span.deliveryCount,
      held,
      staged: undefined,
    }));
    this.#noteDeadline(held.untilMs);
  }

  #noteDeadline(ms: number): void {
    this.#deadlineMs = Math.min(this.#deadlineMs, ms);
  }

  /** What is held by `whom` is for others, or given up. Returns how many records that is. */
  #letGo(whom: (held: Held) => boolean): number {
    this.#terms = this.#readTerms();
    let count = 0;
    for (const span of [...this.spans]) {
      if (span.held === undefined || span.staged !== undefined || !whom(span.held)) continue;
      const to = this.#outcomeOf(acknowledgeTypes.release, span);
      this.#stage(span, () => ({ to, isForced: true }));
      count += span.lastOffset - span.firstOffset + 1;
    }
    return count;
  }

  #stage(range: OffsetRange, become: (span: Span) => Omit<Staged, "write">): void {
    const write = this.#write;
    this.#records.change(range, (span) => ({ ...span, staged: { ...become(span), write } }));
    this.#isChanged = true;
  }

  /** What an acknowledgement makes of a record that is held. */
  #outcomeOf(type: number, { deliveryCount }: Span): Staged["to"] {
    if (type === acknowledgeTypes.accept) return "acknowledged";
    if (type !== acknowledgeTypes.release) return "archived";
    return deliveryCount < this.#terms.deliveryCountMax ? "available" : "archived";
  }

  /** Why `memberId` cannot acknowledge a batch. */
  #refusalOf({ firstOffset, lastOffset }: OffsetRange, memberId: string): ErrorCode {
    // What the log has deleted is nobody's any more; of the rest, all that is done with is.
    const first = Math.max(firstOffset, this.#deletedBefore);
    if (lastOffset < first) return ErrorCode.NONE;
    if (first < this.startOffset || this.#records.length === 0) {
      return ErrorCode.INVALID_RECORD_STATE;
    }
    if (lastOffset >= this.nextOffset) return ErrorCode.INVALID_REQUEST;
    for (const { held, staged } of this.#records.within({ firstOffset: first, lastOffset })) {
      const isTheirs = held?.memberId === memberId && staged === undefined;
      if (!isTheirs) return ErrorCode.INVALID_RECORD_STATE;
    }
    return ErrorCode.NONE;
  }
}

type Held = NonNullable<Span["held"]>;

function conditionOf(state: RecordState, deliveryCount: number) {
  // How often what is done with was delivered is of no use any more, and would keep spans apart.
  return { ...untouched, state, deliveryCount: isDone(state) ? 0 : deliveryCount };
}

/** Whether it may be handed out. */
function isFree({ state, staged }: Span): boolean {
  return state === "available" && staged === undefined;
}

/** Adds to what is told of, together with what lies before it until that is `batchSize` records. */
function addRange(ranges: AcquiredRange[], range: AcquiredRange, batchSize: number): void {
  const before = ranges.at(-1);
  const joins = before !== undefined && before.lastOffset + 1 === range.firstOffset &&
    before.deliveryCount === range.deliveryCount &&
    before.lastOffset - before.firstOffset + 1 < batchSize;
  if (joins) ranges[ranges.length - 1] = { ...before, lastOffset: range.lastOffset };
  else ranges.push(range);
}

/** Offsets of one batch that are acknowledged alike, in order. */
function* rangesOf({ firstOffset, lastOffset, types }: Acknowledgement) {
  let first = firstOffset;
  for (let i = 1; i <= types.length; i++) {
    const type = types[i - 1];
    if (type === undefined || types[i] === type) continue;
    const last = i === types.length ? lastOffset : firstOffset + i - 1;
    yield { type, firstOffset: first, lastOffset: last };
    first = last + 1;
  }
}
