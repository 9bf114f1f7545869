// What tools ask of a cluster, and change in it, as methods of one object: the functions of the
// other files here, with their client filled in.
//
// Invariant: a method looks at what it is given, and does what the function of its name does, for
// as long as its caller waits: the last argument of each says until when.

import type { Uuid } from "../../base/ids.ts";
import { type ClusterDescription, describeCluster } from "./cluster.ts";
import {
  type ConfigEntry,
  type ConfigName,
  type ConfigResource,
  describeConfigs,
} from "./configs.ts";
import { deleteGroup, describeGroup, type ListedGroup, listGroups } from "./groups.ts";
import type { DescribedGroup } from "./described_group.ts";
import {
  createPartitions,
  createTopic,
  deleteTopic,
  describeTopic,
  listTopics,
  type NewTopic,
} from "./topics.ts";
import { type CallOptions, checkedSignal } from "../aborting.ts";
import { type AdminTools, forCall, toolsOf } from "./tools.ts";
import { checkOptions } from "../../base/options.ts";
import {
  checkCommitter,
  checkCount,
  checkNewTopic,
  checkOffsets,
  checkPartitions,
  checkPlace,
  checkResource,
  checkText,
} from "../checks.ts";
import type { Client } from "../client.ts";
import {
  commitOffsets,
  type CommittedOffset,
  committedOffsets,
  type Committer,
  type OffsetToCommit,
} from "./group_offsets.ts";
import type { TopicMetadata } from "../metadata.ts";
import { type ListedOffset, listOffsets, type OffsetSpec } from "./offsets.ts";
import type { TopicPartition } from "../topic_partition.ts";

/**
 * What tools ask of a cluster, and change in it. What a broker refuses rejects with KafkaError. The
 * `signal` among the options of a call ends the waiting; what was asked for by then may be done.
 */
export interface Admin extends AdminTools {
  /** All topics by name; Kafka's own (`__consumer_offsets`) are marked `isInternal`. */
  listTopics(options?: CallOptions): Promise<TopicMetadata[]>;
  /** Fresh metadata of one topic: UNKNOWN_TOPIC_OR_PARTITION when there is none. */
  describeTopic(name: string, options?: CallOptions): Promise<TopicMetadata>;
  /** Creates a topic and resolves with its id: TOPIC_ALREADY_EXISTS and the like. */
  createTopic(topic: NewTopic, options?: CallOptions): Promise<Uuid>;
  /** Deletes a topic with all its records. */
  deleteTopic(name: string, options?: CallOptions): Promise<void>;
  /** Grows a topic to `count` partitions. Keys may move: they are placed by the new count. */
  createPartitions(
    grown: { topic: string; count: number },
    options?: CallOptions,
  ): Promise<void>;
  /** The cluster's id, its controller and its brokers. */
  describeCluster(options?: CallOptions): Promise<ClusterDescription>;
  /** The configs of a topic or a broker by name, all or those named. */
  describeConfigs<Resource extends ConfigResource>(
    resource: Resource,
    options?: CallOptions & { names?: readonly ConfigName<Resource>[] },
  ): Promise<ConfigEntry[]>;
  /** The groups of every broker, by id. */
  listGroups(options?: CallOptions): Promise<ListedGroup[]>;
  /** A classic group with its members: GROUP_ID_NOT_FOUND when there is none. */
  describeGroup(groupId: string, options?: CallOptions): Promise<DescribedGroup>;
  /** Deletes an empty group with what it has committed: NON_EMPTY_GROUP while it has members. */
  deleteGroup(groupId: string, options?: CallOptions): Promise<void>;
  /** Commits `offsets` for a group. */
  commitOffsets(
    groupId: string,
    options: CallOptions & { offsets: readonly OffsetToCommit[]; by?: Committer },
  ): Promise<void>;
  /**
   * What a group has committed for `partitions`, or for all when null; others are left out. With
   * `requireStable` transactions that are under way are waited for (KIP-447).
   */
  committedOffsets(
    groupId: string,
    options: CallOptions & {
      partitions: readonly TopicPartition[] | null;
      requireStable?: boolean;
    },
  ): Promise<CommittedOffset[]>;
  /**
   * The offset at `spec` of each partition, in the order given; with `readCommitted` the latest is
   * the last stable offset.
   */
  listOffsets(
    partitions: readonly TopicPartition[],
    options: CallOptions & { spec: OffsetSpec; readCommitted?: boolean },
  ): Promise<ListedOffset[]>;
}

