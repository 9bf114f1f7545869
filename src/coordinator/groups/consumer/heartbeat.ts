// ConsumerGroupHeartbeat: the one request of the consumer protocol (KIP-848).
//
//   member epoch   what it asks                        what happens
//   0              to join, or to join anew            a member, new or as it was
//   > 0            to go on                            what changed is taken over; the next step
//   -1             to leave                            membership.ts
//   -2             to leave for a while (static)       its partitions stay its own for a session
//
// A static member that joins takes the place of the one before it, which must have left with -2:
// UNRELEASED_INSTANCE_ID otherwise. A classic group is converted when its first member that speaks
// this protocol joins (conversion.ts).

import type {
  ConsumerGroupHeartbeatResponse,
} from "../../../protocol/apis/68_consumer_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { groupErrorOf } from "../../append_errors.ts";
import type { Group } from "../group.ts";
import type { At } from "../../machine.ts";
import { assignmentsEqual, nothingOwned, topicPartitionsOf } from "../modern/assignment.ts";
import { expectedIn, heartbeatAfterMs } from "../modern/cadence.ts";
import {
  epochRefusal,
  joinEpoch,
  type Refusal,
  refusal,
  staticLeaveEpoch,
} from "../modern/epochs.ts";
import { MemberState } from "../modern/reconcile.ts";
import type { GroupCoordinatorRecord } from "../record_kinds.ts";
import {
  answering,
  answerNow,
  answerWhenDurable,
  type Plan,
  type Turn,
  type View,
} from "../turn.ts";
import { type Advance, advance, type Said } from "./advance.ts";
import { type Converted, takeOver } from "./conversion.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  newConsumerGroup,
  newConsumerMember,
  staticMember,
} from "./group.ts";
import {
  type HeartbeatInput,
  isFullRequest,
  isLeaving,
  refusedHeartbeat,
  requestRefusal,
} from "./heartbeat_request.ts";
import { decideLeave } from "./membership.ts";
import { regexRefusal } from "./regexes.ts";
import { afterAdvance, consumerGroupIn } from "./settling.ts";

/** Decides a ConsumerGroupHeartbeat. */
export function decideConsumerHeartbeat(
  view: View,
  input: HeartbeatInput,
  at: At<ConsumerGroupHeartbeatResponse>,
): Plan {
  const refused = requestRefusal(view, input);
  if (refused !== undefined) return answering(at.asked, refusedHeartbeat(refused));
  const { request } = input;
  if (isLeaving(request)) return decideLeave(view, request, at);
  const converted = groupToJoin(view, request);
  if ("errorCode" in converted) return answering(at.asked, refusedHeartbeat(converted));
  const said = whatIsSaid(view, converted.group, input);
  if ("errorCode" in said) return answering(at.asked, refusedHeartbeat(said));
  return planOf(view, { input, at, converted, said });
}

/** The group that the request is about: the one there is, or one that its records will make. */
function groupToJoin(
  view: View,
  { groupId, memberEpoch }: HeartbeatInput["request"],
): Converted | Refusal {
  const known: Group | undefined = view.groups.get(groupId);
  if (known?.type === "consumer") return { group: known, records: [], former: undefined };
  const joins = memberEpoch === joinEpoch;
  if (known === undefined) {
    if (joins) return { group: newConsumerGroup(groupId), records: [], former: undefined };
    return refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Consumer group ${groupId} not found.`);
  }
  const converted = joins && known.type === "classic" ? takeOver(view, known) : undefined;
  return converted ??
    refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a consumer group.`);
}

/** Who speaks, and what of it is new; or why it is not heard. */
function whatIsSaid(view: View, group: ConsumerGroup, input: HeartbeatInput): Said | Refusal {
  const { request, uuid, mayDescribe } = input;
  const memberId = request.memberId === "" ? uuid : request.memberId;
  const { groupSizeMax } = view.config.consumer();
  if (group.members.size >= groupSizeMax && !group.members.has(memberId)) {
    const why = `The consumer group has reached its maximum capacity of ${groupSizeMax} members.`;
    return refusal(ErrorCode.GROUP_MAX_SIZE_REACHED, why);
  }
  const speaker = request.instanceId === null
    ? dynamicSpeaker(group, request, memberId)
    : staticSpeaker(group, request, memberId);
  if ("errorCode" in speaker) return speaker;
  const base = speaker.former ?? asSuccessor(speaker.replaced, memberId);
  const member = withRequest(base, input);
  const regex = member.subscribedTopicRegex;
  const badRegex = regex !== "" && regex !== base.subscribedTopicRegex
    ? regexRefusal(view, regex)
    : undefined;
  return badRegex ?? { ...speaker, member, owned: request.topicPartitions, mayDescribe };
}

interface Speaker {
  readonly former: ConsumerMember | undefined;
  readonly replaced: ConsumerMember | undefined;
}

