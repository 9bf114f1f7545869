// A coordinator, whichever topic it keeps its state in: what it is to the shell that gives it a
// log, a clock and clients (src/broker/shards.ts).
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

export interface Decision<Rec, Response> {
  /** One batch, to be appended at once. */
  readonly records: readonly Rec[];
  /** The log has the records and they are applied: the soft effects. */
  readonly settle: () => Effects<Rec, Response>;
  /** The log refused the records: nothing has happened, and whoever asked is told so. */
  readonly refuse: (appendError: ErrorCode) => Effects<Rec, Response>;
}

/** A new metadata image: what of it concerns coordinators. */
export interface ImageChange {
  readonly deletedTopics: readonly string[];
}

/** The coordinator of one partition of its topic. */
export interface Machine<Rec, Response> {
  /** Takes over a record: of the log at load, of a decision once the log has it. */
  apply(record: Rec): void;
  /** The log has been read, be it empty: leading begins. */
  onLoaded(nowMs: number): Decision<Rec, Response>;
  /** When `onTick` is next due; undefined when nothing is waited for. */
  nextDeadlineMs(): number | undefined;
  /** Decides what time has brought. */
  onTick(nowMs: number): Decision<Rec, Response>;
  /** There is a new metadata image. */
  onImage?(change: ImageChange, nowMs: number): Decision<Rec, Response>;
  /** A transaction that wrote into the partition ended; these are its records, if it committed. */
  onTransactionEnded?(committed: readonly Rec[], nowMs: number): Decision<Rec, Response>;
  /** The configuration of this group changed. */
  onGroupConfigChanged?(groupId: string, nowMs: number): Decision<Rec, Response>;
  /**
   * Coordinates no more, or cannot: its log failed after it had taken records. Whatever waits is
   * told `errorCode`; the machine is of no more use.
   */
  resign(errorCode: ErrorCode, nowMs: number): readonly Answer<Response>[];
}

/**
 * Carries out `decision`, and all that follows from it at once. `append` is given one batch at a
 * time, and says NONE or why the log refused it.
 */
export function carryOut<Rec, Response>(
  machine: Pick<Machine<Rec, Response>, "apply">,
  decision: Decision<Rec, Response>,
  append: (records: readonly Rec[]) => ErrorCode,
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
  { records, settle, refuse }: Decision<Rec, Response>,
  append: (records: readonly Rec[]) => ErrorCode,
): Effects<Rec, Response> {
  if (records.length > 0) {
    const errorCode = append(records);
    if (errorCode !== ErrorCode.NONE) return refuse(errorCode);
    for (const record of records) machine.apply(record);
  }
  return settle();
}
