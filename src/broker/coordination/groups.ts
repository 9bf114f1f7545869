// The groups of this broker, as handlers and metrics know them: the group coordinator
// (src/coordinator/groups/group_table.ts) on the shards of __consumer_offsets.

import type {
  GroupConfig,
  GroupCoordinatorRecord,
  GroupResponse,
  GroupTable,
} from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";

/** The shards of the group coordinator. */
export type Groups = Shards<GroupTable, GroupCoordinatorRecord, GroupResponse>;
/** Groups of one partition of the offsets topic. */
export type GroupShard = Shard<GroupTable, GroupCoordinatorRecord, GroupResponse>;

/** What the kinds of groups obey whose members the coordinator assigns. */
export type GroupProtocols = Pick<GroupConfig, "consumer" | "share" | "streams">;

/**
 * Why no coordinator is asked: `errorCode`, unless groups of this type are turned off. Nobody is to
 * look for their coordinator.
 */
export function unaskedError(
  protocols: GroupProtocols,
  { type, errorCode }: {
    readonly type: keyof GroupProtocols;
    readonly errorCode: ErrorCode;
  },
): ErrorCode {
  return protocols[type]().isEnabled ? errorCode : ErrorCode.UNSUPPORTED_VERSION;
}

/** Groups of one type in one state. */
export interface GroupCount {
  readonly type: string;
  readonly state: string;
  groups: number;
  members: number;
}

/** How many groups there are, and members in them; those of shards that are loaded. */
export function countGroups(groups: Groups): GroupCount[] {
  const counts = new Map<string, GroupCount>();
  for (const { machine } of groups.loaded()) {
    for (const { type, state, memberCount } of machine.counted()) {
      const name = `${type} ${state}`;
      const count = counts.get(name) ?? { type, state, groups: 0, members: 0 };
      count.groups++;
      count.members += memberCount;
      counts.set(name, count);
    }
  }
  return [...counts.values()];
}

/** About as many bytes as members of groups hold; those of shards that are loaded. */
export function memberBytesOf(groups: Groups): number {
  let bytes = 0;
  for (const { machine } of groups.loaded()) bytes += machine.memberBytes();
  return bytes;
}
