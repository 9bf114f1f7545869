// What a share group and the share coordinator do together, in steps: the group says what is to be
// done, its shell has the share coordinator do it, and tells the group.
//
//   a member subscribes     statesWanted ──────────> initialize ──> decideInitialized
//   AlterShareGroupOffsets  decideAltering ────────> initialize ──> decideInitialized
//   DeleteShareGroupOffsets decideForgetting ──────> delete ──────> decideForgotten
//   DeleteGroups            decideForgetting ──────> delete ──────> the group's own end
//
// Each step is recorded before the share coordinator is asked, so that nothing it keeps is
// forgotten when a broker ends in between: what was being initialized is asked for again, and what
// was being deleted can be deleted, or begun anew.

import type { Uuid } from "../../../base/ids.ts";
import { ErrorCode, errorMessage } from "../../../protocol/errors.ts";
import { groupErrorOf } from "../../append_errors.ts";
import type { Group } from "../group.ts";
import type { GroupConfig } from "../group_config.ts";
import type { At } from "../../machine.ts";
import type { TopicPartitions } from "../modern/assignment.ts";
import { type Refusal, refusal } from "../modern/epochs.ts";
import {
  answering,
  answerNow,
  answerWhenDurable,
  type Plan,
  type Turn,
  type View,
} from "../turn.ts";
import { newShareGroup, type ShareGroup } from "./group.ts";
import { protocolRefusal } from "./heartbeat_request.ts";
import { shareGroupIn } from "./membership.ts";
import {
  keptPartitions,
  keptTopics,
  type PartitionStates,
  uninitialized,
  withDeleting,
  withInitialized,
  withInitializing,
  withoutDeleting,
} from "./states.ts";
import type { StateStepResponse, StatesWanted } from "./states_wanted.ts";
import { epochRecord, statesRecord } from "./stored.ts";

const nothing = { errorCode: ErrorCode.NONE, errorMessage: null, stateEpoch: 0, topics: [] };

function refused({ errorCode, errorMessage }: Refusal): StateStepResponse {
  return { ...nothing, errorCode, errorMessage };
}

