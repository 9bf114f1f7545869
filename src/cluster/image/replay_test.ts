import { assertEquals, assertThrows } from "@std/assert";
import { PartitionFault, UsageFault } from "../../base/faults.ts";
import { firstOf, itemAt } from "../../base/items.ts";
import {
  checkMetadataVersion,
  decideBootstrap,
  decideRegisterBroker,
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecordInput,
  MetadataReplay,
} from "../mod.ts";
import { minInSyncReplicas } from "../replicas/replication.ts";

const topicId = "AAAAAAAAAAAAAAAAAAAAAQ";

function replay(...records: MetadataRecordInput[]): MetadataReplay {
  const replayed = new MetadataReplay();
  feed(replayed, ...records);
  return replayed;
}

function feed(replayed: MetadataReplay, ...records: MetadataRecordInput[]) {
  const decoded = records.map((record) => decodeMetadataRecord(encodeMetadataRecord(record)));
  return replayed.apply(decoded, replayed.image.lastOffset + records.length);
}

function topic(name: string): MetadataRecordInput {
  return { type: "TopicRecord", version: 0, fields: { name, topicId } };
}

function feature(name: string, featureLevel: number): MetadataRecordInput {
  return { type: "FeatureLevelRecord", version: 0, fields: { name, featureLevel } };
}

const partition: MetadataRecordInput = {
  type: "PartitionRecord",
  version: 2,
  fields: {
    partitionId: 0,
    topicId,
    replicas: [1, 2],
    isr: [1],
    removingReplicas: [],
    addingReplicas: [],
    leader: 1,
    leaderEpoch: 4,
    partitionEpoch: 6,
    eligibleLeaderReplicas: [2],
  },
};

const begin: MetadataRecordInput = { type: "BeginTransactionRecord", version: 0, fields: {} };
const end: MetadataRecordInput = { type: "EndTransactionRecord", version: 0, fields: {} };
const abort: MetadataRecordInput = { type: "AbortTransactionRecord", version: 0, fields: {} };

Deno.test("records of a transaction are applied together at its end, across batches", () => {
  const replayed = replay(begin, topic("a"));
  assertEquals(replayed.image.topic("a"), undefined);
  assertEquals(replayed.image.lastOffset, 1);
  const changes = feed(replayed, feature("x", 1), end);
  assertEquals(changes.map(({ type }) => type), ["topicCreated", "featureChanged"]);
  assertEquals(replayed.image.topic("a")?.name, "a");
});

Deno.test("records of an aborted transaction change nothing", () => {
  const { image } = replay(begin, topic("a"), abort, feature("x", 1));
  assertEquals(image.topicCount, 0);
  assertEquals([...image.features], [["x", 1]]);
});

Deno.test("a transaction that was left open is aborted by the next start", () => {
  const replayed = replay(feature("metadata.version", 20), begin, topic("a"));
  assertEquals(replayed.image.inTransaction, true);
  const { records } = decideBootstrap(replayed.image);
  assertEquals(records.map(({ type }) => type), ["AbortTransactionRecord"]);
  feed(replayed, ...records, topic("b"));
  assertEquals(replayed.image.topics().map(({ name }) => name), ["b"]);
  assertEquals(decideBootstrap(replayed.image).records, []);
});

Deno.test("a cluster knows how many are to be in sync, whichever version it began with", () => {
  const options = { minInSyncReplicas: 2, isShared: true };
  const replayed = replay();
  feed(replayed, ...decideBootstrap(replayed.image, { ...options, metadataVersion: 24 }).records);
  assertEquals(minInSyncReplicas(replayed.image, "a"), 2);
  // An operator's word counts, and is not taken back by the next start.
  feed(replayed, {
    type: "ConfigRecord",
    version: 0,
    fields: { resourceType: 4, resourceName: "", name: "min.insync.replicas", value: "1" },
  });
  assertEquals(decideBootstrap(replayed.image, options).records, []);
});

Deno.test("a partition change keeps what it does not name; a leader begins an epoch", () => {
  const replayed = replay(topic("a"), partition);
  const before = firstOf(replayed.image.topic("a")!.partitions);
  const change = { partitionId: 0, topicId };
  feed(replayed, {
    type: "PartitionChangeRecord",
    version: 2,
    fields: { ...change, isr: [1, 2], eligibleLeaderReplicas: [] },
  });
  const [grown] = replayed.image.topic("a")!.partitions;
  assertEquals(grown, { ...before, isr: [1, 2], elr: [], partitionEpoch: 7 });
  feed(replayed, { type: "PartitionChangeRecord", version: 0, fields: { ...change, leader: 2 } });
  const [moved] = replayed.image.topic("a")!.partitions;
  assertEquals(moved, { ...grown, leader: 2, leaderEpoch: 5, partitionEpoch: 8 });
  assertEquals(before.isr, [1], "what a reader holds stays as it was");
});

