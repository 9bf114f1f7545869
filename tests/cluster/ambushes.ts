// Troubles that wait for their moment. What a rule of the cluster guards against is often a window
// of milliseconds, which chance finds once in thousands of histories: each of these brings about
// the state in which a rule decides, and strikes when the metadata shows it.
//
//   kind                                    whoever gets the rule wrong
//   dies as its ISR grows                   has let somebody in who lacks what was acknowledged
//   leads with an old end, and dies ...     ... by a high watermark that it had heard of late
//   does not hear that its ISR has grown    acknowledges without the one that leads next
//   is joined by who loses power            takes a fetch for one of the life that came after it
//   loses power, and its successor dies     leads with a log that lacks what was acknowledged
//   is left alone, and dies                 has shown consumers what those that come back lack
//   dies, and leaves who fell behind        leads with a log that everybody else had more of
//   goes on with fewer, and dies            has eligible who was so while more had to be in sync
//
// Invariant: of one partition's replicas one at most loses power; the others' disks keep all.

import { ConnectionFault } from "../../src/base/faults.ts";
import { alterConfigs } from "../../src/client/admin/configs.ts";
import { KafkaError } from "../../src/client/mod.ts";
import type { PartitionImage } from "../../src/cluster/mod.ts";
import { machineOf } from "../harness/metadata_homes.ts";
import type { ClusterScene } from "../harness/simulated_cluster.ts";
import { isPassing } from "./passing.ts";

export const ambushKinds = [
  "dies as its ISR grows",
  "leads with an old end, and dies as its ISR grows",
  "does not hear that its ISR has grown",
  "is joined by who loses power",
  "loses power, and its successor dies",
  "is left alone, and dies",
  "dies, and leaves who fell behind",
] as const;

/** Drawn for themselves, so that what the others come to stays as it is. */
export const laterAmbushKinds = ["goes on with fewer, and dies"] as const;

export type AmbushKind = typeof ambushKinds[number] | typeof laterAmbushKinds[number];

/** Those in which a machine loses power. */
export const lossyAmbushes: readonly AmbushKind[] = [
  "is joined by who loses power",
  "loses power, and its successor dies",
];

/** Where an ambush is laid. */
export interface Field {
  readonly scene: ClusterScene;
  /** The partition whose replicas are in trouble. */
  readonly target: { readonly topic: string; readonly partition: number };
  /** By then whoever is silent is out of sync, and taken for dead. */
  readonly patienceMs: number;
  /** Chooses how long things take. */
  readonly choice: number;
  /** Has a broker run, however often it is to be started for that. */
  start(id: number): Promise<void>;
  losePower(id: number): void;
  tell(id: number, words: string): void;
}

/** Resolves once it is over, and all replicas run. */
export async function ambush(kind: AmbushKind, field: Field): Promise<void> {
  const laid = new Ambush(field);
  try {
    await laid.run(kind);
  } finally {
    await laid.end();
  }
}

/** Who is who in a partition of three replicas: the first to lead after the leader is `next`. */
interface Roles {
  readonly leader: number;
  readonly next: number;
  readonly other: number;
}

class Ambush {
  readonly #field: Field;
  readonly #replicas: readonly number[];

  constructor(field: Field) {
    this.#field = field;
    this.#replicas = this.#state.replicas;
  }

