// A member of a share group (KIP-932): the coordinator says what it is to read, others may read
// the same.
//
//   out (0) --heartbeat--> in (epoch n) --heartbeat--> an assignment, at once in force
//    ^                        |
//    +-- unknown, fenced -----+
//
// Invariant: one heartbeat at a time, at the coordinator's interval; nobody waits for what a member
// gives up, so that an assignment is not answered. It is told once, to who says nothing of itself:
// a member that may have missed it says all again, and is told all again.

import { uuidFromBytes } from "../../base/ids.ts";
import { ShareGroupHeartbeat } from "../../protocol/apis/76_share_group_heartbeat.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Timer } from "../../runtime/ports.ts";
import type { Client } from "../client.ts";
import { checkCode, KafkaError } from "../faults.ts";
import { isCoordinatorLoss } from "../coordinators.ts";
import type { TopicPartition } from "../topic_partition.ts";
import { backoffOf } from "../retry.ts";
import { TopicIds } from "../topic_ids.ts";

export interface ShareMembershipOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** What to read from now on. */
  readonly onAssigned: (partitions: readonly TopicPartition[]) => void;
  /** It cannot be a member. */
  readonly onFault: (error: unknown) => void;
}

const joining = 0;
const leaving = -1;
const leaveTimeoutMs = 1500;

export class ShareMembership {
  readonly memberId: string;
  readonly topicIds: TopicIds;
  /** The connection of its heartbeats. */
  readonly lane: string;
  readonly #client: Client;
  readonly #options: ShareMembershipOptions;
  #epoch = joining;
  /** Whether it surely knows what it is to read, as of its last heartbeat. */
  #isTold = false;
  #failures = 0;
  #timer: Timer | undefined;
  #beating: Promise<void> | undefined;
  #isClosed = false;

  constructor(client: Client, options: ShareMembershipOptions) {
    this.#client = client;
    this.#options = options;
    this.lane = client.newLane("group");
    this.memberId = uuidFromBytes(client.ports.random.bytes(16));
    this.topicIds = new TopicIds(client);
  }

  /** Joins the group, and stays in it until {@link close}. */
  start(): void {
    this.#beating ??= this.#beat();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    // A heartbeat that is under way may be the one that lets it in: it is known then.
    await this.#beating;
    if (this.#epoch > joining) {
      try {
        await this.#send(leaving, { isTold: true, timeoutMs: leaveTimeoutMs });
      } catch {
        // The session timeout does it for us.
      }
    }
    this.#client.closeLane(this.lane);
  }

  async #beat(): Promise<void> {
    let intervalMs: number | undefined;
    const wasTold = this.#isTold;
    this.#isTold = false;
    try {
      const answer = await this.#send(this.#epoch, { isTold: wasTold });
      checkCode(answer.errorCode, `be in group ${this.#options.groupId}`, answer.errorMessage);
      this.#epoch = answer.memberEpoch;
      this.#failures = 0;
      intervalMs = answer.heartbeatIntervalMs;
      this.#isTold = answer.assignment === null
        ? wasTold
        : await this.#onAssignment(answer.assignment.topicPartitions);
    } catch (error) {
      this.#failures++;
      if (!this.#isCurable(error)) return this.#options.onFault(error);
    }
    if (this.#isClosed) return;
    const { random, timers } = this.#client.ports;
    const pauseMs = intervalMs ?? backoffOf(this.#failures, { random });
    this.#timer = timers.after(pauseMs, () => this.#beating = this.#beat());
  }

  /** Whether all of it is known by name: a broker may not have heard of a topic yet. */
  async #onAssignment(
    assigned: readonly { topicId: string; partitions: readonly number[] }[],
  ): Promise<boolean> {
    const names = await this.topicIds.namesOf(assigned.map(({ topicId }) => topicId));
    this.#options.onAssigned(assigned.flatMap(({ topicId, partitions }) => {
      const topic = names.get(topicId);
      return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }));
    }));
    return assigned.every(({ topicId }) => names.has(topicId));
  }

  async #send(
    memberEpoch: number,
    { isTold, timeoutMs }: { readonly isTold: boolean; readonly timeoutMs?: number },
  ) {
    const { groupId, topics } = this.#options;
    const to = await this.#client.coordinatorOf(groupId);
    return await this.#client.request(ShareGroupHeartbeat, {
      groupId,
      memberId: this.memberId,
      memberEpoch,
      rackId: null,
      subscribedTopicNames: memberEpoch === joining || !isTold ? [...topics] : null,
    }, { to, lane: this.lane, timeoutMs });
  }

  #isCurable(error: unknown): boolean {
    if (isCoordinatorLoss(error)) {
      this.#client.forgetCoordinator(this.#options.groupId);
      return true;
    }
    const isOut = error instanceof KafkaError &&
      (error.errorCode === ErrorCode.UNKNOWN_MEMBER_ID ||
        error.errorCode === ErrorCode.FENCED_MEMBER_EPOCH);
    if (isOut) {
      this.#epoch = joining;
      this.#options.onAssigned([]);
    }
    return isOut;
  }
}