/** The admin functions of `client`. */
export function adminOf(client: Client): Admin {
  return {
    ...topicsOf(client),
    ...groupsOf(client),
    ...clusterOf(client),
    ...toolsOf(client),
  };
}

type Part<Names extends keyof Admin> = Pick<Admin, Names>;

function topicsOf(
  client: Client,
): Part<"listTopics" | "describeTopic" | "createTopic" | "deleteTopic" | "createPartitions"> {
  return {
    async listTopics(options) {
      return await listTopics(forCall(client, "listTopics", options));
    },
    async describeTopic(name, options) {
      checkText("describeTopic", "a topic", name);
      return await describeTopic(forCall(client, "describeTopic", options), name);
    },
    async createTopic(topic, options) {
      checkNewTopic("createTopic", topic);
      return await createTopic(forCall(client, "createTopic", options), topic);
    },
    async deleteTopic(name, options) {
      checkText("deleteTopic", "a topic", name);
      await deleteTopic(forCall(client, "deleteTopic", options), name);
    },
    async createPartitions(grown, options) {
      checkOptions("createPartitions", grown, { topic: "text", count: "count" });
      checkText("createPartitions", "topic", grown.topic);
      checkCount("createPartitions", "count", grown.count);
      await createPartitions(forCall(client, "createPartitions", options), grown);
    },
  };
}

function groupsOf(
  client: Client,
): Part<"listGroups" | "describeGroup" | "deleteGroup" | "commitOffsets" | "committedOffsets"> {
  return {
    async listGroups(options) {
      return await listGroups(forCall(client, "listGroups", options));
    },
    async describeGroup(groupId, options) {
      checkText("describeGroup", "a group", groupId);
      return await describeGroup(forCall(client, "describeGroup", options), groupId);
    },
    async deleteGroup(groupId, options) {
      checkText("deleteGroup", "a group", groupId);
      await deleteGroup(forCall(client, "deleteGroup", options), groupId);
    },
    async commitOffsets(groupId, options) {
      const call = "commitOffsets";
      checkText(call, "a group", groupId);
      checkOptions(call, options, { offsets: "list", by: "object", signal: "any" });
      checkOffsets(call, options.offsets);
      checkCommitter(call, options.by);
      await commitOffsets(client.until(checkedSignal(call, options.signal)), groupId, options);
    },
    async committedOffsets(groupId, options) {
      const call = "committedOffsets";
      checkText(call, "a group", groupId);
      checkOptions(call, options, { partitions: "any", requireStable: "flag", signal: "any" });
      if (options.partitions !== null) checkPartitions(call, options.partitions);
      const until = client.until(checkedSignal(call, options.signal));
      return await committedOffsets(until, groupId, options);
    },
  };
}

function clusterOf(
  client: Client,
): Part<"describeCluster" | "describeConfigs" | "listOffsets"> {
  return {
    async describeCluster(options) {
      return await describeCluster(forCall(client, "describeCluster", options));
    },
    async describeConfigs(resource, options = {}) {
      const call = "describeConfigs";
      checkResource(call, resource);
      checkOptions(call, options, { names: "list", signal: "any" });
      for (const name of options.names ?? []) checkText(call, "each of names", name);
      const until = client.until(checkedSignal(call, options.signal));
      return await describeConfigs(until, resource, options);
    },
    async listOffsets(partitions, options) {
      const call = "listOffsets";
      checkPartitions(call, partitions);
      checkOptions(call, options, { spec: "any", readCommitted: "flag", signal: "any" });
      checkPlace(call, options.spec);
      const until = client.until(checkedSignal(call, options.signal));
      return await listOffsets(until, partitions, options);
    },
  };
}
