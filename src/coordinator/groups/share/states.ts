// For which partitions of a share group the share coordinator keeps state: what the group has asked
// it to begin or to end, and what it has said to be done.
//
//   (none) ──subscribed──> initializing ──done──> initialized ──> deleting ──done──> (none)
//                                └────────────────────────────────────^
//
// Members are assigned initialized partitions alone. What is being initialized when a broker ends
// is asked for again by the next one; a topic that was being deleted may begin anew.
// All of it is one value, replaced by each record about it.

import type { Uuid } from "../../../base/ids.ts";
import type { MessageOf } from "../../../protocol/schema.ts";
import type { TopicPartitions } from "../modern/assignment.ts";
import type { GroupTopics } from "../modern/topics.ts";
import type { shareTables } from "./records.ts";

/** Partitions of one topic. */
interface TopicStates {
  readonly topicName: string;
  readonly partitions: ReadonlySet<number>;
}

type StatesByTopic = ReadonlyMap<Uuid, TopicStates>;

export interface PartitionStates {
  readonly initializing: StatesByTopic;
  readonly initialized: StatesByTopic;
  /** The topics' names. */
  readonly deleting: ReadonlyMap<Uuid, string>;
}

export const noStates: PartitionStates = {
  initializing: new Map(),
  initialized: new Map(),
  deleting: new Map(),
};

type Stored = MessageOf<typeof shareTables.ShareGroupStatePartitionMetadata.value>;

/** As the record has them. */
export function statesOf(stored: Stored): PartitionStates {
  const byTopic = (topics: Stored["initializedTopics"]): StatesByTopic =>
    new Map(topics.map(({ topicId, topicName, partitions }) => [
      topicId,
      { topicName, partitions: new Set(partitions) },
    ]));
  return {
    initializing: byTopic(stored.initializingTopics),
    initialized: byTopic(stored.initializedTopics),
    deleting: new Map(stored.deletingTopics.map(({ topicId, topicName }) => [topicId, topicName])),
  };
}

/** For the record. */
export function storedStates({ initializing, initialized, deleting }: PartitionStates): Stored {
  const listed = (topics: StatesByTopic): Stored["initializedTopics"] =>
    [...topics].map(([topicId, { topicName, partitions }]) => ({
      topicId,
      topicName,
      partitions: [...partitions].sort((a, b) => a - b),
    }));
  return {
    initializingTopics: listed(initializing),
    initializedTopics: listed(initialized),
    deletingTopics: [...deleting].map(([topicId, topicName]) => ({ topicId, topicName })),
  };
}

/** The partitions of `names` that there are, and that nobody has begun to keep state of. */
export function missingStates(
  states: PartitionStates,
  { topics, names, except }: {
    readonly topics: GroupTopics;
    readonly names: Iterable<string>;
    readonly except: ReadonlySet<Uuid>;
  },
): TopicPartitions[] {
  const missing: TopicPartitions[] = [];
  for (const name of names) {
    const topic = topics.byName(name);
    if (topic === undefined || except.has(topic.id)) continue;
    const partitions: number[] = [];
    for (let partition = 0; partition < topic.partitionCount; partition++) {
      if (!isKept(states, topic.id, partition)) partitions.push(partition);
    }
    if (partitions.length > 0) missing.push({ topicId: topic.id, partitions });
  }
  return missing;
}

function isKept({ initializing, initialized }: PartitionStates, topicId: Uuid, partition: number) {
  return initialized.get(topicId)?.partitions.has(partition) === true ||
    initializing.get(topicId)?.partitions.has(partition) === true;
}

/** Of `asked`, what is not initialized. */
export function uninitialized(
  { initialized }: PartitionStates,
  asked: readonly TopicPartitions[],
): TopicPartitions[] {
  return asked.flatMap(({ topicId, partitions }) => {
    const known = initialized.get(topicId)?.partitions;
    const left = partitions.filter((partition) => !known?.has(partition));
    return left.length === 0 ? [] : [{ topicId, partitions: left }];
  });
}

/** Whether something of the topics of these names is being initialized. */
export function isAnyInitializing(
  { initializing }: PartitionStates,
  names: readonly string[],
): boolean {
  for (const { topicName } of initializing.values()) if (names.includes(topicName)) return true;
  return false;
}

