// A client of the consumer protocol (KIP-848): all it does is to heartbeat.
//
//   beat          takes over what it was assigned, says what it has, and takes over the answer
//   beat lazily   keeps what it has to give up, for now
//
// Law: a member's epoch never goes back but to begin anew.

import type {
  ConsumerGroupHeartbeatResponse,
} from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { ErrorCode, type OffsetCommitResponse } from "../../src/protocol/mod.ts";
import { type Fate, type GroupClient, Positions } from "./group_client.ts";
import { type Committer, groupId, type GroupRig, rebalanceTimeoutMs, topic } from "./group_rig.ts";
import { law } from "./walker.ts";

export class ConsumerClient implements GroupClient {
  readonly name: string;
  readonly #rig: GroupRig;
  readonly #instanceId: string | null;
  readonly #positions: Positions;
  #memberId: string;
  #epoch = 0;
  /** What it was last told that it is to have. */
  #target: readonly number[] = [];
  /** What the coordinator was last told that it has; undefined: it may not know. */
  #told: string | undefined;
  #isOver = false;
  #slow: Slow | undefined;
  #isPristine = true;

  constructor(rig: GroupRig, { name, isStatic }: { name: string; isStatic: boolean }) {
    this.#rig = rig;
    this.name = name;
    this.#memberId = `m-${rig.shell.newUuid()}`;
    this.#instanceId = isStatic ? name.toLowerCase() : null;
    this.#positions = new Positions(rig);
  }

  get held(): ReadonlyMap<number, number> {
    return this.#positions.held;
  }

