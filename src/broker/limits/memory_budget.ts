// The memory that clients can make the broker use, as one budget, `ottla.memory.bytes.max`, in
// shares:
//
//   buffers 1/16  what connections receive small requests in; never waited for
//   frames  6/16  large requests, each claimed whole before it is received
//   answers 3/16  what Fetch has read, until it is with the kernel
//   work    4/16  unpacked and converted records, what large requests decode to
//   members 1/16  what members of groups have said of themselves (group_memory.ts)
//   keys    1/16  what compaction knows of the log that it is at
//
// Invariant: memory is waited for in the order buffers, frames, answers, work, and nobody waits for
// a share of which he holds something. So who holds work memory waits for nobody, and gives it
// back; then so does who holds an answer and waits for work, and so on: no circle can form. Peers
// that neither send nor take what was claimed for them are disconnected while others wait
// (acceptor.ts): they would hold up all for ever.
//
// What stays outside, at most 150 MB: the program itself, the first kilobytes of each connection
// and of each answer, and garbage that the collector has not yet found (garbage.ts). And what share
// groups know of records under way, a thirty-second of the budget.

import { MemoryShare } from "../../base/memory_share.ts";
import type { ProcessPort } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";

const budgetBytesMin = 64 * 1024 * 1024;
const budgetBytesDefaultMax = 1024 * 1024 * 1024;
/** About what a share group knows of a record, where that is unlike its neighbours'. */
const shareRecordBytes = 256;
/** Of what the process may have; the rest is for the page cache and for others. */
const machineParts = 4;

export interface MemoryBudgetOptions {
  /** `ottla.memory.bytes.max`; -1 leaves it to the machine's memory. */
  readonly bytesMax: () => number;
  /** `ottla.fetch.memory.bytes.max`. */
  readonly answersBytesMax: () => number;
  /** What the machine gives. */
  readonly machineBytes: number;
}

export class MemoryBudget {
  readonly buffers: MemoryShare;
  readonly frames: MemoryShare;
  readonly answers: MemoryShare;
  readonly work: MemoryShare;
  readonly #options: MemoryBudgetOptions;

  constructor(options: MemoryBudgetOptions) {
    this.#options = options;
    const parts = (count: number) => this.bytesMax * count / 16;
    this.buffers = new MemoryShare(() => parts(1));
    this.frames = new MemoryShare(() => parts(6));
    this.answers = new MemoryShare(() => Math.min(parts(3), options.answersBytesMax()));
    this.work = new MemoryShare(() => parts(4));
  }

  /** The whole budget. */
  get bytesMax(): number {
    const bytesMax = this.#options.bytesMax();
    if (bytesMax > 0) return bytesMax;
    const quarter = this.#options.machineBytes / machineParts;
    return Math.max(budgetBytesMin, Math.min(budgetBytesDefaultMax, quarter));
  }

  /** How long one answer may be, records apart. */
  get answerBytesMax(): number {
    return this.bytesMax / 4;
  }

  /** What members of groups may hold. */
  get memberBytesMax(): number {
    return this.bytesMax / 16;
  }

  /** How many records share groups may have under way, each known by itself at the worst. */
  get shareRecordsMax(): number {
    return Math.floor(this.bytesMax / 32 / shareRecordBytes);
  }

  /** What compaction may know of keys. */
  get keyBytesMax(): number {
    return this.bytesMax / 16;
  }

  /** Those that are claimed from, by name. */
  get shares(): (readonly [name: string, share: MemoryShare])[] {
    return [
      ["buffers", this.buffers],
      ["frames", this.frames],
      ["answers", this.answers],
      ["work", this.work],
    ];
  }

  /** Nobody waits any more: the broker is closing. */
  close(): void {
    for (const [, share] of this.shares) share.cancelAll();
  }
}

/** The budget that `config` asks for on this machine. */
export function memoryBudgetOf(config: BrokerConfig, process: ProcessPort): MemoryBudget {
  return new MemoryBudget({
    bytesMax: () => config.get("ottla.memory.bytes.max"),
    answersBytesMax: () => config.get("ottla.fetch.memory.bytes.max"),
    machineBytes: process.memoryBytesMax(),
  });
}
