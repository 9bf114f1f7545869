// A small valid request for each API at each version: what is common to tests of all of them.

import { ZERO_UUID } from "../../src/base/ids.ts";
import { everyApi } from "../../scripts/every_api.ts";
import { type AnyApi, ErrorCode } from "../../src/protocol/mod.ts";
import { batchOf } from "./raw_requests.ts";

/** What a request may name. */
export interface Names {
  readonly version: number;
  readonly topic: string;
  readonly topicId: string;
  readonly newTopic: string;
  readonly group: string;
  readonly memberId: string;
  /** Of the transactional id that is called as the group is; its epoch is 0. */
  readonly producerId?: number;
}

export type MakeMessage = (names: Names) => Record<string, unknown>;

/** The topic as versions from `byId` on name it, by id, and earlier ones, by name. */
function named({ version, topic, topicId }: Names, byId: number, name = "name") {
  return version >= byId ? { topicId } : { [name]: topic };
}

const one = (partition: Record<string, unknown>) => [partition];

const offsetFetch: MakeMessage = (names) =>
  names.version < 8
    ? { groupId: names.group, topics: [{ name: names.topic, partitionIndexes: [0] }] }
    : {
      groups: [{
        groupId: names.group,
        topics: [{ ...named(names, 10), partitionIndexes: [0] }],
      }],
    };

const anyAcl = { principalFilter: null, hostFilter: null, operation: 1, permissionType: 1 };
const clientQuota = {
  entity: [{ entityType: "client-id", entityName: "someone" }],
  ops: [{ key: "producer_byte_rate", value: 1000, remove: false }],
};

function topicResource(resourceName: string) {
  return { resourceType: 2, resourceName };
}

