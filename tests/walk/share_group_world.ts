// A small world of one share group: members, their coordinator, the share coordinator, a tool.
//
//   A beat, A beat lost, A crash   what a member does; "refused": the coordinator's log refuses
//   keep, keep badly               the share coordinator begins what is wanted, or cannot
//   forget, forgotten              a tool has the group forget its topic, in two steps
//   time, restart, grow            until the next deadline; the coordinator; one partition more
//
// Laws: epochs never go back; who asks is answered once; the tables are what a replay of the log
// builds; nobody is assigned what the share coordinator does not keep; whoever is left comes to
// have partitions, all of them, as evenly as can be, and nothing else is kept.

import {
  type At,
  type GroupConfig,
  groupConfigDefaults,
  type GroupDecision,
  type GroupResponse,
  type GroupTable,
  type StateStepResponse,
  type StatesWanted,
  type StatesWantedResponse,
  type TopicPartitions,
} from "../../src/coordinator/mod.ts";
import type {
  ShareGroupHeartbeatResponse,
} from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { GroupShell } from "../harness/group_shell.ts";
import { groupId, type Mutation, sessionTimeoutMs, topic } from "./group_rig.ts";
import { groupText } from "./group_text.ts";
import { type Chance, law, type World } from "./walker.ts";

export interface ShareGroupWorldOptions {
  readonly members: number;
  /** What may come of a request besides an answer; of a member itself. */
  readonly fates: readonly ("lost" | "refused" | "crash")[];
  /** Whether the topic may grow, and whether a tool has the group forget it. */
  readonly grows?: boolean;
  readonly forgets?: boolean;
  readonly mutation?: Mutation;
}

const share = {
  ...groupConfigDefaults.share(),
  settingsOf: () => ({ sessionTimeoutMs, heartbeatIntervalMs: 3_000, assignmentIntervalMs: 0 }),
};
const config: GroupConfig = {
  ...groupConfigDefaults,
  offsetsRetentionCheckIntervalMs: 1e12,
  share: () => share,
};

const partitionsMax = 3;
const roundMs = 3_000;
const roundsMax = 60;

/** What a member believes. */
interface Member {
  readonly name: string;
  memberId: string;
  epoch: number;
  assigned: readonly number[];
  /** It has heard the answer to what it last said; otherwise it says all of itself again. */
  hasHeard: boolean;
}

type Hear<Response> = (response: Response) => void;

export class ShareGroupWorld implements World {
  readonly #options: ShareGroupWorldOptions;
  readonly #shell: GroupShell;
  readonly #members: readonly Member[];
  readonly #open = new Map<number, Hear<GroupResponse> | undefined>();
  /** What the share coordinator has been asked to begin, and has not. */
  #wanted: StatesWanted[] = [];
  /** The partitions of which it keeps state. */
  readonly #kept = new Set<number>();
  /** What a tool has it forget; undefined: nothing. */
  #forgetting: readonly TopicPartitions[] | undefined;
  #epoch = 0;
  /** Follows the log, as a start would read it. */
  #follower: { readonly table: GroupTable; at: number };