Deno.test("a removed topic takes its configuration and its colliding name along", () => {
  const config = { resourceType: 2, resourceName: "a.b", name: "retention.ms", value: "1" };
  const replayed = replay(topic("a.b"), { type: "ConfigRecord", version: 0, fields: config });
  assertEquals(replayed.image.topicConfigs("a.b").get("retention.ms"), "1");
  assertEquals(replayed.image.collidingTopic("a_b"), "a.b");
  feed(replayed, { type: "RemoveTopicRecord", version: 0, fields: { topicId } });
  assertEquals(replayed.image.topicConfigs("a.b").size, 0);
  assertEquals(replayed.image.collidingTopic("a_b"), undefined);
  feed(replayed, topic("a_b"));
  assertEquals(replayed.image.topicById(topicId)?.name, "a_b");
});

Deno.test("a config record with null removes the key", () => {
  const config = { resourceType: 4, resourceName: "", name: "num.io.threads" };
  const set = (value: string | null): MetadataRecordInput => (
    { type: "ConfigRecord", version: 0, fields: { ...config, value } }
  );
  const replayed = replay(set("9"));
  assertEquals([...replayed.image.configs(4, "")], [["num.io.threads", "9"]]);
  feed(replayed, set(null));
  assertEquals(replayed.image.configs(4, "").size, 0);
});

Deno.test("brokers are fenced, unfenced, shut down and unregistered", () => {
  const replayed = new MetadataReplay();
  const { records } = decideRegisterBroker(replayed.image, {
    brokerId: 3,
    incarnationId: topicId,
    endPoints: [],
    rack: null,
    directories: [topicId],
    features: [],
  });
  feed(replayed, firstOf(records));
  assertEquals(replayed.image.broker(3)?.fenced, true);
  feed(replayed, itemAt(records, 1));
  assertEquals(replayed.image.broker(3)?.fenced, false);
  assertEquals(replayed.image.broker(3)?.directories, [topicId]);
  feed(replayed, {
    type: "BrokerRegistrationChangeRecord",
    version: 1,
    fields: { brokerId: 3, brokerEpoch: 0, inControlledShutdown: 1 },
  });
  assertEquals(replayed.image.broker(3)?.inControlledShutdown, true);
  feed(replayed, { type: "FenceBrokerRecord", version: 0, fields: { id: 3, epoch: 0 } });
  assertEquals(replayed.image.broker(3)?.fenced, true);
  const gone = { brokerId: 3, brokerEpoch: 0 };
  feed(replayed, { type: "UnregisterBrokerRecord", version: 0, fields: gone });
  assertEquals(replayed.image.brokers(), []);
});

Deno.test("an empty topic name clears the eligible replicas of all topics", () => {
  const replayed = replay(topic("a"), partition);
  assertEquals(firstOf(replayed.image.topic("a")!.partitions).elr, [2]);
  feed(replayed, { type: "ClearElrRecord", version: 0, fields: { topicName: "other" } });
  assertEquals(firstOf(replayed.image.topic("a")!.partitions).elr, [2]);
  feed(replayed, { type: "ClearElrRecord", version: 0, fields: { topicName: "" } });
  assertEquals(firstOf(replayed.image.topic("a")!.partitions).elr, []);
});

Deno.test("records that mean nothing to a broker are passed over, damage is not", () => {
  const replayed = new MetadataReplay();
  const unknown = { type: "unknown" as const, key: 999, version: 3 };
  assertEquals(replayed.apply([unknown], 0), []);
  assertEquals(feed(replayed, { type: "NoOpRecord", version: 0, fields: {} }), []);
  assertEquals(replayed.image.lastOffset, 1);
  assertThrows(() => replay(partition), PartitionFault, "topic id");
  assertThrows(() => replay(topic("a"), topic("a")), PartitionFault, "created twice");
  assertThrows(() => replay(end), PartitionFault, "never began");
  assertThrows(() => replay(begin, begin), PartitionFault, "within another");
});

Deno.test("a metadata.version that cannot be read is refused with what to do", () => {
  checkMetadataVersion(replay(feature("metadata.version", 25)).image);
  const check = (level: number) => () =>
    checkMetadataVersion(replay(feature("metadata.version", level)).image);
  assertThrows(check(99), UsageFault, "use a newer Ottla");
  assertThrows(check(3), UsageFault, "upgrade it with Kafka 3.9");
});
