// The real broker and real clients, under one seed: machines, a network, a disk and a clock that
// chance rules over. First all goes wrong that can; then all is calm, and whoever is left has to
// come to rest; then it is judged what there is.
//
//   begin ── troubled ──────────────────> calm ── at rest ──> over ── all have left ──> judged
//            the broker is killed, loses          groups have shared
//            power, starts anew; clients          out everything
//            are killed, cut off; all of
//            them stand still; requests
//            are lost, late, repeated
//
// Invariant: the same seed gives the same history, to the byte.

import { messageOf } from "../../src/base/faults.ts";
import { AssertionError } from "../../src/base/assert.ts";
import { loadConfig, type RunningBroker, startBroker } from "../../src/broker/mod.ts";
import { type AnyApi, ErrorCode, visitErrors } from "../../src/protocol/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import { simulate, type Simulation } from "../../src/runtime/simulated.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { law, LawBroken } from "../walk/walker.ts";
import { type Actor, Life, type Season } from "./actor.ts";
import type { Law } from "./law.ts";
import { Story } from "./story.ts";
import { type Answered, type Asked, type Fate, watchedNetwork } from "./wire.ts";

const brokerMachine = "broker";
const port = 9092;
const bootstrap = `10.0.0.1:${port}`;
/** Whoever is not at rest by then never will be. */
const restMsMax = 120_000;

/** What may go wrong in a world. */
export interface Troubles {
  /** The broker's machine may lose its power, not only its process. */
  readonly powerLoss: boolean;
  /** Syncs may fail, which ends the broker, and the disk may be full for a while. */
  readonly failingDisk: boolean;
  /** How many requests in a thousand fare badly. */
  readonly badFates: number;
}

export interface WorldOptions {
  readonly seed: number;
  /** What the broker serves, by key. */
  readonly apis: ReadonlyMap<number, AnyApi>;
  readonly troubles: Troubles;
  readonly troubledMs: number;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly actors: readonly Actor[];
  readonly laws: readonly Law[];
}

export class SimulatedWorld {
  readonly story: Story;
  readonly #options: WorldOptions;
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  readonly #fates: SeededRandom;
  /** Never killed: it carries late requests, brings trouble, and judges. */
  readonly #judge: Runtime;
  readonly #lives = new Map<Actor, { number: number; isDone: boolean }>();
  #season: Season = "troubled";
  /** Which of the broker's processes runs; undefined: none. */
  #process: number | undefined;
  #processes = 0;
  #broker: RunningBroker | undefined;
  #broken: unknown;

