// Folders with share groups, carried from Kafka to Ottla and from Ottla to Kafka: a member goes on
// with its epoch and its partitions, and a group starts where it was set to.

import { assertEquals } from "@std/assert";
import { ErrorCode, FindCoordinator } from "../../src/protocol/mod.ts";
import { ShareGroupHeartbeat } from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import { ShareGroupDescribe } from "../../src/protocol/apis/77_share_group_describe.ts";
import {
  DescribeShareGroupOffsets,
} from "../../src/protocol/apis/90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "../../src/protocol/apis/91_alter_share_group_offsets.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { carriedBothWays, lasting } from "./carried_folder.ts";

const [read, moved] = ["read", "moved"];
const memberId = "member-1";
const settings = {
  "share.coordinator.state.topic.num.partitions": "3",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  // Nobody is fenced while one broker takes the place of the other.
  "group.share.session.timeout.ms": "60000",
};

async function beat(client: RawClient, memberEpoch: number, topic: string | null = null) {
  const subscribedTopicNames = topic === null ? null : [topic];
  const request = { groupId: read, memberId, memberEpoch, rackId: null, subscribedTopicNames };
  const answer = await lasting(() => client.ask(ShareGroupHeartbeat, 1, request));
  assertEquals(answer.errorCode, ErrorCode.NONE, answer.errorMessage ?? "");
  return answer;
}

/** A group with a member that has both partitions, and one without members that starts at 1. */
async function begin(client: RawClient): Promise<{ topic: string; epoch: number }> {
  for (const key of [read, moved]) {
    await lasting(async () => {
      const request = { keyType: 0, coordinatorKeys: [key] };
      return (await client.ask(FindCoordinator, 4, request)).coordinators[0];
    });
  }
  const { name: topic } = await makeTopic(client, { partitions: 2 });
  const records = batchOf(["a", "b", "c"]);
  await lasting(() => produceTo(client, { topic, records }));
  let { memberEpoch: epoch, assignment } = await beat(client, 0, topic);
  while (assignment?.topicPartitions[0]?.partitions.length !== 2) {
    ({ memberEpoch: epoch, assignment } = await beat(client, epoch, topic));
  }
  const topics = [{ topicName: topic, partitions: [{ partitionIndex: 0, startOffset: 1 }] }];
  const { responses } = await client.ask(AlterShareGroupOffsets, 0, { groupId: moved, topics });
  assertEquals(responses[0].partitions[0].errorCode, ErrorCode.NONE);
  return { topic, epoch };
}

/** What is told of both groups; epochs but for the member's are told by how they compare. */
async function told(client: RawClient) {
  const describe = (groupId: string) =>
    lasting(async () => {
      const asked = { groupIds: [groupId], includeAuthorizedOperations: false };
      return (await client.ask(ShareGroupDescribe, 1, asked)).groups[0];
    });
  const group = await describe(read);
  const { groupState } = await describe(moved);
  const { groups } = await client.ask(DescribeShareGroupOffsets, 1, {
    groups: [read, moved].map((groupId) => ({ groupId, topics: null })),
  });
  const starts = groups.map(({ topics }) =>
    topics.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, startOffset, lag }) => [partitionIndex, startOffset, lag])
        .sort()
    )
  );
  return { group, groupState, starts };
}

/** The other broker goes on with what it finds. */
async function goOn(
  client: RawClient,
  { epoch, before }: { epoch: number; before: Awaited<ReturnType<typeof told>> },
): Promise<void> {
  assertEquals(await told(client), before);
  // The lags of both are compared above. Kafka may have begun so early that it knows of none.
  const places = before.starts.map((group) =>
    group.map(([partition, start]) => [partition, start])
  );
  assertEquals(places, [[[0, -1], [1, -1]], [[0, 1]]]);
  const answer = await beat(client, epoch);
  assertEquals(answer.assignment, null, "nothing has changed for it");
  assertEquals((await beat(client, -1)).memberEpoch, -1);
}

await carriedBothWays({
  what: "share groups",
  toOttla: "a share group that Kafka has begun goes on here",
  toKafka: "a share group that was begun here goes on in Kafka",
  settings,
  async begin(client, beganOn) {
    const { epoch } = await begin(client);
    const before = await told(client);
    if (beganOn === "ottla") {
      assertEquals(before.starts, [[[0, -1, -1], [1, -1, -1]], [[0, 1, 2]]]);
    }
    return { epoch, before };
  },
  goOn,
});
