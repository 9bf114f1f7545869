// What a home of the metadata in etcd promises, against whatever etcd a scene has: a real one of
// either age, or the simulated one.
//
// Invariant: nothing here waits for a time, only for what a store tells of.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PartitionFault, UsageFault } from "../../src/base/faults.ts";
import {
  type BrokerImage,
  decideAllocateProducerIds,
  decideBootstrap,
  decideRegisterBroker,
  encodeMetadataRecord,
  imageRecords,
  type MetadataImage,
  type MetadataRecordInput,
} from "../../src/cluster/mod.ts";
import type { EtcdMetadataStore } from "../../src/etcd/mod.ts";

export interface EtcdScene {
  /** A process that uses the scene's cluster; closed at the end. */
  open(): Promise<EtcdMetadataStore>;
  /** Such a process dies, and its lease is left alone. */
  kill(store: EtcdMetadataStore): Promise<void>;
}

export interface SuiteCase {
  readonly name: string;
  readonly run: (scene: EtcdScene) => Promise<void>;
}

const directory = (n: number) => `AAAAAAAAAAAAAAAAAAAAA${"AQgw".charAt(n)}`;

function registration(brokerId: number, brokerEpoch?: number) {
  return {
    brokerId,
    brokerEpoch,
    incarnationId: directory(1),
    endPoints: [{ name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 }],
    rack: null,
    directories: [],
    features: [],
  };
}

/** A topic's records, with every replica on broker 1. */
export function topicRecords(
  topic: { readonly name: string; readonly topicId: string; readonly partitions: number },
): MetadataRecordInput[] {
  const { name, topicId, partitions } = topic;
  return [
    { type: "TopicRecord", version: 0, fields: { name, topicId } },
    ...Array.from({ length: partitions }, (_, partitionId): MetadataRecordInput => ({
      type: "PartitionRecord",
      version: 1,
      fields: {
        partitionId,
        topicId,
        replicas: [1],
        isr: [1],
        removingReplicas: [],
        addingReplicas: [],
        leader: 1,
        leaderEpoch: 0,
        partitionEpoch: 0,
        directories: [directory(0)],
      },
    })),
  ];
}

/** Records that change each of a topic's partitions. */
function touchAll(image: MetadataImage, name: string): MetadataRecordInput[] {
  const topic = image.topic(name)!;
  return topic.partitions.map(({ id: partitionId }) => ({
    type: "PartitionChangeRecord",
    version: 0,
    fields: { partitionId, topicId: topic.id, leader: 1 },
  }));
}

/** All that an image says, as text. */
export function sayAll(image: MetadataImage): string[] {
  return [...imageRecords(image)].map((record) => encodeMetadataRecord(record).join()).sort();
}

/** Resolves once `holds`, which is asked after whatever the store tells of. */
export async function until(store: EtcdMetadataStore, holds: () => boolean): Promise<void> {
  const seen = Promise.withResolvers<void>();
  const look = () => holds() && seen.resolve();
  const stops = [store.onChange(look), store.liveness.onChange(look)];
  look();
  await seen.promise;
  for (const stop of stops) stop();
}

/** Resolves once `b` shows what `a` does; the last change is one that listeners are told of. */
async function seesAll(a: EtcdMetadataStore, b: EtcdMetadataStore): Promise<void> {
  const said = sayAll(a.image).join();
  await until(b, () => sayAll(b.image).join() === said);
}