function dynamicSpeaker(
  group: ConsumerGroup,
  { memberEpoch, topicPartitions }: HeartbeatInput["request"],
  memberId: string,
): Speaker | Refusal {
  const former = group.members.get(memberId);
  if (former !== undefined) {
    return epochRefusal(former, memberEpoch, topicPartitions) ?? { former, replaced: undefined };
  }
  if (memberEpoch === joinEpoch) return { former, replaced: undefined };
  const why = `Member ${memberId} is not a member of group ${group.groupId}.`;
  return refusal(ErrorCode.UNKNOWN_MEMBER_ID, why);
}

function staticSpeaker(
  group: ConsumerGroup,
  { memberEpoch, topicPartitions, instanceId }: HeartbeatInput["request"],
  memberId: string,
): Speaker | Refusal {
  const known = staticMember(group, instanceId);
  if (memberEpoch === joinEpoch) {
    if (known === undefined) return { former: group.members.get(memberId), replaced: undefined };
    if (known.classic !== null || known.memberEpoch === staticLeaveEpoch) {
      if (known.memberId !== memberId) return { former: undefined, replaced: known };
      return { former: asSuccessor(known, memberId), replaced: undefined };
    }
    const why = `Static member ${memberId} with instance id ${instanceId} cannot join the group ` +
      `because the instance id is owned by ${known.memberId} member.`;
    return refusal(ErrorCode.UNRELEASED_INSTANCE_ID, why);
  }
  if (known === undefined) {
    return refusal(ErrorCode.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`);
  }
  if (known.memberId !== memberId) {
    const why = `Static member ${memberId} with instance id ${instanceId} was fenced by member ` +
      `${known.memberId}.`;
    return refusal(ErrorCode.FENCED_INSTANCE_ID, why);
  }
  return epochRefusal(known, memberEpoch, topicPartitions) ??
    { former: known, replaced: undefined };
}

/** A member that has what its predecessor had, and begins anew. */
function asSuccessor(predecessor: ConsumerMember | undefined, memberId: string): ConsumerMember {
  if (predecessor === undefined) return newConsumerMember(memberId);
  return {
    ...predecessor,
    memberId,
    memberEpoch: joinEpoch,
    previousMemberEpoch: joinEpoch,
    state: MemberState.STABLE,
    revoking: nothingOwned,
  };
}

/** What a request leaves out did not change. */
function withRequest(
  member: ConsumerMember,
  { request, clientId, clientHost }: HeartbeatInput,
): ConsumerMember {
  const { rebalanceTimeoutMs } = request;
  return {
    ...member,
    clientId,
    clientHost,
    classic: null,
    instanceId: request.instanceId ?? member.instanceId,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? member.serverAssignor,
    subscribedTopicNames: request.subscribedTopicNames ?? member.subscribedTopicNames,
    subscribedTopicRegex: request.subscribedTopicRegex ?? member.subscribedTopicRegex,
  };
}

function planOf(
  view: View,
  { input, at, converted, said }: {
    input: HeartbeatInput;
    at: At<ConsumerGroupHeartbeatResponse>;
    converted: Converted;
    said: Said;
  },
): Plan {
  const { group, former } = converted;
  const advanced = advance(view, group, said);
  const records: GroupCoordinatorRecord[] = [...converted.records, ...advanced.records];
  const failed = (error: ErrorCode): ConsumerGroupHeartbeatResponse =>
    refusedHeartbeat({ errorCode: groupErrorOf(error), errorMessage: null });
  return {
    records,
    settle(turn: Turn) {
      const { groupId } = group;
      const { sessionTimeoutMs } = view.config.consumer().settingsOf(groupId);
      afterAdvance(turn, { groupId, said, advanced, former, sessionTimeoutMs });
      const response = responseOf(turn, { input, groupId, said, advanced });
      answerWhenDurable(turn, { to: at.asked, response, failed });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}

/** All of the assignment where it changed, or the member said all of itself. */
function responseOf(
  turn: Turn,
  { input, groupId, said, advanced: { member } }: {
    input: HeartbeatInput;
    groupId: string;
    said: Said;
    advanced: Advance;
  },
): ConsumerGroupHeartbeatResponse {
  const isTold = isFullRequest(input.request) ||
    !assignmentsEqual(said.member.assigned, member.assigned);
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    heartbeatIntervalMs: intervalOf(turn, groupId, member),
    assignment: isTold ? { topicPartitions: topicPartitionsOf(member.assigned) } : null,
  };
}

/** When a member is to be heard of next. */
function intervalOf(turn: Turn, groupId: string, { state }: ConsumerMember): number {
  const settings = turn.config.consumer().settingsOf(groupId);
  const group = consumerGroupIn(turn, groupId);
  if (group === undefined) return settings.heartbeatIntervalMs;
  const isWaiting = state === MemberState.UNRELEASED_PARTITIONS;
  const expected = expectedIn(group, { nowMs: turn.nowMs, settings, isWaiting });
  return heartbeatAfterMs(settings.heartbeatIntervalMs, expected);
}
