// Questions about consumer groups: members of the newer protocol, their epochs and what they are
// assigned (KIP-848).

import {
  DeleteGroups,
  DescribeGroups,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  type RequestInput,
} from "../../../src/protocol/mod.ts";
import { ConsumerGroupHeartbeat } from "../../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { ConsumerGroupDescribe } from "../../../src/protocol/apis/69_consumer_group_describe.ts";
import type { Scenario, Talk } from "../differential.ts";
import { groupOfOne, join, subscription } from "./joining.ts";

const [first, second] = ["member-1", "member-2"];
const missing = "no-such-topic";

type Beat = RequestInput<typeof ConsumerGroupHeartbeat>;

/** A heartbeat that says all of the member where it joins, and otherwise nothing. */
async function beat(talk: Talk, o: Partial<Beat> = {}) {
  const joins = (o.memberEpoch ?? 0) === 0;
  return await talk.ask(ConsumerGroupHeartbeat, {
    groupId: talk.group,
    memberId: first,
    memberEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: joins ? 60_000 : -1,
    subscribedTopicNames: joins ? [talk.topic] : null,
    ...talk.version >= 1 && { subscribedTopicRegex: null },
    serverAssignor: null,
    topicPartitions: joins ? [] : null,
    ...o,
  });
}

async function describe(talk: Talk, groupIds: string[] = [talk.group]) {
  const asked = { groupIds, includeAuthorizedOperations: true };
  return await talk.ask(ConsumerGroupDescribe, asked);
}

