// The small worlds of streams groups, and what can be wrong in them: each breaks a law of its
// world, and must be caught.

import type { GroupCoordinatorRecord, GroupTable } from "../../src/coordinator/mod.ts";
import { takingRefused, withRecords, type Wrong } from "./group_mutants.ts";
import { mutant, type WalkedKind } from "./kind.ts";
import { StreamsGroupWorld, type StreamsGroupWorldOptions } from "./streams_group_world.ts";

type Options = Omit<StreamsGroupWorldOptions, "fates">;
const fates = ["lost", "refused", "crash"] as const;

const worlds: Readonly<Record<string, Options>> = {
  "two members in a process, and one in another": { members: 3, standbyReplicas: 1 },
  "two members, and a topic that goes": { members: 2, standbyReplicas: 0, loses: true },
};
const usual: Options = { members: 3, standbyReplicas: 1, loses: true };

function changing(
  change: (record: GroupCoordinatorRecord) => GroupCoordinatorRecord,
): Wrong["mutation"] {
  return mutant<GroupTable>((table) => ({
    streamsHeartbeat: (input, at) => withRecords(table.streamsHeartbeat(input, at), change),
  }));
}

export const wrongWithStreamsGroups: Readonly<Record<string, Wrong>> = {
  "the group begins its epochs anew": {
    mutation: changing((record) =>
      record.type === "StreamsGroupMetadata" && record.value !== null
        ? { ...record, value: { ...record.value, epoch: 2 } }
        : record
    ),
    breaks: /the group's epoch went back|is ahead of the group/,
  },
  "what is given up is free at once": {
    mutation: changing((record) =>
      record.type === "StreamsGroupCurrentMemberAssignment" && record.value !== null
        ? {
          ...record,
          value: {
            ...record.value,
            activeTasksPendingRevocation: [],
            standbyTasksPendingRevocation: [],
          },
        }
        : record
    ),
    breaks: /active in two members|has a task twice/,
  },
  "members are all taken for processes of their own": {
    mutation: mutant<GroupTable>((table) => ({
      streamsHeartbeat: (input, at) => {
        const processId = input.request.memberId;
        return table.streamsHeartbeat({ ...input, request: { ...input.request, processId } }, at);
      },
    })),
    breaks: /has a task twice/,
  },
  "what a member is to have is not stored": {
    mutation: changing((record) =>
      record.type === "StreamsGroupTargetAssignmentMember" && record.value !== null
        ? { ...record, value: { activeTasks: [], standbyTasks: [], warmupTasks: [] } }
        : record
    ),
    breaks: /never comes to rest/,
  },
  "a member that the log refused is taken over": {
    mutation: mutant<GroupTable>((table) => ({
      streamsHeartbeat: (input, at) => takingRefused(table, table.streamsHeartbeat(input, at)),
    })),
    breaks: /the log says something else/,
  },
};

/** Members whom the coordinator assigns tasks. */
export const streamsGroupsKind: WalkedKind = {
  name: "streams groups",
  eventsInTests: 5,
  worlds: Object.fromEntries(
    Object.entries(worlds).map(([name, options]) => [name, {
      small: () => new StreamsGroupWorld({ ...options, fates: ["refused"] }),
      wide: () => new StreamsGroupWorld({ ...options, fates }),
    }]),
  ),
  mutants: Object.fromEntries(
    Object.entries(wrongWithStreamsGroups).map(([name, { mutation, breaks }]) => [name, {
      newWorld: () => new StreamsGroupWorld({ ...usual, fates, mutation }),
      breaks,
    }]),
  ),
};
