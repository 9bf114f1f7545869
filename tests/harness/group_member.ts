// A member of a group by raw frames: thousands of them cost little, and each does as a real client
// does, on a connection of its own.
//
//   classic    joins, syncs (who leads assigns round about), heartbeats; joins again when told
//   consumer   heartbeats; gives up what it is no longer to have, takes what it is given, says so
//
// Invariant: a member asks for one thing at a time, and rests where it has heard of nothing that is
// left to be done: for the heartbeat interval, which members of the consumer protocol are told.

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
import { RawClient, type Reachable } from "./raw_client.ts";

export type Protocol = "classic" | "consumer";

/** Where members live: on this machine, or on a simulated one. */
export interface MemberWorld {
  connect(): Promise<RawClient>;
  nowMs(): number;
  /** Resolves `ms` later. */
  pass(ms: number): Promise<void>;
  /** Between 0 and 1. */
  random(): number;
}

/** Members of a broker that runs on this machine. */
export function realMembers(at: Reachable): MemberWorld {
  return {
    connect: () => RawClient.connect(at),
    nowMs: () => performance.now(),
    pass: (ms) => new Promise((go) => setTimeout(go, ms)),
    random: () => Math.random(),
  };
}

export interface TalkOptions {
  readonly protocol: Protocol;
  readonly group: string;
  readonly topic: string;
  readonly partitionCount: number;
  readonly heartbeatMs: number;
}

export interface MemberOptions extends TalkOptions {
  /** How long a heartbeat of a member at rest took, in milliseconds. */
  readonly onBeat?: (ms: number) => void;
}

/** What a protocol has a member say. */
export interface Talk {
  readonly memberId: string;
  /** The generation, or the member epoch; none that any member has before it has joined. */
  readonly epoch: number;
  readonly held: ReadonlySet<number>;
  /** For how long a member that has nothing to say rests. */
  readonly intervalMs: number;
  /** One request, or as many as belong together; true: there is more to be said at once. */
  step(): Promise<boolean>;
  /** Takes what another request of the member was told. Throws where no member should be. */
  onError(errorCode: ErrorCode): void;
  /** Joins anew with the next step. */
  leave(): Promise<void>;
}

/** A talk of a member that is at its first word, over whichever connection there is. */
export function talkOf(client: () => RawClient, options: TalkOptions): Talk {
  return options.protocol === "classic"
    ? new ClassicTalk(client, options)
    : new ConsumerTalk(client, options);
}

/** The member goes on as it is: the coordinator is not ready, or has not heard of it lately. */
const comesBack: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.STALE_MEMBER_EPOCH,
]);

/** The member joins again. */
const joinsAgain: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.MEMBER_ID_REQUIRED,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.FENCED_MEMBER_EPOCH,
]);

const sessionTimeoutMs = 45_000;
const rebalanceTimeoutMs = 60_000;

export class GroupMember {
  readonly #world: MemberWorld;
  readonly #client: RawClient;
  readonly #options: MemberOptions;
  readonly #talk: Talk;
  readonly #settled = Promise.withResolvers<void>();
  readonly #leaving = Promise.withResolvers<void>();
  readonly #life: Promise<void>;
  #isLeaving = false;
  #isSettled = false;

  private constructor(world: MemberWorld, client: RawClient, options: MemberOptions) {
    this.#world = world;
    this.#client = client;
    this.#options = options;
    this.#talk = talkOf(() => client, options);
    this.#life = this.#live();
    this.#life.catch((error) => this.#settled.reject(error));
  }

  static async enter(world: MemberWorld, options: MemberOptions): Promise<GroupMember> {
    return new GroupMember(world, await world.connect(), options);
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
    this.#leaving.resolve();
    await this.#life;
  }

  async #live(): Promise<void> {
    const { onBeat, heartbeatMs } = this.#options;
    const { nowMs, pass, random } = this.#world;
    // The first rest is shorter, so that members do not all speak at once.
    let hasRested = false;
    while (!this.#isLeaving) {
      const startMs = nowMs();
      const wasSettled = this.#isSettled;
      const isMore = await this.#talk.step();
      if (wasSettled && !isMore) onBeat?.(nowMs() - startMs);
      this.#isSettled = !isMore;
      if (isMore) continue;
      this.#settled.resolve();
      const { intervalMs } = this.#talk;
      const isAtRest = intervalMs >= heartbeatMs;
      const part = isAtRest && !hasRested ? random() : 1;
      hasRested ||= isAtRest;
      await Promise.race([pass(part * intervalMs), this.#leaving.promise]);
    }
  }
}

class ClassicTalk implements Talk {
  readonly #client: () => RawClient;
  readonly #options: TalkOptions;
  memberId = "";
  epoch = -1;
  held: ReadonlySet<number> = new Set();

