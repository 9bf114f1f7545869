// Questions about share groups: members, their assignment, and where their groups start (KIP-932).

import {
  DeleteGroups,
  DescribeGroups,
  Heartbeat,
  LeaveGroup,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  Produce,
  type RequestInput,
  type ResponseOf,
  SyncGroup,
} from "../../../src/protocol/mod.ts";
import { ConsumerGroupHeartbeat } from "../../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { ConsumerGroupDescribe } from "../../../src/protocol/apis/69_consumer_group_describe.ts";
import { ShareGroupHeartbeat } from "../../../src/protocol/apis/76_share_group_heartbeat.ts";
import { ShareGroupDescribe } from "../../../src/protocol/apis/77_share_group_describe.ts";
import {
  DescribeShareGroupOffsets,
} from "../../../src/protocol/apis/90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "../../../src/protocol/apis/91_alter_share_group_offsets.ts";
import {
  DeleteShareGroupOffsets,
} from "../../../src/protocol/apis/92_delete_share_group_offsets.ts";
import { batchOf } from "../../harness/raw_requests.ts";
import { pause, type Scenario, sortedBy, type Talk } from "../differential.ts";
import { join } from "./joining.ts";

const [first, second] = ["member-1", "member-2"];
const missing = "no-such-topic";

async function beat(talk: Talk, o: Partial<RequestInput<typeof ShareGroupHeartbeat>> = {}) {
  return await talk.ask(ShareGroupHeartbeat, beatOf(talk, o));
}

function beatOf(talk: Talk, o: Partial<RequestInput<typeof ShareGroupHeartbeat>>) {
  return {
    groupId: talk.group,
    memberId: first,
    memberEpoch: 0,
    rackId: null,
    subscribedTopicNames: o.memberEpoch === undefined ? [talk.topic] : null,
    ...o,
  };
}

async function describe(talk: Talk, groupIds: string[] = [talk.group]) {
  return await talk.ask(ShareGroupDescribe, { groupIds, includeAuthorizedOperations: true });
}

async function offsets(
  talk: Talk,
  topics: { topicName: string; partitions: number[] }[] | null = null,
) {
  const groups = [{ groupId: talk.group, topics }];
  return await talk.ask(DescribeShareGroupOffsets, { groups }, {
    look: (answer: ResponseOf<typeof DescribeShareGroupOffsets>) => ({
      ...answer,
      groups: answer.groups.map((group) => ({
        ...group,
        topics: sortedBy(group.topics, ({ topicName }) => topicName),
      })),
    }),
  });
}

async function alter(
  talk: Talk,
  startOffset: number,
  o: { topic?: string; partition?: number } = {},
) {
  const { topic: topicName = talk.topic, partition: partitionIndex = 0 } = o;
  const topics = [{ topicName, partitions: [{ partitionIndex, startOffset }] }];
  return await talk.ask(AlterShareGroupOffsets, { groupId: talk.group, topics });
}

async function forget(talk: Talk, ...topicNames: string[]) {
  const topics = topicNames.map((topicName) => ({ topicName }));
  return await talk.ask(DeleteShareGroupOffsets, { groupId: talk.group, topics });
}

/**
 * A topic that the coordinators of groups have heard of, too: Kafka tells them last, and begins to
 * keep the states of its partitions with a member's first heartbeat or not at all.
 */
export async function topicOfGroups(
  talk: Talk,
  o: { name?: string; partitions?: number } = {},
): Promise<string> {
  const topicId = await talk.createTopic(o);
  await pause(500);
  return topicId;
}

/** A member joins, and the share coordinator has begun to keep the states of its partitions. */
async function joinUntilKept(talk: Talk, o: { partitions?: number } = {}) {
  const { partitions = 1 } = o;
  const topicId = await topicOfGroups(talk, { partitions });
  await talk.need(ShareGroupHeartbeat, beatOf(talk, {}), { version: 1 });
  await untilKept(talk, partitions);
  return topicId;
}

async function untilKept(talk: Talk, partitions: number) {
  const groups = [{ groupId: talk.group, topics: null }];
  await talk.until(async () => {
    const { groups: [group] } = await talk.need(DescribeShareGroupOffsets, { groups });
    return group.topics.reduce((sum, topic) => sum + topic.partitions.length, 0) >= partitions;
  });
}

/** So often a group is asked about before another one is tried. */
const attemptsEach = 100;

/**
 * Kafka makes the topic of the states with the first share group, and gives up the states of groups
 * that come before it is led.
 */
