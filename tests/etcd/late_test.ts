// An etcd that comes later than its brokers, as after a loss of power: a broker that starts waits
// for it as long as it is told to, and says so.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PlatformFault } from "../../src/base/faults.ts";
import { loadConfig } from "../../src/broker/mod.ts";
import { openClusterHome } from "../../src/cli/cluster/home.ts";
import type { LogFields, Logger } from "../../src/runtime/ports.ts";
import { simulate, type Simulation } from "../../src/runtime/simulated.ts";
import { SimulatedEtcd } from "./simulated_etcd.ts";

const cluster = "etcd://etcd1:2379,etcd2:2379,etcd3:2379/c";

interface Start {
  readonly options?: Readonly<Record<string, string>>;
  readonly stopped?: Promise<void>;
}

/** What a start comes to, and what its log says of etcd meanwhile. */
function starting(world: Simulation, { options, stopped }: Start = {}) {
  const told: { message: string; fields: LogFields }[] = [];
  const logger: Logger = {
    log: (level, message, fields = {}) => void (level === "warn" && told.push({ message, fields })),
    child: () => logger,
    enabled: () => true,
  };
  const input = {
    flags: { cluster, host: "broker1", dataDir: "data" },
    options: { "node.id": "1", ...options },
  };
  const onLost = (error: unknown) => {
    throw error;
  };
  const runtime = world.start("broker1");
  const { config } = loadConfig(input);
  return { told, opened: openClusterHome({ input, config, runtime, logger, onLost, stopped }) };
}

Deno.test("late etcd: a broker that starts waits for it, and says so now and then", async () => {
  const world = simulate(1);
  await world.drive((async () => {
    const { timers } = world.start("watch");
    const { opened, told } = starting(world);
    await new Promise<void>((go) => timers.after(45_000, go));
    await SimulatedEtcd.start(world, { members: 3 });
    const { metadata } = await opened;
    assertEquals([...new Set(told.map(({ message }) => message))], [
      "etcd does not answer yet, and is waited for",
    ]);
    assertEquals(told.length, 5);
    await metadata.close();
  })());
});

Deno.test("late etcd: a broker that starts gives up when it is told to", async () => {
  const world = simulate(1);
  await world.drive((async () => {
    const options = { "initial.broker.registration.timeout.ms": "20000" };
    const { opened, told } = starting(world, { options });
    await assertRejects(() => opened, PlatformFault);
    assertEquals(told.length, 2);
  })());
});

Deno.test("late etcd: a broker that is stopped waits for it no longer", async () => {
  const world = simulate(1);
  await world.drive((async () => {
    const { timers } = world.start("watch");
    const startMs = world.nowMs;
    const stopped = new Promise<void>((go) => timers.after(5_000, go));
    const { opened } = starting(world, { stopped });
    await assertRejects(() => opened, PlatformFault);
    assert(world.nowMs < startMs + 7_000);
  })());
});
