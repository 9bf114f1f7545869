// Details of requests and responses that scenarios/*.txt do not show: versions, copies, filters.

import { assertEquals, assertThrows } from "@std/assert";
import { AssertionError } from "../../base/assert.ts";
import { ZERO_UUID } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type {
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupResponse,
  OffsetCommitRequest,
} from "../../protocol/mod.ts";
import { GroupShell } from "../../../tests/harness/group_shell.ts";
import { firstOf, missing } from "../../base/items.ts";
import { GroupTable } from "./group_table.ts";
import {
  type GroupConfig,
  groupConfigDefaults,
  type GroupCoordinatorRecord,
  type GroupDecision,
  type GroupResponse,
} from "../mod.ts";

function newShell(config: Partial<GroupConfig> = {}): GroupShell {
  return new GroupShell(() => ({ ...groupConfigDefaults, initialRebalanceDelayMs: 0, ...config }));
}

function joinRequest(change: Partial<JoinGroupRequest> = {}): JoinGroupRequest {
  return {
    groupId: "g",
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    memberId: "",
    groupInstanceId: null,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: Uint8Array.of(1, 2, 3) }],
    reason: null,
    ...change,
  };
}

function join(
  shell: GroupShell,
  o: { apiVersion: number; request?: Partial<JoinGroupRequest> },
): JoinGroupResponse {
  const input = {
    request: joinRequest(o.request),
    apiVersion: o.apiVersion,
    clientId: "c",
    clientHost: "/192.0.2.1",
    uuid: shell.newUuid(),
  };
  return only(shell, shell.table.join(input, shell.at())) as JoinGroupResponse;
}

function only(shell: GroupShell, decision: GroupDecision): GroupResponse {
  const { answers } = shell.carryOut(decision);
  assertEquals(answers.length, 1);
  return firstOf(answers).response;
}

function commit(
  shell: GroupShell,
  { request = commitRequest(), apiVersion = 8 }: {
    request?: OffsetCommitRequest;
    apiVersion?: number;
  },
): readonly GroupCoordinatorRecord[] {
  const decision = shell.table.commitOffsets({ request, apiVersion }, shell.at());
  shell.carryOut(decision);
  return decision.records;
}

function commitRequest(change: Partial<OffsetCommitRequest> = {}): OffsetCommitRequest {
  const partition = {
    partitionIndex: 0,
    committedOffset: 5,
    committedLeaderEpoch: 2,
    commitTimestamp: -1,
    committedMetadata: "note",
  };
  return {
    groupId: "g",
    generationIdOrMemberEpoch: -1,
    memberId: "",
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [{ name: "t", topicId: ZERO_UUID, partitions: [partition] }],
    ...change,
  };
}

const topicA = "AAAAAAAAAAAAAAAAAAAAAQ";
const topicB = "AAAAAAAAAAAAAAAAAAAAAg";

Deno.test("a first member joins, and its bytes are copied out of the request's frame", () => {
  const shell = newShell();
  const metadata = Uint8Array.of(1, 2, 3);
  const joined = join(shell, {
    apiVersion: 3,
    request: { protocols: [{ name: "range", metadata }] },
  });
  assertEquals(joined.memberId, "c-1");
  metadata.fill(0);
  assertEquals(firstOf(joined.members).metadata, Uint8Array.of(1, 2, 3));

  const assignment = Uint8Array.of(7);
  const request = {
    groupId: "g",
    generationId: 1,
    memberId: "c-1",
    groupInstanceId: null,
    protocolType: null,
    protocolName: null,
    assignments: [{ memberId: "c-1", assignment }],
  };
  shell.carryOut(shell.table.sync({ request, apiVersion: 4 }, shell.at()));
  assignment.fill(0);
  const { members } = shell.table.describe("g", { apiVersion: 5 });
  assertEquals(firstOf(members).memberAssignment, Uint8Array.of(7));
});

