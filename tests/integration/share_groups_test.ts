// Share groups as members and tools see them, over sockets and in simulated time (KIP-932): who is
// assigned what and when, and what is kept for the group, as it begins, moves and ends.

import { assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import {
  CreatePartitions,
  CreateTopics,
  DeleteGroups,
  DeleteTopics,
  DescribeGroups,
  ErrorCode,
  JoinGroup,
  ListGroups,
  OffsetCommit,
  OffsetFetch,
} from "../../src/protocol/mod.ts";
import { ShareGroupHeartbeat } from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import { ShareGroupDescribe } from "../../src/protocol/apis/77_share_group_describe.ts";
import { WriteShareGroupState } from "../../src/protocol/apis/85_write_share_group_state.ts";
import {
  DescribeShareGroupOffsets,
} from "../../src/protocol/apis/90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "../../src/protocol/apis/91_alter_share_group_offsets.ts";
import { DeleteShareGroupOffsets } from "../../src/protocol/apis/92_delete_share_group_offsets.ts";
import { UpdateFeatures } from "../../src/protocol/apis/57_update_features.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";

const groupId = "shared";
const settings = {
  "share.coordinator.state.topic.num.partitions": "3",
  "offsets.topic.num.partitions": "2",
};

/** What a member and a tool ask of the group. */
function asker(client: RawClient) {
  const beat = (memberId: string, memberEpoch: number, topics: readonly string[] | null = null) =>
    client.ask(ShareGroupHeartbeat, 1, {
      groupId,
      memberId,
      memberEpoch,
      rackId: null,
      subscribedTopicNames: topics === null ? null : [...topics],
    });
  return {
    beat,
    /** The partitions of the only topic that a member is told to have; undefined: no change. */
    assigned: async (memberId: string, epoch: number, topics: readonly string[] | null = null) => {
      const { assignment, errorCode } = await beat(memberId, epoch, topics);
      assertEquals(errorCode, ErrorCode.NONE);
      return assignment?.topicPartitions.flatMap(({ partitions }) => partitions);
    },
    describe: async () => {
      const groupIds = [groupId];
      const asked = { groupIds, includeAuthorizedOperations: false };
      return (await client.ask(ShareGroupDescribe, 1, asked)).groups[0];
    },
    offsets: async (topics: { topicName: string; partitions: number[] }[] | null = null) =>
      (await client.ask(DescribeShareGroupOffsets, 1, { groups: [{ groupId, topics }] })).groups[0],
    alter: (topicName: string, startOffset: number, partitionIndex = 0) =>
      client.ask(AlterShareGroupOffsets, 0, {
        groupId,
        topics: [{ topicName, partitions: [{ partitionIndex, startOffset }] }],
      }),
    forget: (topicName: string) =>
      client.ask(DeleteShareGroupOffsets, 0, { groupId, topics: [{ topicName }] }),
  };
}

Deno.test("members share partitions, and get what was of one that goes", async () => {
  await simulated({ settings }, async ({ connect, pass }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    const { name, topicId } = await makeTopic(client, { partitions: 2 });
    const ask = asker(client);
    const joined = await ask.beat("a", 0, [name]);
    assertEquals(joined.errorCode, ErrorCode.NONE);
    assertEquals([joined.memberId, joined.memberEpoch, joined.heartbeatIntervalMs], ["a", 2, 500]);
    assertEquals(joined.assignment, { topicPartitions: [] }, "nobody keeps state of it yet");
    await pass(5000);
    const next = await ask.beat("a", 2);
    assertEquals(next.memberEpoch, 3);
    assertEquals(next.assignment?.topicPartitions, [{ topicId, partitions: [0, 1] }]);
    assertEquals((await ask.beat("a", 3)).assignment, null, "nothing has changed");

    assertEquals(await ask.assigned("b", 0, [name]), [], "the last assignment is too young");
    await pass(5000);
    const [other] = await ask.assigned("b", 3) ?? [];
    const [own] = await ask.assigned("a", 3) ?? [];
    assertEquals([own, other].toSorted(), [0, 1]);
    await pass(1000);
    const third = await ask.beat("c", 0, [name]);
    assertEquals(third.assignment?.topicPartitions[0].partitions.length, 1, "shared with another");
    const described = await ask.describe();
    assertEquals(described.groupState, "Stable");
    assertEquals(described.assignorName, "simple");
    assertEquals([described.groupEpoch, described.assignmentEpoch], [5, 5]);
    assertEquals(described.members.map(({ memberId }) => memberId), ["a", "b", "c"]);

    // One leaves, one falls silent: what they had goes to who is left.
    assertEquals((await ask.beat("c", -1)).memberEpoch, -1);
    for (let ms = 0; ms < 50_000; ms += 5000) {
      await pass(5000);
      const { memberEpoch } = (await ask.describe()).members[0];
      assertEquals((await ask.beat("a", memberEpoch)).errorCode, ErrorCode.NONE);
    }
    const left = await ask.describe();
    assertEquals(left.members.map(({ memberId }) => memberId), ["a"]);
    assertEquals(left.members[0].assignment.topicPartitions[0].partitions, [0, 1]);
    assertEquals((await ask.beat("b", 3)).errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
  });
});

Deno.test("topics that come, grow and go while members are there are followed", async () => {
  await simulated({ settings }, async ({ connect, pass }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    const { name, topicId } = await makeTopic(client, { partitions: 1 });
    const ask = asker(client);
    const goOn = async () => {
      await pass(2000);
      const { memberEpoch } = (await ask.describe()).members[0];
      assertEquals((await ask.beat("a", memberEpoch)).errorCode, ErrorCode.NONE);
      const { assignment: { topicPartitions } } = (await ask.describe()).members[0];
      return topicPartitions.map((each) => [each.topicId, each.partitions]);
    };
    await ask.beat("a", 0, [name, "later"]);
    assertEquals(await goOn(), [[topicId, [0]]]);
    await client.ask(CreatePartitions, 3, {
      topics: [{ name, count: 3, assignments: null }],
      timeoutMs: 1000,
      validateOnly: false,
    });
    await goOn();
    assertEquals(await goOn(), [[topicId, [0, 1, 2]]]);
    const created = await client.ask(CreateTopics, 7, {
      topics: [{
        name: "later",
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      }],
    });
    const later = created.topics[0].topicId;
    await goOn();
    assertEquals(
      (await goOn()).toSorted(),
      [[topicId, [0, 1, 2]], [later, [0]]].toSorted(),
    );
    await client.ask(DeleteTopics, 6, { topics: [{ name, topicId: ZERO_UUID }], timeoutMs: 1000 });
    assertEquals(await goOn(), [[later, [0]]]);
    const { topics } = await ask.offsets();
    assertEquals(topics.map(({ topicName }) => topicName), ["later"]);
  });
});

Deno.test("who is no member, or of another epoch, is told so", async () => {
  await simulated({ settings: { ...settings, "group.share.max.size": "2" } }, async (scene) => {
    using client = await scene.connect();
    await client.findCoordinator(groupId);
    const { name } = await makeTopic(client);
    const ask = asker(client);
    const code = async (...of: Parameters<typeof ask.beat>) => (await ask.beat(...of)).errorCode;
    assertEquals(await code("a", 1), ErrorCode.GROUP_ID_NOT_FOUND);
    assertEquals(await code("a", -1), ErrorCode.GROUP_ID_NOT_FOUND);
    assertEquals(await code("a", 0), ErrorCode.INVALID_REQUEST, "it subscribes to nothing");
    assertEquals(await code("", 0, [name]), ErrorCode.INVALID_REQUEST);
    assertEquals(await code("a", -2), ErrorCode.INVALID_REQUEST);
    assertEquals(await code("a", 0, [name]), ErrorCode.NONE);
    assertEquals(await code("b", 5), ErrorCode.UNKNOWN_MEMBER_ID);
    assertEquals(await code("a", 9), ErrorCode.FENCED_MEMBER_EPOCH);
    assertEquals(await code("b", 0, [name]), ErrorCode.NONE);
    assertEquals(await code("c", 0, [name]), ErrorCode.GROUP_MAX_SIZE_REACHED);
    assertEquals(await code("a", 0, [name]), ErrorCode.NONE, "it joins anew");
    // To requests of other kinds of group it has no offsets, or is none.
    const [fetched] = (await client.ask(OffsetFetch, 9, {
      groups: [{ groupId, memberId: null, memberEpoch: -1, topics: null }],
      requireStable: false,
    })).groups;
    assertEquals([fetched.errorCode, fetched.topics], [ErrorCode.NONE, []]);
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: "" }];
    const committed = await client.ask(OffsetCommit, 9, {
      groupId,
      topics: [{ name, partitions }],
    });
    assertEquals(committed.topics[0].partitions[0].errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
    const [described] = (await client.ask(DescribeGroups, 6, { groups: [groupId] })).groups;
    assertEquals(described.errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
    const protocols = [{ name: "range", metadata: new Uint8Array() }];
    const joined = await client.ask(JoinGroup, 9, {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: "",
      groupInstanceId: null,
      protocolType: "consumer",
      protocols,
      reason: null,
    });
    assertEquals(joined.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    const listed = await client.ask(ListGroups, 5, { statesFilter: [], typesFilter: ["share"] });
    const { protocolType, groupState, groupType } = listed.groups[0];
    assertEquals([protocolType, groupState, groupType], ["share", "Stable", "share"]);
  });
});

Deno.test("offsets of a share group are told, moved and forgotten", async () => {
  await simulated({ settings }, async ({ connect, pass }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    const { name, topicId } = await makeTopic(client, { partitions: 1 });
    await produceTo(client, { topic: name, records: batchOf(["a", "b", "c", "d", "e"]) });
    const ask = asker(client);
    assertEquals((await ask.offsets()).topics, []);
    assertEquals((await ask.forget(name)).errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
    await ask.beat("a", 0, [name]);
    await pass(1000);
    const only = async () => (await ask.offsets()).topics[0]?.partitions[0];
    assertEquals([(await only()).startOffset, (await only()).lag], [-1, -1], "it has not begun");
    assertEquals((await ask.alter(name, 1)).errorCode, ErrorCode.NON_EMPTY_GROUP);
    assertEquals((await ask.forget(name)).errorCode, ErrorCode.NON_EMPTY_GROUP);
    const remove = async () =>
      (await client.ask(DeleteGroups, 2, { groupsNames: [groupId] })).results[0].errorCode;
    assertEquals(await remove(), ErrorCode.NON_EMPTY_GROUP);

    await ask.beat("a", -1);
    assertEquals((await ask.describe()).groupState, "Empty");
    const altered = await ask.alter(name, 2);
    assertEquals(altered.responses[0].partitions[0].errorCode, ErrorCode.NONE);
    assertEquals([(await only()).startOffset, (await only()).lag], [2, 3]);
    // As the leader of the partition does: up to 3 it is done with, and with one more behind that.
    await client.ask(WriteShareGroupState, 1, {
      groupId,
      topics: [{
        topicId,
        partitions: [{
          partition: 0,
          stateEpoch: 3,
          leaderEpoch: 0,
          startOffset: 3,
          deliveryCompleteCount: 1,
          stateBatches: [],
        }],
      }],
    });
    assertEquals([(await only()).startOffset, (await only()).lag], [3, 1]);
    const { UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
    const missing = await ask.alter(name, 2, 7);
    assertEquals(missing.responses[0].partitions[0].errorCode, UNKNOWN_TOPIC_OR_PARTITION);
    const nowhere = await ask.alter("no-such-topic", 2);
    assertEquals(nowhere.responses[0].partitions[0].errorCode, UNKNOWN_TOPIC_OR_PARTITION);
    assertEquals((await ask.forget("no-such")).responses[0].errorCode, UNKNOWN_TOPIC_OR_PARTITION);

    assertEquals((await ask.forget(name)).responses[0].errorCode, ErrorCode.NONE);
    assertEquals((await ask.offsets()).topics, []);
    // Whoever comes next begins anew.
    await ask.beat("b", 0, [name]);
    await pass(2000);
    const { memberEpoch } = (await ask.describe()).members[0];
    assertEquals((await ask.assigned("b", memberEpoch))?.length, 1);
    assertEquals((await only()).startOffset, -1);
    await ask.beat("b", -1);
    assertEquals(await remove(), ErrorCode.NONE);
    assertEquals((await ask.describe()).errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
    assertEquals(await remove(), ErrorCode.GROUP_ID_NOT_FOUND);
  });
});

Deno.test("where share.version is 0 there are no share groups", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator(groupId);
    const featureUpdates = [{ feature: "share.version", maxVersionLevel: 0, upgradeType: 2 }];
    const updated = await client.ask(UpdateFeatures, 1, { featureUpdates, validateOnly: false });
    assertEquals(updated.errorCode, ErrorCode.NONE);
    const ask = asker(client);
    const { UNSUPPORTED_VERSION } = ErrorCode;
    assertEquals((await ask.beat("a", 0, ["t"])).errorCode, UNSUPPORTED_VERSION);
    assertEquals((await ask.describe()).errorCode, UNSUPPORTED_VERSION);
    assertEquals((await ask.offsets()).errorCode, UNSUPPORTED_VERSION);
    assertEquals((await ask.alter("t", 1)).errorCode, UNSUPPORTED_VERSION);
    assertEquals((await ask.forget("t")).errorCode, UNSUPPORTED_VERSION);
  });
});
