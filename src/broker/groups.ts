// The groups of this broker, as handlers and metrics know them: the group coordinator
// (src/coordinator/group_table.ts) on the shards of __consumer_offsets.

import type { GroupCoordinatorRecord, GroupResponse, GroupTable } from "../coordinator/mod.ts";
import type { Shard, Shards } from "./shards.ts";

/** The shards of the group coordinator. */
export type Groups = Shards<GroupTable, GroupCoordinatorRecord, GroupResponse>;
/** Groups of one partition of the offsets topic. */
export type GroupShard = Shard<GroupTable, GroupCoordinatorRecord, GroupResponse>;

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
