// How members go: they leave, or are fenced because nothing was heard of them.
//
//   leaves with -1, session or rebalance timeout   its records end; group epoch + 1
//   leaves with -2 (static)                        its epoch is -2; its partitions stay its own
//                                                  until it is back or its session is over
//
// When the last member that speaks the consumer protocol goes, and classic ones are left, the group
// becomes a classic one (conversion.ts).

import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from "../../../protocol/apis/68_consumer_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { groupErrorOf } from "../../append_errors.ts";
import type { At } from "../../machine.ts";
import { nothingOwned } from "../modern/assignment.ts";
import { type Refusal, refusal, staticLeaveEpoch } from "../modern/epochs.ts";
import { forgetTimers, type MemberAlarm, setAlarm } from "../modern/timers.ts";
import { subscriptionHash } from "../modern/topics.ts";
import type { GroupCoordinatorRecord } from "../record_kinds.ts";
import {
  answering,
  answerNow,
  answerWhenDurable,
  type Plan,
  softly,
  type Turn,
  type View,
} from "../turn.ts";
import { decideDowngrade } from "./conversion.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  staticMember,
  subscribedTopicNames,
} from "./group.ts";
import { refusedHeartbeat } from "./heartbeat_request.ts";
import { consumerGroupIn } from "./settling.ts";
import { currentRecord, epochRecord, memberTombstones, regexRecord } from "./stored.ts";

/** A member that could not be taken out is tried again after this long. */
const fenceRetryMs = 1_000;

/** Decides that a member leaves, for good or for a while. */
export function decideLeave(
  view: View,
  request: ConsumerGroupHeartbeatRequest,
  at: At<ConsumerGroupHeartbeatResponse>,
): Plan {
  const found = leavingMember(view, request);
  if ("errorCode" in found) return answering(at.asked, refusedHeartbeat(found));
  const { group, member } = found;
  const { memberEpoch } = request;
  const response = {
    ...refusedHeartbeat({ errorCode: ErrorCode.NONE, errorMessage: null }),
    memberId: member.memberId,
    memberEpoch,
  };
  const failed = (error: ErrorCode): ConsumerGroupHeartbeatResponse =>
    refusedHeartbeat({ errorCode: groupErrorOf(error), errorMessage: null });
  const departure = memberEpoch === staticLeaveEpoch
    ? departForAWhile(group, member)
    : depart(view, group, { members: [member], reason: "it left" });
  return {
    records: departure.records,
    settle(turn) {
      departure.settle(turn);
      answerWhenDurable(turn, { to: at.asked, response, failed });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}

function leavingMember(
  view: View,
  { groupId, memberId, instanceId }: ConsumerGroupHeartbeatRequest,
): { group: ConsumerGroup; member: ConsumerMember } | Refusal {
  const group = view.groups.get(groupId);
  if (group?.type !== "consumer") {
    return refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Consumer group ${groupId} not found.`);
  }
  const member = instanceId === null
    ? group.members.get(memberId)
    : staticMember(group, instanceId);
  if (member === undefined) {
    const why = instanceId === null
      ? `Member ${memberId} is not a member of group ${groupId}.`
      : `Instance id ${instanceId} is unknown.`;
    return refusal(ErrorCode.UNKNOWN_MEMBER_ID, why);
  }
  if (member.memberId !== memberId) {
    const why = `Static member ${memberId} with instance id ${instanceId} was fenced by member ` +
      `${member.memberId}.`;
    return refusal(ErrorCode.FENCED_INSTANCE_ID, why);
  }
  return { group, member };
}

/** What a member's going takes. */
export interface Departure {
  readonly records: readonly GroupCoordinatorRecord[];
  readonly settle: (turn: Turn) => void;
}

/** Its session goes on: who does not come back is fenced when it ends. */
function departForAWhile({ groupId }: ConsumerGroup, member: ConsumerMember): Departure {
  const { memberId, instanceId } = member;
  const away = { ...member, memberEpoch: staticLeaveEpoch, revoking: nothingOwned };
  return {
    records: [currentRecord(groupId, away)],
    settle: (turn) =>
      void turn.notes.push({
        message: "static member leaves for a while",
        fields: { group: groupId, member: memberId, instance: instanceId ?? "" },
      }),
  };
}

/** Members go for good; the others get what was theirs. */
export function depart(
  view: View,
  group: ConsumerGroup,
  { members, reason }: { readonly members: readonly ConsumerMember[]; readonly reason: string },
): Departure {
  const { groupId } = group;
  const gone = new Set(members.map(({ memberId }) => memberId));
  const noteGone = (turn: Turn): void => {
    for (const { memberId } of members) {
      turn.notes.push({
        message: "member removed",
        fields: { group: groupId, member: memberId, reason },
      });
      forgetTimers(turn, group.timers, memberId);
    }
  };
  const downgrade = decideDowngrade(view, group, { gone, successor: undefined });
  if (downgrade !== undefined) {
    return {
      records: downgrade.records,
      settle(turn) {
        noteGone(turn);
        downgrade.settle(turn);
      },
    };
  }
  const left = [...group.members.values()].filter(({ memberId }) => !gone.has(memberId));
  const regexes = new Map(group.regexes);
  const records: GroupCoordinatorRecord[] = members.flatMap(({ memberId }) =>
    memberTombstones(groupId, memberId)
  );
  for (const regularExpression of group.regexes.keys()) {
    if (left.some((each) => each.subscribedTopicRegex === regularExpression)) continue;
    regexes.delete(regularExpression);
    records.push(regexRecord(groupId, { regularExpression, resolved: null }));
  }
  const names = subscribedTopicNames(left, regexes);
  const metadataHash = subscriptionHash(view.topics, names);
  records.push(epochRecord(groupId, { epoch: group.groupEpoch + 1, metadataHash }));
  return { records, settle: noteGone };
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
    readonly isOver: (member: ConsumerMember) => boolean;
  },
): Plan {
  const group = view.groups.get(groupId);
  const member = group?.type === "consumer" ? group.members.get(memberId) : undefined;
  if (group?.type !== "consumer" || member === undefined || !isOver(member)) {
    return softly(() => {});
  }
  const { records, settle } = depart(view, group, { members: [member], reason });
  return {
    records,
    settle,
    refuse(turn) {
      const known = consumerGroupIn(turn, groupId);
      if (known === undefined) return;
      const member = { groupId, memberId };
      setAlarm(turn, known.timers, { member, kind, afterMs: fenceRetryMs });
    },
  };
}
