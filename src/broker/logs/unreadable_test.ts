import { assertEquals } from "@std/assert";
import type { LogFields, Logger } from "../../runtime/ports.ts";
import type { Partition } from "./partition.ts";
import { UnreadablePartitions } from "./unreadable.ts";

/** One to test, with its clock and its lines. */
function rig() {
  const lines: (LogFields & { readonly said: string })[] = [];
  const logger: Logger = {
    enabled: () => true,
    log: (_level, said, fields) => lines.push({ said, ...fields }),
    child: () => logger,
  };
  const clock = { nowMs: 0 };
  const unreadable = new UnreadablePartitions({ logger, monotonic: () => clock.nowMs });
  return { unreadable, lines, clock };
}

const partition = (topic: string, id = 0) => ({ topic, id }) as Partition;

Deno.test("a partition that many try to read is a line a minute, with their number", () => {
  const { unreadable, lines, clock } = rig();
  const orders = partition("orders", 3);
  for (let second = 0; second < 150; second++) {
    clock.nowMs = second * 1000;
    for (let i = 0; i < 10; i++) unreadable.note(orders, new Error("it is damaged"));
    unreadable.sweep();
  }
  const told = { partition: "orders-3", reason: "it is damaged" };
  assertEquals(lines, [
    { said: "a partition cannot be read", ...told },
    { said: "a partition cannot be read, still", ...told, reads: 609 },
    { said: "a partition cannot be read, still", ...told, reads: 600 },
  ]);
  assertEquals(unreadable.reads, 1500);
  assertEquals(unreadable.has(orders), true);
});

Deno.test("what has ended is forgotten after a minute, and told anew when it comes back", () => {
  const { unreadable, lines, clock } = rig();
  unreadable.note(partition("orders"), "gone");
  clock.nowMs = 60_000;
  unreadable.sweep();
  assertEquals(lines.length, 1);
  unreadable.note(partition("orders"), "gone");
  assertEquals(lines.length, 2);
});

Deno.test("past a thousand of them the others share a line", () => {
  const { unreadable, lines } = rig();
  for (let i = 0; i < 2_000; i++) unreadable.note(partition("many", i), "damaged");
  assertEquals(lines.length, 1_001);
  assertEquals(lines.at(-1)?.partition, "(others)");
  assertEquals(unreadable.has(partition("many")), false);
});
