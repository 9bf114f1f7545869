// A member of a group of the consumer protocol (KIP-848): the coordinator says what it is to have.
//
//   out (0) --heartbeat--> in (epoch n) --heartbeat--> an assignment: stale --join, onOwned-->
//    ^                        |                                heartbeat says what it has now
//    +-- unknown, fenced -----+
//
// Invariant: one heartbeat at a time, at the coordinator's interval, or at once when the member has
// changed what it holds. It goes on from the last answer: what did not change is not said again,
// but after a heartbeat without an answer everything is.

import type { PartitionId, Uuid } from "../../base/ids.ts";
import { uuidFromBytes } from "../../base/ids.ts";
import {
  ConsumerGroupHeartbeat,
  type ConsumerGroupHeartbeatRequest,
} from "../../protocol/apis/68_consumer_group_heartbeat.ts";
import { ErrorCode, type ResponseOf } from "../../protocol/mod.ts";
import type { Timer } from "../../runtime/ports.ts";
import type { Client } from "../client.ts";
import { checkCode, KafkaError } from "../faults.ts";
import type { Committer } from "../admin/group_offsets.ts";
import { isCoordinatorLoss } from "../coordinators.ts";
import { type Joined, type Membership, type Subscription, without } from "./membership.ts";
import { byTopic, type TopicPartition } from "../topic_partition.ts";
import { backoffOf, sleep } from "../retry.ts";
import { TopicIds } from "../topic_ids.ts";

export interface ConsumerMembershipOptions {
  readonly groupId: string;
  readonly subscription: Subscription;
  readonly groupInstanceId: string | null;
  /** Where it stands; null: it does not say. */
  readonly rack: string | null;
  /** How long the reader may stay away, and may take to give partitions up. */
  readonly rebalanceTimeoutMs: number;
  /** The broker's assignor, such as `uniform` or `range`; null is its first one. */
  readonly assignor: string | null;
  /** What it is to have has changed. */
  readonly onStale: () => void;
}

type Request = Partial<ConsumerGroupHeartbeatRequest>;
type Response = ResponseOf<typeof ConsumerGroupHeartbeat>;
type Assigned = readonly { readonly topicId: Uuid; readonly partitions: readonly PartitionId[] }[];

const joining = 0;
const leaving = -1;
/** A static member leaves for a while. */
const pausing = -2;
const leaveTimeoutMs = 1500;

export class ConsumerMembership implements Membership {
  /** It goes on with what it has, and gives up what it is told to. */
  readonly isEager = false;
  readonly lane: string;
  readonly #client: Client;
  readonly #options: ConsumerMembershipOptions;
  readonly #memberId: string;
  readonly #topics: TopicIds;
  #epoch = joining;
  #isStale = true;
  #isOut = false;
  /** As the coordinator told last. */
  #assigned: Assigned = [];
  #owned: readonly TopicPartition[] = [];
  /** Whether the next heartbeat says everything. */
  #saysAll = true;
  #intervalMs = 1000;
  #timer: Timer | undefined;
  #beating: Promise<void> | undefined;
  #lastPollMs: number;
  #failures = 0;
  #fault: unknown;
  #isClosed = false;

  constructor(client: Client, options: ConsumerMembershipOptions) {
    this.#client = client;
    this.#options = options;
    this.lane = client.newLane("group");
    this.#memberId = uuidFromBytes(client.ports.random.bytes(16));
    this.#topics = new TopicIds(client);
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
    const isIn = this.#epoch > joining;
    return {
      memberId: isIn ? this.#memberId : "",
      generation: isIn ? this.#epoch : -1,
      groupInstanceId,
    };
  }

  onPoll(): void {
    this.#lastPollMs = this.#client.ports.clock.monotonic();
  }

  async join(owned: readonly TopicPartition[]): Promise<Joined> {
    this.onPoll();
    const isFresh = this.#epoch <= joining;
    this.#owned = isFresh ? [] : owned;
    this.#isOut = false;
    while (this.#epoch <= joining && !this.#isClosed) {
      await this.#beat();
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#epoch > joining) break;
      const { random, timers } = this.#client.ports;
      await sleep(timers, backoffOf(this.#failures, { random }));
    }
    if (this.#fault !== undefined) throw this.#fault;
    this.#isStale = false;
    const partitions: TopicPartition[] = [];
    const assigned = this.#assigned;
    const names = await this.#topics.namesOf(assigned.map(({ topicId }) => topicId));
    for (const { topicId, partitions: theirs } of assigned) {
      const topic = names.get(topicId);
      // One that was deleted meanwhile: the next assignment is without it.
      if (topic === undefined) continue;
      for (const partition of theirs) partitions.push({ topic, partition });
    }
    return { partitions, isFresh };
  }

  onOwned(owned: readonly TopicPartition[]): void {
    const isSame = owned.length === this.#owned.length && without(owned, this.#owned).length === 0;
    this.#owned = owned;
    if (isSame) return;
    this.#saysAll = true;
    this.#schedule(0);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    // A heartbeat that is under way may be the one that lets it in: it is known then.
    await this.#beating;
    if (this.#epoch > joining) await this.#leave();
    this.#client.closeLane(this.lane);
  }

  async #leave(): Promise<void> {
    const { groupInstanceId } = this.#options;
    const memberEpoch = groupInstanceId === null ? leaving : pausing;
    this.#epoch = joining;
    try {
      await this.#send({ memberEpoch }, leaveTimeoutMs);
    } catch {
      // The session timeout does it for us.
    }
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    this.#timer = this.#client.ports.timers.after(delayMs, () => {
      this.#beat();
    });
  }

  /** One heartbeat, and the next one arranged for. */
  #beat(): Promise<void> {
    this.#timer?.cancel();
    this.#beating ??= this.#exchange().finally(() => this.#beating = undefined);
    return this.#beating;
  }