  get #state(): PartitionImage {
    const { scene, target } = this.#field;
    return scene.partition(target.topic, target.partition);
  }

  async run(kind: AmbushKind): Promise<void> {
    const roles = this.#roles();
    if (roles === undefined) return;
    switch (kind) {
      case "dies as its ISR grows":
        return await this.#diesAsIsrGrows(roles);
      case "leads with an old end, and dies as its ISR grows":
        return await this.#leadsWithOldEnd(roles);
      case "does not hear that its ISR has grown":
        return await this.#doesNotHear(roles);
      case "is joined by who loses power":
        return await this.#isJoined(roles);
      case "loses power, and its successor dies":
        return await this.#losesPower(roles);
      case "is left alone, and dies":
        return await this.#isLeftAlone(roles);
      case "dies, and leaves who fell behind":
        return await this.#leavesWhoFellBehind(roles);
      case "goes on with fewer, and dies":
        return await this.#goesOnWithFewer(roles);
    }
  }

  /** All is as before: nothing is slow, everybody hears everybody and runs. */
  async end(): Promise<void> {
    const { scene } = this.#field;
    for (const id of this.#replicas) {
      for (const other of this.#replicas) scene.world.slow(machineOf(id), machineOf(other), 0);
      scene.rejoin(id);
    }
    for (const id of this.#replicas) await this.#field.start(id);
  }

  async #diesAsIsrGrows({ leader, next }: Roles): Promise<void> {
    const { choice } = this.#field;
    if (!await this.#lags(next)) return;
    this.#slow(leader, next, 20 + choice % 200);
    await this.#joins(next, () => this.#kill(leader));
    await this.#field.scene.pass(choice % 3_000);
  }

  async #leadsWithOldEnd({ leader, next, other }: Roles): Promise<void> {
    const { scene, choice } = this.#field;
    if (!await this.#lags(next)) return;
    this.#kill(leader);
    if (!await this.#until(() => this.#state.leader === other)) return;
    this.#slow(other, next, 20 + choice % 100);
    await this.#joins(next, () => this.#kill(other));
    await scene.pass(choice % 3_000);
  }

  async #doesNotHear({ leader, next }: Roles): Promise<void> {
    const { scene, choice } = this.#field;
    if (!await this.#lags(next)) return;
    const isStruck = await this.#joins(next, () => {
      scene.loseMetadata(leader);
      scene.world.partition(machineOf(leader), machineOf(next));
    });
    if (!isStruck) return;
    await scene.pass(100 + choice % 500);
    this.#kill(leader);
    await scene.pass(choice % 3_000);
  }

  async #isJoined({ leader, next, other }: Roles): Promise<void> {
    const { scene, choice, start } = this.#field;
    if (!await this.#lags(next)) return;
    // What the leader asks for is under way for so long.
    scene.loseMetadata(leader);
    scene.rejoin(next);
    await scene.pass(300 + choice % 300);
    if (!scene.brokers.has(next)) return;
    this.#field.tell(next, "loses power");
    this.#field.losePower(next);
    this.#slow(leader, next, 600);
    await start(next);
    scene.rejoin(leader);
    const strike = () => {
      this.#kill(leader);
      this.#kill(other);
    };
    await this.#growth(next, strike, 500);
    await scene.pass(choice % 2_000);
  }

  async #losesPower({ leader, next, other }: Roles): Promise<void> {
    const { scene, choice, start } = this.#field;
    if (!await this.#lags(other) || !scene.brokers.has(leader)) return;
    this.#field.tell(leader, "loses power");
    this.#field.losePower(leader);
    this.#slow(next, leader, 1_000);
    if (!await this.#until(() => this.#state.leader === next)) return;
    await start(leader);
    this.#kill(next);
    await scene.pass(this.#field.patienceMs + choice % 2_000);
  }

  async #isLeftAlone({ leader, next, other }: Roles): Promise<void> {
    const { scene, choice, start } = this.#field;
    this.#kill(next);
    this.#kill(other);
    if (!await this.#until(() => this.#state.isr.length === 1)) return;
    await scene.pass(200 + choice % 700);
    this.#kill(leader);
    await start(next);
    await start(other);
    await scene.pass(this.#field.patienceMs + choice % 1_000);
  }

  async #leavesWhoFellBehind({ next }: Roles): Promise<void> {
    const { scene, choice, patienceMs } = this.#field;
    if (!await this.#lags(next)) return;
    await scene.pass(200 + choice % 700);
    for (const id of this.#replicas) if (id !== next) this.#kill(id);
    scene.rejoin(next);
    await scene.pass(patienceMs + choice % 1_000);
  }

  async #goesOnWithFewer({ leader, next, other }: Roles): Promise<void> {
    const { scene, choice, patienceMs } = this.#field;
    const isAsked = await this.#ask(3);
    try {
      if (!isAsked || !await this.#lags(next)) return;
      this.#field.tell(next, this.#state.elr.includes(next) ? "is eligible" : "is not eligible");
    } finally {
      if (isAsked) await this.#askUntilHeard(2);
    }
    await scene.pass(200 + choice % 700);
    for (const id of [leader, other]) this.#kill(id);
    scene.rejoin(next);
    await scene.pass(patienceMs + choice % 1_000);
  }

  /** Has so many be in sync for acks=all; whether it was heard of. */
  async #ask(minIsr: number): Promise<boolean> {
    const { scene, target: { topic } } = this.#field;
    try {
      const client = await scene.client({ requestTimeoutMs: 2_000 });
      await alterConfigs(client, { topic }, { set: { "min.insync.replicas": minIsr } });
      return true;
    } catch (error) {
      const isNoWonder = isPassing(error) || error instanceof KafkaError ||
        error instanceof ConnectionFault;
      if (!isNoWonder) throw error;
      return false;
    }
  }

  async #askUntilHeard(minIsr: number): Promise<void> {
    for (let tries = 0; tries < 5 && !await this.#ask(minIsr); tries++) {
      await this.#field.scene.pass(200);
    }
  }

  #roles(): Roles | undefined {
    const { leader, replicas, isr } = this.#state;
    const [next, other] = replicas.filter((id) => id !== leader);
    if (leader < 0 || isr.length < 3 || next === undefined || other === undefined) return undefined;
    return { leader, next, other };
  }

  /** Has a follower fall behind, out of reach of all others; whether it is out of sync by now. */
  async #lags(id: number): Promise<boolean> {
    const { scene, choice } = this.#field;
    for (const other of scene.brokers.keys()) {
      if (other !== id) scene.world.partition(machineOf(id), machineOf(other));
    }
    const isOut = await this.#until(() => !this.#state.isr.includes(id));
    await scene.pass(choice % 300);
    return isOut;
  }

  /** Lets it catch up; whether it has come back into the ISR, and `strike` was called then. */
  async #joins(id: number, strike: () => void): Promise<boolean> {
    this.#field.scene.rejoin(id);
    return await this.#growth(id, strike, this.#field.patienceMs);
  }

  /** Calls `strike` the moment that it is in the ISR; false: it is not, for so long. */
  #growth(id: number, strike: () => void, forMs: number): Promise<boolean> {
    const { scene } = this.#field;
    return new Promise((resolve) => {
      const end = (isStruck: boolean) => {
        stop();
        resolve(isStruck);
      };
      const stop = scene.metadata.onChange(() => {
        if (!this.#state.isr.includes(id)) return;
        strike();
        end(true);
      });
      scene.pass(forMs).then(() => end(false));
    });
  }

  #slow(from: number, to: number, byMs: number): void {
    this.#field.scene.world.slow(machineOf(from), machineOf(to), byMs);
  }

  #kill(id: number): void {
    const { scene, tell } = this.#field;
    if (!scene.brokers.has(id)) return;
    tell(id, "is killed");
    scene.kill(id);
  }

  /** Whether `holds` has come to hold in time. */
  async #until(holds: () => boolean): Promise<boolean> {
    const { scene, patienceMs } = this.#field;
    for (let passedMs = 0; !holds(); passedMs += 20) {
      if (passedMs > patienceMs) return false;
      await scene.pass(20);
    }
    return true;
  }
}
