// What consumers need of groups: member ids, generations, opaque assignments, offsets that they
// find again, in the shapes of each version. The coordinator's own rules have scenarios.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import type { Int64 } from "../../src/base/int64.ts";
import { fromUtf8, utf8 } from "../../src/base/bytes.ts";
import {
  DescribeGroups,
  ErrorCode,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  type RequestInput,
  SyncGroup,
} from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RawClient } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";
import { freshName, sharedBroker } from "../harness/shared_broker.ts";
import { simulated } from "../harness/simulated_broker.ts";

const shared = sharedBroker({ coordinates: true });

function joinRequest(
  groupId: string,
  o: Partial<RequestInput<typeof JoinGroup>> = {},
): RequestInput<typeof JoinGroup> {
  return {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: utf8("opaque") }],
    ...o,
  };
}

/** Enters a group alone, and gets its first assignment. */
async function joinAlone(client: RawClient, groupId: string) {
  const { memberId, generationId } = await client.ask(JoinGroup, 3, joinRequest(groupId));
  await client.ask(SyncGroup, 3, {
    groupId,
    generationId,
    memberId,
    assignments: [{ memberId, assignment: utf8("all") }],
  });
  return { groupId, memberId, generationId };
}

Deno.test("from version 4 on a member gets an id first, before that it joins at once", async () => {
  using client = await shared.connect();
  const groupId = freshName("group");
  for (const version of [4, 6, 9]) {
    const asked = await client.ask(JoinGroup, version, joinRequest(groupId));
    assertEquals([asked.errorCode, asked.generationId], [ErrorCode.MEMBER_ID_REQUIRED, -1]);
    const { memberId } = asked;
    assertMatch(memberId, /^raw-client-/, "Java and AKHQ show the client id in it");
    const joined = await client.ask(JoinGroup, version, joinRequest(groupId, { memberId }));
    assertEquals([joined.errorCode, joined.memberId, joined.leader], [
      ErrorCode.NONE,
      memberId,
      memberId,
    ]);
    await client.ask(LeaveGroup, 2, { groupId, memberId });
  }
  for (const version of [0, 1, 2, 3]) {
    const groupOfItsOwn = freshName("group");
    const message = joinRequest(groupOfItsOwn);
    const request = version === 0 ? { ...message, rebalanceTimeoutMs: undefined } : message;
    const { errorCode, generationId } = await client.ask(JoinGroup, version, request);
    assertEquals([errorCode, generationId], [ErrorCode.NONE, 1], `version ${version}`);
  }
});

Deno.test("an answer without a protocol has no protocol name, null from version 7 on", async () => {
  using client = await shared.connect();
  for (const [version, expected] of [[3, ""], [6, ""], [7, null], [9, null]] as const) {
    const { errorCode, protocolName } = await client.ask(
      JoinGroup,
      version,
      joinRequest(freshName("group"), { memberId: "nobody" }),
    );
    assertEquals([errorCode, protocolName], [ErrorCode.UNKNOWN_MEMBER_ID, expected]);
  }
});

Deno.test("the leader sees the members' metadata as they sent it, also of Connect", async () => {
  using client = await shared.connect();
  const metadata = new Uint8Array([0, 1, 255, 254, 0]);
  const message = joinRequest(freshName("connect"), {
    protocolType: "connect",
    protocols: [{ name: "sessioned", metadata }],
  });
  const { members, protocolName } = await client.ask(JoinGroup, 3, message);
  assertEquals(protocolName, "sessioned");
  assertEquals(members.map((each) => each.metadata), [metadata]);
});

Deno.test("a static member keeps its place under a new member id", async () => {
  using client = await shared.connect();
  const groupId = freshName("group");
  const message = joinRequest(groupId, { groupInstanceId: "pod-1" });
  const first = await client.ask(JoinGroup, 5, message);
  assertEquals(first.errorCode, ErrorCode.NONE, "it needs no second round trip");
  const { memberId, generationId } = first;
  await client.ask(SyncGroup, 3, {
    groupId,
    generationId,
    memberId,
    groupInstanceId: "pod-1",
    assignments: [{ memberId, assignment: utf8("mine") }],
  });
  const again = await client.ask(JoinGroup, 5, message);
  assertEquals([again.errorCode, again.generationId], [ErrorCode.NONE, generationId]);
  assert(again.memberId !== memberId);
  const beat = { groupId, generationId, memberId, groupInstanceId: "pod-1" };
  assertEquals((await client.ask(Heartbeat, 3, beat)).errorCode, ErrorCode.FENCED_INSTANCE_ID);
  const synced = await client.ask(SyncGroup, 3, {
    groupId,
    generationId,
    memberId: again.memberId,
    groupInstanceId: "pod-1",
    assignments: [],
  });
  assertEquals(fromUtf8(synced.assignment), "mine");
});

