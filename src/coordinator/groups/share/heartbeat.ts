// ShareGroupHeartbeat: the one request of a share group's member (KIP-932).
//
//   member epoch   what it asks                        what happens
//   0              to join, or to join anew            a member, new or as it was
//   > 0            to go on                            what changed is taken over; it gets what it
//                                                      is to have
//   -1             to leave                            membership.ts

import type {
  ShareGroupHeartbeatResponse,
} from "../../../protocol/apis/76_share_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { groupErrorOf } from "../../append_errors.ts";
import type { At } from "../../machine.ts";
import { assignmentsEqual, topicPartitionsOf } from "../modern/assignment.ts";
import { expectedIn, heartbeatAfterMs } from "../modern/cadence.ts";
import { joinEpoch, leaveEpoch, type Refusal, refusal } from "../modern/epochs.ts";
import { setAlarm } from "../modern/timers.ts";
import {
  answering,
  answerNow,
  answerWhenDurable,
  type Plan,
  type Turn,
  type View,
} from "../turn.ts";
import { type Advance, advance, type Said } from "./advance.ts";
import { newShareGroup, newShareMember, type ShareGroup, type ShareMember } from "./group.ts";
import { refusedHeartbeat, requestRefusal, type ShareHeartbeatInput } from "./heartbeat_request.ts";
import { decideLeave, shareGroupIn } from "./membership.ts";
import { isAnyInitializing } from "./states.ts";

/** Decides a ShareGroupHeartbeat. */
export function decideShareHeartbeat(
  view: View,
  input: ShareHeartbeatInput,
  at: At<ShareGroupHeartbeatResponse>,
): Plan {
  const refused = requestRefusal(view, input);
  if (refused !== undefined) return answering(at.asked, refusedHeartbeat(refused));
  const { request } = input;
  if (request.memberEpoch === leaveEpoch) return decideLeave(view, request, at);
  const group = groupToJoin(view, request);
  if ("errorCode" in group) return answering(at.asked, refusedHeartbeat(group));
  const said = whatIsSaid(view, group, input);
  if ("errorCode" in said) return answering(at.asked, refusedHeartbeat(said));
  return planOf(view, { input, at, group, said });
}

/** The group that the request is about: the one there is, or one that its records will make. */
function groupToJoin(
  view: View,
  { groupId, memberEpoch }: ShareHeartbeatInput["request"],
): ShareGroup | Refusal {
  const known = view.groups.get(groupId);
  if (known?.type === "share") return known;
  if (known !== undefined) {
    return refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a share group.`);
  }
  return memberEpoch === joinEpoch
    ? newShareGroup(groupId)
    : refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Share group ${groupId} not found.`);
}

/** Who speaks, and what of it is new; or why it is not heard. */
function whatIsSaid(
  view: View,
  group: ShareGroup,
  { request, clientId, clientHost }: ShareHeartbeatInput,
): Said | Refusal {
  const { memberId, memberEpoch } = request;
  const { groupSizeMax } = view.config.share();
  const former = group.members.get(memberId);
  if (former === undefined && group.members.size >= groupSizeMax) {
    const why = `The share group has reached its maximum capacity of ${groupSizeMax} members.`;
    return refusal(ErrorCode.GROUP_MAX_SIZE_REACHED, why);
  }
  const refused = former === undefined
    ? strangerRefusal(group, request)
    : epochRefusal(former, memberEpoch);
  if (refused !== undefined) return refused;
  const base = former ?? newShareMember(memberId);
  const member = {
    ...base,
    clientId,
    clientHost,
    // What a request leaves out did not change.
    rackId: request.rackId ?? base.rackId,
    subscribedTopicNames: request.subscribedTopicNames === null
      ? base.subscribedTopicNames
      : [...new Set(request.subscribedTopicNames)],
  };
  return { former, member };
}

