// Every table that there is, for who takes the protocol as a whole: the package's face of that name
// and the test kit. A broker and a client load what they need of them, which is less (apis/mod.ts).
//
// Invariant: each file of apis/ has its lines here (scripts/every_api_test.ts).

import { Produce } from "./apis/00_produce.ts";
import { Fetch } from "./apis/01_fetch.ts";
import { ListOffsets } from "./apis/02_list_offsets.ts";
import { Metadata } from "./apis/03_metadata.ts";
import { OffsetCommit } from "./apis/08_offset_commit.ts";
import { OffsetFetch } from "./apis/09_offset_fetch.ts";
import { FindCoordinator } from "./apis/10_find_coordinator.ts";
import { JoinGroup } from "./apis/11_join_group.ts";
import { Heartbeat } from "./apis/12_heartbeat.ts";
import { LeaveGroup } from "./apis/13_leave_group.ts";
import { SyncGroup } from "./apis/14_sync_group.ts";
import { DescribeGroups } from "./apis/15_describe_groups.ts";
import { ListGroups } from "./apis/16_list_groups.ts";
import { SaslHandshake } from "./apis/17_sasl_handshake.ts";
import { ApiVersions } from "./apis/18_api_versions.ts";
import { CreateTopics } from "./apis/19_create_topics.ts";
import { DeleteTopics } from "./apis/20_delete_topics.ts";
import { DeleteRecords } from "./apis/21_delete_records.ts";
import { InitProducerId } from "./apis/22_init_producer_id.ts";
import { OffsetForLeaderEpoch } from "./apis/23_offset_for_leader_epoch.ts";
import { AddPartitionsToTxn } from "./apis/24_add_partitions_to_txn.ts";
import { AddOffsetsToTxn } from "./apis/25_add_offsets_to_txn.ts";
import { EndTxn } from "./apis/26_end_txn.ts";
import { WriteTxnMarkers } from "./apis/27_write_txn_markers.ts";
import { TxnOffsetCommit } from "./apis/28_txn_offset_commit.ts";
import { DescribeAcls } from "./apis/29_describe_acls.ts";
import { CreateAcls } from "./apis/30_create_acls.ts";
import { DeleteAcls } from "./apis/31_delete_acls.ts";
import { DescribeConfigs } from "./apis/32_describe_configs.ts";
import { AlterConfigs } from "./apis/33_alter_configs.ts";
import { AlterReplicaLogDirs } from "./apis/34_alter_replica_log_dirs.ts";
import { DescribeLogDirs } from "./apis/35_describe_log_dirs.ts";
import { SaslAuthenticate } from "./apis/36_sasl_authenticate.ts";
import { CreatePartitions } from "./apis/37_create_partitions.ts";
import { CreateDelegationToken } from "./apis/38_create_delegation_token.ts";
import { RenewDelegationToken } from "./apis/39_renew_delegation_token.ts";
import { ExpireDelegationToken } from "./apis/40_expire_delegation_token.ts";
import { DescribeDelegationToken } from "./apis/41_describe_delegation_token.ts";
import { DeleteGroups } from "./apis/42_delete_groups.ts";
import { ElectLeaders } from "./apis/43_elect_leaders.ts";
import { IncrementalAlterConfigs } from "./apis/44_incremental_alter_configs.ts";
import { AlterPartitionReassignments } from "./apis/45_alter_partition_reassignments.ts";
import { ListPartitionReassignments } from "./apis/46_list_partition_reassignments.ts";
import { OffsetDelete } from "./apis/47_offset_delete.ts";
import { DescribeClientQuotas } from "./apis/48_describe_client_quotas.ts";
import { AlterClientQuotas } from "./apis/49_alter_client_quotas.ts";
import { DescribeUserScramCredentials } from "./apis/50_describe_user_scram_credentials.ts";
import { AlterUserScramCredentials } from "./apis/51_alter_user_scram_credentials.ts";
import { DescribeQuorum } from "./apis/55_describe_quorum.ts";
import { UpdateFeatures } from "./apis/57_update_features.ts";
import { DescribeCluster } from "./apis/60_describe_cluster.ts";
import { DescribeProducers } from "./apis/61_describe_producers.ts";
import { UnregisterBroker } from "./apis/64_unregister_broker.ts";
import { DescribeTransactions } from "./apis/65_describe_transactions.ts";
import { ListTransactions } from "./apis/66_list_transactions.ts";
import { ConsumerGroupHeartbeat } from "./apis/68_consumer_group_heartbeat.ts";
import { ConsumerGroupDescribe } from "./apis/69_consumer_group_describe.ts";
import { GetTelemetrySubscriptions } from "./apis/71_get_telemetry_subscriptions.ts";
import { PushTelemetry } from "./apis/72_push_telemetry.ts";
import { ListConfigResources } from "./apis/74_list_config_resources.ts";
import { DescribeTopicPartitions } from "./apis/75_describe_topic_partitions.ts";
import { ShareGroupHeartbeat } from "./apis/76_share_group_heartbeat.ts";
import { ShareGroupDescribe } from "./apis/77_share_group_describe.ts";
import { ShareFetch } from "./apis/78_share_fetch.ts";
import { ShareAcknowledge } from "./apis/79_share_acknowledge.ts";
import { AddRaftVoter } from "./apis/80_add_raft_voter.ts";
import { RemoveRaftVoter } from "./apis/81_remove_raft_voter.ts";
import { InitializeShareGroupState } from "./apis/83_initialize_share_group_state.ts";
import { ReadShareGroupState } from "./apis/84_read_share_group_state.ts";
import { WriteShareGroupState } from "./apis/85_write_share_group_state.ts";
import { DeleteShareGroupState } from "./apis/86_delete_share_group_state.ts";
import { ReadShareGroupStateSummary } from "./apis/87_read_share_group_state_summary.ts";
import { StreamsGroupHeartbeat } from "./apis/88_streams_group_heartbeat.ts";
import { StreamsGroupDescribe } from "./apis/89_streams_group_describe.ts";
import { DescribeShareGroupOffsets } from "./apis/90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "./apis/91_alter_share_group_offsets.ts";
import { DeleteShareGroupOffsets } from "./apis/92_delete_share_group_offsets.ts";
import {
  StreamsGroupTopologyDescriptionUpdate,
} from "./apis/93_streams_group_topology_description_update.ts";
import { UnregisterController } from "./apis/94_unregister_controller.ts";
import type { AnyApi } from "./schema.ts";

