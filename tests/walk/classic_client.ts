// A client of the classic protocol, as eager consumers are: it gives up all that it has before it
// joins.
//
//   out ──join──> joining ──> joined ──sync──> syncing ──> stable ──beat: rebalance──> out
//
// Who leads assigns: the partitions go round. In a group of the consumer protocol nobody leads.

import {
  decodeAssignment,
  encodeAssignment,
  encodeSubscription,
  ErrorCode,
  type JoinGroupResponse,
  type LeaveGroupResponse,
  type OffsetCommitResponse,
  type SyncGroupResponse,
} from "../../src/protocol/mod.ts";
import { type Fate, type GroupClient, Positions } from "./group_client.ts";
import {
  type Committer,
  groupId,
  type GroupRig,
  rebalanceTimeoutMs,
  sessionTimeoutMs,
  topic,
} from "./group_rig.ts";
import { law } from "./walker.ts";

type Phase = "out" | "joining" | "joined" | "syncing" | "stable" | "over";

export class ClassicClient implements GroupClient {
  readonly name: string;
  readonly #rig: GroupRig;
  readonly #instanceId: string | null;
  readonly #positions: Positions;
  #phase: Phase = "out";
  #memberId = "";
  #generation = -1;
  /** Whom it assigns, if it leads. */
  #led: readonly string[] = [];
  #mustRejoin = false;
  #waitsFor: number | undefined;
  #slow: { readonly verb: string; readonly arrive: () => void } | undefined;
  #isPristine = true;

  constructor(rig: GroupRig, { name, isStatic }: { name: string; isStatic: boolean }) {
    this.#rig = rig;
    this.name = name;
    this.#instanceId = isStatic ? name.toLowerCase() : null;
    this.#positions = new Positions(rig);
  }

  get held(): ReadonlyMap<number, number> {
    return this.#positions.held;
  }

  verbs(): readonly string[] {
    const leave = this.#memberId === "" ? [] : ["leave"];
    switch (this.#phase) {
      case "out":
        return ["join", ...leave];
      case "joined":
        return ["sync", "beat", ...leave];
      case "stable":
        return ["beat", "join", ...this.held.size > 0 ? ["commit"] : [], ...leave];
      case "joining":
      case "syncing":
        return leave;
      case "over":
        return [];
    }
  }

  ask(verb: string, fate: Fate): void {
    this.#isPristine = false;
    if (verb === "join") this.#join(fate);
    else if (verb === "sync") this.#sync(fate);
    else if (verb === "beat") this.#beat(fate);
    else if (verb === "commit") this.#commit(fate);
    else this.#leave(fate);
  }

  hasSlow(): boolean {
    return this.#slow !== undefined;
  }

  arrive(): void {
    this.#slow?.arrive();
    this.#slow = undefined;
  }

  waits(): boolean {
    return this.#rig.isOpen(this.#waitsFor);
  }

  crash(): void {
    this.#hangUp();
    this.#forget();
    this.#phase = "out";
  }

  disconnect(): void {
    this.#hangUp();
    this.#slow = undefined;
  }

  committer(): Committer {
    return {
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      generationIdOrMemberEpoch: this.#generation,
    };
  }