/** A small valid request for each API. A group request is one that needs no members. */
export const smallRequests: Readonly<Record<string, MakeMessage>> = {
  Produce: (names) => ({
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{
      ...named(names, 13),
      partitionData: one({ index: 0, records: batchOf(["produced"]) }),
    }],
  }),
  Fetch: (names) => ({
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{
      ...named(names, 13, "topic"),
      partitions: one({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }),
    }],
    forgottenTopicsData: [],
  }),
  ListOffsets: ({ topic }) => ({
    replicaId: -1,
    topics: [{ name: topic, partitions: one({ partitionIndex: 0, timestamp: -1 }) }],
  }),
  Metadata: ({ topic }) => ({ topics: [{ name: topic }] }),
  OffsetCommit: (names) => ({
    groupId: names.group,
    topics: [{
      ...named(names, 10),
      partitions: one({ partitionIndex: 0, committedOffset: 1, committedMetadata: null }),
    }],
  }),
  OffsetFetch: offsetFetch,
  FindCoordinator: ({ version, group }) =>
    version < 4 ? { key: group } : { coordinatorKeys: [group] },
  JoinGroup: ({ version, group, memberId }) => ({
    groupId: group,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: version >= 1 ? 10_000 : -1,
    memberId,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: new Uint8Array(4) }],
  }),
  Heartbeat: ({ group, memberId }) => ({ groupId: group, generationId: 1, memberId }),
  LeaveGroup: ({ version, group, memberId }) =>
    version < 3
      ? { groupId: group, memberId }
      : { groupId: group, members: [{ memberId, groupInstanceId: null }] },
  SyncGroup: ({ version, group, memberId }) => ({
    groupId: group,
    generationId: 1,
    memberId,
    ...(version >= 5 ? { protocolType: "consumer", protocolName: "range" } : {}),
    assignments: [],
  }),
  DescribeGroups: ({ group }) => ({ groups: [group] }),
  ListGroups: () => ({}),
  ApiVersions: ({ version }) =>
    version < 3 ? {} : { clientSoftwareName: "test", clientSoftwareVersion: "1.0" },
  CreateTopics: ({ newTopic }) => ({
    topics: [
      { name: newTopic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
    ],
  }),
  DeleteTopics: ({ version, newTopic }) =>
    version < 6
      ? { topicNames: [newTopic], timeoutMs: 1000 }
      : { topics: [{ name: newTopic, topicId: ZERO_UUID }], timeoutMs: 1000 },
  DeleteRecords: ({ topic }) => ({
    topics: [{ name: topic, partitions: one({ partitionIndex: 0, offset: 0 }) }],
    timeoutMs: 1000,
  }),
  InitProducerId: () => ({ transactionalId: null, transactionTimeoutMs: 1000 }),
  AddPartitionsToTxn: (names) =>
    names.version < 4
      ? {
        v3AndBelowTransactionalId: names.group,
        v3AndBelowProducerId: names.producerId ?? 0,
        v3AndBelowProducerEpoch: 0,
        v3AndBelowTopics: [{ name: names.topic, partitions: [0] }],
      }
      : {
        transactions: [{
          ...producerOf(names),
          verifyOnly: false,
          topics: [{ name: names.topic, partitions: [0] }],
        }],
      },
  AddOffsetsToTxn: (names) => ({ ...producerOf(names), groupId: names.group }),
  WriteTxnMarkers: ({ topic }) => ({
    markers: [{
      producerId: 0,
      producerEpoch: 0,
      transactionResult: false,
      topics: [{ name: topic, partitionIndexes: [0] }],
      coordinatorEpoch: 0,
    }],
  }),
  TxnOffsetCommit: (names) => ({
    ...producerOf(names),
    groupId: names.group,
    generationIdOrMemberEpoch: -1,
    memberId: "",
    groupInstanceId: null,
    topics: [{
      ...named(names, 6),
      partitions: one({ partitionIndex: 0, committedOffset: 1, committedMetadata: "" }),
    }],
  }),
  EndTxn: (names) => ({ ...producerOf(names), committed: true }),
  DescribeTransactions: ({ group }) => ({ transactionalIds: [group] }),
  ListTransactions: () => ({
    stateFilters: [],
    producerIdFilters: [],
    transactionalIdPattern: null,
  }),
  OffsetForLeaderEpoch: ({ topic }) => ({
    topics: [{ topic, partitions: one({ partition: 0, leaderEpoch: 0 }) }],
  }),
  DescribeConfigs: ({ topic }) => ({
    resources: [{ resourceType: 2, resourceName: topic, configurationKeys: null }],
  }),
  CreatePartitions: ({ newTopic }) => ({
    topics: [{ name: newTopic, count: 2, assignments: null }],
    timeoutMs: 1000,
    validateOnly: false,
  }),
  DeleteGroups: ({ group }) => ({ groupsNames: [group] }),
  OffsetDelete: ({ group, topic }) => ({
    groupId: group,
    topics: [{ name: topic, partitions: one({ partitionIndex: 0 }) }],
  }),
  DescribeCluster: () => ({ includeClusterAuthorizedOperations: false }),
  DescribeTopicPartitions: ({ topic }) => ({ topics: [{ name: topic }], cursor: null }),
  DescribeAcls: () => ({ ...anyAcl, resourceTypeFilter: 1, resourceNameFilter: null }),
  CreateAcls: ({ topic }) => ({
    creations: [{
      resourceType: 2,
      resourceName: topic,
      principal: "User:alice",
      host: "*",
      operation: 3,
      permissionType: 3,
    }],
  }),
  DeleteAcls: () => ({
    filters: [{ ...anyAcl, resourceTypeFilter: 1, resourceNameFilter: null }],
  }),
  AlterConfigs: ({ topic }) => ({
    resources: [{ ...topicResource(topic), configs: [{ name: "retention.ms", value: "1000000" }] }],
    validateOnly: false,
  }),
  IncrementalAlterConfigs: ({ topic }) => ({
    resources: [{
      ...topicResource(topic),
      configs: [{ name: "cleanup.policy", configOperation: 2, value: "compact" }],
    }],
    validateOnly: false,
  }),
  AlterReplicaLogDirs: ({ topic }) => ({
    dirs: [{ path: "/nowhere", topics: [{ name: topic, partitions: [0] }] }],
  }),
  DescribeLogDirs: ({ topic }) => ({ topics: [{ topic, partitions: [0] }] }),
  ElectLeaders: () => ({ topicPartitions: null }),
  AlterPartitionReassignments: ({ topic }) => ({
    topics: [{ name: topic, partitions: one({ partitionIndex: 0, replicas: [1] }) }],
  }),
  ListPartitionReassignments: () => ({}),
  CreateDelegationToken: ({ version }) => ({
    ...version >= 3 && { ownerPrincipalType: null, ownerPrincipalName: null },
    renewers: [],
    maxLifetimeMs: -1,
  }),
  RenewDelegationToken: () => ({ hmac: new Uint8Array(64), renewPeriodMs: -1 }),
  ExpireDelegationToken: () => ({ hmac: new Uint8Array(64), expiryTimePeriodMs: -1 }),
  DescribeDelegationToken: () => ({ owners: null }),
  DescribeClientQuotas: () => ({ components: [], strict: false }),
  AlterClientQuotas: () => ({ entries: [clientQuota], validateOnly: true }),
  DescribeUserScramCredentials: () => ({ users: null }),
  AlterUserScramCredentials: ({ group }) => ({
    deletions: [],
    upsertions: [{
      name: group,
      mechanism: 1,
      iterations: 4096,
      salt: new Uint8Array(8),
      saltedPassword: new Uint8Array(32),
    }],
  }),
  DescribeQuorum: () => ({
    topics: [{ topicName: "__cluster_metadata", partitions: one({ partitionIndex: 0 }) }],
  }),
  UpdateFeatures: () => ({ featureUpdates: [] }),
  DescribeProducers: ({ topic }) => ({ topics: [{ name: topic, partitionIndexes: [0] }] }),
  UnregisterBroker: () => ({ brokerId: 77 }),
  ConsumerGroupHeartbeat: ({ group, topic }) => ({
    groupId: group,
    memberId: "AAAAAAAAAAAAAAAAAAAAAQ",
    memberEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: 10_000,
    subscribedTopicNames: [topic],
    subscribedTopicRegex: null,
    serverAssignor: null,
    topicPartitions: [],
  }),
  ConsumerGroupDescribe: ({ group }) => ({ groupIds: [group] }),
  StreamsGroupHeartbeat: ({ group, topic }) => ({
    groupId: group,
    memberId: "AAAAAAAAAAAAAAAAAAAAAQ",
    memberEpoch: 0,
    endpointInformationEpoch: 0,
    rebalanceTimeoutMs: 10_000,
    topology: {
      epoch: 0,
      subtopologies: [{
        subtopologyId: "0",
        sourceTopics: [topic],
        sourceTopicRegex: [],
        stateChangelogTopics: [],
        repartitionSinkTopics: [],
        repartitionSourceTopics: [],
        copartitionGroups: [],
      }],
    },
    activeTasks: [],
    standbyTasks: [],
    warmupTasks: [],
    processId: "process",
  }),
  StreamsGroupDescribe: ({ group }) => ({ groupIds: [group] }),
  SaslHandshake: () => ({ mechanism: "PLAIN" }),
  SaslAuthenticate: () => ({ authBytes: new Uint8Array(0) }),
  GetTelemetrySubscriptions: () => ({ clientInstanceId: ZERO_UUID }),
  PushTelemetry: () => ({
    clientInstanceId: "AAAAAAAAAAAAAAAAAAAAAQ",
    subscriptionId: 1,
    terminating: false,
    compressionType: 0,
    metrics: new Uint8Array(0),
  }),
  ListConfigResources: () => ({}),
  ShareFetch: ({ group: groupId, topicId }) => ({
    groupId,
    memberId: "member",
    shareSessionEpoch: 0,
    maxWaitMs: 0,
    minBytes: 0,
    maxRecords: 1,
    batchSize: 1,
    isRenewAck: false,
    topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
    forgottenTopicsData: [],
  }),
  ShareAcknowledge: ({ group: groupId }) => ({
    groupId,
    memberId: "member",
    shareSessionEpoch: 1,
    isRenewAck: false,
    topics: [],
  }),
  InitializeShareGroupState: (names) => shareState(names, { stateEpoch: 1, startOffset: 0 }),
  ReadShareGroupState: (names) => shareState(names, { leaderEpoch: 0 }),
  WriteShareGroupState: (names) =>
    shareState(names, {
      stateEpoch: 1,
      leaderEpoch: 0,
      startOffset: 1,
      stateBatches: [{ firstOffset: 1, lastOffset: 2, deliveryState: 2, deliveryCount: 1 }],
    }),
  DeleteShareGroupState: (names) => shareState(names, {}),
  ReadShareGroupStateSummary: (names) => shareState(names, { leaderEpoch: 0 }),
  ShareGroupHeartbeat: ({ group, topic }) => ({
    groupId: group,
    memberId: "AAAAAAAAAAAAAAAAAAAAAQ",
    memberEpoch: 0,
    rackId: null,
    subscribedTopicNames: [topic],
  }),
  ShareGroupDescribe: ({ group }) => ({ groupIds: [group], includeAuthorizedOperations: true }),
  DescribeShareGroupOffsets: ({ group, topic }) => ({
    groups: [{ groupId: group, topics: [{ topicName: topic, partitions: [0] }] }],
  }),
  AlterShareGroupOffsets: ({ group, topic }) => ({
    groupId: group,
    topics: [{ topicName: topic, partitions: [{ partitionIndex: 0, startOffset: 0 }] }],
  }),
  DeleteShareGroupOffsets: ({ group, topic }) => ({
    groupId: group,
    topics: [{ topicName: topic }],
  }),
};

