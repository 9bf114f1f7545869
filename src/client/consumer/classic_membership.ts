// A member of a classic consumer group.
//
//   out --join--> joining --JoinGroup, SyncGroup--> stable --heartbeat says rebalance--> out of
// date
//    ^               |  (79: same again with the given id)       |                          |
//    +---------------+---- unknown member, old generation -------+<--------- join ----------+
//
// Invariant: heartbeats run while stable and out of date, never while joining. An eager member
// joins with nothing in hand; a cooperative one (KIP-429) keeps what it has, gives up what the
// leader did not give it again, and then joins once more, so that somebody else may have it.

import type { PartitionId } from "../../base/ids.ts";
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
} from "../../protocol/mod.ts";
import type { Timer } from "../../runtime/ports.ts";
import { type Assignor, rangeAssignor, roundRobinAssignor } from "./assignors.ts";
import type { Client } from "../client.ts";
import { checkCode, KafkaError } from "../faults.ts";
import type { Committer } from "../admin/group_offsets.ts";
import { isCoordinatorLoss, withCoordinator } from "../coordinators.ts";
import type { Joined, Membership, Subscription } from "./membership.ts";
import { byTopic, type TopicPartition } from "../topic_partition.ts";
import { backoffOf, sleep } from "../retry.ts";
import { cooperativeStickyAssignor } from "./sticky_assignor.ts";

/** How partitions are shared out in a classic group. */
export type AssignorName = "range" | "roundrobin" | "cooperative-sticky";

/** Those that there are. */
export const assignorNames: readonly AssignorName[] = ["range", "roundrobin", "cooperative-sticky"];

const assignors: ReadonlyMap<string, Assignor> = new Map(
  [rangeAssignor, roundRobinAssignor, cooperativeStickyAssignor]
    .map((assignor) => [assignor.name, assignor]),
);

export interface ClassicMembershipOptions {
  readonly groupId: string;
  /** Where it stands, for assignors (KIP-881). */
  readonly rack: string | null;
  readonly subscription: Subscription;
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  /** How long the reader may stay away, and how long a rebalance waits for it. */
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** Assignors offered, the preferred one first. */
  readonly assignors: readonly AssignorName[];
  readonly allowCreateTopics: boolean;
  /** The assignment is out of date. */
  readonly onStale: () => void;
}

const protocolType = "consumer";

export class ClassicMembership implements Membership {
  readonly #client: Client;
  readonly #options: ClassicMembershipOptions;
  readonly #lane: string;
  /** Of all its assignors each must leave members what they have. */
  readonly isEager: boolean;
  #memberId = "";
  #generation = -1;
  #isOut = false;
  /** Those that match the expression, as of the last join. */
  #topics: readonly string[] = [];
  #topicsReadMs = 0;
  #isStale = true;
  #heartbeat: Timer | undefined;
  #lastPollMs: number;
  /** As the leader saw it when it assigned; undefined for others. */
  #partitionCounts: Map<string, number> | undefined;
  #closed = false;

  constructor(client: Client, options: ClassicMembershipOptions) {
    this.#client = client;
    this.#options = options;
    this.#lane = client.newLane("group");
    this.isEager = options.assignors.some((name) => !assignors.get(name)?.isCooperative);
    this.#lastPollMs = client.ports.clock.monotonic();
  }

  get isStale(): boolean {
    return this.#isStale;
  }

  get isOut(): boolean {
    return this.#isOut;
  }