  duty(): string | undefined {
    if (this.#phase === "out" || this.#mustRejoin) return "join";
    if (this.#phase === "joined") return "sync";
    return this.#phase === "stable" ? "beat" : undefined;
  }

  isSettled(): boolean {
    return this.#phase === "stable" && !this.#mustRejoin;
  }

  isOver(): boolean {
    return this.#phase === "over";
  }

  isPristine(): boolean {
    return this.#isPristine;
  }

  state(): unknown {
    return [
      this.#phase,
      this.#memberId,
      this.#generation,
      this.#led,
      this.#mustRejoin,
      [...this.held],
      this.#slow?.verb,
      this.#isPristine,
    ];
  }

  #join(fate: Fate): void {
    this.#positions.become([], this.#memberId);
    this.#mustRejoin = false;
    this.#phase = "out";
    const request = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: subscription }],
      reason: null,
    };
    const uuid = this.#rig.shell.newUuid();
    const input = { request, apiVersion: 9, clientId: "c", clientHost: "/192.0.2.1", uuid };
    const send = (hear?: (response: JoinGroupResponse) => void) =>
      this.#rig.ask<JoinGroupResponse>((table, at) => table.join(input, at), hear);
    if (fate !== "answered") return this.#unheard("join", { fate, send });
    this.#phase = "joining";
    this.#waitsFor = send((response) => this.#onJoin(response));
  }

  #onJoin({ errorCode, memberId, generationId, leader, members }: JoinGroupResponse): void {
    this.#phase = "out";
    if (errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.#memberId = memberId;
      return this.#join("answered");
    }
    if (errorCode !== ErrorCode.NONE) return this.#fail(errorCode);
    this.#phase = "joined";
    this.#memberId = memberId;
    this.#generation = generationId;
    this.#led = leader === memberId ? members.map((each) => each.memberId) : [];
  }

  #sync(fate: Fate): void {
    const request = {
      groupId,
      generationId: this.#generation,
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      protocolType: "consumer",
      protocolName: "range",
      assignments: this.#led.map((memberId, i) => ({
        memberId,
        assignment: assignmentOf(
          this.#rig.partitions.filter((partition) => partition % this.#led.length === i),
        ),
      })),
    };
    const send = (hear?: (response: SyncGroupResponse) => void) =>
      this.#rig.ask<SyncGroupResponse>(
        (table, at) => table.sync({ request, apiVersion: 5 }, at),
        hear,
      );
    if (fate !== "answered") return this.#unheard("sync", { fate, send });
    this.#phase = "syncing";
    this.#waitsFor = send((response) => this.#onSync(response));
  }

  #onSync({ errorCode, assignment }: SyncGroupResponse): void {
    this.#phase = "out";
    if (errorCode !== ErrorCode.NONE) return this.#fail(errorCode);
    this.#phase = "stable";
    // Real clients cannot go on.
    law(assignment.length > 0, "a member is assigned no bytes at all");
    const { assignedPartitions } = decodeAssignment(assignment);
    this.#positions.become(
      assignedPartitions.flatMap(({ partitions }) => partitions),
      this.#memberId,
    );
  }

  /** Answered at once, and without the log. */
  #beat(fate: Fate): void {
    const { shell } = this.#rig;
    const request = {
      groupId,
      generationId: this.#generation,
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
    };
    const send = () => void this.#rig.shell.table.heartbeat(request, shell);
    if (fate === "slow") this.#slow = { verb: "beat", arrive: send };
    if (fate === "slow") return;
    const { errorCode } = shell.table.heartbeat(request, shell);
    if (fate === "answered" && errorCode !== ErrorCode.NONE) this.#fail(errorCode);
  }

  #commit(fate: Fate): void {
    const next = this.#positions.next();
    const decide = this.#rig.commitOf(this.committer(), next);
    const send = (hear?: (response: OffsetCommitResponse) => void) =>
      this.#rig.ask<OffsetCommitResponse>(decide, hear);
    // One that is slow is not overtaken by another of its generation: nothing tells the two apart.
    if (this.#slow?.verb === `commit ${this.#generation}`) this.#slow = undefined;
    if (fate !== "answered") return this.#unheard(`commit ${this.#generation}`, { fate, send });
    send(({ topics }) => {
      const errorCode = topics[0]?.partitions[0]?.errorCode ?? ErrorCode.NONE;
      if (errorCode === ErrorCode.NONE) this.#positions.advance(next);
      // Kafka tells this from version 9 on, and clients their users; the next heartbeat says more.
      else if (errorCode !== ErrorCode.GROUP_ID_NOT_FOUND) this.#fail(errorCode);
    });
  }

  #leave(fate: Fate): void {
    const members = [{
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      reason: null,
    }];
    const request = { groupId, memberId: this.#memberId, members };
    const send = (hear?: (response: LeaveGroupResponse) => void) =>
      this.#rig.ask<LeaveGroupResponse>(
        (table, at) => table.leave({ request, apiVersion: 5 }, at),
        hear,
      );
    // Whatever comes of it, the client is gone.
    this.#hangUp();
    this.#forget();
    this.#phase = "out";
    if (fate === "slow") this.#slow = { verb: "leave", arrive: () => void send() };
    else send();
  }

  /** Whatever it waits for, it will not hear. */
  #hangUp(): void {
    this.#rig.hangUp(this.#waitsFor);
    this.#waitsFor = undefined;
    if (this.#phase === "joining") this.#phase = "out";
    if (this.#phase === "syncing") this.#phase = "joined";
  }

  /** A request whose answer nobody hears; or that is not there yet. */
  #unheard(verb: string, { fate, send }: { fate: Fate; send: () => void }): void {
    if (fate === "slow") this.#slow = { verb, arrive: send };
    else send();
  }

  #fail(errorCode: ErrorCode): void {
    switch (errorCode) {
      case ErrorCode.REBALANCE_IN_PROGRESS:
        if (this.#phase === "stable") this.#mustRejoin = true;
        else this.#phase = "out";
        return;
      case ErrorCode.ILLEGAL_GENERATION:
        this.#positions.become([], this.#memberId);
        this.#generation = -1;
        this.#phase = "out";
        return;
      case ErrorCode.UNKNOWN_MEMBER_ID:
        this.#forget();
        this.#phase = "out";
        return;
      case ErrorCode.FENCED_INSTANCE_ID:
        this.#forget();
        this.#phase = "over";
        return;
      case ErrorCode.NOT_COORDINATOR:
      case ErrorCode.COORDINATOR_NOT_AVAILABLE:
      case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
        // It looks for the coordinator, and asks again.
        return;
      default:
        law(false, `a client of the classic protocol is told ${errorCode}`);
    }
  }

  #forget(): void {
    this.#memberId = "";
    this.#generation = -1;
    this.#led = [];
    this.#mustRejoin = false;
    this.#positions.become([], this.#memberId);
  }
}

const subscription = encodeSubscription({
  topics: [topic],
  userData: null,
  ownedPartitions: [],
  generationId: -1,
  rackId: null,
}, 1);

function assignmentOf(partitions: readonly number[]): Uint8Array {
  const assignedPartitions = partitions.length === 0
    ? []
    : [{ topic, partitions: [...partitions] }];
  return encodeAssignment({ assignedPartitions, userData: null }, 1);
}
