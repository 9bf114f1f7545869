// When committed offsets are looked at for expiry (KIP-211), and how far such a round has come.
//
//   resting ──check interval──> a part, a part at once ... ──the last group──> resting
//                                 └──the log refuses one──> resting
//
// Invariant: a round looks at the groups that there were when it began, each once.

import { decideExpiry } from "../group_removal.ts";
import type { Plan, View } from "../turn.ts";

/** One part looks at about this many groups and offsets, so that it and its batch stay small. */
const partMax = 2_000;

/** The rounds of one table. Soft state: who begins to lead begins with a rest. */
export class OffsetExpiry {
  #dueMs = Infinity;
  /** The groups of this round, and how many of them were looked at. */
  #groupIds: readonly string[] = [];
  #looked = 0;

  /** When the next part is due. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Nothing is looked at before the check interval has passed. */
  rest({ nowMs, config }: Pick<View, "nowMs" | "config">): void {
    this.#groupIds = [];
    this.#looked = 0;
    this.#dueMs = nowMs + config.offsetsRetentionCheckIntervalMs;
  }

  /** The next part: due again at once while there are more. */
  decide(view: View): Plan {
    if (this.#looked === 0) this.#groupIds = [...view.groups.keys()];
    const groupIds = this.#groupIds;
    const { plan, end } = decideExpiry(view, { groupIds, from: this.#looked, max: partMax });
    return {
      records: plan.records,
      settle: (turn) => {
        this.#looked = end;
        this.#dueMs = view.nowMs;
        if (end >= groupIds.length) this.rest(view);
        plan.settle(turn);
      },
      // A log that refuses one batch will refuse the next: the round is over.
      refuse: () => this.rest(view),
    };
  }
}