export * from "./apis/00_produce.ts";
export * from "./apis/01_fetch.ts";
export * from "./apis/02_list_offsets.ts";
export * from "./apis/03_metadata.ts";
export * from "./apis/08_offset_commit.ts";
export * from "./apis/09_offset_fetch.ts";
export * from "./apis/10_find_coordinator.ts";
export * from "./apis/11_join_group.ts";
export * from "./apis/12_heartbeat.ts";
export * from "./apis/13_leave_group.ts";
export * from "./apis/14_sync_group.ts";
export * from "./apis/15_describe_groups.ts";
export * from "./apis/16_list_groups.ts";
export * from "./apis/17_sasl_handshake.ts";
export * from "./apis/18_api_versions.ts";
export * from "./apis/19_create_topics.ts";
export * from "./apis/20_delete_topics.ts";
export * from "./apis/21_delete_records.ts";
export * from "./apis/22_init_producer_id.ts";
export * from "./apis/23_offset_for_leader_epoch.ts";
export * from "./apis/24_add_partitions_to_txn.ts";
export * from "./apis/25_add_offsets_to_txn.ts";
export * from "./apis/26_end_txn.ts";
export * from "./apis/27_write_txn_markers.ts";
export * from "./apis/28_txn_offset_commit.ts";
export * from "./apis/29_describe_acls.ts";
export * from "./apis/30_create_acls.ts";
export * from "./apis/31_delete_acls.ts";
export * from "./apis/32_describe_configs.ts";
export * from "./apis/33_alter_configs.ts";
export * from "./apis/34_alter_replica_log_dirs.ts";
export * from "./apis/35_describe_log_dirs.ts";
export * from "./apis/36_sasl_authenticate.ts";
export * from "./apis/37_create_partitions.ts";
export * from "./apis/38_create_delegation_token.ts";
export * from "./apis/39_renew_delegation_token.ts";
export * from "./apis/40_expire_delegation_token.ts";
export * from "./apis/41_describe_delegation_token.ts";
export * from "./apis/42_delete_groups.ts";
export * from "./apis/43_elect_leaders.ts";
export * from "./apis/44_incremental_alter_configs.ts";
export * from "./apis/45_alter_partition_reassignments.ts";
export * from "./apis/46_list_partition_reassignments.ts";
export * from "./apis/47_offset_delete.ts";
export * from "./apis/48_describe_client_quotas.ts";
export * from "./apis/49_alter_client_quotas.ts";
export * from "./apis/50_describe_user_scram_credentials.ts";
export * from "./apis/51_alter_user_scram_credentials.ts";
export * from "./apis/55_describe_quorum.ts";
export * from "./apis/57_update_features.ts";
export * from "./apis/60_describe_cluster.ts";
export * from "./apis/61_describe_producers.ts";
export * from "./apis/64_unregister_broker.ts";
export * from "./apis/65_describe_transactions.ts";
export * from "./apis/66_list_transactions.ts";
export * from "./apis/68_consumer_group_heartbeat.ts";
export * from "./apis/69_consumer_group_describe.ts";
export * from "./apis/71_get_telemetry_subscriptions.ts";
export * from "./apis/72_push_telemetry.ts";
export * from "./apis/74_list_config_resources.ts";
export * from "./apis/75_describe_topic_partitions.ts";
export * from "./apis/76_share_group_heartbeat.ts";
export * from "./apis/77_share_group_describe.ts";
export * from "./apis/78_share_fetch.ts";
export * from "./apis/79_share_acknowledge.ts";
export * from "./apis/80_add_raft_voter.ts";
export * from "./apis/81_remove_raft_voter.ts";
export * from "./apis/83_initialize_share_group_state.ts";
export * from "./apis/84_read_share_group_state.ts";
export * from "./apis/85_write_share_group_state.ts";
export * from "./apis/86_delete_share_group_state.ts";
export * from "./apis/87_read_share_group_state_summary.ts";
export * from "./apis/88_streams_group_heartbeat.ts";
export * from "./apis/89_streams_group_describe.ts";
export * from "./apis/90_describe_share_group_offsets.ts";
export * from "./apis/91_alter_share_group_offsets.ts";
export * from "./apis/92_delete_share_group_offsets.ts";
export * from "./apis/93_streams_group_topology_description_update.ts";
export * from "./apis/94_unregister_controller.ts";

