import { assert, assertEquals, assertRejects } from "@std/assert";
import { Connected } from "../../tests/harness/connected.ts";
import { ConnectionFault } from "./faults.ts";
import { MemoryShare } from "./memory_share.ts";

Deno.test("a share gives memory in the order in which it was asked for", async () => {
  const share = new MemoryShare(() => 100);
  assertEquals(share.take(80), undefined);
  const order: string[] = [];
  const wanted = { large: 90, small: 10 };
  const waits = Object.entries(wanted).map(async ([name, bytes]) => {
    const wait = share.take(bytes);
    if (wait === undefined) throw new Error(`${name} overtakes`);
    assert(await wait.granted);
    order.push(name);
    assert(share.bytes <= 100);
  });
  assert(!share.tryTake(1), "nobody overtakes those who wait");
  share.give(80);
  await Promise.all(waits);
  assertEquals(order, ["large", "small"]);
  assertEquals(share.bytes, 100);
  assertEquals(share.waits, 2);
});

Deno.test("a claim larger than the share is granted alone", async () => {
  const share = new MemoryShare(() => 100);
  assert(share.tryTake(1));
  const wait = share.take(1000);
  share.give(1);
  assert(await wait!.granted);
  assertEquals(share.room, 0);
  const next = share.take(1);
  share.give(1000);
  assert(await next!.granted);
});

Deno.test("a cancelled claim lets those behind it go on", async () => {
  const share = new MemoryShare(() => 100);
  assert(share.tryTake(50));
  const large = share.take(100)!;
  const small = share.take(50)!;
  large.cancel();
  assertEquals(await large.granted, false);
  assert(await small.granted);
  large.cancel();
  const last = share.take(1)!;
  share.cancelAll();
  assertEquals(await last.granted, false);
  assertEquals(share.bytes, 100);
  assertEquals(share.waiting, 0);
});

Deno.test("who leaves before its turn is granted nothing, and holds up nobody", async () => {
  const share = new MemoryShare(() => 100);
  assert(share.tryTake(50));
  const client = new Connected();
  const large = share.takeInTurn(100, client);
  const small = share.takeInTurn(50, new Connected());
  client.leave();
  assertEquals([await large, await small], [false, true]);
  assertEquals([share.bytes, share.waiting], [100, 0]);
  share.give(100);
  assert(await share.takeInTurn(100, client), "what is there at once is nobody's wait");
  await assertRejects(() => share.claim(1, client), ConnectionFault, "the client has left");
  assertEquals(share.waiting, 0);
});

Deno.test("who was granted its turn is forgotten by the client's end", async () => {
  const share = new MemoryShare(() => 100);
  assert(share.tryTake(100));
  const client = new Connected();
  const taken = share.takeInTurn(100, client);
  share.give(100);
  assert(await taken);
  assertEquals(client.awaited, 0);
});
