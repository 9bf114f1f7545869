// A law of the simulated world, as one that watches the wire: it hears of every request and answer,
// whoever the client is, and in the end of what the broker has.
//
// Invariant: a law knows what clients were told, and nothing of the broker. It judges by what a
// client can be sure of: what is answered before something else is sent has happened before it.

import type { Offset } from "../../src/base/ids.ts";
import type { Answered, Asked } from "./wire.ts";

export interface Law {
  onAsked?(asked: Asked): void;
  onAnswered?(answered: Answered): void;
  /** All is at rest. */
  atEnd?(end: End): void;
}

/** A record as a reader has it; `value` is its text. */
export interface ReadRecord {
  readonly offset: Offset;
  readonly value: string;
}

/** A batch as it lies in a partition. */
export interface ReadBatch {
  readonly baseOffset: Offset;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly isControl: boolean;
  readonly records: readonly ReadRecord[];
}

/** What a reader finds when all is over, by `topic-partition`. */
export interface End {
  /** All batches. */
  readonly batches: ReadonlyMap<string, readonly ReadBatch[]>;
  /** What a read_committed reader is given. */
  readonly committed: ReadonlyMap<string, readonly ReadRecord[]>;
  /** What each group has committed, by group, then by `topic-partition`. */
  readonly offsets: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Whether `a` was answered before `b` was sent: nobody can doubt that it came first. */
export function isBefore(a: Pick<Answered, "answeredMs">, b: Pick<Asked, "sentMs">): boolean {
  return a.answeredMs < b.sentMs;
}
