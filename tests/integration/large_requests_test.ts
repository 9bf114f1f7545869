// Requests that name very much: the event loop is given back again and again, from the decoding of
// the request to the encoding of its answer, so that others are answered in between.
//
// On a simulated machine, where no time passes while something is worked on: what is counted are
// turns of the event loop, not milliseconds.

import { assert, assertEquals } from "@std/assert";
import {
  type AnyApi,
  DeleteGroups,
  DeleteRecords,
  DescribeConfigs,
  DescribeGroups,
  DescribeTopicPartitions,
  Fetch,
  FindCoordinator,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  OffsetForLeaderEpoch,
} from "../../src/protocol/mod.ts";
import { ShareFetch } from "../../src/protocol/apis/78_share_fetch.ts";
import { request } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";
import { beginSharing } from "../harness/share_member.ts";
import { simulated } from "../harness/simulated_broker.ts";

const count = 20_000;
/** Each takes a millisecond or two. */
const turnsOfMany = 8;
/** For so long nobody sends what is waited for. */
const waitMs = 60_000;

interface Case {
  readonly api: AnyApi;
  readonly version: number;
  /** A request that names all of `items`, partitions of `topic` or whatever else. */
  readonly message: (items: readonly number[], topic: string) => unknown;
  /** Where an item is more than others' items are. */
  readonly turnsMin?: number;
}

const names = (items: readonly number[]) => items.map((i) => `name-${i}`);

const cases: readonly Case[] = [
  { api: DescribeGroups, version: 5, message: (items) => ({ groups: names(items) }) },
  { api: DeleteGroups, version: 2, message: (items) => ({ groupsNames: names(items) }) },
  {
    api: FindCoordinator,
    version: 4,
    message: (items) => ({ keyType: 0, coordinatorKeys: names(items) }),
  },
  {
    api: Metadata,
    version: 9,
    message: (items) => ({
      topics: names(items).map((name) => ({ name })),
      allowAutoTopicCreation: false,
    }),
  },
  {
    api: Fetch,
    version: 11,
    message: (items, topic) => ({
      replicaId: -1,
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{
        topic,
        partitions: items.map((partition) => ({
          partition,
          fetchOffset: 0,
          partitionMaxBytes: 1,
        })),
      }],
      forgottenTopicsData: [],
    }),
  },
  {
    api: ListOffsets,
    version: 5,
    message: (items, name) => ({
      replicaId: -1,
      topics: [{
        name,
        partitions: items.map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
      }],
    }),
  },
  {
    api: OffsetCommit,
    version: 7,
    message: (items, name) => ({
      groupId: "g",
      topics: [{
        name,
        // One that exists, named again and again, costs more than one that does not.
        partitions: items.map(() => ({
          partitionIndex: 0,
          committedOffset: 1,
          committedMetadata: "",
        })),
      }],
    }),
  },
  {
    api: OffsetFetch,
    version: 7,
    message: (items, name) => ({ groupId: "g", topics: [{ name, partitionIndexes: items }] }),
  },
  {
    api: DeleteRecords,
    version: 1,
    message: (items, name) => ({
      topics: [{
        name,
        partitions: items.map((partitionIndex) => ({ partitionIndex, offset: 0 })),
      }],
      timeoutMs: 1000,
    }),
  },
  {
    api: OffsetForLeaderEpoch,
    version: 3,
    message: (items, topic) => ({
      replicaId: -1,
      topics: [{
        topic,
        partitions: items.map((partition) => ({ partition, leaderEpoch: 0 })),
      }],
    }),
  },
  {
    api: OffsetDelete,
    version: 0,
    message: (items, name) => ({
      groupId: "g",
      topics: [{ name, partitions: items.map((partitionIndex) => ({ partitionIndex })) }],
    }),
  },
  {
    api: DescribeConfigs,
    version: 4,
    turnsMin: 100,
    message: (items, name) => ({
      resources: items.map(() => ({
        resourceType: 2,
        resourceName: name,
        configurationKeys: ["retention.ms"],
      })),
      includeSynonyms: false,
      includeDocumentation: false,
    }),
  },
  {
    api: DescribeTopicPartitions,
    version: 0,
    turnsMin: 16,
    message: (items) => ({ topics: names(items).map((name) => ({ name })), cursor: null }),
  },
];

for (const { api, version, message, turnsMin = turnsOfMany } of cases) {
  Deno.test(`${api.name} of very many items gives the event loop back`, async () => {
    const items = Array.from({ length: count }, (_, i) => i);
    let turns = 0;
    await simulated({ onTurn: () => turns++ }, async ({ connect, bugs }) => {
      using client = await connect();
      await client.findCoordinator("g");
      const { name } = await makeTopic(client);
      await client.ask(OffsetCommit, 7, {
        groupId: "g",
        topics: [{
          name,
          partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: "" }],
        }],
      });
      turns = 0;
      await client.send(request(api, version, message(items, name) as never));
      const answer = await client.receive(`an answer to ${api.name}`);
      assert(answer !== null, "the connection was closed");
      assert(turns >= turnsMin, `${turns} turns`);
      assertEquals(bugs, []);
    });
  });
}

/** Requests that are large and wait for records: alone they would fill the memory for work. */
const waiting: Readonly<Record<string, (topicId: string) => Uint8Array>> = {
  Fetch: (topicId) =>
    request(Fetch, 13, {
      replicaId: -1,
      maxWaitMs: waitMs,
      minBytes: 1,
      topics: [{
        topicId,
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }],
      }],
      forgottenTopicsData: [{ topicId, partitions: new Array(24_000).fill(7) }],
    }),
  ShareFetch: (topicId) =>
    request(ShareFetch, 1, {
      groupId: "g",
      memberId: "AAAAAAAAAAAAAAAAAAAAAA",
      shareSessionEpoch: 0,
      maxWaitMs: waitMs,
      minBytes: 1,
      maxBytes: 1_000,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
      forgottenTopicsData: [{ topicId, partitions: new Array(24_000).fill(7) }],
    }),
};

for (const [api, wait] of Object.entries(waiting)) {
  Deno.test(`a large ${api} that waits for records holds up no other large request`, async () => {
    const settings = { "ottla.memory.bytes.max": 64 * 2 ** 20 };
    await simulated({ settings }, async ({ connect, nowMs, bugs }) => {
      using client = await connect();
      using other = await connect();
      const { topicId } = await makeTopic(client);
      await beginSharing(client, { groupId: "g", topicId });
      await client.send(wait(topicId));
      const items = Array.from({ length: count }, (_, i) => i);
      const fromMs = nowMs();
      await other.ask(Metadata, 9, {
        topics: names(items).map((name) => ({ name })),
        allowAutoTopicCreation: false,
      });
      assert(nowMs() - fromMs < waitMs / 2, `answered after ${nowMs() - fromMs} ms`);
      assert(await client.receive(`an answer to ${api}`) !== null);
      assert(nowMs() - fromMs >= waitMs / 2, "it did wait");
      assertEquals(bugs, []);
    });
  });
}
