// Thousands of questions that nobody thought of asking (questions.ts), in conversations.
//
// Each conversation is held about a topic of its own (two partitions, three records in the first)
// and a group of its own that has committed there, so that whatever a question changes is seen by
// the next ones alone. Invariant: the same seed gives the same questions, and a failure names it.
// OTTLA_SEED asks others, OTTLA_QUESTIONS so many in each conversation.

import { DeleteGroups } from "../../../src/protocol/apis/42_delete_groups.ts";
import { CreatePartitions } from "../../../src/protocol/apis/37_create_partitions.ts";
import { DeleteRecords } from "../../../src/protocol/apis/21_delete_records.ts";
import { DescribeClientQuotas } from "../../../src/protocol/apis/48_describe_client_quotas.ts";
import { AlterClientQuotas } from "../../../src/protocol/apis/49_alter_client_quotas.ts";
import { DescribeProducers } from "../../../src/protocol/apis/61_describe_producers.ts";
import { ElectLeaders } from "../../../src/protocol/apis/43_elect_leaders.ts";
import { AlterConfigs } from "../../../src/protocol/apis/33_alter_configs.ts";
import {
  IncrementalAlterConfigs,
} from "../../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  ListPartitionReassignments,
} from "../../../src/protocol/apis/46_list_partition_reassignments.ts";
import { AlterReplicaLogDirs } from "../../../src/protocol/apis/34_alter_replica_log_dirs.ts";
import { DescribeLogDirs } from "../../../src/protocol/apis/35_describe_log_dirs.ts";
import {
  AlterPartitionReassignments,
} from "../../../src/protocol/apis/45_alter_partition_reassignments.ts";
import {
  DescribeUserScramCredentials,
} from "../../../src/protocol/apis/50_describe_user_scram_credentials.ts";
import { UpdateFeatures } from "../../../src/protocol/apis/57_update_features.ts";
import { AddPartitionsToTxn } from "../../../src/protocol/apis/24_add_partitions_to_txn.ts";
import { AddOffsetsToTxn } from "../../../src/protocol/apis/25_add_offsets_to_txn.ts";
import { EndTxn } from "../../../src/protocol/apis/26_end_txn.ts";
import { TxnOffsetCommit } from "../../../src/protocol/apis/28_txn_offset_commit.ts";
import { DescribeTransactions } from "../../../src/protocol/apis/65_describe_transactions.ts";
import { ConsumerGroupDescribe } from "../../../src/protocol/apis/69_consumer_group_describe.ts";
import { ShareGroupDescribe } from "../../../src/protocol/apis/77_share_group_describe.ts";
import { StreamsGroupDescribe } from "../../../src/protocol/apis/89_streams_group_describe.ts";
import { WriteTxnMarkers } from "../../../src/protocol/apis/27_write_txn_markers.ts";
import { DescribeQuorum } from "../../../src/protocol/apis/55_describe_quorum.ts";
import { ConsumerGroupHeartbeat } from "../../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { ShareGroupHeartbeat } from "../../../src/protocol/apis/76_share_group_heartbeat.ts";
import { ShareFetch } from "../../../src/protocol/apis/78_share_fetch.ts";
import { ShareAcknowledge } from "../../../src/protocol/apis/79_share_acknowledge.ts";
import { StreamsGroupHeartbeat } from "../../../src/protocol/apis/88_streams_group_heartbeat.ts";
import {
  DescribeShareGroupOffsets,
} from "../../../src/protocol/apis/90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "../../../src/protocol/apis/91_alter_share_group_offsets.ts";
import {
  DeleteShareGroupOffsets,
} from "../../../src/protocol/apis/92_delete_share_group_offsets.ts";
import { OffsetDelete } from "../../../src/protocol/apis/47_offset_delete.ts";
import {
  DescribeTopicPartitions,
} from "../../../src/protocol/apis/75_describe_topic_partitions.ts";
import {
  type AnyApi,
  CreateTopics,
  DeleteTopics,
  DescribeCluster,
  DescribeConfigs,
  DescribeGroups,
  Fetch,
  FindCoordinator,
  Heartbeat,
  InitProducerId,
  LeaveGroup,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  OffsetForLeaderEpoch,
  Produce,
  SyncGroup,
} from "../../../src/protocol/mod.ts";

