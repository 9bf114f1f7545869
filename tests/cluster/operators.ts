// What those who run a cluster do to it while things go wrong. They may be refused, or not be
// answered: what came of it the metadata tells.
//
//   are given the newest features                  as at the end of a rolling upgrade
//   has a topic moved                              or more replicas, or less; or that is taken back
//   has the beginning of a partition deleted
//   has partitions added
//   has a topic deleted and made anew              under its name, with as many partitions as first
//   has a setting changed                          how many must be in sync, how batches are
//                                                  compressed, how fast replicas are copied

import { ConnectionFault } from "../../src/base/faults.ts";
import { type Client, KafkaError, listOffsets } from "../../src/client/mod.ts";
import {
  alterConfigs,
  type ConfigChanges,
  type ConfigResource,
} from "../../src/client/admin/configs.ts";
import { deleteRecords } from "../../src/client/admin/records.ts";
import { listFeatures, updateFeatures } from "../../src/client/admin/features.ts";
import { movePartitions } from "../../src/client/admin/nodes.ts";
import { createPartitions, createTopic, deleteTopic } from "../../src/client/admin/topics.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import type { ClusterScene } from "../harness/simulated_cluster.ts";
import { type Chronicle, wordsOf } from "./chronicle.ts";
import { isPassing } from "./passing.ts";

export const operatorKinds = [
  "are given the newest features",
  "has a topic moved",
  "has the beginning of a partition deleted",
  "has partitions added",
  "has a topic deleted and made anew",
] as const;

/** Drawn for themselves, so that what the others come to stays as it is. */
export const laterOperatorKinds = ["has a setting changed"] as const;

export type OperatorKind = typeof operatorKinds[number] | typeof laterOperatorKinds[number];

export function isOperatorKind(kind: string): kind is OperatorKind {
  return [...operatorKinds, ...laterOperatorKinds].some((each) => each === kind);
}

export interface OperatorsOptions {
  readonly scene: ClusterScene;
  readonly brokers: number;
  readonly chronicle: Chronicle;
  /** Whose records are deleted, and whose leader is in trouble most often. */
  readonly target: { readonly topic: string; readonly partition: number };
  /** Those that grow. */
  readonly growing: readonly string[];
  /** The one that is deleted, and how many partitions it begins with. */
  readonly passing: { readonly name: string; readonly partitions: number };
}

interface Order {
  readonly kind: OperatorKind;
  readonly choice: number;
  readonly forMs: number;
}

const minIsr = "min.insync.replicas";

/** So many partitions, and no more, a topic is given. */
const partitionsMax = 4;

export class Operators {
  readonly #options: OperatorsOptions;

  constructor(options: OperatorsOptions) {
    this.#options = options;
  }

  async run(order: Order): Promise<void> {
    switch (order.kind) {
      case "are given the newest features":
        return await this.#upgrade();
      case "has a topic moved":
        return await this.#move(order);
      case "has the beginning of a partition deleted":
        return await this.#trim(order);
      case "has partitions added":
        return await this.#grow(order);
      case "has a topic deleted and made anew":
        return await this.#remake(order);
      case "has a setting changed":
        return await this.#set(order);
    }
  }

