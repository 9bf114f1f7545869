// Members of a consumer group that speak the classic protocol, while the group moves from one to
// the other. The coordinator assigns them, too: nobody leads.
//
//   JoinGroup    a new member, or what changed of one; its member epoch is the generation
//   SyncGroup    what it is assigned, once the JoinGroup before it has brought it there
//   Heartbeat    REBALANCE_IN_PROGRESS while it has to rejoin: the assignment's epoch is past its
//                own or a new assignment is due, it has partitions to give up, or ones to get that
//                are free now
//   LeaveGroup   it goes, or tools remove it, or one of the consumer protocol
//
// Who is told to rejoin and does not, within its rebalance timeout, is fenced; who rejoins and
// sends no SyncGroup, too.

import { DecodeFault } from "../../../base/faults.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import {
  type ConsumerSubscription,
  decodeSubscription,
} from "../../../protocol/consumer_protocol.ts";
import type {
  HeartbeatRequest,
  JoinGroupResponse,
  LeaveGroupResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from "../../../protocol/mod.ts";
import { groupErrorOf } from "../../append_errors.ts";
import {
  freshMemberId,
  type Join,
  type JoinInput,
  joinOf,
  joinRequestError,
} from "../classic/join_request.ts";
import { type LeaveInput, leaveResponse, leavingMembers } from "../classic/leave.ts";
import { joinError, syncError } from "../classic/rebalance.ts";
import { consumerProtocolType } from "../classic/subscription.ts";
import type { Clockwork } from "../clockwork.ts";
import type { ConsumerGroupConfig } from "../group_config.ts";
import type { Asked, At } from "../../machine.ts";
import { nothingOwned, type TopicPartitions } from "../modern/assignment.ts";
import { joinEpoch } from "../modern/epochs.ts";
import { MemberState } from "../modern/reconcile.ts";
import { isTargetDue } from "../modern/target_assignment.ts";
import { clearAlarm, isAlarmSet, setAlarm } from "../modern/timers.ts";
import type { GroupTopics } from "../modern/topics.ts";
import { answering, answerNow, answerWhenDurable, type Plan, softly, type View } from "../turn.ts";
import { advance, type Said } from "./advance.ts";
import { classicAssignment, decideDowngrade, metadataVersion } from "./conversion.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  newConsumerMember,
  staticMember,
  waitsForRelease,
} from "./group.ts";
import { depart } from "./membership.ts";
import { afterAdvance } from "./settling.ts";

/** Decides a JoinGroup into a consumer group. */
export function decideClassicJoin(
  view: View,
  group: ConsumerGroup,
  { input, at }: { readonly input: JoinInput; readonly at: At<JoinGroupResponse> },
): Plan {
  const { apiVersion, request } = input;
  const refuse = (errorCode: ErrorCode, memberId = request.memberId): Plan =>
    answering(at.asked, joinError(errorCode, { apiVersion, memberId }));
  const invalid = joinRequestError(view, input);
  if (invalid !== ErrorCode.NONE) return refuse(invalid);
  const join = joinOf(input, at.asked);
  const isUnknown = join.memberId === "";
  const memberId = isUnknown ? freshMemberId(join) : join.memberId;
  const { groupSizeMax } = view.config.consumer();
  if (group.members.size >= groupSizeMax && !group.members.has(memberId)) {
    return refuse(ErrorCode.GROUP_MAX_SIZE_REACHED, "");
  }
  if (!fitsIn(view, group, join)) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  if (isUnknown && join.groupInstanceId === null && apiVersion >= 4) {
    return refuse(ErrorCode.MEMBER_ID_REQUIRED, memberId);
  }
  const subscription = subscriptionOf(join);
  if (subscription === undefined) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  const said = whatIsSaid(view, group, { join: { ...join, memberId }, subscription, isUnknown });
  return typeof said === "number" ? refuse(said) : planOfJoin(view, group, { join, said });
}

/** Whether a member with these protocols may be in the group. */
function fitsIn(view: View, { members }: ConsumerGroup, { protocolType, protocols }: Join) {
  const { canUpgrade, canDowngrade } = view.config.consumer();
  if (!canUpgrade && !canDowngrade) return false;
  if (protocolType !== consumerProtocolType || protocols.length === 0) return false;
  const others = [...members.values()].flatMap(({ classic }) => classic ?? []);
  return others.length === 0 ||
    protocols.some(({ name }) =>
      others.every(({ supportedProtocols }) =>
        supportedProtocols.some((each) => each.name === name)
      )
    );
}

function subscriptionOf({ protocols: [first] }: Join): ConsumerSubscription | undefined {
  if (first === undefined) return undefined;
  try {
    return decodeSubscription(first.metadata);
  } catch (fault) {
    if (fault instanceof DecodeFault) return undefined;
    throw fault;
  }
}

