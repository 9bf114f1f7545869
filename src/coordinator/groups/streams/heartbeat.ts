// StreamsGroupHeartbeat: the one request of members of a streams group (KIP-1071).
//
//   member epoch   what it asks                   what happens
//   0              to join, or to join anew       a member, new or as it was
//   > 0            to go on                       what changed is taken over; the next step
//   -1             to leave                       membership.ts
//
// An empty classic group ends when the first member joins.

import type {
  StreamsGroupHeartbeatResponse,
} from "../../../protocol/apis/88_streams_group_heartbeat.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { groupErrorOf } from "../../append_errors.ts";
import type { ClassicGroup } from "../classic/group.ts";
import { groupRecord } from "../classic/snapshot.ts";
import type { At } from "../../machine.ts";
import { expectedIn, heartbeatAfterMs } from "../modern/cadence.ts";
import { epochsAfter, joinEpoch, type Refusal, refusal } from "../modern/epochs.ts";
import type { GroupCoordinatorRecord } from "../record_kinds.ts";
import {
  answering,
  answerNow,
  answerWhenDurable,
  type Plan,
  type Turn,
  type View,
} from "../turn.ts";
import { type Advance, advance, delayLeftMs, isDelayed, type Said } from "./advance.ts";
import { type Status, StatusCode } from "./configured.ts";
import { partitionsByEndpoint } from "./endpoints.ts";
import {
  newStreamsGroup,
  newStreamsMember,
  type StreamsGroup,
  type StreamsMember,
} from "./group.ts";
import {
  isLeaving,
  ownedTasks,
  requestRefusal,
  type StreamsHeartbeatInput,
} from "./heartbeat_request.ts";
import {
  plainHeartbeat,
  refusedHeartbeat,
  type StreamsHeartbeatResult,
} from "./heartbeat_result.ts";
import { decideLeave } from "./membership.ts";
import { MemberState } from "./reconcile.ts";
import { afterAdvance, streamsGroupIn } from "./settling.ts";
import { areTasksWithin, sameTasks, taskIdsOf } from "./tasks.ts";

type HeartbeatRequest = StreamsHeartbeatInput["request"];

/** Decides a StreamsGroupHeartbeat. */
export function decideStreamsHeartbeat(
  view: View,
  input: StreamsHeartbeatInput,
  at: At<StreamsHeartbeatResult>,
): Plan {
  const { request } = input;
  const refused = requestRefusal(view, request);
  if (refused !== undefined) return answering(at.asked, refusedHeartbeat(refused));
  if (isLeaving(request)) return decideLeave(view, request, at);
  const joined = groupToJoin(view, request);
  if ("errorCode" in joined) return answering(at.asked, refusedHeartbeat(joined));
  const said = whatIsSaid(view, joined.group, input);
  if ("errorCode" in said) return answering(at.asked, refusedHeartbeat(said));
  const advanced = advance(view, joined.group, said);
  if ("errorCode" in advanced) return answering(at.asked, refusedHeartbeat(advanced));
  return planOf({ input, at, joined, said, advanced });
}

interface Joined {
  readonly group: StreamsGroup;
  /** The end of what the group was before. */
  readonly records: readonly GroupCoordinatorRecord[];
  readonly former: ClassicGroup | undefined;
}

/** The group that the request is about: the one there is, or one that its records will make. */
function groupToJoin(view: View, { groupId, memberEpoch }: HeartbeatRequest): Joined | Refusal {
  const known = view.groups.get(groupId);
  if (known?.type === "streams") return { group: known, records: [], former: undefined };
  const joins = memberEpoch === joinEpoch;
  if (known === undefined && !joins) {
    return refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Streams group ${groupId} not found.`);
  }
  if (known === undefined) {
    return { group: newStreamsGroup(groupId), records: [], former: undefined };
  }
  if (!joins || known.type !== "classic" || known.state !== "Empty") {
    return refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a streams group.`);
  }
  const records = known.isStored ? [groupRecord(groupId, null)] : [];
  const group = { ...newStreamsGroup(groupId), ...epochsAfter(known.generationId) };
  return { group, records, former: known };
}

/** Who speaks, and what of it is new; or why it is not heard. */
function whatIsSaid(view: View, group: StreamsGroup, input: StreamsHeartbeatInput): Said | Refusal {
  const { request } = input;
  const { memberId, memberEpoch } = request;
  const { groupSizeMax } = view.config.streams();
  const former = group.members.get(memberId);
  if (memberEpoch === joinEpoch && group.members.size >= groupSizeMax) {
    const why = `The streams group has reached its maximum capacity of ${groupSizeMax} members.`;
    return refusal(ErrorCode.GROUP_MAX_SIZE_REACHED, why);
  }
  if (former === undefined && memberEpoch !== joinEpoch) {
    const why = `Member ${memberId} is not a member of group ${group.groupId}.`;
    return refusal(ErrorCode.UNKNOWN_MEMBER_ID, why);
  }
  const owned = ownedTasks(request);
  const base = former ?? newStreamsMember(memberId);
  return epochRefusal(base, { memberEpoch, owned }) ??
    { former, member: withRequest(base, input), topology: request.topology, owned };
}

