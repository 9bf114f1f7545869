// What clients of a cluster did and were told, as data: what a history is judged by. Nothing in
// here knows a broker; a simulated history and one of real processes note the same.
//
//   send      one record                    acknowledged, or nobody knows
//   end       of a transaction              committed, aborted, or nobody knows
//   poll      what a reader was given       in the order in which it was
//   move      a reader begins elsewhere     partitions came or went: its order begins anew
//   commit    of a group's position         acknowledged, or nobody knows
//   look      at a group's position
//   trim      of a partition's beginning    acknowledged, or nobody knows
//   doom      of a topic                    it is to be deleted from now on
//   life      of a topic                    it was made anew, as one with this id
//
// Invariant: operations of one client are in the order in which it began them.

/** A partition: `topic-partition`. */
export type Place = string;

/** A record as a reader has it. */
export interface ReadRecord {
  readonly offset: number;
  readonly value: string;
}

export interface Send {
  readonly kind: "send";
  /** The producer and which of its lives. */
  readonly who: string;
  readonly place: Place;
  /** Nobody sends it twice. */
  readonly value: string;
  /** The transaction that it is part of. */
  readonly transaction?: string;
  readonly begunMs: number;
  /** Until it is acknowledged nobody knows what becomes of it. */
  isAcknowledged: boolean;
  /** When it was acknowledged. */
  endedMs?: number;
  /** Where it is; undefined where the answer does not say. */
  offset?: number;
}

export interface TransactionEnd {
  readonly kind: "end";
  readonly transaction: string;
  /** How far it has the group come, in which partition. */
  readonly position?: { readonly group: string; readonly place: Place; readonly offset: number };
  outcome: "committed" | "aborted" | "unknown";
}

export interface Poll {
  readonly kind: "poll";
  readonly who: string;
  readonly place: Place;
  /** Reads committed records only. */
  readonly isCommitted: boolean;
  /** It reads for this group. */
  readonly group?: string;
  readonly records: readonly ReadRecord[];
}

/** Its partitions are others from now on: where it goes on there is not told by its last poll. */
export interface Move {
  readonly kind: "move";
  readonly who: string;
}

/** A group's position is set, or looked at. */
export interface Position {
  readonly kind: "commit" | "look";
  readonly group: string;
  readonly place: Place;
  readonly offset: number;
  readonly begunMs: number;
  /** When it was answered; undefined: it never was, and nobody knows. */
  endedMs?: number;
}

/** What a partition has below an offset is deleted. */
export interface Trim {
  readonly kind: "trim";
  readonly place: Place;
  readonly offset: number;
  /** Until it is answered nobody knows how much of it was done. */
  isAcknowledged: boolean;
}

/** A topic is to be deleted. */
export interface Doom {
  readonly kind: "doom";
  readonly topic: string;
}

/** A topic was made anew. */
export interface Life {
  readonly kind: "life";
  readonly topic: string;
  readonly id: string;
  /** When that was asked for, and when it was answered. */
  readonly begunMs: number;
  readonly endedMs: number;
}

export type Operation = Send | TransactionEnd | Poll | Move | Position | Trim | Doom | Life;

/** What readers find when all has healed. */
export interface Found {
  /** Everything, in order, by place. */
  readonly all: ReadonlyMap<Place, readonly ReadRecord[]>;
  /** What a reader of committed records is given. */
  readonly committed: ReadonlyMap<Place, readonly ReadRecord[]>;
  /** From when on nothing goes wrong; undefined: nobody knows. */
  readonly settledMs?: number;
  /** Which topic has a name. */
  readonly ids?: ReadonlyMap<string, string>;
  /** Where partitions begin that do not begin with 0. */
  readonly starts?: ReadonlyMap<Place, number>;
  /** Where groups are, by `group in topic-partition`. */
  readonly positions: ReadonlyMap<string, number>;
}