Deno.test("a member that is assigned nothing gets empty bytes, never null", async () => {
  using client = await shared.connect();
  for (const version of [0, 3, 4, 5]) {
    const groupId = freshName("group");
    const { memberId, generationId } = await client.ask(JoinGroup, 3, joinRequest(groupId));
    const { errorCode, assignment } = await client.ask(SyncGroup, version, {
      groupId,
      generationId,
      memberId,
      ...(version < 5 ? {} : { protocolType: "consumer", protocolName: "range" }),
      assignments: [],
    });
    assertEquals([errorCode, assignment], [ErrorCode.NONE, new Uint8Array(0)]);
  }
});

for (const delayMs of [0, 3_000]) {
  Deno.test(`a group's first member waits the initial delay, ${delayMs} ms, and no longer`, () =>
    simulated(
      { settings: { "group.initial.rebalance.delay.ms": delayMs } },
      async ({ connect, nowMs }) => {
        using client = await connect();
        // The first group makes the offsets topic, which takes its time.
        await client.findCoordinator();
        const beganMs = nowMs();
        const { errorCode } = await client.ask(JoinGroup, 3, joinRequest(freshName("group")));
        assertEquals(errorCode, ErrorCode.NONE);
        const tookMs = nowMs() - beganMs;
        assert(tookMs >= delayMs && tookMs < delayMs + 100, `${tookMs} ms`);
      },
    ));
}

Deno.test("a second member makes the first one rejoin, and both learn of each other", async () => {
  using first = await shared.connect();
  using second = await shared.connect();
  const alone = await joinAlone(first, freshName("group"));
  const joining = second.ask(JoinGroup, 3, joinRequest(alone.groupId));
  let told = ErrorCode.NONE as number;
  const beating = (async () => {
    while (told === ErrorCode.NONE) told = (await first.ask(Heartbeat, 3, alone)).errorCode;
  })();
  await within(beating, { ms: 10_000, what: () => "a heartbeat that tells of the rebalance" });
  assertEquals(told, ErrorCode.REBALANCE_IN_PROGRESS);
  const { memberId } = alone;
  const rejoined = await first.ask(JoinGroup, 3, joinRequest(alone.groupId, { memberId }));
  const joined = await joining;
  assertEquals([rejoined.generationId, joined.generationId], [2, 2]);
  assertEquals([rejoined.members.length, joined.members.length], [2, 0], "the leader has the list");
});

Deno.test("group ids that are empty, and sessions that are too short, are refused", async () => {
  using client = await shared.connect();
  const empty = await client.ask(JoinGroup, 3, joinRequest(""));
  assertEquals(empty.errorCode, ErrorCode.INVALID_GROUP_ID);
  const short = await client.ask(JoinGroup, 3, joinRequest("g", { sessionTimeoutMs: 1 }));
  assertEquals(short.errorCode, ErrorCode.INVALID_SESSION_TIMEOUT);
});

/** Commits one offset of partition 0 for a group without members. */
function commitRequest(groupId: string, topic: string, committedOffset: number) {
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: "note" }];
  return { groupId, topics: [{ name: topic, partitions }] };
}

Deno.test("offsets are found again in each version, and -1 where there is none", async () => {
  using client = await shared.connect();
  const { name, topicId } = await makeTopic(client, { partitions: 2 });
  const groupId = freshName("group");
  const committed = await client.ask(OffsetCommit, 8, commitRequest(groupId, name, 42));
  assertEquals(committed.topics[0].partitions[0].errorCode, ErrorCode.NONE);
  const expected = [[0, 42, "note"], [1, -1, ""]];
  for (let version = 0; version <= 7; version++) {
    const topics = [{ name, partitionIndexes: [0, 1] }];
    const answer = await client.ask(OffsetFetch, version, { groupId, topics });
    assertEquals(answer.topics[0].name, name);
    assertEquals(answer.topics[0].partitions.map(shortened), expected, `version ${version}`);
  }
  for (const version of [8, 9, 10]) {
    const topic = version < 10 ? { name } : { topicId };
    const { groups: [group] } = await client.ask(OffsetFetch, version, {
      groups: [{ groupId, topics: [{ ...topic, partitionIndexes: [0, 1] }] }],
    });
    assertEquals([group.groupId, group.errorCode], [groupId, ErrorCode.NONE]);
    assertEquals(group.topics[0].topicId, version < 10 ? ZERO_UUID : topicId);
    assertEquals(group.topics[0].partitions.map(shortened), expected, `version ${version}`);
  }
});

