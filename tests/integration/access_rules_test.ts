// What access rules do to those who are in: names that are not told, lists that leave out, topics
// that are made by naming them, and rules that come and go while clients ask and wait.

import { assertEquals } from "@std/assert";
import { ConsumerGroupDescribe } from "../../src/protocol/apis/69_consumer_group_describe.ts";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import {
  DescribeCluster,
  DescribeTopicPartitions,
  ErrorCode,
  Fetch,
  FindCoordinator,
  ListGroups,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  Produce,
} from "../../src/protocol/mod.ts";
import { allow, deny, forgetRules, guarded } from "../harness/guarded_broker.ts";
import { batchOf, makeTopic, produceRequest } from "../harness/raw_requests.ts";

const { NONE, TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
const [topicType, groupType, clusterType] = [2, 3, 4];
const op = { read: 3, write: 4, create: 5, describe: 8, all: 2 };

Deno.test("lists leave out what a client may not describe, and say what it may do", () =>
  guarded(async ({ admin, connectAs }) => {
    const { name: seen, topicId } = await makeTopic(admin);
    const { name: hidden } = await makeTopic(admin);
    await allow(admin, { resourceType: topicType, resourceName: seen, operation: op.read });
    using alice = await connectAs("alice");
    const all = await alice.ask(Metadata, 10, {
      topics: null,
      includeTopicAuthorizedOperations: true,
      includeClusterAuthorizedOperations: true,
    });
    // Read, and describe by it; nothing on the cluster, which alice may not describe.
    const operations = 1 << op.read | 1 << op.describe;
    assertEquals(
      all.topics.map((each) => [each.name, each.topicAuthorizedOperations]),
      [[seen, operations]],
    );
    assertEquals(all.clusterAuthorizedOperations, 0);
    const page = await alice.ask(DescribeTopicPartitions, 0, { topics: [], cursor: null });
    assertEquals(page.topics.map(({ name }) => name), [seen]);
    const named = await alice.ask(DescribeTopicPartitions, 0, {
      topics: [{ name: hidden }, { name: seen }],
      cursor: null,
    });
    assertEquals(
      named.topics.map(({ name, errorCode }) => [name, errorCode]).sort(),
      [[hidden, TOPIC_AUTHORIZATION_FAILED], [seen, NONE]].sort(),
    );
    const byId = await alice.ask(Metadata, 12, { topics: [{ topicId, name: null }] });
    assertEquals(byId.topics.map(({ name, errorCode }) => [name, errorCode]), [[seen, NONE]]);
    const cluster = { includeClusterAuthorizedOperations: true };
    assertEquals((await alice.ask(DescribeCluster, 1, cluster)).clusterAuthorizedOperations, 0);
    await allow(admin, {
      resourceType: clusterType,
      resourceName: "kafka-cluster",
      operation: op.describe,
    });
    const { clusterAuthorizedOperations } = await alice.ask(DescribeCluster, 1, cluster);
    assertEquals(clusterAuthorizedOperations, 1 << op.describe);
  }));

Deno.test("naming a topic makes it for who may create it, and tells nobody else of it", () =>
  guarded(async ({ admin, connectAs }) => {
    using alice = await connectAs("alice");
    const ask = async (name: string) => {
      const { topics } = await alice.ask(Metadata, 12, { topics: [{ name }] });
      return topics.map(({ errorCode }) => errorCode);
    };
    const rule = { resourceType: topicType, resourceName: "made" };
    assertEquals(await ask("made"), [TOPIC_AUTHORIZATION_FAILED]);
    await allow(admin, { ...rule, operation: op.describe });
    assertEquals(await ask("made"), [TOPIC_AUTHORIZATION_FAILED]);
    await allow(admin, { ...rule, operation: op.create });
    assertEquals(await ask("made"), [NONE]);
    const { topics } = await admin.ask(Metadata, 12, { topics: null });
    assertEquals(topics.map(({ name }) => name), ["made"]);
  }));

Deno.test("a rule that is removed, or denies, holds for a client that is in, at once", () =>
  guarded(async ({ admin, connectAs }) => {
    const { name } = await makeTopic(admin);
    const rule = { resourceType: topicType, resourceName: name };
    using alice = await connectAs("alice");
    const produce = async () => {
      const request = produceRequest({ topic: name, records: batchOf(["x"]) });
      const { responses: [topic] } = await alice.ask(Produce, 9, request);
      return topic?.partitionResponses[0]?.errorCode;
    };
    assertEquals(await produce(), TOPIC_AUTHORIZATION_FAILED);
    for (let i = 0; i < 3; i++) {
      await allow(admin, { ...rule, operation: op.write });
      assertEquals(await produce(), NONE);
      // Of another address, and of all.
      await deny(admin, { ...rule, operation: op.all, host: "192.0.2.1" });
      assertEquals(await produce(), NONE);
      await deny(admin, { ...rule, operation: op.all });
      assertEquals(await produce(), TOPIC_AUTHORIZATION_FAILED);
      await forgetRules(admin);
      assertEquals(await produce(), TOPIC_AUTHORIZATION_FAILED);
    }
  }));

Deno.test("a fetch that waits is told once its client may not read any more", () =>
  guarded(async ({ admin, connectAs }) => {
    const { name } = await makeTopic(admin);
    await allow(admin, { resourceType: topicType, resourceName: name, operation: op.read });
    using alice = await connectAs("alice");
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }];
    const waiting = alice.ask(Fetch, 11, {
      maxWaitMs: 60_000,
      minBytes: 1,
      topics: [{ topic: name, partitions }],
      forgottenTopicsData: [],
    });
    await forgetRules(admin);
    await admin.ask(Produce, 9, produceRequest({ topic: name, records: batchOf(["secret"]) }));
    const { responses: [topic] } = await waiting;
    const [answer] = topic?.partitions ?? [];
    assertEquals([answer?.errorCode, answer?.records?.length ?? 0], [
      TOPIC_AUTHORIZATION_FAILED,
      0,
    ]);
  }));

