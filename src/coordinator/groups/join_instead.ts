// An empty group whose members the coordinator assigns ends where a member of the classic
// protocol joins under its id, and a classic one stands in its place, at its epoch. Its offsets
// stay: whoever comes reads on from them. Classic members of a consumer group are for groups
// that change while they are at work (consumer/classic_members.ts), and so is what
// group.consumer.migration.policy says.

import { groupErrorOf } from "../append_errors.ts";
import { decideJoin } from "./classic/join.ts";
import { type JoinInput, joinRequestError } from "./classic/join_request.ts";
import { joinError } from "./classic/rebalance.ts";
import { groupRecord } from "./classic/snapshot.ts";
import { consumerProtocolType } from "./classic/subscription.ts";
import type { ConsumerGroup } from "./consumer/group.ts";
import { groupTombstones as consumerTombstones } from "./consumer/stored.ts";
import type { At } from "../machine.ts";
import { forgetAllTimers } from "./modern/timers.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type { JoinGroupResponse } from "../../protocol/mod.ts";
import type { GroupCoordinatorRecord } from "./record_kinds.ts";
import type { StreamsGroup } from "./streams/group.ts";
import { groupTombstones as streamsTombstones } from "./streams/stored.ts";
import { answering, answerNow, type Plan, type View } from "./turn.ts";

/** Decides a JoinGroup under the id of such a group. */
export function decideJoinInstead(
  view: View,
  group: ConsumerGroup | StreamsGroup,
  { input, at }: { readonly input: JoinInput; readonly at: At<JoinGroupResponse> },
): Plan {
  const { apiVersion, request: { memberId } } = input;
  // Refused as by any group of another kind.
  const isRefused = group.members.size > 0 || joinRequestError(view, input) !== ErrorCode.NONE;
  if (isRefused) return decideJoin(view, input, at);
  if (memberId !== "") {
    return answering(at.asked, joinError(ErrorCode.UNKNOWN_MEMBER_ID, { apiVersion, memberId }));
  }
  const end = group.type === "consumer" ? consumerTombstones(group) : streamsTombstones(group);
  return {
    records: [...end, emptyGroup(group, view.nowMs)],
    settle(turn) {
      forgetAllTimers(turn, group.timers);
      turn.then.push((next) => decideJoin(next, input, at));
    },
    refuse(turn, error) {
      answerNow(turn, at.asked, joinError(groupErrorOf(error), { apiVersion, memberId }));
    },
  };
}

/** A classic group without members, whose next generation comes after all that `group` has had. */
function emptyGroup(
  { groupId, groupEpoch }: ConsumerGroup | StreamsGroup,
  nowMs: number,
): GroupCoordinatorRecord {
  return groupRecord(groupId, {
    protocolType: consumerProtocolType,
    generation: groupEpoch,
    protocol: null,
    leader: null,
    currentStateTimestamp: nowMs,
    members: [],
  });
}
