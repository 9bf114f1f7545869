// What hostile clients do to make a broker hold more than it has, or work for long at a stretch: a
// table of kinds, each of which acts once on connections of its own.
//
// Sizes and choices come from `random`, so that a seed brings an act back. An act ends when it was
// answered or thrown out; what only holds on to something is left behind.

import { concatBytes } from "../../src/base/bytes.ts";
import { ZERO_UUID } from "../../src/base/ids.ts";
import {
  type AnyApi,
  CreateTopics,
  DeleteGroups,
  DescribeConfigs,
  DescribeGroups,
  DescribeTopicPartitions,
  Fetch,
  JoinGroup,
  Metadata,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  Produce,
} from "../../src/protocol/mod.ts";
import { AddPartitionsToTxn } from "../../src/protocol/apis/24_add_partitions_to_txn.ts";
import { WriteTxnMarkers } from "../../src/protocol/apis/27_write_txn_markers.ts";
import { TxnOffsetCommit } from "../../src/protocol/apis/28_txn_offset_commit.ts";
import { DescribeProducers } from "../../src/protocol/apis/61_describe_producers.ts";
import { DescribeTransactions } from "../../src/protocol/apis/65_describe_transactions.ts";
import { ListTransactions } from "../../src/protocol/apis/66_list_transactions.ts";
import { ConsumerGroupDescribe } from "../../src/protocol/apis/69_consumer_group_describe.ts";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { ShareFetch } from "../../src/protocol/apis/78_share_fetch.ts";
import { type Reachable, request } from "../harness/raw_client.ts";
import { bombBatch, bombSet, packedBatch, packingCodecs } from "./bombs.ts";
import type { Random } from "./mutate.ts";
import type { RudeClient } from "./rude_client.ts";

/** Topics that the run has made, by what is special about them. */
export const topics = {
  plain: "plain",
  /** Packs what comes by another codec. */
  repacked: "repacked",
  compacted: "compacted",
  /** Full of large uncompressed batches. */
  big: "big",
  /** Full of what unpacks to much. */
  packed: "packed",
} as const;

export interface HostileScene {
  readonly broker: Reachable;
  readonly random: Random;
  /** A client of this act, closed at the end of the run at the latest. */
  open(): Promise<RudeClient>;
  /** Leaves `client` open when the act is over, until many others are. */
  keep(client: RudeClient): void;
}

export interface HostileKind {
  readonly name: string;
  /** Makes what it will send: that takes a while, and others would seem to wait for the broker. */
  prepare?(): Promise<unknown>;
  /** Resolves when there is nothing more to wait for; "held": what is held on to is left behind. */
  act(scene: HostileScene): Promise<"answered" | "closed" | "held">;
}

/** Unpacks to just less than a broker takes at all. */
export const bombBytes = 99 << 20;
const smallBombBytes = 12 << 20;

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)];
}

async function exchanged(scene: HostileScene, requests: readonly Uint8Array[]) {
  const client = await scene.open();
  try {
    return await client.exchange(requests);
  } finally {
    client.close();
  }
}

/** Sends, and reads nothing. */
async function heldOnTo(scene: HostileScene, bytes: Uint8Array) {
  const client = await scene.open();
  scene.keep(client);
  // It may never be taken.
  client.send(bytes);
  return "held" as const;
}

function produceOf(topic: string, records: Uint8Array, version = 9): Uint8Array {
  return request(Produce, version, {
    transactionalId: null,
    acks: 1,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
}

function fetchOf(topic: string, o: { version: number; maxWaitMs?: number }): Uint8Array {
  const { version, maxWaitMs = 100 } = o;
  return request(Fetch, version, {
    replicaId: -1,
    maxWaitMs,
    minBytes: 1,
    ...(version >= 3 ? { maxBytes: 1 << 30 } : {}),
    topics: [{
      topic,
      partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 30 }],
    }],
    ...(version >= 7 ? { forgottenTopicsData: [] } : {}),
  });
}

const setCodecs = ["gzip", "snappy", "lz4"] as const;

