// A broker that may have few files and sockets open (`ulimit -n`), with more partitions than that
// and more clients: whom it has no room for is refused and told of, all others are served, and
// once some have gone there is room again.

import { assert, assertEquals } from "@std/assert";
import { Client, createTopic, Producer } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { readAll } from "../harness/read_all.ts";
import { targetsWithNode } from "../harness/targets.ts";

const filesMax = 128;
const partitions = 100;
const topic = "wide";

/** Connects until one is closed by the broker; gives back those that are open. */
async function connectUntilRefused(port: number): Promise<Deno.TcpConn[]> {
  const open: Deno.TcpConn[] = [];
  const refused = Promise.withResolvers<boolean>();
  const one = new Uint8Array(1);
  while (open.length < 2 * filesMax) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    open.push(connection);
    connection.read(one).then(() => refused.resolve(true), () => refused.resolve(true));
    const isRefused = await Promise.race([refused.promise, Promise.resolve(false)]);
    if (isRefused) return open;
  }
  await within(refused.promise, { ms: 60_000, what: () => "a refusal" });
  return open;
}

// Elsewhere nothing tells a broker how many it may have.
const targets = Deno.build.os === "linux" ? await targetsWithNode() : [];

for (const target of targets) {
  Deno.test(`${target}: with few open files allowed, nothing is lost, clients hear`, async () => {
    const wrapper = ["sh", "-c", `ulimit -n ${filesMax}; exec "$@"`, "sh"];
    await using broker = await BrokerProcess.start({ target, wrapper });
    const connect = () => Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
    const client = await connect();
    await createTopic(client, { name: topic, partitions });
    const producer = new Producer(client, {});
    const sent: string[] = [];
    const sendToAll = async (round: string) => {
      const values = Array.from({ length: partitions }, (_, partition) => `${round} ${partition}`);
      await Promise.all(values.map((value, partition) => {
        return producer.send({ topic, partition, value });
      }));
      sent.push(...values);
    };
    await sendToAll("alone");

    const crowd = await connectUntilRefused(broker.port);
    await sendToAll("crowded");
    assert(/refused a connection: too many are open/.test(broker.output), broker.output);
    for (const connection of crowd) connection.close();

    await sendToAll("again");
    await producer.close();
    client.close();
    assertEquals(/cannot be opened|is offline/.exec(broker.output), null, broker.output);
    await broker.kill();
    await broker.restart();
    const reader = await connect();
    const read = await readAll(reader, { topic, partitions, count: sent.length });
    reader.close();
    assertEquals(read.sort(), sent.sort());
  });
}