  constructor(options: WorldOptions) {
    const { seed } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed, "troubles");
    this.#fates = new SeededRandom(seed, "fates");
    this.#simulation = simulate(seed, {
      network: { spikeProbability: 0.01, spikeMs: [20, 600], giveUpMs: [2_000, 6_000] },
      onLogLine: (machine, line) => this.#onLogLine(machine, line),
    });
    this.story = new Story(() => this.#simulation.nowMs);
    // The broker's machine has the first address.
    this.#startBroker();
    this.#judge = this.#simulation.start("judge");
  }

  get traceHash(): string {
    return this.#simulation.traceHash;
  }

  /** Lets everything happen; throws LawBroken where a law is. */
  async run(o: {
    readonly begin: (judge: Life) => Promise<void>;
    /** Why it is not at rest yet; undefined: it is. */
    readonly unrest: (judge: Life) => Promise<string | undefined>;
    readonly end: (judge: Life) => Promise<void>;
  }): Promise<void> {
    const judge = this.#lifeOf("judge", this.#judge);
    const story = async () => {
      await o.begin(judge);
      for (const actor of this.#options.actors) this.#startActor(actor);
      await this.#bringTrouble();
      await this.#calmDown();
      await this.#untilRest(judge, o.unrest);
      this.#season = "over";
      await this.#untilOver();
      await o.end(judge);
      await this.#broker?.close();
    };
    await this.#simulation.drive(Promise.race([story(), this.#untilBroken()]));
    if (this.#broken !== undefined) throw this.#broken;
  }

  /** Rejects as soon as some law is broken, so that nothing happens any more. */
  async #untilBroken(): Promise<never> {
    for (;;) {
      await this.#pass(10);
      if (this.#broken !== undefined) throw this.#broken;
    }
  }

  async #bringTrouble(): Promise<void> {
    const { troubledMs } = this.#options;
    const endMs = this.#simulation.nowMs + troubledMs;
    while (this.#simulation.nowMs < endMs) {
      await this.#pass(this.#random.between(50, 2_500));
      await this.#trouble();
    }
  }

  async #trouble(): Promise<void> {
    const random = this.#random;
    const { actors, troubles } = this.#options;
    const actor = actors[Math.floor(random.between(0, actors.length))]!;
    const dice = random.between(0, 1);
    if (dice < 0.15) {
      if (this.#process === undefined) return;
      const isPowerLoss = troubles.powerLoss && random.chance(0.6);
      this.#endBroker(isPowerLoss ? "loses its power" : "is killed");
      this.#startBrokerLater();
    } else if (dice < 0.25) await this.#restartBroker();
    else if (dice < 0.45) this.#killActor(actor);
    else if (dice < 0.6) {
      this.story.tell(actor.name, "is cut from the broker");
      this.#simulation.cut(actor.name, brokerMachine);
    } else if (dice < 0.75) this.#cutOff(actor, random.between(100, 8_000));
    else if (dice < 0.9) this.#stop(actor.name, random.between(100, 9_000));
    else if (dice < 0.95) this.#stop(brokerMachine, random.between(100, 4_000));
    else if (troubles.failingDisk && random.chance(0.5)) {
      this.story.tell("disk", "fails a sync");
      this.#simulation.failSyncs(brokerMachine, 1);
    } else if (troubles.failingDisk) this.#fillDisk(random.between(100, 8_000));
  }

  /** A process stands still for so long, and knows nothing of it. */
  #stop(machine: string, forMs: number): void {
    this.story.tell(machine, `stands still for ${forMs.toFixed(0)} ms`);
    this.#simulation.stop(machine);
    this.#judge.timers.after(forMs, () => this.#simulation.resume(machine));
  }

  /** Others take the disk for so long, but for little or nothing. */
  #fillDisk(forMs: number): void {
    const left = this.#random.chance(0.5) ? 0 : Math.floor(this.#random.between(0, 5_000));
    this.story.tell("disk", `has ${left} bytes left for ${forMs.toFixed(0)} ms`);
    this.#simulation.leaveFree(brokerMachine, left);
    this.#judge.timers.after(forMs, () => this.#simulation.leaveFree(brokerMachine, Infinity));
  }

  /** Nothing passes between a client and the broker for so long. */
  #cutOff(actor: Actor, forMs: number): void {
    this.story.tell(actor.name, `is cut off for ${forMs.toFixed(0)} ms`);
    this.#simulation.partition(actor.name, brokerMachine);
    this.#judge.timers.after(forMs, () => this.#simulation.heal(actor.name, brokerMachine));
  }

  #killActor(actor: Actor): void {
    const life = this.#lives.get(actor);
    if (life === undefined || life.isDone) return;
    this.story.tell(actor.name, "is killed");
    this.#simulation.kill(actor.name);
    life.number++;
    const { number } = life;
    this.#judge.timers.after(this.#random.between(10, 3_000), () => {
      if (life.number === number) this.#startActor(actor);
    });
  }

  /** All links heal, the broker is up, nothing fares badly any more. */
  async #calmDown(): Promise<void> {
    this.#season = "calm";
    this.story.tell("world", "is calm");
    for (const { name } of this.#options.actors) {
      this.#simulation.heal(name, brokerMachine);
      this.#simulation.resume(name);
    }
    this.#simulation.resume(brokerMachine);
    this.#simulation.leaveFree(brokerMachine, Infinity);
    while (this.#broker?.health.status !== "ready") {
      const isUp = this.#broker !== undefined;
      if (isUp) this.#endBroker("is ended, since its disk fails");
      if (isUp) this.#startBrokerLater();
      await this.#pass(1_000);
    }
  }

  async #untilRest(
    judge: Life,
    unrest: (judge: Life) => Promise<string | undefined>,
  ): Promise<void> {
    const endMs = this.#simulation.nowMs + restMsMax;
    for (;;) {
      const why = await unrest(judge);
      if (why === undefined) return;
      law(this.#simulation.nowMs < endMs, `it never comes to rest: ${why}`);
      await this.#pass(500);
    }
  }

  /** Everybody has taken leave. */
  async #untilOver(): Promise<void> {
    const endMs = this.#simulation.nowMs + restMsMax;
    for (;;) {
      const waiting = this.#options.actors.find((actor) => !this.#lives.get(actor)?.isDone);
      if (waiting === undefined) return;
      law(this.#simulation.nowMs < endMs, `${waiting.name} waits for ever`);
      await this.#pass(100);
    }
  }

  #startActor(actor: Actor): void {
    const known = this.#lives.get(actor);
    const life = known ?? { number: 1, isDone: false };
    this.#lives.set(actor, life);
    const who = `${actor.name}.${life.number}`;
    this.story.tell(who, "begins");
    const runtime = this.#simulation.start(actor.name);
    actor.live(this.#lifeOf(who, runtime)).then(
      () => {
        life.isDone = true;
        this.story.tell(who, "is done");
      },
      (error) => this.#break(new LawBroken(`${who} cannot go on: ${messageOf(error)}`)),
    );
  }

  #lifeOf(who: string, runtime: Runtime): Life {
    const network = watchedNetwork(runtime.network, who, {
      apis: this.#options.apis,
      nowMs: () => this.#simulation.nowMs,
      fateOf: (asked) => this.#fateOf(asked),
      lateMs: () => this.#fates.between(1, 4_000),
      onAsked: (asked) => this.#judged(() => this.#onAsked(asked)),
      onAnswered: (answered) => this.#judged(() => this.#onAnswered(answered)),
      carrier: this.#judge,
    });
    return new Life({
      who,
      runtime: { ...runtime, network },
      random: new SeededRandom(this.#options.seed, who),
      bootstrap,
      season: () => this.#season,
    });
  }

  #fateOf({ who, api, request }: Omit<Asked, "fate">): Fate {
    const { badFates } = this.#options.troubles;
    if (this.#season !== "troubled" || who === "judge") return "passes";
    if (!this.#fates.chance(badFates / 1_000)) return "passes";
    const fates: Fate[] = ["lost", "unanswered"];
    if (mayComeLate.has(api.key)) fates.push("late", "twice");
    // A producer without a name would only be given an id that nobody uses.
    if (api.key === 22 && request.transactionalId === null) return "lost";
    return fates[Math.floor(this.#fates.between(0, fates.length))]!;
  }

  #onAsked(asked: Asked): void {
    this.story.onAsked(asked);
    for (const each of this.#options.laws) each.onAsked?.(asked);
  }

  #onAnswered(answered: Answered): void {
    this.story.onAnswered(answered);
    const { api, response } = answered;
    visitErrors(api, response, (code) => {
      law(code !== ErrorCode.UNKNOWN_SERVER_ERROR, `${api.name} is answered UNKNOWN_SERVER_ERROR`);
    });
    for (const each of this.#options.laws) each.onAnswered?.(answered);
  }

  /** A law that is broken in the middle of something ends the world, and not that. */
  #judged(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.#broken ??= error;
  }

  #onLogLine(machine: string, line: string): void {
    this.story.tell(machine, line.trimEnd());
    if (line.includes("this is a bug")) this.#break(new LawBroken(`the broker has a bug: ${line}`));
  }

  #startBroker(): void {
    const process = ++this.#processes;
    this.#process = process;
    this.story.tell(brokerMachine, "starts");
    const runtime = this.#simulation.start(brokerMachine);
    const isCurrent = () => this.#process === process;
    const { config } = loadConfig({
      flags: { host: "0.0.0.0", port, dataDir: "/data" },
      options: this.#options.settings,
    });
    const logger = runtime.logger({ level: "info", format: "text" });
    const onFatal = (error: unknown) => {
      if (isCurrent()) this.#onBrokerFailed(error);
    };
    startBroker({ runtime, config, logger, onFatal }).then((broker) => {
      if (isCurrent()) this.#broker = broker;
    }, onFatal);
  }

  #onBrokerFailed(error: unknown): void {
    if (error instanceof AssertionError) this.#break(error);
    this.#endBroker(`ends: ${messageOf(error)}`);
    this.#startBrokerLater();
  }

  #startBrokerLater(): void {
    this.#judge.timers.after(this.#random.between(10, 1_500), () => {
      if (this.#process === undefined) this.#startBroker();
    });
  }

  #endBroker(how: string): void {
    this.story.tell(brokerMachine, how);
    this.#process = undefined;
    this.#broker = undefined;
    if (how === "loses its power") this.#simulation.crash(brokerMachine);
    else this.#simulation.kill(brokerMachine);
  }

  /** As an operator does it. */
  async #restartBroker(): Promise<void> {
    const broker = this.#broker;
    const process = this.#process;
    if (broker === undefined) return;
    this.story.tell(brokerMachine, "closes");
    const closing = broker.close().catch((error) => this.story.tell("broker", messageOf(error)));
    await Promise.race([closing, this.#pass(10_000)]);
    if (this.#process !== process) return;
    this.#endBroker("is closed");
    this.#startBroker();
  }

  #pass(ms: number): Promise<void> {
    return new Promise((go) => this.#judge.timers.after(ms, go));
  }
}

/**
 * What a broker has to cope with whenever it comes: Produce, the requests of classic groups but for
 * commits, which count for as long as the member is one, and those of transactions.
 */
const mayComeLate: ReadonlySet<number> = new Set([0, 11, 12, 14, 22, 26, 28]);
