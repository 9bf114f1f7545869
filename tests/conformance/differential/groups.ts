// Questions about groups: members, generations, offsets, and every way to be refused.

import { utf8 } from "../../../src/base/bytes.ts";
import {
  DeleteGroups,
  DescribeGroups,
  FindCoordinator,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  type RequestInput,
  type ResponseOf,
  SyncGroup,
} from "../../../src/protocol/mod.ts";
import { type Scenario, sortedBy, type Talk } from "../differential.ts";

const unknownId = "AbCdEfGhIjKlMnOpQrStUw";
const nobody = "nobody";

type JoinInput = RequestInput<typeof JoinGroup>;

interface Joining extends Partial<JoinInput> {
  line?: string;
  version?: number;
  /** The answer is compared. */
  told?: boolean;
}

function joinInput(talk: Talk, o: Partial<JoinInput>): JoinInput {
  return {
    groupId: talk.group,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: utf8("meta") }],
    ...o,
  };
}

async function join(talk: Talk, { line, version, told = true, ...rest }: Joining = {}) {
  const say = told ? talk.ask.bind(talk) : talk.need.bind(talk);
  const look = (answer: ResponseOf<typeof JoinGroup>) => ({
    ...answer,
    members: sortedBy(answer.members, ({ metadata }) => metadata.join()),
  });
  const at = { line, version, look };
  const answer = await say(JoinGroup, joinInput(talk, rest), at);
  if (answer.errorCode !== 79) return answer;
  return await say(JoinGroup, joinInput(talk, { ...rest, memberId: answer.memberId }), at);
}

type SyncInput = RequestInput<typeof SyncGroup>;

async function sync(talk: Talk, o: Partial<SyncInput> & { line?: string; told?: boolean }) {
  const { line, told = true, ...rest } = o;
  const asked: SyncInput = {
    groupId: talk.group,
    generationId: 1,
    memberId: "",
    assignments: [],
    protocolType: "consumer",
    protocolName: "range",
    ...rest,
  };
  return await (told ? talk.ask.bind(talk) : talk.need.bind(talk))(SyncGroup, asked, { line });
}

/** A group with one member, whose id is returned, in generation 1. */
async function groupOfOne(talk: Talk, o: Joining = {}): Promise<string> {
  const { memberId, generationId } = await join(talk, { told: false, ...o });
  const assignments = [{ memberId, assignment: utf8("mine") }];
  await sync(talk, { memberId, generationId, assignments, told: false });
  return memberId;
}

async function heartbeat(talk: Talk, o: Partial<RequestInput<typeof Heartbeat>>) {
  const asked = { groupId: talk.group, generationId: 1, memberId: "", ...o };
  return await talk.ask(Heartbeat, asked);
}