  verbs(): readonly string[] {
    if (this.#isOver) return [];
    if (this.#epoch === 0) return ["beat"];
    const hasSome = this.held.size > 0;
    return ["beat", ...hasSome ? ["beat lazily", "commit"] : [], "leave"];
  }

  ask(verb: string, fate: Fate): void {
    this.#isPristine = false;
    if (verb === "commit") this.#commit(fate);
    else if (verb === "leave") this.#leave(fate);
    else this.#beat(fate, verb === "beat lazily");
  }

  hasSlow(): boolean {
    return this.#slow !== undefined;
  }

  arrive(): void {
    this.#slow?.arrive();
    this.#slow = undefined;
  }

  waits(): boolean {
    return false;
  }

  crash(): void {
    this.#giveUp();
    this.#memberId = `m-${this.#rig.shell.newUuid()}`;
  }

  disconnect(): void {
    this.#told = undefined;
    this.#slow = undefined;
  }

  committer(): Committer {
    return {
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      generationIdOrMemberEpoch: this.#epoch,
    };
  }

  duty(): string | undefined {
    return this.#isOver ? undefined : "beat";
  }

  isSettled(): boolean {
    return this.#epoch > 0;
  }

  isOver(): boolean {
    return this.#isOver;
  }

  isPristine(): boolean {
    return this.#isPristine;
  }

  state(): unknown {
    return [
      this.#memberId,
      this.#epoch,
      this.#target,
      this.#told,
      this.#isOver,
      [...this.held],
      [this.#slow?.verb, this.#slow?.partitions],
      this.#isPristine,
    ];
  }

  #beat(fate: Fate, isLazy: boolean): void {
    if (!isLazy) this.#positions.become(this.#target, this.#memberId);
    // Connections keep the order: of two heartbeats the first does not come last.
    if (this.#slow?.verb === "beat") this.#slow = undefined;
    const owned = this.#ownedPartitions();
    const isFull = this.#epoch === 0 || this.#told === undefined;
    const isNew = this.#told !== JSON.stringify(owned);
    const send = this.#heartbeat(this.#epoch, { owned: isNew ? owned : null, isFull });
    this.#told = undefined;
    if (fate === "slow") return void (this.#slow = { verb: "beat", arrive: () => send() });
    if (fate === "lost") return send();
    send((response) => {
      if (response.errorCode === ErrorCode.NONE) this.#told = JSON.stringify(owned);
      this.#take(response, isLazy);
    });
  }

  /** A client that may not have heard the last answer says all that it has to say. */
  #heartbeat(memberEpoch: number, { owned, isFull }: { owned: Owned[] | null; isFull: boolean }) {
    const request = {
      groupId,
      memberId: this.#memberId,
      memberEpoch,
      instanceId: this.#instanceId,
      rackId: null,
      rebalanceTimeoutMs: isFull ? rebalanceTimeoutMs : -1,
      subscribedTopicNames: isFull ? [topic] : null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: owned,
    };
    const input = { request, apiVersion: 1, clientId: "c", clientHost: "/192.0.2.1", uuid: "" };
    return (hear?: (response: ConsumerGroupHeartbeatResponse) => void): void => {
      this.#rig.ask<ConsumerGroupHeartbeatResponse>(
        (table, at) => table.consumerHeartbeat(input, at),
        hear,
      );
    };
  }

  #ownedPartitions(): Owned[] {
    const partitions = [...this.held.keys()];
    return partitions.length === 0 ? [] : [{ topicId: this.#rig.topicId, partitions }];
  }

  #take(
    { errorCode, memberEpoch, assignment }: ConsumerGroupHeartbeatResponse,
    isLazy: boolean,
  ): void {
    if (errorCode !== ErrorCode.NONE) return this.#fail(errorCode);
    law(memberEpoch >= this.#epoch, "a member's epoch went back");
    this.#epoch = memberEpoch;
    if (assignment === null) return;
    this.#target = assignment.topicPartitions.flatMap(({ partitions }) => partitions)
      .sort((a, b) => a - b);
    if (!isLazy) this.#positions.become(this.#target, this.#memberId);
  }

  #commit(fate: Fate): void {
    const next = this.#positions.next();
    const decide = this.#rig.commitOf(this.committer(), next);
    // One that is slow is not overtaken while its partitions are the member's: both count then.
    const { holders } = this.#rig;
    const isOutlived = this.#slow?.partitions?.some((each) => holders.get(each) !== this.#memberId);
    if (this.#slow?.verb === "commit" && isOutlived !== true) this.#slow = undefined;
    const send = (hear?: (response: OffsetCommitResponse) => void): void =>
      void this.#rig.ask<OffsetCommitResponse>(decide, hear);
    if (fate === "slow") {
      const partitions = [...next.keys()];
      this.#slow = { verb: "commit", arrive: () => send(), partitions };
      return;
    }
    if (fate === "lost") return send();
    send(({ topics }) => {
      const errorCode = topics[0]?.partitions[0]?.errorCode ?? ErrorCode.NONE;
      if (errorCode === ErrorCode.NONE) this.#positions.advance(next);
      else if (errorCode !== ErrorCode.STALE_MEMBER_EPOCH) this.#fail(errorCode);
    });
  }

  /** A static member says that it will be back. */
  #leave(fate: Fate): void {
    const send = this.#heartbeat(this.#instanceId === null ? -1 : -2, {
      owned: null,
      isFull: false,
    });
    this.#giveUp();
    if (fate === "slow") this.#slow = { verb: "leave", arrive: () => send() };
    else send();
  }

  #fail(errorCode: ErrorCode): void {
    switch (errorCode) {
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.FENCED_MEMBER_EPOCH:
      case ErrorCode.GROUP_ID_NOT_FOUND:
        return this.#giveUp();
      case ErrorCode.FENCED_INSTANCE_ID:
        this.#giveUp();
        this.#isOver = true;
        return;
      case ErrorCode.UNRELEASED_INSTANCE_ID:
      case ErrorCode.NOT_COORDINATOR:
      case ErrorCode.COORDINATOR_NOT_AVAILABLE:
      case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
        return;
      default:
        law(false, `a client of the consumer protocol is told ${errorCode}`);
    }
  }

  #giveUp(): void {
    this.#epoch = 0;
    this.#target = [];
    this.#told = undefined;
    this.#positions.become([], this.#memberId);
  }
}

/** A request that is on its way. */
interface Slow {
  readonly verb: string;
  readonly arrive: () => void;
  /** What it commits. */
  readonly partitions?: readonly number[];
}

interface Owned {
  readonly topicId: string;
  readonly partitions: number[];
}