  async #exchange(): Promise<void> {
    const { clock } = this.#client.ports;
    const { rebalanceTimeoutMs } = this.#options;
    if (this.#epoch > joining && clock.monotonic() - this.#lastPollMs > rebalanceTimeoutMs) {
      // As max.poll.interval.ms: a reader that is stuck gives its partitions up.
      await this.#leave();
      this.#onOut();
      return;
    }
    const saidAll = this.#saysAll;
    this.#saysAll = false;
    try {
      const content = saidAll || this.#epoch === joining ? this.#everything() : {};
      const answer = await this.#send({ memberEpoch: this.#epoch, ...content });
      checkCode(answer.errorCode, this.#about, answer.errorMessage);
      this.#failures = 0;
      this.#onAnswer(answer);
    } catch (error) {
      this.#saysAll = true;
      this.#failures++;
      this.#onFailure(error);
    }
    const { random } = this.#client.ports;
    const hasFailed = this.#failures > 0;
    const isDue = this.#saysAll && !hasFailed;
    if (this.#epoch <= joining || this.#isClosed) return;
    const pauseMs = hasFailed ? backoffOf(this.#failures, { random }) : this.#intervalMs;
    this.#schedule(isDue ? 0 : pauseMs);
  }

  get #about(): string {
    return `be in group ${this.#options.groupId}`;
  }

  #everything(): Request {
    const { subscription, rebalanceTimeoutMs, assignor } = this.#options;
    const isRegex = subscription instanceof RegExp;
    const topicPartitions = [];
    for (const [topic, theirs] of byTopic(this.#owned)) {
      const topicId = this.#topics.idOf(topic);
      if (topicId === undefined) continue;
      topicPartitions.push({ topicId, partitions: theirs.map(({ partition }) => partition) });
    }
    return {
      rebalanceTimeoutMs,
      subscribedTopicNames: isRegex ? [] : [...subscription],
      subscribedTopicRegex: isRegex ? subscription.source : undefined,
      serverAssignor: assignor,
      topicPartitions: this.#epoch === joining ? [] : topicPartitions,
    };
  }

  async #send(request: Request, timeoutMs?: number): Promise<Response> {
    const { groupId, groupInstanceId, rack: rackId } = this.#options;
    const to = await this.#client.coordinatorOf(groupId);
    const fields = { groupId, memberId: this.#memberId, instanceId: groupInstanceId };
    return await this.#client.request(ConsumerGroupHeartbeat, {
      rackId,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: null,
      memberEpoch: joining,
      ...fields,
      ...request,
    }, { to, lane: this.lane, timeoutMs });
  }

  #onAnswer(answer: Response): void {
    this.#epoch = answer.memberEpoch;
    this.#intervalMs = answer.heartbeatIntervalMs;
    if (answer.assignment === null) return;
    this.#assigned = answer.assignment.topicPartitions;
    this.#setStale();
  }

  #onFailure(error: unknown): void {
    const { groupId } = this.#options;
    if (isCoordinatorLoss(error)) return this.#client.forgetCoordinator(groupId);
    const code = error instanceof KafkaError ? error.errorCode : ErrorCode.UNKNOWN_SERVER_ERROR;
    switch (code) {
      case ErrorCode.FENCED_MEMBER_EPOCH:
      case ErrorCode.UNKNOWN_MEMBER_ID:
        return this.#onOut();
      case ErrorCode.UNRELEASED_INSTANCE_ID:
        return;
      default:
        this.#fault = error;
        this.#setStale();
    }
  }

  /** It is no member any more; the next join makes it one. */
  #onOut(): void {
    this.#epoch = joining;
    this.#assigned = [];
    this.#isOut = true;
    this.#setStale();
  }

  #setStale(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    this.#options.onStale();
  }
}
