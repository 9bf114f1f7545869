// The groups of this broker: the group coordinator (src/coordinator/group_table.ts) on the shards
// of __consumer_offsets.

import { offsetsTopic } from "../cluster/mod.ts";
import {
  decode,
  encodeKey,
  encodeValue,
  type GroupCoordinatorRecord,
  groupIdOf,
  type GroupResponse,
  GroupTable,
  type GroupTableOptions,
} from "../coordinator/mod.ts";
import type { LogFields } from "../runtime/ports.ts";
import { type Shard, Shards, type ShardsOptions } from "./shards.ts";

/** The shards of the group coordinator. */
export type Groups = Shards<GroupTable, GroupCoordinatorRecord, GroupResponse>;
/** Groups of one partition of the offsets topic. */
export type GroupShard = Shard<GroupTable, GroupCoordinatorRecord, GroupResponse>;

type World = Omit<
  ShardsOptions<GroupTable, GroupCoordinatorRecord>,
  "topic" | "newMachine" | "decode" | "namesIn" | "encodeKey" | "encodeValue"
>;

/**
 * All groups of this broker; what `table` gives is asked at each decision. `onLoaded` is told of
 * each shard that begins to coordinate.
 */
export function groupShards(
  world: World,
  table: GroupTableOptions,
  onLoaded: (shard: GroupShard) => void,
): Groups {
  return new Shards({
    ...world,
    topic: offsetsTopic,
    newMachine: () => new GroupTable(table),
    decode,
    namesIn,
    encodeKey,
    encodeValue,
  }, onLoaded);
}

function namesIn(record: GroupCoordinatorRecord): LogFields {
  if (record.type !== "OffsetCommit") return { group: groupIdOf(record) };
  const { group, topic, partition } = record.key;
  return { group, of: `${topic}-${partition}` };
}

/** How many groups there are, by their state; those of shards that are loaded. */
export function countGroupsByState(groups: Groups): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { machine } of groups.loaded()) {
    for (const { groupState } of machine.list({ statesFilter: [], typesFilter: [] })) {
      counts.set(groupState, (counts.get(groupState) ?? 0) + 1);
    }
  }
  return counts;
}

/** About as many bytes as members of groups hold; those of shards that are loaded. */
export function memberBytesOf(groups: Groups): number {
  let bytes = 0;
  for (const { machine } of groups.loaded()) bytes += machine.memberBytes();
  return bytes;
}
