// How a member comes from the tasks that it has to those that it is to have, a step at each
// heartbeat (KIP-1071).
//
//   UNREVOKED_TASKS     it has to give up tasks: waits until it says that it has
//   UNRELEASED_TASKS    it is at the target's epoch; what it is to get is not free yet
//   STABLE              it has what it is to have
//
//   have, target  ──> kept    = have and target, in the same role
//                     revoked = have, not target  ──┬─ some, still owned: UNREVOKED, epoch stays
//                     free    = target, not taken   └─ else: gets them, epoch of the target
//
// An active task is taken while any member has it so; a task in any role while the member's own
// process has it in any: its state is in one folder.
// Invariant: a task is active in one member at a time, and in a process once.

import { type Refusal, refusal } from "../modern/epochs.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import {
  type ActiveTasks,
  eachTask,
  hasAnyTaskOf,
  hasTask,
  type HeldTasks,
  isWithoutTasks,
  noTasksHeld,
  sameHeld,
  type TaskAssignment,
  type Tasks,
} from "./tasks.ts";

/** Kafka's numbers of a member's states; those of consumer groups are others. */
export const MemberState = {
  STABLE: 1,
  UNREVOKED_TASKS: 2,
  UNRELEASED_TASKS: 3,
} as const;

/** What reconciliation changes of a member. */
export interface Reconciled {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  /** One of MemberState, or a number that a newer Kafka has written. */
  readonly state: number;
  readonly assigned: HeldTasks;
  readonly revoking: HeldTasks;
}

export interface Reconciliation {
  readonly targetEpoch: number;
  readonly target: TaskAssignment;
  /** Whether any member has it as active, or still gives it up. */
  readonly isActive: (subtopologyId: string, partition: number) => boolean;
  /** Whether the member's own process has it in any role, or still gives it up. */
  readonly isInProcess: (subtopologyId: string, partition: number) => boolean;
  /** What the member says that it has; null when that did not change. */
  readonly owned: TaskAssignment | null;
}

/** Whether a member has nothing left to do for the target of `epoch`. */
export function isReconciledTo(
  { state, memberEpoch }: Pick<Reconciled, "state" | "memberEpoch">,
  epoch: number,
): boolean {
  return state === MemberState.STABLE && memberEpoch === epoch;
}

/** The next step of a member; `member` itself when it waits; or why it has to join anew. */
export function reconcile<M extends Reconciled>(member: M, to: Reconciliation): M | Refusal {
  if (isReconciledTo(member, to.targetEpoch)) return member;
  switch (member.state) {
    case MemberState.STABLE:
    case MemberState.UNRELEASED_TASKS:
      return step(member, member.memberEpoch, to);
    case MemberState.UNREVOKED_TASKS:
      if (to.owned === null || hasAnyTaskOf(to.owned, member.revoking)) return member;
      return step(member, Math.min(member.memberEpoch + 1, to.targetEpoch), to);
    default:
      if (to.owned !== null && isWithoutTasks(to.owned)) return step(member, to.targetEpoch, to);
      return refusal(
        ErrorCode.FENCED_MEMBER_EPOCH,
        "The streams group member is in a unknown state. The member must abandon all its tasks " +
          "and rejoin.",
      );
  }
}

/** Whether a member is the same in all that reconciliation changes. */
export function reconciledEqual(a: Reconciled, b: Reconciled): boolean {
  return a.memberEpoch === b.memberEpoch && a.previousMemberEpoch === b.previousMemberEpoch &&
    a.state === b.state && sameHeld(a.assigned, b.assigned) && sameHeld(a.revoking, b.revoking);
}

function step<M extends Reconciled>(member: M, epoch: number, to: Reconciliation): M {
  const { kept, revoked, free, isUnreleased } = compare(member.assigned, to);
  const mayStillOwn = to.owned === null || hasAnyTaskOf(to.owned, revoked);
  if (!isWithoutTasks(revoked) && mayStillOwn) {
    const { UNREVOKED_TASKS: state } = MemberState;
    return { ...member, ...epochs(member, epoch), state, assigned: kept, revoking: revoked };
  }
  return {
    ...member,
    ...epochs(member, to.targetEpoch),
    state: isUnreleased ? MemberState.UNRELEASED_TASKS : MemberState.STABLE,
    assigned: together(kept, free, to.targetEpoch),
    revoking: noTasksHeld,
  };
}

