import { assertEquals, assertThrows } from "@std/assert";
import { simulate } from "../runtime/simulated.ts";
import { cliContext, onInterrupt } from "./context.ts";

Deno.test("one Ctrl-C that arrives several times interrupts once", async () => {
  const world = simulate(1);
  const context = cliContext(world.start("laptop"));
  const signals: string[] = [];
  onInterrupt(context, (signal) => signals.push(signal));
  world.signal("laptop", "SIGINT");
  await world.run(3);
  world.signal("laptop", "SIGINT");
  await world.run(400);
  world.signal("laptop", "SIGTERM");
  assertEquals(signals, ["SIGINT"]);
});

Deno.test("a Ctrl-C that comes later than the first ends the process at once", async () => {
  for (const [options, code] of [[{}, 130], [{ exitCodeAtOnce: 1 }, 1]] as const) {
    const world = simulate(1);
    const context = cliContext(world.start("laptop"));
    onInterrupt(context, () => {}, options);
    world.signal("laptop", "SIGINT");
    await world.run(1_000);
    assertThrows(() => world.signal("laptop", "SIGINT"), Error, `exited with ${code}`);
  }
});

Deno.test("what no longer waits for a signal gets none", () => {
  const world = simulate(1);
  const context = cliContext(world.start("laptop"));
  let count = 0;
  const stop = onInterrupt(context, () => count++);
  stop();
  world.signal("laptop", "SIGINT");
  assertEquals(count, 0);
});
