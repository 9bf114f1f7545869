import { assertEquals } from "@std/assert";
import { PlatformFault } from "../../base/faults.ts";
import { within } from "../../../tests/harness/deadline.ts";
import { firstOf } from "../../base/items.ts";
import type { Files, Logger } from "../../runtime/ports.ts";
import { DeletedFiles } from "./deleted_files.ts";
import type { Segment } from "../segment/segment.ts";

/**
 * A segment whose `.log` is large, in a folder whose large files go when the test says so, and
 * whose file `refused` never does.
 */
function rig(refused?: string) {
  const sizes = new Map([["1.log", 1e9], ["1.index", 1000]]);
  const events: string[] = [];
  const lines: string[] = [];
  const removals: PromiseWithResolvers<void>[] = [];
  const files = {
    stat: (path: string) => sizes.has(path) ? { size: sizes.get(path) } : undefined,
    rename(from: string, to: string) {
      sizes.set(to, sizes.get(from)!);
      sizes.delete(from);
    },
    remove(path: string) {
      if (path === refused) throw new PlatformFault("Io", "the disk is gone");
      events.push(`removed ${path} at once`);
    },
    removeAsync(path: string) {
      events.push(`began to remove ${path}`);
      removals.push(Promise.withResolvers<void>());
      return removals.at(-1)!.promise;
    },
  } as unknown as Files;
  const logger = {
    log: (_: string, message: string, { reason }: { reason: string }) =>
      void lines.push(`${message}: ${reason}`),
  } as unknown as Logger;
  const segment = {
    path: (kind: string) => `1.${kind}`,
    file: { renamed: () => {}, retire: () => {} },
  } as unknown as Segment;
  return { deleted: new DeletedFiles(files, logger), segment, events, lines, removals };
}

Deno.test("a large file goes in its own time, and the end of it can be awaited", async () => {
  const { deleted, segment, events, removals } = rig();
  deleted.add(segment, 100);
  deleted.removeDue(99);
  assertEquals(events, []);
  deleted.removeDue(100);
  await Promise.resolve();
  assertEquals(events, ["removed 1.index.deleted at once", "began to remove 1.log.deleted"]);
  const settled = deleted.settled();
  firstOf(removals).resolve();
  await within(settled, { ms: 5_000, what: () => "the end of the removal" });
});

Deno.test("a large file that cannot be removed is told, and stays", async () => {
  const { deleted, segment, lines, removals } = rig();
  deleted.add(segment, 0);
  deleted.removeDue(0);
  await Promise.resolve();
  firstOf(removals).reject(new PlatformFault("Io", "the disk is gone"));
  await deleted.settled();
  assertEquals(lines, [
    "a deleted file cannot be removed; the next start tries again: the disk is gone",
  ]);
});

Deno.test("a small file that cannot be removed is told, and the others go", async () => {
  const { deleted, segment, lines, events, removals } = rig("1.index.deleted");
  deleted.add(segment, 0);
  deleted.removeDue(0);
  await Promise.resolve();
  firstOf(removals).resolve();
  await deleted.settled();
  assertEquals(events, ["began to remove 1.log.deleted"]);
  assertEquals(lines, [
    "a deleted file cannot be removed; the next start tries again: the disk is gone",
  ]);
});