  get committer(): Committer {
    const { groupInstanceId } = this.#options;
    return { memberId: this.#memberId, generation: this.#generation, groupInstanceId };
  }

  get lane(): string {
    return this.#lane;
  }

  onPoll(): void {
    this.#lastPollMs = this.#client.ports.clock.monotonic();
  }

  async join(owned: readonly TopicPartition[]): Promise<Joined> {
    this.#stopHeartbeat();
    let isFresh = this.#memberId === "";
    for (let attempt = 1;; attempt++) {
      try {
        const partitions = await this.#joinOnce(isFresh ? [] : owned);
        this.#isStale = this.#isOut = false;
        this.onPoll();
        this.#scheduleHeartbeat();
        return { partitions, isFresh };
      } catch (error) {
        if (this.#closed || !this.#isCurable(error)) throw error;
        isFresh ||= this.#isOut;
        if (error instanceof KafkaError && error.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
          continue;
        }
        const { random, timers } = this.#client.ports;
        await sleep(timers, backoffOf(attempt, { random }));
      }
    }
  }

  /** Once it has given up something, somebody waits for it: the group assigns again. */
  onOwned(_owned: readonly TopicPartition[], hasRevoked: boolean): void {
    if (hasRevoked && !this.isEager) this.#setStale();
  }

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
    if (isForgotten(error.errorCode)) {
      this.#forgetMember();
      return true;
    }
    return error.errorCode === ErrorCode.MEMBER_ID_REQUIRED ||
      error.errorCode === ErrorCode.REBALANCE_IN_PROGRESS;
  }

  async #joinOnce(owned: readonly TopicPartition[]): Promise<TopicPartition[]> {
    const { groupId, groupInstanceId, rebalanceTimeoutMs } = this.#options;
    const about = `join group ${groupId}`;
    const topics = await this.#client.retrying(() => this.#findTopics());
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
          metadata: this.#subscriptionOf({ topics, owned }),
        })),
      }, { to, lane: this.#lane, timeoutMs: rebalanceTimeoutMs + 10_000 });
      if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.#memberId = answer.memberId;
      checkCode(answer.errorCode, about);
      return answer;
    }, { key: groupId });
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
    }, { key: groupId });
    if (synced.assignment.length === 0) return [];
    return decodeAssignment(synced.assignment).assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition: PartitionId) => ({ topic, partition }))
    );
  }

  #subscriptionOf(of: { topics: readonly string[]; owned: readonly TopicPartition[] }): Uint8Array {
    const topics = [...of.topics];
    const { rack: rackId } = this.#options;
    if (this.isEager && rackId === null) return encodeSubscription({ topics }, 0);
    return encodeSubscription({
      topics,
      rackId,
      ownedPartitions: [...byTopic(of.owned)].map(([topic, theirs]) => ({
        topic,
        partitions: theirs.map(({ partition }) => partition),
      })),
      generationId: this.#generation,
    });
  }

  async #findTopics(): Promise<readonly string[]> {
    const { subscription } = this.#options;
    if (!(subscription instanceof RegExp)) return subscription;
    this.#topicsReadMs = this.#client.ports.clock.monotonic();
    const { topics } = await this.#client.fetchMetadata(null);
    this.#topics = topics
      .filter(({ name, isInternal }) => !isInternal && matches(subscription, name))
      .map(({ name }) => name)
      .sort();
    return this.#topics;
  }

  /** The leader's part: shares the partitions of all members' topics out. */
  async #assign(joined: ResponseOf<typeof JoinGroup>) {
    const assignor: Assignor | undefined = assignors.get(joined.protocolName ?? "");
    if (assignor === undefined) {
      throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "assign partitions");
    }
    const members = joined.members.map(({ memberId, groupInstanceId, metadata }) => {
      const { topics, ownedPartitions, generationId } = decodeSubscription(metadata);
      const owned = ownedPartitions.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition }))
      );
      return { memberId, groupInstanceId, topics, owned, generation: generationId };
    });
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
    try {
      if (this.#hasNewPartitions() || await this.#hasNewTopics()) this.#setStale();
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

  /** Whether the expression matches other topics than it did, looked up when that is old. */
  async #hasNewTopics(): Promise<boolean> {
    const { clock } = this.#client.ports;
    if (!(this.#options.subscription instanceof RegExp)) return false;
    const ageMs = clock.monotonic() - this.#topicsReadMs;
    if (ageMs < this.#client.options.metadataAgeMsMax) return false;
    const known = this.#topics.join();
    return (await this.#findTopics()).join() !== known;
  }

  #setStale(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    this.#options.onStale();
  }

  #forgetMember(): void {
    this.#memberId = "";
    this.#generation = -1;
    this.#isOut = true;
    this.#setStale();
  }
}

/** The coordinator no longer knows the member, or not in this generation. */
function isForgotten(code: ErrorCode): boolean {
  return code === ErrorCode.UNKNOWN_MEMBER_ID || code === ErrorCode.ILLEGAL_GENERATION;
}

/** Whether the whole of `name` matches, as brokers read such expressions. */
function matches({ source, flags }: RegExp, name: string): boolean {
  return new RegExp(`^(?:${source})$`, flags.replace(/[gy]/g, "")).test(name);
}
