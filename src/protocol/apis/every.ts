// All tables: those of mod.ts, and those that a start does not need. Each module costs time at
// start, so the protocol's face (../mod.ts) has mod.ts alone, and nothing in src/ imports this
// file: it is for what reads every table, such as the comparison with Kafka's definitions, the
// fuzzer and the golden bytes.
//
//   an API of every start      =>    move its two lines from here to mod.ts
//   a handler loaded late      =>    it imports its table's own file
//
// Invariant: each table is in one of the two maps.

import { SaslHandshake } from "./17_sasl_handshake.ts";
import { AddPartitionsToTxn } from "./24_add_partitions_to_txn.ts";
import { AddOffsetsToTxn } from "./25_add_offsets_to_txn.ts";
import { EndTxn } from "./26_end_txn.ts";
import { WriteTxnMarkers } from "./27_write_txn_markers.ts";
import { TxnOffsetCommit } from "./28_txn_offset_commit.ts";
import { DescribeAcls } from "./29_describe_acls.ts";
import { CreateAcls } from "./30_create_acls.ts";
import { DeleteAcls } from "./31_delete_acls.ts";
import { AlterConfigs } from "./33_alter_configs.ts";
import { AlterReplicaLogDirs } from "./34_alter_replica_log_dirs.ts";
import { DescribeLogDirs } from "./35_describe_log_dirs.ts";
import { SaslAuthenticate } from "./36_sasl_authenticate.ts";
import { CreateDelegationToken } from "./38_create_delegation_token.ts";
import { RenewDelegationToken } from "./39_renew_delegation_token.ts";
import { ExpireDelegationToken } from "./40_expire_delegation_token.ts";
import { DescribeDelegationToken } from "./41_describe_delegation_token.ts";
import { ElectLeaders } from "./43_elect_leaders.ts";
import { IncrementalAlterConfigs } from "./44_incremental_alter_configs.ts";
import { AlterPartitionReassignments } from "./45_alter_partition_reassignments.ts";
import { ListPartitionReassignments } from "./46_list_partition_reassignments.ts";
import { DescribeClientQuotas } from "./48_describe_client_quotas.ts";
import { AlterClientQuotas } from "./49_alter_client_quotas.ts";
import { DescribeUserScramCredentials } from "./50_describe_user_scram_credentials.ts";
import { AlterUserScramCredentials } from "./51_alter_user_scram_credentials.ts";
import { DescribeQuorum } from "./55_describe_quorum.ts";
import { UpdateFeatures } from "./57_update_features.ts";
import { DescribeProducers } from "./61_describe_producers.ts";
import { UnregisterBroker } from "./64_unregister_broker.ts";
import { DescribeTransactions } from "./65_describe_transactions.ts";
import { ListTransactions } from "./66_list_transactions.ts";
import { ConsumerGroupHeartbeat } from "./68_consumer_group_heartbeat.ts";
import { ConsumerGroupDescribe } from "./69_consumer_group_describe.ts";
import { GetTelemetrySubscriptions } from "./71_get_telemetry_subscriptions.ts";
import { PushTelemetry } from "./72_push_telemetry.ts";
import { ListConfigResources } from "./74_list_config_resources.ts";
import { ShareGroupHeartbeat } from "./76_share_group_heartbeat.ts";
import { ShareGroupDescribe } from "./77_share_group_describe.ts";
import { ShareFetch } from "./78_share_fetch.ts";
import { ShareAcknowledge } from "./79_share_acknowledge.ts";
import { AddRaftVoter } from "./80_add_raft_voter.ts";
import { RemoveRaftVoter } from "./81_remove_raft_voter.ts";
import { InitializeShareGroupState } from "./83_initialize_share_group_state.ts";
import { ReadShareGroupState } from "./84_read_share_group_state.ts";
import { WriteShareGroupState } from "./85_write_share_group_state.ts";
import { DeleteShareGroupState } from "./86_delete_share_group_state.ts";
import { ReadShareGroupStateSummary } from "./87_read_share_group_state_summary.ts";
import { StreamsGroupHeartbeat } from "./88_streams_group_heartbeat.ts";
import { StreamsGroupDescribe } from "./89_streams_group_describe.ts";
import { DescribeShareGroupOffsets } from "./90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "./91_alter_share_group_offsets.ts";
import { DeleteShareGroupOffsets } from "./92_delete_share_group_offsets.ts";
import {
  StreamsGroupTopologyDescriptionUpdate,
} from "./93_streams_group_topology_description_update.ts";
import { UnregisterController } from "./94_unregister_controller.ts";
import type { AnyApi } from "../schema.ts";
import { apis } from "./mod.ts";

const others: readonly AnyApi[] = [
  SaslHandshake,
  AddPartitionsToTxn,
  AddOffsetsToTxn,
  EndTxn,
  WriteTxnMarkers,
  TxnOffsetCommit,
  DescribeAcls,
  CreateAcls,
  DeleteAcls,
  AlterConfigs,
  AlterReplicaLogDirs,
  DescribeLogDirs,
  SaslAuthenticate,
  CreateDelegationToken,
  RenewDelegationToken,
  ExpireDelegationToken,
  DescribeDelegationToken,
  ElectLeaders,
  IncrementalAlterConfigs,
  AlterPartitionReassignments,
  ListPartitionReassignments,
  DescribeClientQuotas,
  AlterClientQuotas,
  DescribeUserScramCredentials,
  AlterUserScramCredentials,
  DescribeQuorum,
  UpdateFeatures,
  DescribeProducers,
  UnregisterBroker,
  DescribeTransactions,
  ListTransactions,
  ConsumerGroupHeartbeat,
  ConsumerGroupDescribe,
  GetTelemetrySubscriptions,
  PushTelemetry,
  ListConfigResources,
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
];

/** Every table that there is, by API key. */
export const everyApi: ReadonlyMap<number, AnyApi> = new Map(
  [...apis.values(), ...others]
    .sort((a, b) => a.key - b.key)
    .map((api) => [api.key, api]),
);
