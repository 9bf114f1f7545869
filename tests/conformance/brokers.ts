// What a client's scenarios run against: one broker, or with OTTLA_NODES=3 a cluster of that many
// processes on a real etcd, where a topic has as many replicas and acks=all waits for two.
//
//   clients ── PLAINTEXT ──> node 1, node 2, node 3 ──> etcd     secured as a scenario wants it
//                               └── INTERNAL ──┘                 always plain
//
// Invariant: after `close` all processes have ended and their folders are gone.

import { messageOf } from "../../src/base/faults.ts";
import { firstOf } from "../../src/base/items.ts";
import { Client } from "../../src/client/mod.ts";
import { FindCoordinator, Metadata } from "../../src/protocol/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { type BrokerOptions, BrokerProcess } from "../harness/broker_process.ts";
import { untilAnswered } from "../harness/deadline.ts";
import { etcdAbsence, EtcdProcess } from "../harness/etcd_process.ts";
import { RawClient, type Reachable } from "../harness/raw_client.ts";
import { type Target, targetFromEnvironment } from "../harness/targets.ts";

export const nodesVariable = "OTTLA_NODES";

/** A machine that is busy with much else takes minutes until a broker is in sync again. */
const settledMsMax = 600_000;

/** Few partitions of what each broker has, and patience: machines may be busy with much else. */
const clusterSettings = {
  listeners: "PLAINTEXT://127.0.0.1:0,INTERNAL://127.0.0.1:0",
  "inter.broker.listener.name": "INTERNAL",
  "broker.session.timeout.ms": "20000",
  "default.replication.factor": "3",
  "min.insync.replicas": "2",
  "offsets.topic.num.partitions": "4",
  "transaction.state.log.num.partitions": "4",
  "share.coordinator.state.topic.num.partitions": "4",
};
const protocolMap = "listener.security.protocol.map";

/** How many brokers there are to be. */
export function nodesFromEnvironment(): number {
  const nodes = Number(Deno.env.get(nodesVariable) || 1);
  if (nodes === 1 || nodes === 3) return nodes;
  throw new Error(`${nodesVariable} is "${Deno.env.get(nodesVariable)}"; it can be 1 or 3`);
}

/** How an administrator comes in. */
export type AdminWay = Pick<Parameters<typeof Client.connect>[1], "tls" | "sasl">;

export interface BrokersOptions extends BrokerOptions {
  /** Otherwise everybody may. */
  readonly admin?: AdminWay | undefined;
  /** Those of one node of several. */
  readonly settingsOf?: (id: number) => Record<string, string>;
}

export class Brokers implements AsyncDisposable {
  readonly nodes: readonly BrokerProcess[];
  readonly #etcd: EtcdProcess | undefined;
  readonly #admin: AdminWay;

  private constructor(
    nodes: readonly BrokerProcess[],
    { etcd, admin = {} }: { etcd?: EtcdProcess; admin?: AdminWay } = {},
  ) {
    this.nodes = nodes;
    this.#etcd = etcd;
    this.#admin = admin;
  }

  /** As many as the environment says; resolves once they know each other. */
  static async start(options: BrokersOptions, count = nodesFromEnvironment()): Promise<Brokers> {
    if (count === 1) return new Brokers([await BrokerProcess.start(options)]);
    const absence = await etcdAbsence();
    if (absence !== undefined) throw new Error(absence);
    if (["node", "kafka"].includes(targetFromEnvironment())) {
      throw new Error(`${nodesVariable} wants a target that takes part in a cluster`);
    }
    const etcd = await EtcdProcess.start();
    const starts = await Promise.allSettled(Array.from({ length: count }, (_, i) => {
      const cluster = ["--cluster", `etcd://${etcd.address}/main`, "--node-id", `${i + 1}`];
      const map = options.settings?.[protocolMap] ?? "PLAINTEXT:PLAINTEXT";
      return BrokerProcess.start({
        ...options,
        settings: {
          ...clusterSettings,
          ...options.settings,
          ...options.settingsOf?.(i + 1),
          [protocolMap]: `${map},INTERNAL:PLAINTEXT`,
        },
        flags: [...options.flags ?? [], ...cluster],
      });
    }));
    const started = starts.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    const brokers = new Brokers(started, { etcd, admin: options.admin });
    try {
      for (const each of starts) if (each.status === "rejected") throw each.reason;
      await brokers.#settled();
    } catch (error) {
      await brokers.close();
      throw error;
    }
    return brokers;
  }

  get target(): Target {
    return firstOf(this.nodes).target;
  }

  /** HOST:PORT of each, by commas. */
  get bootstrap(): string {
    return this.nodes.map(({ bootstrap }) => bootstrap).join(",");
  }

  /** Each node's folder that holds `<topic>-<partition>`. */
  get logFolders(): readonly string[] {
    return this.nodes.map(({ logFolder }) => logFolder);
  }

  /** Each in turn ends and starts again where it was, and has all that the others have. */
  async comeBack(end: "stop" | "kill"): Promise<void> {
    for (const node of this.nodes) {
      await node[end]();
      await node.restart();
      await this.#settled();
    }
  }

  /** Who leads a partition of a topic that there is. */
  async leaderOf(topic: string, partition: number): Promise<Reachable> {
    using raw = await RawClient.connect(firstOf(this.nodes));
    return await untilAnswered(async () => {
      const { brokers, topics } = await raw.ask(Metadata, 9, { topics: [{ name: topic }] });
      const led = firstOf(topics).partitions.find((each) => each.partitionIndex === partition);
      const leader = brokers.find(({ nodeId }) => nodeId === led?.leaderId);
      if (leader === undefined) throw new Error(`nobody leads ${topic}-${partition}`);
      return leader;
    }, settledMsMax);
  }

  /** Who coordinates a group. */
  async coordinatorOf(group: string): Promise<Reachable> {
    using raw = await RawClient.connect(firstOf(this.nodes));
    return await untilAnswered(async () => {
      const found = await raw.ask(FindCoordinator, 2, { key: group });
      if (found.errorCode !== 0) throw new Error(`nobody coordinates ${group}`);
      return found;
    }, settledMsMax);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    await this.#etcd?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** All nodes know all nodes, and every replica is in sync. */
  async #settled(): Promise<void> {
    if (this.nodes.length === 1) return;
    for (const node of this.nodes) {
      await untilAnswered(() => this.#assertSettled(node), settledMsMax).catch((error) => {
        throw new Error(`${messageOf(error)}\n${node.output}`);
      });
    }
  }

  async #assertSettled({ bootstrap }: BrokerProcess): Promise<void> {
    const client = await Client.connect(denoRuntime(), { ...this.#admin, bootstrap });
    try {
      const { brokers, topics } = await client.fetchMetadata(null);
      if (brokers.length !== this.nodes.length) throw new Error(`${brokers.length} brokers`);
      for (const { name, partitions } of topics) {
        const lacking = partitions.find(({ isr, replicas, leader }) =>
          leader < 0 || isr.length < replicas.length
        );
        if (lacking !== undefined) throw new Error(`${name}-${lacking.partition} is not whole`);
      }
    } finally {
      client.close();
    }
  }
}
