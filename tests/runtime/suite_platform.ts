// The part of the ports suite about the rest: clock, timers, random numbers, codecs, logger,
// process.

import assert from "node:assert/strict";
import type { Codecs } from "../../src/runtime/ports.ts";
import { check, fails, pattern, sameBytes, type SubjectOptions, wait } from "./subject.ts";

export function platformSuite(options: SubjectOptions): void {
  check(
    "the wall clock counts whole milliseconds, the other never goes back",
    options,
    async (s) => {
      const { clock } = s.runtime;
      assert.ok(Number.isInteger(clock.now()));
      let last = clock.monotonic();
      const wall = clock.now();
      for (let i = 0; i < 20; i++) {
        await wait(s.runtime, 1);
        const next = clock.monotonic();
        assert.ok(next >= last);
        last = next;
      }
      assert.ok(clock.now() - wall >= 10);
    },
  );

  check("timers fire in order, never early, and not when cancelled", options, async (subject) => {
    const { timers, clock } = subject.runtime;
    const start = clock.monotonic();
    const fired: string[] = [];
    const cancelled = timers.after(5, () => fired.push("cancelled"));
    await new Promise<void>((resolve) => {
      timers.after(40, () => {
        fired.push("40");
        resolve();
      });
      timers.after(20, () => fired.push("20"));
      timers.after(0, () => fired.push("0"));
      timers.after(-5, () => fired.push("-5"));
      cancelled.cancel();
      cancelled.cancel();
    });
    assert.deepEqual(fired.slice(0, 2).sort(), ["-5", "0"]);
    assert.deepEqual(fired.slice(2), ["20", "40"]);
    assert.ok(clock.monotonic() - start >= 40);
    cancelled.cancel();
    const early: number[] = [];
    await Promise.all(Array.from({ length: 30 }, async (_, i) => {
      const due = clock.monotonic() + i / 3;
      await wait(subject.runtime, i / 3);
      if (clock.monotonic() < due) early.push(i);
    }));
    assert.deepEqual(early, []);
  });

  check("a turn runs what is due and lets other work go first", options, async (subject) => {
    const { timers } = subject.runtime;
    const order: string[] = [];
    timers.after(0, () => order.push("timer"));
    Promise.resolve().then(() => order.push("microtask"));
    await wait(subject.runtime, 3);
    order.push("waited");
    await timers.turn();
    assert.deepEqual(order, ["microtask", "timer", "waited"]);
  });

  check("a timer far ahead does not fire at once", options, async (subject) => {
    let fired = 0;
    const timer = subject.runtime.timers.after(2 ** 40, () => fired++);
    await wait(subject.runtime, 5);
    timer.cancel();
    assert.equal(fired, 0);
  });

  check("random numbers are uniform enough and fresh", options, async ({ runtime: { random } }) => {
    const numbers = Array.from({ length: 4_000 }, () => random.uint32());
    assert.ok(numbers.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32));
    assert.ok(new Set(numbers).size > 3_990);
    const high = numbers.filter((n) => n >= 2 ** 31).length;
    assert.ok(high > 1_700 && high < 2_300, `${high}`);
    assert.equal(random.bytes(0).length, 0);
    const bytes = await random.bytes(200_000);
    assert.equal(bytes.length, 200_000);
    assert.ok(new Set(bytes.subarray(190_000)).size === 256);
    assert.notDeepEqual(random.bytes(16), random.bytes(16));
  });

  codecSuite("gzip", "gunzip", options);
  codecSuite("zstd", "unzstd", options);

  check("loggers know their level and never throw", options, async ({ runtime }) => {
    const logger = await runtime.logger({ level: "error", format: "text" });
    assert.equal(logger.enabled("error"), true);
    assert.equal(logger.enabled("warn"), false);
    const child = logger.child("log").child("recovery");
    assert.equal(child.enabled("info"), false);
    assert.doesNotThrow(() => child.log("info", "Nobody sees this.", { a: 1 }));
    assert.equal(runtime.logger({ level: "trace", format: "json" }).enabled("trace"), true);
  });

  check("the process knows its number, start and use", options, async ({ runtime }) => {
    const { process, clock } = runtime;
    assert.ok(Number.isInteger(process.id) && process.id > 0);
    assert.ok(process.startedAtMs <= clock.now());
    assert.ok(clock.now() - process.startedAtMs < 3_600_000);
    const usage = await process.usage();
    assert.ok(usage.residentBytes > 0);
    assert.ok(usage.cpuSeconds >= 0);
    const memoryBytesMax = process.memoryBytesMax();
    assert.ok(memoryBytesMax > usage.residentBytes && memoryBytesMax < 2 ** 50);
    assert.ok(Array.isArray(process.arguments));
    assert.equal(typeof process.environment, "object");
    const stop = process.onSignal("SIGTERM", () => {});
    stop();
  });
}

function codecSuite(
  compress: "gzip" | "zstd",
  expand: "gunzip" | "unzstd",
  options: SubjectOptions,
): void {
  check(`${compress} goes there and back, within its bound`, options, async ({ runtime }) => {
    const codecs: Codecs = runtime.codecs;
    for (const length of [0, 1, 1_000, 500_000]) {
      const bytes = pattern(length);
      const packed = codecs[compress](bytes);
      assert.equal(packed.constructor, Uint8Array);
      sameBytes(codecs[expand](packed, length), bytes);
      if (length > 1) await fails("NoSpace", () => codecs[expand](packed, length - 1));
    }
    const zeros = codecs[compress](new Uint8Array(10_000_000));
    assert.ok(zeros.length < 100_000);
    await fails("NoSpace", () => codecs[expand](zeros, 100_000));
  });

  check(`${expand} refuses what is truncated or no ${compress}`, options, async ({ runtime }) => {
    const codecs: Codecs = runtime.codecs;
    const packed = codecs[compress](pattern(100_000));
    for (const length of [1, 5, 20, packed.length >> 1, packed.length - 1]) {
      await fails("Io", () => codecs[expand](packed.subarray(0, length), 100_000));
    }
    await fails("Io", () => codecs[expand](pattern(100), 100_000));
  });
}
