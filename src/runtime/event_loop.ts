// Clock, timers and random numbers by the web platform's globals, which Deno, Bun and Node share.
//
// A timer never fires early: the runtimes count whole milliseconds of their own loop time, so one
// that comes up to a millisecond too soon is armed again for the rest. Delays past the platform's
// 31 bits are slept in parts.
//
// The globals are taken once, when this is loaded: a test that puts fake ones in their place later
// stops its own time, and not that of the brokers and clients in its process.

import { itemAt } from "../base/items.ts";
import type { Clock, Random, Timer, Timers } from "./ports.ts";

const { setTimeout, clearTimeout, setImmediate } = globalThis;
const wallClock = Date.now;
const stopwatch = performance.now.bind(performance);

const delayMsMax = 0x7fff_ffff;

export const webClock: Clock = {
  now: () => wallClock(),
  monotonic: () => stopwatch(),
};

/** For Deno: between immediates it looks at its sockets every few dozen turns only. */
export const webTimers: Timers = { after, turn, soon };

/** For Bun and Node, which look at all there is between two immediates, and at once. */
export const immediateTimers: Timers = {
  after,
  turn: soon,
  soon,
};

function after(
  delayMs: number,
  run: () => void,
  { holdsProcess = true }: { holdsProcess?: boolean } = {},
): Timer {
  const due = stopwatch() + delayMs;
  let handle: ReturnType<typeof setTimeout>;
  const sleep = (ms: number) => {
    handle = setTimeout(fire, Math.min(Math.ceil(ms), delayMsMax));
    if (!holdsProcess) letGo(handle);
  };
  const fire = () => {
    const rest = due - stopwatch();
    if (rest > 0) sleep(rest);
    else run();
  };
  sleep(Math.max(0, delayMs));
  return { cancel: () => clearTimeout(handle) };
}

/** A number on Deno, an object elsewhere. */
function letGo(handle: unknown): void {
  if (typeof handle === "number") Deno.unrefTimer(handle);
  else (handle as { unref(): void }).unref();
}

function soon(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Comes after a millisecond; after a chain of immediates on Deno pings took thirty. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The platform's generator fills at most this many bytes a call. */
const fillBytesMax = 65_536;

const pool = new Uint32Array(64);
let poolLeft = 0;

export const webRandom: Random = {
  uint32() {
    if (poolLeft === 0) {
      crypto.getRandomValues(pool);
      poolLeft = pool.length;
    }
    return itemAt(pool, --poolLeft);
  },
  bytes(length) {
    const bytes = new Uint8Array(length);
    for (let start = 0; start < length; start += fillBytesMax) {
      crypto.getRandomValues(bytes.subarray(start, start + fillBytesMax));
    }
    return bytes;
  },
};
