import { assert, assertEquals, assertRejects } from "@std/assert";
import { drained } from "../../base/pieces.ts";
import fc from "fast-check";
import { type Uuid, uuidFromBytes, ZERO_UUID } from "../../base/ids.ts";
import { firstOf, itemAt, missing } from "../../base/items.ts";
import {
  type CreatePartitions,
  type CreateTopics,
  type DeleteTopics,
  ErrorCode,
  type RequestOf,
} from "../../protocol/mod.ts";
import {
  decideAllocateProducerIds,
  decideAlone,
  decideBootstrap,
  decideCreatePartitions,
  decideCreateTopics,
  decideDeleteTopics,
  decideFenceBroker,
  decideInternalTopic,
  decideLeadership,
  decideRegisterBroker,
  decodeMetadataRecord,
  encodeMetadataRecord,
  MemoryMetadataStore,
  type MetadataChange,
  type MetadataImage,
  type MetadataRecordInput,
  MetadataReplay,
  type TopicDefaults,
} from "../mod.ts";
import { recordsOf } from "../image/entities.ts";
import { entityChanges } from "../image/entity_changes.ts";
import type { MetadataRecord } from "../records/records.ts";

type Creatable = RequestOf<typeof CreateTopics>["topics"][number];
type DeleteRequest = RequestOf<typeof DeleteTopics>;
type PartitionsTopic = RequestOf<typeof CreatePartitions>["topics"][number];

let ids = 0;
function newTopicId(): Uuid {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, ++ids);
  return uuidFromBytes(bytes);
}

const defaults: TopicDefaults = {
  numPartitions: 3,
  replicationFactor: 1,
  configProblem: (configs) => {
    const bad = configs.find(({ name }) => name !== "retention.ms");
    return bad && `Unknown topic config name: ${bad.name}`;
  },
  describeConfigs: (overrides) =>
    [...overrides].map(([name, value]) => (
      { name, value, readOnly: false, configSource: 1, isSensitive: false }
    )),
};

const roomProblem = () => undefined;

function creatable(name: string, rest: Partial<Creatable> = {}): Creatable {
  return { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [], ...rest };
}

function create(image: MetadataImage, topics: Creatable[], validateOnly = false) {
  const request = { topics, timeoutMs: 1000, validateOnly };
  return drained(decideCreateTopics(image, request, { defaults, newTopicId, roomProblem }));
}

const offsetsTopic = "__consumer_offsets";
const isInternal = (name: string) => name === offsetsTopic;

function remove(image: MetadataImage, request: Partial<DeleteRequest>, version = 6) {
  const whole = { topics: [], topicNames: [], timeoutMs: 1000, ...request };
  return decideDeleteTopics(image, whole, { version, deleteTopicEnable: true, isInternal });
}

function widen(image: MetadataImage, topics: PartitionsTopic[], validateOnly = false) {
  const request = { topics, timeoutMs: 1000, validateOnly };
  return decideCreatePartitions(image, request, { isInternal, roomProblem });
}

/** A store with brokers 1..count in racks a, b, a, b, ...; what it appended goes to `log` too. */
async function clusterOf(count: number, log: Uint8Array[] = []): Promise<MemoryMetadataStore> {
  const store = new MemoryMetadataStore();
  const append = async (records: readonly MetadataRecordInput[]) => {
    await store.append(records);
    log.push(...records.map(encodeMetadataRecord));
  };
  await append(decideBootstrap(store.image).records);
  for (let brokerId = 1; brokerId <= count; brokerId++) {
    const { records } = decideRegisterBroker(store.image, {
      brokerId,
      incarnationId: newTopicId(),
      endPoints: [{ name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 }],
      rack: brokerId % 2 === 1 ? "a" : "b",
      directories: [newTopicId()],
      features: [],
    });
    await append(records);
  }
  return store;
}

function errorOf(image: MetadataImage, topic: Creatable): [number, string | null | undefined] {
  const { records, response } = create(image, [topic]);
  assertEquals(records, []);
  return [firstOf(response.topics).errorCode, firstOf(response.topics).errorMessage];
}

