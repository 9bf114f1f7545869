// Questions about groups: the offsets that they commit, their state, and their end.

import {
  DeleteGroups,
  DescribeGroups,
  LeaveGroup,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  type RequestInput,
  type ResponseOf,
} from "../../../src/protocol/mod.ts";
import { type Scenario, sortedBy, type Talk } from "../differential.ts";
import { groupOfOne, join, subscription, sync } from "./joining.ts";

const unknownId = "AbCdEfGhIjKlMnOpQrStUw";
const nobody = "nobody";

type CommitInput = RequestInput<typeof OffsetCommit>;
type CommitPartition = CommitInput["topics"][number]["partitions"][number];

interface Committing extends Partial<Omit<CommitInput, "topics">> {
  topicId: string;
  name?: string;
  partition?: Partial<CommitPartition>;
  told?: boolean;
}

async function commit(talk: Talk, o: Committing) {
  const { topicId, name = talk.topic, partition, told = true, ...rest } = o;
  const partitions = [
    { partitionIndex: 0, committedOffset: 5, committedMetadata: "note", ...partition },
  ];
  const topics = [{ name, topicId, partitions }];
  const asked = { groupId: talk.group, topics, ...rest };
  return await (told ? talk.ask.bind(talk) : talk.need.bind(talk))(OffsetCommit, asked);
}

async function fetchOffsets(talk: Talk, o: {
  topicId: string;
  groupId?: string;
  all?: boolean;
  name?: string;
  partitions?: number[];
  memberId?: string;
  memberEpoch?: number;
  requireStable?: boolean;
}) {
  const { topicId, groupId = talk.group, all, name = talk.topic, requireStable } = o;
  const { partitions: partitionIndexes = [0, 1, 7], memberId, memberEpoch } = o;
  const topics = all ? null : [{ name, topicId, partitionIndexes }];
  const stable = requireStable === undefined ? {} : { requireStable };
  const member = memberId === undefined ? {} : { memberId, memberEpoch };
  if (talk.version >= 8) {
    await talk.ask(OffsetFetch, { groups: [{ groupId, topics, ...member }], ...stable });
  } else {
    const named = topics?.map(({ name }) => ({ name, partitionIndexes })) ?? null;
    await talk.ask(OffsetFetch, { groupId, topics: named, ...stable });
  }
}

const offsetScenarios: Scenario[] = [
  {
    about: OffsetCommit,
    name: "without membership",
    async run(talk) {
      const topicId = await talk.createTopic({ partitions: 2 });
      await commit(talk, { topicId });
      await commit(talk, { topicId, partition: { committedMetadata: null } });
      await commit(talk, { topicId, partition: { committedOffset: -1 } });
      await commit(talk, { topicId, partition: { committedOffset: -5 } });
      await commit(talk, { topicId, partition: { committedMetadata: "x".repeat(4096) } });
      await commit(talk, { topicId, partition: { committedMetadata: "x".repeat(4097) } });
      await commit(talk, { topicId, partition: { partitionIndex: 2 } });
      await commit(talk, { topicId: unknownId, name: `${talk.topic}-missing` });
      await commit(talk, { topicId: unknownId, name: "" });
      await commit(talk, { topicId, groupId: "" });
      await commit(talk, { topicId, generationIdOrMemberEpoch: 5, groupId: `${talk.group}-2` });
      await commit(talk, { topicId, memberId: nobody, groupId: `${talk.group}-3` });
      await commit(talk, { topicId, generationIdOrMemberEpoch: 5 });
      await talk.ask(OffsetCommit, { groupId: talk.group, topics: [] });
    },
  },
  {
    about: OffsetCommit,
    name: "as a member",
    versions: { min: 1 },
    async run(talk) {
      const topicId = await talk.createTopic();
      const { memberId } = await join(talk, { told: false });
      const mine = { topicId, memberId, generationIdOrMemberEpoch: 1 };
      await commit(talk, mine);
      await sync(talk, { memberId, told: false });
      await commit(talk, mine);
      await commit(talk, { ...mine, generationIdOrMemberEpoch: 0 });
      await commit(talk, { ...mine, generationIdOrMemberEpoch: -1 });
      await commit(talk, { ...mine, memberId: nobody });
      await commit(talk, { ...mine, memberId: "" });
      await commit(talk, { topicId });
      if (talk.version >= 7) await commit(talk, { ...mine, groupInstanceId: "one" });
    },
  },
  {
    about: OffsetFetch,
    name: "committed, not committed, and unknown",
    versions: { min: 1 },
    async run(talk) {
      const topicId = await talk.createTopic({ partitions: 2 });
      await fetchOffsets(talk, { topicId });
      await talk.need(OffsetCommit, {
        groupId: talk.group,
        topics: [{
          name: talk.topic,
          topicId,
          partitions: [{
            partitionIndex: 0,
            committedOffset: 5,
            committedLeaderEpoch: 3,
            committedMetadata: "note",
          }],
        }],
      });
      await fetchOffsets(talk, { topicId });
      await fetchOffsets(talk, { topicId: unknownId, name: `${talk.topic}-missing` });
      await fetchOffsets(talk, { topicId, groupId: `${talk.group}-none` });
      await fetchOffsets(talk, { topicId, groupId: "" });
      await fetchOffsets(talk, { topicId, partitions: [] });
      if (talk.version >= 2) {
        await fetchOffsets(talk, { topicId, all: true });
        await fetchOffsets(talk, { topicId, all: true, groupId: `${talk.group}-none` });
      }
      if (talk.version >= 7) await fetchOffsets(talk, { topicId, requireStable: true });
      if (talk.version >= 9) {
        await fetchOffsets(talk, { topicId, memberId: nobody, memberEpoch: 4 });
        await fetchOffsets(talk, { topicId, memberId: "", memberEpoch: 4 });
        const none = { groupId: `${talk.group}-none`, memberId: nobody, memberEpoch: 4 };
        await fetchOffsets(talk, { topicId, ...none });
      }
    },
  },
  {
    about: OffsetFetch,
    name: "several groups, one twice",
    versions: { min: 8 },
    async run(talk) {
      const groups = ["a", "b", "a"].map((each) => ({
        groupId: `${talk.group}-${each}`,
        topics: null,
      }));
      const look = (answer: ResponseOf<typeof OffsetFetch>) =>
        sortedBy(answer.groups, ({ groupId }) => groupId);
      await talk.ask(OffsetFetch, { groups }, { look });
      await talk.ask(OffsetFetch, { groups: [] }, { look });
    },
  },
  {
    about: OffsetDelete,
    name: "of groups and topics that are there, and are not",
    async run(talk) {
      const topicId = await talk.createTopic({ partitions: 2 });
      const remove = async (groupId = talk.group, name = talk.topic, indexes = [0, 1, 7]) => {
        const partitions = indexes.map((partitionIndex) => ({ partitionIndex }));
        const look = ({ topics, ...answer }: ResponseOf<typeof OffsetDelete>) => ({
          ...answer,
          topics: topics.map((topic) => ({
            ...topic,
            partitions: sortedBy(topic.partitions, ({ partitionIndex }) => partitionIndex),
          })),
        });
        await talk.ask(OffsetDelete, { groupId, topics: [{ name, partitions }] }, { look });
      };
      await remove();
      await remove("");
      await commit(talk, { topicId, told: false });
      await remove(talk.group, `${talk.topic}-missing`);
      await remove();
      await remove();
      await groupOfOne(talk, { protocolType: "connect" });
      await remove();
    },
  },
  {
    about: OffsetDelete,
    name: "of a topic that a member consumes",
    async run(talk) {
      const topicId = await talk.createTopic();
      const other = `${talk.topic}-b`;
      const otherId = await talk.createTopic({ name: other });
      await commit(talk, { topicId, told: false });
      await commit(talk, { topicId: otherId, name: other, told: false });
      await groupOfOne(talk, {
        protocols: [{ name: "range", metadata: subscription(talk.topic) }],
      });
      const partitions = [{ partitionIndex: 0 }];
      const topics = [{ name: talk.topic, partitions }, { name: other, partitions }];
      await talk.ask(OffsetDelete, { groupId: talk.group, topics });
    },
  },
];

