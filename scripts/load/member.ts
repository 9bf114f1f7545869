// A member of a group by raw frames: thousands of them cost little, and each does as a real client
// does, on a connection of its own.
//
//   classic    joins, syncs (who leads assigns round about), heartbeats; joins again when told
//   consumer   heartbeats; gives up what it is no longer to have, takes what it is given, says so
//
// Invariant: a member asks for one thing at a time, and rests for the heartbeat interval where it
// has heard of nothing that is left to be done.

import {
  decodeAssignment,
  encodeAssignment,
  encodeSubscription,
  ErrorCode,
  errorName,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  SyncGroup,
} from "../../src/protocol/mod.ts";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { RawClient, type Reachable } from "../../tests/harness/raw_client.ts";

export type Protocol = "classic" | "consumer";

export interface MemberOptions {
  readonly protocol: Protocol;
  readonly group: string;
  readonly topic: string;
  readonly partitionCount: number;
  readonly heartbeatMs: number;
  /** How long a heartbeat of a member at rest took, in milliseconds. */
  readonly onBeat?: (ms: number) => void;
}

/** What a protocol has a member say. */
interface Talk {
  readonly held: ReadonlySet<number>;
  /** One request, or as many as belong together; true: there is more to be said at once. */
  step(): Promise<boolean>;
  leave(): Promise<void>;
}

const sessionTimeoutMs = 45_000;
const rebalanceTimeoutMs = 60_000;

export class LoadMember {
  readonly #client: RawClient;
  readonly #options: MemberOptions;
  readonly #talk: Talk;
  readonly #settled = Promise.withResolvers<void>();
  readonly #life: Promise<void>;
  #wake: (() => void) | undefined;
  #isLeaving = false;
  #isSettled = false;

  private constructor(client: RawClient, options: MemberOptions) {
    this.#client = client;
    this.#options = options;
    this.#talk = options.protocol === "classic"
      ? new ClassicTalk(client, options)
      : new ConsumerTalk(client, options);
    this.#life = this.#live();
    this.#life.catch((error) => this.#settled.reject(error));
  }

  static async enter(at: Reachable, options: MemberOptions): Promise<LoadMember> {
    return new LoadMember(await RawClient.connect(at), options);
  }

  get held(): ReadonlySet<number> {
    return this.#talk.held;
  }

  /** Whether it has heard of nothing that is left to be done. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Resolves once it has been settled. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Says goodbye. */
  async leave(): Promise<void> {
    await this.#fallSilent();
    await this.#talk.leave();
    this.#client[Symbol.dispose]();
  }

  /** Is gone without a word. */
  async end(): Promise<void> {
    await this.#fallSilent();
    this.#client[Symbol.dispose]();
  }

  async #fallSilent(): Promise<void> {
    this.#isLeaving = true;
    this.#wake?.();
    await this.#life;
  }

  async #live(): Promise<void> {
    const { heartbeatMs, onBeat } = this.#options;
    while (!this.#isLeaving) {
      const startMs = performance.now();
      const wasSettled = this.#isSettled;
      const isMore = await this.#talk.step();
      if (wasSettled && !isMore) onBeat?.(performance.now() - startMs);
      this.#isSettled = !isMore;
      if (isMore) continue;
      this.#settled.resolve();
      await this.#rest(this.#settledOnce ? heartbeatMs : Math.random() * heartbeatMs);
      this.#settledOnce = true;
    }
  }

  /** The first rest is shorter, so that members do not all speak at once. */
  #settledOnce = false;

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#isLeaving) this.#wake();
    });
  }
}

class ClassicTalk implements Talk {
  readonly #client: RawClient;
  readonly #options: MemberOptions;
  #memberId = "";
  #generation = -1;
  held: ReadonlySet<number> = new Set();

  constructor(client: RawClient, options: MemberOptions) {
    this.#client = client;
    this.#options = options;
  }

