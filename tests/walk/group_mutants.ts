// What can be wrong with the coordinator of a group: each of these breaks a law of its world, and
// must be caught.
//
// A mutant changes what a table is asked, or what it decides: its records, its answers.

import type {
  GroupCoordinatorRecord,
  GroupDecision,
  GroupTable,
} from "../../src/coordinator/mod.ts";
import { groupId, type Mutation } from "./group_rig.ts";
import { GroupWorld, type GroupWorldOptions } from "./group_world.ts";
import { type Mutant, mutant } from "./kind.ts";

type Effects = ReturnType<GroupDecision["settle"]>;

/** What is wrong, and the words of the law that it must break. */
export interface Wrong {
  readonly mutation: Mutation;
  readonly breaks: RegExp;
}

/** Worlds like `options`, each with something wrong. */
export function mutantsOf(
  options: GroupWorldOptions,
  wrongs: Readonly<Record<string, Wrong>>,
): Readonly<Record<string, Mutant>> {
  return Object.fromEntries(
    Object.entries(wrongs).map(([name, { mutation, breaks }]) => [name, {
      newWorld: () => new GroupWorld({ ...options, mutation }),
      breaks,
    }]),
  );
}

export function withRecords(
  decision: GroupDecision,
  change: (record: GroupCoordinatorRecord) => GroupCoordinatorRecord,
): GroupDecision {
  return { ...decision, records: decision.records.map(change) };
}

export function withEffects(
  decision: GroupDecision,
  change: (effects: Effects) => Effects,
): GroupDecision {
  return { ...decision, settle: () => change(decision.settle()) };
}

/** What the log refused is in the tables all the same. */
export function takingRefused(table: GroupTable, decision: GroupDecision): GroupDecision {
  return {
    ...decision,
    refuse(error) {
      for (const record of decision.records) table.apply(record);
      return decision.refuse(error);
    },
  };
}

/** How far the group has come: its generation, or the epoch of one who commits. */
function epochNow(
  table: GroupTable,
  { groupId, memberId }: { readonly groupId: string; readonly memberId: string },
): number | undefined {
  const group = table.groups.get(groupId);
  if (group?.type === "classic") return group.generationId;
  return group?.members.get(memberId)?.memberEpoch;
}

const wherever: Readonly<Record<string, Wrong>> = {
  "committed offsets are forgotten": {
    mutation: mutant<GroupTable>((table) => ({
      apply(record, producerId) {
        if (record.type !== "OffsetCommit") table.apply(record, producerId);
      },
    })),
    breaks: /a committed offset is not what was committed/,
  },
  "a commit that the log refused is taken over": {
    mutation: mutant<GroupTable>((table) => ({
      commitOffsets: (input, at) => takingRefused(table, table.commitOffsets(input, at)),
    })),
    breaks: /a committed offset is not what was committed/,
  },
  "an answer is given twice": {
    mutation: mutant<GroupTable>((table) => ({
      commitOffsets: (input, at) =>
        withEffects(table.commitOffsets(input, at), (effects) => ({
          ...effects,
          answers: [...effects.answers, ...effects.answers],
        })),
    })),
    breaks: /an answer to nobody, or a second one/,
  },
  "time brings nothing": {
    mutation: mutant<GroupTable>(() => ({ nextDeadlineMs: () => undefined })),
    breaks: /never comes to rest|waits for ever/,
  },
};

