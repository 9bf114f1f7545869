// Tasks: what members of a streams group are assigned, a partition of a subtopology each.
//
//   role       a member that has it so
//   active     works on the task; one member at a time
//   standby    keeps a copy of its state, in another process than the active one
//   warmup     makes such a copy, to become active; told apart, and assigned by nobody yet
//
//   Tasks         subtopology -> partitions
//   ActiveTasks   subtopology -> partition -> the member epoch in which it was assigned (KIP-1251)
//
// All are values: nobody changes one that others can see. Empty subtopologies are left out.

export type Tasks = ReadonlyMap<string, ReadonlySet<number>>;
export type ActiveTasks = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** What a member is to have. */
export interface TaskAssignment {
  readonly active: Tasks;
  readonly standby: Tasks;
  readonly warmup: Tasks;
}

/** What a member has. */
export interface HeldTasks {
  readonly active: ActiveTasks;
  readonly standby: Tasks;
  readonly warmup: Tasks;
}

export const roles = ["active", "standby", "warmup"] as const;

const nothing: Tasks & ActiveTasks = new Map<string, never>();
export const noTasks: TaskAssignment = { active: nothing, standby: nothing, warmup: nothing };
export const noTasksHeld: HeldTasks = { active: nothing, standby: nothing, warmup: nothing };

/** Tasks as requests and records list them. */
export interface TaskIds {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
}

/** The same tasks, as a value. */
export function tasksOf(ids: readonly TaskIds[]): Tasks {
  const tasks = new Map<string, Set<number>>();
  for (const { subtopologyId, partitions } of ids) {
    if (partitions.length === 0) continue;
    const into = tasks.get(subtopologyId) ?? new Set();
    for (const partition of partitions) into.add(partition);
    tasks.set(subtopologyId, into);
  }
  return tasks;
}

/** The same tasks, as requests and records list them; in order. */
export function taskIdsOf(
  tasks: Tasks | ActiveTasks,
): { subtopologyId: string; partitions: number[] }[] {
  return [...tasks].map(([subtopologyId, partitions]) => ({
    subtopologyId,
    partitions: [...partitions.keys()].sort((a, b) => a - b),
  })).sort((a, b) => a.subtopologyId < b.subtopologyId ? -1 : 1);
}

/** All tasks, one by one. */
export function* eachTask(
  tasks: Tasks | ActiveTasks,
): Generator<readonly [subtopologyId: string, partition: number]> {
  for (const [subtopologyId, partitions] of tasks) {
    for (const partition of partitions.keys()) yield [subtopologyId, partition];
  }
}

export function hasTask(
  tasks: Tasks | ActiveTasks,
  subtopologyId: string,
  partition: number,
): boolean {
  return tasks.get(subtopologyId)?.has(partition) === true;
}

/** Whether there is no task at all. */
export function isWithoutTasks(held: HeldTasks | TaskAssignment): boolean {
  return roles.every((role) => held[role].size === 0);
}

/** Whether both name the same tasks in the same roles. */
export function sameTasks(a: HeldTasks | TaskAssignment, b: HeldTasks | TaskAssignment): boolean {
  return a === b || roles.every((role) => equal(a[role], b[role]));
}

function equal(a: Tasks | ActiveTasks, b: Tasks | ActiveTasks): boolean {
  if (a.size !== b.size) return false;
  for (const [subtopologyId, partitions] of a) {
    const others = b.get(subtopologyId);
    if (others === undefined || others.size !== partitions.size) return false;
    for (const partition of partitions.keys()) if (!others.has(partition)) return false;
  }
  return true;
}

/** Whether both name the same tasks, with the epochs in which they were assigned. */
export function sameHeld(a: HeldTasks, b: HeldTasks): boolean {
  if (!sameTasks(a, b)) return false;
  for (const [subtopologyId, partitions] of a.active) {
    for (const [partition, epoch] of partitions) {
      if (b.active.get(subtopologyId)?.get(partition) !== epoch) return false;
    }
  }
  return true;
}

/** Whether each task of `part` is in `whole`, in the same role. */
export function areTasksWithin(part: TaskAssignment, whole: HeldTasks): boolean {
  return roles.every((role) => {
    for (const [subtopologyId, partition] of eachTask(part[role])) {
      if (!hasTask(whole[role], subtopologyId, partition)) return false;
    }
    return true;
  });
}

/** Whether any task of `some` is in `other`, in the same role. */
export function hasAnyTaskOf(some: TaskAssignment, other: HeldTasks): boolean {
  return roles.some((role) => {
    for (const [subtopologyId, partition] of eachTask(some[role])) {
      if (hasTask(other[role], subtopologyId, partition)) return true;
    }
    return false;
  });
}
