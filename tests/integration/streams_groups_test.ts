// Streams groups on a whole broker (KIP-1071): topics of the application's own are made with what
// it asks for, or it is told why not; and settings of a group, and of the cluster, count at once.

import { assertEquals, assertMatch } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { UpdateFeatures } from "../../src/protocol/apis/57_update_features.ts";
import {
  StreamsGroupHeartbeat,
  type StreamsGroupHeartbeatRequest,
} from "../../src/protocol/apis/88_streams_group_heartbeat.ts";
import { StreamsGroupDescribe } from "../../src/protocol/apis/89_streams_group_describe.ts";
import {
  CreateTopics,
  DeleteTopics,
  DescribeConfigs,
  ErrorCode,
  Metadata,
} from "../../src/protocol/mod.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { readingOnly, streamsRequest, topologies } from "../harness/streams_script.ts";

const settings = {
  "group.streams.initial.rebalance.delay.ms": "0",
  "group.streams.assignment.interval.ms": "0",
};
const groupId = "counting";

type Topology = NonNullable<StreamsGroupHeartbeatRequest["topology"]>;

/** Counts the words of topic t, with topics of its own. */
const count: Topology = { epoch: 0, subtopologies: [...topologies.count ?? []] };

async function beat(client: RawClient, change: Partial<StreamsGroupHeartbeatRequest>) {
  const { memberEpoch = 0 } = change;
  const joining = {
    rebalanceTimeoutMs: 60_000,
    topology: count,
    activeTasks: [],
    standbyTasks: [],
    warmupTasks: [],
    processId: change.memberId ?? "a",
  };
  return await client.ask(
    StreamsGroupHeartbeat,
    1,
    streamsRequest({
      groupId,
      memberId: "a",
      ...(memberEpoch === 0 ? joining : {}),
      ...change,
    }),
  );
}

async function createTopic(client: RawClient, name: string, numPartitions: number) {
  await client.ask(CreateTopics, 7, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1_000,
    validateOnly: false,
  });
}

const told = (status: readonly { statusDetail: string }[] | null) =>
  (status ?? []).map(({ statusDetail }) => statusDetail);

Deno.test("a member tells how far its tasks are, as of Kafka Streams 4.4", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    await createTopic(client, "t", 1);
    const offsets = [{ subtopologyId: "1", partition: 0, offset: 7 }];
    for (const taskOffsets of [[], offsets]) {
      const memberId = `with ${taskOffsets.length}`;
      const answer = await beat(client, { memberId, taskOffsets, taskEndOffsets: taskOffsets });
      assertEquals([answer.errorCode, answer.errorMessage], [ErrorCode.NONE, null]);
      const { memberEpoch } = answer;
      const later = await beat(client, { memberId, memberEpoch, taskOffsets: offsets });
      assertEquals(later.errorCode, ErrorCode.NONE);
    }
  });
});

Deno.test("an application gets the topics that it needs, and then its tasks", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    await createTopic(client, "t", 3);
    const [source, counting] = count.subtopologies;
    const topicConfigs = [{ key: "cleanup.policy", value: "compact" }];
    const stateChangelogTopics = [
      { name: "c", partitions: 0, replicationFactor: 0, topicConfigs },
    ];
    const topology = {
      epoch: 0,
      subtopologies: [source, { ...counting, stateChangelogTopics }] as Topology["subtopologies"],
    };
    const joined = await beat(client, { topology });
    assertEquals(told(joined.status), ["Internal topics are missing: c, r"]);
    assertEquals(joined.activeTasks, []);
    const { topics } = await client.ask(Metadata, 9, { topics: [{ name: "r" }, { name: "c" }] });
    assertEquals(topics.map(({ name, partitions }) => [name, partitions.length]), [
      ["r", 3],
      ["c", 3],
    ]);
    const { results: [config] } = await client.ask(DescribeConfigs, 4, {
      resources: [{
        resourceType: 2,
        resourceName: "c",
        configurationKeys: ["cleanup.policy"],
      }],
    });
    assertEquals(config?.configs.map(({ value }) => value), ["compact"]);
    const next = await beat(client, { memberEpoch: joined.memberEpoch });
    assertEquals([next.status, next.activeTasks], [[], [
      { subtopologyId: "0", partitions: [0, 1, 2] },
      { subtopologyId: "1", partitions: [0, 1, 2] },
    ]]);
  });
});

