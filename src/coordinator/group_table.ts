// The groups of one __consumer_offsets partition: what its leader coordinates.
//
// A pure machine. Each call takes the time, changes the table, and returns what the world has to do
// (outcome.ts). The shell appends an outcome's records before it makes the next call, so that they
// lie in the log in the order of the decisions. At load, `apply` takes each record of the log, then
// `onLoaded` starts the members' sessions. `onTick` is to be called at `nextDeadlineMs`.
//
//   new ──apply*──> onLoaded ──> requests, onTick, onAppendFailed ──> resign
//
// Times are milliseconds since the epoch and should not jump: deadlines are counted in them too.
// Invariant: replaying the records of all outcomes that were appended gives the same offsets, and
// the same groups but for what is soft (joins in progress, sessions, protocols not chosen).

import { assert } from "../base/assert.ts";
import { ErrorCode } from "../protocol/errors.ts";
import type {
  HeartbeatRequest,
  HeartbeatResponse,
  LeaveGroupRequest,
  OffsetDeleteRequest,
} from "../protocol/mod.ts";
import { dissolveGroup, heartbeat, onAlarm, onGroupLoaded } from "./classic_group.ts";
import { Deadlines } from "./deadlines.ts";
import { type DescribedGroup, describeGroup, type ListedGroup, listGroups } from "./describe.ts";
import { type AlarmOwner, type Group, newGroup } from "./group.ts";
import type { GroupConfig } from "./group_config.ts";
import { deleteGroups, removeGroupIfUnused } from "./group_removal.ts";
import { groupOfSnapshot } from "./group_snapshot.ts";
import { assertConsistent } from "./invariants.ts";
import { joinGroup } from "./join.ts";
import { type JoinInput, joinRequestError } from "./join_request.ts";
import { leaveGroup, leaveResponse, leavingMembers } from "./leave.ts";
import { type CommitInput, commitOffsets } from "./offset_commit.ts";
import { deleteOffsets, expireOffsets, removeOffsetsOfTopics } from "./offset_removal.ts";
import {
  type FetchedGroup,
  fetchOffsets,
  type HasPendingOffset,
  type OffsetFetchGroup,
  OffsetTable,
} from "./offsets.ts";
import { type Answer, answerNow, type Outcome, type Token, type Turn } from "./outcome.ts";
import { joinError, syncError } from "./rebalance.ts";
import type { DecodedCoordinatorRecord } from "./records.ts";
import { syncGroup, type SyncInput, syncRequestError } from "./sync.ts";

export interface GroupTableOptions {
  /** Read at each decision. */
  readonly config: () => GroupConfig;
  /** A fresh UUID, as text: the end of a member id. */
  readonly newUuid: () => string;
}

/** When a request is decided, and where its answer goes. */
export interface At {
  readonly nowMs: number;
  readonly token: Token;
}

/** One tick looks at about this many groups and offsets, so that it and its batch stay small. */
const expiryPerTickMax = 2_000;

export class GroupTable {
  readonly #options: GroupTableOptions;
  readonly #groups = new Map<string, Group>();
  readonly #offsets = new OffsetTable();
  readonly #deadlines = new Deadlines<AlarmOwner>();
  #state: "loading" | "leading" | "resigned" = "loading";
  /** When offsets are next looked at for expiry, and the groups that are still to be looked at. */
  #expiryDueMs = Infinity;
  #expiryQueue: string[] = [];

  constructor(options: GroupTableOptions) {
    this.#options = options;
  }

