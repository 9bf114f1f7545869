// A small world of one streams group: members in processes, their coordinator, a topic that goes.
//
//   A beat, A beat lost, A crash   what a member does; "refused": the coordinator's log refuses
//   A gives up                     it lets go of what it was told to give up, and says so
//   lose, make                     the topic of the application's state is deleted, and made
//   time, restart                  until the next deadline; the coordinator
//
// Laws: epochs never go back; who asks is answered once; the tables are what a replay of the log
// builds; a task is active in one member, and in a process once; whoever is left comes to have all
// tasks, with their copies.

import {
  type At,
  type GroupConfig,
  groupConfigDefaults,
  type GroupDecision,
  type GroupResponse,
  type GroupTable,
  type StreamsHeartbeatResult,
} from "../../src/coordinator/mod.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { GroupShell } from "../harness/group_shell.ts";
import { readingOnly, streamsRequest } from "../harness/streams_script.ts";
import { groupId, type Mutation, sessionTimeoutMs, topic } from "./group_rig.ts";
import { groupText } from "./group_text.ts";
import { type Chance, law, type World } from "./walker.ts";

export interface StreamsGroupWorldOptions {
  readonly members: number;
  /** What may come of a request besides an answer; of a member itself. */
  readonly fates: readonly ("lost" | "refused" | "crash")[];
  readonly standbyReplicas: number;
  /** Whether the topic of the application's state may go. */
  readonly loses?: boolean;
  readonly mutation?: Mutation;
}

const changelog = "c";
const taskCount = 2;
const topology = {
  epoch: 0,
  subtopologies: [{
    ...readingOnly(topic),
    stateChangelogTopics: [
      { name: changelog, partitions: 0, replicationFactor: 0, topicConfigs: [] },
    ],
  }],
};

function configOf({ standbyReplicas }: StreamsGroupWorldOptions): GroupConfig {
  const streams = {
    ...groupConfigDefaults.streams(),
    settingsOf: () => ({
      sessionTimeoutMs,
      heartbeatIntervalMs: 3_000,
      assignmentIntervalMs: 0,
      initialRebalanceDelayMs: 0,
      standbyReplicas,
    }),
  };
  return { ...groupConfigDefaults, offsetsRetentionCheckIntervalMs: 1e12, streams: () => streams };
}

const roundMs = 3_000;
const roundsMax = 60;

/** Tasks of the only subtopology. */
interface Held {
  readonly active: readonly number[];
  readonly standby: readonly number[];
}

const nothing: Held = { active: [], standby: [] };

/** What a member believes. */
interface Member {
  readonly name: string;
  readonly processId: string;
  memberId: string;
  epoch: number;
  /** What it works on. */
  held: Held;
  /** What it was told last; it comes to it when it gives up the rest. */
  told: Held;
}

type Hear = (result: StreamsHeartbeatResult) => void;

export class StreamsGroupWorld implements World {
  readonly #options: StreamsGroupWorldOptions;
  readonly #shell: GroupShell;
  readonly #members: readonly Member[];
  readonly #open = new Map<number, Hear | undefined>();
  #epoch = 0;
  /** Follows the log, as a start would read it. */
  #follower: { readonly table: GroupTable; at: number };

