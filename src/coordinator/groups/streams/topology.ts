// The topology of a Kafka Streams application, as its members say it and the log keeps it:
// subtopologies with the topics that they read, write and keep their state in.
//
//   source topics            exist before: the application's input
//   repartition topics       made by the broker; written by one subtopology and read by another
//   changelog topics         made by the broker; what a task's state is restored from
//   copartition groups       topics of which a task reads the same partition: indexes into lists

import type { streamsTables } from "./records.ts";
import type { MessageOf } from "../../../protocol/schema.ts";

export type Topology = MessageOf<typeof streamsTables.StreamsGroupTopology.value>;
export type Subtopology = Topology["subtopologies"][number];
export type TopicInfo = Subtopology["stateChangelogTopics"][number];

/**
 * The same in one order, so that what members of the same application say is the same text; and a
 * value of its own, which outlives the request.
 */
export function inOrder({ epoch, subtopologies }: Topology): Topology {
  return {
    epoch,
    subtopologies: subtopologies.map((each) => {
      const sourceTopics = [...each.sourceTopics].sort();
      const sourceTopicRegex = [...each.sourceTopicRegex].sort();
      const repartitionSourceTopics = infosInOrder(each.repartitionSourceTopics);
      const names = repartitionSourceTopics.map(({ name }) => name);
      return {
        subtopologyId: each.subtopologyId,
        sourceTopics,
        sourceTopicRegex,
        stateChangelogTopics: infosInOrder(each.stateChangelogTopics),
        repartitionSinkTopics: [...each.repartitionSinkTopics].sort(),
        repartitionSourceTopics,
        copartitionGroups: each.copartitionGroups.map((group) => ({
          sourceTopics: moved(group.sourceTopics, each.sourceTopics, sourceTopics),
          sourceTopicRegex: moved(group.sourceTopicRegex, each.sourceTopicRegex, sourceTopicRegex),
          repartitionSourceTopics: moved(
            group.repartitionSourceTopics,
            each.repartitionSourceTopics.map(({ name }) => name),
            names,
          ),
        })),
      };
    }).sort((a, b) => compare(a.subtopologyId, b.subtopologyId)),
  };
}

function infosInOrder(infos: readonly TopicInfo[]): TopicInfo[] {
  return infos.map((info) => ({
    ...info,
    topicConfigs: [...info.topicConfigs].sort((a, b) => compare(a.key, b.key)),
  })).sort((a, b) => compare(a.name, b.name));
}

/** Indexes into `after` of what `indexes` are in `before`. */
function moved(
  indexes: readonly number[],
  before: readonly string[],
  after: readonly string[],
): number[] {
  return indexes.map((index) => after.indexOf(before[index] ?? "")).sort((a, b) => a - b);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether two topologies, each in order, say the same. */
export function topologiesEqual(a: Topology, b: Topology): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A copartition group's index that points to nothing; undefined where all point to something. */
export function badCopartition({ subtopologies }: Topology): string | undefined {
  for (const { subtopologyId, ...each } of subtopologies) {
    for (const group of each.copartitionGroups) {
      const isGood = group.sourceTopics.every((i) => each.sourceTopics[i] !== undefined) &&
        group.sourceTopicRegex.every((i) => each.sourceTopicRegex[i] !== undefined) &&
        group.repartitionSourceTopics.every((i) => each.repartitionSourceTopics[i] !== undefined);
      if (!isGood) return subtopologyId;
    }
  }
  return undefined;
}

/** The topics of a copartition group, by name. */
export function copartitioned(
  { sourceTopics, repartitionSourceTopics }: Subtopology,
  group: Subtopology["copartitionGroups"][number],
): string[] {
  return [
    ...group.sourceTopics.flatMap((i) => sourceTopics[i] ?? []),
    ...group.repartitionSourceTopics.flatMap((i) => repartitionSourceTopics[i]?.name ?? []),
  ];
}

/** The topics that tasks of the subtopology read. */
export function topicsRead({ sourceTopics, repartitionSourceTopics }: Subtopology): Set<string> {
  return new Set([...sourceTopics, ...repartitionSourceTopics.map(({ name }) => name)]);
}

/** The subtopology that reads `topic`. */
export function readerOf(
  topology: Topology | undefined,
  topic: string,
): Subtopology | undefined {
  return topology?.subtopologies.find(({ sourceTopics, repartitionSourceTopics }) =>
    sourceTopics.includes(topic) || repartitionSourceTopics.some(({ name }) => name === topic)
  );
}

/** All topics without which the application cannot work. */
export function requiredTopics({ subtopologies }: Topology): Set<string> {
  const required = new Set<string>();
  for (const subtopology of subtopologies) {
    for (const name of topicsRead(subtopology)) required.add(name);
    for (const { name } of subtopology.stateChangelogTopics) required.add(name);
  }
  return required;
}