Deno.test("a created topic is in the image with leaders, replicas and configuration", async () => {
  const store = await clusterOf(1);
  const configs = [{ name: "retention.ms", value: "5" }];
  const { records, response } = create(store.image, [
    creatable("orders", { numPartitions: 2, replicationFactor: 1, configs }),
  ]);
  assertEquals(store.image.topic("orders"), undefined, "deciding changes nothing");
  await store.append(records);
  const topic = store.image.topic("orders")!;
  assertEquals(response.topics, [{
    name: "orders",
    topicId: topic.id,
    errorCode: 0,
    errorMessage: null,
    numPartitions: 2,
    replicationFactor: 1,
    configs: [
      { name: "retention.ms", value: "5", readOnly: false, configSource: 1, isSensitive: false },
    ],
  }]);
  assertEquals(topic.partitions[1], {
    id: 1,
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    replicas: [1],
    isr: [1],
    addingReplicas: [],
    removingReplicas: [],
    elr: [],
    lastKnownElr: [],
    directories: [...store.image.broker(1)!.directories],
    leaderBrokerEpoch: -1,
    recovering: false,
  });
  assertEquals([...store.image.topicConfigs("orders")], [["retention.ms", "5"]]);
  assertEquals(store.image.topicById(topic.id), topic);
});

Deno.test("a topic of thousands of partitions lets others in between", async () => {
  const { image } = await clusterOf(1);
  const topics = [creatable("orders", { numPartitions: 5_000 })];
  const request = { topics, timeoutMs: 1000, validateOnly: false };
  const decision = decideCreateTopics(image, request, { defaults, newTopicId, roomProblem });
  const weights: number[] = [];
  let step = decision.next();
  for (; !step.done; step = decision.next()) weights.push(step.value);
  assertEquals(step.value.records.length, 5_001);
  // About 2 ms of work is 4 MB.
  assert(Math.max(...weights) > 8_000_000, `${weights}`);
});

Deno.test("-1 takes the defaults, and validateOnly answers the same without records", async () => {
  const { image } = await clusterOf(1);
  const real = create(image, [creatable("a")]);
  const dry = create(image, [creatable("a")], true);
  assertEquals(firstOf(real.response.topics).numPartitions, 3);
  assertEquals(real.records.length, 4);
  assertEquals(dry.records, []);
  assertEquals(firstOf(dry.response.topics).numPartitions, 3);
});