import { Hangup, type Scenario, sortedBy, type Talk } from "../differential.ts";
import { batch } from "./batches.ts";
import { type Fielded, identityOf, questionsOf, type World } from "./questions.ts";

const questionsEach = Number(Deno.env.get("OTTLA_QUESTIONS") ?? 4);
const seedOfAll = Number(Deno.env.get("OTTLA_SEED") ?? 1);

/** The world of a conversation, made on the broker that it is held with. */
async function worldOf(talk: Talk): Promise<World> {
  const { topic, group } = talk;
  const topicId = await talk.createTopic({ partitions: 2 });
  await talk.need(Produce, {
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{
      name: topic,
      partitionData: [{ index: 0, records: batch(["one", "two", "three"]) }],
    }],
  }, { version: 9 });
  await talk.need(OffsetCommit, {
    groupId: group,
    topics: [{
      name: topic,
      partitions: [{ partitionIndex: 0, committedOffset: 2, committedMetadata: "note" }],
    }],
  }, { version: 8 });
  return { topic, topicId, group };
}

/** Kafka asks its controller for ids when the first is asked for, and says so meanwhile. */
async function untilIdsAreGiven(talk: Talk): Promise<void> {
  await talk.until(async () => {
    const message = { transactionalId: null, transactionTimeoutMs: 60_000 };
    return (await talk.need(InitProducerId, message)).errorCode === 0;
  });
}

/** APIs whose answers depend on the conversation alone, and how many conversations each gets. */
const subjects: readonly (readonly [api: AnyApi, count: number])[] = [
  [Produce, 6],
  [Fetch, 8],
  [ListOffsets, 6],
  [Metadata, 6],
  [OffsetCommit, 6],
  [OffsetFetch, 6],
  [FindCoordinator, 3],
  [Heartbeat, 3],
  [LeaveGroup, 4],
  [SyncGroup, 3],
  [DescribeGroups, 3],
  [CreateTopics, 6],
  [DeleteTopics, 5],
  [DeleteRecords, 8],
  [OffsetForLeaderEpoch, 6],
  [DescribeConfigs, 6],
  [AlterConfigs, 8],
  [IncrementalAlterConfigs, 12],
  [CreatePartitions, 6],
  [DeleteGroups, 4],
  [ElectLeaders, 6],
  [ListPartitionReassignments, 6],
  [OffsetDelete, 8],
  [DescribeClientQuotas, 8],
  [AlterClientQuotas, 8],
  [DescribeProducers, 6],
  [DescribeTopicPartitions, 8],
  [InitProducerId, 4],
  [DescribeCluster, 4],
  [DescribeLogDirs, 6],
  [DescribeUserScramCredentials, 4],
  [AlterReplicaLogDirs, 6],
  [AlterPartitionReassignments, 6],
  [UpdateFeatures, 8],
  [AddPartitionsToTxn, 6],
  [AddOffsetsToTxn, 4],
  [EndTxn, 4],
  [TxnOffsetCommit, 6],
  [DescribeTransactions, 4],
  [ConsumerGroupDescribe, 4],
  [ShareGroupDescribe, 4],
  [StreamsGroupDescribe, 4],
  [ConsumerGroupHeartbeat, 12],
  [ShareGroupHeartbeat, 12],
  [StreamsGroupHeartbeat, 12],
  [DescribeShareGroupOffsets, 6],
  [AlterShareGroupOffsets, 8],
  [DeleteShareGroupOffsets, 6],
  [ShareFetch, 8],
  [ShareAcknowledge, 8],
  [WriteTxnMarkers, 8],
  [DescribeQuorum, 4],
];

/** What of a data directory is its machine's own. */
const ofTheMachine: ReadonlySet<string> = new Set(["logDir", "totalBytes", "usableBytes"]);

