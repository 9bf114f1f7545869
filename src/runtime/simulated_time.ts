// Virtual time: a heap of events, each with the moment it is due and a seeded rank among those due
// at the same moment. Running an event means: set the time, call it, let every microtask run that
// follows from it, add it to the trace. Nothing else moves time, so a seed gives one history.
//
// Randomness is not one stream but one for each thing (a connection's direction, a disk, a node's
// timers), derived from the seed and the thing's name. So two tasks that swap places within one
// drain, as they may between JavaScript engines, do not change what anybody draws next.

import { Heap } from "../base/heap.ts";
import { whenLoaded } from "../base/loading.ts";

/**
 * Seeded random numbers: sfc32 (Chris Doty-Humphrey's small fast counter generator, public domain).
 */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** The stream of `name` under `seed`. */
  constructor(seed: number, name: string) {
    this.#a = seed | 0;
    this.#b = hashText(name, 0x811c_9dc5) | 0;
    this.#c = hashText(name, seed ^ 0x9e37_79b9) | 0;
    for (let i = 0; i < 15; i++) this.uint32();
  }

  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.uint32();
    return bytes;
  }

  /** A number in [min, max). */
  between(min: number, max: number): number {
    return min + (max - min) * (this.uint32() / 2 ** 32);
  }

  /** True with `probability`. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 2 ** 32;
  }
}

/** FNV-1a over the UTF-16 units of `text`, continuing from `hash`. */
function hashText(text: string, hash: number): number {
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}

interface EventOptions {
  readonly rank: number;
  readonly label: string;
  readonly run: () => void;
}

class Event {
  /** How many came before it: of those due together with equal ranks, the first is first. */
  readonly number: number;
  readonly dueMs: number;
  readonly rank: number;
  readonly label: string;
  readonly run: () => void;
  /** Run, or cancelled. */
  isOver = false;

  constructor(
    { number, dueMs }: { readonly number: number; readonly dueMs: number },
    { rank, label, run }: EventOptions,
  ) {
    this.number = number;
    this.dueMs = dueMs;
    this.rank = rank;
    this.label = label;
    this.run = run;
  }
}

/** An event to come. */
export interface Scheduled {
  cancel(): void;
}

/** Ranks after every seeded one at the same moment. */
export const lastRank = 2 ** 33;

/** So many cancelled ones are borne with among those to come. */
const cancelledMax = 64;

/** The world's clock and everything that is going to happen. */
export class Scheduler {
  readonly #heap = new Heap<Event>(before);
  #nowMs = 0;
  #trace = 0x811c_9dc5;
  #eventCount = 0;
  #madeCount = 0;
  /** Of those in the heap, as far as they were cancelled there. */
  #cancelledCount = 0;

  /** Milliseconds since the world began, fractional. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events run so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** A hash of what happened, when and in which order. */
  get traceHash(): string {
    return this.#trace.toString(16).padStart(8, "0");
  }

  /** Calls `run` `delayMs` from now; `label` names it in the trace. */
  after(delayMs: number, options: EventOptions): Scheduled {
    return this.at(this.#nowMs + Math.max(0, delayMs), options);
  }

  /** Calls `run` at a time, exactly: what is to come in order may be due at the same time. */
  at(timeMs: number, options: EventOptions): Scheduled {
    const dueMs = Math.max(this.#nowMs, timeMs);
    const event = new Event({ number: this.#madeCount++, dueMs }, options);
    this.#heap.push(event);
    return {
      cancel: () => {
        if (event.isOver) return;
        event.isOver = true;
        this.#cancelledCount++;
        this.#forgetCancelled();
      },
    };
  }

  /** Most timers are cancelled long before they are due: they would be most of what is to come. */
  #forgetCancelled(): void {
    if (this.#cancelledCount < cancelledMax || this.#cancelledCount * 2 < this.#heap.size) return;
    this.#heap.retain((event) => !event.isOver);
    this.#cancelledCount = 0;
  }

  /** When the next event is due; undefined when nothing is going to happen. */
  nextDueMs(): number | undefined {
    while (this.#heap.first?.isOver) {
      this.#heap.pop();
      this.#cancelledCount--;
    }
    return this.#heap.first?.dueMs;
  }

  /** Runs the next event and what follows from it; false when there is none. */
  async step(): Promise<boolean> {
    await drain();
    return await this.next();
  }

  /** The same where nothing is left that needs no time, as there is nothing behind an event. */
  async next(): Promise<boolean> {
    const event = this.nextDueMs() === undefined ? undefined : this.#heap.pop();
    if (event === undefined) return false;
    event.isOver = true;
    this.#nowMs = event.dueMs;
    this.#eventCount++;
    this.#trace = hashText(`${event.dueMs} ${event.label}`, this.#trace);
    event.run();
    await drain();
    return true;
  }

  /** Lets everything run that needs no time. */
  settle(): Promise<void> {
    return drain();
  }

  /** Lets time pass up to `timeMs` without an event. */
  skipTo(timeMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }
}

function before(a: Event, b: Event): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
  return a.rank === b.rank ? a.number < b.number : a.rank < b.rank;
}

/** A macrotask: by the time it runs, no microtask is left. Who waits for a module goes on, too. */
async function drain(): Promise<void> {
  const macrotask = () => new Promise<void>((resolve) => setImmediate(resolve));
  await macrotask();
  for (let loaded = whenLoaded(); loaded !== undefined; loaded = whenLoaded()) {
    await loaded;
    await macrotask();
  }
}
