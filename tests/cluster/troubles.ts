// What goes wrong in a history, and when: a plan by the seed, as data, so that a part of it can be
// left out; and how each of it is done to a simulated cluster, and is over after a while.
//
//   a broker    loses power, is killed, stops as it should, is stopped (SIGSTOP), has a clock of
//               its own pace, a full disk, one that cannot be read, written or synced, as its only
//               one or of several, or has lost the folder of a partition, or all that it had, or
//               has an older copy in its place
//   the network cuts a broker off, from all or from one other, both ways or one, from clients, from
//               the home of the metadata
//   etcd        a member freezes or dies, the quorum is lost, it forgets what was
//   all         are restarted one after the other, are given the newest features
//   a topic     is moved, grows, loses its beginning, is deleted and made anew, has other settings
//               (operators.ts)
//   who coordinates is cut off from all but clients, until others have taken its place
//
// Invariants: whoever is in trouble gets into no other before it is over. Where disks are not
// waited for, nobody loses power while another that has lost it is not in sync again, and nobody
// ever loses files while another has lost any or its power: no rule could keep what both had.

import type { Int64 } from "../../src/base/int64.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { machineOf } from "../harness/metadata_homes.ts";
import {
  ambush,
  type AmbushKind,
  ambushKinds,
  laterAmbushKinds,
  lossyAmbushes,
} from "./ambushes.ts";
import { wordsOf } from "./chronicle.ts";
import {
  isOperatorKind,
  laterOperatorKinds,
  type OperatorKind,
  operatorKinds,
  Operators,
  type OperatorsOptions,
} from "./operators.ts";
import { copyOfFolder } from "./copied_folders.ts";
import { isPassing } from "./passing.ts";
import { law } from "../walk/walker.ts";

const brokerTroubles = [
  "loses power",
  "is killed",
  "stops and starts again",
  "is paused",
  "is cut off",
  "hears nobody",
  "is heard by nobody",
  "is apart from one other",
  "is cut off from the metadata",
  "is out of reach of clients",
  "has a clock of its own pace",
  "has a full disk",
  "answers one other late",
] as const;
const diskTroubles = [
  "cannot read its disk",
  "cannot write its disk",
  "cannot sync its disk",
] as const;
const diskOperations = ["read", "write", "sync"] as const;
const etcdTroubles = ["freezes", "dies", "is without a quorum", "forgets"] as const;
const allTroubles = ["are restarted one after the other"] as const;
const fileTroubles = ["has lost a folder", "loses a folder while it runs"] as const;
const replacedDisks = ["has an empty disk", "has its disk put back as it was"] as const;
export const diskOfSeveral = "has a disk of several that fails";
const coordinatorCutOff = "coordinates, and is cut off";
/** By then another leads where a disk is full, whatever was wrong before. */
const givesWayMsMax = 15_000;

export type TroubleKind =
  | typeof brokerTroubles[number]
  | `etcd ${typeof etcdTroubles[number]}`
  | typeof allTroubles[number]
  | typeof diskTroubles[number]
  | typeof fileTroubles[number]
  | typeof replacedDisks[number]
  | typeof diskOfSeveral
  | OperatorKind
  | typeof coordinatorCutOff
  | AmbushKind;

export interface Trouble {
  readonly kind: TroubleKind;
  readonly atMs: number;
  readonly forMs: number;
  /** Chooses who. */
  readonly choice: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly count: number;
  readonly home: "memory" | "etcd";
  /** Whether brokers have several disks. */
  readonly hasDisks: boolean;
  /** Absent: all that there are. */
  readonly kinds?: readonly TroubleKind[];
  /** Of the whole. */
  readonly durationMs: number;
  /** How many times shorter than usual troubles are. */
  readonly hurry: number;
}

