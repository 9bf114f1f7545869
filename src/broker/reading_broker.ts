// A broker whose data directory cannot be written: mounted read-only, without permission, or full
// where only a lock file would keep others out. It reads on a trial of the files, in memory, until
// they can be written; then another broker takes over, on the same ports.
//
//   start fails --> reads --a test file can be written--> closed --> a start that writes
//                     ^---------------- it still cannot ----------------/  (tried less often then)
//
// Recovery, registration and leader epochs happen on the trial: what is read is what a broker that
// writes would give, and nothing of it is kept. Invariant: while it reads no file is changed, and
// no record, offset or topic is acknowledged, so nothing is lost when the trial goes.

import { messageOf, PartitionFault, PlatformFault } from "../base/faults.ts";
import { TrialFiles, tryWriting } from "../log/mod.ts";
import type { Logger, Timer } from "../runtime/ports.ts";
import { Broker, type RunningBroker } from "./broker.ts";
import { metadataTopic } from "./metadata/log.ts";
import type { BrokerOptions } from "./broker_options.ts";

/** How often it is tried whether something can be written. */
const tryIntervalMs = 2_000;
/** A start costs clients their connections: after one that was in vain the next comes later. */
const tryIntervalMsMax = 600_000;

/** Why nothing can be written. */
interface Unwritable {
  readonly reason: string;
  /** For want of room, and nothing else. */
  readonly isFull: boolean;
}

/** Undefined where more than that has failed a start, or there is nothing to read. */
export function whyUnwritable(error: unknown, options: BrokerOptions): Unwritable | undefined {
  const fault = error instanceof PartitionFault ? error.cause : error;
  if (!(fault instanceof PlatformFault)) return undefined;
  if (!(error instanceof PartitionFault) && fault.about !== "data folder") return undefined;
  if (!["ReadOnly", "Denied", "NoSpace"].includes(fault.kind)) return undefined;
  const isHere = options.metadata === undefined && metadataFolders(options).length > 0;
  if (!isHere) return undefined;
  return { reason: messageOf(error), isFull: fault.kind === "NoSpace" };
}

function metadataFolders({ runtime: { files }, config }: BrokerOptions): string[] {
  const folders = config.dataFolders.map((path) => `${path}/${metadataTopic}-0`);
  return folders.filter((folder) => files.stat(folder) !== undefined);
}

/** Lines about files that are cut, removed or written tell of the trial alone. */
function ofTrial(logger: Logger): Logger {
  return {
    enabled: (level) => logger.enabled(level),
    log: (level, message, fields) => logger.log(level, message, { ...fields, disk: "untouched" }),
    child: (name) => ofTrial(logger.child(name)),
  };
}

/** One that reads. */
interface Reading {
  readonly broker: Broker;
  readonly trial: TrialFiles;
  readonly why: Unwritable;
}

export class ReadingBroker implements RunningBroker {
  readonly #options: BrokerOptions;
  #broker: Broker;
  /** What the broker lives on while it only reads. */
  #trial: TrialFiles | undefined;
  #why: Unwritable;
  #timer: Timer | undefined;
  #intervalMs = tryIntervalMs;
  #trying: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(options: BrokerOptions, { broker, trial, why }: Reading) {
    this.#options = options;
    this.#broker = broker;
    this.#trial = trial;
    this.#why = why;
    this.#schedule();
  }

  static async start(options: BrokerOptions, why: Unwritable): Promise<ReadingBroker> {
    return new ReadingBroker(options, await startReading(options, { why }));
  }

  get addresses() {
    return this.#broker.addresses;
  }

  get address() {
    return this.#broker.address;
  }

  get health() {
    return this.#broker.health;
  }

  metrics() {
    return this.#broker.metrics();
  }

  connections() {
    return this.#broker.connections();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    await this.#trying;
    await this.#end();
  }

  async #end(): Promise<void> {
    try {
      await this.#broker.close();
    } finally {
      this.#trial?.close();
    }
  }

  #schedule(): void {
    this.#timer = this.#options.runtime.timers.after(this.#intervalMs, () => {
      this.#trying = this.#try().catch((error) => this.#onLost(error));
    });
  }

  async #try(): Promise<void> {
    const { logger } = this.#options;
    if (!this.#canWrite()) return this.#schedule();
    const { ports } = this.#broker;
    await this.#end();
    try {
      this.#broker = await Broker.start({ ...this.#options, ports });
      this.#trial = undefined;
      logger.log("info", "the data directory can be written to: the broker writes again", {});
    } catch (error) {
      const why = whyUnwritable(error, this.#options);
      if (why === undefined) throw error;
      const { broker, trial } = await startReading(this.#options, { why, ports });
      this.#broker = broker;
      this.#trial = trial;
      this.#why = why;
      this.#intervalMs = Math.min(tryIntervalMsMax, this.#intervalMs * 2);
      if (this.#closing === undefined) this.#schedule();
    }
  }

  #canWrite(): boolean {
    const { runtime: { files }, config } = this.#options;
    try {
      for (const folder of [...config.dataFolders, ...metadataFolders(this.#options)]) {
        tryWriting(files, folder);
      }
      return true;
    } catch (error) {
      if (!(error instanceof PlatformFault)) throw error;
      // A start that writes can do without room, but for the one that has failed by that.
      return error.kind === "NoSpace" && !this.#why.isFull;
    }
  }

  #onLost(error: unknown): void {
    const { logger, onFatal } = this.#options;
    logger.log("error", "a broker that only read could not go on", { reason: messageOf(error) });
    onFatal?.(error);
  }
}

async function startReading(
  options: BrokerOptions,
  { why, ports }: { readonly why: Unwritable; readonly ports?: readonly number[] },
): Promise<Reading> {
  const { runtime, logger } = options;
  const { reason } = why;
  const trial = new TrialFiles(runtime.files);
  try {
    const broker = await Broker.start({
      ...options,
      runtime: { ...runtime, files: trial },
      logger: ofTrial(logger),
      readsOnlyBecause: reason,
      ports,
    });
    logger.log("error", "the broker starts where nothing can be written, and only reads", {
      reason,
      advice: "make the data directory writable; then it goes on by itself",
    });
    return { broker, trial, why };
  } catch (error) {
    trial.close();
    throw error;
  }
}
