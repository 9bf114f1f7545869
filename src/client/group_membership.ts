// A member of a classic consumer group, as the client lives it.
//
//   out --join--> joining --JoinGroup, SyncGroup--> stable --heartbeat says rebalance--> out of
// date
//    ^               |  (79: same again with the given id)       |                          |
//    +---------------+---- unknown member, old generation -------+<--------- join ----------+
//
// Invariant: heartbeats run while stable and out of date, never while joining. The owner learns of
// a rebalance by `onStale` and joins again when its reader comes back for records, so that what was
// handed out can be committed before partitions move.

import type { PartitionId } from "../base/ids.ts";
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  ErrorCode,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  type ResponseOf,
  SyncGroup,
} from "../protocol/mod.ts";
import type { Timer } from "../runtime/ports.ts";
import { type Assignor, assignors } from "./assignors.ts";
import type { Client } from "./client.ts";
import { checkCode, KafkaError } from "./faults.ts";
import { type Committer, isCoordinatorLoss, withCoordinator } from "./group_offsets.ts";
import type { TopicPartition } from "./offsets.ts";
import { backoffOf, sleep } from "./retry.ts";

export interface MembershipOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  /** How long the reader may stay away, and how long a rebalance waits for it. */
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** Assignors offered, the preferred one first. */
  readonly assignors: readonly ("range" | "roundrobin")[];
  readonly allowCreateTopics: boolean;
  /** The assignment is out of date. */
  readonly onStale: () => void;
}

const protocolType = "consumer";

export class GroupMembership {
  readonly #client: Client;
  readonly #options: MembershipOptions;
  readonly #lane: string;
  #memberId = "";
  #generation = -1;
  #isStale = true;
  #heartbeat: Timer | undefined;
  #lastPollMs: number;
  /** As the leader saw it when it assigned; undefined for others. */
  #partitionCounts: Map<string, number> | undefined;
  #closed = false;

  constructor(client: Client, options: MembershipOptions) {
    this.#client = client;
    this.#options = options;
    this.#lane = client.newLane("group");
    this.#lastPollMs = client.ports.clock.monotonic();
  }