Deno.test("a refused JoinGroup has no protocol name: null from version 7, empty before", () => {
  for (const [apiVersion, protocolName] of [[6, ""], [7, null]] as const) {
    const response = join(newShell(), { apiVersion, request: { groupId: "" } });
    assertEquals(response, {
      throttleTimeMs: 0,
      errorCode: ErrorCode.INVALID_GROUP_ID,
      generationId: -1,
      protocolType: null,
      protocolName,
      leader: "",
      skipAssignment: false,
      memberId: "",
      members: [],
    });
  }
});

Deno.test("from version 4 a dynamic member gets its id first, a static one joins at once", () => {
  assertEquals(join(newShell(), { apiVersion: 4 }).errorCode, ErrorCode.MEMBER_ID_REQUIRED);
  const request = { groupInstanceId: "i" };
  assertEquals(join(newShell(), { apiVersion: 5, request }).memberId, "i-1");
});

Deno.test("JoinGroup 0 has no rebalance timeout: the session timeout counts", () => {
  const shell = newShell();
  const request = { rebalanceTimeoutMs: -1, sessionTimeoutMs: 20_000 };
  join(shell, { apiVersion: 0, request });
  const input = {
    request: joinRequest({ ...request, sessionTimeoutMs: 10_000 }),
    apiVersion: 0,
    clientId: "d",
    clientHost: "/192.0.2.2",
    uuid: shell.newUuid(),
  };
  shell.nowMs = 1_000;
  shell.carryOut(shell.table.join(input, shell.at()));
  const heartbeat = { groupId: "g", generationId: 1, memberId: "c-1", groupInstanceId: null };
  shell.table.heartbeat(heartbeat, { nowMs: 5_000 });
  assertEquals(shell.table.nextDeadlineMs(), 21_000);
});

Deno.test("a SyncGroup from version 5 on must say the protocol", () => {
  const shell = newShell();
  const request = {
    groupId: "g",
    generationId: 1,
    memberId: "c-1",
    groupInstanceId: null,
    protocolType: null,
    protocolName: "range",
    assignments: [],
  };
  const answered = [4, 5].map((apiVersion) =>
    (only(shell, shell.table.sync({ request, apiVersion }, shell.at())) as { errorCode: number })
      .errorCode
  );
  const { UNKNOWN_MEMBER_ID, INCONSISTENT_GROUP_PROTOCOL } = ErrorCode;
  assertEquals(answered, [UNKNOWN_MEMBER_ID, INCONSISTENT_GROUP_PROTOCOL]);
});

Deno.test("LeaveGroup answers with members from version 3 on", () => {
  const shell = newShell();
  const request = {
    groupId: "g",
    memberId: "c-1",
    members: [{ memberId: "c-1", groupInstanceId: "i", reason: null }],
  };
  const before = only(
    shell,
    shell.table.leave({ request, apiVersion: 2 }, shell.at()),
  ) as LeaveGroupResponse;
  assertEquals([before.errorCode, before.members], [ErrorCode.UNKNOWN_MEMBER_ID, []]);
  const after = only(
    shell,
    shell.table.leave({ request, apiVersion: 3 }, shell.at()),
  ) as LeaveGroupResponse;
  const errorCode = ErrorCode.UNKNOWN_MEMBER_ID;
  assertEquals(after.errorCode, ErrorCode.NONE);
  assertEquals(after.members, [{ memberId: "c-1", groupInstanceId: "i", errorCode }]);
  const nameless = { request: { ...request, groupId: "" }, apiVersion: 3 };
  const unnamed = shell.table.leave(nameless, shell.at());
  assertEquals((only(shell, unnamed) as LeaveGroupResponse).errorCode, ErrorCode.INVALID_GROUP_ID);
});

Deno.test("a missing group is Dead, from DescribeGroups 6 on with an error", () => {
  const shell = newShell();
  const before = shell.table.describe("x", { apiVersion: 5 });
  assertEquals([before.groupState, before.errorCode], ["Dead", ErrorCode.NONE]);
  const after = shell.table.describe("x", { apiVersion: 6 });
  assertEquals([after.groupState, after.errorCode], ["Dead", ErrorCode.GROUP_ID_NOT_FOUND]);
  assertEquals(after.errorMessage, "Group x not found.");
});