/** The producer of a transactional id. */
function producerOf({ group, producerId = 0 }: Names) {
  return { transactionalId: group, producerId, producerEpoch: 0 };
}

/** Of a broker, about the state of the topic's first partition in the group. */
function shareState({ group: groupId, topicId }: Names, asked: object) {
  return { groupId, topics: [{ topicId, partitions: one({ partition: 0, ...asked }) }] };
}

/** What some are answered however good the request is, by API name. */
export const expectedErrors: Readonly<Record<string, number>> = {
  CreateDelegationToken: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
  RenewDelegationToken: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
  ExpireDelegationToken: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
  DescribeDelegationToken: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
  // The broker's one listener asks nobody to log in.
  SaslHandshake: ErrorCode.ILLEGAL_SASL_STATE,
  SaslAuthenticate: ErrorCode.ILLEGAL_SASL_STATE,
  DescribeAcls: ErrorCode.SECURITY_DISABLED,
  CreateAcls: ErrorCode.SECURITY_DISABLED,
  DeleteAcls: ErrorCode.SECURITY_DISABLED,
  AlterReplicaLogDirs: ErrorCode.LOG_DIR_NOT_FOUND,
  UnregisterBroker: ErrorCode.BROKER_ID_NOT_REGISTERED,
  PushTelemetry: ErrorCode.UNKNOWN_SUBSCRIPTION_ID,
  DeleteShareGroupOffsets: ErrorCode.GROUP_ID_NOT_FOUND,
};

/** The table of an API. */
export function apiNamed(name: string): AnyApi {
  return [...everyApi.values()].find((each) => each.name === name)!;
}

/** Every error code in a message, wherever it is, that is not NONE. */
export function errorsIn(value: unknown): unknown[] {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    if (key === "errorCode") return part === 0 ? [] : [part];
    return errorsIn(part);
  });
}
