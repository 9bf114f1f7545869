import { assertEquals } from "@std/assert";
import { Gathering } from "./gathering.ts";

/** With its timers, which fire when they are told to. */
function rig() {
  const timers = new Set<() => void>();
  const gathering = new Gathering({
    after: (_, run) => {
      timers.add(run);
      return { cancel: () => timers.delete(run) };
    },
  });
  const write = (producers: number) => {
    for (let i = 0; i < producers; i++) gathering.noteWaiting();
  };
  const isHeld = () => gathering.more() !== undefined;
  const pass = () => {
    for (const run of [...timers]) run();
  };
  return { gathering, timers, write, isHeld, pass };
}

Deno.test("a follower is given what there is once all write again that were answered", async () => {
  const { gathering, timers, write, isHeld } = rig();
  write(16);
  assertEquals(isHeld(), false);
  gathering.noteOver(16);
  assertEquals(isHeld(), false, "nobody waits: it is the first record that ends its own wait");
  write(1);
  const more = gathering.more();
  write(12);
  assertEquals([isHeld(), timers.size], [true, 1]);
  write(1);
  await more;
  assertEquals([isHeld(), timers.size], [false, 0], "of 16 two may be late");
});

Deno.test("who has gone is waited for once, and for a moment", async () => {
  const { gathering, write, isHeld, pass } = rig();
  write(16);
  gathering.noteOver(16);
  write(6);
  const more = gathering.more();
  pass();
  await more;
  assertEquals(isHeld(), false);
  gathering.noteOver(6);
  write(6);
  assertEquals(isHeld(), false);
});

Deno.test("nobody is held up where few write", () => {
  const { gathering, write, isHeld } = rig();
  write(3);
  gathering.noteOver(2);
  assertEquals(isHeld(), false);
});