/** All that is being initialized. */
export function initializingPartitions({ initializing }: PartitionStates): TopicPartitions[] {
  return [...initializing].map(([topicId, { partitions }]) => ({
    topicId,
    partitions: [...partitions],
  }));
}

/** State of these partitions is begun. Topics that have no name are passed over. */
export function withInitializing(
  states: PartitionStates,
  added: readonly TopicPartitions[],
  topics: GroupTopics,
): PartitionStates {
  const initializing = new Map(states.initializing);
  const deleting = new Map(states.deleting);
  for (const { topicId, partitions } of added) {
    const topicName = topics.byId(topicId)?.name;
    if (topicName === undefined) continue;
    deleting.delete(topicId);
    initializing.set(topicId, merged(initializing.get(topicId), { topicName, partitions }));
  }
  return { ...states, initializing, deleting };
}

/** Of `done`, what was being initialized is initialized; `states` itself where nothing was. */
export function withInitialized(
  states: PartitionStates,
  done: readonly TopicPartitions[],
): PartitionStates {
  const initializing = new Map(states.initializing);
  const initialized = new Map(states.initialized);
  let hasChanged = false;
  for (const { topicId, partitions } of done) {
    const begun = initializing.get(topicId);
    if (begun === undefined) continue;
    const ended = partitions.filter((partition) => begun.partitions.has(partition));
    if (ended.length === 0) continue;
    hasChanged = true;
    const { topicName } = begun;
    const left = new Set(begun.partitions);
    for (const partition of ended) left.delete(partition);
    if (left.size === 0) initializing.delete(topicId);
    else initializing.set(topicId, { topicName, partitions: left });
    initialized.set(topicId, merged(initialized.get(topicId), { topicName, partitions: ended }));
  }
  return hasChanged ? { ...states, initializing, initialized } : states;
}

function merged(
  known: TopicStates | undefined,
  { topicName, partitions }: { readonly topicName: string; readonly partitions: readonly number[] },
): TopicStates {
  return { topicName, partitions: new Set([...known?.partitions ?? [], ...partitions]) };
}

/** All partitions of a topic of which state is kept, or begun. */
export function keptPartitions(
  { initializing, initialized }: PartitionStates,
  topicId: Uuid,
): number[] {
  const all = new Set([
    ...initialized.get(topicId)?.partitions ?? [],
    ...initializing.get(topicId)?.partitions ?? [],
  ]);
  return [...all].sort((a, b) => a - b);
}

/** The topics of which state is kept, or begun. */
export function keptTopics({ initializing, initialized }: PartitionStates): Set<Uuid> {
  return new Set([...initialized.keys(), ...initializing.keys()]);
}

/** The states of these topics are to be deleted; `states` itself where none is kept. */
export function withDeleting(states: PartitionStates, topicIds: readonly Uuid[]): PartitionStates {
  const kept = keptTopics(states);
  if (!topicIds.some((topicId) => kept.has(topicId))) return states;
  const initializing = new Map(states.initializing);
  const initialized = new Map(states.initialized);
  const deleting = new Map(states.deleting);
  for (const topicId of topicIds) {
    const known = initialized.get(topicId) ?? initializing.get(topicId);
    if (known === undefined) continue;
    initializing.delete(topicId);
    initialized.delete(topicId);
    deleting.set(topicId, known.topicName);
  }
  return { initializing, initialized, deleting };
}

/** The states of these topics are deleted; `states` itself where none was to be. */
export function withoutDeleting(
  states: PartitionStates,
  topicIds: readonly Uuid[],
): PartitionStates {
  if (!topicIds.some((topicId) => states.deleting.has(topicId))) return states;
  const deleting = new Map(states.deleting);
  for (const topicId of topicIds) deleting.delete(topicId);
  return { ...states, deleting };
}

/** Without topics that are no more; `states` itself when there are none. */
export function withoutTopics(
  states: PartitionStates,
  isTopic: (topicId: Uuid) => boolean,
): PartitionStates {
  const all = [states.initializing, states.initialized, states.deleting];
  if (all.every((topics) => [...topics.keys()].every(isTopic))) return states;
  const left = <T>(topics: ReadonlyMap<Uuid, T>) =>
    new Map([...topics].filter(([topicId]) => isTopic(topicId)));
  return {
    initializing: left(states.initializing),
    initialized: left(states.initialized),
    deleting: left(states.deleting),
  };
}