  /** Of one topic, of all, or of brokers. */
  async #set({ choice, forMs }: Order): Promise<void> {
    const { scene: { metadata, pass } } = this.#options;
    const random = new SeededRandom(choice, "settings");
    const topics = metadata.image.topics();
    const { name: topic = "" } = topics[choice % topics.length] ?? {};
    const change = (to: ConfigResource, changes: ConfigChanges) => {
      const where = "topic" in to ? to.topic : "all brokers";
      const what = `have ${JSON.stringify(changes)} for ${where}`;
      return this.#administer(what, (client) => alterConfigs(client, to, changes));
    };
    const forAWhile = async (to: ConfigResource, set: Record<string, string | number>) => {
      await change(to, { set });
      await pass(forMs);
      if (random.chance(0.8)) await change(to, { unset: Object.keys(set) });
    };
    const drawn = random.between(0, 1);
    if (drawn < 0.5) {
      const to = random.chance(0.5) ? { topic } : { brokers: "all" } as const;
      // Less than two would be as good as to say that one may lose what it alone has.
      await change(to, { set: { [minIsr]: 3 } });
      await pass(forMs);
      if (random.chance(0.8)) await change(to, { set: { [minIsr]: 2 } });
    } else if (drawn < 0.7) {
      const codecs = ["gzip", "zstd", "lz4", "snappy", "uncompressed"];
      const codec = codecs[random.uint32() % codecs.length]!;
      await forAWhile({ topic }, { "compression.type": codec });
    } else {
      const replicas = { topic };
      await change(replicas, {
        set: {
          "leader.replication.throttled.replicas": "*",
          "follower.replication.throttled.replicas": "*",
        },
      });
      await forAWhile({ brokers: "all" }, {
        "leader.replication.throttled.rate": Math.round(random.between(2_000, 20_000)),
        "follower.replication.throttled.rate": Math.round(random.between(2_000, 20_000)),
      });
    }
  }

  /** From now on the metadata may say what is new. */
  async #upgrade(): Promise<void> {
    await this.#administer("have the newest features", async (client) => {
      const features = await listFeatures(client);
      const higher = features.filter(({ level, max }) => level < max);
      const levels = Object.fromEntries(higher.map(({ name, max }) => [name, max]));
      if (higher.length > 0) await updateFeatures(client, levels, { change: "upgrade" });
    });
  }

  /** A topic goes to other brokers, or more of them, or less; it may be called back, or go on. */
  async #move({ choice, forMs }: Order): Promise<void> {
    const { scene, brokers } = this.#options;
    const { metadata, pass } = scene;
    const random = new SeededRandom(choice, "moves");
    const topics = metadata.image.topics();
    const topic = topics[choice % topics.length];
    if (topic === undefined) return;
    const { name, partitions } = topic;
    const anywhere = () => {
      const ids = Array.from({ length: brokers }, (_, i) => ({ id: i + 1, rank: random.uint32() }));
      const count = random.chance(0.7) ? 3 : random.chance(0.5) ? 2 : brokers;
      return ids.sort((a, b) => a.rank - b.rank).slice(0, count).map(({ id }) => id);
    };
    const moveTo = (where: () => readonly number[] | null, words: string) =>
      this.#administer(`have ${name} ${words}`, (client) => {
        const moves = partitions.map(({ id }) => ({
          topic: name,
          partition: id,
          replicas: where(),
        }));
        return movePartitions(client, moves);
      });
    await moveTo(anywhere, "moved");
    await pass(forMs);
    if (random.chance(0.3)) await moveTo(() => null, "where it was");
    else if (random.chance(0.5)) await moveTo(anywhere, "moved again");
  }

  /** Of what the target has, up to nine tenths, as of what was there some time ago. */
  async #trim({ choice, forMs }: Order): Promise<void> {
    const { scene, chronicle, target } = this.#options;
    await this.#administer(`have the beginning of ${target.topic} deleted`, async (client) => {
      const [end] = await listOffsets(client, [target], { spec: "latest" });
      await scene.pass(forMs);
      const offset = Math.floor(Number(end!.offset) * (choice % 10) / 10);
      const place = `${target.topic}-${target.partition}`;
      const onDeleted = chronicle.onTrim({ place, offset });
      chronicle.tell("all", `have records deleted of ${place}, below ${offset}`);
      await deleteRecords(client, [{ ...target, offset }]);
      onDeleted();
    });
  }

  async #grow({ choice }: Order): Promise<void> {
    const { scene, growing } = this.#options;
    const topic = growing[choice % growing.length]!;
    const count = (scene.metadata.image.topic(topic)?.partitions.length ?? 0) + 1;
    if (count > partitionsMax) return;
    await this.#administer(
      `have ${topic} grown to ${count} partitions`,
      (client) => createPartitions(client, { topic, count }),
    );
  }

  /** Who is not answered looks whether it is gone, or there; the end of it is that it is there. */
  async #remake({ choice, forMs }: Order): Promise<void> {
    const { scene: { metadata, pass }, passing, chronicle } = this.#options;
    const { name } = passing;
    const before = metadata.image.topic(name)?.id;
    chronicle.onDoom(name);
    for (let tries = 0; metadata.image.topic(name)?.id === before && tries < 5; tries++) {
      await this.#administer(`have ${name} deleted`, (client) => deleteTopic(client, name));
    }
    // Some make it anew at once, before every broker has heard that it is gone.
    if (choice % 2 === 0) await pass(forMs);
    while (metadata.image.topic(name) === undefined) {
      await this.#administer(`have ${name} made anew`, async (client) => {
        const onMade = chronicle.onLife(name);
        onMade(await createTopic(client, { ...passing, replicationFactor: 3 }));
      });
      if (metadata.image.topic(name) === undefined) await pass(200);
    }
  }

  /** Does what an operator does, who may be refused, or not be answered. */
  async #administer(what: string, work: (client: Client) => Promise<void>): Promise<void> {
    const { scene, chronicle } = this.#options;
    try {
      const client = await scene.client({ requestTimeoutMs: 5_000 });
      await work(client);
      chronicle.tell("all", what);
    } catch (error) {
      if (!(isPassing(error) || error instanceof KafkaError || error instanceof ConnectionFault)) {
        throw error;
      }
      chronicle.tell("all", `do not ${what}: ${wordsOf(error)}`);
    }
  }
}
