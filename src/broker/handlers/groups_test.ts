// Handlers about classic groups and offsets: 8 OffsetCommit, 9 OffsetFetch, 10 FindCoordinator,
// 11 JoinGroup, 12 Heartbeat, 13 LeaveGroup, 14 SyncGroup, 15 DescribeGroups, 16 ListGroups,
// 42 DeleteGroups, 47 OffsetDelete. What a group decides is told in
// src/coordinator/groups/scenarios.

import { assertEquals } from "@std/assert";
import { utf8 } from "../../base/bytes.ts";
import {
  DeleteGroups,
  DescribeGroups,
  ErrorCode,
  FindCoordinator,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  OffsetCommit,
  OffsetFetch,
  SyncGroup,
} from "../../protocol/mod.ts";
import { OffsetDelete } from "../../protocol/apis/47_offset_delete.ts";
import type { RawClient } from "../../../tests/harness/raw_client.ts";
import { makeTopic } from "../../../tests/harness/raw_requests.ts";
import { simulated, type SimulatedScene } from "../../../tests/harness/simulated_broker.ts";

const { NONE, UNKNOWN_MEMBER_ID, UNKNOWN_TOPIC_OR_PARTITION, INVALID_GROUP_ID } = ErrorCode;

/** A scene whose client knows where groups are. */
function withGroups(scenario: (client: RawClient, scene: SimulatedScene) => Promise<void>) {
  const settings = { "offsets.topic.num.partitions": 1 };
  return simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    await client.findCoordinator();
    await scenario(client, scene);
  });
}

/** The one member of a new group, which has synced. */
async function joined(client: RawClient, groupId: string) {
  const protocols = [{ name: "range", metadata: utf8("") }];
  const request = { groupId, sessionTimeoutMs: 30_000, protocolType: "consumer", protocols };
  const { memberId, generationId } = await client.ask(JoinGroup, 2, { ...request, memberId: "" });
  const member = { groupId, memberId, generationId };
  const assignments = [{ memberId, assignment: utf8("all") }];
  assertEquals((await client.ask(SyncGroup, 2, { ...member, assignments })).errorCode, NONE);
  return member;
}

function commit(client: RawClient, groupId: string, topics: readonly [string, number[]][]) {
  return client.ask(OffsetCommit, 6, {
    groupId,
    topics: topics.map(([name, partitions]) => ({
      name,
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: 7,
        committedMetadata: "",
      })),
    })),
  });
}

Deno.test("FindCoordinator answers for one key, and from version 4 on for each of several", () =>
  withGroups(async (client) => {
    const one = await client.ask(FindCoordinator, 3, { key: "group", keyType: 0 });
    assertEquals([one.errorCode, one.nodeId, one.errorMessage], [NONE, 1, "NONE"]);
    const wrong = await client.ask(FindCoordinator, 3, { key: "key", keyType: 9 });
    assertEquals([wrong.errorCode, wrong.nodeId], [ErrorCode.INVALID_REQUEST, -1]);
    const coordinatorKeys = ["a", "b"];
    const { coordinators } = await client.ask(FindCoordinator, 4, { keyType: 0, coordinatorKeys });
    assertEquals(
      coordinators.map(({ key, nodeId, errorCode }) => [key, nodeId, errorCode]),
      [["a", 1, NONE], ["b", 1, NONE]],
    );
  }));

Deno.test("JoinGroup sends who is new away with an id of its own, from version 4 on", () =>
  withGroups(async (client) => {
    const request = {
      groupId: "group",
      sessionTimeoutMs: 30_000,
      memberId: "",
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: utf8("") }],
    };
    const sent = await client.ask(JoinGroup, 4, request);
    assertEquals([sent.errorCode, sent.memberId === ""], [ErrorCode.MEMBER_ID_REQUIRED, false]);
    const { errorCode, leader } = await client.ask(JoinGroup, 4, {
      ...request,
      memberId: sent.memberId,
    });
    assertEquals([errorCode, leader], [NONE, sent.memberId]);
    const nameless = await client.ask(JoinGroup, 4, { ...request, groupId: "" });
    assertEquals(nameless.errorCode, INVALID_GROUP_ID);
  }));

Deno.test("SyncGroup and Heartbeat know members by their id, of this generation", () =>
  withGroups(async (client) => {
    const member = await joined(client, "group");
    const beat = async (more: Partial<typeof member>) =>
      (await client.ask(Heartbeat, 2, { ...member, ...more })).errorCode;
    assertEquals(await beat({}), NONE);
    assertEquals(await beat({ generationId: 9 }), ErrorCode.ILLEGAL_GENERATION);
    assertEquals(await beat({ memberId: "nobody" }), UNKNOWN_MEMBER_ID);
    const synced = await client.ask(SyncGroup, 2, { ...member, assignments: [] });
    assertEquals([synced.errorCode, synced.assignment], [NONE, utf8("all")]);
    const stranger = { ...member, memberId: "nobody", assignments: [] };
    assertEquals((await client.ask(SyncGroup, 2, stranger)).errorCode, UNKNOWN_MEMBER_ID);
  }));

