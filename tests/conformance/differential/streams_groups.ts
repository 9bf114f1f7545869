// Questions about streams groups: topologies, members and their tasks (KIP-1071).

import {
  DeleteGroups,
  DescribeGroups,
  ListGroups,
  OffsetCommit,
  OffsetFetch,
  type RequestInput,
  type ResponseOf,
} from "../../../src/protocol/mod.ts";
import { ConsumerGroupHeartbeat } from "../../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { StreamsGroupHeartbeat } from "../../../src/protocol/apis/88_streams_group_heartbeat.ts";
import { StreamsGroupDescribe } from "../../../src/protocol/apis/89_streams_group_describe.ts";
import { type Scenario, sortedBy, type Talk } from "../differential.ts";
import { join } from "./joining.ts";

type HeartbeatInput = RequestInput<typeof StreamsGroupHeartbeat>;
type HeartbeatAnswer = ResponseOf<typeof StreamsGroupHeartbeat>;
type DescribeAnswer = ResponseOf<typeof StreamsGroupDescribe>;
type Topology = NonNullable<HeartbeatInput["topology"]>;
type Subtopology = Topology["subtopologies"][number];
type Tasks = HeartbeatInput["activeTasks"];

const [first, second] = ["member-1", "member-2"];
const owned = { standbyTasks: [], warmupTasks: [] };

function part(subtopologyId: string, change: Partial<Subtopology>): Subtopology {
  return {
    subtopologyId,
    sourceTopics: [],
    sourceTopicRegex: [],
    stateChangelogTopics: [],
    repartitionSinkTopics: [],
    repartitionSourceTopics: [],
    copartitionGroups: [],
    ...change,
  };
}

function internal(name: string, partitions = 0) {
  const topicConfigs = [{ key: "cleanup.policy", value: "compact" }];
  return { name, partitions, replicationFactor: 0, topicConfigs };
}

/** Reads the talk's topic. */
function reading(talk: Talk): Subtopology[] {
  return [part("0", { sourceTopics: [talk.topic] })];
}

const repartition = (talk: Talk) => `${talk.group}-r`;
const changelog = (talk: Talk) => `${talk.group}-c`;

/** Counts, with topics of its own. */
function counting(talk: Talk, partitions = 0): Subtopology[] {
  return [
    part("0", { sourceTopics: [talk.topic], repartitionSinkTopics: [repartition(talk)] }),
    part("1", {
      repartitionSourceTopics: [internal(repartition(talk), partitions)],
      stateChangelogTopics: [internal(changelog(talk))],
    }),
  ];
}

/** A joining member, unless an epoch is told. */
function beatOf(
  talk: Talk,
  o: Partial<HeartbeatInput> & { parts?: Subtopology[] } = {},
): HeartbeatInput {
  const { parts = reading(talk), ...change } = o;
  const joins = change.memberEpoch === undefined;
  return {
    groupId: talk.group,
    memberId: first,
    memberEpoch: 0,
    endpointInformationEpoch: 0,
    shutdownApplication: false,
    ...(joins
      ? {
        rebalanceTimeoutMs: 60_000,
        topology: { epoch: 0, subtopologies: parts },
        activeTasks: [],
        ...owned,
        processId: change.memberId ?? first,
        clientTags: [],
      }
      : {}),
    ...change,
  };
}

const inOrder = (tasks: Tasks) =>
  tasks && sortedBy(tasks, ({ subtopologyId }) => subtopologyId)
    .map((each) => ({ ...each, partitions: [...each.partitions].sort() }));

function look(answer: HeartbeatAnswer) {
  return {
    ...answer,
    // Topics are listed in any order.
    status: answer.status?.map(({ statusCode, statusDetail }) => ({
      statusCode,
      words: statusDetail.split(/[ ,.]+/).sort(),
    })),
    activeTasks: inOrder(answer.activeTasks),
    standbyTasks: inOrder(answer.standbyTasks),
  };
}

async function beat(talk: Talk, o: Parameters<typeof beatOf>[1] = {}) {
  return await talk.ask(StreamsGroupHeartbeat, beatOf(talk, o), { look });
}

/** The talk's topic is there, and the coordinator of groups knows. */
async function createTopic(talk: Talk, o: { partitions: number }) {
  const topicId = await talk.createTopic(o);
  await untilKnown(talk, [talk.topic]);
  return topicId;
}

/** Kafka's coordinator hears of a topic later than others do: another application is asked. */
async function untilKnown(talk: Talk, sourceTopics: string[]) {
  const { group, topic } = talk;
  const groupId = `${group}-of-${topic}-${sourceTopics.length}`;
  const heartbeat = beatOf(talk, { groupId, parts: [part("0", { sourceTopics })] });
  await talk.until(async () => {
    const { errorCode, status } = await talk.need(StreamsGroupHeartbeat, heartbeat);
    return errorCode === 0 && status?.length === 0;
  });
}

