import { assertEquals, assertThrows } from "@std/assert";
import { PlatformFault } from "../../base/faults.ts";
import { webRandom } from "../../runtime/event_loop.ts";
import { memoryFiles } from "../../runtime/memory_files.ts";
import type { MemoryFile } from "../../runtime/memory_files.ts";
import { Reserve } from "./reserve.ts";

const path = "/data/.ottla_reserve";
const bytes = 20_000;

/** A disk of so many bytes, with a directory on it. */
function rig(diskBytes: number) {
  const sizes = new Map<MemoryFile, number>();
  const used = () => [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const files = memoryFiles({
    clock: { now: () => 0, monotonic: () => 0 },
    journal: {
      onWrite(file, written) {
        const accepted = written.subarray(0, Math.max(0, diskBytes - used()));
        sizes.set(file, (sizes.get(file) ?? 0) + accepted.length);
        return accepted;
      },
      onTruncate: (file, size) => sizes.set(file, Math.min(size, sizes.get(file) ?? 0)),
      onLink: () => {},
      onUnlink: (_, entry) => sizes.delete(entry as MemoryFile),
      onRename: () => {},
    },
  });
  files.makeFolder("/data");
  const size = () => files.stat(path)?.size;
  return {
    files,
    size,
    free: () => diskBytes - used(),
    reserve: new Reserve(files, { path, bytes, random: webRandom }),
  };
}

function write(files: ReturnType<typeof rig>["files"], length: number): void {
  const file = files.open("/data/log", "append");
  const before = file.size;
  try {
    file.append(new Uint8Array(length));
  } catch (error) {
    file.truncate(before);
    throw error;
  } finally {
    file.close();
  }
}

Deno.test("what makes room writes on what is given up for it, step by step", () => {
  const { files, size, free, reserve } = rig(100_000);
  reserve.fill(free(), 0);
  assertEquals(size(), bytes);
  write(files, 80_000);
  assertThrows(() => write(files, 1), PlatformFault, "no space");
  reserve.spend(() => write(files, 1));
  assertEquals(size(), 15_904);
  reserve.spend(() => write(files, 5_000));
  assertEquals(size(), 11_808);
  assertThrows(() => reserve.spend(() => write(files, 16_000)), PlatformFault, "no space");
  assertEquals(size(), undefined, "it was all given up, in vain");
});

Deno.test("it is made whole where that leaves as much again, and never shorter by that", () => {
  const { files, size, free, reserve } = rig(100_000);
  reserve.fill(39_999, 0);
  assertEquals(size(), undefined);
  reserve.fill(60_000, 20_001);
  assertEquals(size(), undefined);
  reserve.fill(40_000, 0);
  assertEquals(size(), bytes);
  write(files, 80_000);
  reserve.spend(() => write(files, 5_000));
  // Somebody else has taken what was said to be free.
  reserve.fill(100_000, 0);
  assertEquals([size(), free()], [11_808, 3_192]);
  files.remove("/data/log");
  reserve.fill(free(), 0);
  assertEquals(size(), bytes);
});

Deno.test("one that keeps nothing gives up nothing", () => {
  const { files, free } = rig(10_000);
  const none = new Reserve(files);
  none.fill(free(), 0);
  write(files, 10_000);
  assertThrows(() => none.spend(() => write(files, 1)), PlatformFault, "no space");
  assertEquals(files.stat(path), undefined);
});