/** Every table by its API key. */
export const everyApi: ReadonlyMap<number, AnyApi> = new Map(
  [
    Produce,
    Fetch,
    ListOffsets,
    Metadata,
    OffsetCommit,
    OffsetFetch,
    FindCoordinator,
    JoinGroup,
    Heartbeat,
    LeaveGroup,
    SyncGroup,
    DescribeGroups,
    ListGroups,
    SaslHandshake,
    ApiVersions,
    CreateTopics,
    DeleteTopics,
    DeleteRecords,
    InitProducerId,
    OffsetForLeaderEpoch,
    AddPartitionsToTxn,
    AddOffsetsToTxn,
    EndTxn,
    WriteTxnMarkers,
    TxnOffsetCommit,
    DescribeAcls,
    CreateAcls,
    DeleteAcls,
    DescribeConfigs,
    AlterConfigs,
    AlterReplicaLogDirs,
    DescribeLogDirs,
    SaslAuthenticate,
    CreatePartitions,
    CreateDelegationToken,
    RenewDelegationToken,
    ExpireDelegationToken,
    DescribeDelegationToken,
    DeleteGroups,
    ElectLeaders,
    IncrementalAlterConfigs,
    AlterPartitionReassignments,
    ListPartitionReassignments,
    OffsetDelete,
    DescribeClientQuotas,
    AlterClientQuotas,
    DescribeUserScramCredentials,
    AlterUserScramCredentials,
    DescribeQuorum,
    UpdateFeatures,
    DescribeCluster,
    DescribeProducers,
    UnregisterBroker,
    DescribeTransactions,
    ListTransactions,
    ConsumerGroupHeartbeat,
    ConsumerGroupDescribe,
    GetTelemetrySubscriptions,
    PushTelemetry,
    ListConfigResources,
    DescribeTopicPartitions,
    ShareGroupHeartbeat,
    ShareGroupDescribe,
    ShareFetch,
    ShareAcknowledge,
    AddRaftVoter,
    RemoveRaftVoter,
    InitializeShareGroupState,
    ReadShareGroupState,
    WriteShareGroupState,
    DeleteShareGroupState,
    ReadShareGroupStateSummary,
    StreamsGroupHeartbeat,
    StreamsGroupDescribe,
    DescribeShareGroupOffsets,
    AlterShareGroupOffsets,
    DeleteShareGroupOffsets,
    StreamsGroupTopologyDescriptionUpdate,
    UnregisterController,
  ].map((api) => [api.key, api as AnyApi]),
);