  constructor(options: ShareGroupWorldOptions) {
    this.#options = options;
    this.#shell = new GroupShell(() => config, options.mutation);
    this.#shell.topics.set(topic, 2);
    this.#follower = { table: this.#shell.newTable(), at: 0 };
    this.#members = Array.from({ length: options.members }, (_, i) => ({
      name: "ABCDEF"[i] ?? "",
      memberId: `m-${this.#shell.newUuid()}`,
      epoch: 0,
      assigned: [],
      hasHeard: false,
    }));
    this.#takeWanted();
  }

  events(): readonly string[] {
    const { fates, grows, forgets } = this.#options;
    const events = ["restart"];
    if (this.#dueInMs() !== undefined) events.push("time");
    if (grows && this.#partitions.length < partitionsMax) events.push("grow");
    if (this.#wanted.length > 0) events.push("keep", "keep badly");
    if (forgets) events.push(this.#forgetting === undefined ? "forget" : "forgotten");
    for (const { name, epoch } of this.#members) {
      for (const verb of epoch === 0 ? ["beat"] : ["beat", "leave"]) {
        events.push(`${name} ${verb}`);
        for (const fate of fates) if (fate !== "crash") events.push(`${name} ${verb} ${fate}`);
      }
      if (fates.includes("crash") && epoch > 0) events.push(`${name} crash`);
      // Of those that have not joined, one is as good as another.
      if (epoch === 0) break;
    }
    return events;
  }

  usual(): readonly string[] {
    const keeping = this.#wanted.length > 0 ? ["keep"] : [];
    return [...this.events().filter((event) => / beat$/.test(event)), ...keeping];
  }

  happen(event: string): void {
    const [subject = "", verb = "", fate = ""] = event.split(" ");
    if (subject === "time") this.#passTime(this.#dueInMs() ?? 0);
    else if (subject === "restart") this.#restart();
    else if (subject === "grow") this.#shell.topics.set(topic, this.#partitions.length + 1);
    else if (subject === "keep") this.#keep(verb === "badly");
    else if (subject === "forget") this.#forget();
    else if (subject === "forgotten") this.#forgotten();
    else this.#act(subject, { verb, fate });
  }

  check(): void {
    const { table } = this.#shell;
    table.assertConsistent();
    law(described(this.#followed()) === described(table), "the log says something else");
    const { errorCode, groupEpoch } = table.describeShare(groupId);
    if (errorCode !== ErrorCode.NONE) return;
    law(groupEpoch >= this.#epoch, "the group's epoch went back");
    this.#epoch = groupEpoch;
  }

  state(): string {
    const { table, nowMs } = this.#shell;
    const rest = [
      this.#members,
      this.#wanted,
      [...this.#kept].sort(),
      this.#forgetting,
      this.#partitions.length,
    ];
    return groupText({ table, nowMs, rest });
  }

  calm(random: Chance): void {
    this.#shell.refuseNext = ErrorCode.NONE;
    if (this.#forgetting !== undefined) this.#forgotten();
    const alive = this.#members.filter(() => random.between(0, 1) < 0.7);
    for (const member of this.#members) if (!alive.includes(member)) this.#crash(member);
    for (let round = 0; round < roundsMax; round++) {
      for (const member of alive) this.#beat(member, "");
      while (this.#wanted.length > 0) this.#keep(false);
      this.check();
      if (round * roundMs > 2 * sessionTimeoutMs && this.#isAtRest(alive)) return;
      this.#passTime(roundMs);
    }
    law(false, "the group never comes to rest");
  }

  get #partitions(): readonly number[] {
    return [...Array(this.#shell.topics.byName(topic)?.partitionCount ?? 0).keys()];
  }

  /** What a start would read now. */
  #followed(): GroupTable {
    const { table, at } = this.#follower;
    this.#follower.at = this.#shell.log.length;
    this.#shell.readInto(table, at);
    return table;
  }

  /** All that is there is theirs, evenly, and kept; and nobody else's. */
  #isAtRest(alive: readonly Member[]): boolean {
    const { table } = this.#shell;
    const { members } = table.describeShare(groupId);
    if (members.length !== alive.length) return false;
    const kept = numbersOf(table.sharePartitions(groupId).topics);
    const group = table.groups.get(groupId);
    // What a tool has left off is kept until somebody begins it anew, or has the group forget it.
    const isLeftOff = group?.type === "share" && group.states.deleting.size > 0;
    if (!isLeftOff && kept.join() !== [...this.#kept].sort().join()) return false;
    if (alive.length === 0) return true;
    if (kept.join() !== this.#partitions.join()) return false;
    const sizes = alive.map(({ assigned }) => assigned.length);
    const given = new Set(alive.flatMap(({ assigned }) => assigned));
    return given.size === kept.length && Math.min(...sizes) > 0 &&
      Math.max(...sizes) - Math.min(...sizes) <= 1;
  }

  #act(name: string, { verb, fate }: { verb: string; fate: string }): void {
    const member = this.#members.find((each) => each.name === name);
    if (member === undefined) throw new Error(`no member ${name}`);
    if (verb === "crash") return this.#crash(member);
    if (fate === "refused") this.#shell.refuseNext = ErrorCode.NOT_ENOUGH_REPLICAS;
    if (verb === "leave") this.#leave(member);
    else this.#beat(member, fate);
    this.#shell.refuseNext = ErrorCode.NONE;
  }

  /** A new process takes its place. */
  #crash(member: Member): void {
    const memberId = `m-${this.#shell.newUuid()}`;
    Object.assign(member, { memberId, epoch: 0, assigned: [] });
  }

  #beat(member: Member, fate: string): void {
    this.#heartbeat(
      member,
      member.epoch,
      fate === "lost" ? undefined : (answer) => {
        if (answer.errorCode !== ErrorCode.NONE) return this.#fail(member, answer.errorCode);
        member.hasHeard = true;
        law(answer.memberEpoch >= member.epoch, "a member's epoch went back");
        member.epoch = answer.memberEpoch;
        if (answer.assignment === null) return;
        member.assigned = numbersOf(answer.assignment.topicPartitions);
        // A tool may have it forgotten since.
        const isKept = member.assigned.every((partition) => this.#kept.has(partition));
        law(isKept || this.#forgetting !== undefined, "nobody keeps the state of what is assigned");
      },
    );
  }

  #leave(member: Member): void {
    this.#heartbeat(member, -1, () => {});
    Object.assign(member, { epoch: 0, assigned: [] });
  }

  #fail(member: Member, errorCode: ErrorCode): void {
    const mustRejoin = [
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.FENCED_MEMBER_EPOCH,
      ErrorCode.GROUP_ID_NOT_FOUND,
    ].includes(errorCode as never);
    if (mustRejoin) return void Object.assign(member, { epoch: 0, assigned: [] });
    law(errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE, `a member is told ${errorCode}`);
  }

  #heartbeat(
    member: Member,
    memberEpoch: number,
    hear: Hear<ShareGroupHeartbeatResponse> | undefined,
  ): void {
    const { memberId, hasHeard } = member;
    const subscribedTopicNames = memberEpoch === 0 || !hasHeard ? [topic] : null;
    member.hasHeard = false;
    const request = { groupId, memberId, memberEpoch, rackId: null, subscribedTopicNames };
    const input = { request, clientId: "c", clientHost: "/192.0.2.1" };
    this.#ask<ShareGroupHeartbeatResponse>((table, at) => table.shareHeartbeat(input, at), hear);
  }

  /** The shell waits for what is to be begun, as long as there is a coordinator. */
  #takeWanted(): void {
    this.#ask<StatesWantedResponse>((table, at) => table.takeStatesWanted(at), ({ wanted }) => {
      this.#wanted.push(...wanted);
      this.#takeWanted();
    });
  }

  /** The share coordinator takes on the first of what is wanted; or puts it off. */
  #keep(isPutOff: boolean): void {
    const first = this.#wanted.shift();
    if (first === undefined) return;
    if (isPutOff) return void this.#wanted.push(first);
    for (const partition of numbersOf(first.topics)) this.#kept.add(partition);
    this.#ask<StateStepResponse>(
      (table, at) => table.statesInitialized(first, at),
      ({ topics }) => {
        for (const partition of numbersOf(topics)) this.#kept.delete(partition);
      },
    );
  }

  #forget(): void {
    const topicIds = [this.#shell.topics.byName(topic)?.id ?? ""];
    this.#ask<StateStepResponse>(
      (table, at) => table.forgetShareTopics({ groupId, topicIds }, at),
      ({ errorCode, topics }) => {
        if (errorCode === ErrorCode.NONE) this.#forgetting = topics;
      },
    );
  }

  #forgotten(): void {
    const asked = (this.#forgetting ?? []).map(({ topicId }) => topicId);
    for (const partition of numbersOf(this.#forgetting ?? [])) this.#kept.delete(partition);
    this.#forgetting = undefined;
    const of = { groupId, asked, done: asked };
    this.#ask<StateStepResponse>((table, at) => table.shareTopicsForgotten(of, at), () => {});
  }

  #restart(): void {
    this.#open.clear();
    this.#wanted = [];
    this.#forgetting = undefined;
    this.#follower = { table: this.#shell.newTable(), at: 0 };
    this.#take(this.#shell.restart());
    this.#takeWanted();
  }

  #passTime(forMs: number): void {
    const endMs = this.#shell.nowMs + forMs;
    for (let ticks = 0;; ticks++) {
      law(ticks < 1_000, "time stands still");
      const dueMs = this.#shell.table.nextDeadlineMs() ?? Infinity;
      if (dueMs > endMs) break;
      this.#shell.nowMs = Math.max(dueMs, this.#shell.nowMs);
      this.#take(this.#shell.carryOut(this.#shell.table.onTick(this.#shell.nowMs)));
    }
    this.#shell.nowMs = endMs;
  }

  #dueInMs(): number | undefined {
    const inMs = (this.#shell.table.nextDeadlineMs() ?? Infinity) - this.#shell.nowMs;
    return inMs < 1e9 ? Math.max(0, inMs) : undefined;
  }

  #ask<Response extends GroupResponse>(
    decide: (table: GroupTable, at: At<Response>) => GroupDecision,
    hear: Hear<Response> | undefined,
  ): void {
    const at = this.#shell.at<Response>();
    this.#open.set(at.asked.id, hear as Hear<GroupResponse> | undefined);
    this.#take(this.#shell.carryOut(decide(this.#shell.table, at)));
  }

  #take({ answers }: ReturnType<GroupShell["carryOut"]>): void {
    for (const { to, response } of answers) {
      law(this.#open.has(to.id), "an answer to nobody, or a second one");
      const hear = this.#open.get(to.id);
      this.#open.delete(to.id);
      hear?.(response);
    }
  }
}

/** The partitions of the only topic, in order. */
function numbersOf(topics: readonly TopicPartitions[]): number[] {
  return topics.flatMap(({ partitions }) => [...partitions]).sort((a, b) => a - b);
}

/** All that the log should know of the group. */
function described(table: GroupTable): string {
  const { members, ...rest } = table.describeShare(groupId);
  const inOrder = [...members].sort((a, b) => a.memberId < b.memberId ? -1 : 1);
  return JSON.stringify([rest, inOrder, table.sharePartitions(groupId)]);
}