const adminScenarios: Scenario[] = [
  {
    about: DescribeGroups,
    name: "groups in each state, and none",
    async run(talk) {
      const describe = async (group = talk.group) => {
        await talk.ask(DescribeGroups, { groups: [group] });
      };
      await describe();
      await describe("");
      const { memberId } = await join(talk, { told: false });
      await describe();
      await sync(talk, { memberId, told: false });
      await describe();
      const members = [{ memberId, groupInstanceId: null }];
      await talk.need(LeaveGroup, { groupId: talk.group, members });
      await describe();
      const topicId = await talk.createTopic();
      await talk.need(OffsetCommit, {
        groupId: `${talk.group}-simple`,
        topics: [{
          name: talk.topic,
          topicId,
          partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }],
        }],
      });
      await describe(`${talk.group}-simple`);
    },
  },
  {
    about: DescribeGroups,
    name: "authorized operations",
    versions: { min: 3 },
    async run(talk) {
      await groupOfOne(talk);
      const groups = [talk.group, `${talk.group}-none`];
      const look = (answer: ResponseOf<typeof DescribeGroups>) =>
        sortedBy(answer.groups, ({ groupId }) => groupId);
      await talk.ask(DescribeGroups, { groups, includeAuthorizedOperations: true }, { look });
      await talk.ask(DescribeGroups, { groups: [] });
    },
  },
  {
    about: ListGroups,
    name: "groups by state and type",
    async run(talk) {
      const look = (answer: ResponseOf<typeof ListGroups>) => ({
        ...answer,
        groups: answer.groups.filter(({ groupId }) => groupId.startsWith(talk.group)),
      });
      const list = async (asked: RequestInput<typeof ListGroups>) => {
        await talk.ask(ListGroups, asked, { look });
      };
      await groupOfOne(talk);
      await list({});
      if (talk.version >= 4) {
        for (const state of ["Stable", "stable", "Empty", "Dead", "Nonsense", ""]) {
          await list({ statesFilter: [state] });
        }
      }
      if (talk.version >= 5) {
        for (const type of ["classic", "Classic", "consumer", "nonsense"]) {
          await list({ typesFilter: [type] });
        }
      }
    },
  },
  {
    about: DeleteGroups,
    name: "groups that are empty, are not, and are not there",
    async run(talk) {
      const remove = async (...groupsNames: string[]) => {
        const look = (answer: ResponseOf<typeof DeleteGroups>) =>
          sortedBy(answer.results, ({ groupId }) => groupId);
        await talk.ask(DeleteGroups, { groupsNames }, { look });
      };
      await remove(talk.group, `${talk.group}-missing`);
      const memberId = await groupOfOne(talk);
      await remove(talk.group);
      const members = [{ memberId, groupInstanceId: null }];
      await talk.need(LeaveGroup, { groupId: talk.group, members });
      await remove(talk.group, talk.group);
      await remove(talk.group);
      await remove();
    },
  },
];

export const groupScenarios: readonly Scenario[] = [...offsetScenarios, ...adminScenarios];
