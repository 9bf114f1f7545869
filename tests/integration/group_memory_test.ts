// What members of groups say of themselves is kept while they are members: all of it together is
// bounded, and so is what one of them may say.

import { assertEquals } from "@std/assert";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { ErrorCode, JoinGroup, LeaveGroup, SyncGroup } from "../../src/protocol/mod.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { simulated } from "../harness/simulated_broker.ts";

const { NONE, COORDINATOR_NOT_AVAILABLE, UNKNOWN_SERVER_ERROR } = ErrorCode;
const mebibyte = 1024 * 1024;
/** A sixteenth of it is for members: 4 MiB. */
const settings = { "ottla.memory.bytes.max": `${64 * mebibyte}` };

function join(client: RawClient, groupId: string, metadataBytes: number) {
  return client.ask(JoinGroup, 2, {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: new Uint8Array(metadataBytes) }],
  });
}

Deno.test("members hold a part of the memory, and more may come once others go", async () => {
  await simulated({ settings }, async ({ connect, pass }) => {
    using client = await connect();
    await client.findCoordinator("group-0");
    const joined: { groupId: string; memberId: string }[] = [];
    let errorCode: number = NONE;
    for (let i = 0; errorCode === NONE; i++) {
      const groupId = `group-${i}`;
      const answer = await join(client, groupId, 500_000);
      errorCode = answer.errorCode;
      if (errorCode === NONE) joined.push({ groupId, memberId: answer.memberId });
    }
    assertEquals({ joined: joined.length, errorCode }, {
      joined: 8,
      errorCode: COORDINATOR_NOT_AVAILABLE,
    });
    await client.ask(LeaveGroup, 2, joined[0]);
    await pass(1000);
    assertEquals((await join(client, "late", 500_000)).errorCode, NONE);
    await pass(1000);
    assertEquals((await join(client, "later", 500_000)).errorCode, COORDINATOR_NOT_AVAILABLE);
    // What a usual member says still fits.
    assertEquals((await join(client, "usual", 100)).errorCode, NONE);
    // Those who are not heard of are members no more, and hold nothing.
    await pass(60_000);
    assertEquals((await join(client, "last", 500_000)).errorCode, NONE);
  });
});

Deno.test("members of the consumer protocol count like those of the classic one", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator("group-0");
    const codes: number[] = [];
    for (let i = 0; i < 9; i++) {
      const { errorCode } = await client.ask(ConsumerGroupHeartbeat, 1, {
        groupId: `group-${i}`,
        memberId: `member-${i}`,
        memberEpoch: 0,
        rebalanceTimeoutMs: 10_000,
        subscribedTopicNames: Array.from({ length: 5000 }, (_, n) => `${n}`.padStart(100, "t")),
        topicPartitions: [],
      });
      codes.push(errorCode);
    }
    assertEquals(codes, [...Array(8).fill(NONE), COORDINATOR_NOT_AVAILABLE]);
  });
});

Deno.test("a member that says more than a record of its group holds is refused", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator("group");
    assertEquals((await join(client, "group", 2 * mebibyte)).errorCode, UNKNOWN_SERVER_ERROR);
    assertEquals((await join(client, "group", 1000)).errorCode, NONE);
  });
});

Deno.test("an assignment that does not fit into its record is refused", async () => {
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    await client.findCoordinator("group");
    const { memberId, generationId } = await join(client, "group", 600_000);
    const sync = (assignmentBytes: number, generation: number) =>
      client.ask(SyncGroup, 2, {
        groupId: "group",
        generationId: generation,
        memberId,
        assignments: [{ memberId, assignment: new Uint8Array(assignmentBytes) }],
      });
    assertEquals((await sync(600_000, generationId)).errorCode, UNKNOWN_SERVER_ERROR);
    // It rebalances: with less, all is well.
    const again = await client.ask(JoinGroup, 2, {
      groupId: "group",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: new Uint8Array(1000) }],
    });
    assertEquals([again.errorCode, again.generationId], [NONE, generationId + 1]);
    const { errorCode, assignment } = await sync(600_000, again.generationId);
    assertEquals([errorCode, assignment.length], [NONE, 600_000]);
  });
});