function whatIsSaid(
  { topics }: View,
  group: ConsumerGroup,
  { join, subscription, isUnknown }: {
    join: Join;
    subscription: ConsumerSubscription;
    isUnknown: boolean;
  },
): Said | ErrorCode {
  const { memberId, groupInstanceId } = join;
  const known = staticMember(group, groupInstanceId);
  let former = group.members.get(memberId);
  let replaced: ConsumerMember | undefined;
  if (groupInstanceId !== null && !isUnknown) {
    if (known === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (known.memberId !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    former = known;
  } else if (known !== undefined) {
    replaced = known;
  }
  const base = former ?? (replaced === undefined ? newConsumerMember(memberId) : {
    ...replaced,
    memberId,
    memberEpoch: joinEpoch,
    previousMemberEpoch: joinEpoch,
    state: MemberState.STABLE,
    revoking: nothingOwned,
  });
  const member: ConsumerMember = {
    ...base,
    instanceId: groupInstanceId ?? base.instanceId,
    rackId: subscription.rackId ?? base.rackId,
    clientId: join.clientId,
    clientHost: join.clientHost,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    subscribedTopicNames: subscription.topics,
    subscribedTopicRegex: "",
    classic: { sessionTimeoutMs: join.sessionTimeoutMs, supportedProtocols: join.protocols },
  };
  return { former, replaced, member, owned: byId(topics, subscription.ownedPartitions) };
}

function byId(
  topics: GroupTopics,
  owned: ConsumerSubscription["ownedPartitions"],
): TopicPartitions[] {
  return owned.flatMap(({ topic, partitions }) => {
    const topicId = topics.byName(topic)?.id;
    return topicId === undefined ? [] : [{ topicId, partitions }];
  });
}

function planOfJoin(
  view: View,
  group: ConsumerGroup,
  { join, said }: { join: Join; said: Said },
): Plan {
  const { asked, apiVersion, protocols, sessionTimeoutMs, rebalanceTimeoutMs } = join;
  const { groupId } = group;
  const { memberId } = said.member;
  const failed = (error: ErrorCode): JoinGroupResponse =>
    joinError(groupErrorOf(error), { apiVersion, memberId });
  const responseWith = (generationId: number): JoinGroupResponse => ({
    ...joinError(ErrorCode.NONE, { apiVersion, memberId }),
    generationId,
    protocolType: consumerProtocolType,
    protocolName: protocols[0]?.name ?? "",
  });
  const refuse: Plan["refuse"] = (turn, error) => answerNow(turn, asked, failed(error));
  // The last that spoke the consumer protocol may be the one whose place this member takes.
  const downgrade = said.replaced === undefined ? undefined : decideDowngrade(view, group, {
    gone: new Set([said.replaced.memberId]),
    successor: said.member,
  });
  if (downgrade !== undefined) {
    return {
      records: downgrade.records,
      refuse,
      settle(turn) {
        downgrade.settle(turn);
        const to = asked;
        answerWhenDurable(turn, { to, response: responseWith(group.groupEpoch), failed });
      },
    };
  }
  const advanced = advance(view, group, said);
  return {
    records: advanced.records,
    refuse,
    settle(turn) {
      afterAdvance(turn, { groupId, said, advanced, former: undefined, sessionTimeoutMs });
      const { timers } = group;
      clearAlarm(turn, timers, { memberId, kind: "join" });
      const member = { groupId, memberId };
      setAlarm(turn, timers, { member, kind: "sync", afterMs: rebalanceTimeoutMs });
      const response = responseWith(advanced.member.memberEpoch);
      answerWhenDurable(turn, { to: asked, response, failed });
    },
  };
}

/** The ids by which a request of the classic protocol names a member. */
interface MemberIds {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** Who is meant, whatever protocol it speaks; or why nobody is. */
function memberOf(
  group: ConsumerGroup,
  { memberId, groupInstanceId }: MemberIds,
): ConsumerMember | ErrorCode {
  const member = groupInstanceId === null
    ? group.members.get(memberId)
    : staticMember(group, groupInstanceId);
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  if (groupInstanceId !== null && memberId !== "" && member.memberId !== memberId) {
    return ErrorCode.FENCED_INSTANCE_ID;
  }
  return member;
}

/** Who speaks the classic protocol, by the ids that it brings; or why it is not heard. */
function speaker(group: ConsumerGroup, ids: MemberIds): ConsumerMember | ErrorCode {
  const member = memberOf(group, ids);
  if (typeof member === "number") return member;
  return member.classic === null ? ErrorCode.UNKNOWN_MEMBER_ID : member;
}

/** Decides a SyncGroup into a consumer group. */
export function decideClassicSync(
  view: View,
  group: ConsumerGroup,
  { request, asked }: {
    readonly request: SyncGroupRequest;
    readonly asked: Asked<SyncGroupResponse>;
  },
): Plan {
  const member = speaker(group, request);
  if (typeof member === "number") return answering(asked, syncError(member));
  const problem = syncProblem(view, group, { member, request });
  if (problem === ErrorCode.REBALANCE_IN_PROGRESS) {
    return softly((turn) => {
      expectJoin(turn, group, member);
      answerNow(turn, asked, syncError(problem));
    });
  }
  if (problem !== ErrorCode.NONE) return answering(asked, syncError(problem));
  const [protocol] = member.classic?.supportedProtocols ?? [];
  const version = metadataVersion(protocol?.metadata);
  const assignment = classicAssignment(view.topics, { assigned: member.assigned, version });
  return softly((turn) => {
    const { memberId, classic } = member;
    clearAlarm(turn, group.timers, { memberId, kind: "sync" });
    touch(turn, group, { memberId, sessionTimeoutMs: classic?.sessionTimeoutMs ?? 0 });
    answerWhenDurable(turn, {
      to: asked,
      response: {
        ...syncError(ErrorCode.NONE),
        protocolType: request.protocolType,
        protocolName: request.protocolName,
        assignment,
      },
      failed: (error) => syncError(groupErrorOf(error)),
    });
  });
}

function syncProblem(
  { nowMs, config }: View,
  group: ConsumerGroup,
  { member, request: { generationId, protocolType, protocolName } }: {
    readonly member: ConsumerMember;
    readonly request: SyncGroupRequest;
  },
): ErrorCode {
  if (generationId !== member.memberEpoch) return ErrorCode.ILLEGAL_GENERATION;
  const told = member.classic?.supportedProtocols[0]?.name;
  const isOther = (protocolType !== null && protocolType !== consumerProtocolType) ||
    (protocolName !== null && protocolName !== told);
  if (isOther) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  const mustRejoin = canCatchUp(group, member, { nowMs, settings: config.consumer() }) &&
    member.state !== MemberState.UNREVOKED_PARTITIONS;
  return mustRejoin ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/**
 * Whether a JoinGroup would bring the member further. It would not while members that come one
 * after the other wait for an assignment for all of them (KIP-1263): the member would come back
 * for nothing until then, and read nothing meanwhile.
 */
function canCatchUp(
  group: ConsumerGroup,
  { memberEpoch }: ConsumerMember,
  { nowMs, settings }: { readonly nowMs: number; readonly settings: ConsumerGroupConfig },
): boolean {
  if (group.assignmentEpoch > memberEpoch) return true;
  const { assignmentIntervalMs } = settings.settingsOf(group.groupId);
  return group.groupEpoch > memberEpoch && isTargetDue(nowMs, group, assignmentIntervalMs);
}

/** Answers a Heartbeat of a classic member. Its session starts anew. */
export function classicHeartbeat(
  turn: Clockwork,
  group: ConsumerGroup,
  { request, settings }: {
    readonly request: HeartbeatRequest;
    readonly settings: ConsumerGroupConfig;
  },
): ErrorCode {
  const member = speaker(group, request);
  if (typeof member === "number") return member;
  if (request.generationId !== member.memberEpoch) return ErrorCode.ILLEGAL_GENERATION;
  const { memberId, classic, state } = member;
  touch(turn, group, { memberId, sessionTimeoutMs: classic?.sessionTimeoutMs ?? 0 });
  const mustRejoin = canCatchUp(group, member, { nowMs: turn.nowMs, settings }) ||
    state === MemberState.UNREVOKED_PARTITIONS ||
    (state === MemberState.UNRELEASED_PARTITIONS && !waitsForRelease(group, member));
  if (!mustRejoin) return ErrorCode.NONE;
  expectJoin(turn, group, member);
  return ErrorCode.REBALANCE_IN_PROGRESS;
}

function touch(
  turn: Clockwork,
  { groupId, timers }: ConsumerGroup,
  { memberId, sessionTimeoutMs }: { memberId: string; sessionTimeoutMs: number },
): void {
  const member = { groupId, memberId };
  setAlarm(turn, timers, { member, kind: "session", afterMs: sessionTimeoutMs });
}

/** From the first time that it is told to rejoin, the member has its rebalance timeout for it. */
function expectJoin(
  turn: Clockwork,
  { groupId, timers }: ConsumerGroup,
  { memberId, rebalanceTimeoutMs }: ConsumerMember,
): void {
  if (isAlarmSet(timers, memberId, "join")) return;
  setAlarm(turn, timers, {
    member: { groupId, memberId },
    kind: "join",
    afterMs: rebalanceTimeoutMs,
  });
}

/**
 * Decides a LeaveGroup into a consumer group: tools remove members of either protocol by it, and
 * those that speak the classic one leave.
 */
export function decideClassicLeave(
  view: View,
  group: ConsumerGroup,
  { input, at }: { readonly input: LeaveInput; readonly at: At<LeaveGroupResponse> },
): Plan {
  const gone = new Set<ConsumerMember>();
  const results = leavingMembers(input).map(({ memberId, groupInstanceId }) => {
    const member = memberOf(group, { memberId, groupInstanceId });
    if (typeof member === "number") return { memberId, groupInstanceId, errorCode: member };
    gone.add(member);
    return { memberId, groupInstanceId, errorCode: ErrorCode.NONE };
  });
  const response = leaveResponse(results, input.apiVersion);
  if (gone.size === 0) return answering(at.asked, response);
  const { records, settle } = depart(view, group, { members: [...gone], reason: "it left" });
  const failed = (error: ErrorCode): LeaveGroupResponse => ({
    throttleTimeMs: 0,
    errorCode: groupErrorOf(error),
    members: [],
  });
  return {
    records,
    settle(turn) {
      settle(turn);
      answerWhenDurable(turn, { to: at.asked, response, failed });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}