export async function untilShareGroupsAreKept(talk: Talk): Promise<void> {
  await talk.createTopic();
  const groups: { groupId: string; topics: null }[] = [];
  let attempts = 0;
  await talk.until(async () => {
    if (attempts++ % attemptsEach === 0) {
      const groupId = `${talk.group}-${groups.length}`;
      groups.push({ groupId, topics: null });
      await talk.need(ShareGroupHeartbeat, beatOf(talk, { groupId }), { version: 1 });
    }
    const described = await talk.need(DescribeShareGroupOffsets, { groups });
    return described.groups.some(({ topics }) => topics.length > 0);
  });
}

const leave = (talk: Talk) =>
  talk.need(ShareGroupHeartbeat, beatOf(talk, { memberEpoch: -1 }), { version: 1 });

const memberScenarios: readonly Scenario[] = [
  {
    about: ShareGroupHeartbeat,
    name: "requests that are not heard",
    async run(talk) {
      await beat(talk, { groupId: "" });
      await beat(talk, { memberId: "" });
      await beat(talk, { memberId: "  " });
      await beat(talk, { rackId: "" });
      await beat(talk, { memberEpoch: -2 });
      await beat(talk, { memberEpoch: -1 });
      await beat(talk, { memberEpoch: 3 });
      await beat(talk, { memberEpoch: 0, subscribedTopicNames: null });
      await beat(talk, { memberEpoch: 0, subscribedTopicNames: [] });
      await beat(talk, { memberId: "x".repeat(37) });
      await beat(talk, { groupId: "x".repeat(300) });
      await beat(talk, { subscribedTopicNames: ["no/topic"] });
    },
  },
  {
    about: ShareGroupHeartbeat,
    name: "a member of topics that are not there",
    async run(talk) {
      await beat(talk, { subscribedTopicNames: [missing, missing] });
      await beat(talk, { memberEpoch: 1 });
      await beat(talk, { memberEpoch: 1, subscribedTopicNames: [] });
      await beat(talk, { memberEpoch: 2, subscribedTopicNames: [missing] });
      await describe(talk);
      await beat(talk, { memberEpoch: 9 });
      await beat(talk, { memberEpoch: 0, subscribedTopicNames: [missing] });
      await beat(talk, { memberId: second, memberEpoch: 1 });
      await beat(talk, { memberId: second, memberEpoch: -1 });
      await beat(talk, { memberEpoch: -1 });
      await beat(talk, { memberEpoch: -1 });
      await beat(talk, { memberEpoch: 3 });
      await describe(talk);
    },
  },
  {
    about: ShareGroupHeartbeat,
    name: "members come and go",
    async run(talk) {
      await topicOfGroups(talk, { partitions: 2 });
      await beat(talk);
      await untilKept(talk, 2);
      await beat(talk, { memberEpoch: 2, subscribedTopicNames: [talk.topic] });
      await beat(talk, { memberEpoch: 2 });
      await beat(talk, { memberEpoch: 1 });
      await describe(talk);
      await beat(talk, { memberEpoch: -1 });
      await describe(talk);
      await talk.ask(ListGroups, { statesFilter: [], typesFilter: ["share"] }, {
        version: 5,
        look: ({ groups }: { groups: { groupId: string }[] }) =>
          groups.filter(({ groupId }) => groupId === talk.group),
      });
    },
  },
  {
    about: ShareGroupDescribe,
    name: "groups that are no share groups",
    async run(talk) {
      await describe(talk, []);
      await describe(talk, [`${talk.group}-none`]);
      await describe(talk, [""]);
      await join(talk);
      await describe(talk);
      await beat(talk);
      await beat(talk, { memberEpoch: 1 });
      await beat(talk, { memberEpoch: -1 });
      await offsets(talk);
      await alter(talk, 1);
      await forget(talk, talk.topic);
    },
  },
  {
    about: ShareGroupDescribe,
    name: "share groups in requests about other groups",
    async run(talk) {
      const topicId = await joinUntilKept(talk);
      const { group: groupId } = talk;
      const commit = { partitionIndex: 0, committedOffset: 5, committedMetadata: "" };
      const topics = [{ name: talk.topic, topicId, partitions: [commit] }];
      for (const version of [2, 8, 9]) {
        await talk.ask(OffsetCommit, { groupId, topics }, { version });
        const member = { memberId: first, generationIdOrMemberEpoch: 1 };
        await talk.ask(OffsetCommit, { groupId, topics, ...member }, { version });
      }
      for (const member of [{}, { memberId: first, memberEpoch: 2 }]) {
        const groups = [{ groupId, topics: null, ...member }];
        await talk.ask(OffsetFetch, { groups }, { version: 9 });
      }
      await talk.ask(OffsetDelete, {
        groupId,
        topics: [{ name: talk.topic, partitions: [{ partitionIndex: 0 }] }],
      });
      for (const version of [5, 6]) {
        await talk.ask(DescribeGroups, { groups: [groupId] }, { version });
      }
      await talk.ask(ConsumerGroupDescribe, {
        groupIds: [groupId],
        includeAuthorizedOperations: false,
      });
      await talk.ask(ConsumerGroupHeartbeat, {
        groupId,
        memberId: second,
        memberEpoch: 0,
        instanceId: null,
        rackId: null,
        rebalanceTimeoutMs: 10_000,
        subscribedTopicNames: [talk.topic],
        subscribedTopicRegex: null,
        serverAssignor: null,
        topicPartitions: [],
      });
      await join(talk);
      await join(talk, { memberId: first });
      await talk.ask(Heartbeat, { groupId, generationId: 1, memberId: first });
      await talk.ask(SyncGroup, { groupId, generationId: 1, memberId: first, assignments: [] }, {
        version: 4,
      });
      await talk.ask(LeaveGroup, { groupId, members: [{ memberId: first }] }, { version: 4 });
      await talk.ask(DeleteGroups, { groupsNames: [groupId] });
      await leave(talk);
      await talk.ask(DeleteGroups, { groupsNames: [groupId] });
      await describe(talk);
      await talk.ask(DeleteGroups, { groupsNames: [groupId] });
    },
  },
];

