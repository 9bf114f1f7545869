// The ports suite on Deno.

import assert from "node:assert/strict";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { portsSuite } from "./ports_suite.ts";
import { realSubject } from "./real_subject.ts";
import { check } from "./subject.ts";
import { httpSuite } from "./suite_http.ts";
import { processSuite } from "./suite_process.ts";
import { tlsSuite } from "./suite_tls.ts";

const subject = realSubject(denoRuntime());
portsSuite(subject);
httpSuite(subject);
processSuite(subject);
tlsSuite(subject);

check("resets before accept do not hold up the next connection", subject, async (given) => {
  const { network, timers } = given.runtime;
  const count = 100;
  const ports: number[] = [];
  const listener = await network.listen({ host: "127.0.0.1", port: 0 }, (socket) => {
    ports.push(socket.remote.port);
    socket.close();
  });
  await given.resetEarly(listener.address, { count, bytes: 0 });
  const client = await network.connect(listener.address);
  let turns = 0;
  while (!ports.includes(client.local.port)) {
    await timers.turn();
    turns++;
  }
  assert.ok(turns < 10 * count, `it took ${turns} turns of the event loop`);
  client.close();
  await listener.close();
});

check("who works in turns lets timers in", subject, async ({ runtime: { clock, timers } }) => {
  let hasCome = false;
  timers.after(0, () => hasCome = true);
  let turns = 0;
  while (!hasCome && turns < 100) {
    const startedMs = clock.monotonic();
    while (clock.monotonic() - startedMs < 2);
    await timers.turn();
    turns++;
  }
  assert.ok(hasCome, `no timer has come in ${turns} turns`);
});