Deno.test("offsets of topics that a client may not describe are left out, or refused by name", () =>
  guarded(async ({ admin, connectAs }) => {
    const { name: seen } = await makeTopic(admin);
    const { name: hidden } = await makeTopic(admin);
    await admin.ask(FindCoordinator, 4, { coordinatorKeys: ["g"] });
    const partition = { partitionIndex: 0, committedOffset: 7, committedMetadata: null };
    await admin.ask(OffsetCommit, 8, {
      groupId: "g",
      topics: [seen, hidden].map((name) => ({ name, partitions: [partition] })),
    });
    await allow(
      admin,
      { resourceType: topicType, resourceName: seen, operation: op.describe },
      { resourceType: groupType, resourceName: "g", operation: op.describe },
    );
    using alice = await connectAs("alice");
    const all = await alice.ask(OffsetFetch, 7, { groupId: "g", topics: null });
    assertEquals(all.topics.map(({ name }) => name), [seen]);
    const named = await alice.ask(OffsetFetch, 7, {
      groupId: "g",
      topics: [seen, hidden, "none"].map((name) => ({ name, partitionIndexes: [0] })),
    });
    assertEquals(
      new Map(named.topics.map((each) => [each.name, each.partitions[0]?.errorCode])),
      new Map([[seen, NONE], [hidden, TOPIC_AUTHORIZATION_FAILED], [
        "none",
        TOPIC_AUTHORIZATION_FAILED,
      ]]),
    );
    const { groups } = await alice.ask(ListGroups, 4, {});
    assertEquals(groups.map(({ groupId }) => groupId), ["g"]);
    using bob = await connectAs("bob");
    assertEquals((await bob.ask(ListGroups, 4, {})).groups, []);
  }));

Deno.test("an expression stands for what its member may know, and hides a group of others", () =>
  guarded(async ({ admin, connectAs }) => {
    const { name: seen } = await makeTopic(admin);
    const { name: hidden } = await makeTopic(admin);
    await admin.ask(FindCoordinator, 4, { coordinatorKeys: ["g"] });
    await allow(
      admin,
      { resourceType: topicType, resourceName: seen, operation: op.read },
      { resourceType: groupType, resourceName: "g", operation: op.read },
    );
    using alice = await connectAs("alice");
    const member = {
      groupId: "g",
      memberId: "AAAAAAAAAAAAAAAAAAAAAQ",
      memberEpoch: 0,
      rebalanceTimeoutMs: 10_000,
      subscribedTopicNames: [],
      subscribedTopicRegex: ".*",
      topicPartitions: [],
    };
    const joined = await alice.ask(ConsumerGroupHeartbeat, 1, member);
    assertEquals(joined.errorCode, NONE);
    const question = { groupIds: ["g"], includeAuthorizedOperations: false };
    const assigned = async () => {
      const { groups: [group] } = await admin.ask(ConsumerGroupDescribe, 1, question);
      return (group?.members ?? []).flatMap(({ targetAssignment }) =>
        targetAssignment.topicPartitions.map(({ topicName }) => topicName)
      );
    };
    assertEquals(await assigned(), [seen]);
    const named = { ...member, memberId: "AAAAAAAAAAAAAAAAAAAAAg", subscribedTopicRegex: null };
    const refused = await alice.ask(ConsumerGroupHeartbeat, 1, {
      ...named,
      subscribedTopicNames: [seen, hidden],
    });
    assertEquals(refused.errorCode, TOPIC_AUTHORIZATION_FAILED);
    // Who may describe the group, and not what its members read, is not told of it.
    using bob = await connectAs("bob");
    const rule = { principal: "User:bob", resourceType: groupType, resourceName: "g" };
    await allow(admin, { ...rule, operation: op.describe });
    const { groups: [told] } = await bob.ask(ConsumerGroupDescribe, 1, question);
    assertEquals([told?.errorCode, told?.members], [TOPIC_AUTHORIZATION_FAILED, []]);
  }));

Deno.test("what no rule is about is open where the configuration says so", () =>
  guarded(async ({ admin, connectAs }) => {
    const { name } = await makeTopic(admin);
    using alice = await connectAs("alice");
    const ask = async (topic: string) => {
      const topics = [{ name: topic }];
      const answer = await alice.ask(Metadata, 12, { topics, allowAutoTopicCreation: false });
      return answer.topics.map(({ errorCode }) => errorCode);
    };
    assertEquals([await ask(name), await ask("none")], [[NONE], [UNKNOWN_TOPIC_OR_PARTITION]]);
    const others = { principal: "User:bob", resourceType: topicType, resourceName: name };
    await allow(admin, { ...others, operation: op.read });
    assertEquals(await ask(name), [TOPIC_AUTHORIZATION_FAILED]);
  }, { settings: { "allow.everyone.if.no.acl.found": "true" } }));