/** The share group of this id, if it has no members; or why it is not to be changed. */
function emptyGroup(view: View, groupId: string): ShareGroup | Refusal {
  if (groupId === "") {
    const { INVALID_GROUP_ID } = ErrorCode;
    return refusal(INVALID_GROUP_ID, errorMessage(INVALID_GROUP_ID) ?? "");
  }
  const group = view.groups.get(groupId);
  if (group?.type !== "share") {
    const what = group === undefined ? "not found" : "is not a share group";
    return refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} ${what}.`);
  }
  const { NON_EMPTY_GROUP } = ErrorCode;
  return group.members.size === 0
    ? group
    : refusal(NON_EMPTY_GROUP, errorMessage(NON_EMPTY_GROUP) ?? "");
}

/** The initialized partitions of a group by topic; none of one that is no share group. */
export function sharePartitions(config: GroupConfig, group: Group | undefined): StateStepResponse {
  const off = protocolRefusal({ config });
  if (off !== undefined) return refused(off);
  if (group?.type !== "share") return nothing;
  const topics = [...group.states.initialized].map(([topicId, { partitions }]) => ({
    topicId,
    partitions: [...partitions].sort((a, b) => a - b),
  }));
  return { ...nothing, topics };
}

/**
 * Decides that a group without members starts elsewhere in these partitions, which exist. One that
 * is not there begins with them.
 */
export function decideAltering(
  view: View,
  { groupId, topics }: { readonly groupId: string; readonly topics: readonly TopicPartitions[] },
  at: At<StateStepResponse>,
): Plan {
  const off = protocolRefusal(view);
  if (off !== undefined) return answering(at.asked, refused(off));
  const isNew = groupId !== "" && !view.groups.has(groupId);
  const group = isNew ? newShareGroup(groupId) : emptyGroup(view, groupId);
  if ("errorCode" in group) return answering(at.asked, refused(group));
  const begun = uninitialized(group.states, topics);
  const next = begun.length === 0
    ? group.states
    : withInitializing(group.states, begun, view.topics);
  const response = { ...nothing, stateEpoch: group.groupEpoch, topics };
  const plan = changing(group, { next, response, at });
  if (!isNew || topics.length === 0) return plan;
  const { groupEpoch: epoch, metadataHash } = group;
  return { ...plan, records: [epochRecord(groupId, { epoch, metadataHash }), ...plan.records] };
}

/** Decides that a group without members forgets what it did in these topics; null: in all. */
export function decideForgetting(
  view: View,
  { groupId, topicIds }: { readonly groupId: string; readonly topicIds: readonly Uuid[] | null },
  at: At<StateStepResponse>,
): Plan {
  // A group can go as a whole whether they are served or not.
  const off = topicIds === null ? undefined : protocolRefusal(view);
  if (off !== undefined) return answering(at.asked, refused(off));
  const group = emptyGroup(view, groupId);
  if ("errorCode" in group) return answering(at.asked, refused(group));
  const { states } = group;
  const all = new Set([...keptTopics(states), ...states.deleting.keys()]);
  const asked = topicIds === null ? [...all] : topicIds.filter((topicId) => all.has(topicId));
  const topics = asked.map((topicId) => ({
    topicId,
    partitions: states.deleting.has(topicId)
      // Which it had is not known any more.
      ? partitionsOf(view, topicId)
      : keptPartitions(states, topicId),
  }));
  const plan = changing(group, {
    next: withDeleting(states, asked),
    response: { ...nothing, topics },
    at,
  });
  return {
    ...plan,
    settle(turn) {
      for (const topicId of asked) shareGroupIn(turn, groupId)?.forgetting.add(topicId);
      plan.settle(turn);
    },
  };
}

function partitionsOf({ topics }: View, topicId: Uuid): number[] {
  return Array.from({ length: topics.byId(topicId)?.partitionCount ?? 0 }, (_, id) => id);
}

/** The share coordinator has forgotten `done` of the topics that it was asked to forget. */
export function decideForgotten(
  view: View,
  { groupId, asked, done }: {
    readonly groupId: string;
    readonly asked: readonly Uuid[];
    readonly done: readonly Uuid[];
  },
  at: At<StateStepResponse>,
): Plan {
  const group = shareGroupIn(view, groupId);
  if (group === undefined) return answering(at.asked, nothing);
  const next = withoutDeleting(group.states, done);
  const plan = changing(group, { next, response: nothing, at });
  // Nobody forgets them any more, even where the log cannot say so.
  const isOver = (turn: Turn) => {
    for (const topicId of asked) shareGroupIn(turn, groupId)?.forgetting.delete(topicId);
  };
  return {
    records: plan.records,
    settle(turn) {
      isOver(turn);
      plan.settle(turn);
    },
    refuse(turn, error) {
      isOver(turn);
      plan.refuse(turn, error);
    },
  };
}

/**
 * The share coordinator keeps state of these partitions from now on. Answers those that nobody
 * wants any more: their group is gone, or has forgotten them.
 */
export function decideInitialized(
  view: View,
  { groupId, topics }: Pick<StatesWanted, "groupId" | "topics">,
  at: At<StateStepResponse>,
): Plan {
  const group = shareGroupIn(view, groupId);
  if (group === undefined) return answering(at.asked, { ...nothing, topics });
  const next = withInitialized(group.states, topics);
  const response = { ...nothing, topics: uninitialized(next, topics) };
  return changing(group, { next, response, at });
}

function changing(
  { groupId, states }: ShareGroup,
  { next, response, at }: {
    readonly next: PartitionStates;
    readonly response: StateStepResponse;
    readonly at: At<StateStepResponse>;
  },
): Plan {
  const failed = (error: ErrorCode) => refused(refusal(groupErrorOf(error), ""));
  return {
    records: next === states ? [] : [statesRecord(groupId, next)],
    settle: (turn) => answerWhenDurable(turn, { to: at.asked, response, failed }),
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}
