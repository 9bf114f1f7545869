// The tables that every start needs: of what the broker serves from the first request on and of
// what our client sends. A new one of these has a line in each list below. One of a handler that is
// loaded late has none: each module costs time at start, so its handler imports its own file.

import { Produce } from "./00_produce.ts";
import { Fetch } from "./01_fetch.ts";
import { ListOffsets } from "./02_list_offsets.ts";
import { Metadata } from "./03_metadata.ts";
import { OffsetCommit } from "./08_offset_commit.ts";
import { OffsetFetch } from "./09_offset_fetch.ts";
import { FindCoordinator } from "./10_find_coordinator.ts";
import { JoinGroup } from "./11_join_group.ts";
import { Heartbeat } from "./12_heartbeat.ts";
import { LeaveGroup } from "./13_leave_group.ts";
import { SyncGroup } from "./14_sync_group.ts";
import { DescribeGroups } from "./15_describe_groups.ts";
import { ListGroups } from "./16_list_groups.ts";
import { ApiVersions } from "./18_api_versions.ts";
import { CreateTopics } from "./19_create_topics.ts";
import { DeleteTopics } from "./20_delete_topics.ts";
import { DeleteRecords } from "./21_delete_records.ts";
import { InitProducerId } from "./22_init_producer_id.ts";
import { OffsetForLeaderEpoch } from "./23_offset_for_leader_epoch.ts";
import { DescribeConfigs } from "./32_describe_configs.ts";
import { CreatePartitions } from "./37_create_partitions.ts";
import { DeleteGroups } from "./42_delete_groups.ts";
import { OffsetDelete } from "./47_offset_delete.ts";
import { DescribeCluster } from "./60_describe_cluster.ts";
import { DescribeTopicPartitions } from "./75_describe_topic_partitions.ts";
import type { AnyApi } from "../schema.ts";

export * from "./00_produce.ts";
export * from "./01_fetch.ts";
export * from "./02_list_offsets.ts";
export * from "./03_metadata.ts";
export * from "./08_offset_commit.ts";
export * from "./09_offset_fetch.ts";
export * from "./10_find_coordinator.ts";
export * from "./11_join_group.ts";
export * from "./12_heartbeat.ts";
export * from "./13_leave_group.ts";
export * from "./14_sync_group.ts";
export * from "./15_describe_groups.ts";
export * from "./16_list_groups.ts";
export * from "./18_api_versions.ts";
export * from "./19_create_topics.ts";
export * from "./20_delete_topics.ts";
export * from "./21_delete_records.ts";
export * from "./22_init_producer_id.ts";
export * from "./23_offset_for_leader_epoch.ts";
export * from "./32_describe_configs.ts";
export * from "./37_create_partitions.ts";
export * from "./42_delete_groups.ts";
export * from "./47_offset_delete.ts";
export * from "./60_describe_cluster.ts";
export * from "./75_describe_topic_partitions.ts";

/** These tables, by API key. */
export const apis: ReadonlyMap<number, AnyApi> = new Map<number, AnyApi>([
  [Produce.key, Produce],
  [Fetch.key, Fetch],
  [ListOffsets.key, ListOffsets],
  [Metadata.key, Metadata],
  [OffsetCommit.key, OffsetCommit],
  [OffsetFetch.key, OffsetFetch],
  [FindCoordinator.key, FindCoordinator],
  [JoinGroup.key, JoinGroup],
  [Heartbeat.key, Heartbeat],
  [LeaveGroup.key, LeaveGroup],
  [SyncGroup.key, SyncGroup],
  [DescribeGroups.key, DescribeGroups],
  [ListGroups.key, ListGroups],
  [ApiVersions.key, ApiVersions],
  [CreateTopics.key, CreateTopics],
  [DeleteTopics.key, DeleteTopics],
  [DeleteRecords.key, DeleteRecords],
  [InitProducerId.key, InitProducerId],
  [OffsetForLeaderEpoch.key, OffsetForLeaderEpoch],
  [DescribeConfigs.key, DescribeConfigs],
  [CreatePartitions.key, CreatePartitions],
  [DeleteGroups.key, DeleteGroups],
  [OffsetDelete.key, OffsetDelete],
  [DescribeCluster.key, DescribeCluster],
  [DescribeTopicPartitions.key, DescribeTopicPartitions],
]);
