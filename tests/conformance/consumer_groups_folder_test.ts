// Folders with groups of the consumer protocol, both ways: what Kafka has written Ottla goes on
// with, and what Ottla has written Kafka does: the same members, one of them static and one that
// subscribes by an expression, the same partitions and offsets.

import { assertEquals } from "@std/assert";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { ConsumerGroupDescribe } from "../../src/protocol/apis/69_consumer_group_describe.ts";
import { ErrorCode, FindCoordinator, OffsetCommit, OffsetFetch } from "../../src/protocol/mod.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";
import { carriedBothWays, lasting } from "./carried_folder.ts";

const groupId = "readers";
// Nobody is fenced while one broker takes the place of the other.
const settings = { "group.consumer.session.timeout.ms": "60000" };

interface Member {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly topics: string[] | null;
  readonly regex: string | null;
  epoch: number;
  owned: { topicId: string; partitions: number[] }[];
}

/** A heartbeat with which it says everything, and does as it was told before. */
async function beat(client: RawClient, member: Member): Promise<void> {
  const answer = await lasting(() =>
    client.ask(ConsumerGroupHeartbeat, 1, {
      groupId,
      memberId: member.memberId,
      memberEpoch: member.epoch,
      instanceId: member.instanceId,
      rackId: null,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: member.topics,
      subscribedTopicRegex: member.regex,
      serverAssignor: null,
      topicPartitions: member.owned,
    })
  );
  assertEquals(answer.errorCode, ErrorCode.NONE, answer.errorMessage ?? "");
  member.epoch = answer.memberEpoch;
  if (answer.assignment === null) return;
  member.owned = answer.assignment.topicPartitions.map(({ topicId, partitions }) => ({
    topicId,
    partitions: [...partitions],
  }));
}

/** What is told of the group, once its members have gone on until nothing is left to be done. */
async function settled(client: RawClient, members: readonly Member[], topic: string) {
  await lasting(async () => {
    const request = { keyType: 0, coordinatorKeys: [groupId] };
    return (await client.ask(FindCoordinator, 4, request)).coordinators[0];
  });
  for (;;) {
    for (const member of members) await beat(client, member);
    const asked = { groupIds: [groupId], includeAuthorizedOperations: false };
    const group = (await client.ask(ConsumerGroupDescribe, 1, asked)).groups[0];
    const isShared = group.members.every(({ assignment: { topicPartitions: [first] } }) =>
      first?.partitions.length === 1
    );
    if (group.groupState !== "Stable" || !isShared) continue;
    const { groups } = await client.ask(OffsetFetch, 9, {
      groups: [{
        groupId,
        memberId: members[0].memberId,
        memberEpoch: members[0].epoch,
        topics: [{ name: topic, partitionIndexes: [0] }],
      }],
    });
    const [{ committedOffset, metadata }] = groups[0].topics[0].partitions;
    return { group, offset: Number(committedOffset), metadata };
  }
}

/** Two members with a partition each, and an offset. */
async function begin(client: RawClient) {
  const { name: topic } = await makeTopic(client, { partitions: 2 });
  const member = { instanceId: null, topics: null, regex: null, epoch: 0, owned: [] };
  const members: Member[] = [
    { ...member, memberId: "named", instanceId: "seat-1", topics: [topic] },
    { ...member, memberId: "by-expression", regex: `${topic.slice(0, -1)}.` },
  ];
  await settled(client, members, topic);
  const { topics } = await client.ask(OffsetCommit, 9, {
    groupId,
    memberId: "named",
    generationIdOrMemberEpoch: members[0].epoch,
    groupInstanceId: "seat-1",
    topics: [{
      name: topic,
      partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata: "so far" }],
    }],
  });
  assertEquals(topics[0].partitions[0].errorCode, ErrorCode.NONE);
  const before = await settled(client, members, topic);
  assertEquals([before.offset, before.metadata], [7, "so far"]);
  return { topic, members, before };
}

/** The other broker goes on with what it finds, its members as if nothing had been. */
async function goOn(
  client: RawClient,
  { topic, members, before }: Awaited<ReturnType<typeof begin>>,
): Promise<void> {
  const owned = members.map((each) => each.owned);
  const after = await settled(client, members, topic);
  assertEquals(members.map((each) => each.owned), owned);
  // Of the topics each broker has a hash of its own: that another is there is a change, once.
  const known = ({ group, ...offset }: typeof before) => ({
    ...offset,
    ...group,
    groupEpoch: 0,
    assignmentEpoch: 0,
    members: group.members.map((each) => ({ ...each, memberEpoch: 0 }))
      .sort((a, b) => a.memberId < b.memberId ? -1 : 1),
  });
  assertEquals(known(after), known(before));
}

await carriedBothWays({
  what: "consumer groups",
  toOttla: "a consumer group that Kafka has begun goes on here",
  toKafka: "a consumer group that was begun here goes on in Kafka",
  settings,
  begin,
  goOn,
});