  /** Takes over a record of the log, as it is read at load, in order. */
  apply(record: DecodedCoordinatorRecord): void {
    assert(this.#state === "loading", "records are applied before onLoaded");
    if (record.type === "OffsetCommit") {
      this.#offsets.put(record);
      const groupId = record.key.group;
      // Dropped again by onLoaded, when no offset of it is left.
      if (!this.#groups.has(groupId)) this.#groups.set(groupId, newGroup(groupId, undefined));
    } else if (record.type === "GroupMetadata") {
      const groupId = record.key.group;
      const group = record.value === null
        ? newGroup(groupId, undefined)
        : groupOfSnapshot(groupId, record.value);
      this.#groups.set(groupId, group);
    }
  }

  /** The log has been read: sessions start. To be called for an empty log, too. */
  onLoaded(nowMs: number): Outcome {
    assert(this.#state === "loading", "a table is loaded once");
    this.#state = "leading";
    const turn = this.#turn(nowMs);
    for (const group of [...this.#groups.values()]) {
      const unknown = group.generationId === 0 && group.protocolType === undefined;
      if (unknown && this.#offsets.ofGroup(group.groupId).size === 0) {
        this.#groups.delete(group.groupId);
      } else {
        onGroupLoaded(turn, group);
      }
    }
    this.#expiryDueMs = nowMs + turn.config.offsetsRetentionCheckIntervalMs;
    return outcomeOf(turn);
  }

  /** JoinGroup. The answer may come with a later outcome. */
  join(input: JoinInput, { nowMs, token }: At): Outcome {
    const turn = this.#turn(nowMs);
    const { groupId, memberId } = input.request;
    const errorCode = joinRequestError(turn, input);
    let group = this.#groups.get(groupId);
    if (errorCode !== ErrorCode.NONE) {
      answerNow(turn, token, joinError(errorCode, { apiVersion: input.apiVersion, memberId }));
    } else if (group === undefined && memberId !== "") {
      const unknown = ErrorCode.UNKNOWN_MEMBER_ID;
      answerNow(turn, token, joinError(unknown, { apiVersion: input.apiVersion, memberId }));
    } else {
      group ??= newGroup(groupId, nowMs);
      joinGroup(turn, group, { ...input, token });
      // Differs from Kafka: a group whose first member was refused is not listed as an empty one.
      const populated = group.members.size > 0 || group.pendingMembers.size > 0;
      if (populated) this.#groups.set(groupId, group);
    }
    return outcomeOf(turn);
  }

  /** SyncGroup. The answer may come with a later outcome. */
  sync(input: Omit<SyncInput, "token">, { nowMs, token }: At): Outcome {
    const turn = this.#turn(nowMs);
    const errorCode = syncRequestError(input);
    const group = this.#groups.get(input.request.groupId);
    if (errorCode !== ErrorCode.NONE) answerNow(turn, token, syncError(errorCode));
    else if (group === undefined) answerNow(turn, token, syncError(ErrorCode.UNKNOWN_MEMBER_ID));
    else syncGroup(turn, group, { ...input, token });
    return outcomeOf(turn);
  }

  /** Heartbeat. Has no effect but on the session, so the response comes at once. */
  heartbeat(request: HeartbeatRequest, { nowMs }: { nowMs: number }): HeartbeatResponse {
    const group = this.#groups.get(request.groupId);
    let errorCode: ErrorCode = ErrorCode.UNKNOWN_MEMBER_ID;
    if (request.groupId === "") errorCode = ErrorCode.INVALID_GROUP_ID;
    else if (group !== undefined) errorCode = heartbeat(this.#turn(nowMs), group, request);
    return { throttleTimeMs: 0, errorCode };
  }

  /** LeaveGroup. */
  leave(input: { request: LeaveGroupRequest; apiVersion: number }, { nowMs, token }: At): Outcome {
    const turn = this.#turn(nowMs);
    const { request, apiVersion } = input;
    const members = leavingMembers(request, apiVersion);
    const group = this.#groups.get(request.groupId);
    const errorCode = request.groupId === "" ? ErrorCode.INVALID_GROUP_ID : ErrorCode.NONE;
    const results = group === undefined || errorCode !== ErrorCode.NONE
      ? members.map(() => ErrorCode.UNKNOWN_MEMBER_ID)
      : leaveGroup(turn, group, members);
    const errorCodeOf = (i: number): ErrorCode => results[i];
    answerNow(turn, token, leaveResponse(members, { apiVersion, errorCode, errorCodeOf }));
    return outcomeOf(turn);
  }

  /** OffsetCommit. Topics must be named: version 10's ids are resolved before. */
  commitOffsets(input: Omit<CommitInput, "token">, { nowMs, token }: At): Outcome {
    const turn = this.#turn(nowMs);
    commitOffsets(turn, { ...input, token });
    return outcomeOf(turn);
  }

  /**
   * One group of an OffsetFetch. The caller waits, before it answers, until the records handed out
   * so far are durable: what is read here may have been committed a moment ago.
   */
  fetchOffsets(
    request: OffsetFetchGroup,
    options: { readonly hasPendingOffset?: HasPendingOffset } = {},
  ): FetchedGroup {
    const { hasPendingOffset } = options;
    return fetchOffsets(this.#offsets, { request, hasPendingOffset });
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

  /** DeleteGroups, of those of its groups that belong to this table. */
  deleteGroups(groupIds: readonly string[], { nowMs, token }: At): Outcome {
    const turn = this.#turn(nowMs);
    deleteGroups(turn, { groupIds, token });
    return outcomeOf(turn);
  }

  /** OffsetDelete. Unknown topics are the caller's to refuse. */
  deleteOffsets(request: OffsetDeleteRequest, { nowMs, token }: At): Outcome {
    const turn = this.#turn(nowMs);
    deleteOffsets(turn, { request, token });
    return outcomeOf(turn);
  }

  /** These topics were deleted: so are the offsets committed for them. */
  onTopicsDeleted(topics: Iterable<string>, { nowMs }: { nowMs: number }): Outcome {
    const turn = this.#turn(nowMs);
    removeOffsetsOfTopics(turn, topics);
    return outcomeOf(turn);
  }

  /** When `onTick` is next due; undefined when nothing is waited for. */
  nextDeadlineMs(): number | undefined {
    const nextMs = this.#deadlines.nextMs() ?? Infinity;
    const expiryMs = this.#groups.size > 0 ? this.#expiryDueMs : Infinity;
    const dueMs = Math.min(nextMs, expiryMs);
    return dueMs === Infinity ? undefined : dueMs;
  }

  /** Decides what time has brought: timeouts of members and groups, expiry of offsets. */
  onTick(nowMs: number): Outcome {
    const turn = this.#turn(nowMs);
    for (;;) {
      const alarm = this.#deadlines.takeDue(nowMs);
      if (alarm === undefined) break;
      const group = this.#groups.get(alarm.owner.groupId);
      if (group !== undefined) onAlarm(turn, group, alarm.owner);
    }
    if (nowMs >= this.#expiryDueMs) this.#expire(turn);
    return outcomeOf(turn);
  }

  /**
   * The log refused the records of `outcome`, which must be the latest one: undoes it. The answers
   * of the outcome returned go out in place of its own.
   */
  onAppendFailed(outcome: Outcome, o: { errorCode: ErrorCode; nowMs: number }): Outcome {
    const turn = this.#turn(o.nowMs);
    for (const { token, response, failed } of outcome.answers) {
      turn.answers.push({ token, response: failed?.(o.errorCode) ?? response, whenDurable: false });
    }
    for (const undo of [...outcome.undo].reverse()) undo(turn, o.errorCode);
    return outcomeOf(turn);
  }

  /**
   * This broker does not coordinate these groups any more, or cannot: its log failed after it had
   * taken records. Whatever waits in the table is told `errorCode`; the table is of no more use.
   */
  resign(errorCode: ErrorCode, { nowMs }: { nowMs: number }): readonly Answer[] {
    const turn = this.#turn(nowMs);
    for (const group of this.#groups.values()) dissolveGroup(turn, group, errorCode);
    this.#groups.clear();
    this.#state = "resigned";
    return turn.answers;
  }

  /** Throws AssertionError when a group contradicts itself. For tests: it looks at every member. */
  assertConsistent(): void {
    for (const group of this.#groups.values()) assertConsistent(group);
  }

  /** Looks at the next groups' offsets, and is due again at once while there are more. */
  #expire(turn: Turn): void {
    if (this.#expiryQueue.length === 0) this.#expiryQueue = [...this.#groups.keys()].reverse();
    for (let looked = 0; looked < expiryPerTickMax;) {
      const groupId = this.#expiryQueue.pop();
      if (groupId === undefined) break;
      const group = this.#groups.get(groupId);
      if (group === undefined) continue;
      looked += 1 + expireOffsets(turn, group);
      removeGroupIfUnused(turn, group);
    }
    const intervalMs = turn.config.offsetsRetentionCheckIntervalMs;
    this.#expiryDueMs = turn.nowMs + (this.#expiryQueue.length > 0 ? 0 : intervalMs);
  }

  #turn(nowMs: number): Turn {
    assert(this.#state === "leading", "the table is not loaded, or has resigned");
    return {
      records: [],
      answers: [],
      notes: [],
      undo: [],
      nowMs,
      config: this.#options.config(),
      groups: this.#groups,
      offsets: this.#offsets,
      deadlines: this.#deadlines,
      newUuid: this.#options.newUuid,
    };
  }
}

/** What of `turn` is for the shell. */
function outcomeOf({ records, answers, notes, undo }: Turn): Outcome {
  return { records, answers, notes, undo };
}
