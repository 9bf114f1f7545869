// The groups of one __consumer_offsets partition: what its leader coordinates.
//
//   new ──apply*──> onLoaded ──> requests, onTick, onImage: a Decision each ──> resign
//
// A machine (machine.ts) that hands every request to the file that decides it, and gives its plan
// what it may look at (a View) and, once the log has the plan's records, what it may change (a
// Turn).
//
// Times are milliseconds since the epoch and should not jump: deadlines are counted in them too.
// Invariant: replaying the records of all decisions that were appended gives the same offsets, and
// the same groups but for what is soft (joins in progress, sessions, protocols not chosen).

import type {
  ConsumerGroupHeartbeatResponse,
} from "../../protocol/apis/68_consumer_group_heartbeat.ts";
import type { ShareGroupHeartbeatResponse } from "../../protocol/apis/76_share_group_heartbeat.ts";
import { assert } from "../../base/assert.ts";
import type { ProducerId, Uuid } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type {
  DeleteGroupsResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupResponse,
  LeaveGroupResponse,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  SyncGroupResponse,
} from "../../protocol/mod.ts";
import type {
  TxnOffsetCommitRequest,
  TxnOffsetCommitResponse,
} from "../../protocol/apis/28_txn_offset_commit.ts";
import { newGroup } from "./classic/group.ts";
import { decideJoin } from "./classic/join.ts";
import type { JoinInput } from "./classic/join_request.ts";
import { decideLeave, type LeaveInput } from "./classic/leave.ts";
import { decideEmpty } from "./classic/rebalance.ts";
import { heartbeat } from "./classic/sessions.ts";
import { decideSync, type SyncInput } from "./classic/sync.ts";
import type { AlarmOwner } from "./clockwork.ts";
import {
  classicHeartbeat,
  decideClassicJoin,
  decideClassicLeave,
  decideClassicSync,
} from "./consumer/classic_members.ts";
import { describeConsumerGroup, type DescribedConsumerGroup } from "./consumer/describe.ts";
import { decideConsumerHeartbeat } from "./consumer/heartbeat.ts";
import type { HeartbeatInput } from "./consumer/heartbeat_request.ts";
import { Deadlines } from "./deadlines.ts";
import {
  type CountedGroup,
  type DescribedGroup,
  describeGroup,
  type ListedGroup,
  listGroups,
} from "./describe.ts";
import type { Group } from "./group.ts";
import type { GroupConfig } from "./group_config.ts";
import { applyGroupRecord, kindOf } from "./group_kinds.ts";
import { decideDeletion, endOfForgotten } from "./group_removal.ts";
import { decideJoinInstead } from "./join_instead.ts";
import type { Answer, Asked, At, Decision, Effects, ImageChange, Machine } from "../machine.ts";
import type { TopicPartitions } from "./modern/assignment.ts";
import { noRegexes, type RegexEngine } from "./modern/regex.ts";
import { type GroupTopics, noTopics } from "./modern/topics.ts";
import { type CommitInput, decideCommit, decideTransactionCommit } from "./offsets/commit.ts";
import { OffsetExpiry } from "./offsets/expiry.ts";
import { decideOffsetDeletion, decideTopicsDeleted } from "./offsets/removal.ts";
import {
  type FetchedGroup,
  fetchOffsets,
  type OffsetFetchGroup,
  OffsetTable,
  topicsOf,
} from "./offsets/offset_table.ts";
import { type GroupCoordinatorRecord, groupIdOf } from "./record_kinds.ts";
import { type DescribedShareGroup, describeShareGroup } from "./share/describe.ts";
import { decideShareHeartbeat } from "./share/heartbeat.ts";
import type { ShareHeartbeatInput } from "./share/heartbeat_request.ts";
import {
  decideAltering,
  decideForgetting,
  decideForgotten,
  decideInitialized,
  sharePartitions,
} from "./share/state_steps.ts";
import type {
  StateStepResponse,
  StatesWanted,
  StatesWantedResponse,
} from "./share/states_wanted.ts";
import { type DescribedStreamsGroup, describeStreamsGroup } from "./streams/describe.ts";
import { decideStreamsHeartbeat } from "./streams/heartbeat.ts";
import type { StreamsHeartbeatInput } from "./streams/heartbeat_request.ts";
import type { StreamsHeartbeatResult } from "./streams/heartbeat_result.ts";
import {
  answerWhenDurable,
  type GroupResponse,
  type Plan,
  softly,
  type Turn,
  type View,
} from "./turn.ts";

