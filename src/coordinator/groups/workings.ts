// How the group coordinator works: its machine, and its records as bytes.

import type { Workings } from "../coordinator.ts";
import { GroupTable } from "./group_table.ts";
import {
  decode,
  encodeKey,
  encodeValue,
  type GroupCoordinatorRecord,
  groupIdOf,
  groupRecordKinds,
} from "./record_kinds.ts";
import type { GroupResponse } from "./turn.ts";

export const groupWorkings: Workings<GroupTable, GroupCoordinatorRecord, GroupResponse> = {
  kinds: groupRecordKinds,
  newMachine: ({ groups, topics, regexes }) => new GroupTable({ config: groups, topics, regexes }),
  decode,
  encodeKey,
  encodeValue: (record) => encodeValue(record),
  namesIn(record): Readonly<Record<string, string>> {
    if (record.type !== "OffsetCommit") return { group: groupIdOf(record) };
    const { group, topic, partition } = record.key;
    return { group, of: `${topic}-${partition}` };
  },
};