/** The epoch before stays known, since the response that tells the new one may be lost. */
function epochs(member: Reconciled, memberEpoch: number) {
  if (memberEpoch === member.memberEpoch) return {};
  return { memberEpoch, previousMemberEpoch: member.memberEpoch };
}

function compare(assigned: HeldTasks, to: Reconciliation) {
  const { target, isActive, isInProcess } = to;
  const active = {
    kept: activeIn(assigned.active, (id, at) => hasTask(target.active, id, at)),
    revoked: activeIn(assigned.active, (id, at) => !hasTask(target.active, id, at)),
    ...notYet(target.active, assigned.active, (id, at) => isActive(id, at) || isInProcess(id, at)),
  };
  const copies = (role: "standby" | "warmup") => ({
    kept: only(assigned[role], (id, at) => hasTask(target[role], id, at)),
    revoked: only(assigned[role], (id, at) => !hasTask(target[role], id, at)),
    ...notYet(target[role], assigned[role], isInProcess),
  });
  const [standby, warmup] = [copies("standby"), copies("warmup")];
  return {
    kept: { active: active.kept, standby: standby.kept, warmup: warmup.kept },
    revoked: { active: active.revoked, standby: standby.revoked, warmup: warmup.revoked },
    free: { active: active.free, standby: standby.free, warmup: warmup.free },
    isUnreleased: active.isUnreleased || standby.isUnreleased || warmup.isUnreleased,
  };
}

type Choice = (subtopologyId: string, partition: number) => boolean;

function only(tasks: Tasks, isWanted: Choice): Tasks {
  const chosen = new Map<string, Set<number>>();
  for (const [subtopologyId, partition] of eachTask(tasks)) {
    if (!isWanted(subtopologyId, partition)) continue;
    const into = chosen.get(subtopologyId) ?? new Set();
    chosen.set(subtopologyId, into.add(partition));
  }
  return chosen;
}

function activeIn(tasks: ActiveTasks, isWanted: Choice): ActiveTasks {
  const chosen = new Map<string, Map<number, number>>();
  for (const [subtopologyId, partitions] of tasks) {
    for (const [partition, epoch] of partitions) {
      if (!isWanted(subtopologyId, partition)) continue;
      const into = chosen.get(subtopologyId) ?? new Map<number, number>();
      chosen.set(subtopologyId, into.set(partition, epoch));
    }
  }
  return chosen;
}

/** Of what the member is to get: what is free, and whether anything is not. */
function notYet(target: Tasks, assigned: Tasks | ActiveTasks, isTaken: Choice) {
  let isUnreleased = false;
  const free = only(target, (subtopologyId, partition) => {
    if (hasTask(assigned, subtopologyId, partition)) return false;
    const taken = isTaken(subtopologyId, partition);
    isUnreleased ||= taken;
    return !taken;
  });
  return { free, isUnreleased };
}

function together(kept: HeldTasks, free: TaskAssignment, epoch: number): HeldTasks {
  const active = new Map([...kept.active].map(([id, partitions]) => [id, new Map(partitions)]));
  for (const [subtopologyId, partition] of eachTask(free.active)) {
    const into = active.get(subtopologyId) ?? new Map<number, number>();
    active.set(subtopologyId, into.set(partition, epoch));
  }
  const both = (a: Tasks, b: Tasks): Tasks => {
    const all = new Map([...a].map(([id, partitions]) => [id, new Set(partitions)]));
    for (const [subtopologyId, partition] of eachTask(b)) {
      const into = all.get(subtopologyId) ?? new Set();
      all.set(subtopologyId, into.add(partition));
    }
    return all;
  };
  return {
    active,
    standby: both(kept.standby, free.standby),
    warmup: both(kept.warmup, free.warmup),
  };
}