async function describe(talk: Talk, groupIds: string[] = [talk.group]) {
  return await talk.ask(
    StreamsGroupDescribe,
    { groupIds, includeAuthorizedOperations: true },
    { look: lookAtGroups },
  );
}

function lookAtGroups(answer: DescribeAnswer) {
  return {
    ...answer,
    groups: sortedBy(answer.groups, ({ groupId }) => groupId).map((group) => ({
      ...group,
      members: sortedBy(group.members, ({ memberId }) => memberId).map((member) => ({
        ...member,
        assignment: inOrder(member.assignment.activeTasks),
        targetAssignment: inOrder(member.targetAssignment.activeTasks),
      })),
    })),
  };
}

export const streamsGroupScenarios: readonly Scenario[] = [
  {
    about: StreamsGroupHeartbeat,
    name: "requests that are not heard",
    async run(talk) {
      await beat(talk, { groupId: "" });
      await beat(talk, { memberId: "" });
      await beat(talk, { rackId: "" });
      await beat(talk, { instanceId: "i" });
      await beat(talk, { rebalanceTimeoutMs: -1 });
      await beat(talk, { topology: null });
      await beat(talk, { activeTasks: null });
      await beat(talk, { activeTasks: [{ subtopologyId: "0", partitions: [0] }] });
      await beat(talk, { warmupTasks: [{ subtopologyId: "0", partitions: [0] }] });
      await beat(talk, { memberEpoch: -3 });
      await beat(talk, { memberEpoch: -2 });
      await beat(talk, { memberEpoch: -1 });
      await beat(talk, { memberEpoch: 3 });
      await beat(talk, { memberEpoch: 3, activeTasks: [] });
      await beat(talk, { memberEpoch: 3, topology: { epoch: 0, subtopologies: [] } });
      await beat(talk, { parts: [part("0", { sourceTopicRegex: ["a.*"] })] });
      await beat(talk, { parts: [part("0", { sourceTopics: ["no/topic"] })] });
      await beat(talk, { parts: [part("0", { sourceTopics: ["__consumer_offsets"] })] });
      await beat(talk, {
        parts: [part("0", {
          sourceTopics: [talk.topic],
          stateChangelogTopics: [internal(changelog(talk), 3)],
        })],
      });
      await describe(talk);
    },
  },
  {
    about: StreamsGroupHeartbeat,
    name: "a member goes on and leaves",
    async run(talk) {
      await createTopic(talk, { partitions: 2 });
      await beat(talk);
      await beat(talk, { memberEpoch: 2 });
      const activeTasks = [{ subtopologyId: "0", partitions: [0, 1] }];
      await beat(talk, { memberEpoch: 2, activeTasks, ...owned });
      await describe(talk);
      await beat(talk, { memberEpoch: 1 });
      await beat(talk, { memberEpoch: 9 });
      await beat(talk, { memberEpoch: 2, processId: "another" });
      await beat(talk, { memberEpoch: 3, clientTags: [{ key: "zone", value: "a" }] });
      await beat(talk, { memberEpoch: 4, rackId: "r", rebalanceTimeoutMs: 5_000 });
      await beat(talk, { memberId: second, memberEpoch: 4 });
      const [unknown, past] = [
        [{ subtopologyId: "7", partitions: [0] }],
        [{ subtopologyId: "0", partitions: [7] }],
      ];
      await beat(talk, { memberEpoch: 5, activeTasks: unknown, ...owned });
      await beat(talk, { memberEpoch: 5, activeTasks: past, ...owned });
      await describe(talk);
      await talk.ask(ListGroups, { statesFilter: ["stable"], typesFilter: ["streams"] }, {
        version: 5,
        look: ({ groups }: { groups: { groupId: string }[] }) =>
          groups.filter(({ groupId }) => groupId === talk.group),
      });
      await talk.ask(DeleteGroups, { groupsNames: [talk.group] }, { version: 2 });
      await beat(talk, { memberEpoch: -1 });
      await beat(talk, { memberEpoch: -1 });
      await describe(talk);
      await talk.ask(DeleteGroups, { groupsNames: [talk.group] }, { version: 2 });
      await describe(talk);
    },
  },
  {
    about: StreamsGroupHeartbeat,
    name: "a second member gets its share",
    async run(talk) {
      await createTopic(talk, { partitions: 4 });
      await beat(talk);
      const all = [{ subtopologyId: "0", partitions: [0, 1, 2, 3] }];
      await beat(talk, { memberEpoch: 2, activeTasks: all, ...owned });
      await beat(talk, { memberId: second });
      await beat(talk, { memberEpoch: 2 });
      await describe(talk);
      await beat(talk, { memberId: second, memberEpoch: 3 });
      await beat(talk, { memberEpoch: 2, activeTasks: all, ...owned });
      const half = [{ subtopologyId: "0", partitions: [0, 1] }];
      await beat(talk, { memberEpoch: 2, activeTasks: half, ...owned });
      await beat(talk, { memberId: second, memberEpoch: 3 });
      await describe(talk);
      await beat(talk, { memberId: second, memberEpoch: -1 });
      await beat(talk, { memberEpoch: 3 });
      await beat(talk, { memberEpoch: -1 });
    },
  },
  {
    about: StreamsGroupHeartbeat,
    name: "topics that are missing, and topics that are made",
    async run(talk) {
      await beat(talk, { parts: counting(talk) });
      await describe(talk);
      await createTopic(talk, { partitions: 3 });
      await beat(talk, { memberEpoch: 2 });
      await untilKnown(talk, [talk.topic, repartition(talk), changelog(talk)]);
      await beat(talk, { memberEpoch: 3 });
      await describe(talk);
      await beat(talk, { parts: reading(talk) });
      const newer = { epoch: 1, subtopologies: counting(talk) };
      await beat(talk, { topology: newer });
      await beat(talk, { memberEpoch: -1 });
    },
  },
  {
    about: StreamsGroupHeartbeat,
    name: "topologies that cannot be",
    async run(talk) {
      await createTopic(talk, { partitions: 2 });
      const [r, s] = [repartition(talk), `${talk.group}-s`];
      const loop = [
        part("0", { repartitionSourceTopics: [internal(r)], repartitionSinkTopics: [s] }),
        part("1", { repartitionSourceTopics: [internal(s)], repartitionSinkTopics: [r] }),
      ];
      await beat(talk, { parts: loop });
      await beat(talk, { parts: [part("0", { repartitionSourceTopics: [internal(r)] })] });
      await describe(talk);
    },
  },
  {
    about: StreamsGroupHeartbeat,
    name: "topics that are not partitioned alike",
    async run(talk) {
      await createTopic(talk, { partitions: 2 });
      const together = { sourceTopics: [0], sourceTopicRegex: [], repartitionSourceTopics: [0] };
      const parts = [
        part("0", { sourceTopics: [talk.topic], repartitionSinkTopics: [repartition(talk)] }),
        part("1", {
          sourceTopics: [talk.topic],
          repartitionSourceTopics: [internal(repartition(talk), 3)],
          copartitionGroups: [together],
        }),
      ];
      await beat(talk, { parts });
      await describe(talk);
      await beat(talk, { memberEpoch: 2 });
    },
  },
  {
    about: StreamsGroupHeartbeat,
    name: "endpoints, and the end of an application",
    async run(talk) {
      await createTopic(talk, { partitions: 2 });
      await beat(talk, { endpointInformationEpoch: -1 });
      const userEndpoint = { host: "here", port: 1 };
      await beat(talk, { memberEpoch: 2, userEndpoint });
      await beat(talk, { memberEpoch: 3, endpointInformationEpoch: -1 });
      await beat(talk, { memberEpoch: 3, shutdownApplication: true });
      await beat(talk, { memberId: second });
      await beat(talk, { memberEpoch: -1 });
      await beat(talk, { memberId: second, memberEpoch: -1 });
      await beat(talk);
    },
  },
  {
    about: StreamsGroupDescribe,
    name: "streams groups in requests about other groups",
    async run(talk) {
      const topicId = await createTopic(talk, { partitions: 2 });
      const { group: groupId } = talk;
      await beat(talk);
      const commit = { partitionIndex: 0, committedOffset: 5, committedMetadata: "" };
      const topics = [{ name: talk.topic, topicId, partitions: [commit] }];
      for (const version of [2, 8, 9]) {
        await talk.ask(OffsetCommit, { groupId, topics }, { version });
        for (const generationIdOrMemberEpoch of [1, 2, 3]) {
          const member = { memberId: first, generationIdOrMemberEpoch };
          await talk.ask(OffsetCommit, { groupId, topics, ...member }, { version });
        }
      }
      for (const member of [{}, { memberId: first, memberEpoch: 2 }, { memberId: first }]) {
        const groups = [{ groupId, topics: null, ...member }];
        await talk.ask(OffsetFetch, { groups }, { version: 9 });
      }
      for (const version of [5, 6]) {
        await talk.ask(DescribeGroups, { groups: [groupId] }, { version });
      }
      await talk.ask(ConsumerGroupHeartbeat, {
        groupId,
        memberId: "c",
        memberEpoch: 0,
        rebalanceTimeoutMs: 5_000,
        subscribedTopicNames: [talk.topic],
        topicPartitions: [],
      }, { version: 1 });
      await join(talk);
      await beat(talk, { memberEpoch: -1 });
      await join(talk);
      await describe(talk, [groupId, `${groupId}-none`]);
      await beat(talk);
      await talk.ask(OffsetFetch, { groups: [{ groupId, topics: null }] }, { version: 9 });
    },
  },
];