/** What goes wrong under a seed, in order. */
export function planOf(
  { seed, count, home, hasDisks, kinds: given, durationMs, hurry }: PlanOptions,
): Trouble[] {
  const random = new SeededRandom(seed, "troubles");
  const kinds = given ?? kindsOf({ home, hasDisks });
  const drawn = (from: SeededRandom, kinds: readonly TroubleKind[]): Trouble => ({
    kind: kinds[Math.floor(from.between(0, kinds.length))]!,
    atMs: Math.floor(from.between(0, durationMs)),
    forMs: Math.floor(
      from.chance(0.3) ? from.between(10, 500) : from.between(500, 14_000 / hurry),
    ),
    choice: from.uint32(),
  });
  const plan = Array.from({ length: count }, () => drawn(random, kinds));
  plan.sort((a, b) => a.atMs - b.atMs);
  if (given !== undefined) return plan;
  // By their numbers the others stay what they were before there were these.
  const later = new SeededRandom(seed, "later troubles");
  const laterCount = Math.floor(later.between(0, 3));
  const added = Array.from({ length: laterCount }, () => drawn(later, laterKinds));
  return [...plan, ...added];
}

/** It is there for one rule, whose histories have nothing else: others are hunted without it. */
const lastAmbush: AmbushKind = "dies, and leaves who fell behind";

/** What any home and any disk can have, and what wrong code is hunted with. */
export const commonKinds: readonly TroubleKind[] = [
  ...brokerTroubles,
  // What decides most comes most often.
  "loses power",
  "is killed",
  "is paused",
  "is cut off",
  ...allTroubles,
  ...ambushKinds.filter((kind) => kind !== lastAmbush),
];

/** A history has none, one or two of them besides. */
const laterKinds: readonly TroubleKind[] = [
  ...laterOperatorKinds,
  ...laterAmbushKinds,
  ...replacedDisks,
];

/** All kinds that a history can have. */
export function everyKind(): TroubleKind[] {
  return [...new Set([...kindsOf({ home: "etcd", hasDisks: true }), ...laterKinds])];
}

function kindsOf({ home, hasDisks }: Pick<PlanOptions, "home" | "hasDisks">): TroubleKind[] {
  return [
    ...commonKinds,
    ...diskTroubles,
    ...fileTroubles,
    lastAmbush,
    ...operatorKinds,
    ...hasDisks ? [diskOfSeveral, diskOfSeveral, diskOfSeveral] as const : [],
    coordinatorCutOff,
    ...home === "etcd" ? etcdTroubles.map((each) => `etcd ${each}` as const) : [],
  ];
}

export interface TroublesOptions extends OperatorsOptions {
  /** Whether acks=all waits for disks: if not, one broker at a time is in trouble. */
  readonly isSynced: boolean;
  /** By then whoever is silent is out of sync, and taken for dead. */
  readonly patienceMs: number;
  /** Longer than anything goes wrong: who has not started by then never will. */
  readonly startMsMax: number;
  /** Brokers of an older version: whoever starts again is of the newest. */
  readonly older: Set<number>;
}

export class Troubles {
  readonly #options: TroublesOptions;
  readonly #operators: Operators;
  readonly #busy = new Set<number>();
  readonly #slowed = new Set<number>();
  /** Those that lost power or files, and by which epoch they had lived. */
  readonly #lossy = new Map<number, Int64>();
  readonly #starting = new Map<number, Promise<void>>();
  /** Those of which one disk fails, and has others. */
  readonly #ofOneDisk = new Set<number>();
  #isEtcdBusy = false;

  constructor(options: TroublesOptions) {
    this.#options = options;
    this.#operators = new Operators(options);
  }

