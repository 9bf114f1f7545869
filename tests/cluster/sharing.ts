// Members of a share group (KIP-932) in a history: they read a topic with each other, accept most
// records, release or reject some, forget others, and at the end stay until the group is done with
// all. What goes over their wires is held against the law of share groups (share_law.ts): whoever
// leads, what is accepted does not come again, and no record is passed over.
//
//   sharer-1, sharer-2 ──ShareFetch, ShareAcknowledge──> ShareLaw
//   share-onlooker     ──where the group starts────────> ShareLaw; anomalies.ts: it never goes back
//
// A commit of our own client that resolves is held against the wire, too: a broker has said so.

import { allHandlers } from "../../src/broker/handlers/mod.ts";
import {
  type Client,
  KafkaError,
  listOffsets,
  ShareConsumer,
  shareGroupOffsets,
  type ShareRecord,
} from "../../src/client/mod.ts";
import { ConnectionFault } from "../../src/base/faults.ts";
import { alterConfigs } from "../../src/client/admin/configs.ts";
import type { Network } from "../../src/runtime/ports.ts";
import type { ClusterScene } from "../harness/simulated_cluster.ts";
import { ShareLaw } from "../simulation/share_law.ts";
import { watchedNetwork, type WireOptions } from "../simulation/wire.ts";
import { law } from "../walk/walker.ts";
import { act, type Actor, placeOf, type Stage, type Topic, withClient } from "./actors.ts";
import { type Chronicle, wordsOf } from "./chronicle.ts";
import { placesOf } from "./end_reading.ts";
import type { Found } from "./operations.ts";

export interface SharingOptions {
  readonly scene: ClusterScene;
  readonly chronicle: Chronicle;
  readonly topic: Topic;
  readonly deliveriesMax: number;
  /** A law is broken. */
  readonly onBroken: (error: unknown) => void;
}

const group = "sharers";
const recordsMax = 20;

export class Sharing {
  readonly #options: SharingOptions;
  readonly #law: ShareLaw;
  /** By partition: the group is known to be done with what is below. */
  readonly #starts = new Map<number, number>();
  #apis: WireOptions["apis"] = new Map();
  #isDone = false;

  constructor(options: SharingOptions) {
    this.#options = options;
    const { topic, deliveriesMax } = options;
    this.#law = new ShareLaw({ topic: topic.name, deliveriesMax, lockMs: undefined });
  }

  /** Records that the group was told to be done with. */
  get count(): number {
    return this.#law.count;
  }

  /** What its members are connected by: all that they ask and hear is judged. */
  readonly network = (network: Network): Network => {
    const { scene } = this.#options;
    return watchedNetwork(network, group, {
      apis: this.#apis,
      nowMs: () => scene.world.nowMs,
      fateOf: () => "passes",
      lateMs: () => 0,
      onAsked: (asked) => this.#judged(() => this.#law.onAsked(asked)),
      onAnswered: (answered) => this.#judged(() => this.#law.onAnswered(answered)),
      carrier: scene.runtime,
    });
  };

