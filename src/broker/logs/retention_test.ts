import { assertEquals } from "@std/assert";
import { PlatformFault } from "../../base/faults.ts";
import type { PartitionLog, Slices } from "../../log/mod.ts";
import type { Logger } from "../../runtime/ports.ts";
import type { Partition } from "./partition.ts";
import { Retention } from "./retention.ts";

/** Ten partitions, the third of which fails, and slices that are over after each of them. */
function rig(next: () => Promise<void>) {
  const asked: number[] = [];
  const lines: string[] = [];
  const logger: Logger = {
    enabled: () => true,
    log: (level, message, fields) => void lines.push(`${level} ${message} ${fields?.partition}`),
    child: () => logger,
  };
  const partitions = Array.from({ length: 10 }, (_, id) => {
    const applyRetention = () => {
      asked.push(id);
      return id === 2 ? Promise.reject(new PlatformFault("Io", "no disk")) : Promise.resolve(1);
    };
    return { topic: "t", id, highWatermark: 0, log: { applyRetention } as unknown as PartitionLog };
  });
  const retention = new Retention({
    partitions: () => partitions as unknown as Partition[],
    clock: { now: () => 0, monotonic: () => 0 },
    slices: { spend: () => {}, isOver: true, next } as unknown as Slices,
    logger,
  });
  return { retention, asked, lines };
}

Deno.test("each log is asked, whatever becomes of another", async () => {
  const { retention, asked, lines } = rig(() => Promise.resolve());
  await retention.run();
  assertEquals(asked, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(retention.segmentsExpired, 9);
  assertEquals(lines, ["error retention failed for a partition and will be tried again t-2"]);
});

Deno.test("a close does not wait until every log was asked", async () => {
  let turns = 0;
  const { retention, asked } = rig(() => {
    if (++turns === 4) retention.close();
    return Promise.resolve();
  });
  await retention.run();
  assertEquals(asked, [0, 1, 2, 3]);
});