  async step(): Promise<boolean> {
    if (this.#generation < 0) return await this.#join();
    const { group } = this.#options;
    const { errorCode } = await this.#client.ask(Heartbeat, 4, {
      groupId: group,
      generationId: this.#generation,
      memberId: this.#memberId,
    });
    if (errorCode === ErrorCode.NONE) return false;
    this.#lose(errorCode);
    return true;
  }

  async leave(): Promise<void> {
    const members = [{ memberId: this.#memberId, groupInstanceId: null }];
    await this.#client.ask(LeaveGroup, 4, { groupId: this.#options.group, members });
  }

  /** Joins and syncs. */
  async #join(): Promise<boolean> {
    const { group, topic, partitionCount } = this.#options;
    this.held = new Set();
    const metadata = encodeSubscription({
      topics: [topic],
      userData: null,
      ownedPartitions: [],
      generationId: -1,
      rackId: null,
    }, 1);
    const joined = await this.#client.ask(JoinGroup, 7, {
      groupId: group,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata }],
    });
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.#memberId = joined.memberId;
    if (joined.errorCode !== ErrorCode.NONE) return this.#lose(joined.errorCode);
    this.#memberId = joined.memberId;
    const isLeader = joined.leader === joined.memberId;
    const led = isLeader ? joined.members.map(({ memberId }) => memberId) : [];
    const partitions = [...Array(partitionCount).keys()];
    const synced = await this.#client.ask(SyncGroup, 4, {
      groupId: group,
      generationId: joined.generationId,
      memberId: joined.memberId,
      assignments: led.map((memberId, i) => ({
        memberId,
        assignment: assignmentOf(topic, partitions.filter((id) => id % led.length === i)),
      })),
    });
    if (synced.errorCode !== ErrorCode.NONE) return this.#lose(synced.errorCode);
    this.#generation = joined.generationId;
    const { assignedPartitions } = decodeAssignment(synced.assignment);
    this.held = new Set(assignedPartitions.flatMap((each) => each.partitions));
    return false;
  }

  #lose(errorCode: ErrorCode): true {
    this.#generation = -1;
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.#memberId = "";
    const isExpected = errorCode === ErrorCode.REBALANCE_IN_PROGRESS ||
      errorCode === ErrorCode.MEMBER_ID_REQUIRED || errorCode === ErrorCode.ILLEGAL_GENERATION ||
      errorCode === ErrorCode.UNKNOWN_MEMBER_ID;
    if (!isExpected) throw new Error(`a member is told ${errorName(errorCode)}`);
    return true;
  }
}

class ConsumerTalk implements Talk {
  readonly #client: RawClient;
  readonly #options: MemberOptions;
  readonly #memberId: string = crypto.randomUUID();
  #epoch = 0;
  #owned: { topicId: string; partitions: number[] }[] = [];
  #saidOwned = "";

  constructor(client: RawClient, options: MemberOptions) {
    this.#client = client;
    this.#options = options;
  }

  get held(): ReadonlySet<number> {
    return new Set(this.#owned.flatMap(({ partitions }) => partitions));
  }

  async step(): Promise<boolean> {
    const isJoin = this.#epoch === 0;
    const saidOwned = JSON.stringify(this.#owned);
    const response = await this.#client.ask(ConsumerGroupHeartbeat, 1, {
      groupId: this.#options.group,
      memberId: this.#memberId,
      memberEpoch: this.#epoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: isJoin ? rebalanceTimeoutMs : -1,
      subscribedTopicNames: isJoin ? [this.#options.topic] : null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: isJoin || saidOwned !== this.#saidOwned ? this.#owned : null,
    });
    const { errorCode, memberEpoch, assignment } = response;
    if (errorCode === ErrorCode.FENCED_MEMBER_EPOCH || errorCode === ErrorCode.UNKNOWN_MEMBER_ID) {
      this.#epoch = 0;
      this.#owned = [];
      return true;
    }
    if (errorCode !== ErrorCode.NONE) throw new Error(`a member is told ${errorName(errorCode)}`);
    this.#saidOwned = saidOwned;
    this.#epoch = memberEpoch;
    if (assignment === null) return false;
    this.#owned = assignment.topicPartitions.map(({ topicId, partitions }) => ({
      topicId,
      partitions: [...partitions],
    }));
    // As Java's client does, it says at once that it has done as it was told.
    return JSON.stringify(this.#owned) !== this.#saidOwned;
  }

  async leave(): Promise<void> {
    await this.#client.ask(ConsumerGroupHeartbeat, 1, {
      groupId: this.#options.group,
      memberId: this.#memberId,
      memberEpoch: -1,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: null,
    });
  }
}

function assignmentOf(topic: string, partitions: number[]): Uint8Array {
  const assignedPartitions = partitions.length === 0 ? [] : [{ topic, partitions }];
  return encodeAssignment({ assignedPartitions, userData: null }, 1);
}