const memberScenarios: Scenario[] = [
  {
    about: FindCoordinator,
    name: "groups, and kinds that are not there",
    async run(talk) {
      const ask = async (key: string, keyType: number) => {
        const asked = talk.version >= 4 ? { coordinatorKeys: [key] } : { key };
        await talk.ask(FindCoordinator, { ...asked, ...(talk.version >= 1 ? { keyType } : {}) });
      };
      await ask(talk.group, 0);
      await ask("", 0);
      if (talk.version >= 1) await ask(talk.group, 9);
      if (talk.version >= 4) {
        await talk.ask(FindCoordinator, { keyType: 0, coordinatorKeys: ["a", "b", "a"] });
        await talk.ask(FindCoordinator, { keyType: 0, coordinatorKeys: [] });
      }
    },
  },
  {
    about: JoinGroup,
    name: "the first member, twice",
    async run(talk) {
      const { memberId } = await join(talk);
      await sync(talk, { memberId, assignments: [{ memberId, assignment: utf8("all") }] });
      await join(talk, { memberId });
      await join(talk, { memberId, protocols: [{ name: "sticky", metadata: utf8("x") }] });
    },
  },
  {
    about: JoinGroup,
    name: "what cannot be",
    async run(talk) {
      const empty = new Uint8Array(0);
      await join(talk, { groupId: "" });
      await join(talk, { sessionTimeoutMs: 1 });
      await join(talk, { sessionTimeoutMs: 99_999_999 });
      await join(talk, { memberId: nobody });
      await join(talk, { protocolType: "" });
      await join(talk, { protocols: [] });
      await join(talk, { protocols: [{ name: "", metadata: empty }], groupId: `${talk.group}-2` });
      await join(talk, { rebalanceTimeoutMs: -1, groupId: `${talk.group}-3` });
    },
  },
  {
    about: JoinGroup,
    name: "protocols that do not fit the group's",
    async run(talk) {
      await groupOfOne(talk);
      await join(talk, { protocolType: "connect" });
      await join(talk, { protocols: [{ name: "sticky", metadata: utf8("x") }] });
      await join(talk, { memberId: nobody });
    },
  },
  {
    about: JoinGroup,
    name: "two members",
    async run(talk) {
      const mine = { protocols: [{ name: "range", metadata: subscription("first") }] };
      const first = await groupOfOne(talk, mine);
      // Kafka reads what a consumer's protocol should be, and fails on what is none.
      const protocols = [{ name: "range", metadata: subscription("second") }];
      const second = join(talk, { line: "second", told: false, protocols });
      await talk.until(async () => {
        const { groups } = await talk.need(DescribeGroups, { groups: [talk.group] });
        return groups[0].groupState === "PreparingRebalance";
      });
      await heartbeat(talk, { memberId: first });
      const leader = await join(talk, { memberId: first, ...mine });
      const { memberId } = await second;
      const { generationId } = leader;
      const assignments = [
        { memberId: first, assignment: utf8("one") },
        { memberId, assignment: utf8("two") },
      ];
      const follower = sync(talk, { memberId, generationId, line: "second" });
      await sync(talk, { memberId: first, generationId, assignments });
      await follower;
      await heartbeat(talk, { memberId, generationId });
    },
  },
  {
    about: JoinGroup,
    name: "static members: replaced, fenced",
    versions: { min: 5 },
    async run(talk) {
      const o = { groupInstanceId: "one" };
      const first = await join(talk, o);
      const { generationId } = first;
      const assignments = [{ memberId: first.memberId, assignment: utf8("all") }];
      await sync(talk, { memberId: first.memberId, generationId, assignments, ...o });
      const second = await join(talk, o);
      await join(talk, { ...o, memberId: first.memberId });
      await join(talk, { ...o, memberId: nobody });
      await join(talk, { groupInstanceId: "two", memberId: nobody });
      await heartbeat(talk, { ...o, memberId: first.memberId, generationId });
      await heartbeat(talk, { ...o, memberId: second.memberId, generationId });
      await heartbeat(talk, { groupInstanceId: "two", memberId: second.memberId, generationId });
      await sync(talk, { ...o, memberId: first.memberId, generationId });
      await sync(talk, { ...o, memberId: second.memberId, generationId });
      await talk.ask(DescribeGroups, { groups: [talk.group] });
      await join(talk, {
        ...o,
        memberId: second.memberId,
        protocols: [{ name: "range", metadata: utf8("other") }],
      });
    },
  },
  {
    about: JoinGroup,
    name: "the instance id of nobody and of too many letters",
    versions: { min: 5 },
    async run(talk) {
      for (const groupInstanceId of ["", "a b", ".", "x".repeat(250)]) {
        await join(talk, { groupInstanceId });
      }
    },
  },
  {
    about: SyncGroup,
    name: "what cannot be",
    async run(talk) {
      await sync(talk, { memberId: nobody });
      await sync(talk, { groupId: "", memberId: nobody });
      const { memberId } = await join(talk, { told: false });
      await sync(talk, { memberId: nobody });
      await sync(talk, { memberId, generationId: 2 });
      await sync(talk, { memberId, generationId: 0 });
      await sync(talk, { memberId, generationId: -1 });
      await sync(talk, { memberId: "" });
      await sync(talk, { memberId, protocolType: "connect" });
      await sync(talk, { memberId, protocolName: "sticky" });
      await sync(talk, { memberId, protocolType: null, protocolName: null });
      await sync(talk, { memberId });
    },
  },
  {
    about: SyncGroup,
    name: "an assignment without its leader, and again",
    async run(talk) {
      const { memberId } = await join(talk, { told: false });
      await sync(talk, { memberId, assignments: [{ memberId: nobody, assignment: utf8("x") }] });
      await sync(talk, { memberId, assignments: [{ memberId, assignment: utf8("y") }] });
    },
  },
  {
    about: Heartbeat,
    name: "in each state, and what cannot be",
    async run(talk) {
      await heartbeat(talk, { memberId: nobody });
      await heartbeat(talk, { groupId: "" });
      const { memberId } = await join(talk, { told: false });
      await heartbeat(talk, { memberId });
      await heartbeat(talk, { memberId, generationId: 0 });
      await sync(talk, { memberId, told: false });
      await heartbeat(talk, { memberId });
      await heartbeat(talk, { memberId, generationId: 0 });
      await heartbeat(talk, { memberId, generationId: -1 });
      await heartbeat(talk, { memberId: nobody });
      await heartbeat(talk, { memberId: "" });
    },
  },
  {
    about: Heartbeat,
    name: "an instance id that is not known",
    versions: { min: 3 },
    async run(talk) {
      const memberId = await groupOfOne(talk);
      await heartbeat(talk, { memberId, groupInstanceId: "one" });
    },
  },
  {
    about: LeaveGroup,
    name: "one member, and nobody",
    versions: { max: 2 },
    async run(talk) {
      const leave = async (memberId: string, groupId = talk.group) => {
        await talk.ask(LeaveGroup, { groupId, memberId });
      };
      await leave(nobody);
      await leave(nobody, "");
      const memberId = await groupOfOne(talk);
      await leave(nobody);
      await leave("");
      await leave(memberId);
      await leave(memberId);
      await talk.ask(DescribeGroups, { groups: [talk.group] });
    },
  },
  {
    about: LeaveGroup,
    name: "several members",
    versions: { min: 3 },
    async run(talk) {
      type Leaving = RequestInput<typeof LeaveGroup>["members"];
      const leave = async (members: Leaving, groupId = talk.group) => {
        await talk.ask(LeaveGroup, { groupId, members });
      };
      await leave([{ memberId: nobody, groupInstanceId: null }]);
      await leave([{ memberId: nobody, groupInstanceId: "i" }], "");
      await leave([]);
      const o = { groupInstanceId: "one" };
      const { memberId, generationId } = await join(talk, { told: false, version: 5, ...o });
      await sync(talk, { memberId, generationId, ...o, told: false });
      await leave([]);
      await leave([
        { memberId: nobody, groupInstanceId: null },
        { memberId: nobody, groupInstanceId: "one" },
        { memberId: "", groupInstanceId: "two" },
        { memberId, groupInstanceId: "two" },
        { memberId: "", groupInstanceId: null },
      ]);
      await leave([{ memberId: "", groupInstanceId: "one" }]);
      await leave([{ memberId, groupInstanceId: "one" }]);
      await talk.ask(DescribeGroups, { groups: [talk.group] });
    },
  },
];

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

/** ConsumerProtocolSubscription version 0 for one topic. */
function subscription(topic: string): Uint8Array {
  const name = utf8(topic);
  const bytes = new Uint8Array(2 + 4 + 2 + name.length + 4);
  const view = new DataView(bytes.buffer);
  view.setInt32(2, 1);
  view.setInt16(6, name.length);
  bytes.set(name, 8);
  view.setInt32(8 + name.length, -1);
  return bytes;
}

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
      await remove(talk.group, "");
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

export const groupScenarios: readonly Scenario[] = [
  ...memberScenarios,
  ...offsetScenarios,
  ...adminScenarios,
];