export const suite: readonly SuiteCase[] = [
  {
    name: "what one process changes, all see, and a new one reads",
    async run({ open }) {
      const [a, b] = [await open(), await open()];
      assertEquals(a.clusterId, b.clusterId);
      const told: string[] = [];
      b.onChange((changes) => void told.push(...changes.map(({ type }) => type)));
      await a.change((image) => decideBootstrap(image));
      await a.change((image) => decideRegisterBroker(image, registration(1)));
      const records = topicRecords({ name: "t/a%", topicId: directory(1), partitions: 2 });
      await a.change(() => ({ records, response: undefined }));
      await a.change((image) => ({ records: touchAll(image, "t/a%"), response: undefined }));
      await until(b, () => b.image.topic("t/a%")?.partitions[1]?.leaderEpoch === 1);
      await seesAll(a, b);
      assertEquals(told.filter((type) => type !== "featureChanged" && type !== "configChanged"), [
        "brokerChanged",
        "topicCreated",
        "partitionChanged",
        "partitionChanged",
        "partitionChanged",
        "partitionChanged",
      ]);
      await b.change(() => ({
        records: [{ type: "RemoveTopicRecord", version: 0, fields: { topicId: directory(1) } }],
        response: undefined,
      }));
      await until(a, () => a.image.topicCount === 0);
      await seesAll(b, a);
      const c = await open();
      assertEquals(sayAll(c.image), sayAll(a.image));
      const one: BrokerImage | undefined = c.image.broker(1);
      assertEquals(one?.endPoints[0]?.port, 9092);
    },
  },
  {
    name: "who catches up has seen what others stored before",
    async run({ open }) {
      const [a, b] = [await open(), await open()];
      for (let i = 0; i < 20; i++) {
        const { first } = await a.change((image) => decideAllocateProducerIds(image, 1));
        await Promise.all([b.catchUp(), b.catchUp()]);
        assert(b.image.nextProducerId > first, "not before");
      }
    },
  },
  {
    name: "decisions at the same time are made one after the other, each on the newest image",
    async run({ open }) {
      const stores = [await open(), await open(), await open()];
      const blocks = await Promise.all(stores.flatMap((store) =>
        Array.from(
          { length: 15 },
          () => store.change((image) => decideAllocateProducerIds(image, 1)),
        )
      ));
      const firsts = blocks.map(({ first }) => Number(first)).sort((a, b) => a - b);
      assertEquals(firsts, firsts.map((_, i) => 1000 * i));
    },
  },
  {
    name: "a change that no transaction holds is seen whole, by those who watch and who begin",
    async run({ open }) {
      const [a, b] = [await open(), await open()];
      const batches: number[] = [];
      b.onChange((changes) => batches.push(changes.length));
      const records = topicRecords({ name: "wide", topicId: directory(1), partitions: 400 });
      const made = a.change(() => ({ records, response: "made" }));
      const small = b.change((image) => decideAllocateProducerIds(image, 1));
      assertEquals(await made, "made");
      await small;
      await a.change((image) => ({ records: touchAll(image, "wide"), response: undefined }));
      await until(b, () => b.image.topic("wide")?.partitions[399]?.leaderEpoch === 1);
      assertEquals(batches.filter((size) => size > 1), [401, 400]);
      await a.change((image) => decideRegisterBroker(image, registration(1)));
      await seesAll(a, b);
      const c = await open();
      assertEquals(sayAll(c.image), sayAll(a.image));
      await c.change(() => ({
        records: [{ type: "RemoveTopicRecord", version: 0, fields: { topicId: directory(1) } }],
        response: undefined,
      }));
      await until(a, () => a.image.topicCount === 0);
    },
  },
  {
    name: "a broker lives once; the same data directory takes over from its dead process",
    async run({ open, kill }) {
      const [a, b, c] = [await open(), await open(), await open()];
      const one = await a.join(1, directory(1));
      await until(a, () => one.isController());
      await until(b, () => b.liveness.alive(1) === one.brokerEpoch);
      await kill(a);
      const again = await b.join(1, directory(1));
      assert(again.brokerEpoch! > one.brokerEpoch!);
      await until(c, () => c.liveness.alive(1) === again.brokerEpoch);
      await assertRejects(() => c.join(1, directory(2)), UsageFault, "lives elsewhere");
      await again.end();
      await until(c, () => c.liveness.alive(1) === undefined);
      assert(!again.isValid());
    },
  },
  {
    name: "the controller moves, and one of an earlier term changes nothing",
    async run({ open, kill }) {
      const [a, b] = [await open(), await open()];
      const [one, two] = [await a.join(1), await b.join(2)];
      await until(b, () => b.controllerId === 1);
      const term = a.leaderEpoch;
      const decide = (image: MetadataImage) => ({
        ...decideRegisterBroker(image, registration(3)),
        controllerEpoch: term,
      });
      await a.change(decide);
      assert(one.isController() && !two.isController());
      await kill(a);
      await until(b, () => b.controllerId === 2);
      assertEquals([two.isController(), b.leaderEpoch], [true, term + 1]);
      assertEquals(b.liveness.alive(1), undefined);
      await assertRejects(() => b.change(decide), PartitionFault, `term ${term}`);
    },
  },
  {
    name: "a broker that was taken for dead changes nothing until it joins anew",
    async run({ open }) {
      const [a, b] = [await open(), await open()];
      const one = await a.join(1, directory(1));
      const again = await b.join(1, directory(1));
      await assertRejects(
        () => a.change((image) => decideAllocateProducerIds(image, 1)),
        PartitionFault,
        "taken for dead",
      );
      await one.ended;
      assert(!one.isValid() && again.isValid());
      assertEquals(a.image.nextProducerId, 0);
      await b.change((image) => decideAllocateProducerIds(image, 1));
    },
  },
];