Deno.test("topics that cannot be made are told with the reason, each time", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    await createTopic(client, "t", 1);
    const [source, counting] = count.subtopologies;
    const topicConfigs = [{ key: "cleanup.policy", value: "sometimes" }];
    const stateChangelogTopics = [
      { name: "c", partitions: 0, replicationFactor: 0, topicConfigs },
    ];
    const subtopologies = [source, { ...counting, stateChangelogTopics }];
    const topology = { epoch: 0, subtopologies: subtopologies as Topology["subtopologies"] };
    const joined = await beat(client, { topology });
    assertMatch(
      told(joined.status).join(),
      /^Internal topics are missing: c, r; Creation failed: c \(.*sometimes.*\)\.$/,
    );
    const again = await beat(client, { memberEpoch: joined.memberEpoch });
    assertMatch(told(again.status).join(), /^Internal topics are missing: c; Creation failed: c/);
  });
});

Deno.test("names that no topic can have, and the cluster's own topics, are refused", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    for (
      const [name, why] of [
        ["a/b", /^Topic names a\/b are not valid topic names\.$/],
        ["__consumer_offsets", /^Use of Kafka internal topics __consumer_offsets in a Kafka/],
      ] as const
    ) {
      const topology = { epoch: 0, subtopologies: [readingOnly(name)] };
      const { errorCode, errorMessage } = await beat(client, { topology });
      assertEquals(errorCode, ErrorCode.STREAMS_INVALID_TOPOLOGY);
      assertMatch(errorMessage ?? "", why);
    }
  });
});

Deno.test("a topic that is deleted takes the tasks with it, and comes back", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    await createTopic(client, "t", 2);
    await beat(client, {});
    await beat(client, { memberEpoch: 2 });
    const { groups: [group] } = await client.ask(StreamsGroupDescribe, 1, {
      groupIds: [groupId],
      includeAuthorizedOperations: false,
      includeTopologyDescription: true,
    });
    assertEquals(
      [group?.groupState, group?.groupEpoch, group?.assignorName, group?.topologyDescriptionStatus],
      ["Stable", 3, "sticky", 1],
    );
    const topics = [{ name: "r", topicId: ZERO_UUID }];
    await client.ask(DeleteTopics, 6, { topics, topicNames: [], timeoutMs: 1_000 });
    const missing = await beat(client, { memberEpoch: 3 });
    assertEquals(told(missing.status), ["Internal topics are missing: r"]);
    assertEquals(missing.activeTasks, []);
    const nothing = { activeTasks: [], standbyTasks: [], warmupTasks: [] };
    const freed = await beat(client, { memberEpoch: 3, ...nothing });
    assertEquals([freed.memberEpoch, freed.status], [5, []]);
    // What it has given up is free once that is stored.
    const back = await beat(client, { memberEpoch: 5 });
    assertEquals(back.activeTasks?.map(({ partitions }) => partitions), [[0, 1], [0, 1]]);
  });
});

Deno.test("a group's own standby copies are bounded by the broker, and count at once", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    await createTopic(client, "t", 1);
    await beat(client, {});
    await beat(client, { memberEpoch: 2 });
    const set = async (value: string) => {
      const { responses: [answer] } = await client.ask(IncrementalAlterConfigs, 1, {
        resources: [{
          resourceType: 32,
          resourceName: groupId,
          configs: [{ name: "streams.num.standby.replicas", configOperation: 0, value }],
        }],
        validateOnly: false,
      });
      return answer?.errorCode;
    };
    assertEquals(await set("3"), ErrorCode.INVALID_CONFIG);
    assertEquals(await set("1"), ErrorCode.NONE);
    await beat(client, { memberId: "b" });
    const { groups: [group] } = await client.ask(StreamsGroupDescribe, 0, {
      groupIds: [groupId],
      includeAuthorizedOperations: false,
    });
    const standby = group?.members.map(({ targetAssignment }) => targetAssignment.standbyTasks);
    assertEquals(standby, [[{ subtopologyId: "1", partitions: [0] }], []]);
  });
});

Deno.test("where streams.version is 0 there are no streams groups", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    const featureUpdates = [{ feature: "streams.version", maxVersionLevel: 0, upgradeType: 2 }];
    const updated = await client.ask(UpdateFeatures, 1, { featureUpdates, validateOnly: false });
    assertEquals(updated.errorCode, ErrorCode.NONE);
    assertEquals((await beat(client, {})).errorCode, ErrorCode.UNSUPPORTED_VERSION);
    const { groups: [group] } = await client.ask(StreamsGroupDescribe, 0, {
      groupIds: [groupId],
      includeAuthorizedOperations: false,
    });
    assertEquals(group?.errorCode, ErrorCode.UNSUPPORTED_VERSION);
  });
});
