// The assignor `sticky`: who is to have which tasks, as evenly as can be and with few moves.
//
//   active     1. whoever had it, within its share
//              2. who had a standby of it, within its share: the state is there
//              3. the member with the fewest tasks, of the process that has the least to do
//   standby    of tasks with state, as many as the group has replicas:
//              1. whoever had the task as active or standby, within its share
//              2. the member with the fewest tasks
//
// A share is what is left to give by the number of members that have room, rounded up; so shares
// differ by one. A pure function: the same input gives the same assignment.
// Invariant: a process has no task twice, in whichever roles; every task is active once.

import { LeastLoaded, type Load } from "./least_loaded.ts";
import type { Tasks } from "./tasks.ts";
import { eachTask, type TaskAssignment } from "./tasks.ts";

export interface StickyMember {
  readonly memberId: string;
  /** Members of one process share its disk. */
  readonly processId: string;
  /** What it was to have so far. */
  readonly formerly: TaskAssignment;
}

export interface StickySubtopology {
  readonly subtopologyId: string;
  readonly taskCount: number;
  readonly isStateful: boolean;
}

export interface StickyInput {
  readonly members: readonly StickyMember[];
  readonly subtopologies: readonly StickySubtopology[];
  readonly standbyReplicas: number;
}

interface Task {
  readonly subtopologyId: string;
  readonly partition: number;
  /** Of all tasks. */
  readonly name: string;
}

/** A process with the members that run in it. */
interface Process {
  memberCount: number;
  taskCount: number;
  /** By name, in whichever role. */
  readonly tasks: Set<string>;
}

interface Holder {
  readonly memberId: string;
  readonly process: Process;
  taskCount: number;
  readonly active: Map<string, Set<number>>;
  readonly standby: Map<string, Set<number>>;
}

/** What a member may have before others have had theirs. */
interface Share {
  left: number;
  membersWithRoom: number;
  perMember: number;
}

/** The assignment of each member, by its id. */
export function assignSticky(input: StickyInput): Map<string, TaskAssignment> {
  const holders = holdersOf(input.members);
  if (holders.size === 0) return new Map();
  const former = formerOf(input.members, holders);
  const tasks = input.subtopologies.flatMap(tasksOfSubtopology);
  const stateful = input.subtopologies.filter(({ isStateful }) => isStateful)
    .flatMap(tasksOfSubtopology);
  const all = [...holders.values()];
  assignActive(tasks, { holders: all, former, share: shareOf(tasks.length, all.length) });
  const standbyCount = stateful.length * input.standbyReplicas;
  const share = shareOf(tasks.length + standbyCount, all.length);
  for (const { taskCount } of all) take(share, taskCount);
  assignStandby(stateful, { holders: all, former, share, replicas: input.standbyReplicas });
  return new Map(all.map(({ memberId, active, standby }): [string, TaskAssignment] => {
    return [memberId, { active, standby, warmup: new Map() }];
  }));
}

function holdersOf(members: readonly StickyMember[]): Map<string, Holder> {
  const processes = new Map<string, Process>();
  const holders = new Map<string, Holder>();
  for (const { memberId, processId } of members) {
    const process = processes.get(processId) ??
      { memberCount: 0, taskCount: 0, tasks: new Set<string>() };
    process.memberCount++;
    processes.set(processId, process);
    const [active, standby] = [new Map<string, Set<number>>(), new Map<string, Set<number>>()];
    holders.set(memberId, { memberId, process, taskCount: 0, active, standby });
  }
  return holders;
}

function tasksOfSubtopology({ subtopologyId, taskCount }: StickySubtopology): Task[] {
  return Array.from({ length: taskCount }, (_, partition) => ({
    subtopologyId,
    partition,
    name: nameOf(subtopologyId, partition),
  }));
}

function nameOf(subtopologyId: string, partition: number): string {
  return `${partition}_${subtopologyId}`;
}

/** By a task's name. */
interface Former {
  readonly active: ReadonlyMap<string, readonly Holder[]>;
  readonly standby: ReadonlyMap<string, readonly Holder[]>;
}