  /** The group is to be given what is there already. */
  async begin(client: Client): Promise<void> {
    this.#apis = new Map((await allHandlers()).map(({ api }) => [api.key, api]));
    const changes = { set: { "share.auto.offset.reset": "earliest" } };
    await patiently(this.#options.scene, () => alterConfigs(client, { group }, changes));
  }

  /** Resolves once the group is done with all, and its members have left. */
  async run(stageOf: (actor: Actor) => Stage): Promise<void> {
    const isDone = () => this.#isDone;
    const actors = [this.#sharer("sharer-1"), this.#sharer("sharer-2"), this.#onlooker()];
    await Promise.all(actors.map((actor) => {
      const stage = stageOf(actor);
      return act(actor, {
        ...stage,
        get isOver() {
          return stage.isOver && isDone();
        },
      });
    }));
  }

  /** Resolves once the group is done with all that there is, which is not to become more. */
  async done(client: Client): Promise<void> {
    const { scene, topic } = this.#options;
    const places = placesOf([topic]);
    const ends = await listOffsets(client, places, { spec: "latest" });
    const isDone = async () => {
      await this.#look(client);
      return ends.every(({ partition, offset }) =>
        (this.#starts.get(partition) ?? 0) >= Number(offset)
      );
    };
    while (!await patiently(scene, isDone)) await scene.pass(200);
    this.#isDone = true;
  }

  /** How far the group is known to be. */
  toString(): string {
    return [...this.#starts].map(([partition, start]) => `${partition} at ${start}`).join(", ");
  }

  atEnd({ all }: Found): void {
    const batches = new Map([...all].map(([place, records]) => [place, [{ records }]]));
    this.#law.atEnd({ batches });
  }

  #sharer(name: string): Actor {
    const { topic } = this.#options;
    return {
      name,
      live: (stage, who) =>
        withClient(stage, async (client) => {
          const consumer = new ShareConsumer(client, {
            groupId: group,
            topics: [topic.name],
            acknowledgement: "explicit",
            recordsMax,
            fetchWaitMsMax: 200,
          });
          const over = new AbortController();
          const ending = untilOver(stage, over);
          try {
            for await (const record of consumer.records({ signal: over.signal })) {
              await this.#use(record, { consumer, stage, who });
              if (!this.#isDone && stage.between(0, 1) < 0.01) break;
            }
          } finally {
            over.abort();
            await consumer.close();
            await ending;
          }
        }),
    };
  }

  async #use(
    record: ShareRecord,
    { consumer, stage, who }: { consumer: ShareConsumer; stage: Stage; who: string },
  ): Promise<void> {
    const { chronicle } = stage;
    const what = `${placeOf(record)} at ${record.offset}`;
    // Once nothing else is to happen the group is to come to an end.
    const chance = stage.between(0, 1);
    const word = chance < 0.8 || stage.isOver
      ? "accept"
      : chance < 0.9
      ? "release"
      : chance < 0.92
      ? "reject"
      : "forget";
    chronicle.tell(who, `is given ${what} for the time ${record.deliveryCount}: ${word}`);
    if (word !== "forget") record[word]();
    if (stage.between(0, 1) < 0.4) await stage.pass(stage.between(1, 100));
    if (stage.between(0, 1) < 0.5) return;
    try {
      await consumer.commit();
    } catch (error) {
      if (!(error instanceof KafkaError || error instanceof ConnectionFault)) throw error;
      return chronicle.tell(who, `${what}: ${wordsOf(error)}`);
    }
    if (word === "accept") this.#judged(() => this.#checkCommitted(record, what));
  }

  #checkCommitted({ topic, partition, offset }: ShareRecord, what: string): void {
    const topicId = this.#options.scene.metadata.image.topic(topic)!.id;
    const isTold = this.#law.isConfirmed(topicId, { partition, offset: Number(offset) });
    law(isTold, `a commit is done, and no broker has said that ${what} is accepted`);
  }

  /** Looks from time to time at where the group starts. */
  #onlooker(): Actor {
    return {
      name: "share-onlooker",
      live: (stage) =>
        withClient(stage, async (client) => {
          while (!this.#isDone) {
            await this.#look(client);
            await stage.pass(stage.between(100, 1_500));
          }
        }),
    };
  }

  async #look(client: Client): Promise<void> {
    const { chronicle, scene } = this.#options;
    const begunMs = scene.world.nowMs;
    for (const { topic, partition, startOffset } of await shareGroupOffsets(client, group)) {
      if (startOffset === undefined) continue;
      const place = placeOf({ topic, partition });
      const to = Number(startOffset);
      chronicle.onLook({ group, place, offset: to, begunMs });
      // What is deleted nobody is given.
      const from = Math.max(chronicle.trimmedTo(place), this.#starts.get(partition) ?? 0);
      const { id } = scene.metadata.image.topic(topic)!;
      this.#judged(() => this.#law.onStart(id, { partition, from, to }));
      this.#starts.set(partition, Math.max(from, to));
    }
  }

  #judged(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.#options.onBroken(error);
    }
  }
}

/** Ends what goes on for ever once the history does. */
async function untilOver(stage: Stage, over: AbortController): Promise<void> {
  while (!stage.isOver && !over.signal.aborted) await stage.pass(100);
  over.abort();
}

/** Asks until it is answered: some broker may not have heard of others yet. */
async function patiently<T>({ pass }: ClusterScene, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof KafkaError || error instanceof ConnectionFault)) throw error;
      await pass(200);
    }
  }
}
