import { assertLess } from "@std/assert";
import { Client, createTopic } from "../client/mod.ts";
import { denoRuntime } from "../runtime/deno.ts";
import type { Runtime } from "../runtime/ports.ts";
import { within } from "../../tests/harness/deadline.ts";
import { loadConfig, startBroker } from "./mod.ts";

const partitions = 400;

Deno.test("a close does not wait until retention has looked at every log", async () => {
  const held = Promise.withResolvers<void>();
  const retaining = Promise.withResolvers<void>();
  let isHolding = false;
  let turns = 0;
  const platform = denoRuntime();
  const turn = async () => {
    turns++;
    if (!isHolding) return await platform.timers.turn();
    retaining.resolve();
    await held.promise;
  };
  const runtime: Runtime = { ...platform, timers: { ...platform.timers, turn } };
  const { config } = loadConfig({
    flags: { host: "127.0.0.1", port: 0, ephemeral: true },
    options: { "log.retention.check.interval.ms": 1, "log.cleaner.enable": false },
  });
  const logger = runtime.logger({ level: "error", format: "text" });
  const broker = await startBroker({ runtime, config, logger });
  const { host, port } = broker.address;
  const client = await Client.connect(runtime, { bootstrap: `${host}:${port}` });
  await createTopic(client, { name: "many", partitions });
  client.close();

  isHolding = true;
  await within(retaining.promise, { ms: 10_000, what: () => "retention" });
  turns = 0;
  const closed = broker.close();
  held.resolve();
  await within(closed, { ms: 10_000, what: () => "the broker's close" });
  assertLess(turns, 5);
});
