// How members of a share group go: they leave, or are fenced because nothing was heard of them.
//
//   leaves with -1, session timeout   its records end; group epoch + 1
//
// A group without members stays: what it has done with records is kept until it is deleted.

import type {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponse,
} from "../../../protocol/apis/76_share_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { groupErrorOf } from "../../append_errors.ts";
import type { At } from "../../machine.ts";
import { leaveEpoch } from "../modern/epochs.ts";
import { forgetTimers, setAlarm } from "../modern/timers.ts";
import { subscriptionHash } from "../modern/topics.ts";
import {
  answering,
  answerNow,
  answerWhenDurable,
  type Plan,
  softly,
  type Turn,
  type View,
} from "../turn.ts";
import { type ShareGroup, subscribedTopicNames } from "./group.ts";
import { refusedHeartbeat } from "./heartbeat_request.ts";
import { epochRecord, memberTombstones, type ShareGroupRecord } from "./stored.ts";

/** A member that could not be taken out is tried again after this long. */
const fenceRetryMs = 1_000;

/** The group of this id, which the records of a decision have made, or left. */
export function shareGroupIn(
  { groups }: Pick<View, "groups">,
  groupId: string,
): ShareGroup | undefined {
  const group = groups.get(groupId);
  return group?.type === "share" ? group : undefined;
}

/** Decides that a member leaves. */
export function decideLeave(
  view: View,
  { groupId, memberId }: ShareGroupHeartbeatRequest,
  at: At<ShareGroupHeartbeatResponse>,
): Plan {
  const refuse = (errorCode: ErrorCode, errorMessage: string): Plan =>
    answering(at.asked, refusedHeartbeat({ errorCode, errorMessage }));
  const known = view.groups.get(groupId);
  if (known?.type !== "share") {
    const why = known === undefined
      ? `Group ${groupId} not found.`
      : `Group ${groupId} is not a share group.`;
    return refuse(ErrorCode.GROUP_ID_NOT_FOUND, why);
  }
  if (!known.members.has(memberId)) {
    const why = `Member ${memberId} is not a member of group ${groupId}.`;
    return refuse(ErrorCode.UNKNOWN_MEMBER_ID, why);
  }
  const response = {
    ...refusedHeartbeat({ errorCode: ErrorCode.NONE, errorMessage: null }),
    memberId,
    memberEpoch: leaveEpoch,
  };
  const failed = (error: ErrorCode): ShareGroupHeartbeatResponse =>
    refusedHeartbeat({ errorCode: groupErrorOf(error), errorMessage: null });
  return {
    records: departure(view, known, memberId),
    settle(turn) {
      afterDeparture(turn, { groupId, memberId, reason: "it left" });
      answerWhenDurable(turn, { to: at.asked, response, failed });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}

/** Decides that a member is out whose session is over, if it still is in the group. */
export function decideFence(view: View, groupId: string, memberId: string): Plan {
  const group = shareGroupIn(view, groupId);
  if (group === undefined || !group.members.has(memberId)) return softly(() => {});
  return {
    records: departure(view, group, memberId),
    settle: (turn) => afterDeparture(turn, { groupId, memberId, reason: "its session timed out" }),
    refuse(turn) {
      const known = shareGroupIn(turn, groupId);
      if (known === undefined) return;
      const member = { groupId, memberId };
      setAlarm(turn, known.timers, { member, kind: "session", afterMs: fenceRetryMs });
    },
  };
}

/** What a member's going takes; the others get what was its alone. */
function departure(view: View, group: ShareGroup, memberId: string): ShareGroupRecord[] {
  const { groupId, members } = group;
  const left = [...members.values()].filter((each) => each.memberId !== memberId);
  const metadataHash = subscriptionHash(view.topics, subscribedTopicNames(left));
  return [
    ...memberTombstones(groupId, memberId),
    epochRecord(groupId, { epoch: group.groupEpoch + 1, metadataHash }),
  ];
}

function afterDeparture(
  turn: Turn,
  { groupId, memberId, reason }: {
    readonly groupId: string;
    readonly memberId: string;
    readonly reason: string;
  },
): void {
  const group = shareGroupIn(turn, groupId);
  if (group !== undefined) forgetTimers(turn, group.timers, memberId);
  turn.notes.push({
    message: "member removed",
    fields: { group: groupId, member: memberId, reason },
  });
}
