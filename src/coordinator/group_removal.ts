// How a group ends: by DeleteGroups, or unnoticed when it is empty and no offsets are left of it.
//
// Only an Empty group ends. It leaves a tombstone for each offset, then one for itself if it ever
// had a generation, since only then may the log have a record of it.

import { ErrorCode } from "../protocol/errors.ts";
import type { DeleteGroupsResponse } from "../protocol/mod.ts";
import { dissolveGroup } from "./classic_group.ts";
import type { Group } from "./group.ts";
import { writeOffset } from "./offsets.ts";
import { answerWhenDurable, groupErrorOf, type Token, type Turn } from "./outcome.ts";

/** Deletes the groups that are empty, and answers with a result for each id. */
export function deleteGroups(
  turn: Turn,
  { groupIds, token }: { groupIds: readonly string[]; token: Token },
): void {
  const results = groupIds.map((groupId) => {
    const group = turn.groups.get(groupId);
    const errorCode = deleteError(group);
    if (group !== undefined && errorCode === ErrorCode.NONE) removeGroup(turn, group);
    return { groupId, errorCode, errorMessage: messageOf(groupId, errorCode) };
  });
  answerWhenDurable(turn, {
    token,
    response: { throttleTimeMs: 0, results },
    failed: (appendError): DeleteGroupsResponse => ({
      throttleTimeMs: 0,
      results: results.map((result) =>
        result.errorCode !== ErrorCode.NONE
          ? result
          : { ...result, errorCode: groupErrorOf(appendError) }
      ),
    }),
  });
}

function deleteError(group: Group | undefined): ErrorCode {
  if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
  return group.state === "Empty" ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
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

/** Removes `group` if nothing is left of it. Ids that were handed out keep it for their while. */
export function removeGroupIfUnused(turn: Turn, group: Group): void {
  if (group.state !== "Empty" || group.pendingMembers.size > 0) return;
  if (turn.offsets.ofGroup(group.groupId).size === 0) removeGroup(turn, group);
}

function removeGroup(turn: Turn, group: Group): void {
  const { groupId } = group;
  for (const [topic, partitions] of [...turn.offsets.ofGroup(groupId)]) {
    for (const partition of [...partitions.keys()]) {
      writeOffset(turn, { key: { group: groupId, topic, partition }, value: null });
    }
  }
  dissolveGroup(turn, group, ErrorCode.UNKNOWN_MEMBER_ID);
  turn.groups.delete(groupId);
  turn.notes.push({ message: "group removed", fields: { group: groupId } });
  if (group.generationId > 0) {
    turn.records.push({ type: "GroupMetadata", key: { group: groupId }, value: null });
  }
  turn.undo.push((undoing) => {
    group.state = "Empty";
    undoing.groups.set(groupId, group);
  });
}