/** Answers that Kafka gathers in a hash table, or errors first: compared by what they name. */
const unordered: ReadonlySet<string> = new Set([
  "Produce",
  "Fetch",
  "ListOffsets",
  "Metadata",
  "OffsetCommit",
  "DeleteTopics",
  "DeleteRecords",
  "DescribeGroups",
  "DeleteGroups",
  "CreatePartitions",
  "OffsetForLeaderEpoch",
  "OffsetDelete",
  "AlterClientQuotas",
  "DescribeLogDirs",
  "DescribeUserScramCredentials",
  "AlterReplicaLogDirs",
  "AlterPartitionReassignments",
  "AddPartitionsToTxn",
  "TxnOffsetCommit",
  "DescribeTransactions",
  "ConsumerGroupDescribe",
  "ShareGroupDescribe",
  "StreamsGroupDescribe",
  "DescribeShareGroupOffsets",
  "AlterShareGroupOffsets",
  "DeleteShareGroupOffsets",
  "WriteTxnMarkers",
  "ConsumerGroupHeartbeat",
  "ShareGroupHeartbeat",
  "StreamsGroupHeartbeat",
  "ShareFetch",
  "ShareAcknowledge",
]);

/**
 * Every list of `value` by what its elements are about. A topic that Kafka tells twice, its errors
 * apart, becomes one, and one without partitions is left out.
 */
function ordered(value: unknown, { topicId }: World): unknown {
  const keyOf = (each: unknown) => identityOf(each).replaceAll(topicId, "own");
  const walk = (each: unknown): unknown => {
    if (Array.isArray(each)) {
      return sortedBy(merged(each.filter((one) => !isEmptyTopic(one)), keyOf).map(walk), keyOf);
    }
    if (typeof each !== "object" || each === null || each instanceof Uint8Array) return each;
    const fields = Object.entries(each).filter(([key]) => !ofTheMachine.has(key));
    return Object.fromEntries(fields.map(([key, one]) => [key, walk(one)]));
  };
  return walk(value);
}

function merged(list: readonly unknown[], keyOf: (each: unknown) => string): readonly unknown[] {
  if (!list.every((each) => typeof each === "object" && each !== null && "partitions" in each)) {
    return list;
  }
  const byKey = new Map<string, Fielded>();
  for (const each of list as readonly Fielded[]) {
    const before = byKey.get(keyOf(each));
    const partitions = [
      ...(before?.partitions ?? []) as unknown[],
      ...each.partitions as unknown[],
    ];
    byKey.set(keyOf(each), { ...each, partitions });
  }
  return [...byKey.values()];
}

function isEmptyTopic(value: unknown): boolean {
  return typeof value === "object" && value !== null && !("errorCode" in value) &&
    ["partitions", "partitionResponses"].some((key) =>
      key in value && (value as Record<string, unknown[]>)[key].length === 0
    );
}

/**
 * Asked of the other pair of brokers: Ottla tells a topic that Metadata makes at once, and quotas
 * are listed whoever set them.
 */
const apart: ReadonlySet<string> = new Set(["Metadata", "DescribeClientQuotas"]);

function conversation(api: AnyApi, number: number): Scenario {
  return {
    about: api,
    name: `generated ${number}`,
    // Kafka closes the connection over the first versions of Produce, which it says that it has.
    // The first version of UpdateFeatures cannot only validate.
    versions: { min: api.name === "Produce" ? 3 : api.name === "UpdateFeatures" ? 1 : 0 },
    broker: apart.has(api.name) ? "strict" : undefined,
    async run(talk) {
      const world = await worldOf(talk);
      if (api.name === "InitProducerId") await untilIdsAreGiven(talk);
      const { version } = talk;
      const seed = (seedOfAll * 1000 + number) * 1000 + version;
      const questions = questionsOf(api, { version, world, seed, count: questionsEach });
      const look = unordered.has(api.name)
        ? (answer: unknown) => ordered(answer, world)
        : undefined;
      let line = 0;
      for (const asked of questions) {
        try {
          await talk.ask(api, asked, { look, line: `${line}` });
        } catch (error) {
          // That the connection ended is the answer; the next question has a connection of its own.
          if (!(error instanceof Hangup)) throw error;
          line++;
        }
      }
    },
  };
}

/** A scenario for each API and seed, which is held at each version of the API. */
export const generatedScenarios: readonly Scenario[] = subjects.flatMap(([api, count]) =>
  Array.from({ length: count }, (_, seed) => conversation(api, seed + 1))
);
