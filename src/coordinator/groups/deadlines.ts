// Deadlines of groups and members: a binary heap in which moving a deadline later costs nothing.
//
// A heartbeat only writes a new `dueMs` into its alarm. The alarm's entry stays in the heap where
// it was and, when it surfaces, is put back at the new time. Only moving a deadline earlier adds an
// entry; the older one is then stale (its time is no longer the alarm's `queuedMs`) and is dropped
// when it surfaces.
//
//   alarm.dueMs     when it should ring; Infinity = not set
//   alarm.queuedMs  time of its one live entry in the heap; Infinity = none
//
// Invariant: queuedMs <= dueMs for every alarm with a live entry, so no alarm rings late.
// The heap is rebuilt when more than half of it is stale or unset: its size follows the alarms.

/** One deadline. `Owner` is what the one who waits for it wants to be told. */
export interface Alarm<Owner> {
  readonly owner: Owner;
  dueMs: number;
  queuedMs: number;
}

interface Entry<Owner> {
  readonly atMs: number;
  /** Order of arrival: equal deadlines ring in the order in which they were queued. */
  readonly sequence: number;
  readonly alarm: Alarm<Owner>;
}

/** Heaps smaller than this are never rebuilt. */
const rebuildSizeMin = 64;

/** A new alarm, not set. */
export function alarmOf<Owner>(owner: Owner): Alarm<Owner> {
  return { owner, dueMs: Infinity, queuedMs: Infinity };
}

export class Deadlines<Owner> {
  #heap: Entry<Owner>[] = [];
  #sequence = 0;
  /** Alarms that are set: what the heap would hold without stale entries. */
  #setCount = 0;

  /** Entries held, stale ones included. */
  get size(): number {
    return this.#heap.length;
  }

  /** Makes `alarm` ring at `dueMs`, instead of when it was set to ring before. */
  set(alarm: Alarm<Owner>, dueMs: number): void {
    if (alarm.dueMs === Infinity) this.#setCount++;
    alarm.dueMs = dueMs;
    if (dueMs < alarm.queuedMs) this.#queue(alarm, dueMs);
  }

  /** Makes `alarm` not ring. */
  clear(alarm: Alarm<Owner>): void {
    if (alarm.dueMs === Infinity) return;
    alarm.dueMs = Infinity;
    this.#setCount--;
    if (this.#heap.length > rebuildSizeMin && this.#heap.length > 2 * this.#setCount) {
      this.#rebuild();
    }
  }

  /** When the next alarm rings; undefined when none is set. */
  nextMs(): number | undefined {
    this.#settleTop();
    return this.#heap[0]?.atMs;
  }

  /** Takes the earliest alarm that is due at `nowMs`; it is not set any more. */
  takeDue(nowMs: number): Alarm<Owner> | undefined {
    this.#settleTop();
    const top = this.#heap[0];
    if (top === undefined || top.atMs > nowMs) return undefined;
    this.#pop();
    top.alarm.queuedMs = Infinity;
    top.alarm.dueMs = Infinity;
    this.#setCount--;
    return top.alarm;
  }

  /** Drops stale entries and puts back postponed ones until the top is a live, exact deadline. */
  #settleTop(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      const { alarm, atMs } = top;
      if (alarm.queuedMs === atMs && alarm.dueMs === atMs) return;
      this.#pop();
      if (alarm.queuedMs !== atMs) continue;
      alarm.queuedMs = Infinity;
      if (alarm.dueMs !== Infinity) this.#queue(alarm, alarm.dueMs);
    }
  }

  #queue(alarm: Alarm<Owner>, atMs: number): void {
    alarm.queuedMs = atMs;
    const entry = { atMs, sequence: this.#sequence++, alarm };
    const heap = this.#heap;
    heap.push(entry);
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) sink(this.#heap, 0, last);
  }

  #rebuild(): void {
    const live = this.#heap.filter(({ alarm, atMs }) => {
      if (alarm.queuedMs !== atMs) return false;
      if (alarm.dueMs !== Infinity) return true;
      alarm.queuedMs = Infinity;
      return false;
    });
    // Sorted is heap-ordered.
    this.#heap = live.sort((a, b) => isBefore(a, b) ? -1 : 1);
  }
}

function isBefore<Owner>(a: Entry<Owner>, b: Entry<Owner>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}

/** Writes `entry` at `from` or further down, moving earlier children up. */
function sink<Owner>(heap: Entry<Owner>[], from: number, entry: Entry<Owner>): void {
  let i = from;
  for (;;) {
    let child = 2 * i + 1;
    let earliest = heap[child];
    if (earliest === undefined) break;
    const right = heap[child + 1];
    if (right !== undefined && isBefore(right, earliest)) {
      child++;
      earliest = right;
    }
    if (!isBefore(earliest, entry)) break;
    heap[i] = earliest;
    i = child;
  }
  heap[i] = entry;
}
