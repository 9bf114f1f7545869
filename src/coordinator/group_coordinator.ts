// The group coordinator: groups and the offsets that they have committed, in __consumer_offsets.

import type { Coordinator } from "./coordinator.ts";
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

/** Where groups keep what they have committed. */
export const offsetsTopic = "__consumer_offsets";

export const groupCoordinator: Coordinator<GroupTable, GroupCoordinatorRecord, GroupResponse> = {
  name: "groups",
  topic: offsetsTopic,
  created: {
    partitionCount: "offsets.topic.num.partitions",
    replicationFactor: "offsets.topic.replication.factor",
    configs: {
      "cleanup.policy": "compact",
      "compression.type": "producer",
      "max.message.bytes": "2147483647",
      "segment.bytes": { setting: "offsets.topic.segment.bytes" },
    },
  },
  keyType: 0,
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
