import { assertEquals } from "@std/assert";
import { Garbage } from "./garbage.ts";

const megabyte = 1_000_000;

/** A process whose resident memory is set, and that is left with `leftBytes` by a collection. */
function world({ bytesMax }: { bytesMax: number }) {
  const process = { residentBytes: 0, leftBytes: 0, collections: 0 };
  const due = new Set<() => void>();
  const garbage = new Garbage({
    memory: { bytesMax },
    process: {
      usage: () => ({ residentBytes: process.residentBytes, cpuSeconds: 0 }),
      collectGarbage() {
        process.collections++;
        process.residentBytes = process.leftBytes;
      },
    },
    timers: {
      after(_delayMs, run) {
        due.add(run);
        return { cancel: () => due.delete(run) };
      },
    },
    logger: {
      enabled: () => false,
      log() {},
      child: () => {
        throw new Error("nobody's");
      },
    },
  });
  /** Lets time pass at so much memory; how many collections that was. */
  const lookedAt = (megabytes: number): number => {
    const { collections } = process;
    process.residentBytes = megabytes * megabyte;
    const runs = [...due];
    due.clear();
    for (const run of runs) run();
    return process.collections - collections;
  };
  /** A large request comes and is answered. */
  const endedAt = (megabytes: number): number => {
    garbage.begin();
    garbage.end();
    const count = lookedAt(megabytes);
    assertEquals(due.size, 0, "somebody looks for nothing");
    return count;
  };
  return { process, garbage, lookedAt, endedAt };
}

Deno.test("garbage is collected once memory runs short, and not before", () => {
  const { endedAt } = world({ bytesMax: 64 * megabyte });
  assertEquals(endedAt(150), 0);
  assertEquals(endedAt(160), 1);
  assertEquals(endedAt(150), 0);
  assertEquals(endedAt(160), 1);
  const { endedAt: ofMuch } = world({ bytesMax: 1_000 * megabyte });
  assertEquals(ofMuch(170), 0, "there is memory");
});

Deno.test("what lives is not looked through again before more has come", () => {
  const { process, endedAt } = world({ bytesMax: 64 * megabyte });
  process.leftBytes = 300 * megabyte;
  assertEquals(endedAt(301), 1);
  assertEquals(endedAt(310), 0);
  assertEquals(endedAt(321), 1);
});

Deno.test("what a request leaves is collected while it is worked on", () => {
  const { garbage, lookedAt } = world({ bytesMax: 64 * megabyte });
  garbage.begin();
  assertEquals(lookedAt(150), 0);
  assertEquals(lookedAt(160), 1);
  assertEquals(lookedAt(160), 1);
  garbage.begin();
  garbage.end();
  assertEquals([lookedAt(160), lookedAt(160)], [1, 1], "another is still worked on");
  garbage.end();
  assertEquals([lookedAt(160), lookedAt(160)], [1, 0]);
});

Deno.test("memory that goes back to the system late is not taken for what lives", () => {
  const { process, garbage, lookedAt } = world({ bytesMax: 64 * megabyte });
  garbage.begin();
  process.leftBytes = 200 * megabyte;
  assertEquals(lookedAt(210), 1);
  assertEquals(lookedAt(150), 0);
  assertEquals(lookedAt(175), 1);
});
