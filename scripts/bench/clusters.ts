// Clusters of three nodes on this machine, for what compares them: Ottla on one etcd, or Apache
// Kafka. Topics have three replicas, min.insync.replicas is 2.

import { itemAt } from "../../src/base/items.ts";
import {
  Client,
  createTopic,
  deleteTopic,
  describeTopic,
  listOffsets,
} from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { BrokerProcess } from "../../tests/harness/broker_process.ts";
import { EtcdProcess } from "../../tests/harness/etcd_process.ts";
import type { Target } from "../../tests/harness/targets.ts";
import { freePort } from "./start.ts";

/** Of the brokers. */
export const ids = [1, 2, 3];
const settings = {
  "min.insync.replicas": "2",
  "default.replication.factor": "3",
  "offsets.topic.num.partitions": "4",
  "broker.session.timeout.ms": "9000",
};

export interface Cluster {
  readonly name: string;
  /** In the order of their ids. */
  readonly brokers: readonly BrokerProcess[];
  /** Processes besides. */
  readonly others: readonly { readonly pid: number }[];
  close(): Promise<void>;
}

export async function closeAll(closed: readonly { close(): Promise<void> }[]): Promise<void> {
  for (const each of closed) await each.close();
}

export async function startOttla(target: Target): Promise<Cluster> {
  const etcd = await EtcdProcess.start();
  const brokers = await Promise.all(ids.map((id) =>
    BrokerProcess.start({
      target,
      settings,
      forLoad: true,
      flags: ["--cluster", `etcd://${etcd.address}/bench`, "--node-id", `${id}`],
    })
  ));
  return { name: "ottla", brokers, others: [etcd], close: () => closeAll([...brokers, etcd]) };
}

export async function startKafka(): Promise<Cluster> {
  const ports = ids.map(() => ({ clients: freePort(), controller: freePort() }));
  const voters = ids.map((id, i) => `${id}@127.0.0.1:${itemAt(ports, i).controller}`).join();
  const brokers = await Promise.all(ids.map((id, i) => {
    const { clients, controller } = itemAt(ports, i);
    return BrokerProcess.start({
      target: "kafka",
      port: clients,
      forLoad: true,
      settings: {
        ...settings,
        "node.id": `${id}`,
        "controller.quorum.voters": voters,
        listeners: `PLAINTEXT://127.0.0.1:${clients},CONTROLLER://127.0.0.1:${controller}`,
      },
    });
  }));
  return { name: "kafka", brokers, others: [], close: () => closeAll(brokers) };
}

export function connect({ brokers }: Cluster): Promise<Client> {
  const bootstrap = brokers.map((each) => each.bootstrap).join();
  return Client.connect(denoRuntime(), { bootstrap });
}

/** Uses a new topic, partition i being on the brokers `assignments[i]`, once all are in sync. */
export async function onTopic<T>(
  cluster: Cluster,
  assignments: readonly (readonly number[])[],
  use: (topic: string, client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect(cluster);
  const name = `bench-${topics++}`;
  try {
    await createTopic(client, { name, assignments });
    for (let isThere = false; !isThere;) {
      const { partitions } = await describeTopic(client, name).catch(() => ({ partitions: [] }));
      isThere = partitions.length === assignments.length &&
        partitions.every(({ isr, leader }, at) =>
          isr.length === ids.length && leader === itemAt(itemAt(assignments, at), 0)
        );
    }
    // Kafka answers a creation before its partitions have opened; this asks until they have.
    const asked = assignments.map((_, partition) => ({ topic: name, partition }));
    await listOffsets(client, asked, { spec: "latest" });
    const result = await use(name, client);
    await deleteTopic(client, name);
    return result;
  } finally {
    client.close();
  }
}

let topics = 0;