const bombs: HostileKind[] = packingCodecs.map((codec) => ({
  name: `a batch that ${codec} unpacks to 99 MB`,
  prepare: () => bombBatch(codec, bombBytes),
  async act(scene) {
    const topic = pick([topics.plain, topics.plain, topics.repacked], scene.random);
    return await exchanged(scene, [produceOf(topic, await bombBatch(codec, bombBytes))]);
  },
}));

const oversizeBombs: HostileKind = {
  name: "a batch that unpacks to more than is taken",
  prepare: () => Promise.all([bombBatch("gzip", 150 << 20), bombBatch("zstd", 150 << 20)]),
  async act(scene) {
    const codec = pick(["gzip", "zstd"] as const, scene.random);
    return await exchanged(scene, [produceOf(topics.plain, await bombBatch(codec, 150 << 20))]);
  },
};

const compactedBombs: HostileKind = {
  name: "batches that a compaction has to unpack",
  prepare: () =>
    Promise.all(packingCodecs.flatMap((codec) => {
      return [bombBatch(codec, smallBombBytes), bombBatch(codec, bombBytes)];
    })),
  async act(scene) {
    const codec = pick(packingCodecs, scene.random);
    const bomb = await bombBatch(codec, pick([smallBombBytes, bombBytes], scene.random));
    return await exchanged(scene, [produceOf(topics.compacted, bomb)]);
  },
};

const manyRecords: HostileKind = {
  name: "a packed batch of very many records",
  prepare: () => Promise.all(packingCodecs.map((codec) => packedBatch(codec, 200_000))),
  async act(scene) {
    const codec = pick(packingCodecs, scene.random);
    const topic = pick([topics.plain, topics.repacked], scene.random);
    return await exchanged(scene, [produceOf(topic, await packedBatch(codec, 200_000))]);
  },
};

const nonReaders: HostileKind = {
  name: "Fetches one behind the other that nobody reads the answers of",
  async act(scene) {
    const fetch = fetchOf(topics.big, { version: 4 });
    return await heldOnTo(scene, concatBytes(Array.from({ length: 5 }, () => fetch)));
  },
};

const unfinished: HostileKind = {
  name: "a huge request that never ends",
  async act(scene) {
    const { random } = scene;
    const claimed = pick([98 << 20, 18 << 20, 9 << 20, 300_000], random);
    const frame = new Uint8Array(4 + Math.min(claimed, 64 * 1024 + random(claimed / 2)));
    const head = produceOf(topics.plain, new Uint8Array(16)).subarray(4, 30);
    new DataView(frame.buffer).setInt32(0, claimed);
    frame.set(head, 4);
    return await heldOnTo(scene, frame);
  },
};

const oldFetches: HostileKind = {
  name: "a Fetch of an old version, which has to be converted",
  async act(scene) {
    const version = scene.random(4);
    const fetches = Array.from({ length: 3 }, () => fetchOf(topics.packed, { version }));
    if (scene.random(3) === 0) return await heldOnTo(scene, concatBytes(fetches));
    return await exchanged(scene, fetches);
  },
};

const oldProduces: HostileKind = {
  name: "a message set that unpacks to much",
  prepare: () =>
    Promise.all(setCodecs.flatMap((codec) => {
      return [bombSet(codec, smallBombBytes), bombSet(codec, bombBytes - 1000)];
    })),
  async act(scene) {
    const codec = pick(setCodecs, scene.random);
    const valueBytes = pick([smallBombBytes, bombBytes - 1000], scene.random);
    const set = await bombSet(codec, valueBytes);
    return await exchanged(scene, [produceOf(topics.plain, set, 2)]);
  },
};

const largeMembers: HostileKind = {
  name: "members that say much of themselves",
  async act(scene) {
    const { random } = scene;
    if (random(3) === 0) return await exchanged(scene, [consumerMember(random)]);
    const join = request(JoinGroup, 2, {
      groupId: `group-${random(1000)}`,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 2_000,
      memberId: "",
      protocolType: "consumer",
      protocols: [{
        name: "range",
        metadata: new Uint8Array(pick([10_000, 500_000, 1_000_000, 4 << 20, 15 << 20], random)),
      }],
    });
    if (random(2) === 0) return await heldOnTo(scene, join);
    return await exchanged(scene, [join]);
  },
};

