// The small worlds of share groups, and what can be wrong in them: each breaks a law of its world,
// and must be caught.

import type { GroupCoordinatorRecord, GroupTable } from "../../src/coordinator/mod.ts";
import { mutant, type WalkedKind } from "./kind.ts";
import { takingRefused, withEffects, withRecords, type Wrong } from "./group_mutants.ts";
import { ShareGroupWorld, type ShareGroupWorldOptions } from "./share_group_world.ts";

type Options = Omit<ShareGroupWorldOptions, "fates">;
const fates = ["lost", "refused", "crash"] as const;

function worldsOf(worlds: Readonly<Record<string, Options>>): WalkedKind["worlds"] {
  return Object.fromEntries(
    Object.entries(worlds).map(([name, options]) => [name, {
      small: () => new ShareGroupWorld({ ...options, fates: ["refused"] }),
      wide: () => new ShareGroupWorld({ ...options, fates }),
    }]),
  );
}

function changing(
  change: (record: GroupCoordinatorRecord) => GroupCoordinatorRecord,
): Wrong["mutation"] {
  return mutant<GroupTable>((table) => ({
    shareHeartbeat: (input, at) => withRecords(table.shareHeartbeat(input, at), change),
  }));
}

const wrongs: Readonly<Record<string, Wrong>> = {
  "the group begins its epochs anew": {
    mutation: changing((record) =>
      record.type === "ShareGroupMetadata" && record.value !== null
        ? { ...record, value: { ...record.value, epoch: 1 } }
        : record
    ),
    breaks: /the group's epoch went back|is ahead of the group/,
  },
  "what is begun counts as done": {
    mutation: changing((record) => {
      if (record.type !== "ShareGroupStatePartitionMetadata" || record.value === null) {
        return record;
      }
      const { initializingTopics: initializedTopics } = record.value;
      return { ...record, value: { ...record.value, initializingTopics: [], initializedTopics } };
    }),
    breaks: /nobody keeps the state of what is assigned/,
  },
  "what is done is not stored": {
    mutation: mutant<GroupTable>((table) => ({
      statesInitialized: (of, at) => ({ ...table.statesInitialized(of, at), records: [] }),
    })),
    breaks: /never comes to rest/,
  },
  "what is forgotten is told to be kept": {
    mutation: mutant<GroupTable>((table) => ({
      forgetShareTopics: (of, at) => ({ ...table.forgetShareTopics(of, at), records: [] }),
    })),
    breaks: /nobody keeps the state of what is assigned|never comes to rest/,
  },
  "a member that the log refused is taken over": {
    mutation: mutant<GroupTable>((table) => ({
      shareHeartbeat: (input, at) => takingRefused(table, table.shareHeartbeat(input, at)),
    })),
    breaks: /the log says something else/,
  },
  "members are not told what has changed": {
    mutation: mutant<GroupTable>((table) => ({
      shareHeartbeat: (input, at) =>
        withEffects(table.shareHeartbeat(input, at), (effects) => ({
          ...effects,
          answers: effects.answers.map((answer) => ({
            ...answer,
            response: { ...answer.response, assignment: null },
          } as typeof answer)),
        })),
    })),
    breaks: /never comes to rest/,
  },
  "one has all": {
    mutation: changing((record) =>
      record.type === "ShareGroupTargetAssignmentMember" && record.value !== null &&
        record.key.memberId !== "m-1"
        ? { ...record, value: { topicPartitions: [] } }
        : record
    ),
    breaks: /never comes to rest/,
  },
  "an answer is given twice": {
    mutation: mutant<GroupTable>((table) => ({
      shareHeartbeat: (input, at) =>
        withEffects(table.shareHeartbeat(input, at), (effects) => ({
          ...effects,
          answers: [...effects.answers, ...effects.answers],
        })),
    })),
    breaks: /an answer to nobody, or a second one/,
  },
  "time brings nothing": {
    mutation: mutant<GroupTable>(() => ({ nextDeadlineMs: () => undefined })),
    breaks: /never comes to rest/,
  },
};

export const shareGroupsKind: WalkedKind = {
  name: "share groups",
  worlds: worldsOf({
    "three members": { members: 3 },
    "a topic that grows": { members: 2, grows: true },
    "a tool that has the group forget": { members: 2, forgets: true },
  }),
  eventsInTests: 4,
  mutants: Object.fromEntries(
    Object.entries(wrongs).map(([name, { mutation, breaks }]) => [name, {
      newWorld: () => new ShareGroupWorld({ members: 2, forgets: true, fates, mutation }),
      breaks,
    }]),
  ),
};