  get #busyMax(): number {
    const { isSynced, brokers } = this.#options;
    return isSynced ? brokers : 1;
  }

  /** Resolves once all of the plan is over. */
  async run(plan: readonly Trouble[]): Promise<void> {
    const { pass } = this.#options.scene;
    await Promise.all(plan.map(async (trouble) => {
      await pass(trouble.atMs);
      await this.#happen(trouble);
    }));
  }

  /** Nothing is wrong any more, and every broker runs. */
  async heal(): Promise<void> {
    const { scene, brokers } = this.#options;
    scene.heal();
    for (let id = 1; id <= brokers; id++) scene.world.heal(machineOf(id), "client");
    for (const id of this.#slowed) scene.world.driftClock(machineOf(id), 1);
    for (let id = 1; id <= brokers; id++) await this.start(id);
  }

  /** Has a broker run: whoever asks for it while it is being started waits for that one. */
  async start(id: number): Promise<void> {
    if (this.#options.scene.brokers.has(id)) return;
    let starting = this.#starting.get(id);
    if (starting === undefined) {
      starting = this.#startAgainAndAgain(id).finally(() => this.#starting.delete(id));
      this.#starting.set(id, starting);
    }
    await starting;
  }

  async #startAgainAndAgain(id: number): Promise<void> {
    const { scene, chronicle, older, startMsMax } = this.#options;
    if (older.delete(id)) chronicle.tell(machineOf(id), "is upgraded");
    const begunMs = scene.world.nowMs;
    for (;;) {
      try {
        await scene.start(id);
        return chronicle.tell(machineOf(id), "runs");
      } catch (error) {
        if (!isPassing(error)) throw error;
        chronicle.tell(machineOf(id), `does not start: ${wordsOf(error)}`);
        const tookMs = scene.world.nowMs - begunMs;
        law(tookMs < startMsMax, `broker ${id} cannot start: ${wordsOf(error)}`);
        await scene.pass(1_000);
      }
    }
  }

  /** It cannot go on by itself: whoever watches over it starts it again. */
  async onFatal(id: number, error: unknown): Promise<void> {
    const { scene, chronicle } = this.#options;
    chronicle.tell(machineOf(id), `cannot go on: ${wordsOf(error)}`);
    law(!this.#ofOneDisk.has(id), `broker ${id} stops for one of its disks: ${wordsOf(error)}`);
    scene.kill(id);
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    await scene.pass(1_000);
    await this.start(id);
    this.#busy.delete(id);
  }

  async #happen(trouble: Trouble): Promise<void> {
    const { kind } = trouble;
    if (kind.startsWith("etcd ")) return await this.#etcd(trouble);
    if (kind === "are restarted one after the other") return await this.#rolling();
    if (isOperatorKind(kind)) return await this.#operators.run({ ...trouble, kind });
    if (isAmbush(kind)) return await this.#ambush(kind, trouble.choice);
    const id = kind === coordinatorCutOff ? this.#coordinator() : this.#choose(trouble.choice);
    if (id === undefined) return;
    const { chronicle } = this.#options;
    this.#busy.add(id);
    chronicle.tell(machineOf(id), `${kind} for ${trouble.forMs} ms`);
    await this.#broker(id, trouble);
    await this.start(id);
    this.#busy.delete(id);
    chronicle.tell(machineOf(id), `${kind} no more`);
  }

  /** Whoever has a replica of the partition is in it. */
  async #ambush(kind: AmbushKind, choice: number): Promise<void> {
    const { scene, target, chronicle, patienceMs } = this.#options;
    const { leader, replicas } = scene.partition(target.topic, target.partition);
    const isFree = (id: number) => !this.#busy.has(id) && scene.brokers.has(id);
    if (!replicas.every(isFree) || this.#busy.size >= this.#busyMax) return;
    if (lossyAmbushes.includes(kind) && !replicas.every((id) => this.#mayLosePower(id))) return;
    for (const id of replicas) this.#busy.add(id);
    chronicle.tell(machineOf(leader), kind);
    await ambush(kind, {
      scene,
      target,
      patienceMs,
      choice,
      start: (id) => this.start(id),
      losePower: (id) => this.#losePower(id),
      tell: (id, words) => chronicle.tell(machineOf(id), words),
    });
    for (const id of replicas) this.#busy.delete(id);
    chronicle.tell("all", `${kind} no more`);
  }

  /** Mostly the leader: nothing is decided where a follower goes. */
  #choose(choice: number): number | undefined {
    const { scene, brokers, target } = this.#options;
    if (this.#busy.size >= this.#busyMax) return undefined;
    const { leader } = scene.partition(target.topic, target.partition);
    const isFree = (id: number) => id > 0 && !this.#busy.has(id) && scene.brokers.has(id);
    if (choice % 3 > 0 && isFree(leader)) return leader;
    const free = Array.from({ length: brokers }, (_, i) => i + 1).filter(isFree);
    return free[choice % free.length];
  }

  /** Who leads the groups' topic, where that is free. */
  #coordinator(): number | undefined {
    const { scene } = this.#options;
    if (this.#busy.size >= this.#busyMax) return undefined;
    const leader = scene.metadata.image.topic("__consumer_offsets")?.partitions[0]?.leader ?? -1;
    return scene.brokers.has(leader) && !this.#busy.has(leader) ? leader : undefined;
  }

  /** Whether all others have what they acknowledged. */
  #mayLosePower(id: number): boolean {
    return this.#options.isSynced || this.#areWhole(id);
  }

  /** The same, and nothing is acknowledged by this one alone, as where the disks of others fail. */
  #mayLoseFiles(id: number): boolean {
    const { image } = this.#options.scene.metadata;
    return this.#areWhole(id) &&
      image.topics().every(({ partitions }) =>
        partitions.every(({ replicas, isr, elr }) =>
          !replicas.includes(id) || [...isr, ...elr].some((each) => each !== id)
        )
      );
  }

  #areWhole(butFor: number): boolean {
    return [...this.#lossy.keys()].every((each) => each === butFor || this.#isWhole(each));
  }

  #losePower(id: number): void {
    this.#noteLossy(id);
    this.#options.scene.crash(id);
  }

  #noteLossy(id: number): void {
    this.#lossy.set(id, this.#options.scene.metadata.image.broker(id)?.epoch ?? -1);
  }

  /** Somebody removes the folder of one of its partitions. */
  #loseFolder(id: number, choice: number): void {
    const { scene, chronicle } = this.#options;
    const files = scene.files(id);
    const paths = scene.folders(id).flatMap((path) =>
      files.list(path).filter((name) => /^.+-\d+$/.test(name)).map((name) => `${path}/${name}`)
    );
    const path = paths[choice % paths.length];
    if (path === undefined || !this.#mayLoseFiles(id)) return;
    this.#noteLossy(id);
    files.remove(path);
    chronicle.tell(machineOf(id), `${path} is gone`);
  }

  /** Whatever its disks had is gone, unless nobody else is sure to have it; whether it is. */
  #replaceDisk(id: number): boolean {
    const { scene, chronicle } = this.#options;
    if (!this.#mayLoseFiles(id)) return false;
    this.#noteLossy(id);
    const files = scene.files(id);
    for (const folder of scene.folders(id)) {
      for (const name of files.list(folder)) files.remove(`${folder}/${name}`);
    }
    chronicle.tell(machineOf(id), "has empty disks");
    return true;
  }

  /** A copy that was made before its last life: such a one a broker of an etcd can tell. */
  async #putBack(id: number, forMs: number): Promise<void> {
    const { scene, chronicle } = this.#options;
    scene.kill(id);
    const copies = scene.folders(id).map((folder) => copyOfFolder(scene.files(id), folder));
    await this.start(id);
    await scene.pass(forMs);
    scene.kill(id);
    if (scene.etcd !== undefined && this.#replaceDisk(id)) {
      for (const copy of copies) copy.putBack(scene.files(id));
      chronicle.tell(machineOf(id), "has its disks put back");
    }
    await this.start(id);
  }

  /** It goes on with its other disks, as it does where it is started meanwhile. */
  async #failDisk(id: number, { choice, forMs }: Trouble): Promise<void> {
    const { scene, chronicle } = this.#options;
    const { world, pass } = scene;
    const random = new SeededRandom(choice, "disks");
    const oneOf = <T>(items: readonly T[]) => items[random.uint32() % items.length]!;
    const machine = machineOf(id);
    const [folder, operation] = [oneOf(scene.folders(id)), oneOf(diskOperations)];
    chronicle.tell(machine, `cannot ${operation} ${folder}`);
    this.#ofOneDisk.add(id);
    // Its broker cannot count on what is there any more, whatever that is.
    this.#noteLossy(id);
    world.failDisk(machine, operation, true, folder);
    await pass(forMs / 2);
    if (random.chance(0.3)) scene.kill(id);
    const restarted = this.start(id);
    await pass(forMs / 2);
    const isReplaced = random.chance(0.5) && this.#mayLoseFiles(id);
    world.failDisk(machine, operation, false, folder);
    await restarted;
    scene.kill(id);
    this.#ofOneDisk.delete(id);
    if (isReplaced) {
      const files = scene.files(id);
      for (const name of files.list(folder)) files.remove(`${folder}/${name}`);
      chronicle.tell(machine, `has a new disk at ${folder}`);
    }
    await this.start(id);
  }

  /** With a full disk it leads no longer what others in sync have room for all the time. */
  async #givesWay(id: number): Promise<void> {
    const { scene: { partition, pass }, target, brokers } = this.#options;
    for (let passedMs = 0; passedMs < givesWayMsMax; passedMs += 100) {
      const { leader, isr } = partition(target.topic, target.partition);
      const all = Array.from({ length: brokers }, (_, i) => i + 1);
      // Whoever is in trouble, or in an etcd that is, may not hear of it.
      const isCalm = !this.#isEtcdBusy && all.every((each) => each === id || !this.#busy.has(each));
      if (leader !== id || isr.length === 1 || !isCalm) return;
      await pass(100);
    }
    law(false, `broker ${id} goes on leading with a full disk, though others have room`);
  }

  /** Whether one that lost power has registered since, and is in sync with all that it has. */
  #isWhole(id: number): boolean {
    const { image } = this.#options.scene.metadata;
    return image.broker(id)?.epoch !== this.#lossy.get(id) &&
      image.topics().every(({ partitions }) =>
        partitions.every(({ replicas, isr }) => !replicas.includes(id) || isr.includes(id))
      );
  }

  async #broker(id: number, trouble: Trouble): Promise<void> {
    const { kind, forMs, choice } = trouble;
    const { scene, brokers } = this.#options;
    const { pass, world } = scene;
    const all = Array.from({ length: brokers }, (_, i) => i + 1);
    const others = all.filter((each) => each !== id);
    switch (kind) {
      case "loses power":
        if (this.#mayLosePower(id)) this.#losePower(id);
        else scene.kill(id);
        await pass(forMs);
        return await this.start(id);
      case "is killed":
        scene.kill(id);
        await pass(forMs);
        return await this.start(id);
      case "has lost a folder":
        scene.kill(id);
        this.#loseFolder(id, choice);
        await pass(forMs);
        return await this.start(id);
      case "loses a folder while it runs":
        this.#loseFolder(id, choice);
        await pass(forMs);
        scene.kill(id);
        return await this.start(id);
      case "has an empty disk":
        scene.kill(id);
        this.#replaceDisk(id);
        await pass(forMs);
        return await this.start(id);
      case "has its disk put back as it was":
        return await this.#putBack(id, forMs);
      case "has a disk of several that fails":
        return await this.#failDisk(id, trouble);
      case "stops and starts again":
        await scene.stop(id);
        await pass(forMs);
        return await this.start(id);
      case "is paused":
        scene.pause(id);
        await pass(forMs);
        return scene.resume(id);
      case "is cut off":
      case "coordinates, and is cut off":
        scene.partitionNetwork(others, [id]);
        await pass(kind === "is cut off" ? forMs : this.#options.patienceMs + forMs);
        return scene.rejoin(id);
      case "hears nobody":
      case "is heard by nobody": {
        for (const other of others) {
          const way = kind === "hears nobody" ? [other, id] : [id, other];
          world.partition(machineOf(way[0]!), machineOf(way[1]!), { oneWay: true });
        }
        await pass(forMs);
        return scene.rejoin(id);
      }
      case "is apart from one other":
        world.partition(machineOf(id), machineOf(others[choice % others.length]!));
        await pass(forMs);
        return scene.rejoin(id);
      case "is cut off from the metadata":
        scene.loseMetadata(id);
        await pass(forMs);
        return scene.rejoin(id);
      case "is out of reach of clients":
        world.partition(machineOf(id), "client");
        await pass(forMs);
        return world.heal(machineOf(id), "client");
      case "has a clock of its own pace":
        this.#slowed.add(id);
        return world.driftClock(machineOf(id), 0.96 + (choice % 9) / 100);
      case "has a full disk":
        world.leaveFree(machineOf(id), choice % 20_000);
        await pass(forMs);
        await this.#givesWay(id);
        return world.leaveFree(machineOf(id), Infinity);
      case "cannot read its disk":
      case "cannot write its disk":
      case "cannot sync its disk": {
        const operation = kind === "cannot read its disk"
          ? "read"
          : kind === "cannot write its disk"
          ? "write"
          : "sync";
        world.failDisk(machineOf(id), operation, true);
        await pass(forMs);
        world.failDisk(machineOf(id), operation, false);
        // A disk that has failed is used again by the next process.
        if (scene.brokers.has(id)) scene.kill(id);
        return await this.start(id);
      }
      case "answers one other late": {
        const other = machineOf(others[choice % others.length]!);
        world.slow(machineOf(id), other, 20 + choice % 1_000);
        await pass(forMs);
        return world.slow(machineOf(id), other, 0);
      }
    }
  }

  async #etcd({ kind, forMs, choice }: Trouble): Promise<void> {
    const { scene: { etcd, world, pass }, chronicle } = this.#options;
    if (etcd === undefined || this.#isEtcdBusy) return;
    this.#isEtcdBusy = true;
    const member = etcd.names[choice % etcd.names.length]!;
    chronicle.tell(member, `${kind} for ${forMs} ms`);
    if (kind === "etcd freezes") {
      world.stop(member);
      await pass(forMs);
      world.resume(member);
    } else if (kind === "etcd dies") {
      world.kill(member);
      await pass(forMs);
      await etcd.startMember(member);
    } else if (kind === "etcd is without a quorum") {
      etcd.loseQuorum();
      await pass(forMs);
      etcd.regainQuorum();
    } else etcd.state.compact(etcd.state.revision);
    chronicle.tell(member, `${kind} no more`);
    this.#isEtcdBusy = false;
  }

  /** Each stops as it should and starts, and the next one once all are in sync again, or late. */
  async #rolling(): Promise<void> {
    const { scene, brokers, target, chronicle } = this.#options;
    for (let id = 1; id <= brokers; id++) {
      if (this.#busy.has(id) || !scene.brokers.has(id)) continue;
      if (this.#busy.size >= this.#busyMax) continue;
      this.#busy.add(id);
      chronicle.tell(machineOf(id), "is restarted in its turn");
      await scene.stop(id);
      await this.start(id);
      this.#busy.delete(id);
      for (let waits = 0; waits < 100; waits++) {
        const { isr, replicas } = scene.partition(target.topic, target.partition);
        if (isr.length === replicas.length) break;
        await scene.pass(100);
      }
    }
  }
}

function isAmbush(kind: TroubleKind): kind is AmbushKind {
  return [...ambushKinds, ...laterAmbushKinds].some((each) => each === kind);
}
