// Groups that have no coordinator: nobody has asked for one yet, or the partition of
// __consumer_offsets that would keep them is damaged. Each API says so in its own place, and groups
// of other partitions in the same request are answered.

import { assertEquals } from "@std/assert";
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
  OffsetDelete,
  OffsetFetch,
  SyncGroup,
} from "../../src/protocol/mod.ts";
import { partitionOfKey } from "../../src/broker/coordination/shards.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";

const { NONE, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;

const at = (topic: string) => ({ name: topic, partitions: [{ partitionIndex: 0 }] });

function commit(groupId: string, topic: string) {
  const partitions = [{ partitionIndex: 0, committedOffset: 17, committedMetadata: "m" }];
  return { groupId, topics: [{ name: topic, partitions }] };
}

/** What every API of groups says of `group`, by its name. */
async function codesOf(client: RawClient, { group, topic }: { group: string; topic: string }) {
  const asMember = { groupId: group, memberId: "m", generationId: 1 };
  const topics = [{ name: topic, partitionIndexes: [0] }];
  const join = await client.ask(JoinGroup, 7, {
    groupId: group,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: "m",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: new Uint8Array(4) }],
  });
  const sync = await client.ask(SyncGroup, 3, { ...asMember, assignments: [] });
  const heartbeat = await client.ask(Heartbeat, 3, asMember);
  const leave = await client.ask(LeaveGroup, 3, {
    groupId: group,
    members: [{ memberId: "m", groupInstanceId: null }],
  });
  const committed = await client.ask(OffsetCommit, 5, commit(group, topic));
  const fetched1 = await client.ask(OffsetFetch, 1, { groupId: group, topics });
  const fetched5 = await client.ask(OffsetFetch, 5, { groupId: group, topics });
  const fetched8 = await client.ask(OffsetFetch, 8, { groups: [{ groupId: group, topics }] });
  const described = await client.ask(DescribeGroups, 5, { groups: [group] });
  const deleted = await client.ask(DeleteGroups, 2, { groupsNames: [group] });
  const removed = await client.ask(OffsetDelete, 0, { groupId: group, topics: [at(topic)] });
  return {
    join: [join.errorCode, join.memberId, join.protocolName],
    sync: sync.errorCode,
    heartbeat: heartbeat.errorCode,
    leave: [leave.errorCode, leave.members.length],
    commit: committed.topics[0].partitions[0].errorCode,
    fetch1: [fetched1.topics[0].partitions[0].errorCode],
    fetch5: [fetched5.errorCode, fetched5.topics.length],
    fetch8: [fetched8.groups[0].errorCode, fetched8.groups[0].topics.length],
    describe: [described.groups[0].errorCode, described.groups[0].groupState],
    delete: deleted.results[0].errorCode,
    offsetDelete: removed.errorCode,
  };
}

const withoutCoordinator = {
  join: [NOT_COORDINATOR, "m", null],
  sync: NOT_COORDINATOR,
  heartbeat: NOT_COORDINATOR,
  leave: [NOT_COORDINATOR, 0],
  commit: NOT_COORDINATOR,
  fetch1: [NOT_COORDINATOR],
  fetch5: [NOT_COORDINATOR, 0],
  fetch8: [NOT_COORDINATOR, 0],
  describe: [NOT_COORDINATOR, ""],
  delete: NOT_COORDINATOR,
  offsetDelete: NOT_COORDINATOR,
};

Deno.test("there is no coordinator until a client looks for one", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  assertEquals(await codesOf(client, { group: "orders", topic }), withoutCoordinator);
  const { groups, errorCode } = await client.ask(ListGroups, 4, {});
  assertEquals([groups, errorCode], [[], NONE]);
  const unknown = await client.ask(OffsetCommit, 5, commit("orders", "no-such-topic"));
  assertEquals(unknown.topics[0].partitions[0].errorCode, UNKNOWN_TOPIC_OR_PARTITION);

  await client.findCoordinator("orders");
  const committed = await client.ask(OffsetCommit, 5, commit("orders", topic));
  assertEquals(committed.topics[0].partitions[0].errorCode, NONE);
});

/** A group of each of two partitions. */
function groupOn(partition: number): string {
  for (let i = 0;; i++) if (partitionOfKey(`group-${i}`, 2) === partition) return `group-${i}`;
}

/** How a broker may end; without a checkpoint nothing tells how far its logs were on disk. */
const ends = [
  { what: "a stop", checkpointMs: 100, end: (broker: BrokerProcess) => broker.stop() },
  { what: "a kill", checkpointMs: 600_000, end: (broker: BrokerProcess) => broker.kill() },
];

for (const { what, checkpointMs, end } of ends) {
  Deno.test(`damaged offsets cost their own groups alone, after ${what}`, async () => {
    await using broker = await BrokerProcess.start({
      settings: {
        "offsets.topic.num.partitions": "2",
        "log.flush.offset.checkpoint.interval.ms": `${checkpointMs}`,
      },
    });
    const [good, bad] = [groupOn(0), groupOn(1)];
    let topic: string;
    {
      using client = await RawClient.connect(broker);
      topic = (await makeTopic(client)).name;
      await client.findCoordinator(good);
      for (const group of [good, bad]) {
        const { topics } = await client.ask(OffsetCommit, 5, commit(group, topic));
        assertEquals(topics[0].partitions[0].errorCode, NONE);
      }
    }
    await end(broker);
    const path = `${broker.dataDir}/__consumer_offsets-1/00000000000000000000.log`;
    const bytes = await Deno.readFile(path);
    bytes[72] ^= 4;
    await Deno.writeFile(path, bytes);
    await broker.restart();

    using client = await RawClient.connect(broker);
    assertEquals(await codesOf(client, { group: bad, topic }), withoutCoordinator);
    const found = await client.ask(FindCoordinator, 4, { coordinatorKeys: [good, bad] });
    assertEquals(found.coordinators.map(({ errorCode }) => errorCode), [
      NONE,
      COORDINATOR_NOT_AVAILABLE,
    ]);
    const described = await client.ask(DescribeGroups, 5, { groups: [bad, good] });
    assertEquals(described.groups.map(({ errorCode, groupState }) => [errorCode, groupState]), [
      [NOT_COORDINATOR, ""],
      [NONE, "Empty"],
    ]);
    const fetched = await client.ask(OffsetFetch, 8, {
      groups: [bad, good].map((groupId) => ({ groupId, topics: null })),
    });
    assertEquals(fetched.groups.map(({ errorCode }) => errorCode), [NOT_COORDINATOR, NONE]);
    assertEquals(fetched.groups[1].topics[0].partitions[0].committedOffset, 17);
    const listed = await client.ask(ListGroups, 4, {});
    assertEquals(listed.groups.map(({ groupId }) => groupId), [good]);
    const deleted = await client.ask(DeleteGroups, 2, { groupsNames: [bad, good] });
    const codes = deleted.results.map(({ groupId, errorCode }) => [groupId, errorCode]);
    assertEquals(codes.sort(), [[good, NONE], [bad, NOT_COORDINATOR]].sort());
  });
}
