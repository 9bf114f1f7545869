// A real etcd that is restored from a backup, as a copy of its disk and as a snapshot of its tool:
// brokers that have seen more do not start on it, and once that is accepted they go on with all
// that was acknowledged.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Client, createTopic, describeTopic, Producer } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { untilAnswered } from "../harness/deadline.ts";
import { etcdAbsence, etcdctlAbsence, EtcdProcess } from "../harness/etcd_process.ts";
import { readAll } from "../harness/read_all.ts";
import { targetFromEnvironment } from "../harness/targets.ts";

const inSyncMsMax = 120_000;
const topic = "orders";
const ids = [1, 2] as const;
// The library's program and Kafka know no --cluster.
const hasCommand = !["node", "kafka"].includes(targetFromEnvironment());

/** How an etcd is kept, and had back: `folder` is for files. */
interface Backup {
  readonly absence: string | undefined;
  readonly keep: (etcd: EtcdProcess, folder: string) => Promise<void>;
  readonly bringBack: (etcd: EtcdProcess, folder: string) => Promise<void>;
  /** What brokers say that have seen more. */
  readonly said: RegExp;
}

const backups: Readonly<Record<string, Backup>> = {
  "a copy of its disk": {
    absence: await etcdAbsence(),
    keep: (etcd) => etcd.backUp(),
    bringBack: (etcd) => etcd.restore(),
    said: /etcd has gone back: it is at revision/,
  },
  "a snapshot": {
    absence: await etcdctlAbsence(),
    keep: (etcd, folder) => etcd.saveSnapshot(`${folder}/snapshot`),
    bringBack: (etcd, folder) => etcd.restoreSnapshot(`${folder}/snapshot`),
    said: /this is another etcd/,
  },
};

async function inSync(client: Client): Promise<void> {
  await untilAnswered(async () => {
    const { partitions: [first] } = await describeTopic(client, topic);
    if (first!.isr.length < ids.length) throw new Error(`only ${first!.isr} are in sync`);
  }, inSyncMsMax);
}

async function withClient<T>(
  brokers: readonly BrokerProcess[],
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const bootstrap = brokers.map((broker) => broker.bootstrap).join(",");
  const client = await Client.connect(denoRuntime(), { bootstrap });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

for (const [name, { absence, keep, bringBack, said }] of Object.entries(backups)) {
  if (absence !== undefined) console.log(`an etcd restored from ${name} is skipped: ${absence}`);
  Deno.test({
    name: `brokers notice a real etcd restored from ${name}, and lose nothing`,
    ignore: absence !== undefined || !hasCommand,
    async fn() {
      await using etcd = await EtcdProcess.start();
      const folder = await Deno.makeTempDir({ prefix: "restored-" });
      const running = new Set<BrokerProcess>();
      const start = async (id: number, ...more: readonly string[]) => {
        const cluster = `etcd://${etcd.address}/restored`;
        const broker = await BrokerProcess.start({
          dataDir: `${folder}/${id}`,
          flags: ["--cluster", cluster, "--node-id", `${id}`, ...more],
          settings: { "offsets.topic.num.partitions": "1" },
        });
        running.add(broker);
        return broker;
      };
      const startAll = (...more: readonly string[]) =>
        Promise.all(ids.map((id) => start(id, ...more)));
      const stop = async (broker: BrokerProcess) => {
        running.delete(broker);
        await broker.stop();
      };
      const sent: string[] = [];
      const send = async (client: Client) => {
        const producer = new Producer(client);
        for (let i = 0; i < 10; i++) {
          const value = `value ${sent.length}`;
          await producer.send({ topic, partition: 0, value });
          sent.push(value);
        }
        await producer.close();
      };
      try {
        const first = await startAll();
        await withClient(first, async (client) => {
          await createTopic(client, { name: topic, assignments: [[...ids]] });
          await inSync(client);
          await send(client);
        });
        for (const broker of first) await stop(broker);
        await keep(etcd, folder);
        // Under leaders, and in epochs, that the backup does not know of.
        const [one, two] = await startAll();
        await withClient([one!, two!], inSync);
        await stop(one!);
        await withClient([two!], send);
        await stop(two!);
        await bringBack(etcd, folder);
        for (const id of ids) {
          const { message } = await assertRejects(
            () => start(id),
            Error,
            "--accept-metadata-rollback",
          );
          assertMatch(message, said);
        }
        const again = await startAll("--accept-metadata-rollback", ids.join(","));
        const read = await withClient(
          again,
          (client) => readAll(client, { topic, count: sent.length }),
        );
        assertEquals(read, sent);
        for (const broker of again) await stop(broker);
        const calm = await startAll();
        await withClient(calm, send);
      } finally {
        for (const broker of running) await broker.close();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