/** Whether a request that says `memberEpoch` comes from the member as it is known; if not, why. */
function epochRefusal(
  member: StreamsMember,
  { memberEpoch, owned }: { memberEpoch: number; owned: Said["owned"] },
): Refusal | undefined {
  if (memberEpoch === joinEpoch || memberEpoch === member.memberEpoch) return undefined;
  // The response that told the newer epoch may have been lost.
  const isRetry = memberEpoch === member.previousMemberEpoch && memberEpoch < member.memberEpoch &&
    owned !== null && areTasksWithin(owned, member.assigned);
  if (isRetry) return undefined;
  const than = memberEpoch > member.memberEpoch ? "greater" : "smaller";
  return refusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The streams group member has a ${than} member epoch (${memberEpoch}) than the one known by ` +
      `the group coordinator (${member.memberEpoch}). The member must abandon all its ` +
      "partitions and rejoin.",
  );
}

/** What a request leaves out did not change. */
function withRequest(
  member: StreamsMember,
  { request, clientId, clientHost }: StreamsHeartbeatInput,
): StreamsMember {
  const { rebalanceTimeoutMs, clientTags, topology } = request;
  const byKey = (a: { key: string }, b: { key: string }): number => a.key < b.key ? -1 : 1;
  return {
    ...member,
    clientId,
    clientHost,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    topologyEpoch: topology?.epoch ?? member.topologyEpoch,
    processId: request.processId ?? member.processId,
    userEndpoint: request.userEndpoint ?? member.userEndpoint,
    clientTags: clientTags === null ? member.clientTags : [...clientTags].sort(byKey),
  };
}

interface Answering {
  readonly input: StreamsHeartbeatInput;
  readonly at: At<StreamsHeartbeatResult>;
  readonly joined: Joined;
  readonly said: Said;
  readonly advanced: Advance;
}

function planOf({ input, at, joined, said, advanced }: Answering): Plan {
  const { group, former } = joined;
  const { groupId } = group;
  const records: GroupCoordinatorRecord[] = [...joined.records, ...advanced.records];
  const failed = (error: ErrorCode): StreamsHeartbeatResult =>
    refusedHeartbeat({ errorCode: groupErrorOf(error), errorMessage: null });
  return {
    records,
    settle(turn: Turn) {
      afterAdvance(turn, { groupId, said, advanced, former });
      const heartbeat = responseOf(turn, { input, groupId, said, advanced });
      const response = { heartbeat, missing: advanced.configured.missing };
      answerWhenDurable(turn, { to: at.asked, response, failed });
    },
    refuse: (turn, error) => answerNow(turn, at.asked, failed(error)),
  };
}

/**
 * All of the member's tasks where they changed or it joins.
 * Differs from Kafka: a member of a streams group is also told its tasks if its epoch, or the tasks
 * that it reports, show that it missed a response.
 */
function responseOf(
  turn: Turn,
  { input: { request }, groupId, said, advanced }: Omit<Answering, "at" | "joined"> & {
    readonly groupId: string;
  },
): StreamsGroupHeartbeatResponse {
  const { member, topology } = advanced;
  const joins = request.memberEpoch === joinEpoch;
  const hasChanged = joins || !sameTasks(said.member.assigned, member.assigned);
  const hasMissed = request.memberEpoch !== said.member.memberEpoch ||
    (said.owned !== null && !sameTasks(said.owned, member.assigned));
  const { assigned } = member;
  const tasks = hasChanged || hasMissed
    ? {
      activeTasks: taskIdsOf(assigned.active),
      standbyTasks: taskIdsOf(assigned.standby),
      warmupTasks: taskIdsOf(assigned.warmup),
    }
    : {};
  const group = streamsGroupIn(turn, groupId);
  if (group !== undefined) {
    if (request.shutdownApplication) group.shutdownMemberId ??= member.memberId;
    if (hasChanged && member.userEndpoint !== null) group.endpointEpoch++;
  }
  const { endpointEpoch = 0, members = new Map<string, StreamsMember>() } = group ?? {};
  const isTold = request.endpointInformationEpoch !== endpointEpoch;
  return {
    ...plainHeartbeat({ errorCode: ErrorCode.NONE, errorMessage: null }),
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    heartbeatIntervalMs: intervalOf(turn, groupId, member),
    status: [...advanced.status, ...shutdownStatus(group)],
    ...tasks,
    endpointInformationEpoch: endpointEpoch,
    partitionsByUserEndpoint: isTold
      ? partitionsByEndpoint(members.values(), { topology, topics: turn.topics })
      : null,
  };
}

/** When a member is to be heard of next. */
function intervalOf(turn: Turn, groupId: string, { state }: StreamsMember): number {
  const settings = turn.config.streams().settingsOf(groupId);
  const group = streamsGroupIn(turn, groupId);
  if (group === undefined) return settings.heartbeatIntervalMs;
  const isWaiting = state === MemberState.UNRELEASED_TASKS;
  const expected = expectedIn(group, { nowMs: turn.nowMs, settings, isWaiting });
  const wholeMs = settings.initialRebalanceDelayMs;
  const due = isDelayed(group) ? { wholeMs, leftMs: delayLeftMs(group, turn.nowMs) } : expected.due;
  return heartbeatAfterMs(settings.heartbeatIntervalMs, { ...expected, due });
}

function shutdownStatus(group: StreamsGroup | undefined): Status[] {
  const memberId = group?.shutdownMemberId;
  if (memberId === undefined) return [];
  return [{
    statusCode: StatusCode.SHUTDOWN_APPLICATION,
    statusDetail: `Streams group member ${memberId} encountered a fatal error and requested a ` +
      "shutdown for the entire application.",
  }];
}