Deno.test("ListGroups filters by state and type, whatever the case", () => {
  const shell = newShell();
  const list = (statesFilter: string[], typesFilter: string[]): string[] =>
    shell.table.list({ statesFilter, typesFilter }).map(({ groupId }) => groupId);
  join(shell, { apiVersion: 3, request: { groupId: "joined" } });
  commit(shell, { request: commitRequest({ groupId: "simple" }), apiVersion: 8 });
  assertEquals(list([], []), ["joined", "simple"]);
  assertEquals(list(["empty"], []), ["simple"]);
  assertEquals(list(["CompletingRebalance", "Stable"], ["classic"]), ["joined"]);
  assertEquals(list([], ["consumer"]), []);
  assertEquals(list(["nonsense"], []), []);
});

Deno.test("an offset comes back as committed, with its leader epoch", () => {
  const shell = newShell();
  const request = commitRequest();
  shell.nowMs = 9;
  const records = commit(shell, { request, apiVersion: 8 });
  assertEquals(records, [{
    type: "OffsetCommit",
    key: { group: "g", topic: "t", partition: 0 },
    value: {
      offset: 5,
      leaderEpoch: 2,
      metadata: "note",
      commitTimestamp: 9,
      expireTimestamp: -1,
      topicId: ZERO_UUID,
    },
  }]);
  const topics = [{ name: "t", topicId: ZERO_UUID, partitionIndexes: [0] }];
  const fetched = shell.table.fetchOffsets({
    groupId: "g",
    memberId: null,
    memberEpoch: -1,
    topics,
  });
  assertEquals(firstOf(fetched.topics).partitions, [{
    partitionIndex: 0,
    committedOffset: 5,
    committedLeaderEpoch: 2,
    metadata: "note",
    errorCode: ErrorCode.NONE,
  }]);
});

Deno.test("OffsetCommit 1 brings its own timestamp", () => {
  const shell = newShell();
  const request = commitRequest();
  firstOf(firstOf(request.topics).partitions).commitTimestamp = 77;
  shell.nowMs = 9;
  const records = commit(shell, { request, apiVersion: 1 });
  const [record = missing()] = records;
  assertEquals(record.type === "OffsetCommit" && record.value?.commitTimestamp, 77);
});

Deno.test("an offset committed for a topic is not one of a later topic of that name", () => {
  const shell = newShell();
  const request = commitRequest();
  firstOf(request.topics).topicId = topicA;
  commit(shell, { request, apiVersion: 10 });
  const offsetFor = (topicId: string): Int64 => {
    const topics = [{ name: "t", topicId, partitionIndexes: [0] }];
    const fetched = shell.table.fetchOffsets({
      groupId: "g",
      memberId: null,
      memberEpoch: -1,
      topics,
    });
    return firstOf(firstOf(fetched.topics).partitions).committedOffset;
  };
  assertEquals([topicA, ZERO_UUID, topicB].map(offsetFor), [5, 5, -1]);
});

Deno.test("expiry looks at many groups in several short ticks", () => {
  const shell = newShell({ offsetsRetentionMs: 1_000, offsetsRetentionCheckIntervalMs: 5_000 });
  for (let i = 0; i < 2_500; i++) {
    const request = commitRequest({ groupId: `g${i}` });
    commit(shell, { request, apiVersion: 8 });
  }
  assertEquals(shell.table.nextDeadlineMs(), 5_000);
  const removed: number[] = [];
  while (shell.table.nextDeadlineMs() !== undefined) {
    assertEquals(shell.table.nextDeadlineMs(), 5_000);
    const { batches } = shell.carryOut(shell.table.onTick(5_000));
    removed.push(batches.flatMap(({ records }) => records).length);
  }
  // A tombstone for the offset, and one for the group.
  assertEquals(removed, [2_000, 2_000, 1_000]);
});

Deno.test("a table that is not loaded, or has resigned, decides nothing", () => {
  const table = new GroupTable({ config: () => groupConfigDefaults });
  assertThrows(() => table.onTick(0), AssertionError);
  table.onLoaded(0).settle();
  table.resign(ErrorCode.NOT_COORDINATOR, 0);
  assertThrows(() => table.onTick(0), AssertionError);
});
