// A topology beside the topics that there are: how many tasks each of its subtopologies has, which
// topics are to be made and with how many partitions, or what stands in the way.
//
//   source topics         all there, or MISSING_SOURCE_TOPICS
//   repartition topics    as many partitions as they say; otherwise as many as the widest topic
//                         that is read by a subtopology that writes them
//   copartition groups    one number for all of the group, or INCORRECTLY_PARTITIONED_TOPICS
//   changelog topics      one partition for each task
//   internal topics       those there are have that number, or INCORRECTLY_PARTITIONED_TOPICS; the
//                         others are to be made: MISSING_INTERNAL_TOPICS until they are
//
// A topology that can never be made to work is refused: STREAMS_INVALID_TOPOLOGY.

import { assert } from "../../../base/assert.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { type Refusal, refusal } from "../modern/epochs.ts";
import type { GroupTopics } from "../modern/topics.ts";
import {
  copartitioned,
  requiredTopics,
  type Subtopology,
  type TopicInfo,
  topicsRead,
  type Topology,
} from "./topology.ts";

/** What a heartbeat's response says of the group as a whole: Kafka's numbers. */
export const StatusCode = {
  STALE_TOPOLOGY: 0,
  MISSING_SOURCE_TOPICS: 1,
  INCORRECTLY_PARTITIONED_TOPICS: 2,
  MISSING_INTERNAL_TOPICS: 3,
  SHUTDOWN_APPLICATION: 4,
  ASSIGNMENT_DELAYED: 5,
} as const;

/** A status, with a sentence for people. */
export interface Status {
  readonly statusCode: number;
  readonly statusDetail: string;
}

/** A topic that the application needs and the broker is to make. */
export interface InternalTopic {
  readonly name: string;
  readonly partitionCount: number;
  /** -1: the broker's own. */
  readonly replicationFactor: number;
  readonly configs: TopicInfo["topicConfigs"];
}

export interface ConfiguredTopology {
  /** How many tasks each subtopology has; undefined while topics keep that from being known. */
  readonly taskCounts: ReadonlyMap<string, number> | undefined;
  /** The subtopologies that keep state. */
  readonly stateful: ReadonlySet<string>;
  /** Topics of the application's own, there or to be made, by name. */
  readonly internal: ReadonlyMap<string, InternalTopic>;
  /** Those of them that are to be made. */
  readonly missing: readonly InternalTopic[];
  /** What stands in the way of assigning tasks; undefined: nothing. */
  readonly problem: Status | undefined;
}

/** Numbers of partitions, of topics that are there and of those that are decided. */
type Counts = Map<string, number>;

export function configure(topology: Topology, topics: GroupTopics): ConfiguredTopology | Refusal {
  const missing = missingSources(topology, topics);
  if (missing.length > 0) {
    const detail = `Source topics ${missing.join(", ")} are missing.`;
    return stopped(StatusCode.MISSING_SOURCE_TOPICS, detail);
  }
  const decided = repartitionCounts(topology, topics);
  if ("errorCode" in decided) return decided;
  const mismatch = enforceCopartitioning(topology, { topics, decided });
  if (mismatch !== undefined) return mismatch;
  const countOf = (name: string) => topics.byName(name)?.partitionCount ?? decided.get(name);
  const taskCounts = new Map<string, number>();
  for (const subtopology of topology.subtopologies) {
    const read = [...topicsRead(subtopology)].map((name) => countOf(name) ?? 0);
    if (read.length === 0) {
      return invalid(`Subtopology ${subtopology.subtopologyId} does not read any topic.`);
    }
    taskCounts.set(subtopology.subtopologyId, Math.max(...read));
  }
  return withInternalTopics(topology, { topics, decided, taskCounts });
}

/** Those that are nobody's but the application's users' to make. */
function missingSources({ subtopologies }: Topology, topics: GroupTopics): string[] {
  const missing = new Set<string>();
  for (const { sourceTopics } of subtopologies) {
    for (const name of sourceTopics) if (topics.byName(name) === undefined) missing.add(name);
  }
  return [...missing].sort();
}

/** The partitions of each repartition topic; those of one depend on those of others. */
function repartitionCounts({ subtopologies }: Topology, topics: GroupTopics): Counts | Refusal {
  const counts: Counts = new Map();
  for (const { repartitionSourceTopics } of subtopologies) {
    for (const { name, partitions } of repartitionSourceTopics) {
      if (partitions !== 0) counts.set(name, partitions);
    }
  }
  for (;;) {
    let [isMissing, hasFound] = [false, false];
    for (const subtopology of subtopologies) {
      for (const sink of subtopology.repartitionSinkTopics) {
        if (counts.has(sink)) continue;
        const count = widest(subtopology, { counts, topics });
        if (count === 0) isMissing = true;
        else {
          hasFound = true;
          counts.set(sink, count);
        }
      }
    }
    if (!isMissing) break;
    if (!hasFound) {
      return invalid(
        "Failed to compute number of partitions for all repartition topics: the topology has a " +
          "loop that cannot be resolved.",
      );
    }
  }
  for (const { repartitionSourceTopics } of subtopologies) {
    if (repartitionSourceTopics.every(({ name }) => counts.has(name))) continue;
    return invalid(
      "Failed to compute number of partitions for all repartition topics, because one of them is " +
        "read and never written.",
    );
  }
  return counts;
}

