// The share coordinator of one __share_group_state partition: it keeps, for each (group, topic,
// partition), where the group starts and what it did with the records behind that (KIP-932). The
// group's coordinator begins and ends such a state, the partition's leader reads and writes it.
//
//   initialize ──> snapshot            no state ──> state        stateEpoch may not go back
//   read       ──> update, if epoch    remembers the reader's leader epoch, which may not go back
//   write      ──> update | snapshot   lays the change over what is known
//   delete     ──> tombstone           state ──> no state
//   summary                            where it starts, without the records
//
// So many updates after a snapshot comes the next one; and one whose snapshot is old gets another
// from time to time, so that the topic can be cut off below the oldest that is needed.
//
// Invariants: a state is its last snapshot with the updates of the same snapshot epoch laid over
// it; leader epoch and state epoch of a state never go back.
//
// Differs from Kafka: a range of offsets that ends before it begins, or lies beyond 2^53, is
// refused with INVALID_REQUEST; Kafka stores it.

import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { type Int64, saturated } from "../../base/int64.ts";
import { ErrorCode, errorMessage } from "../../protocol/errors.ts";
import { groupErrorOf } from "../append_errors.ts";
import type { Answer, At, Decision, Effects, ImageChange, Machine } from "../machine.ts";
import { layOver, type StateBatch } from "./batches.ts";
import type { ShareStateRecord } from "./record_codec.ts";
import { type SharePartitionKey, sharePartitionText } from "./share_partition_key.ts";

/** What the share coordinator works by. */
export interface ShareStateConfig {
  /** So many updates may follow a snapshot. */
  readonly updatesPerSnapshot: number;
}

/** What is kept of one. Offsets and epochs are -1 where nobody has said them. */
export interface ShareState {
  readonly snapshotEpoch: number;
  readonly stateEpoch: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly startOffset: Offset;
  /** Records at or above the start offset that are done with; -1: not known (KIP-1226). */
  readonly deliveryCompleteCount: number;
  readonly createTimestamp: Int64;
  readonly writeTimestamp: Int64;
  readonly stateBatches: readonly StateBatch[];
}

/** The answer to any request about one share partition; a read's comes with the state. */
export interface ShareStateAnswer {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  readonly state: ShareState | undefined;
}

/** A batch as a peer says it. */
interface SaidBatch {
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly deliveryState: number;
  readonly deliveryCount: number;
}

/** What is asked about a share partition. */
export interface ShareStateQuestion {
  readonly key: SharePartitionKey;
  /** Whether there is such a topic and partition. */
  readonly exists: boolean;
}

export interface InitializeInput extends ShareStateQuestion {
  readonly stateEpoch: number;
  readonly startOffset: Int64;
}

export interface ReadInput extends ShareStateQuestion {
  readonly leaderEpoch: LeaderEpoch;
}

export interface WriteInput extends ShareStateQuestion {
  readonly stateEpoch: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly startOffset: Int64;
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly SaidBatch[];
}

type ShareStateDecision = Decision<ShareStateRecord, ShareStateAnswer>;
type AtShareState = At<ShareStateAnswer>;

/** A state, and what tells when the next snapshot of it is due. */
interface Entry {
  readonly key: SharePartitionKey;
  state: ShareState;
  updateCount: number;
  /** The highest leader epoch that anybody had. */
  leaderEpoch: LeaderEpoch;
}

/** An old snapshot is replaced, so that what lies behind it can go. */
const coldAfterMs = 300_000;
/** So many at a time. */
const coldPerTickMax = 1_000;

const noEffects = { answers: [], notes: [], next: undefined };

export class ShareStateTable implements Machine<ShareStateRecord, ShareStateAnswer> {
  readonly #config: () => ShareStateConfig;
  readonly #entries = new Map<string, Entry>();
  #coldDueMs: number | undefined;

  constructor(config: () => ShareStateConfig) {
    this.#config = config;
  }

  apply(record: ShareStateRecord): void {
    const id = sharePartitionText(record.key);
    const { value } = record;
    if (value === null) {
      if (record.type === "ShareSnapshot") this.#entries.delete(id);
      return;
    }
    const entry = this.#entries.get(id);
    const leaderEpoch = Math.max(entry?.leaderEpoch ?? -1, value.leaderEpoch);
    const changes = value.stateBatches.map(storedBatch);
    if (record.type === "ShareSnapshot") {
      const startOffset = saturated(value.startOffset);
      const stateBatches = layOver([], { changes, startOffset });
      const state = { ...record.value, startOffset, stateBatches } as ShareState;
      this.#entries.set(id, { key: record.key, state, updateCount: 0, leaderEpoch });
      return;
    }
    // What it would change is not known: it is as if the state were not.
    if (entry === undefined || entry.state.snapshotEpoch !== value.snapshotEpoch) return;
    const { state } = entry;
    const startOffset = value.startOffset === -1 ? state.startOffset : saturated(value.startOffset);
    entry.state = {
      ...state,
      startOffset,
      leaderEpoch: value.leaderEpoch === -1 ? state.leaderEpoch : value.leaderEpoch,
      deliveryCompleteCount: value.deliveryCompleteCount,
      stateBatches: layOver(state.stateBatches, { changes, startOffset }),
    };
    entry.leaderEpoch = leaderEpoch;
    entry.updateCount++;
  }

