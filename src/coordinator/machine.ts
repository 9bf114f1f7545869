// A coordinator, whichever topic it keeps its state in: what it is to the shell that gives it a
// log, a clock and clients (src/broker/coordination/shard.ts).
//
//   decide ──> Decision ──> append its records ──┬─ taken:   apply each ──> settle ──> Effects
//   (changes nothing)                            └─ refused: refuse ─────────────────> Effects
//
//   hard state   what the log says: changed by `apply` alone, while loading and while leading
//   soft state   who waits, when an alarm rings, what members are agreeing on: changed by `settle`
//
// Invariants: deciding changes nothing, so a refused append leaves nothing to undo; a decision is
// carried out before the next one is made, so that the log has them in their order; a decision's
// records are in the log all or none. A machine has no clock, no chance and no I/O: the same calls
// give the same states, so that a state can be made again by repeating them.

import type { ProducerId, Uuid } from "../base/ids.ts";
import { ErrorCode } from "../protocol/errors.ts";

/** What `Asked` carries for the compiler alone. */
declare const response: unique symbol;

/** A request that waits for a `Response`: the number that its shell knows it by. */
export interface Asked<Response> {
  readonly id: number;
  readonly [response]?: Response;
}

/** When a request is decided, and who waits for the response. */
export interface At<Response> {
  readonly nowMs: number;
  readonly asked: Asked<Response>;
}

/** The response to one request. */
export interface Answer<Response> {
  readonly to: Asked<Response>;
  readonly response: Response;
  /**
   * For one that must wait until every record handed out so far is durable: the response if they
   * cannot be made so. Undefined for one that tells nothing but what is durable, or soft.
   */
  readonly failed: ((error: ErrorCode) => Response) | undefined;
}

/** Something an operator may want to read in the log: a constant sentence and what varies. */
export interface Note {
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** What came of a decision, for the world. */
export interface Effects<Rec, Response> {
  readonly answers: readonly Answer<Response>[];
  readonly notes: readonly Note[];
  /** What is to be decided next, before anything else; undefined when nothing is. */
  readonly next: (() => Decision<Rec, Response>) | undefined;
}

/** Whose transaction records belong to. */
export interface TransactionProducer {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
}

export interface Decision<Rec, Response> {
  /** One batch, to be appended at once. */
  readonly records: readonly Rec[];
  /** The records count only once this producer's transaction has committed. */
  readonly producer?: TransactionProducer;
  /** The log has the records and they are applied: the soft effects. */
  readonly settle: () => Effects<Rec, Response>;
  /** The log refused the records: nothing has happened, and whoever asked is told so. */
  readonly refuse: (appendError: ErrorCode) => Effects<Rec, Response>;
}

/** A new metadata image: what of it concerns coordinators. */
export interface ImageChange {
  /** Names of topics that are gone. */
  readonly deletedTopics: readonly string[];
  /** Whether there is a topic of this id. */
  readonly isTopic: (topicId: Uuid) => boolean;
}

/** The coordinator of one partition of its topic. */
export interface Machine<Rec, Response> {
  /**
   * Takes over a record: of the log at load, of a decision once the log has it. `producerId`: it is
   * pending until `endTransaction`; a machine that has none is given it when it is committed.
   */
  apply(record: Rec, producerId?: ProducerId): void;
  /** Takes over what a producer has pending, or drops it: the log has the marker. */
  endTransaction?(producerId: ProducerId, committed: boolean): void;
  /** The log has been read, be it empty: leading begins. */
  onLoaded(nowMs: number): Decision<Rec, Response>;
  /** When `onTick` is next due; undefined when nothing is waited for. */
  nextDeadlineMs(): number | undefined;
  /** Decides what time has brought. */
  onTick(nowMs: number): Decision<Rec, Response>;
  /** There is a new metadata image. */
  onImage?(change: ImageChange, nowMs: number): Decision<Rec, Response>;
  /**
   * Coordinates no more, or cannot: its log failed after it had taken records. Whatever waits is
   * told `errorCode`; the machine is of no more use.
   */
  resign(errorCode: ErrorCode, nowMs: number): readonly Answer<Response>[];
}

/** Appends one batch, and says NONE or why the log refused it. */
export type Append<Rec> = (records: readonly Rec[], producer?: TransactionProducer) => ErrorCode;

/** Carries out `decision`, and all that follows from it at once. */
export function carryOut<Rec, Response>(
  machine: Pick<Machine<Rec, Response>, "apply">,
  decision: Decision<Rec, Response>,
  append: Append<Rec>,
): Pick<Effects<Rec, Response>, "answers" | "notes"> {
  const first = effectsOf(machine, decision, append);
  if (first.next === undefined) return first;
  const answers = [...first.answers];
  const notes = [...first.notes];
  let next: Effects<Rec, Response>["next"] = first.next;
  while (next !== undefined) {
    const effects: Effects<Rec, Response> = effectsOf(machine, next(), append);
    answers.push(...effects.answers);
    notes.push(...effects.notes);
    next = effects.next;
  }
  return { answers, notes };
}

function effectsOf<Rec, Response>(
  machine: Pick<Machine<Rec, Response>, "apply">,
  { records, producer, settle, refuse }: Decision<Rec, Response>,
  append: Append<Rec>,
): Effects<Rec, Response> {
  if (records.length > 0) {
    const errorCode = append(records, producer);
    if (errorCode !== ErrorCode.NONE) return refuse(errorCode);
    for (const record of records) machine.apply(record, producer?.producerId);
  }
  return settle();
}