Deno.test("LeaveGroup lets one member go, and from version 3 on several, each for itself", () =>
  withGroups(async (client) => {
    const { groupId, memberId } = await joined(client, "group");
    const leave = (memberId: string) => ({ memberId, groupInstanceId: null });
    const several = { groupId, members: [leave(memberId), leave("nobody")] };
    const { errorCode, members } = await client.ask(LeaveGroup, 3, several);
    assertEquals([errorCode, members.map((each) => each.errorCode)], [
      NONE,
      [NONE, UNKNOWN_MEMBER_ID],
    ]);
    const gone = await client.ask(LeaveGroup, 1, { groupId, memberId });
    assertEquals(gone.errorCode, UNKNOWN_MEMBER_ID);
  }));

Deno.test("OffsetCommit stores what it can beside partitions that are not there", () =>
  withGroups(async (client) => {
    const { name } = await makeTopic(client);
    const { topics } = await commit(client, "group", [[name, [0, 4]], ["missing", [0]]]);
    assertEquals(
      topics.map((each) => [each.name, each.partitions.map(({ errorCode }) => errorCode)]),
      [[name, [NONE, UNKNOWN_TOPIC_OR_PARTITION]], ["missing", [UNKNOWN_TOPIC_OR_PARTITION]]],
    );
  }));

Deno.test("OffsetFetch tells of one group, and from version 8 on of several", () =>
  withGroups(async (client) => {
    const { name } = await makeTopic(client);
    await commit(client, "group", [[name, [0]]]);
    const topics = [{ name, partitionIndexes: [0, 4] }];
    const told = (partitions: readonly { committedOffset: unknown; errorCode: number }[]) =>
      partitions.map(({ committedOffset, errorCode }) => [committedOffset, errorCode]);
    const old = await client.ask(OffsetFetch, 7, { groupId: "group", topics });
    assertEquals(old.topics.map((each) => told(each.partitions)), [[[7, NONE], [-1, NONE]]]);
    const groups = ["group", "other"].map((groupId) => ({ groupId, topics }));
    const answer = await client.ask(OffsetFetch, 8, { groups });
    assertEquals(
      answer.groups.map((group) => group.topics.map((each) => told(each.partitions))),
      [[[[7, NONE], [-1, NONE]]], [[[-1, NONE], [-1, NONE]]]],
    );
    const all = await client.ask(OffsetFetch, 2, { groupId: "group", topics: null });
    assertEquals(all.topics.map((each) => each.name), [name]);
  }));

Deno.test("DescribeGroups calls a group that is not there Dead, until version 6 refuses it", () =>
  withGroups(async (client) => {
    const { groupId } = await joined(client, "group");
    const groups = [groupId, "missing"];
    const states = async (version: number) => {
      const answer = await client.ask(DescribeGroups, version, { groups });
      return answer.groups.map(({ groupState, errorCode }) => [groupState, errorCode]);
    };
    assertEquals(await states(5), [["Stable", NONE], ["Dead", NONE]]);
    assertEquals(await states(6), [["Stable", NONE], ["Dead", ErrorCode.GROUP_ID_NOT_FOUND]]);
  }));

Deno.test("ListGroups filters by state from version 4 on, and by type from version 5", () =>
  withGroups(async (client) => {
    const { name } = await makeTopic(client);
    await joined(client, "members");
    await commit(client, "offsets", [[name, [0]]]);
    const list = async (version: number, filters: object) => {
      const { groups } = await client.ask(ListGroups, version, filters);
      return groups.map(({ groupId }) => groupId).sort();
    };
    assertEquals(await list(3, {}), ["members", "offsets"]);
    assertEquals(await list(4, { statesFilter: ["Empty"] }), ["offsets"]);
    assertEquals(await list(5, { statesFilter: ["Stable"], typesFilter: ["classic"] }), [
      "members",
    ]);
    assertEquals(await list(5, { statesFilter: [], typesFilter: ["consumer"] }), []);
  }));

Deno.test("DeleteGroups takes groups without members, each for itself", () =>
  withGroups(async (client) => {
    const { name } = await makeTopic(client);
    await joined(client, "members");
    await commit(client, "offsets", [[name, [0]]]);
    const groupsNames = ["offsets", "members", "missing"];
    const { results } = await client.ask(DeleteGroups, 2, { groupsNames });
    const codes = Object.fromEntries(results.map((each) => [each.groupId, each.errorCode]));
    assertEquals(codes, {
      offsets: NONE,
      members: ErrorCode.NON_EMPTY_GROUP,
      missing: ErrorCode.GROUP_ID_NOT_FOUND,
    });
  }));

Deno.test("OffsetDelete forgets what was committed, beside partitions that are not there", () =>
  withGroups(async (client) => {
    const { name } = await makeTopic(client);
    await commit(client, "group", [[name, [0]]]);
    const partitions = [{ partitionIndex: 0 }, { partitionIndex: 4 }];
    const topics = [{ name, partitions }];
    const answer = await client.ask(OffsetDelete, 0, { groupId: "group", topics });
    assertEquals(answer.topics[0]!.partitions.map(({ errorCode }) => errorCode), [
      NONE,
      UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    const missing = await client.ask(OffsetDelete, 0, { groupId: "missing", topics });
    assertEquals(missing.errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
  }));