function consumerMember(random: Random): Uint8Array {
  const names = pick([1, 100, 4_000, 30_000], random);
  return request(ConsumerGroupHeartbeat, 1, {
    groupId: `consumers-${random(1000)}`,
    memberId: `member-${random(1000)}`,
    memberEpoch: 0,
    rebalanceTimeoutMs: 30_000,
    subscribedTopicNames: Array.from({ length: names }, (_, i) => `${i}`.padStart(200, "t")),
    topicPartitions: [],
  });
}

/** Requests of very many items, by API. */
const manyItems: readonly {
  readonly api: AnyApi;
  readonly version: number;
  readonly count: number;
  readonly message: (items: readonly number[]) => unknown;
}[] = [
  {
    api: OffsetCommit,
    version: 7,
    count: 300_000,
    message: (items) => ({
      groupId: "offsets",
      topics: [{
        name: topics.plain,
        partitions: items.map(() => {
          return { partitionIndex: 0, committedOffset: 1, committedMetadata: "" };
        }),
      }],
    }),
  },
  {
    api: OffsetFetch,
    version: 7,
    count: 500_000,
    message: (items) => ({
      groupId: "offsets",
      topics: [{ name: topics.plain, partitionIndexes: items }],
    }),
  },
  {
    api: OffsetDelete,
    version: 0,
    count: 500_000,
    message: (items) => ({
      groupId: "offsets",
      topics: [{
        name: topics.plain,
        partitions: items.map((partitionIndex) => ({ partitionIndex })),
      }],
    }),
  },
  {
    api: DescribeGroups,
    version: 5,
    count: 300_000,
    message: (items) => ({ groups: items.map((i) => `g${i}`) }),
  },
  {
    api: DeleteGroups,
    version: 2,
    count: 300_000,
    message: (items) => ({ groupsNames: items.map((i) => `g${i}`) }),
  },
  {
    api: DescribeConfigs,
    version: 3,
    count: 50_000,
    message: (items) => ({
      resources: items.map((i) => ({
        resourceType: i % 2 === 0 ? 4 : 2,
        resourceName: i % 2 === 0 ? "0".repeat(i % 7) + "1" : topics.plain,
        configurationKeys: null,
      })),
      includeSynonyms: true,
      includeDocumentation: true,
    }),
  },
  {
    api: IncrementalAlterConfigs,
    version: 1,
    count: 100_000,
    message: (items) => ({
      resources: items.map((i) => ({
        resourceType: 2,
        resourceName: `t${i}`,
        configs: [{ name: "retention.ms", configOperation: 0, value: "1" }],
      })),
      validateOnly: true,
    }),
  },
  {
    api: CreateTopics,
    version: 5,
    count: 100_000,
    message: (items) => ({
      topics: items.map((i) => ({
        name: `t${i}`,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      timeoutMs: 1000,
      validateOnly: true,
    }),
  },
  {
    api: DescribeTopicPartitions,
    version: 0,
    count: 300_000,
    message: (items) => ({ topics: items.map((i) => ({ name: `t${i}` })) }),
  },
  {
    api: Metadata,
    version: 9,
    count: 200_000,
    message: (items) => ({
      topics: items.map((i) => ({ name: `t${i}` })),
      allowAutoTopicCreation: false,
    }),
  },
  {
    api: Fetch,
    version: 11,
    count: 300_000,
    message: (items) => ({
      replicaId: -1,
      maxWaitMs: 10,
      minBytes: 1,
      topics: [{
        topic: topics.plain,
        partitions: items.map((partition) => {
          return { partition, fetchOffset: 0, partitionMaxBytes: 1 };
        }),
      }],
      forgottenTopicsData: [],
    }),
  },
  {
    api: Fetch,
    version: 16,
    count: 200_000,
    message: (items) => ({
      maxWaitMs: 10,
      minBytes: 1,
      topics: items.map(() => ({
        topicId: ZERO_UUID,
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }],
      })),
      forgottenTopicsData: [],
    }),
  },
  {
    api: AddPartitionsToTxn,
    version: 3,
    count: 300_000,
    message: (items) => ({
      v3AndBelowTransactionalId: "transaction",
      v3AndBelowProducerId: 1,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: [{ name: topics.plain, partitions: items }],
    }),
  },
  {
    api: AddPartitionsToTxn,
    version: 4,
    count: 50_000,
    message: (items) => ({
      transactions: items.map((i) => ({
        transactionalId: `t${i}`,
        producerId: i,
        producerEpoch: 0,
        verifyOnly: true,
        topics: [{ name: topics.plain, partitions: [0] }],
      })),
    }),
  },
  {
    api: TxnOffsetCommit,
    version: 3,
    count: 200_000,
    message: (items) => ({
      transactionalId: "transaction",
      groupId: "offsets",
      producerId: 1,
      producerEpoch: 0,
      memberId: "",
      topics: [{
        name: topics.plain,
        partitions: items.map(() => {
          return { partitionIndex: 0, committedOffset: 1, committedMetadata: "" };
        }),
      }],
    }),
  },
  {
    api: WriteTxnMarkers,
    version: 1,
    count: 100_000,
    message: (items) => ({
      markers: items.map((producerId) => ({
        producerId,
        producerEpoch: 0,
        transactionResult: false,
        topics: [{ name: topics.plain, partitionIndexes: [0] }],
        coordinatorEpoch: 0,
      })),
    }),
  },
  {
    api: DescribeTransactions,
    version: 0,
    count: 300_000,
    message: (items) => ({ transactionalIds: items.map((i) => `t${i}`) }),
  },
  {
    api: ListTransactions,
    version: 1,
    count: 300_000,
    message: (items) => ({
      stateFilters: items.map((i) => `s${i}`),
      producerIdFilters: items,
      durationFilter: -1,
    }),
  },
  {
    api: ConsumerGroupDescribe,
    version: 0,
    count: 300_000,
    message: (items) => ({ groupIds: items.map((i) => `g${i}`) }),
  },
  {
    api: DescribeProducers,
    version: 0,
    count: 300_000,
    message: (items) => ({ topics: [{ name: topics.plain, partitionIndexes: items }] }),
  },
  {
    api: DescribeGroups,
    version: 5,
    count: 300_000,
    message: (items) => ({ groups: items.map((i) => `group-${i % 3}`) }),
  },
  {
    api: ShareFetch,
    version: 1,
    count: 300_000,
    message: (items) => ({
      groupId: "shared",
      memberId: "member",
      shareSessionEpoch: 0,
      maxWaitMs: 10,
      minBytes: 1,
      maxRecords: 1,
      batchSize: 1,
      topics: [{
        topicId: ZERO_UUID,
        partitions: items.map((partitionIndex) => ({ partitionIndex, acknowledgementBatches: [] })),
      }],
      forgottenTopicsData: [],
    }),
  },
];

/** Requests of very many items, which the budget holds, too. */
export const itemKinds: readonly HostileKind[] = manyItems.map(
  ({ api, version, count, message }) => {
    const frames: Uint8Array[] = [];
    return {
      name: `${api.name} ${version} of very many items`,
      async prepare() {
        if (frames.length > 0) return;
        for (const items of [count / 100, count / 20, count / 10, count]) {
          const all = Array.from({ length: items }, (_, i) => i);
          frames.push(await Promise.resolve(request(api, version, message(all) as never)));
        }
      },
      async act(scene) {
        const frame = pick(frames, scene.random);
        if (scene.random(5) === 0) return await heldOnTo(scene, frame);
        return await exchanged(scene, [frame]);
      },
    };
  },
);

/** Kinds that the budget holds together; with all the others it is passed now and then. */
export const boundedKinds: readonly HostileKind[] = [
  ...bombs,
  oversizeBombs,
  manyRecords,
  nonReaders,
  unfinished,
  oldFetches,
  oldProduces,
  compactedBombs,
];

export const hostileKinds: readonly HostileKind[] = [
  ...boundedKinds,
  largeMembers,
  ...itemKinds,
];
