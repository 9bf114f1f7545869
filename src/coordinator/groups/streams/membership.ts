// How members go: they leave, or are fenced because nothing was heard of them, or because they did
// not give up their tasks in time. Their records end; group epoch + 1; the others get what was
// theirs.

import type {
  StreamsGroupHeartbeatRequest,
} from "../../../protocol/apis/88_streams_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { groupErrorOf } from "../../append_errors.ts";
import type { At } from "../../machine.ts";
import { type Refusal, refusal } from "../modern/epochs.ts";
import { forgetTimers, type MemberAlarm, setAlarm } from "../modern/timers.ts";
import {
  answering,
  answerNow,
  answerWhenDurable,
  type Plan,
  softly,
  type Turn,
  type View,
} from "../turn.ts";
import type { StreamsGroup, StreamsMember } from "./group.ts";
import {
  plainHeartbeat,
  refusedHeartbeat,
  type StreamsHeartbeatResult,
} from "./heartbeat_result.ts";
import { streamsGroupIn } from "./settling.ts";
import { epochRecord, memberTombstones, type StreamsGroupRecord } from "./stored.ts";

/** A member that could not be taken out is tried again after this long. */
const fenceRetryMs = 1_000;

/** Decides that a member leaves. */
export function decideLeave(
  view: View,
  request: StreamsGroupHeartbeatRequest,
  at: At<StreamsHeartbeatResult>,
): Plan {
  const found = leavingMember(view, request);
  if ("errorCode" in found) return answering(at.asked, refusedHeartbeat(found));
  const { group, member } = found;
  const { memberId, memberEpoch, shutdownApplication } = request;
  const heartbeat = {
    ...plainHeartbeat({ errorCode: ErrorCode.NONE, errorMessage: null }),
    memberId,
    memberEpoch,
  };
  const failed = (error: ErrorCode): StreamsHeartbeatResult =>
    refusedHeartbeat({ errorCode: groupErrorOf(error), errorMessage: null });
  return {
    records: departure(group, member),
    settle(turn) {
      if (shutdownApplication && group.members.size > 0) group.shutdownMemberId ??= memberId;
      afterDeparture(turn, group, { memberId, reason: "it left" });
      const response = { heartbeat, missing: [] };
      answerWhenDurable(turn, { to: at.asked, response, failed });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}

function leavingMember(
  view: View,
  { groupId, memberId }: StreamsGroupHeartbeatRequest,
): { group: StreamsGroup; member: StreamsMember } | Refusal {
  const group = streamsGroupIn(view, groupId);
  if (group === undefined) {
    return refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Streams group ${groupId} not found.`);
  }
  const member = group.members.get(memberId);
  if (member !== undefined) return { group, member };
  const why = `Member ${memberId} is not a member of group ${groupId}.`;
  return refusal(ErrorCode.UNKNOWN_MEMBER_ID, why);
}

function departure(group: StreamsGroup, { memberId }: StreamsMember): StreamsGroupRecord[] {
  return [
    ...memberTombstones(group.groupId, memberId),
    epochRecord(group, { ...group, groupEpoch: group.groupEpoch + 1 }),
  ];
}

function afterDeparture(
  turn: Turn,
  { groupId, timers }: StreamsGroup,
  { memberId, reason }: { readonly memberId: string; readonly reason: string },
): void {
  const fields = { group: groupId, member: memberId, reason };
  turn.notes.push({ message: "member removed", fields });
  forgetTimers(turn, timers, memberId);
}

/** Decides that a member is out, if it still is in the group and `isOver` says so of it. */
export function decideFence(
  view: View,
  groupId: string,
  { memberId, kind, reason, isOver }: {
    readonly memberId: string;
    /** The alarm that has rung. */
    readonly kind: MemberAlarm;
    readonly reason: string;
    readonly isOver: (member: StreamsMember) => boolean;
  },
): Plan {
  const group = streamsGroupIn(view, groupId);
  const member = group?.members.get(memberId);
  if (group === undefined || member === undefined || !isOver(member)) return softly(() => {});
  return {
    records: departure(group, member),
    settle: (turn) => afterDeparture(turn, group, { memberId, reason }),
    refuse(turn) {
      const member = { groupId, memberId };
      setAlarm(turn, group.timers, { member, kind, afterMs: fenceRetryMs });
    },
  };
}
