// A small world of one group: a few clients, of one protocol or of both, a coordinator, a topic of
// two partitions.
//
//   A join, B commit lost, A crash   what a client does (group_client.ts)
//   late A                           a request of its that was slow arrives
//   time, restart, grow              until the next deadline; the coordinator; one partition more
//
// Laws, besides those of group_rig.ts: the tables are what a replay of the log builds; whoever is
// left comes to have every partition, each client its own, and nobody waits for ever.

import { ClassicClient } from "./classic_client.ts";
import { ConsumerClient } from "./consumer_client.ts";
import type { Fate, GroupClient } from "./group_client.ts";
import { groupId, GroupRig, type Mutation } from "./group_rig.ts";
import { groupText } from "./group_text.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { type Chance, law, type World } from "./walker.ts";

export interface GroupWorldOptions {
  /** What each client is. */
  readonly clients: readonly ClientKind[];
  /** What may come of a request besides an answer; of a client itself. */
  readonly fates: readonly ("lost" | "slow" | "refused" | "crash")[];
  /** Whether the topic may grow. */
  readonly grows?: boolean;
  readonly mutation?: Mutation;
}

export type ClientKind = "classic" | "static classic" | "consumer" | "static consumer";

const partitionCount = 2;
const partitionsMax = 3;
/** A client that is well does something this often. */
const roundMs = 3_000;
/** So many rounds are longer than any timeout. */
const roundsMax = 200;

export class GroupWorld implements World {
  readonly #options: GroupWorldOptions;
  readonly #rig: GroupRig;
  readonly #clients: readonly GroupClient[];
  /** What the log says of the group, and how long the log was then. */
  #logged = { length: -1, text: "" };

  constructor(options: GroupWorldOptions) {
    this.#options = options;
    this.#rig = new GroupRig(options.mutation, partitionCount);
    this.#clients = options.clients.map((kind, i) => {
      const isStatic = kind.startsWith("static");
      const client = { name: "ABCDEF"[i], isStatic };
      return kind.endsWith("classic")
        ? new ClassicClient(this.#rig, client)
        : new ConsumerClient(this.#rig, client);
    });
  }