  constructor(client: () => RawClient, options: TalkOptions) {
    this.#client = client;
    this.#options = options;
  }

  get intervalMs(): number {
    return this.#options.heartbeatMs;
  }

  async step(): Promise<boolean> {
    if (this.epoch < 0) return await this.#join();
    const { group } = this.#options;
    const { errorCode } = await this.#client().ask(Heartbeat, 4, {
      groupId: group,
      generationId: this.epoch,
      memberId: this.memberId,
    });
    if (errorCode === ErrorCode.NONE) return false;
    this.onError(errorCode);
    return true;
  }

  async leave(): Promise<void> {
    const members = [{ memberId: this.memberId, groupInstanceId: null }];
    this.held = new Set();
    this.epoch = -1;
    await this.#client().ask(LeaveGroup, 4, { groupId: this.#options.group, members });
    this.memberId = "";
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
    const joined = await this.#client().ask(JoinGroup, 7, {
      groupId: group,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.memberId,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata }],
    });
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.memberId = joined.memberId;
    if (joined.errorCode !== ErrorCode.NONE) return this.#isTold(joined.errorCode);
    this.memberId = joined.memberId;
    const isLeader = joined.leader === joined.memberId;
    const led = isLeader ? joined.members.map(({ memberId }) => memberId) : [];
    const partitions = [...Array(partitionCount).keys()];
    const synced = await this.#client().ask(SyncGroup, 4, {
      groupId: group,
      generationId: joined.generationId,
      memberId: joined.memberId,
      assignments: led.map((memberId, i) => ({
        memberId,
        assignment: assignmentOf(topic, partitions.filter((id) => id % led.length === i)),
      })),
    });
    if (synced.errorCode !== ErrorCode.NONE) return this.#isTold(synced.errorCode);
    this.epoch = joined.generationId;
    const { assignedPartitions } = decodeAssignment(synced.assignment);
    this.held = new Set(assignedPartitions.flatMap((each) => each.partitions));
    return false;
  }

  onError(errorCode: ErrorCode): void {
    if (comesBack.has(errorCode)) return;
    this.epoch = -1;
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = "";
    if (!joinsAgain.has(errorCode)) throw new Error(`a member is told ${errorName(errorCode)}`);
  }

  #isTold(errorCode: ErrorCode): true {
    this.onError(errorCode);
    return true;
  }
}

class ConsumerTalk implements Talk {
  readonly #client: () => RawClient;
  readonly #options: TalkOptions;
  readonly memberId: string = crypto.randomUUID();
  epoch = 0;
  #owned: { topicId: string; partitions: number[] }[] = [];
  #saidOwned = "";
  intervalMs = 0;

  constructor(client: () => RawClient, options: TalkOptions) {
    this.#client = client;
    this.#options = options;
  }

  get held(): ReadonlySet<number> {
    return new Set(this.#owned.flatMap(({ partitions }) => partitions));
  }

  async step(): Promise<boolean> {
    const isJoin = this.epoch === 0;
    const saidOwned = JSON.stringify(this.#owned);
    const response = await this.#client().ask(ConsumerGroupHeartbeat, 1, {
      groupId: this.#options.group,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: isJoin ? rebalanceTimeoutMs : -1,
      subscribedTopicNames: isJoin ? [this.#options.topic] : null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: isJoin || saidOwned !== this.#saidOwned ? this.#owned : null,
    });
    const { errorCode, memberEpoch, assignment } = response;
    if (errorCode !== ErrorCode.NONE) {
      this.onError(errorCode);
      return true;
    }
    this.#saidOwned = saidOwned;
    this.epoch = memberEpoch;
    this.intervalMs = response.heartbeatIntervalMs;
    if (assignment === null) return false;
    this.#owned = assignment.topicPartitions.map(({ topicId, partitions }) => ({
      topicId,
      partitions: [...partitions],
    }));
    // As Java's client does, it says at once that it has done as it was told.
    return JSON.stringify(this.#owned) !== this.#saidOwned;
  }

  onError(errorCode: ErrorCode): void {
    if (comesBack.has(errorCode)) return;
    this.#beginAnew();
    if (!joinsAgain.has(errorCode)) throw new Error(`a member is told ${errorName(errorCode)}`);
  }

  #beginAnew(): void {
    this.epoch = 0;
    this.#owned = [];
  }

  async leave(): Promise<void> {
    this.#beginAnew();
    await this.#client().ask(ConsumerGroupHeartbeat, 1, {
      groupId: this.#options.group,
      memberId: this.memberId,
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