  onLoaded(nowMs: number): ShareStateDecision {
    this.#coldDueMs = nowMs + coldAfterMs;
    return { records: [], settle: () => noEffects, refuse: () => noEffects };
  }

  nextDeadlineMs(): number | undefined {
    return this.#coldDueMs;
  }

  /** Writes states down anew whose snapshot is old. */
  onTick(nowMs: number): ShareStateDecision {
    const records: ShareStateRecord[] = [];
    for (const { key, state } of this.#entries.values()) {
      if (records.length === coldPerTickMax) break;
      if (Number(state.writeTimestamp) + coldAfterMs > nowMs) continue;
      records.push(snapshotOf(key, { ...state, writeTimestamp: nowMs }));
    }
    const again = (effects: { delayMs: number }) => () => {
      this.#coldDueMs = nowMs + effects.delayMs;
      return noEffects;
    };
    const hasMore = records.length === coldPerTickMax;
    return {
      records,
      settle: again({ delayMs: hasMore ? 0 : coldAfterMs }),
      refuse: again({ delayMs: coldAfterMs }),
    };
  }

  resign(): readonly Answer<ShareStateAnswer>[] {
    return [];
  }

  /** Begins to keep a state, or begins anew with it. */
  initialize(input: InitializeInput, at: AtShareState): ShareStateDecision {
    const { key, stateEpoch, startOffset } = input;
    const entry = this.#entry(key);
    if (key.partition < 0) return refused(at, negativePartition);
    if (entry !== undefined && stateEpoch !== -1 && stateEpoch < entry.state.stateEpoch) {
      return refused(at, failure(ErrorCode.FENCED_STATE_EPOCH));
    }
    if (!input.exists) return refused(at, unknownPartition);
    const record = snapshotOf(key, {
      snapshotEpoch: entry === undefined ? 0 : entry.state.snapshotEpoch + 1,
      stateEpoch,
      leaderEpoch: 0,
      startOffset: saturated(startOffset),
      deliveryCompleteCount: startOffset === -1 ? -1 : 0,
      createTimestamp: at.nowMs,
      writeTimestamp: at.nowMs,
      stateBatches: [],
    });
    return this.#stored(at, record);
  }

  /** The state, for a leader of this epoch. */
  read({ key, leaderEpoch, exists }: ReadInput, at: AtShareState): ShareStateDecision {
    const entry = this.#entry(key);
    if (key.partition < 0) return refused(at, negativePartition);
    if (entry === undefined) return refused(at, uninitialized("Read"));
    if (entry.leaderEpoch > leaderEpoch) {
      return refused(at, failure(ErrorCode.FENCED_LEADER_EPOCH));
    }
    if (!exists) return refused(at, unknownPartition);
    if (leaderEpoch === -1 || leaderEpoch === entry.leaderEpoch) {
      return told(at, answerOf(entry.state));
    }
    const { deliveryCompleteCount, startOffset } = entry.state;
    const change = { leaderEpoch, startOffset, deliveryCompleteCount, stateBatches: [] };
    return this.#stored(at, this.#changed(entry, change, at.nowMs), () => answerOf(entry.state));
  }

  /** Keeps what the leader has changed. */
  write(input: WriteInput, at: AtShareState): ShareStateDecision {
    const { key, stateEpoch, leaderEpoch } = input;
    const entry = this.#entry(key);
    if (key.partition < 0) return refused(at, negativePartition);
    if (entry === undefined) return refused(at, uninitialized("Write"));
    if (entry.leaderEpoch > leaderEpoch) {
      return refused(at, failure(ErrorCode.FENCED_LEADER_EPOCH));
    }
    if (stateEpoch !== -1 && entry.state.stateEpoch > stateEpoch) {
      return refused(at, failure(ErrorCode.FENCED_STATE_EPOCH));
    }
    if (!input.exists) return refused(at, unknownPartition);
    const stateBatches: StateBatch[] = [];
    for (const { firstOffset, lastOffset, ...said } of input.stateBatches) {
      const isRange = typeof firstOffset === "number" && typeof lastOffset === "number" &&
        firstOffset <= lastOffset && firstOffset >= 0;
      if (!isRange) return refused(at, noRange);
      stateBatches.push({ firstOffset, lastOffset, ...said });
    }
    const change = {
      leaderEpoch: entry.state.leaderEpoch,
      startOffset: saturated(input.startOffset),
      deliveryCompleteCount: input.deliveryCompleteCount,
      stateBatches,
    };
    return this.#stored(at, this.#changed(entry, change, at.nowMs));
  }

