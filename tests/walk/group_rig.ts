// What the clients of a small world of groups share: a coordinator with a log in memory, requests
// that wait for their answers, and the laws of what the log takes.
//
//   ask ──> decided ──> in the log ──> answers: to this request, or to others that waited
//
// Laws: who asks is answered once; epochs and generations only grow while anybody is in the group;
// a committed offset never goes back, and is what the log says; at most one client may commit for a
// partition.

import {
  type Asked,
  type At,
  type GroupConfig,
  groupConfigDefaults,
  type GroupCoordinatorRecord,
  type GroupDecision,
  type GroupTable,
} from "../../src/coordinator/mod.ts";
import { ZERO_UUID } from "../../src/base/ids.ts";
import type { GroupResponse } from "../../src/coordinator/mod.ts";
import {
  ErrorCode,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from "../../src/protocol/mod.ts";
import { GroupShell } from "../harness/group_shell.ts";
import { law } from "./walker.ts";

/** What can be wrong with a coordinator, for those who check the laws. */
export type Mutation = (table: GroupTable) => GroupTable;

export const groupId = "g";
export const topic = "t";
export const sessionTimeoutMs = 10_000;
export const rebalanceTimeoutMs = 20_000;

const modernSettings = {
  sessionTimeoutMs,
  heartbeatIntervalMs: 3_000,
  assignmentIntervalMs: 0,
};
const consumer = { ...groupConfigDefaults.consumer(), settingsOf: () => modernSettings };
const config: GroupConfig = {
  ...groupConfigDefaults,
  initialRebalanceDelayMs: 0,
  // Nothing expires while a world lasts.
  offsetsRetentionCheckIntervalMs: 1e12,
  consumer: () => consumer,
};

/** Who wants to commit, as OffsetCommit says it. */
export interface Committer {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generationIdOrMemberEpoch: number;
}

type Hear = (response: GroupResponse) => void;
type Decide<Response> = (table: GroupTable, at: At<Response>) => GroupDecision;

export class GroupRig {
  readonly shell: GroupShell;
  /** Which member has last begun with each partition. */
  readonly holders = new Map<number, string>();
  /** Open requests, and who hears of the answer; undefined: nobody. */
  readonly #open = new Map<number, Hear | undefined>();
  /** How far each partition is committed. */
  readonly #committed = new Map<number, number>();
  /** Follows the log, as a start would read it. */
  #follower: { readonly table: GroupTable; at: number };
  #epoch = 0;
  /** The group that the log has last told of had no members. */
  #isEmpty = true;
  /** Who is in it while it is a consumer group. */
  readonly #members = new Set<string>();

  constructor(mutation: Mutation | undefined, partitionCount: number) {
    this.shell = new GroupShell(() => config, mutation);
    this.shell.topics.set(topic, partitionCount);
    this.#follower = { table: this.shell.newTable(), at: 0 };
  }

  get topicId(): string {
    return this.shell.topics.byName(topic)?.id ?? ZERO_UUID;
  }

  get partitions(): readonly number[] {
    return [...Array(this.shell.topics.byName(topic)?.partitionCount ?? 0).keys()];
  }

  /** The next partition. */
  grow(): void {
    this.shell.topics.set(topic, this.partitions.length + 1);
  }

  /** Asks; `hear` is told the answer, now or later. Returns the number of the request. */
  ask<Response extends GroupResponse>(
    decide: Decide<Response>,
    hear: ((response: Response) => void) | undefined,
  ): number {
    const at = this.shell.at<Response>();
    const { id } = at.asked;
    this.#open.set(id, hear as Hear | undefined);
    this.#carryOut(decide(this.shell.table, at));
    return id;
  }

  /** Whether the request still waits for its answer. */
  isOpen(id: number | undefined): boolean {
    return id !== undefined && this.#open.has(id);
  }

  /** Gives up on the request: nobody hears of its answer. */
  hangUp(id: number | undefined): void {
    if (id !== undefined && this.#open.has(id)) this.#open.set(id, undefined);
  }

  /** How far `partition` is committed, as a client reads it. */
  committed(partition: number): number {
    const { topics } = this.shell.table.fetchOffsets({
      groupId,
      memberId: null,
      memberEpoch: -1,
      topics: [{ name: topic, topicId: ZERO_UUID, partitionIndexes: [partition] }],
      requireStable: false,
    });
    return Number(topics[0]?.partitions[0]?.committedOffset ?? -1);
  }

  /** Moves time on, deadline by deadline. */
  passTime(forMs: number): void {
    const { shell } = this;
    const endMs = shell.nowMs + forMs;
    for (let ticks = 0;; ticks++) {
      law(ticks < 1_000, "time stands still");
      const dueMs = shell.table.nextDeadlineMs() ?? Infinity;
      if (dueMs > endMs) break;
      shell.nowMs = Math.max(dueMs, shell.nowMs);
      this.#carryOut(shell.table.onTick(shell.nowMs));
    }
    shell.nowMs = endMs;
  }

  /** How long until something is due; undefined: nothing is. */
  dueInMs(): number | undefined {
    const dueMs = this.shell.table.nextDeadlineMs() ?? Infinity;
    const inMs = Math.max(0, dueMs - this.shell.nowMs);
    return inMs < 1e9 ? inMs : undefined;
  }

  /** The coordinator starts anew: connections are gone, and answers with them. */
  restart(): void {
    this.#open.clear();
    this.#follower = { table: this.shell.newTable(), at: 0 };
    this.#takeBatches(this.shell.restart());
  }

  /** What a start would read now. */
  followed(): GroupTable {
    const { table, at } = this.#follower;
    this.#follower.at = this.shell.log.length;
    this.shell.readInto(table, at);
    return table;
  }

  /** Laws that hold between any two events. `holders` have a partition, and may want to commit. */
  check(holders: readonly { readonly who: Committer; readonly partitions: Iterable<number> }[]) {
    const { table } = this.shell;
    table.assertConsistent();
    for (const partition of this.partitions) {
      const known = this.#committed.get(partition) ?? -1;
      law(this.committed(partition) === known, "a committed offset is not what was committed");
    }
    const owners = new Set<number>();
    for (const { who, partitions } of holders) {
      for (const partition of partitions) {
        if (!this.#mayCommit(who, partition)) continue;
        law(!owners.has(partition), "two clients may commit for one partition");
        owners.add(partition);
      }
    }
  }

  /** A commit of one partition. */
  commitOf(
    who: Committer,
    offsets: ReadonlyMap<number, number>,
  ): Decide<OffsetCommitResponse> {
    const request = commitRequest(who, { topicId: this.topicId, offsets });
    return (table, at) => table.commitOffsets({ request, apiVersion: 9 }, at);
  }

  #mayCommit(who: Committer, partition: number): boolean {
    const offsets = new Map([[partition, 0]]);
    const request = commitRequest(who, { topicId: this.topicId, offsets });
    const at = { nowMs: this.shell.nowMs, asked: { id: 0 } as Asked<never> };
    return this.shell.table.commitOffsets({ request, apiVersion: 9 }, at).records.length > 0;
  }

  #carryOut(decision: GroupDecision): void {
    this.#takeBatches(this.shell.carryOut(decision));
  }

  #takeBatches({ answers, batches }: ReturnType<GroupShell["carryOut"]>): void {
    for (const { records, errorCode } of batches) {
      if (errorCode !== ErrorCode.NONE) continue;
      const mayBeginAnew = this.#members.size === 0 && !records.some(isOfGroup);
      for (const record of records) this.#take(record, { mayBeginAnew });
    }
    for (const { to, response } of answers) {
      law(this.#open.has(to.id), "an answer to nobody, or a second one");
      const hear = this.#open.get(to.id);
      this.#open.delete(to.id);
      hear?.(response);
    }
  }

  /** A record that the log has taken. */
  #take(
    record: GroupCoordinatorRecord,
    { mayBeginAnew }: { readonly mayBeginAnew: boolean },
  ): void {
    if (record.type === "OffsetCommit") {
      if (record.value === null) return;
      const { partition } = record.key;
      const offset = Number(record.value.offset);
      law(offset >= (this.#committed.get(partition) ?? -1), "a committed offset goes back");
      this.#committed.set(partition, offset);
    } else if (record.type === "GroupMetadata") {
      if (record.value === null) {
        if (this.#isEmpty && mayBeginAnew) this.#epoch = 0;
        return;
      }
      this.#grow(record.value.generation);
      this.#isEmpty = record.value.members.length === 0;
    } else if (record.type === "ConsumerGroupMemberMetadata") {
      const { memberId } = record.key;
      if (record.value === null) this.#members.delete(memberId);
      else this.#members.add(memberId);
    } else if (record.type === "ConsumerGroupMetadata") {
      // After a group that ended while nobody was in it another one begins anew.
      if (record.value === null && mayBeginAnew) this.#epoch = 0;
      if (record.value === null) return;
      this.#grow(record.value.epoch);
      this.#isEmpty = false;
    }
  }

  #grow(epoch: number): void {
    law(epoch >= this.#epoch, "an epoch of the group went back");
    this.#epoch = epoch;
  }
}

/** Whether there is a group after this record. */
function isOfGroup({ type, value }: GroupCoordinatorRecord): boolean {
  return (type === "GroupMetadata" || type === "ConsumerGroupMetadata") && value !== null;
}

function commitRequest(
  { memberId, groupInstanceId, generationIdOrMemberEpoch }: Committer,
  { topicId, offsets }: { topicId: string; offsets: ReadonlyMap<number, number> },
): OffsetCommitRequest {
  return {
    groupId,
    generationIdOrMemberEpoch,
    memberId,
    groupInstanceId,
    retentionTimeMs: -1,
    topics: [{
      name: topic,
      topicId,
      partitions: [...offsets].map(([partitionIndex, committedOffset]) => ({
        partitionIndex,
        committedOffset,
        committedLeaderEpoch: -1,
        commitTimestamp: -1,
        committedMetadata: null,
      })),
    }],
  };
}
