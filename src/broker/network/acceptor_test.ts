// Sockets with a fault of their own, each in another of its parts: the broker serves everybody
// else, none of them counts as a connection for ever, and a stop closes the logs.

import { assertEquals } from "@std/assert";
import { Client, createTopic } from "../../client/mod.ts";
import { simulate } from "../../runtime/simulated.ts";
import type { Address, Network, Runtime, Socket } from "../../runtime/ports.ts";
import { loadConfig, startBroker } from "../mod.ts";

const connectionsMax = 5;

/** What is wrong with a socket; `socket` is the sound one. */
interface Fault {
  readonly name: string;
  /** Such a one counts until the broker finds that it is idle. */
  readonly neverEnds?: true;
  readonly of: (socket: Socket) => Partial<Socket>;
}

const broken = (): never => {
  throw new TypeError("undefined is not an object");
};

const faults: readonly Fault[] = [
  {
    name: "cannot be closed",
    of: (socket) => ({
      close() {
        socket.close();
        broken();
      },
    }),
  },
  {
    name: "has no address",
    of: () => ({ remote: { host: undefined, port: undefined } as unknown as Address }),
  },
  {
    name: "fails when it is read",
    of: () => ({ receive: broken }),
  },
  {
    name: "is read by somebody else",
    of: (socket) => {
      socket.read(new Uint8Array(1));
      return { receive: (into, receiver) => socket.receive(into, receiver) };
    },
  },
  {
    name: "fails when it is written to",
    of: () => ({ write: broken, closeWrite: broken }),
  },
  {
    name: "never ends",
    neverEnds: true,
    of: () => ({ receive() {}, close() {} }),
  },
  {
    name: "takes bytes and never says so",
    neverEnds: true,
    of: () => ({ write: () => new Promise(() => {}) }),
  },
];

/** Sockets of `network` have the fault for as long as `isOn`. */
function faulty(network: Network, { of }: Fault, isOn: () => boolean): Network {
  return {
    ...network,
    listen: (address, onConnection) =>
      network.listen(address, (socket) => {
        if (!isOn()) return onConnection(socket);
        const { local, remote, closed } = socket;
        onConnection({
          local,
          remote,
          closed,
          read: (into) => socket.read(into),
          receive: (into, receiver) => socket.receive(into, receiver),
          watch: () => socket.watch(),
          holdProcess: (isHeld) => socket.holdProcess(isHeld),
          write: (bytes) => socket.write(bytes),
          closeWrite: () => socket.closeWrite(),
          close: () => socket.close(),
          ...of(socket),
        });
      }),
  };
}

function start(
  runtime: Runtime,
  options: Record<string, number> = { "max.connections": connectionsMax },
) {
  const { config } = loadConfig({
    flags: { host: "0.0.0.0", port: 9092, dataDir: "/data" },
    options,
  });
  return startBroker({
    runtime,
    config,
    logger: runtime.logger({ level: "info", format: "text" }),
  });
}

/** ApiVersions 0, correlation id 7, no client id. */
const apiVersionsRequest = Uint8Array.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff]);

/** Asks something in the way of a client, and goes. */
async function beServed(runtime: Runtime, topic: string): Promise<void> {
  const client = await Client.connect(runtime, { bootstrap: "server:9092" });
  await createTopic(client, { name: topic, partitions: 1 });
  client.close();
}

for (const fault of faults) {
  Deno.test(`a socket that ${fault.name} harms nobody, and not the stop`, async () => {
    const lines: string[] = [];
    const world = simulate(1, { onLogLine: (_, line) => lines.push(line) });
    const server = world.start("server");
    const other = world.start("client");
    let isOn = true;
    const network = faulty(server.network, fault, () => isOn);
    const broker = await world.drive(start({ ...server, network }));

    const count = fault.neverEnds ? 2 : 3 * connectionsMax;
    for (let i = 0; i < count; i++) {
      const socket = await world.drive(other.network.connect({ host: "server", port: 9092 }));
      socket.write(apiVersionsRequest)?.catch(() => {});
      await world.run(50);
      socket.close();
      await world.run(50);
    }
    isOn = false;
    await world.drive(beServed(other, "orders"));

    // One of them is there when the broker stops.
    isOn = true;
    await world.drive(other.network.connect({ host: "server", port: 9092 }));
    await world.run(50);
    await world.drive(broker.close());
    world.kill("server");
    lines.length = 0;
    const again = await world.drive(start(world.start("server")));
    assertEquals(lines.filter((line) => line.includes("unclean")), []);
    await world.drive(beServed(other, "payments"));
    await world.drive(again.close());
  });
}

Deno.test("of thousands of connections the silent ones are dropped, and no others", async () => {
  const count = 2_100;
  const world = simulate(1);
  const other = world.start("client");
  const broker = await world.drive(
    start(world.start("server"), { "connections.max.idle.ms": 10_000 }),
  );
  const open = new Set<number>();
  const sockets = await world.drive(Promise.all(Array.from({ length: count }, async (_, i) => {
    const socket = await other.network.connect({ host: "server", port: 9092 });
    open.add(i);
    const buffer = new Uint8Array(4_096);
    (async () => {
      while (await socket.read(buffer) !== null);
      open.delete(i);
    })();
    return socket;
  })));
  for (let ms = 0; ms < 14_000; ms += 3_500) {
    for (const socket of sockets.slice(0, 100)) {
      await world.drive(socket.write(apiVersionsRequest)!);
    }
    await world.run(3_500);
  }
  assertEquals([...open].length, 100);
  await world.drive(broker.close());
});
