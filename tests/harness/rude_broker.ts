// A broker that follows a script and a client of it, each on a machine of a simulated world: what
// takes hours or never comes takes a moment, to the second.

import { formatAddress } from "../../src/base/address.ts";
import { Client, type ClientOptions } from "../../src/client/client.ts";
import { simulate } from "../../src/runtime/simulated.ts";
import { type Script, ScriptedBroker } from "./scripted_broker.ts";
import { inWorldTime } from "./world_time.ts";

/** Where the broker is. */
export const rudeHost = "10.0.0.1";

/** What a scenario has. */
export interface Scene {
  readonly broker: ScriptedBroker;
  connect(options?: Partial<ClientOptions>): Promise<Client>;
  /** Simulated seconds that have passed. */
  seconds(): number;
}

/** Runs `scenario` with a broker that follows `script`, each on a machine of its own. */
export async function withRude(
  script: Script,
  scenario: (at: Scene) => Promise<void>,
  { host = rudeHost }: { host?: string } = {},
): Promise<void> {
  const world = simulate(1, { startMs: Date.now() });
  // A machine is found by its name, too.
  const { network } = world.start(host === rudeHost ? "broker" : host);
  const machine = world.start("client");
  await inWorldTime({ world, clock: machine.clock }, async () => {
    await using broker = await ScriptedBroker.start(script, { network, host });
    const bootstrap = formatAddress({ host, port: broker.port });
    await scenario({
      broker,
      connect: (options) => Client.connect(machine, { bootstrap, ...options }),
      seconds: () => Math.floor(world.nowMs / 1000),
    });
  });
}
