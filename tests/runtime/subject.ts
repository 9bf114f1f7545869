// What the ports suite needs of whoever runs it: a runtime, a folder that is its own, and a way to
// let time pass, which a simulated runtime does only when it is driven.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformFault, type PlatformFaultKind } from "../../src/base/faults.ts";
import type { Address, OpenFile, Runtime, Socket } from "../../src/runtime/ports.ts";
import { within } from "../harness/deadline.ts";

/** Each test of the suite takes a second at most, where nothing hangs. */
const endsWithinMs = 60_000;

export interface Subject {
  readonly runtime: Runtime;
  /** An empty folder, made for this test and removed after it. */
  readonly folder: string;
  /** Connects as a peer that never reads, and that can do what a `Socket` cannot. */
  connectRudely(address: Address): Promise<RudePeer>;
  /** Connects `count` times, each time sends `bytes` bytes and resets, before any is accepted. */
  resetEarly(address: Address, what: { count: number; bytes: number }): Promise<void>;
}

/** The other side of a connection, without manners. */
export interface RudePeer {
  /** Resolves when its kernel has the bytes. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Closes its sending side, in order. */
  end(): void;
  /** Sends a RST: both sides are gone, and what is under way with them. */
  reset(): void;
}

/** How to run the suite on one runtime. */
export interface SubjectOptions {
  readonly name: string;
  /** Runs `body` with a fresh subject and cleans up. */
  run(body: (subject: Subject) => Promise<void>): Promise<void>;
}

/** Registers a test of the suite. */
export function check(
  sentence: string,
  options: SubjectOptions,
  body: (subject: Subject) => Promise<void>,
): void {
  const title = `${options.name}: ${sentence}`;
  test(title, () => within(options.run(body), { ms: endsWithinMs, what: () => title }));
}

/** Asserts that `call` fails with a PlatformFault of `kind`, and returns its message. */
export async function fails(kind: PlatformFaultKind, call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof PlatformFault, `no PlatformFault: ${error}`);
    assert.equal(error.kind, kind, error.message);
    return error.message;
  }
  throw new assert.AssertionError({ message: `expected a fault of kind ${kind}` });
}

/** `length` bytes that differ from position to position. */
export function pattern(length: number, seed = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + seed) & 0xff;
  return bytes;
}

/** All bytes of an open file. */
export function contentOf(file: OpenFile): Uint8Array {
  const bytes = new Uint8Array(file.size);
  assert.equal(file.readAt(0, bytes), bytes.length);
  return bytes;
}

/** Reads until `length` bytes are there, or the connection ends. */
export async function readBytes(socket: Socket, length: number): Promise<Uint8Array> {
  const whole = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = await socket.read(whole.subarray(done, done + 64 * 1024));
    if (count === null) break;
    done += count;
  }
  return whole.subarray(0, done);
}

/** Fails at the first byte that differs: a deepEqual of much takes all memory to tell the rest. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  const at = expected.findIndex((byte, i) => byte !== actual[i]);
  assert.equal(at, -1, `byte ${at} is ${actual[at]} instead of ${expected[at]}`);
  assert.equal(actual.length, expected.length);
}

/** Resolves once all of `bytes` has left. */
export async function send(socket: Socket, bytes: Uint8Array): Promise<void> {
  await socket.write(bytes);
}

/** Sends back what comes, until the peer closes its side, then closes. */
export async function echo(socket: Socket): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (;;) {
      const count = await socket.read(buffer);
      if (count === null) break;
      await socket.write(buffer.subarray(0, count));
    }
    await socket.closeWrite();
  } catch (error) {
    assert.ok(error instanceof PlatformFault && error.kind === "Closed", `${error}`);
  }
}

/** Resolves after `delayMs` on the runtime's own timers. */
export function wait(runtime: Runtime, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    runtime.timers.after(delayMs, resolve);
  });
}

/** Reads until nothing more comes: "end", or "Closed" when the connection was reset. */
export async function endOf(socket: Socket): Promise<"end" | "Closed"> {
  try {
    while (await socket.read(new Uint8Array(1_000)) !== null);
    return "end";
  } catch (error) {
    assert.ok(error instanceof PlatformFault && error.kind === "Closed", `${error}`);
    return "Closed";
  }
}
