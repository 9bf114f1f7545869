import { assertEquals } from "@std/assert";
import { Garbage } from "./garbage.ts";

const megabyte = 1_000_000;

/** A process whose resident memory is set, and that is left with `leftBytes` by a collection. */
function world({ bytesMax }: { bytesMax: number }) {
  const process = { residentBytes: 0, leftBytes: 0, collections: 0 };
  const turns: PromiseWithResolvers<void>[] = [];
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
      turn() {
        const turn = Promise.withResolvers<void>();
        turns.push(turn);
        return turn.promise;
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
  /** Notes garbage at so much memory; how many collections that was, up to the next turn. */
  const noteAt = async (megabytes: number): Promise<number> => {
    const { collections } = process;
    process.residentBytes = megabytes * megabyte;
    garbage.note();
    garbage.note();
    assertEquals(process.collections, collections, "what is noted is still in somebody's hands");
    for (const turn of turns.splice(0)) turn.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
    return process.collections - collections;
  };
  return { process, noteAt };
}

Deno.test("garbage is collected once memory runs short, and not before", async () => {
  const { noteAt } = world({ bytesMax: 64 * megabyte });
  assertEquals(await noteAt(150), 0);
  assertEquals(await noteAt(160), 1);
  assertEquals(await noteAt(150), 0);
  assertEquals(await noteAt(160), 1);
  const { noteAt: ofMuch } = world({ bytesMax: 1_000 * megabyte });
  assertEquals(await ofMuch(170), 0, "there is memory");
});

Deno.test("what lives is not looked through again before more has come", async () => {
  const { process, noteAt } = world({ bytesMax: 64 * megabyte });
  process.leftBytes = 300 * megabyte;
  assertEquals(await noteAt(301), 1);
  assertEquals(await noteAt(310), 0);
  assertEquals(await noteAt(321), 1);
});