Deno.test("each topic of a request fails or succeeds by itself", async () => {
  const { image } = await clusterOf(1);
  const { records, response } = create(image, [
    creatable("good"),
    creatable("bad name"),
    creatable("twice"),
    creatable("twice"),
    creatable("a.b"),
    creatable("a_b"),
  ]);
  assertEquals(response.topics.map(({ name, errorCode }) => [name, errorCode]), [
    ["good", ErrorCode.NONE],
    ["bad name", ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["twice", ErrorCode.INVALID_REQUEST],
    ["a.b", ErrorCode.NONE],
    ["a_b", ErrorCode.INVALID_TOPIC_EXCEPTION],
  ]);
  assertEquals(records.filter(({ type }) => type === "TopicRecord").length, 2);
});

Deno.test("what cannot be created is refused with Kafka's codes", async () => {
  const store = await clusterOf(2);
  await store.append(create(store.image, [creatable("my.topic")]).records);
  const { image } = store;
  const code = (topic: Creatable) => errorOf(image, topic)[0];
  for (const name of ["", ".", "..", "a/b", "x".repeat(250), "é", "my_topic"]) {
    assertEquals(code(creatable(name)), ErrorCode.INVALID_TOPIC_EXCEPTION, name);
  }
  assertEquals(code(creatable("my.topic")), ErrorCode.TOPIC_ALREADY_EXISTS);
  assertEquals(code(creatable("__cluster_metadata")), ErrorCode.INVALID_REQUEST);
  assertEquals(code(creatable("t", { numPartitions: 0 })), ErrorCode.INVALID_PARTITIONS);
  assertEquals(code(creatable("t", { numPartitions: -2 })), ErrorCode.INVALID_PARTITIONS);
  assertEquals(code(creatable("t", { numPartitions: 2 ** 31 - 1 })), ErrorCode.POLICY_VIOLATION);
  assertEquals(
    code(creatable("t", { replicationFactor: 0 })),
    ErrorCode.INVALID_REPLICATION_FACTOR,
  );
  assertEquals(errorOf(image, creatable("t", { replicationFactor: 3 })), [
    ErrorCode.INVALID_REPLICATION_FACTOR,
    "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be " +
    "reached because only 2 broker(s) are registered.",
  ]);
  const configs = [{ name: "nope", value: "1" }];
  assertEquals(errorOf(image, creatable("t", { configs })), [
    ErrorCode.INVALID_CONFIG,
    "Unknown topic config name: nope",
  ]);
});

Deno.test("an assignment by hand is taken as it is, or refused with a reason", async () => {
  const store = await clusterOf(3);
  const assign = (...lists: number[][]) =>
    creatable("t", {
      assignments: lists.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
    });
  const { records } = create(store.image, [assign([3, 1], [1, 2])]);
  const code = (topic: Creatable) => errorOf(store.image, topic)[0];
  assertEquals(code(assign([])), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  assertEquals(code(assign([9])), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  assertEquals(code(assign([1, 1])), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  assertEquals(code(assign([1], [1, 2])), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  const hole = { ...assign([1]), assignments: [{ partitionIndex: 1, brokerIds: [1] }] };
  assertEquals(code(hole), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  const two = [{ partitionIndex: 0, brokerIds: [1] }, { partitionIndex: 0, brokerIds: [2] }];
  assertEquals(code({ ...assign(), assignments: two }), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  assertEquals(code({ ...assign([1]), numPartitions: 1 }), ErrorCode.INVALID_REQUEST);
  assertEquals(code({ ...assign([1]), replicationFactor: 1 }), ErrorCode.INVALID_REQUEST);
  await store.append(records);
  const { partitions } = store.image.topic("t")!;
  assertEquals(partitions.map(({ leader, replicas }) => [leader, ...replicas]), [
    [3, 3, 1],
    [1, 1, 2],
  ]);
});

Deno.test("topics are deleted by name or id, with a result for each", async () => {
  const store = await clusterOf(1);
  await store.append(create(store.image, ["a", "b", "c"].map((name) => creatable(name))).records);
  const internal = { name: offsetsTopic, partitionCount: 1, replicationFactor: 3 };
  await store.append(
    decideInternalTopic(store.image, { ...internal, configs: new Map() }, { newTopicId }).records,
  );
  const { image } = store;
  const idOf = (name: string) => image.topic(name)!.id;
  const byName = (name: string) => ({ name, topicId: ZERO_UUID });
  const { records, response } = remove(image, {
    topics: [
      byName("a"),
      { name: null, topicId: idOf("b") },
      byName("nope"),
      { name: null, topicId: newTopicId() },
      { name: null, topicId: ZERO_UUID },
      { name: "a", topicId: idOf("a") },
      byName("c"),
      { name: null, topicId: idOf("c") },
      byName(offsetsTopic),
    ],
  });
  assertEquals(response.responses.map(({ name, errorCode }) => [name, errorCode]), [
    ["a", ErrorCode.INVALID_REQUEST],
    ["b", ErrorCode.NONE],
    ["nope", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [null, ErrorCode.UNKNOWN_TOPIC_ID],
    [null, ErrorCode.INVALID_REQUEST],
    ["c", ErrorCode.INVALID_REQUEST],
    [null, ErrorCode.INVALID_REQUEST],
    [offsetsTopic, ErrorCode.INVALID_TOPIC_EXCEPTION],
  ]);
  await store.append(records);
  assertEquals(store.image.topics().map(({ name }) => name), [offsetsTopic, "a", "c"]);
  const old = remove(store.image, { topicNames: ["a"] }, 1);
  assertEquals(firstOf(old.response.responses).errorCode, ErrorCode.NONE);
});

Deno.test("deletion can be disabled, which old clients hear as an invalid request", async () => {
  const { image } = await clusterOf(1);
  const request = { topics: [], topicNames: ["a"], timeoutMs: 0 };
  for (const [version, code] of [[2, ErrorCode.INVALID_REQUEST], [3, 73]] as const) {
    const options = { version, deleteTopicEnable: false, isInternal };
    const { records, response } = decideDeleteTopics(image, request, options);
    assertEquals([records.length, firstOf(response.responses).errorCode], [0, code]);
  }
});

Deno.test("partitions are added behind those that exist, and never taken away", async () => {
  const store = await clusterOf(2);
  await store.append(create(store.image, [creatable("t", { numPartitions: 2 })]).records);
  const before = store.image.topic("t")!.partitions[0];
  const only = (count: number, assignments: number[][] | null = null) => {
    const given = assignments?.map((brokerIds) => ({ brokerIds })) ?? null;
    return widen(store.image, [{ name: "t", count, assignments: given }]);
  };
  const code = (decision: ReturnType<typeof widen>) => firstOf(decision.response.results).errorCode;
  assertEquals(code(only(2)), ErrorCode.INVALID_PARTITIONS);
  assertEquals(code(only(1)), ErrorCode.INVALID_PARTITIONS);
  assertEquals(code(only(2 ** 31 - 1)), ErrorCode.POLICY_VIOLATION);
  assertEquals(code(only(4, [[1]])), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  assertEquals(code(only(3, [[1, 2]])), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  const unknown = widen(store.image, [{ name: "x", count: 3, assignments: null }]);
  assertEquals(code(unknown), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  await store.append(only(4, [[2], [1]]).records);
  const { partitions } = store.image.topic("t")!;
  assertEquals(partitions.map(({ id }) => id), [0, 1, 2, 3]);
  assertEquals(itemAt(partitions, 2).leader, 2);
  assertEquals(partitions[0], before);
});

Deno.test("an internal topic fits the cluster that there is, and is created once", async () => {
  const store = await clusterOf(2);
  const topic = {
    name: offsetsTopic,
    partitionCount: 5,
    replicationFactor: 3,
    configs: new Map([["cleanup.policy", "compact"]]),
  };
  const { records, response } = decideInternalTopic(store.image, topic, { newTopicId });
  assertEquals(response, undefined);
  await store.append(records);
  assertEquals(store.image.topic(offsetsTopic)!.partitions.length, 5);
  assertEquals(firstOf(store.image.topic(offsetsTopic)!.partitions).replicas.length, 2);
  assertEquals(store.image.topicConfigs(offsetsTopic).get("cleanup.policy"), "compact");
  assertEquals(decideInternalTopic(store.image, topic, { newTopicId }).records, []);
  const alone = decideInternalTopic(new MemoryMetadataStore().image, topic, { newTopicId });
  assertEquals(alone.response?.errorCode, ErrorCode.INVALID_REPLICATION_FACTOR);
});

Deno.test("the change queue runs decisions one by one, whatever becomes of them", async () => {
  const store = await clusterOf(1);
  const change = store.change;
  const first = change((image) => create(image, [creatable("t")]));
  const second = change((image) => create(image, [creatable("t")]));
  const third = change(() => {
    throw new Error("refused");
  });
  const fourth = change((image) => decideAllocateProducerIds(image, 1));
  const fifth = change((image) => decideAllocateProducerIds(image, 1));
  assertEquals(firstOf((await first).topics).errorCode, ErrorCode.NONE);
  assertEquals(firstOf((await second).topics).errorCode, ErrorCode.TOPIC_ALREADY_EXISTS);
  await assertRejects(() => third, Error, "refused");
  assertEquals(await fourth, { first: 0, end: 1000 });
  assertEquals(await fifth, { first: 1000, end: 2000 });
});

Deno.test("a broker takes back the partitions that nobody else is in sync with", async () => {
  const store = await clusterOf(2);
  await store.append(create(store.image, [creatable("t", { numPartitions: 2 })]).records);
  const [mine = missing(), other] = store.image.topic("t")!.partitions;
  const change = { partitionId: 0, topicId: store.image.topic("t")!.id, leader: -1 };
  await store.append([{ type: "PartitionChangeRecord", version: 0, fields: change }]);
  assertEquals(firstOf(store.image.topic("t")!.partitions).leader, -1);
  const options = { brokerId: mine.leader, newEpochs: false };
  await store.append(decideLeadership(store.image, options).records);
  const [again = missing(), untouched] = store.image.topic("t")!.partitions;
  assertEquals([again.leader, again.leaderEpoch, again.partitionEpoch], [mine.leader, 2, 2]);
  assertEquals(untouched, other);
  assertEquals(decideLeadership(store.image, options).response, 0);
  const unclean = decideLeadership(store.image, { ...options, newEpochs: true });
  assertEquals(unclean.response, 1);
});

Deno.test("a broker that decides alone leads what it has, and knows of nobody else", async () => {
  const store = await clusterOf(2);
  const placed = (name: string, replicas: number[][]) =>
    creatable(name, {
      assignments: replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
    });
  const two = [placed("both", [[2, 1], [1, 2]]), placed("one", [[2], [1]])];
  await store.append(create(store.image, two).records);
  await store.append(decideAlone(store.image, 1).records);
  assertEquals(store.image.brokers().map(({ fenced }) => fenced), [false, true]);
  assertEquals(
    store.image.topics().flatMap(({ partitions }) => partitions)
      .map(({ leader, isr, leaderEpoch }) => ({ leader, isr, leaderEpoch })),
    [
      { leader: 1, isr: [1], leaderEpoch: 1 },
      { leader: 1, isr: [1], leaderEpoch: 1 },
      { leader: -1, isr: [2], leaderEpoch: 1 },
      { leader: 1, isr: [1], leaderEpoch: 0 },
    ],
  );
  assertEquals(decideAlone(store.image, 1).records, [], "once is enough");
});

Deno.test("a broker leads what a Kafka with eligible leader replicas has left", async () => {
  const store = new MemoryMetadataStore();
  const [topicId, leader] = [newTopicId(), 1];
  await store.append([
    { type: "TopicRecord", version: 0, fields: { name: "t", topicId } },
    {
      type: "PartitionRecord",
      version: 2,
      fields: {
        partitionId: 0,
        topicId,
        replicas: [leader],
        isr: [],
        removingReplicas: [],
        addingReplicas: [],
        leader: -1,
        leaderEpoch: 4,
        partitionEpoch: 5,
        eligibleLeaderReplicas: [leader],
      },
    },
  ]);
  const options = { brokerId: leader, newEpochs: false };
  await store.append(decideLeadership(store.image, options).records);
  const [led = missing()] = store.image.topic("t")!.partitions;
  assertEquals([led.leader, led.leaderEpoch, led.isr, led.elr], [leader, 5, [leader], []]);
});

Deno.test("a broker that stops is fenced, once", async () => {
  const store = new MemoryMetadataStore();
  const registration = {
    brokerId: 1,
    incarnationId: newTopicId(),
    endPoints: [],
    rack: null,
    directories: [],
    features: [],
  };
  await store.append(decideRegisterBroker(store.image, registration).records);
  assertEquals(store.image.broker(1)?.fenced, false);
  await store.append(decideFenceBroker(store.image, 1).records);
  assertEquals(store.image.broker(1)?.fenced, true);
  assertEquals(decideFenceBroker(store.image, 1).records, []);
});

/** Everything that an image says, as plain data. */
function snapshot(image: MetadataImage) {
  return {
    lastOffset: image.lastOffset,
    features: [...image.features],
    nextProducerId: image.nextProducerId,
    counts: [image.topicCount, image.partitionCount],
    brokers: image.brokers(),
    topics: image.topics().map((topic) => ({
      ...topic,
      configs: [...image.topicConfigs(topic.name)],
      partitions: topic.partitions.map((partition) => ({ ...partition })),
    })),
  };
}

function checkInvariants(image: MetadataImage): void {
  let partitionCount = 0;
  for (const topic of image.topics()) {
    assertEquals(image.topicById(topic.id), topic);
    for (const [index, partition] of topic.partitions.entries()) {
      partitionCount++;
      assertEquals(partition.id, index);
      assert(new Set(partition.replicas).size === partition.replicas.length);
      assert(partition.isr.every((id) => partition.replicas.includes(id)));
      assert(partition.leader === -1 || partition.isr.includes(partition.leader));
    }
  }
  assertEquals(image.partitionCount, partitionCount);
  const names = image.topics().map(({ name }) => name);
  assertEquals(names, [...names].sort());
}

const name = fc.constantFrom("a", "b", "a.b", "a_b", "c d", "d", "__consumer_offsets");
const step = fc.oneof(
  fc.record({
    kind: fc.constant("create" as const),
    names: fc.array(name, { minLength: 1, maxLength: 3 }),
    numPartitions: fc.integer({ min: -1, max: 5 }),
    replicationFactor: fc.integer({ min: -1, max: 4 }),
    configured: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("delete" as const), names: fc.array(name, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant("widen" as const), name, count: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant("ids" as const), brokerId: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("lead" as const), brokerId: fc.integer({ min: 1, max: 3 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function decide(image: MetadataImage, taken: Step): readonly MetadataRecordInput[] {
  switch (taken.kind) {
    case "create": {
      const { numPartitions, replicationFactor } = taken;
      const configs = taken.configured ? [{ name: "retention.ms", value: "7" }] : [];
      const rest = { numPartitions, replicationFactor, configs };
      return create(image, taken.names.map((each) => creatable(each, rest))).records;
    }
    case "delete": {
      const topics = taken.names.map((each) => ({ name: each, topicId: ZERO_UUID }));
      return remove(image, { topics }).records;
    }
    case "widen":
      return widen(image, [{ name: taken.name, count: taken.count, assignments: null }]).records;
    case "ids":
      return decideAllocateProducerIds(image, taken.brokerId).records;
    case "lead":
      return decideLeadership(image, { brokerId: taken.brokerId, newEpochs: true }).records;
  }
}

/** A home that keeps a key for each entity. */
class KeptByKey {
  readonly #values = new Map<string, Uint8Array>();
  readonly #replay = new MetadataReplay();

  get image(): MetadataImage {
    return this.#replay.image;
  }

  take(records: readonly MetadataRecordInput[]): void {
    const { puts, deletes, deletesUnder } = entityChanges(this.image, records);
    const under = [...this.#values.keys()].filter((key) =>
      [...deletesUnder].some((prefix) => key.startsWith(prefix))
    );
    const values = new Map<string, Uint8Array | undefined>(puts);
    for (const key of [...deletes, ...under]) values.set(key, undefined);
    const changes = [...values].map(([key, value]) => ({
      key,
      value,
      previous: this.#values.get(key),
    }));
    this.#replay.apply(recordsOf(changes), this.image.lastOffset + records.length);
    for (const [key, value] of values) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
  }
}

Deno.test("decisions keep the invariants, and their replay gives the same image", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const log: Uint8Array[] = [];
      const store = await clusterOf(3, log);
      const changes: MetadataChange[] = [];
      store.onChange((some) => void changes.push(...some));
      const kept = new KeptByKey();
      kept.take(log.map((bytes) => decodeMetadataRecord(bytes) as MetadataRecord));
      for (const taken of steps) {
        const records = decide(store.image, taken);
        if (records.length > 0) await store.append(records);
        kept.take(records);
        log.push(...records.map(encodeMetadataRecord));
        checkInvariants(store.image);
      }
      const replica = new MetadataReplay();
      replica.apply(log.map(decodeMetadataRecord), log.length - 1);
      assertEquals(snapshot(replica.image), snapshot(store.image));
      assertEquals(snapshot(kept.image), snapshot(store.image), "by key, and not as a log");
      const created = changes.filter(({ type }) => type === "topicCreated").length;
      const removed = changes.filter(({ type }) => type === "topicRemoved").length;
      assertEquals(created - removed, store.image.topicCount);
    }),
    { numRuns: 60 },
  );
});
