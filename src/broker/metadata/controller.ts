// The controller of a cluster, on each of its brokers: at work on the one that the home of the
// metadata takes for it, at rest on the others.
//
//   the image changes, or who lives ──> a pass over all partitions ──> what is not as it should be
//        ^                                                                 is changed
//        └────────────────────────────────────────────────────────────────────┘ until nothing is
//
// A pass reads off the image and the living what is to be done, so that who becomes the controller
// goes on where the last one stopped. It remembers only since when it waits for replicas whose logs
// are to be compared: the next one waits anew. Two that take themselves for it do no
// harm: what they change is compared with the newest image.

import { isStoreFault, messageOf } from "../../base/faults.ts";
import {
  type BrokerLease,
  decideControllerPass,
  decidePreferredLeaders,
  decideRecovery,
  type ElectionDefaults,
  type LeaderlessPartition,
  type MetadataStore,
  recoverable,
} from "../../cluster/mod.ts";
import type { LogEnds } from "../replication/log_ends.ts";
import type { Clock, Logger, Timer, Timers } from "../../runtime/ports.ts";

export interface ControllerOptions {
  readonly metadata: MetadataStore;
  readonly logEnds: Pick<LogEnds, "of">;
  /** Whether logs are compared where nobody surely has everything (KIP-966, "balanced"). */
  readonly recovers: () => boolean;
  /** This broker's life; undefined before it has one. */
  readonly lease: () => BrokerLease | undefined;
  readonly timers: Pick<Timers, "after">;
  readonly clock: Pick<Clock, "monotonic">;
  readonly logger: Logger;
  /** How often the first replicas are let lead again; undefined: not by themselves. */
  readonly balanceIntervalMs: () => number | undefined;
  /** What elections go by where a topic says nothing. */
  readonly defaults: () => ElectionDefaults;
  readonly onBug: (error: unknown) => void;
}

/** After a pass there is none for so many times as long as it took. */
const restFactor = 10;
const retryAfterMs = 500;
/** So often a pass is made whatever happens: what was missed is found. */
const idlePassMs = 5_000;
/** A machine has started again by then, if it does. */
const recoveryWaitMs = 60_000;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #stops: (() => void)[] = [];
  #timer: Timer | undefined;
  #dueMs = Infinity;
  #isPassing = false;
  #isDirty = false;
  #balancedMs: number;
  /** Since when partitions could be recovered, but for replicas that were not eligible last. */
  #recoverableSinceMs = new Map<string, number>();
  #closed = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#balancedMs = options.clock.monotonic();
  }

  /** Looks from now on. */
  start(): void {
    const { metadata } = this.#options;
    this.#stops.push(metadata.onChange(() => this.#note()));
    this.#stops.push(metadata.liveness.onChange(() => this.#note()));
    this.#note();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const stop of this.#stops) stop();
  }

  #note(): void {
    this.#isDirty = true;
    this.#passAfter(0);
  }

  #passAfter(delayMs: number): void {
    const { timers, clock } = this.#options;
    const dueMs = clock.monotonic() + delayMs;
    if (this.#closed || this.#isPassing || dueMs >= this.#dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = timers.after(delayMs, () => {
      this.#dueMs = Infinity;
      this.#pass().catch(this.#options.onBug);
    });
  }

  async #pass(): Promise<void> {
    const { clock, logger } = this.#options;
    if (this.#options.lease()?.isController() !== true) return this.#passAfter(idlePassMs);
    this.#isPassing = true;
    this.#isDirty = false;
    const startMs = clock.monotonic();
    let isRefused = false;
    try {
      await this.#settle();
      await this.#recover();
      await this.#balance();
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      isRefused = true;
      const message = "the controller could not change the metadata and will try again";
      logger.log("warn", message, { reason: messageOf(error) });
    } finally {
      this.#isPassing = false;
    }
    const restMs = isRefused ? retryAfterMs : restFactor * (clock.monotonic() - startMs);
    this.#passAfter(this.#isDirty || isRefused ? Math.min(restMs, retryAfterMs) : idlePassMs);
  }

  #settle(): Promise<void> {
    const { metadata } = this.#options;
    const { liveness, leaderEpoch: controllerEpoch } = metadata;
    return metadata.change((image) => ({
      ...decideControllerPass(image, (id) => liveness.alive(id), this.#options.defaults()),
      controllerEpoch,
    }));
  }

  async #recover(): Promise<void> {
    const { metadata, logEnds, recovers, logger } = this.#options;
    if (!recovers()) return;
    const leaderless = recoverable(metadata.image);
    const isPatient = this.#waitFor(leaderless);
    if (leaderless.length === 0) return;
    const heard = await logEnds.of(leaderless);
    const { leaderEpoch: controllerEpoch } = metadata;
    const elected = await metadata.change((image) => ({
      ...decideRecovery(image, heard, isPatient),
      controllerEpoch,
    }));
    for (const { partition, leader } of elected) {
      const message = "a replica leads that may lack records: of those that live it has the most";
      logger.log("error", message, { partition, leader });
    }
  }

  /** Whether one of these has not waited for long yet; what waits no more is forgotten. */
  #waitFor(leaderless: readonly LeaderlessPartition[]): (of: LeaderlessPartition) => boolean {
    const nowMs = this.#options.clock.monotonic();
    const keyOf = ({ topic, partition }: LeaderlessPartition) => `${topic.id}-${partition.id}`;
    const before = this.#recoverableSinceMs;
    const since = new Map(
      leaderless.map(keyOf).map((key) => [key, before.get(key) ?? nowMs]),
    );
    this.#recoverableSinceMs = since;
    return (of) => nowMs - (since.get(keyOf(of)) ?? nowMs) < recoveryWaitMs;
  }

  async #balance(): Promise<void> {
    const { metadata, clock, logger } = this.#options;
    const nowMs = clock.monotonic();
    const intervalMs = this.#options.balanceIntervalMs();
    if (intervalMs === undefined || nowMs - this.#balancedMs < intervalMs) return;
    this.#balancedMs = nowMs;
    const { leaderEpoch: controllerEpoch } = metadata;
    const count = await metadata.change((image) => ({
      ...decidePreferredLeaders(image),
      controllerEpoch,
    }));
    if (count > 0) logger.log("info", "preferred replicas lead again", { partitions: count });
  }
}
