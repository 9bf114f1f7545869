// What kafkajs shares with every client, and what its own API has more; its habits are told in
// clients/javascript/kafkajs.ts.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { AssignerProtocol, type Consumer } from "kafkajs";
import { patienceMs, within } from "../harness/deadline.ts";
import { KafkajsDriver } from "./clients/javascript/kafkajs.ts";
import { sampleRecords, uniqueName } from "./scenarios/samples.ts";
import { clientTests, conformanceTest } from "./suite.ts";

const session = clientTests({
  client: "kafkajs",
  connect: ({ bootstrap }, way) => KafkajsDriver.connect({ bootstrap, way }),
  lacks: [
    {
      because: "it has no share consumer: its protocol has no ShareGroupHeartbeat",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    {
      because:
        "a consumer's options have no group.protocol: its groups are of the classic protocol",
      scenarios: ["shares a topic as the broker has it (KIP-848), one leaving and one joining"],
    },
    {
      because: "its headers are an object by name, which keeps no order between names",
      scenarios: ["keeps headers that are empty, repeated and in order"],
    },
    {
      because: "a consumer's options have no group instance id",
      scenarios: ["comes back as a static member, and nothing is rebalanced"],
    },
    {
      because: "it takes the newest version of both sides, and exports no request of its protocol",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
        "is told that a version is not supported, and can go on",
      ],
    },
  ],
});

function kafkajs(): KafkajsDriver {
  return session.driver as KafkajsDriver;
}

conformanceTest({ name: "kafkajs describes the cluster that it reached" }, async () => {
  const cluster = await kafkajs().admin.describeCluster();
  const reached = cluster.brokers.map(({ host, port }) => `${host}:${port}`);
  assertEquals(reached.sort(), session.broker.bootstrap.split(",").sort());
  assert(cluster.clusterId.length > 0, "the cluster has an id");
});

conformanceTest({ name: "kafkajs cannot create a topic twice" }, async () => {
  const topic = uniqueName("twice");
  await kafkajs().createTopic(topic, { partitions: 1, configs: {} });
  const topics = [{ topic }];
  // It swallows TOPIC_ALREADY_EXISTS and answers false: nothing was created.
  assertEquals(await kafkajs().admin.createTopics({ topics }), false);
});

conformanceTest({ name: "kafkajs adds partitions and deletes the topic" }, async () => {
  const { admin } = kafkajs();
  const topic = uniqueName("growing");
  await kafkajs().createTopic(topic, { partitions: 2, configs: {} });
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
  assertEquals(await kafkajs().describeTopic(topic), 5);
  await admin.deleteTopics({ topics: [topic] });
  assert(!(await kafkajs().listTopics()).includes(topic), "the deleted topic is gone");
});

conformanceTest({ name: "kafkajs deletes records below an offset" }, async () => {
  const { admin } = kafkajs();
  const topic = uniqueName("trimmed");
  await kafkajs().createTopic(topic, { partitions: 1, configs: {} });
  await kafkajs().produce(topic, sampleRecords(20), {});
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "12" }] });
  const [offsets] = await admin.fetchTopicOffsets(topic);
  assertEquals([offsets!.low, offsets!.high], ["12", "20"]);
  const received = await kafkajs().read(topic, { from: [[0, 12]], count: 8 });
  assertEquals(received.map(({ offset }) => offset), [12, 13, 14, 15, 16, 17, 18, 19]);
});

conformanceTest({ name: "kafkajs is refused a group that has members" }, async () => {
  const { kafka, admin } = kafkajs();
  const topic = uniqueName("occupied");
  const groupId = uniqueName("occupied");
  await kafkajs().createTopic(topic, { partitions: 1, configs: {} });
  const consumer: Consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  const joined = Promise.withResolvers<string>();
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => joined.resolve(payload.memberId));
  await consumer.connect();
  await consumer.subscribe({ topic });
  await consumer.run({ eachMessage: () => Promise.resolve() });
  try {
    const memberId = await within(joined.promise, {
      ms: patienceMs,
      what: () => `join ${groupId}`,
    });
    const group = (await admin.describeGroups([groupId])).groups[0]!;
    assertEquals([group.protocolType, group.protocol], ["consumer", "RoundRobinAssigner"]);
    assertEquals(group.members.map((member) => member.memberId), [memberId]);
    const assignment = AssignerProtocol.MemberAssignment.decode(group.members[0]!.memberAssignment);
    assertEquals(assignment!.assignment, { [topic]: [0] });
    await assertRejects(() => admin.deleteGroups([groupId]));
  } finally {
    await consumer.disconnect();
  }
});
