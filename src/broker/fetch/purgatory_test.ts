import { assertEquals } from "@std/assert";
import { Connected } from "../../../tests/harness/connected.ts";
import { Purgatory, type Wait } from "./purgatory.ts";

/** As long as a request can ask us to wait. */
const delayMs = 2 ** 31 - 1;

function rig() {
  const timers = new Set<() => void>();
  const after = (_: number, run: () => void) => {
    timers.add(run);
    return { cancel: () => timers.delete(run) };
  };
  const purgatory = new Purgatory({ after, turn: () => Promise.resolve() });
  const partition = { watchers: new Set<Wait>() };
  const wait = (requester: Connected) => {
    const terms = { isolation: "readUncommitted", bytes: 1, delayMs, requester } as const;
    return purgatory.wait([partition], terms);
  };
  return { timers, partition, wait };
}

Deno.test("a wait ends with the connection of who waits, and leaves nothing behind", async () => {
  const { timers, partition, wait } = rig();
  const client = new Connected();
  const waiting = wait(client);
  assertEquals([partition.watchers.size, timers.size], [1, 1]);
  client.leave();
  await waiting;
  assertEquals([partition.watchers.size, timers.size], [0, 0]);
  await wait(client);
  assertEquals([partition.watchers.size, timers.size], [0, 0], "it has left before");
});

Deno.test("a connection remembers none of its waits that are over", async () => {
  const { partition, wait } = rig();
  const client = new Connected();
  const waiting = wait(client);
  const [only] = partition.watchers;
  only?.onReadable({ readUncommitted: 1, readCommitted: 0, logEnd: 1 });
  await waiting;
  assertEquals(client.awaited, 0);
});