export const consumerGroupScenarios: readonly Scenario[] = [
  {
    about: ConsumerGroupHeartbeat,
    name: "requests that are not heard",
    async run(talk) {
      await beat(talk, { groupId: "" });
      await beat(talk, { memberId: " " });
      if (talk.version >= 1) await beat(talk, { memberId: "" });
      await beat(talk, { instanceId: "" });
      await beat(talk, { rackId: "" });
      await beat(talk, { memberEpoch: -3 });
      await beat(talk, { memberEpoch: -2 });
      await beat(talk, { memberEpoch: -1 });
      await beat(talk, { memberEpoch: 3 });
      await beat(talk, { rebalanceTimeoutMs: -1 });
      await beat(talk, { topicPartitions: null });
      await beat(talk, { subscribedTopicNames: null });
      await beat(talk, { serverAssignor: "sticky" });
      if (talk.version >= 1) await beat(talk, { subscribedTopicRegex: "[" });
    },
  },
  {
    about: ConsumerGroupHeartbeat,
    name: "a member of topics that are not there",
    async run(talk) {
      await beat(talk, { subscribedTopicNames: [missing] });
      await beat(talk, { memberEpoch: 1 });
      await beat(talk, { memberEpoch: 2 });
      await describe(talk);
      await beat(talk, { memberEpoch: 9 });
      await beat(talk, { memberId: second, memberEpoch: 1 });
      await beat(talk, { memberId: second, memberEpoch: -1 });
      await beat(talk, { memberEpoch: -2, instanceId: "i" });
      await beat(talk, { memberEpoch: -1 });
      await beat(talk, { memberEpoch: -1 });
      await describe(talk);
      await talk.ask(DeleteGroups, { groupsNames: [talk.group] });
      await describe(talk);
    },
  },
  {
    about: ConsumerGroupHeartbeat,
    name: "a member and its partitions",
    async run(talk) {
      const topicId = await talk.createTopic({ partitions: 2 });
      const { memberEpoch } = await beat(talk);
      const topicPartitions = [{ topicId, partitions: [0, 1] }];
      await beat(talk, { memberEpoch, topicPartitions });
      await beat(talk, { memberEpoch });
      await beat(talk, {
        memberEpoch,
        topicPartitions,
        subscribedTopicNames: [talk.topic],
        rebalanceTimeoutMs: 60_000,
      });
      await describe(talk);
      await beat(talk, { memberEpoch: memberEpoch - 1 });
      await beat(talk, { memberEpoch: memberEpoch - 1, topicPartitions });
      await talk.ask(ListGroups, { statesFilter: [], typesFilter: ["consumer"] }, {
        version: 5,
        look: ({ groups }: { groups: { groupId: string }[] }) =>
          groups.filter(({ groupId }) => groupId === talk.group),
      });
      for (const version of [5, 6]) {
        await talk.ask(DescribeGroups, { groups: [talk.group] }, { version });
      }
      await talk.ask(DeleteGroups, { groupsNames: [talk.group] });
      await beat(talk, { memberEpoch: -1 });
      await describe(talk);
    },
  },
  {
    about: ConsumerGroupHeartbeat,
    name: "static members",
    async run(talk) {
      await talk.createTopic();
      const instanceId = "instance";
      const { memberEpoch } = await beat(talk, { instanceId });
      await beat(talk, { memberId: second, instanceId });
      await beat(talk, { memberEpoch, instanceId, memberId: second });
      await beat(talk, { memberEpoch: -2, instanceId });
      await describe(talk);
      await beat(talk, { memberId: second, instanceId });
      await beat(talk, { memberEpoch, instanceId });
      await describe(talk);
      await beat(talk, { memberEpoch: -1, instanceId });
      await beat(talk, { memberId: second, memberEpoch: -1, instanceId });
    },
  },
  {
    about: ConsumerGroupDescribe,
    name: "groups of other kinds, and their offsets",
    async run(talk) {
      await describe(talk, []);
      await describe(talk, [`${talk.group}-none`]);
      await describe(talk, [""]);
      const topicId = await talk.createTopic();
      const { memberEpoch } = await beat(talk);
      const { group: groupId } = talk;
      const partition = { partitionIndex: 0, committedOffset: 5, committedMetadata: "" };
      const topics = [{ name: talk.topic, topicId, partitions: [partition] }];
      for (const version of [2, 8, 9]) {
        for (const epoch of [memberEpoch - 1, memberEpoch, memberEpoch + 1, -1]) {
          const member = { memberId: first, generationIdOrMemberEpoch: epoch };
          await talk.ask(OffsetCommit, { groupId, topics, ...member }, { version });
        }
      }
      for (const epoch of [memberEpoch - 1, memberEpoch, memberEpoch + 1, -1]) {
        const groups = [{ groupId, memberId: first, memberEpoch: epoch, topics: null }];
        await talk.ask(OffsetFetch, { groups }, { version: 9 });
      }
      await talk.ask(OffsetDelete, {
        groupId,
        topics: [{ name: talk.topic, partitions: [{ partitionIndex: 0 }] }],
      });
      await beat(talk, { memberEpoch: -1 });
      await talk.ask(OffsetDelete, {
        groupId,
        topics: [{ name: talk.topic, partitions: [{ partitionIndex: 0 }] }],
      });
    },
  },
  {
    about: ConsumerGroupDescribe,
    name: "a group that moves between the protocols",
    async run(talk) {
      await talk.createTopic();
      await groupOfOne(talk, {
        protocols: [{ name: "range", metadata: subscription(talk.topic) }],
      });
      await describe(talk);
      await beat(talk);
      await describe(talk);
      await join(talk, { groupId: `${talk.group}-2` });
      await beat(talk, { memberEpoch: -1 });
      await describe(talk);
      await talk.ask(DescribeGroups, { groups: [talk.group] }, { version: 6 });
    },
  },
  {
    about: ConsumerGroupDescribe,
    name: "a member of the classic protocol where all others have left",
    async run(talk) {
      const topicId = await talk.createTopic();
      const { memberEpoch } = await beat(talk);
      const { group: groupId } = talk;
      const partition = { partitionIndex: 0, committedOffset: 5, committedMetadata: "" };
      const topics = [{ name: talk.topic, topicId, partitions: [partition] }];
      const member = { memberId: first, generationIdOrMemberEpoch: memberEpoch };
      await talk.ask(OffsetCommit, { groupId, topics, ...member }, { version: 9 });
      await beat(talk, { memberEpoch: -1 });
      const protocols = [{ name: "range", metadata: subscription(talk.topic) }];
      // Kafka refuses it, and forgets the group a moment later: a look in between finds either.
      await join(talk, { memberId: "somebody", protocols });
      await groupOfOne(talk, { protocols });
      await describe(talk);
      await talk.ask(DescribeGroups, { groups: [groupId] }, { version: 6 });
      const groups = [{ groupId, topics: null }];
      await talk.ask(OffsetFetch, { groups }, { version: 8 });
    },
  },
];