function formerOf(
  members: readonly StickyMember[],
  holders: ReadonlyMap<string, Holder>,
): Former {
  const [active, standby] = [new Map<string, Holder[]>(), new Map<string, Holder[]>()];
  const note = (into: Map<string, Holder[]>, tasks: Tasks, holder: Holder): void => {
    for (const [subtopologyId, partition] of eachTask(tasks)) {
      const name = nameOf(subtopologyId, partition);
      into.set(name, [...into.get(name) ?? [], holder]);
    }
  };
  for (const { memberId, formerly } of members) {
    const holder = holders.get(memberId);
    if (holder === undefined) continue;
    note(active, formerly.active, holder);
    note(standby, formerly.standby, holder);
  }
  return { active, standby };
}

function shareOf(left: number, memberCount: number): Share {
  return { left, membersWithRoom: memberCount, perMember: Math.ceil(left / memberCount) };
}

/** A member has as many as `taskCount` now: if that is its share, the others share the rest. */
function take(share: Share, taskCount: number): void {
  if (taskCount < share.perMember || share.membersWithRoom <= 1) return;
  share.left -= taskCount;
  share.membersWithRoom--;
  share.perMember = Math.ceil(share.left / share.membersWithRoom);
}

interface Assigning {
  readonly holders: readonly Holder[];
  readonly former: Former;
  readonly share: Share;
}

function assignActive(tasks: readonly Task[], { holders, former, share }: Assigning): void {
  const give = (holder: Holder, task: Task): void => {
    put(holder, "active", task);
    take(share, holder.taskCount);
  };
  let rest = tasks;
  for (const known of [former.active, former.standby]) {
    const passedOver: Task[] = [];
    for (const task of rest) {
      const holder = leastLoaded(
        (known.get(task.name) ?? []).filter((each) => hasRoom(each, share)),
      );
      if (holder === undefined) passedOver.push(task);
      else give(holder, task);
    }
    rest = passedOver;
  }
  // Partition by partition, so that the tasks of each subtopology are spread.
  const spread = [...rest].sort((a, b) => a.partition - b.partition);
  const all = new LeastLoaded(holders, loadOf);
  for (const task of spread) {
    const holder = all.least();
    if (holder !== undefined) put(holder, "active", task);
  }
}

function assignStandby(
  tasks: readonly Task[],
  { holders, former, share, replicas }: Assigning & { readonly replicas: number },
): void {
  const rest: Task[] = [];
  for (const task of tasks) {
    for (let i = 0; i < replicas; i++) {
      const known = [...former.standby.get(task.name) ?? [], ...former.active.get(task.name) ?? []];
      const holder = leastLoaded(
        known.filter((each) => hasRoom(each, share) && !each.process.tasks.has(task.name)),
      );
      if (holder === undefined) rest.push(task);
      else {
        put(holder, "standby", task);
        take(share, holder.taskCount);
      }
    }
  }
  const all = new LeastLoaded(holders, loadOf);
  for (const task of rest) {
    const holder = all.least(({ process }) => !process.tasks.has(task.name));
    // Where there are fewer processes than copies, the task has fewer.
    if (holder !== undefined) put(holder, "standby", task);
  }
}

function hasRoom({ taskCount }: Holder, { perMember }: Share): boolean {
  return taskCount < perMember;
}

function put(holder: Holder, role: "active" | "standby", task: Task): void {
  const into = holder[role].get(task.subtopologyId) ?? new Set();
  holder[role].set(task.subtopologyId, into.add(task.partition));
  holder.taskCount++;
  holder.process.taskCount++;
  holder.process.tasks.add(task.name);
}

/** The first of those that have least to do; there are few. */
function leastLoaded(holders: readonly Holder[]): Holder | undefined {
  return new LeastLoaded(holders, loadOf).least();
}

function loadOf({ taskCount, process }: Holder): Load {
  return [taskCount, process.taskCount / process.memberCount];
}