/** Of the topics that the subtopology reads, as far as known: the most partitions. */
function widest(
  { sourceTopics, repartitionSourceTopics }: Subtopology,
  { counts, topics }: { readonly counts: Counts; readonly topics: GroupTopics },
): number {
  return Math.max(
    0,
    ...sourceTopics.map((name) => topics.byName(name)?.partitionCount ?? 0),
    ...repartitionSourceTopics.map(({ name }) => counts.get(name) ?? 0),
  );
}

interface Deciding {
  readonly topics: GroupTopics;
  readonly decided: Counts;
}

/** Gives all repartition topics of a group one number of partitions; or says why that cannot be. */
function enforceCopartitioning(
  { subtopologies }: Topology,
  { topics, decided }: Deciding,
): ConfiguredTopology | undefined {
  const fixed = new Set<string>();
  for (const { repartitionSourceTopics } of subtopologies) {
    for (const { name, partitions } of repartitionSourceTopics) {
      if (partitions !== 0) fixed.add(name);
    }
  }
  for (const subtopology of subtopologies) {
    for (const group of subtopology.copartitionGroups) {
      const names = copartitioned(subtopology, group);
      const internal = names.filter((name) => decided.has(name));
      const given = names.filter((name) => !decided.has(name));
      const countOf = (name: string): number =>
        decided.get(name) ?? topics.byName(name)?.partitionCount ?? 0;
      const leading = given.length > 0 ? given : internal.filter((name) => fixed.has(name));
      const wanted = new Set(leading.map(countOf));
      if (wanted.size > 1) return notAlike(leading, countOf);
      const [count = Math.max(0, ...internal.map(countOf))] = wanted;
      for (const name of internal) {
        if (fixed.has(name) && decided.get(name) !== count) {
          const detail = `Number of partitions [${decided.get(name)}] of repartition topic ` +
            `[${name}] doesn't match number of partitions [${count}] of the source topic.`;
          return stopped(StatusCode.INCORRECTLY_PARTITIONED_TOPICS, detail);
        }
        decided.set(name, count);
      }
    }
  }
  return undefined;
}

function notAlike(names: readonly string[], countOf: (name: string) => number) {
  const counts = [...names].sort().map((name) => `${name}=${countOf(name)}`).join(", ");
  const detail = `Following topics do not have the same number of partitions: [{${counts}}]`;
  return stopped(StatusCode.INCORRECTLY_PARTITIONED_TOPICS, detail);
}

function withInternalTopics(
  topology: Topology,
  { topics, decided, taskCounts }: Deciding & { readonly taskCounts: Counts },
): ConfiguredTopology {
  const internal = new Map<string, InternalTopic>();
  for (const { subtopologyId, ...each } of topology.subtopologies) {
    for (const info of each.repartitionSourceTopics) {
      internal.set(info.name, internalTopic(info, decided.get(info.name)));
    }
    for (const info of each.stateChangelogTopics) {
      // A source topic may serve as changelog, too: it is there, with what partitions it has.
      const count = each.sourceTopics.includes(info.name)
        ? topics.byName(info.name)?.partitionCount
        : taskCounts.get(subtopologyId);
      internal.set(info.name, internalTopic(info, count));
    }
  }
  const missing = new Map(internal);
  for (const name of requiredTopics(topology)) {
    const there = topics.byName(name);
    const expected = missing.get(name);
    if (there === undefined || expected === undefined) continue;
    missing.delete(name);
    if (there.partitionCount === expected.partitionCount) continue;
    const detail = `Existing topic ${name} has different number of partitions: expected ` +
      `${expected.partitionCount}, found ${there.partitionCount}`;
    return stopped(StatusCode.INCORRECTLY_PARTITIONED_TOPICS, detail);
  }
  const stateful = new Set(
    topology.subtopologies.filter(({ stateChangelogTopics }) => stateChangelogTopics.length > 0)
      .map(({ subtopologyId }) => subtopologyId),
  );
  const known = { taskCounts, stateful, internal };
  if (missing.size === 0) return { ...known, missing: [], problem: undefined };
  const names = [...missing.keys()].sort().join(", ");
  const problem = {
    statusCode: StatusCode.MISSING_INTERNAL_TOPICS,
    statusDetail: `Internal topics are missing: ${names}`,
  };
  return { ...known, missing: [...missing.values()], problem };
}

function internalTopic(
  { name, replicationFactor, topicConfigs: configs }: TopicInfo,
  partitionCount: number | undefined,
): InternalTopic {
  assert(partitionCount !== undefined, "the partitions of every internal topic are decided");
  return {
    name,
    partitionCount,
    replicationFactor: replicationFactor === 0 ? -1 : replicationFactor,
    configs,
  };
}

function stopped(statusCode: number, statusDetail: string): ConfiguredTopology {
  const problem = { statusCode, statusDetail };
  const unknown = { taskCounts: undefined, stateful: new Set<string>(), internal: new Map() };
  return { ...unknown, missing: [], problem };
}

function invalid(errorMessage: string): Refusal {
  return refusal(ErrorCode.STREAMS_INVALID_TOPOLOGY, errorMessage);
}