const offsetScenarios: readonly Scenario[] = [
  {
    about: DescribeShareGroupOffsets,
    name: "of groups and topics that are not there",
    async run(talk) {
      await offsets(talk);
      await offsets(talk, [{ topicName: missing, partitions: [0] }]);
      await talk.ask(DescribeShareGroupOffsets, { groups: [] });
      await joinUntilKept(talk);
      await offsets(talk, []);
      await offsets(talk, [{ topicName: missing, partitions: [0, 1] }]);
      // Kafka does not answer about a partition that is not there.
      await offsets(talk, [{ topicName: talk.topic, partitions: [0] }]);
      await talk.ask(DescribeShareGroupOffsets, { groups: [{ groupId: "", topics: null }] });
    },
  },
  {
    about: DescribeShareGroupOffsets,
    name: "set, told and forgotten",
    async run(talk) {
      await joinUntilKept(talk, { partitions: 2 });
      await talk.need(Produce, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5000,
        topicData: [{
          name: talk.topic,
          partitionData: [{ index: 0, records: batchOf(["a", "b", "c"]) }],
        }],
      }, { version: 9 });
      await offsets(talk);
      await offsets(talk, [{ topicName: talk.topic, partitions: [1] }]);
      await alter(talk, 1);
      await forget(talk, talk.topic);
      await leave(talk);
      await alter(talk, 1);
      await offsets(talk);
      await alter(talk, 0, { partition: 1 });
      await alter(talk, 99);
      await offsets(talk);
      await alter(talk, -1);
      await offsets(talk);
      await alter(talk, -5);
      await alter(talk, 0, { partition: 7 });
      await alter(talk, 0, { topic: missing });
      await forget(talk, missing);
      await forget(talk, talk.topic);
      await offsets(talk);
      await offsets(talk, [{ topicName: talk.topic, partitions: [0] }]);
      await forget(talk, talk.topic);
      await alter(talk, 2);
      await offsets(talk);
    },
  },
  {
    about: AlterShareGroupOffsets,
    name: "of a group that is not there",
    async run(talk) {
      await alter(talk, 1);
      await describe(talk);
      await forget(talk, talk.topic);
      await topicOfGroups(talk);
      await forget(talk, talk.topic);
      await alter(talk, 1);
      await describe(talk);
      await offsets(talk);
      await beat(talk);
      await describe(talk);
      await leave(talk);
      await describe(talk);
      await talk.ask(DeleteGroups, { groupsNames: [talk.group] });
      await offsets(talk);
    },
  },
  {
    about: AlterShareGroupOffsets,
    name: "of topics that the group does not know",
    async run(talk) {
      await joinUntilKept(talk);
      await leave(talk);
      const other = `${talk.topic}-other`;
      await topicOfGroups(talk, { name: other, partitions: 2 });
      await forget(talk, other);
      await forget(talk);
      await alter(talk, 1, { topic: other, partition: 1 });
      await offsets(talk);
      await talk.ask(AlterShareGroupOffsets, { groupId: talk.group, topics: [] });
      await talk.ask(AlterShareGroupOffsets, {
        groupId: talk.group,
        topics: [{ topicName: talk.topic, partitions: [] }],
      });
      await talk.ask(AlterShareGroupOffsets, { groupId: "", topics: [] });
      await talk.ask(DeleteShareGroupOffsets, { groupId: "", topics: [] });
    },
  },
];

export const shareGroupScenarios: readonly Scenario[] = [...memberScenarios, ...offsetScenarios];
