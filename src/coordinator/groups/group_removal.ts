// How a group ends: by DeleteGroups, or unnoticed when it is empty and no offsets are left of it.
//
// Only an Empty group ends. It leaves a tombstone for each offset, then what its kind says is its
// own end (GroupKind.end).

import { ErrorCode } from "../../protocol/errors.ts";
import type { DeleteGroupsResponse } from "../../protocol/mod.ts";
import { groupErrorOf } from "../append_errors.ts";
import type { Group } from "./group.ts";
import { kindOf } from "./group_kinds.ts";
import type { At } from "../machine.ts";
import { expiredOffsets } from "./offsets/removal.ts";
import { tombstonesOf } from "./offsets/offset_table.ts";
import type { GroupCoordinatorRecord } from "./record_kinds.ts";
import { answerNow, answerWhenDurable, type Plan, type Turn, type View } from "./turn.ts";

/** Decides a DeleteGroups: those that are empty go, and each id has its own result. */
export function decideDeletion(
  view: View,
  groupIds: readonly string[],
  at: At<DeleteGroupsResponse>,
): Plan {
  const removed: Group[] = [];
  const results = groupIds.map((groupId) => {
    const group = view.groups.get(groupId);
    const errorCode = deleteError(group);
    if (group !== undefined && errorCode === ErrorCode.NONE) removed.push(group);
    return { groupId, errorCode, errorMessage: messageOf(groupId, errorCode) };
  });
  const failed = (appendError: ErrorCode): DeleteGroupsResponse => ({
    throttleTimeMs: 0,
    results: results.map((result) =>
      result.errorCode !== ErrorCode.NONE
        ? result
        : { ...result, errorCode: groupErrorOf(appendError) }
    ),
  });
  return {
    records: removed.flatMap((group) => [
      ...tombstonesOf(view.offsets, group.groupId),
      ...kindOf(group).end(group),
    ]),
    settle(turn) {
      for (const group of removed) removeGroup(turn, group);
      answerWhenDurable(turn, {
        to: at.asked,
        response: { throttleTimeMs: 0, results },
        failed,
      });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}

function deleteError(group: Group | undefined): ErrorCode {
  if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
  return kindOf(group).isEmpty(group) ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
}

function messageOf(groupId: string, errorCode: ErrorCode): string | null {
  switch (errorCode) {
    case ErrorCode.GROUP_ID_NOT_FOUND:
      return `Group ${groupId} not found.`;
    case ErrorCode.NON_EMPTY_GROUP:
      return `Group ${groupId} has members; they must leave before it can be deleted.`;
    default:
      return null;
  }
}

/**
 * Decides what has expired: offsets of the groups `groupIds`, and groups of which nothing is left.
 * Looks at groups until it has seen `max` of them and their offsets, and says where it stopped.
 */
export function decideExpiry(
  view: View,
  o: { readonly groupIds: readonly string[]; readonly from: number; readonly max: number },
): { readonly plan: Plan; readonly end: number } {
  const records: GroupCoordinatorRecord[] = [];
  const expired: { group: Group; offsets: number }[] = [];
  const removed: Group[] = [];
  let end = o.from;
  for (let seen = 0; seen < o.max; end++) {
    const groupId = o.groupIds[end];
    if (groupId === undefined) break;
    const group = view.groups.get(groupId);
    if (group === undefined) continue;
    const { tombstones, looked } = expiredOffsets(view, group);
    seen += 1 + looked;
    records.push(...tombstones);
    if (tombstones.length > 0) expired.push({ group, offsets: tombstones.length });
    if (looked > tombstones.length || !kindOf(group).isUnused(group)) continue;
    if (view.offsets.pending.hasGroup(groupId)) continue;
    records.push(...kindOf(group).end(group));
    removed.push(group);
  }
  const plan: Plan = {
    records,
    settle(turn) {
      for (const { group: { groupId: group }, offsets } of expired) {
        turn.notes.push({ message: "offsets expired", fields: { group, offsets } });
      }
      for (const group of removed) removeGroup(turn, group);
    },
    // They are looked at again when the time comes.
    refuse: () => {},
  };
  return { plan, end };
}

/** The end of each group that had offsets committed and nothing else, and has none any more. */
export function* endOfForgotten({ groups, offsets }: View): Generator<GroupCoordinatorRecord> {
  for (const group of groups.values()) {
    if (group.type !== "classic") continue;
    const isSimple = group.generationId === 0 && group.protocolType === undefined;
    if (isSimple && !offsets.has(group.groupId)) yield* kindOf(group).end(group);
  }
}

/** Of a group that the log knows, `apply` has taken the rest. */
function removeGroup(turn: Turn, group: Group): void {
  kindOf(group).dissolve(turn, group, ErrorCode.UNKNOWN_MEMBER_ID);
  if (turn.groups.get(group.groupId) === group) turn.groups.delete(group.groupId);
  turn.notes.push({ message: "group removed", fields: { group: group.groupId } });
}