  constructor(options: StreamsGroupWorldOptions) {
    this.#options = options;
    const config = configOf(options);
    this.#shell = new GroupShell(() => config, options.mutation);
    for (const name of [topic, changelog]) this.#shell.topics.set(name, taskCount);
    this.#follower = { table: this.#shell.newTable(), at: 0 };
    this.#members = Array.from({ length: options.members }, (_, i) => ({
      name: "ABCDEF"[i] ?? "",
      // The first two share one.
      processId: i < 2 ? "p" : `p${i}`,
      memberId: `m-${this.#shell.newUuid()}`,
      epoch: 0,
      held: nothing,
      told: nothing,
    }));
  }

  events(): readonly string[] {
    const { fates, loses } = this.#options;
    const events = ["restart"];
    if (this.#dueInMs() !== undefined) events.push("time");
    if (loses) events.push(this.#isMade ? "lose" : "make");
    for (const member of this.#members) {
      const { name, epoch } = member;
      const verbs = epoch === 0 ? ["beat"] : ["beat", "leave"];
      if (epoch > 0 && !isAt(member)) verbs.push("gives");
      for (const verb of verbs) {
        events.push(`${name} ${verb}`);
        for (const fate of fates) if (fate !== "crash") events.push(`${name} ${verb} ${fate}`);
      }
      if (fates.includes("crash") && epoch > 0) events.push(`${name} crash`);
    }
    return events;
  }

  usual(): readonly string[] {
    return this.events().filter((event) => / (beat|gives)$/.test(event) || event === "make");
  }

  happen(event: string): void {
    const [subject = "", verb = "", fate = ""] = event.split(" ");
    if (subject === "time") this.#passTime(this.#dueInMs() ?? 0);
    else if (subject === "restart") this.#restart();
    else if (subject === "lose") this.#shell.topics.delete(changelog);
    else if (subject === "make") this.#shell.topics.set(changelog, taskCount);
    else this.#act(subject, { verb, fate });
  }

  check(): void {
    const { table } = this.#shell;
    table.assertConsistent();
    law(described(this.#followed()) === described(table), "the log says something else");
    const { errorCode, groupEpoch, members } = table.describeStreams(groupId);
    if (errorCode !== ErrorCode.NONE) return void (this.#epoch = 0);
    law(groupEpoch >= this.#epoch, "the group's epoch went back");
    this.#epoch = groupEpoch;
    const known = new Set(members.map(({ memberId }) => memberId));
    const [active, inProcess] = [new Set<number>(), new Set<string>()];
    for (const { memberId, processId, epoch, held } of this.#members) {
      // Of one that is out nothing counts any more: it cannot commit.
      if (epoch === 0 || !known.has(memberId)) continue;
      for (const task of held.active) {
        law(!active.has(task), "a task is active in two members");
        active.add(task);
      }
      for (const task of [...held.active, ...held.standby]) {
        law(!inProcess.has(`${processId} ${task}`), "a process has a task twice");
        inProcess.add(`${processId} ${task}`);
      }
    }
  }

  state(): string {
    const { table, nowMs } = this.#shell;
    return groupText({ table, nowMs, rest: [this.#members, this.#isMade] });
  }

  calm(random: Chance): void {
    this.#shell.refuseNext = ErrorCode.NONE;
    this.#shell.topics.set(changelog, taskCount);
    const alive = this.#members.filter(() => random.between(0, 1) < 0.7);
    for (const member of this.#members) if (!alive.includes(member)) this.#crash(member);
    for (let round = 0; round < roundsMax; round++) {
      for (const member of alive) {
        this.#beat(member, "");
        member.held = member.told;
      }
      this.check();
      if (round * roundMs > 2 * sessionTimeoutMs && this.#isAtRest(alive)) return;
      this.#passTime(roundMs);
    }
    law(false, "the group never comes to rest");
  }

  get #isMade(): boolean {
    return this.#shell.topics.byName(changelog) !== undefined;
  }

  /** What a start would read now. */
  #followed(): GroupTable {
    const { table, at } = this.#follower;
    this.#follower.at = this.#shell.log.length;
    this.#shell.readInto(table, at);
    return table;
  }

  /** All tasks are theirs, evenly, with as many copies as there are processes for. */
  #isAtRest(alive: readonly Member[]): boolean {
    const { groupState, members } = this.#shell.table.describeStreams(groupId);
    if (members.length !== alive.length) return false;
    if (alive.length === 0) return true;
    const active = alive.flatMap(({ held }) => held.active).sort();
    const standby = alive.flatMap(({ held }) => held.standby);
    const processCount = new Set(alive.map(({ processId }) => processId)).size;
    const copies = Math.min(this.#options.standbyReplicas, processCount - 1);
    const sizes = alive.map(({ held }) => held.active.length);
    return groupState === "Stable" && active.join() === "0,1" &&
      standby.length === copies * taskCount && Math.max(...sizes) - Math.min(...sizes) <= 1;
  }

  #act(name: string, { verb, fate }: { verb: string; fate: string }): void {
    const member = this.#members.find((each) => each.name === name);
    if (member === undefined) throw new Error(`no member ${name}`);
    if (verb === "crash") return this.#crash(member);
    if (fate === "refused") this.#shell.refuseNext = ErrorCode.NOT_ENOUGH_REPLICAS;
    if (verb === "gives") member.held = member.told;
    if (verb === "leave") this.#leave(member);
    else this.#beat(member, fate);
    this.#shell.refuseNext = ErrorCode.NONE;
  }

  /** A new process takes its place. */
  #crash(member: Member): void {
    const memberId = `m-${this.#shell.newUuid()}`;
    Object.assign(member, { memberId, epoch: 0, held: nothing, told: nothing });
  }

  #beat(member: Member, fate: string): void {
    this.#heartbeat(
      member,
      member.epoch,
      fate === "lost" ? undefined : ({ heartbeat }) => {
        const { errorCode, memberEpoch, activeTasks, standbyTasks } = heartbeat;
        if (errorCode !== ErrorCode.NONE) return this.#fail(member, errorCode);
        law(memberEpoch >= member.epoch, "a member's epoch went back");
        member.epoch = memberEpoch;
        if (activeTasks === null || standbyTasks === null) return;
        member.told = { active: numbersOf(activeTasks), standby: numbersOf(standbyTasks) };
        // What is new it takes at once; what it is to give up it holds on to for a while.
        member.held = union(member.held, member.told);
      },
    );
  }

  #leave(member: Member): void {
    this.#heartbeat(member, -1, () => {});
    Object.assign(member, { epoch: 0, held: nothing, told: nothing });
  }

  #fail(member: Member, errorCode: ErrorCode): void {
    const mustRejoin = [
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.FENCED_MEMBER_EPOCH,
      ErrorCode.GROUP_ID_NOT_FOUND,
    ].includes(errorCode as never);
    if (mustRejoin) {
      return void Object.assign(member, { epoch: 0, held: nothing, told: nothing });
    }
    law(errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE, `a member is told ${errorCode}`);
  }

  #heartbeat(member: Member, memberEpoch: number, hear: Hear | undefined): void {
    const { memberId, processId } = member;
    const joins = memberEpoch === 0;
    const held = joins ? nothing : member.held;
    const request = streamsRequest({
      groupId,
      memberId,
      memberEpoch,
      rebalanceTimeoutMs: joins ? 5_000 : -1,
      topology: joins ? topology : null,
      activeTasks: idsOf(held.active),
      standbyTasks: idsOf(held.standby),
      warmupTasks: [],
      processId,
    });
    const input = { request, clientId: "c", clientHost: "/192.0.2.1" };
    this.#ask((table, at) => table.streamsHeartbeat(input, at), hear);
  }

  #restart(): void {
    this.#open.clear();
    this.#follower = { table: this.#shell.newTable(), at: 0 };
    this.#take(this.#shell.restart());
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

  #ask(
    decide: (table: GroupTable, at: At<StreamsHeartbeatResult>) => GroupDecision,
    hear: Hear | undefined,
  ): void {
    const at = this.#shell.at<StreamsHeartbeatResult>();
    this.#open.set(at.asked.id, hear);
    this.#take(this.#shell.carryOut(decide(this.#shell.table, at)));
  }

  #take({ answers }: ReturnType<GroupShell["carryOut"]>): void {
    for (const { to, response } of answers) {
      law(this.#open.has(to.id), "an answer to nobody, or a second one");
      const hear = this.#open.get(to.id);
      this.#open.delete(to.id);
      hear?.(response as GroupResponse & StreamsHeartbeatResult);
    }
  }
}

interface Tasks {
  readonly partitions: readonly number[];
}

function numbersOf(tasks: readonly Tasks[]): number[] {
  return tasks.flatMap(({ partitions }) => [...partitions]).sort((a, b) => a - b);
}

function idsOf(partitions: readonly number[]) {
  return partitions.length === 0 ? [] : [{ subtopologyId: "0", partitions: [...partitions] }];
}

function union(a: Held, b: Held): Held {
  const both = (x: readonly number[], y: readonly number[]) => [...new Set([...x, ...y])].sort();
  return { active: both(a.active, b.active), standby: both(a.standby, b.standby) };
}

/** Whether it has what it was told, and no more. */
function isAt({ held, told }: Member): boolean {
  return JSON.stringify(held) === JSON.stringify(told);
}

/** All that the log should know of the group. */
function described(table: GroupTable): string {
  const { members, ...rest } = table.describeStreams(groupId);
  const inOrder = [...members].sort((a, b) => a.memberId < b.memberId ? -1 : 1);
  return JSON.stringify([rest, inOrder]);
}
