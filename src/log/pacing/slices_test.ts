import { assert, assertEquals } from "@std/assert";
import { simulate } from "../../runtime/simulated.ts";
import { appendOk, batchOf, logRig } from "../../../tests/harness/log_rig.ts";
import { Slices } from "./slices.ts";

/** Slices on a simulated machine, and how often they have let others run. */
function countedSlices() {
  const world = simulate(1);
  const { clock, timers } = world.start("n1");
  const counted = { turns: 0, world, slices: undefined as unknown as Slices };
  const turn = () => {
    counted.turns++;
    return timers.turn();
  };
  counted.slices = new Slices({ clock, timers: { after: timers.after, turn } });
  return counted;
}

Deno.test("a log that is checked gives way after every few megabytes", async () => {
  const rig = logRig();
  const log = await rig.open();
  const value = "v".repeat(100_000);
  for (let i = 0; i < 200; i++) appendOk(log, batchOf([value]), 2);
  const counted = countedSlices();
  const opened = await counted.world.drive(rig.open({ slices: counted.slices }));
  assertEquals([opened.refusal, opened.logEndOffset], [undefined, 200]);
  assertEquals(opened.bytesChecked, log.sizeBytes);
  // Each batch is looked at twice: its header, then all of it.
  assert(counted.turns >= 4 && counted.turns <= 8, `${counted.turns} turns for 20 MB`);
});

Deno.test("many small batches weigh more than their bytes", async () => {
  const rig = logRig();
  const log = await rig.open();
  for (let i = 0; i < 20_000; i++) appendOk(log, batchOf(["v"]), 2);
  const counted = countedSlices();
  await counted.world.drive(rig.open({ slices: counted.slices }));
  assert(log.sizeBytes < 2_000_000 && counted.turns >= 10, `${counted.turns} turns`);
});

Deno.test("those who work at once have their turns by turns", async () => {
  const { world, slices } = countedSlices();
  const order: string[] = [];
  const work = async (name: string) => {
    for (let i = 0; i < 2; i++) {
      slices.spend(5 * 1024 * 1024);
      await slices.next();
      order.push(name);
    }
  };
  await world.drive(Promise.all([work("a"), work("b")]));
  assertEquals(order, ["a", "b", "a", "b"]);
});

Deno.test("however many work at once, one fills a slice, and others go in between", async () => {
  const { world, slices } = countedSlices();
  const order: string[] = [];
  const work = async (name: string) => {
    for (let i = 0; i < 2; i++) {
      if (slices.isOver) await slices.next();
      slices.spend(5 * 1024 * 1024);
      order.push(name);
    }
  };
  const others = async () => {
    const { timers } = world.start("others");
    for (let i = 0; i < 6; i++) {
      await timers.turn();
      order.push("-");
    }
  };
  slices.spend(5 * 1024 * 1024);
  await world.drive(Promise.all([...["a", "b", "c"].map(work), others()]));
  assertEquals(order.join(""), "a-b-c-a-b-c-");
});

Deno.test("who works once in a while waits for nobody", async () => {
  const counted = countedSlices();
  const { world, slices } = counted;
  const { timers } = world.start("others");
  const work = async () => {
    for (let i = 0; i < 5; i++) {
      assert(!slices.isOver, `work ${i} found its slice over`);
      slices.spend(3 * 1024 * 1024);
      await new Promise<void>((resolve) => timers.after(10, resolve));
    }
  };
  await world.drive(work());
});