export interface GroupTableOptions {
  /** Read at each decision. */
  readonly config: () => GroupConfig;
  /** Of which consumer groups are assigned partitions; absent: none. */
  readonly topics?: GroupTopics;
  /** By which they may subscribe; absent: they cannot. */
  readonly regexes?: RegexEngine;
}

/** A decision about groups. */
export type GroupDecision = Decision<GroupCoordinatorRecord, GroupResponse>;
type GroupEffects = Effects<GroupCoordinatorRecord, GroupResponse>;

export class GroupTable implements Machine<GroupCoordinatorRecord, GroupResponse> {
  readonly #options: GroupTableOptions;
  readonly #groups = new Map<string, Group>();
  readonly #offsets = new OffsetTable();
  readonly #deadlines = new Deadlines<AlarmOwner>();
  #state: "loading" | "leading" | "resigned" = "loading";
  /** States of share groups that are to be begun, and who waits for such. */
  #statesWanted: StatesWanted[] = [];
  #stateKeeper: Asked<StatesWantedResponse> | undefined;
  readonly #expiry = new OffsetExpiry();

  constructor(options: GroupTableOptions) {
    this.#options = options;
  }

  apply(record: GroupCoordinatorRecord, producerId?: ProducerId): void {
    assert(this.#state !== "resigned", "the table has resigned");
    const groupId = groupIdOf(record);
    if (record.type === "OffsetCommit") {
      this.#offsets.put(record, producerId);
      if (record.value !== null) this.#groupOfOffsets(groupId);
    } else {
      applyGroupRecord(this.#groups, record);
      // What is left of a group that has ended are its offsets, if it has any.
      const isLeft = this.#offsets.has(groupId);
      if (isLeft && !this.#groups.has(groupId)) this.#groupOfOffsets(groupId);
    }
  }

  endTransaction(producerId: ProducerId, committed: boolean): void {
    assert(this.#state !== "resigned", "the table has resigned");
    this.#offsets.endTransaction(producerId, committed);
  }

  onLoaded(nowMs: number): GroupDecision {
    assert(this.#state === "loading", "a table is loaded once");
    this.#state = "leading";
    return this.#decided(nowMs, (view) => {
      const goOn = (turn: Turn): void => {
        for (const group of this.#groups.values()) kindOf(group).onLoaded(turn, group);
        this.#expiry.rest(view);
      };
      return { records: [...endOfForgotten(view)], settle: goOn, refuse: goOn };
    });
  }

  /** JoinGroup. The answer may come with a later decision. */
  join(input: JoinInput, at: At<JoinGroupResponse>): GroupDecision {
    return this.#decided(at.nowMs, (view) => {
      const group = view.groups.get(input.request.groupId);
      if (group?.type === "consumer" && group.members.size > 0) {
        return decideClassicJoin(view, group, { input, at });
      }
      return group?.type === "consumer" || group?.type === "streams"
        ? decideJoinInstead(view, group, { input, at })
        : decideJoin(view, input, at);
    });
  }

  /** SyncGroup. The answer may come with a later decision. */
  sync(input: SyncInput, at: At<SyncGroupResponse>): GroupDecision {
    return this.#decided(at.nowMs, (view) => {
      const { request } = input;
      const group = view.groups.get(request.groupId);
      return group?.type === "consumer"
        ? decideClassicSync(view, group, { request, asked: at.asked })
        : decideSync(view, input, at);
    });
  }

