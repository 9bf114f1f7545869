// A client of a group in a small world: what it may do, what it believes to have.
//
//   verb           the request is decided, and answered, now or later
//   verb lost      the same, but the answer never comes: the client asks again
//   verb slow      the request is on its way, and the client gives it up; it may arrive later
//   verb refused   the coordinator's log refuses what it would store
//
// Invariant: a client does what real ones do, on the requests' answers alone.

import type { Committer, GroupRig } from "./group_rig.ts";

/** How a request fares. */
export type Fate = "answered" | "lost" | "slow";

export interface GroupClient {
  readonly name: string;
  /** What it may ask for now. */
  verbs(): readonly string[];
  ask(verb: string, fate: Fate): void;
  /** Whether a request of its is on the way. */
  hasSlow(): boolean;
  /** A request that was slow arrives; its answer goes nowhere. */
  arrive(): void;
  /** It waits for an answer that will come when others do something, or time passes. */
  waits(): boolean;
  /** A new process takes its place, and nobody has said goodbye. */
  crash(): void;
  /** The coordinator is gone, with its connections and all that was on its way. */
  disconnect(): void;
  /** Who it would commit as. */
  committer(): Committer;
  /** The partitions that it works on, and how far it is in each. */
  readonly held: ReadonlyMap<number, number>;
  /** The next thing that a client does which wants to be in the group; undefined: nothing yet. */
  duty(): string | undefined;
  /** It knows of nothing that is left to be done. */
  isSettled(): boolean;
  /** It was told that somebody has taken its place. */
  isOver(): boolean;
  /** Whether it has done nothing so far, so that others like it could have. */
  isPristine(): boolean;
  /** All that decides what it does, for those who tell states apart. */
  state(): unknown;
}

/** How far a client is in each partition that it has, and its commits. */
export class Positions {
  readonly held = new Map<number, number>();
  readonly #rig: GroupRig;

  constructor(rig: GroupRig) {
    this.#rig = rig;
  }

  /** `member` has these from now on; what it had not before begins behind what is committed. */
  become(partitions: Iterable<number>, member: string): void {
    const kept = new Map(this.held);
    this.held.clear();
    for (const partition of partitions) {
      if (!kept.has(partition)) this.#rig.holders.set(partition, member);
      this.held.set(partition, kept.get(partition) ?? Math.max(0, this.#rig.committed(partition)));
    }
  }

  /** One record further, everywhere. */
  next(): Map<number, number> {
    return new Map([...this.held].map(([partition, position]) => [partition, position + 1]));
  }

  /** They were committed. */
  advance(to: ReadonlyMap<number, number>): void {
    for (const [partition, position] of to) {
      if (this.held.has(partition)) this.held.set(partition, position);
    }
  }
}
