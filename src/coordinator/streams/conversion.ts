// An empty streams group ends where a consumer of the classic protocol joins under its id. Its
// offsets stay: whoever comes reads on from them.

import { decideJoin } from "../classic/join.ts";
import { type JoinInput, joinRequestError } from "../classic/join_request.ts";
import { groupErrorOf } from "../append_errors.ts";
import { joinError } from "../classic/rebalance.ts";
import type { At } from "../machine.ts";
import { forgetAllTimers } from "../modern/timers.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type { JoinGroupResponse } from "../../protocol/mod.ts";
import { answerNow, type Plan, type View } from "../turn.ts";
import type { StreamsGroup } from "./group.ts";
import { groupTombstones } from "./stored.ts";

/** Decides a JoinGroup under the id of a streams group. */
export function decideJoinInstead(
  view: View,
  group: StreamsGroup,
  { input, at }: { readonly input: JoinInput; readonly at: At<JoinGroupResponse> },
): Plan {
  const { apiVersion, request: { memberId } } = input;
  const isInPlace = group.members.size === 0 && memberId === "" &&
    joinRequestError(view, input) === ErrorCode.NONE;
  // Refused as by any group of another kind.
  if (!isInPlace) return decideJoin(view, input, at);
  return {
    records: groupTombstones(group),
    settle(turn) {
      forgetAllTimers(turn, group.timers);
      turn.then.push((next) => decideJoin(next, input, at));
    },
    refuse(turn, error) {
      answerNow(turn, at.asked, joinError(groupErrorOf(error), { apiVersion, memberId }));
    },
  };
}