function strangerRefusal(
  { groupId }: ShareGroup,
  { memberId, memberEpoch }: ShareHeartbeatInput["request"],
): Refusal | undefined {
  if (memberEpoch === joinEpoch) return undefined;
  const why = `Member ${memberId} is not a member of group ${groupId}.`;
  return refusal(ErrorCode.UNKNOWN_MEMBER_ID, why);
}

/** A member may be one epoch behind: the response that told the new one may have been lost. */
function epochRefusal(member: ShareMember, epoch: number): Refusal | undefined {
  const isKnown = epoch === joinEpoch || epoch === member.memberEpoch ||
    epoch === member.previousMemberEpoch;
  if (isKnown) return undefined;
  const than = epoch > member.memberEpoch ? "greater" : "smaller";
  return refusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The share group member has a ${than} member epoch (${epoch}) than the one known by the ` +
      `group coordinator (${member.memberEpoch}). The member must abandon all its partitions and ` +
      "rejoin.",
  );
}

function planOf(
  view: View,
  { input, at, group, said }: {
    readonly input: ShareHeartbeatInput;
    readonly at: At<ShareGroupHeartbeatResponse>;
    readonly group: ShareGroup;
    readonly said: Said;
  },
): Plan {
  const { groupId } = group;
  const advanced = advance(view, group, said);
  const failed = (error: ErrorCode): ShareGroupHeartbeatResponse =>
    refusedHeartbeat({ errorCode: groupErrorOf(error), errorMessage: null });
  return {
    records: advanced.records,
    settle(turn) {
      afterAdvance(turn, { groupId, said, advanced });
      const response = responseOf(turn, { input, said, advanced });
      answerWhenDurable(turn, { to: at.asked, response, failed });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}

/** All of the assignment where it changed, or the member said all of itself. */
function responseOf(
  turn: Turn,
  { input: { request }, said, advanced: { member } }: {
    readonly input: ShareHeartbeatInput;
    readonly said: Said;
    readonly advanced: Advance;
  },
): ShareGroupHeartbeatResponse {
  const isTold = request.memberEpoch === joinEpoch || request.subscribedTopicNames !== null ||
    !assignmentsEqual(said.member.assigned, member.assigned);
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    heartbeatIntervalMs: intervalOf(turn, request.groupId, member),
    assignment: isTold ? { topicPartitions: topicPartitionsOf(member.assigned) } : null,
  };
}

/** When a member is to be heard of next. */
function intervalOf(turn: Turn, groupId: string, member: ShareMember): number {
  const settings = turn.config.share().settingsOf(groupId);
  const group = shareGroupIn(turn, groupId);
  if (group === undefined) return settings.heartbeatIntervalMs;
  const isWaiting = isAnyInitializing(group.states, member.subscribedTopicNames);
  const expected = expectedIn(group, { nowMs: turn.nowMs, settings, isWaiting });
  return heartbeatAfterMs(settings.heartbeatIntervalMs, expected);
}

/** The member's session begins anew; the share coordinator is asked for what is to be begun. */
function afterAdvance(
  turn: Turn,
  { groupId, said, advanced: { member, groupEpoch, hasLooked, begun } }: {
    readonly groupId: string;
    readonly said: Said;
    readonly advanced: Advance;
  },
): void {
  const group = shareGroupIn(turn, groupId);
  if (group === undefined) return;
  const { memberId } = member;
  if (hasLooked) {
    const { forgetting, states } = group;
    const topicsVersion = forgetting.size > 0 ? undefined : turn.topics.version;
    group.lookedAt = { topicsVersion, states };
  }
  setAlarm(turn, group.timers, {
    member: { groupId, memberId },
    kind: "session",
    afterMs: turn.config.share().settingsOf(groupId).sessionTimeoutMs,
  });
  if (begun.length > 0) {
    turn.statesWanted.push({ groupId, stateEpoch: groupEpoch, topics: begun });
  }
  if (said.former !== undefined) return;
  turn.notes.push({
    message: "member joins",
    fields: { group: groupId, member: memberId, epoch: groupEpoch },
  });
}