  /** Whether {@link join} is due before more records are handed out. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** Who commits. */
  get committer(): Committer {
    const { groupInstanceId } = this.#options;
    return { memberId: this.#memberId, generation: this.#generation, groupInstanceId };
  }

  /** The lane of the group's requests, for commits. */
  get lane(): string {
    return this.#lane;
  }

  /** The reader has come for records: it is alive. */
  onPoll(): void {
    this.#lastPollMs = this.#client.ports.clock.monotonic();
  }

  /**
   * Enters the group's next generation and returns the partitions assigned. Repeats through lost
   * coordinators and rebalances; throws a KafkaError for what cannot be cured, such as a static
   * member whose place was taken.
   */
  async join(): Promise<TopicPartition[]> {
    this.#stopHeartbeat();
    for (let attempt = 1;; attempt++) {
      try {
        const assignment = await this.#joinOnce();
        this.#isStale = false;
        this.onPoll();
        this.#scheduleHeartbeat();
        return assignment;
      } catch (error) {
        if (this.#closed || !this.#isCurable(error)) throw error;
        if (error instanceof KafkaError && error.code === ErrorCode.MEMBER_ID_REQUIRED) continue;
        const { random, timers } = this.#client.ports;
        await sleep(timers, backoffOf(attempt, { random }));
      }
    }
  }

  /** Leaves the group, best effort; a static member keeps its place until its session times out. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopHeartbeat();
    // Ends a join that is under way: its answer would wait for the whole rebalance.
    this.#client.closeLane(this.#lane);
    if (this.#options.groupInstanceId === null) await this.#leave("the consumer is closing");
    this.#client.closeLane(this.#lane);
  }

  async #leave(reason: string): Promise<void> {
    const { groupId, groupInstanceId } = this.#options;
    const memberId = this.#memberId;
    if (memberId === "") return;
    this.#forgetMember();
    try {
      const to = await this.#client.coordinatorOf(groupId);
      const members = [{ memberId, groupInstanceId, reason }];
      const target = { to, lane: this.#lane, timeoutMs: 1500 };
      await this.#client.request(LeaveGroup, { groupId, members }, target);
    } catch {
      // The session timeout does it for us.
    }
  }

  /** Draws the consequences of a failed join; whether another attempt may succeed. */
  #isCurable(error: unknown): boolean {
    if (isCoordinatorLoss(error)) {
      this.#client.forgetCoordinator(this.#options.groupId);
      return true;
    }
    if (!(error instanceof KafkaError)) return false;
    if (isForgotten(error.code)) {
      this.#forgetMember();
      return true;
    }
    return error.code === ErrorCode.MEMBER_ID_REQUIRED ||
      error.code === ErrorCode.REBALANCE_IN_PROGRESS;
  }

  async #joinOnce(): Promise<TopicPartition[]> {
    const { groupId, groupInstanceId, rebalanceTimeoutMs, topics } = this.#options;
    const about = `join group ${groupId}`;
    const joined = await withCoordinator(this.#client, async (to) => {
      const answer = await this.#client.request(JoinGroup, {
        groupId,
        groupInstanceId,
        memberId: this.#memberId,
        sessionTimeoutMs: this.#options.sessionTimeoutMs,
        rebalanceTimeoutMs,
        protocolType,
        protocols: this.#options.assignors.map((name) => ({
          name,
          metadata: encodeSubscription({ topics: [...topics] }, 0),
        })),
      }, { to, lane: this.#lane, timeoutMs: rebalanceTimeoutMs + 10_000 });
      if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.#memberId = answer.memberId;
      checkCode(answer.errorCode, about);
      return answer;
    }, { groupId });
    this.#memberId = joined.memberId;
    this.#generation = joined.generationId;
    const assignments = joined.leader === joined.memberId && !joined.skipAssignment
      ? await this.#assign(joined)
      : [];
    const synced = await withCoordinator(this.#client, async (to) => {
      const answer = await this.#client.request(SyncGroup, {
        groupId,
        generationId: this.#generation,
        memberId: this.#memberId,
        groupInstanceId,
        protocolType,
        protocolName: joined.protocolName,
        assignments,
      }, { to, lane: this.#lane, timeoutMs: rebalanceTimeoutMs + 10_000 });
      checkCode(answer.errorCode, about);
      return answer;
    }, { groupId });
    if (synced.assignment.length === 0) return [];
    return decodeAssignment(synced.assignment).assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition: PartitionId) => ({ topic, partition }))
    );
  }

  /** The leader's part: shares the partitions of all members' topics out. */
  async #assign(joined: ResponseOf<typeof JoinGroup>) {
    const assignor: Assignor | undefined = assignors.get(joined.protocolName ?? "");
    if (assignor === undefined) {
      throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "assign partitions");
    }
    const members = joined.members.map(({ memberId, groupInstanceId, metadata }) => ({
      memberId,
      groupInstanceId,
      topics: decodeSubscription(metadata).topics,
    }));
    const names = [...new Set(members.flatMap((member) => member.topics))];
    const { topics } = await this.#client.retrying(() =>
      this.#client.fetchMetadata(names, { allowCreate: this.#options.allowCreateTopics })
    );
    const counts = new Map(names.map((name) => [name, 0]));
    for (const topic of topics) counts.set(topic.name, topic.partitions.length);
    this.#partitionCounts = counts;
    const assignment = assignor.assign(members, counts);
    return [...assignment].map(([memberId, theirs]) => ({
      memberId,
      assignment: encodeAssignment({
        assignedPartitions: [...theirs].map(([topic, partitions]) => ({ topic, partitions })),
      }, 0),
    }));
  }

  #scheduleHeartbeat(): void {
    if (this.#closed) return;
    this.#heartbeat = this.#client.ports.timers.after(
      this.#options.heartbeatIntervalMs,
      () => this.#beat(),
    );
  }

  #stopHeartbeat(): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
    this.#partitionCounts = undefined;
  }

  async #beat(): Promise<void> {
    const { groupId, groupInstanceId, rebalanceTimeoutMs } = this.#options;
    const beating = this.#heartbeat;
    const awayMs = this.#client.ports.clock.monotonic() - this.#lastPollMs;
    if (awayMs > rebalanceTimeoutMs) {
      // As max.poll.interval.ms: a reader that is stuck gives its partitions up.
      this.#setStale();
      await this.#leave(`no poll within ${rebalanceTimeoutMs} ms`);
      return;
    }
    if (this.#hasNewPartitions()) this.#setStale();
    try {
      const to = await this.#client.coordinatorOf(groupId);
      const answer = await this.#client.request(Heartbeat, {
        groupId,
        generationId: this.#generation,
        memberId: this.#memberId,
        groupInstanceId,
      }, { to, lane: this.#lane });
      if (this.#heartbeat !== beating) return;
      if (isForgotten(answer.errorCode)) this.#forgetMember();
      if (answer.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) this.#setStale();
      else checkCode(answer.errorCode, `heartbeat in group ${groupId}`);
    } catch (error) {
      if (this.#heartbeat !== beating) return;
      if (isCoordinatorLoss(error)) this.#client.forgetCoordinator(groupId);
      else this.#setStale(); // the join that follows says what is wrong
    }
    if (this.#heartbeat === beating) this.#scheduleHeartbeat();
  }

  /** Whether a topic of the group has changed since this leader assigned its partitions. */
  #hasNewPartitions(): boolean {
    for (const [name, count] of this.#partitionCounts ?? []) {
      const topic = this.#client.cachedTopic(name);
      if (topic === undefined) this.#client.refreshTopic(name);
      else if (topic.partitions.length !== count) return true;
    }
    return false;
  }

  #setStale(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    this.#options.onStale();
  }

  #forgetMember(): void {
    this.#memberId = "";
    this.#generation = -1;
    this.#setStale();
  }
}

/** The coordinator no longer knows the member, or not in this generation. */
function isForgotten(code: ErrorCode): boolean {
  return code === ErrorCode.UNKNOWN_MEMBER_ID || code === ErrorCode.ILLEGAL_GENERATION;
}