  /** Forgets the state; one that is not there is forgotten already. */
  delete({ key, exists }: ShareStateQuestion, at: AtShareState): ShareStateDecision {
    if (key.partition < 0) return refused(at, negativePartition);
    if (!exists) return refused(at, unknownPartition);
    if (this.#entry(key) === undefined) return refused(at, answerOf(undefined));
    return this.#stored(at, { type: "ShareSnapshot", key, value: null });
  }

  /** The state as it is; undefined in the answer where there is none. */
  summary({ key, exists }: ShareStateQuestion): ShareStateAnswer {
    if (key.partition < 0) return negativePartition;
    return exists ? answerOf(this.#entry(key)?.state) : unknownPartition;
  }

  /** What belongs to topics that are no more is forgotten. */
  onImage({ isTopic }: Pick<ImageChange, "isTopic">): ShareStateDecision {
    const records: ShareStateRecord[] = [];
    for (const { key } of this.#entries.values()) {
      if (!isTopic(key.topicId)) records.push({ type: "ShareSnapshot", key, value: null });
    }
    return { records, settle: () => noEffects, refuse: () => noEffects };
  }

  #entry(key: SharePartitionKey): Entry | undefined {
    return this.#entries.get(sharePartitionText(key));
  }

  /** The record of a change: with what was known, when enough changes have come. */
  #changed(
    { key, state, updateCount }: Entry,
    change: Pick<
      ShareState,
      "leaderEpoch" | "startOffset" | "deliveryCompleteCount" | "stateBatches"
    >,
    nowMs: number,
  ): ShareStateRecord {
    const leaderEpoch = change.leaderEpoch === -1 ? state.leaderEpoch : change.leaderEpoch;
    const startOffset = change.startOffset === -1 ? state.startOffset : change.startOffset;
    if (updateCount < this.#config().updatesPerSnapshot) {
      const stateBatches = layOver([], { changes: change.stateBatches, startOffset });
      const { snapshotEpoch } = state;
      return {
        type: "ShareUpdate",
        key,
        value: { ...change, snapshotEpoch, leaderEpoch, stateBatches },
      };
    }
    return snapshotOf(key, {
      ...change,
      startOffset,
      leaderEpoch,
      snapshotEpoch: state.snapshotEpoch + 1,
      stateEpoch: state.stateEpoch,
      createTimestamp: nowMs,
      writeTimestamp: nowMs,
      stateBatches: layOver(state.stateBatches, { changes: change.stateBatches, startOffset }),
    });
  }

  /** Stores `record`, and answers once it is durable. */
  #stored(
    { asked }: AtShareState,
    record: ShareStateRecord,
    answer: () => ShareStateAnswer = () => answerOf(undefined),
  ): ShareStateDecision {
    const failed = (error: ErrorCode) => failure(storeErrorOf(error));
    const effects = (
      response: ShareStateAnswer,
      isStored: boolean,
    ): Effects<ShareStateRecord, ShareStateAnswer> => ({
      ...noEffects,
      answers: [{ to: asked, response, failed: isStored ? failed : undefined }],
    });
    return {
      records: [record],
      settle: () => effects(answer(), true),
      refuse: (error) => effects(failed(error), false),
    };
  }
}

/** How a refused append reads to who asked. */
function storeErrorOf(appendError: ErrorCode): ErrorCode {
  return appendError === ErrorCode.REQUEST_TIMED_OUT
    ? ErrorCode.COORDINATOR_NOT_AVAILABLE
    : groupErrorOf(appendError);
}

function storedBatch({ firstOffset, lastOffset, ...said }: SaidBatch): StateBatch {
  return { ...said, firstOffset: saturated(firstOffset), lastOffset: saturated(lastOffset) };
}

function snapshotOf(key: SharePartitionKey, state: ShareState): ShareStateRecord {
  return { type: "ShareSnapshot", key, value: { ...state, stateBatches: [...state.stateBatches] } };
}

/** The state as it is, once all that it came from is durable. */
function told({ asked }: AtShareState, response: ShareStateAnswer): ShareStateDecision {
  const failed = (error: ErrorCode) => failure(storeErrorOf(error));
  const settle = () => ({ ...noEffects, answers: [{ to: asked, response, failed }] });
  return { records: [], settle, refuse: settle };
}

/** An answer that needs nothing stored. */
function refused({ asked }: AtShareState, response: ShareStateAnswer): ShareStateDecision {
  const settle = () => ({ ...noEffects, answers: [{ to: asked, response, failed: undefined }] });
  return { records: [], settle, refuse: settle };
}

function answerOf(state: ShareState | undefined): ShareStateAnswer {
  return { errorCode: ErrorCode.NONE, errorMessage: null, state };
}

function failure(errorCode: ErrorCode, message = errorMessage(errorCode)): ShareStateAnswer {
  return { errorCode, errorMessage: message, state: undefined };
}

function uninitialized(operation: "Read" | "Write"): ShareStateAnswer {
  const message = `${operation} operation on uninitialized share partition not allowed.`;
  return failure(ErrorCode.INVALID_REQUEST, message);
}

const negativePartition = failure(
  ErrorCode.INVALID_REQUEST,
  "The partition id cannot be a negative number.",
);
const unknownPartition = failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
const noRange = failure(
  ErrorCode.INVALID_REQUEST,
  "A state batch must be a range of offsets that begins before it ends.",
);