export const wrongWithClassicGroups: Readonly<Record<string, Wrong>> = {
  ...wherever,
  "an old generation may commit": {
    mutation: mutant<GroupTable>((table) => ({
      commitOffsets(input, at) {
        const { request } = input;
        const known = epochNow(table, request) ?? request.generationIdOrMemberEpoch;
        const changed = { ...request, generationIdOrMemberEpoch: known };
        return table.commitOffsets({ ...input, request: changed }, at);
      },
    })),
    breaks: /two clients may commit|a committed offset goes back/,
  },
  "who is not a member any more may commit": {
    mutation: mutant<GroupTable>((table) => ({
      commitOffsets(input, at) {
        const { request } = input;
        const group = table.groups.get(request.groupId);
        const [first] = group?.members.keys() ?? [];
        const isKnown = group?.members.has(request.memberId);
        if (isKnown || first === undefined) return table.commitOffsets(input, at);
        const generationIdOrMemberEpoch = epochNow(table, { ...request, memberId: first }) ?? -1;
        const changed = { ...request, memberId: first, generationIdOrMemberEpoch };
        return table.commitOffsets({ ...input, request: changed }, at);
      },
    })),
    breaks: /two clients may commit|a committed offset goes back/,
  },
  "everyone is assigned what one is": {
    mutation: mutant<GroupTable>((table) => ({
      sync(input, at) {
        const { request } = input;
        const [first] = request.assignments;
        const assignments = request.assignments.map((each) => ({
          ...each,
          assignment: first.assignment,
        }));
        return table.sync({ ...input, request: { ...request, assignments } }, at);
      },
    })),
    breaks: /two clients may commit/,
  },
  "a generation is stored as the first": {
    mutation: mutant<GroupTable>((table) => ({
      sync: (input, at) => withRecords(table.sync(input, at), inFirstGeneration),
    })),
    breaks: /an epoch of the group went back|never comes to rest/,
  },
  "only the leader hears of the assignment": {
    mutation: mutant<GroupTable>((table) => ({
      sync: (input, at) =>
        withEffects(table.sync(input, at), (effects) => ({
          ...effects,
          answers: effects.answers.filter(({ to }) => to.id === at.asked.id),
        })),
    })),
    breaks: /waits for ever/,
  },
};

function inFirstGeneration(record: GroupCoordinatorRecord): GroupCoordinatorRecord {
  if (record.type !== "GroupMetadata" || record.value === null) return record;
  return { ...record, value: { ...record.value, generation: 1 } };
}

export const wrongWithConsumerGroups: Readonly<Record<string, Wrong>> = {
  ...wherever,
  "an old epoch may commit": {
    mutation: mutant<GroupTable>((table) => ({
      commitOffsets(input, at) {
        const { request } = input;
        const known = epochNow(table, request) ?? request.generationIdOrMemberEpoch;
        const changed = { ...request, generationIdOrMemberEpoch: known };
        return table.commitOffsets({ ...input, request: changed }, at);
      },
    })),
    breaks: /two clients may commit|a committed offset goes back/,
  },
  "what a member has to give up is free at once": {
    mutation: mutant<GroupTable>((table) => ({
      consumerHeartbeat(input, at) {
        const request = { ...input.request, topicPartitions: [] };
        return table.consumerHeartbeat({ ...input, request }, at);
      },
    })),
    breaks: /two clients may commit|a committed offset goes back/,
  },
  "the group begins its epochs anew": {
    mutation: mutant<GroupTable>((table) => ({
      consumerHeartbeat: (input, at) =>
        withRecords(table.consumerHeartbeat(input, at), atFirstEpoch),
    })),
    breaks: /an epoch of the group went back|is ahead of the group/,
  },
  "a member that the log refused is taken over": {
    mutation: mutant<GroupTable>((table) => ({
      consumerHeartbeat: (input, at) => takingRefused(table, table.consumerHeartbeat(input, at)),
    })),
    breaks: /the log says something else/,
  },
};

function atFirstEpoch(record: GroupCoordinatorRecord): GroupCoordinatorRecord {
  if (record.type !== "ConsumerGroupMetadata" || record.value === null) return record;
  return { ...record, value: { ...record.value, epoch: 1 } };
}

export const wrongWithChanges: Readonly<Record<string, Wrong>> = {
  "a group that changes its protocol forgets who has what": {
    mutation: mutant<GroupTable>((table) => ({
      consumerHeartbeat(input, at) {
        const isClassic = table.groups.get(groupId)?.type === "classic";
        const decision = table.consumerHeartbeat(input, at);
        return isClassic ? withRecords(decision, withoutPartitions) : decision;
      },
    })),
    breaks: /two clients may commit|a committed offset goes back/,
  },
  "classic members are never told to rejoin": {
    mutation: mutant<GroupTable>((table) => ({
      heartbeat: (request, at) => ({ ...table.heartbeat(request, at), errorCode: 0 }),
    })),
    breaks: /never comes to rest/,
  },
};

function withoutPartitions(record: GroupCoordinatorRecord): GroupCoordinatorRecord {
  if (record.type !== "ConsumerGroupCurrentMemberAssignment") return record;
  if (record.value === null) return record;
  return { ...record, value: { ...record.value, assignedPartitions: [] } };
}