function shortened(
  { partitionIndex, committedOffset, metadata }: {
    partitionIndex: number;
    committedOffset: Int64;
    metadata: string | null;
  },
) {
  return [partitionIndex, committedOffset, metadata];
}

Deno.test("null topics mean all that a group has committed, several groups at a time", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const { name: other, topicId: otherId } = await makeTopic(client);
  const [a, b] = [freshName("group"), freshName("group")];
  await client.ask(OffsetCommit, 8, commitRequest(a, name, 1));
  await client.ask(OffsetCommit, 8, commitRequest(a, other, 2));
  await client.ask(OffsetCommit, 8, commitRequest(b, other, 3));
  const old = await client.ask(OffsetFetch, 2, { groupId: a, topics: null });
  assertEquals(old.topics.map((topic) => topic.name).sort(), [name, other].sort());
  const { groups } = await client.ask(OffsetFetch, 8, {
    groups: [{ groupId: a, topics: null }, { groupId: b, topics: null }],
    requireStable: true,
  });
  assertEquals(groups.map(({ topics }) => topics.length), [2, 1]);
  const byId = await client.ask(OffsetFetch, 10, { groups: [{ groupId: b, topics: null }] });
  assertEquals(byId.groups[0].topics.map(({ topicId }) => topicId), [otherId]);
});

Deno.test("offsets by topic id: an unknown id fails by itself, and is echoed", async () => {
  using client = await shared.connect();
  const { topicId } = await makeTopic(client);
  const unknownId = "b3R0bGEtY29uZm9ybWFuYw";
  const groupId = freshName("group");
  const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: null }];
  const { topics } = await client.ask(OffsetCommit, 10, {
    groupId,
    topics: [{ topicId: unknownId, partitions }, { topicId, partitions }],
  });
  assertEquals(
    topics.map((topic) => [topic.topicId, topic.partitions[0].errorCode]),
    [[unknownId, ErrorCode.UNKNOWN_TOPIC_ID], [topicId, ErrorCode.NONE]],
  );
  const { groups: [group] } = await client.ask(OffsetFetch, 10, {
    groups: [{
      groupId,
      topics: [unknownId, topicId].map((id) => ({ topicId: id, partitionIndexes: [0] })),
    }],
  });
  const found = new Map(group.topics.map((topic) => [topic.topicId, topic.partitions[0]]));
  assertEquals(found.get(topicId)?.committedOffset, 5);
  assertEquals(found.get(unknownId)?.errorCode, ErrorCode.UNKNOWN_TOPIC_ID);
});

Deno.test("a commit of a partition that does not exist fails by itself", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const { topics } = await client.ask(OffsetCommit, 8, {
    groupId: freshName("group"),
    topics: [{
      name,
      partitions: [9, 0].map((partitionIndex) => ({
        partitionIndex,
        committedOffset: 1,
        committedMetadata: null,
      })),
    }],
  });
  assertEquals(
    topics[0].partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]),
    [[9, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION], [0, ErrorCode.NONE]],
  );
});

Deno.test("a member commits in its generation alone", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const { groupId, memberId, generationId } = await joinAlone(client, freshName("group"));
  const commit = async (member: string, generation: number) => {
    const { topics } = await client.ask(OffsetCommit, 7, {
      ...commitRequest(groupId, name, 1),
      memberId: member,
      generationIdOrMemberEpoch: generation,
    });
    return topics[0].partitions[0].errorCode;
  };
  assertEquals(await commit(memberId, generationId), ErrorCode.NONE);
  assertEquals(await commit(memberId, generationId - 1), ErrorCode.ILLEGAL_GENERATION);
  assertEquals(await commit("nobody", generationId), ErrorCode.UNKNOWN_MEMBER_ID);
  assertEquals(await commit("", -1), ErrorCode.UNKNOWN_MEMBER_ID, "not while it has members");
});

Deno.test("a group that does not exist is Dead, and from version 6 on not found", async () => {
  using client = await shared.connect();
  const name = freshName("absent");
  const old = await client.ask(DescribeGroups, 5, { groups: [name] });
  assertEquals([old.groups[0].errorCode, old.groups[0].groupState], [ErrorCode.NONE, "Dead"]);
  const { groups: [group] } = await client.ask(DescribeGroups, 6, { groups: [name] });
  assertEquals([group.groupId, group.errorCode], [name, ErrorCode.GROUP_ID_NOT_FOUND]);
});