  events(): readonly string[] {
    const { clients: kinds, fates, grows } = this.#options;
    const events = ["restart"];
    if (this.#rig.dueInMs() !== undefined) events.push("time");
    if (grows && this.#rig.partitions.length < partitionsMax) events.push("grow");
    for (const [i, client] of this.#clients.entries()) {
      const { name } = client;
      for (const verb of client.verbs()) {
        events.push(`${name} ${verb}`);
        for (const fate of fates) if (fate !== "crash") events.push(`${name} ${verb} ${fate}`);
      }
      if (client.hasSlow()) events.push(`late ${name}`);
      if (fates.includes("crash") && !client.isPristine()) events.push(`${name} crash`);
      // Of those that are alike, and have done nothing so far, one is as good as another.
      const isLikeNext = client.isPristine() && kinds[i] === kinds[i + 1];
      if (isLikeNext && this.#clients[i + 1].isPristine()) break;
    }
    return events;
  }

  usual(): readonly string[] {
    return this.#clients.flatMap((client) => {
      const duty = client.duty();
      return [
        ...duty === undefined ? [] : [`${client.name} ${duty}`],
        ...client.verbs().filter((verb) => verb === "beat lazily" || verb === "commit")
          .map((verb) => `${client.name} ${verb}`),
      ];
    });
  }

  happen(event: string): void {
    const [subject = "", verb = "", ...rest] = event.split(" ");
    if (subject === "time") this.#rig.passTime(this.#rig.dueInMs() ?? 0);
    else if (subject === "restart") this.#restart();
    else if (subject === "grow") this.#rig.grow();
    else if (subject === "late") this.#client(verb).arrive();
    else if (verb === "crash") this.#client(subject).crash();
    else this.#ask(this.#client(subject), [verb, ...rest]);
  }

  check(): void {
    this.#rig.check(
      this.#clients.map((client) => ({
        who: client.committer(),
        partitions: client.held.keys(),
      })),
    );
    this.#checkLog();
  }

  state(): string {
    const { shell } = this.#rig;
    return groupText({
      table: shell.table,
      nowMs: shell.nowMs,
      rest: [
        this.#clients.map((client) => [client.state(), client.waits()]),
        this.#rig.partitions.map((partition) => this.#rig.committed(partition)),
        this.#rig.holders,
      ],
    });
  }

  calm(random: Chance): void {
    const { shell } = this.#rig;
    shell.refuseNext = ErrorCode.NONE;
    const alive = this.#clients.filter(() => random.between(0, 1) < 0.7);
    for (const client of this.#clients) if (!alive.includes(client)) client.crash();
    const isAtRest = () =>
      alive.every((client) => client.isOver() || client.isSettled()) &&
      ["Stable", "Empty", "Dead", ""].includes(stateOf(shell.table)) &&
      this.#areAllHeld(alive.filter((client) => !client.isOver()));
    for (let round = 0; round < roundsMax; round++) {
      for (const client of alive) {
        for (let steps = 0; steps < 3; steps++) {
          const duty = client.duty();
          if (duty === undefined) break;
          client.ask(duty, "answered");
          if (duty === "beat") break;
        }
        if (client.held.size > 0) client.ask("commit", "answered");
        this.check();
      }
      if (isAtRest()) return;
      this.#rig.passTime(roundMs);
    }
    const waiting = alive.find((client) => client.waits());
    law(waiting === undefined, `${waiting?.name} waits for ever`);
    law(false, "the group never comes to rest");
  }

  /** Every partition has one who works on it. */
  #areAllHeld(alive: readonly GroupClient[]): boolean {
    if (alive.length === 0) return true;
    const held = alive.flatMap((client) => [...client.held.keys()]);
    return held.length === this.#rig.partitions.length && new Set(held).size === held.length;
  }

  #ask(client: GroupClient, words: readonly string[]): void {
    const fate = words.at(-1) ?? "";
    const isFate = ["lost", "slow", "refused"].includes(fate);
    const verb = (isFate ? words.slice(0, -1) : words).join(" ");
    if (fate === "refused") this.#rig.shell.refuseNext = ErrorCode.NOT_ENOUGH_REPLICAS;
    client.ask(verb, fate === "lost" || fate === "slow" ? fate as Fate : "answered");
    this.#rig.shell.refuseNext = ErrorCode.NONE;
  }

  #restart(): void {
    for (const client of this.#clients) client.disconnect();
    this.#rig.restart();
  }

  #client(name: string): GroupClient {
    const found = this.#clients.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no client ${name}`);
    return found;
  }

  /** Until it is settled again, a classic group that rebalances is not what the log has. */
  #checkLog(): void {
    const { table } = this.#rig.shell;
    const group = table.groups.get(groupId);
    if (group === undefined) return;
    const isSettled = group.type !== "classic" || group.state === "Stable" ||
      (group.state === "Empty" && group.isStored);
    if (!isSettled) return;
    const { length } = this.#rig.shell.log;
    if (this.#logged.length !== length) {
      this.#logged = { length, text: described(this.#rig.followed()) };
    }
    law(this.#logged.text === described(table), "the log says something else");
  }
}

type Table = GroupRig["shell"]["table"];

function stateOf(table: Table): string {
  const [group] = table.list({ statesFilter: [], typesFilter: [] });
  return group?.groupState ?? "";
}

/** All that the log should know of the group. */
function described(table: Table): string {
  const group = table.groups.get(groupId);
  if (group?.type !== "consumer") return JSON.stringify(table.describe(groupId, { apiVersion: 5 }));
  const { members, ...rest } = table.describeConsumer(groupId);
  return JSON.stringify([rest, [...members].sort((a, b) => a.memberId < b.memberId ? -1 : 1)]);
}