  /** Heartbeat. Has no effect but on the session, so the response comes at once. */
  heartbeat(request: HeartbeatRequest, { nowMs }: { nowMs: number }): HeartbeatResponse {
    return { throttleTimeMs: 0, errorCode: this.#heartbeatError(request, nowMs) };
  }

  /** LeaveGroup. */
  leave(input: LeaveInput, at: At<LeaveGroupResponse>): GroupDecision {
    return this.#decided(at.nowMs, (view) => {
      const group = view.groups.get(input.request.groupId);
      return group?.type === "consumer"
        ? decideClassicLeave(view, group, { input, at })
        : decideLeave(view, input, at);
    });
  }

  /** ConsumerGroupHeartbeat: all that a member of the consumer protocol asks. */
  consumerHeartbeat(
    input: HeartbeatInput,
    at: At<ConsumerGroupHeartbeatResponse>,
  ): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideConsumerHeartbeat(view, input, at));
  }

  /** One group of a ConsumerGroupDescribe. */
  describeConsumer(groupId: string): DescribedConsumerGroup {
    const config = this.#options.config().consumer();
    const topics = this.#options.topics ?? noTopics;
    return describeConsumerGroup(this.#groups.get(groupId), { groupId, topics, config });
  }

  /** ShareGroupHeartbeat: all that a member of a share group asks. */
  shareHeartbeat(
    input: ShareHeartbeatInput,
    at: At<ShareGroupHeartbeatResponse>,
  ): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideShareHeartbeat(view, input, at));
  }

  /** One group of a ShareGroupDescribe. */
  describeShare(groupId: string): DescribedShareGroup {
    const { config, topics = noTopics } = this.#options;
    return describeShareGroup(this.#groups.get(groupId), { groupId, topics, config: config() });
  }

  isShareGroup(groupId: string): boolean {
    return this.#groups.get(groupId)?.type === "share";
  }

  /** The partitions of a share group of which there is state. */
  sharePartitions(groupId: string): StateStepResponse {
    return sharePartitions(this.#options.config(), this.#groups.get(groupId));
  }

  /** Waits for states of share groups that the share coordinator is to begin. One does. */
  takeStatesWanted(at: At<StatesWantedResponse>): GroupDecision {
    return this.#decided(at.nowMs, () =>
      softly(() => {
        assert(this.#stateKeeper === undefined, "somebody waits for states to begin already");
        this.#stateKeeper = at.asked;
      }));
  }

  /** The share coordinator keeps state of these partitions: state_steps.ts, as the next three. */
  statesInitialized(
    of: Pick<StatesWanted, "groupId" | "topics">,
    at: At<StateStepResponse>,
  ): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideInitialized(view, of, at));
  }

  /** AlterShareGroupOffsets, before the share coordinator is asked. */
  alterShareOffsets(
    of: { readonly groupId: string; readonly topics: readonly TopicPartitions[] },
    at: At<StateStepResponse>,
  ): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideAltering(view, of, at));
  }

  /** DeleteShareGroupOffsets and DeleteGroups, before the share coordinator is asked. */
  forgetShareTopics(
    of: { readonly groupId: string; readonly topicIds: readonly Uuid[] | null },
    at: At<StateStepResponse>,
  ): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideForgetting(view, of, at));
  }

  /** The share coordinator has forgotten `done` of `asked`. */
  shareTopicsForgotten(
    of: {
      readonly groupId: string;
      readonly asked: readonly Uuid[];
      readonly done: readonly Uuid[];
    },
    at: At<StateStepResponse>,
  ): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideForgotten(view, of, at));
  }

  /** StreamsGroupHeartbeat: all that a member of a streams group asks. */
  streamsHeartbeat(
    input: StreamsHeartbeatInput,
    at: At<StreamsHeartbeatResult>,
  ): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideStreamsHeartbeat(view, input, at));
  }

  /** One group of a StreamsGroupDescribe. */
  describeStreams(groupId: string): DescribedStreamsGroup {
    const config = this.#options.config().streams();
    const topics = this.#options.topics ?? noTopics;
    return describeStreamsGroup(this.#groups.get(groupId), { groupId, topics, config });
  }

  /** OffsetCommit. Topics must be named: version 10's ids are resolved before. */
  commitOffsets(input: CommitInput, at: At<OffsetCommitResponse>): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideCommit(view, input, at));
  }

  /** TxnOffsetCommit. The transaction is verified before, and topics are named. */
  commitTransactionOffsets(
    request: TxnOffsetCommitRequest,
    at: At<TxnOffsetCommitResponse> & { readonly apiVersion: number },
  ): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideTransactionCommit(view, request, at));
  }

  /**
   * One group of an OffsetFetch. The caller waits, before it answers, until the records handed out
   * so far are durable: what is read here may have been committed a moment ago.
   */
  fetchOffsets(request: OffsetFetchGroup): FetchedGroup {
    const group = this.#groups.get(request.groupId);
    const errorCode = group === undefined ? ErrorCode.NONE : kindOf(group).fetchError(group, {
      memberId: request.memberId,
      groupInstanceId: null,
      generationIdOrMemberEpoch: request.memberEpoch,
      apiVersion: 9,
      topics: undefined,
    });
    if (errorCode !== ErrorCode.NONE) return { groupId: request.groupId, topics: [], errorCode };
    return fetchOffsets(this.#offsets, request);
  }

  /** What an OffsetFetch that wants all of a group's offsets would have to name. */
  committedTopics(groupId: string): NonNullable<OffsetFetchGroup["topics"]> {
    return topicsOf(this.#offsets.ofGroup(groupId));
  }

  /** One group of a DescribeGroups. */
  describe(groupId: string, { apiVersion }: { apiVersion: number }): DescribedGroup {
    return describeGroup(this.#groups.get(groupId), { groupId, apiVersion });
  }

  /** The groups that ListGroups asks for. */
  list(filters: {
    readonly statesFilter: readonly string[];
    readonly typesFilter: readonly string[];
  }): ListedGroup[] {
    return listGroups(this.#groups.values(), filters);
  }

  /** Each group, as those see it who count them. */
  *counted(): Generator<CountedGroup> {
    for (const group of this.#groups.values()) {
      yield {
        type: group.type,
        state: kindOf(group).state(group),
        memberCount: group.members.size,
      };
    }
  }

  /** DeleteGroups, of those of its groups that belong to this table. */
  deleteGroups(groupIds: readonly string[], at: At<DeleteGroupsResponse>): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideDeletion(view, groupIds, at));
  }

  /** OffsetDelete. Unknown topics are the caller's to refuse. */
  deleteOffsets(request: OffsetDeleteRequest, at: At<OffsetDeleteResponse>): GroupDecision {
    return this.#decided(at.nowMs, (view) => decideOffsetDeletion(view, request, at));
  }

  /** The offsets committed for topics that were deleted go with them. */
  onImage({ deletedTopics }: Pick<ImageChange, "deletedTopics">, nowMs: number): GroupDecision {
    return this.#decided(nowMs, (view) => decideTopicsDeleted(view, deletedTopics));
  }

  nextDeadlineMs(): number | undefined {
    const nextMs = this.#deadlines.nextMs() ?? Infinity;
    const expiryMs = this.#groups.size > 0 ? this.#expiry.dueMs : Infinity;
    const dueMs = Math.min(nextMs, expiryMs);
    return dueMs === Infinity ? undefined : dueMs;
  }

  /** Timeouts of members and groups; expiry of offsets. */
  onTick(nowMs: number): GroupDecision {
    return this.#decided(nowMs, () =>
      softly((turn) => {
        for (;;) {
          const alarm = this.#deadlines.takeDue(nowMs);
          if (alarm === undefined) break;
          const group = this.#groups.get(alarm.owner.groupId);
          if (group !== undefined) kindOf(group).onAlarm(turn, group, alarm.owner);
        }
        if (nowMs >= this.#expiry.dueMs) turn.then.push((view) => this.#expiry.decide(view));
      }));
  }

  resign(errorCode: ErrorCode, nowMs: number): readonly Answer<GroupResponse>[] {
    const turn = this.#turn(nowMs);
    for (const group of this.#groups.values()) {
      kindOf(group).dissolve(turn, group, errorCode);
    }
    this.#groups.clear();
    this.#state = "resigned";
    if (this.#stateKeeper === undefined) return turn.answers;
    const response = { errorCode, wanted: [] };
    return [...turn.answers, { to: this.#stateKeeper, response, failed: undefined }];
  }

  /** About as many bytes as members hold. It looks at every member. */
  memberBytes(): number {
    let bytes = 0;
    for (const group of this.#groups.values()) bytes += kindOf(group).memberBytes(group);
    return bytes;
  }

  /** All that it holds. For tests that tell two states apart. */
  get groups(): ReadonlyMap<string, Group> {
    return this.#groups;
  }

  /** Throws AssertionError when a group contradicts itself. For tests: it looks at every member. */
  assertConsistent(): void {
    for (const group of this.#groups.values()) kindOf(group).assertConsistent(group);
  }

  #heartbeatError(request: HeartbeatRequest, nowMs: number): ErrorCode {
    // Offsets can be committed to the group of no name, but nobody is a member of it.
    if (request.groupId === "") return ErrorCode.INVALID_GROUP_ID;
    const group = this.#groups.get(request.groupId);
    const clockwork = { nowMs, deadlines: this.#deadlines };
    if (group?.type === "classic") return heartbeat(clockwork, group, request);
    if (group?.type === "consumer") {
      const settings = this.#options.config().consumer();
      return classicHeartbeat(clockwork, group, { request, settings });
    }
    return ErrorCode.UNKNOWN_MEMBER_ID;
  }

  /** Offsets need a group to be in: a classic one, until another kind takes its place. */
  #groupOfOffsets(groupId: string): void {
    let group = this.#groups.get(groupId);
    if (group === undefined) {
      group = newGroup(groupId, undefined);
      this.#groups.set(groupId, group);
    }
    if (group.type === "classic") group.isStored = true;
  }

  /** A decision as its plan has it. */
  #decided(nowMs: number, decide: (view: View) => Plan): GroupDecision {
    const { records, producer, settle, refuse } = decide(this.#view(nowMs));
    return {
      records,
      producer,
      settle: () => this.#effects(nowMs, settle),
      refuse: (appendError) => this.#effects(nowMs, (turn) => refuse(turn, appendError)),
    };
  }

  #effects(nowMs: number, change: (turn: Turn) => void): GroupEffects {
    const turn = this.#turn(nowMs);
    change(turn);
    this.#handOutStates(turn);
    const { answers, notes } = turn;
    return { answers, notes, next: this.#next(turn) };
  }

  /** Gives what is to be begun to who waits for it. */
  #handOutStates(turn: Turn): void {
    if (this.#stateKeeper === undefined || this.#statesWanted.length === 0) return;
    const to = this.#stateKeeper;
    const response = { errorCode: ErrorCode.NONE, wanted: this.#statesWanted };
    this.#stateKeeper = undefined;
    this.#statesWanted = [];
    answerWhenDurable(turn, { to, response, failed: (errorCode) => ({ errorCode, wanted: [] }) });
  }

  /** What `turn` has left to be decided: groups that became empty, then the rest in its order. */
  #next({ nowMs, emptied, then }: Turn): GroupEffects["next"] {
    const plans = emptied.size > 0 ? [() => decideEmpty(emptied, nowMs), ...then] : then;
    const [first, ...rest] = plans;
    if (first === undefined) return undefined;
    return () =>
      this.#decided(nowMs, (view) => {
        const plan = first(view);
        const goOn = (turn: Turn): void => void turn.then.push(...rest);
        return {
          ...plan,
          settle(turn) {
            plan.settle(turn);
            goOn(turn);
          },
          refuse(turn, appendError) {
            plan.refuse(turn, appendError);
            goOn(turn);
          },
        };
      });
  }

  #view(nowMs: number): View {
    assert(this.#state === "leading", "the table is not loaded, or has resigned");
    const { config, topics = noTopics, regexes = noRegexes } = this.#options;
    return {
      nowMs,
      config: config(),
      groups: this.#groups,
      offsets: this.#offsets,
      topics,
      regexes,
    };
  }

  #turn(nowMs: number): Turn {
    return {
      ...this.#view(nowMs),
      groups: this.#groups,
      deadlines: this.#deadlines,
      answers: [],
      notes: [],
      emptied: new Set(),
      statesWanted: this.#statesWanted,
      then: [],
    };
  }
}