Deno.test("tools see a group with its members, hosts and assignments", async () => {
  using client = await shared.connect();
  const { groupId, memberId } = await joinAlone(client, freshName("group"));
  const { groups: [group] } = await client.ask(DescribeGroups, 5, { groups: [groupId] });
  const { groupState, protocolType, protocolData, members } = group;
  assertEquals([groupState, protocolType, protocolData], ["Stable", "consumer", "range"]);
  const [member] = members;
  assertEquals([member.memberId, member.clientId], [memberId, "raw-client"]);
  assertEquals(member.clientHost, "/127.0.0.1");
  assertEquals(
    [fromUtf8(member.memberMetadata), fromUtf8(member.memberAssignment)],
    ["opaque", "all"],
  );
  const listed = await client.ask(ListGroups, 4, { statesFilter: ["Stable"] });
  const found = listed.groups.find((each) => each.groupId === groupId);
  assertEquals([found?.protocolType, found?.groupState], ["consumer", "Stable"]);
  const empty = await client.ask(ListGroups, 4, { statesFilter: ["Empty"] });
  assertEquals(empty.groups.some((each) => each.groupId === groupId), false);
});

Deno.test("while a group rebalances, tools see what its members had last", async () => {
  using client = await shared.connect();
  const { groupId } = await joinAlone(client, freshName("group"));
  using other = await shared.connect();
  const joining = other.ask(JoinGroup, 3, joinRequest(groupId));
  const described = async () =>
    (await client.ask(DescribeGroups, 5, { groups: [groupId] })).groups[0];
  let group = await described();
  while (group.groupState === "Stable") group = await described();
  assertEquals([group.groupState, group.protocolData], ["PreparingRebalance", ""]);
  assertEquals(
    group.members.map((member) => [
      fromUtf8(member.memberMetadata),
      fromUtf8(member.memberAssignment),
    ]),
    [["", "all"], ["", ""]],
  );
  for (const { memberId } of group.members) await client.ask(LeaveGroup, 2, { groupId, memberId });
  await joining;
});

/** The codes of an OffsetDelete of partition 0: the whole's, the partition's. */
async function deleteOffset(client: RawClient, groupId: string, name: string) {
  const topics = [{ name, partitions: [{ partitionIndex: 0 }] }];
  const answer = await client.ask(OffsetDelete, 0, { groupId, topics });
  return [answer.errorCode, answer.topics[0]?.partitions[0].errorCode];
}

Deno.test("offsets are kept while members' metadata does not tell what they read", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const groupId = freshName("group");
  await client.ask(OffsetCommit, 8, commitRequest(groupId, name, 5));
  const { memberId } = await joinAlone(client, groupId);
  const { NONE, GROUP_SUBSCRIBED_TO_TOPIC } = ErrorCode;
  assertEquals(await deleteOffset(client, groupId, name), [NONE, GROUP_SUBSCRIBED_TO_TOPIC]);
  await client.ask(LeaveGroup, 2, { groupId, memberId });
  assertEquals(await deleteOffset(client, groupId, name), [NONE, NONE]);
});

Deno.test("offsets are kept while a first member joins", () =>
  simulated({ settings: { "group.initial.rebalance.delay.ms": 3_000 } }, async ({ connect }) => {
    using client = await connect();
    using member = await connect();
    await client.findCoordinator();
    const { name } = await makeTopic(client);
    const groupId = freshName("group");
    await client.ask(OffsetCommit, 8, commitRequest(groupId, name, 5));
    const joining = member.ask(JoinGroup, 3, joinRequest(groupId));
    const { NONE, GROUP_SUBSCRIBED_TO_TOPIC } = ErrorCode;
    let state = "";
    while (state !== "PreparingRebalance") {
      state = (await client.ask(DescribeGroups, 5, { groups: [groupId] })).groups[0].groupState;
    }
    assertEquals(await deleteOffset(client, groupId, name), [NONE, GROUP_SUBSCRIBED_TO_TOPIC]);
    await joining;
  }));

Deno.test("offsets and members are there after a kill -9, and the member goes on", async () => {
  await using broker = await BrokerProcess.start();
  let member: Awaited<ReturnType<typeof joinAlone>>;
  let topic: string;
  {
    using client = await RawClient.connect(broker);
    topic = (await makeTopic(client)).name;
    await client.findCoordinator("orders");
    member = await joinAlone(client, "orders");
    const { topics } = await client.ask(OffsetCommit, 7, {
      ...commitRequest("orders", topic, 11),
      memberId: member.memberId,
      generationIdOrMemberEpoch: member.generationId,
    });
    assertEquals(topics[0].partitions[0].errorCode, ErrorCode.NONE);
  }
  await broker.kill();
  await broker.restart();
  using client = await RawClient.connect(broker);
  const { errorCode } = await client.ask(Heartbeat, 3, member);
  assertEquals(errorCode, ErrorCode.NONE, "its session goes on");
  const { groups: [group] } = await client.ask(OffsetFetch, 8, {
    groups: [{ groupId: "orders", topics: null }],
  });
  assertEquals(group.topics[0].partitions[0].committedOffset, 11);
});
