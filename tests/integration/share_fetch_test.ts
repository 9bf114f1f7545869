// Members of share groups read and acknowledge (KIP-932): raw requests to a broker in simulated
// time, so that a lock that runs out does so to the millisecond.

import { assert, assertEquals } from "@std/assert";
import { DeleteTopics, ErrorCode } from "../../src/protocol/mod.ts";
import { DeleteRecords } from "../../src/protocol/apis/21_delete_records.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  ReadShareGroupStateSummary,
} from "../../src/protocol/apis/87_read_share_group_state_summary.ts";
import { WriteShareGroupState } from "../../src/protocol/apis/85_write_share_group_state.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import {
  accept,
  beginSharing,
  reject,
  release,
  renew,
  ShareMember,
} from "../harness/share_member.ts";
import { simulated, type SimulatedScene } from "../harness/simulated_broker.ts";

const settings = { "share.coordinator.state.topic.num.partitions": "3" };
const lockMs = 30_000;

/** A topic with some records that a group shares from the beginning. */
async function shared(scene: SimulatedScene, groupId = "g") {
  const client = await scene.connect();
  const { name, topicId } = await makeTopic(client);
  await beginSharing(client, { groupId, topicId });
  let members = 0;
  return {
    client,
    name,
    topicId,
    groupId,
    produce: async (...values: string[]) =>
      void await produceTo(client, { topic: name, records: batchOf(values) }),
    /** Over a connection of its own. */
    join: async () => {
      const own = await scene.connect();
      const memberId = `member-${++members}`;
      return Object.assign(new ShareMember(own, { groupId, topicId, memberId }), { client: own });
    },
    startOffset: async () => {
      const partitions = [{ partition: 0, leaderEpoch: 0 }];
      const topics = [{ topicId, partitions }];
      const { results } = await client.ask(ReadShareGroupStateSummary, 1, { groupId, topics });
      return results[0]?.partitions[0]?.startOffset;
    },
  };
}

async function setOfGroup(client: RawClient, name: string, value: string) {
  const configs = [{ name, configOperation: 0, value }];
  const resources = [{ resourceType: 32, resourceName: "g", configs }];
  const { responses } = await client.ask(IncrementalAlterConfigs, 1, {
    resources,
    validateOnly: false,
  });
  assertEquals(responses[0]?.errorCode, ErrorCode.NONE);
}

Deno.test("two members share a partition, and what one gives back the other one gets", async () => {
  await simulated({ settings }, async (scene) => {
    const { produce, join, startOffset } = await shared(scene);
    await produce("a", "b", "c");
    await produce("d", "e");
    const [one, two] = [await join(), await join()];
    assertEquals(await one.fetch({ maxRecords: 1 }), {
      told: ["0-2 x1"],
      acquired: [{ firstOffset: 0, lastOffset: 2, deliveryCount: 1 }],
      values: ["a", "b", "c"],
      acknowledged: ErrorCode.NONE,
    });
    assertEquals((await two.fetch()).values, ["d", "e"]);
    assertEquals((await two.fetch()).told, []);
    assertEquals(await one.acknowledge([0, 2, accept, release, reject]), ErrorCode.NONE);
    assertEquals(await startOffset(), 1);
    assertEquals((await two.fetch({ said: [[3, 4, accept]] })).told, ["1-1 x2"]);
    assertEquals(await two.acknowledge([1, 1, accept]), ErrorCode.NONE);
    assertEquals(await startOffset(), 5);
  });
});

Deno.test("a fetch waits for records, and for those that others let go of", async () => {
  await simulated({ settings }, async (scene) => {
    const { produce, join } = await shared(scene);
    const [one, two] = [await join(), await join()];
    const waiting = one.fetch({ maxWaitMs: 5_000 });
    await scene.pass(100);
    await produce("a");
    assertEquals((await waiting).told, ["0-0 x1"]);
    const again = two.fetch({ maxWaitMs: 5_000 });
    await scene.pass(100);
    await one.acknowledge([0, 0, release]);
    assertEquals((await again).told, ["0-0 x2"]);
    const startedMs = scene.nowMs();
    assertEquals((await one.fetch({ maxWaitMs: 5_000 })).told, []);
    assert(scene.nowMs() - startedMs >= 5_000);
  });
});

Deno.test("a fetch waits until there are as many bytes as it wants", async () => {
  await simulated({ settings }, async (scene) => {
    const { produce, join } = await shared(scene);
    const one = await join();
    const waiting = one.fetch({ maxWaitMs: 5_000, minBytes: 150 });
    await produce("a");
    await scene.pass(1_000);
    await produce("b");
    await produce("c");
    assertEquals((await waiting).values, ["a", "b", "c"]);
    assert(scene.nowMs() < 4_000);
  });
});

Deno.test("a lock runs out to the millisecond, and a renewed one later", async () => {
  await simulated({ settings }, async (scene) => {
    const { produce, join } = await shared(scene);
    await produce("a", "b");
    const [one, two] = [await join(), await join()];
    await one.fetch();
    const startedMs = scene.nowMs();
    await scene.pass(20_000);
    const renewed = await one.ask({ said: [[1, 1, renew]], isRenewAck: true });
    assertEquals(renewed.acquisitionLockTimeoutMs, lockMs);
    assertEquals(renewed.responses[0]?.partitions[0]?.acknowledgeErrorCode, ErrorCode.NONE);
    assertEquals((await two.fetch({ maxWaitMs: 60_000 })).told, ["0-0 x2"]);
    const firstMs = scene.nowMs() - startedMs;
    assert(firstMs >= lockMs && firstMs < lockMs + 100, `after ${firstMs} ms`);
    assertEquals((await two.fetch({ maxWaitMs: 60_000 })).told, ["1-1 x2"]);
    const secondMs = scene.nowMs() - startedMs;
    assert(secondMs >= lockMs + 20_000 && secondMs < lockMs + 20_100, `after ${secondMs} ms`);
    assertEquals(await one.acknowledge([0, 0, accept]), ErrorCode.INVALID_RECORD_STATE);
  });
});

Deno.test("a record that nobody wants is given up", async () => {
  await simulated({ settings }, async (scene) => {
    const { client, produce, join, startOffset } = await shared(scene);
    await setOfGroup(client, "share.delivery.count.limit", "3");
    await produce("bad");
    const one = await join();
    for (const count of [1, 2, 3]) {
      assertEquals((await one.fetch()).told, [`0-0 x${count}`]);
      assertEquals(await one.acknowledge([0, 0, release]), ErrorCode.NONE);
    }
    assertEquals((await one.fetch()).told, []);
    assertEquals(await startOffset(), 1);
  });
});

Deno.test("who leaves, or is cut off, does not keep what it holds", async () => {
  await simulated({ settings }, async (scene) => {
    const { produce, join } = await shared(scene);
    await produce("a", "b");
    const [one, two, three] = [await join(), await join(), await join()];
    await one.fetch();
    await one.leave([0, 0, accept]);
    assertEquals((await two.fetch({ maxWaitMs: 1_000 })).told, ["1-1 x2"]);
    const waiting = three.fetch({ maxWaitMs: 10_000 });
    await scene.pass(100);
    two.client[Symbol.dispose]();
    assertEquals((await waiting).told, ["1-1 x3"]);
    assert(scene.nowMs() < lockMs);
  });
});

Deno.test("what was accepted stays so, and what was held comes again, whoever leads", async () => {
  await simulated({ settings }, async (scene) => {
    const { produce, join } = await shared(scene);
    await produce("a", "b", "c", "d");
    const one = await join();
    await one.fetch();
    assertEquals(await one.acknowledge([1, 1, accept], [2, 2, release]), ErrorCode.NONE);
    // The last session of the group: what is known of it is forgotten, and read again.
    await one.leave();
    const two = await join();
    assertEquals((await two.fetch()).told, ["0-0 x2", "2-3 x2"]);
  });
});

Deno.test("what was accepted outlives SIGKILL, and what was held comes again", async () => {
  await using broker = await BrokerProcess.start({ settings });
  let topicId = "";
  const groupId = "g";
  {
    using client = await RawClient.connect(broker);
    const made = await makeTopic(client);
    topicId = made.topicId;
    await produceTo(client, { topic: made.name, records: batchOf(["a", "b", "c", "d"]) });
    await beginSharing(client, { groupId, topicId });
    const one = new ShareMember(client, { groupId, topicId, memberId: "one" });
    assertEquals((await one.fetch()).told, ["0-3 x1"]);
    assertEquals(await one.acknowledge([0, 1, accept, release], [2, 2, reject]), ErrorCode.NONE);
    // A connection that ends gives back what it holds: this one has to outlive the broker.
    await broker.kill();
  }
  await broker.restart();
  using client = await RawClient.connect(broker);
  const two = new ShareMember(client, { groupId, topicId, memberId: "two" });
  assertEquals((await two.fetch({ maxWaitMs: 5_000 })).told, ["1-1 x2", "3-3 x1"]);
  assertEquals(await two.acknowledge([1, 1, accept], [3, 3, accept]), ErrorCode.NONE);
  assertEquals((await two.fetch()).told, []);
});

Deno.test("a group is given the records that a log has in place of those it has lost", async () => {
  await simulated({ settings }, async (scene) => {
    const { client, groupId, topicId, produce, join } = await shared(scene);
    await produce("a", "b");
    // The group knows of five records, and the log's end was not synced when the machine died.
    const stateBatches = [{ firstOffset: 1, lastOffset: 4, deliveryState: 2, deliveryCount: 1 }];
    const written = { stateEpoch: 1, leaderEpoch: 0, startOffset: 0, stateBatches };
    const topics = [{ topicId, partitions: [{ partition: 0, ...written }] }];
    await client.ask(WriteShareGroupState, 1, { groupId, topics } as never);
    const one = await join();
    assertEquals((await one.fetch()).told, ["0-0 x1"]);
    await produce("c", "d", "e");
    assertEquals((await one.fetch()).values, ["c", "d", "e"]);
    await one.leave();
    const two = await join();
    assertEquals((await two.fetch()).told, ["0-0 x2", "2-4 x2"]);
  });
});

Deno.test("a group may begin with records that are no older than it says", async () => {
  await simulated({ settings }, async (scene) => {
    const { client, name, groupId, topicId, join } = await shared(scene);
    for (const ageMs of [3_600_000, 1_000]) {
      const records = batchOf(["a record"], { timestamp: Date.now() - ageMs });
      await produceTo(client, { topic: name, records });
    }
    await setOfGroup(client, "share.auto.offset.reset", "by_duration:PT30M");
    await beginSharing(client, { groupId, topicId, startOffset: -1, stateEpoch: 2 });
    const one = await join();
    assertEquals((await one.fetch()).told, ["1-1 x1"]);
  });
});

Deno.test("where a group begins anew, what was held before counts no more", async () => {
  await simulated({ settings }, async (scene) => {
    const { client, groupId, topicId, produce, join, startOffset } = await shared(scene);
    await produce("a", "b");
    const one = await join();
    assertEquals((await one.fetch()).told, ["0-1 x1"]);
    await beginSharing(client, { groupId, topicId, startOffset: 1, stateEpoch: 2 });
    assertEquals(await one.acknowledge([0, 1, accept]), ErrorCode.NOT_LEADER_OR_FOLLOWER);
    assertEquals(await startOffset(), 1);
    assertEquals((await one.fetch()).told, ["1-1 x1"]);
    assertEquals(await one.acknowledge([1, 1, accept]), ErrorCode.NONE);
    assertEquals(await startOffset(), 2);
  });
});

Deno.test("sessions know their epochs, and requests that cannot be are refused", async () => {
  await simulated({ settings }, async (scene) => {
    const { topicId, client, join } = await shared(scene);
    const one = await join();
    const codeOf = async (options: Parameters<typeof one.ask>[0]) =>
      (await one.ask(options)).errorCode;
    const E = ErrorCode;
    assertEquals(await codeOf({ epoch: 5 }), E.SHARE_SESSION_NOT_FOUND);
    assertEquals(await codeOf({ epoch: -1 }), E.SHARE_SESSION_NOT_FOUND);
    assertEquals(await codeOf({ epoch: 0, said: [[0, 0, accept]] }), E.INVALID_REQUEST);
    const before = await one.askAcknowledge({ said: [], epoch: 1 });
    assertEquals(before.errorCode, E.SHARE_SESSION_NOT_FOUND);
    assertEquals(await codeOf({ epoch: 0 }), E.NONE);
    assertEquals(await codeOf({ epoch: 2 }), E.INVALID_SHARE_SESSION_EPOCH);
    const initial = await one.askAcknowledge({ said: [], epoch: 0 });
    assertEquals(initial.errorCode, E.INVALID_SHARE_SESSION_EPOCH);
    assertEquals(await codeOf({ epoch: 1 }), E.NONE);
    assertEquals(await codeOf({ isRenewAck: true, maxRecords: 1 }), E.INVALID_REQUEST);
    const nobody = new ShareMember(client, { groupId: "g", topicId, memberId: "" });
    assertEquals((await nobody.ask()).errorCode, E.INVALID_REQUEST);
    await one.leave();
    assertEquals(await codeOf({ epoch: 2 }), E.SHARE_SESSION_NOT_FOUND);
  });
});

Deno.test("there are so many sessions at most", async () => {
  const few = { ...settings, "group.share.max.share.sessions": "1" };
  await simulated({ settings: few }, async (scene) => {
    const { join } = await shared(scene);
    const [one, two] = [await join(), await join()];
    assertEquals((await one.ask()).errorCode, ErrorCode.NONE);
    assertEquals((await two.ask()).errorCode, ErrorCode.SHARE_SESSION_LIMIT_REACHED);
    await one.leave();
    assertEquals((await two.ask()).errorCode, ErrorCode.NONE);
  });
});

Deno.test("acknowledgements that cannot be are refused, each partition by itself", async () => {
  await simulated({ settings }, async (scene) => {
    const { produce, join } = await shared(scene);
    await produce("a", "b", "c");
    const [one, two] = [await join(), await join()];
    await one.fetch();
    await two.fetch();
    const { INVALID_REQUEST, INVALID_RECORD_STATE, NONE } = ErrorCode;
    assertEquals(await one.acknowledge([1, 0, accept]), INVALID_REQUEST);
    assertEquals(await one.acknowledge([0, 0, 5]), INVALID_REQUEST);
    assertEquals(await one.acknowledge([0, 2, accept, accept]), INVALID_REQUEST);
    assertEquals(await one.acknowledge([1, 1, accept], [0, 0, accept]), INVALID_REQUEST);
    assertEquals(await one.acknowledge([0, 3, accept]), INVALID_REQUEST);
    assertEquals(await two.acknowledge([0, 2, accept]), INVALID_RECORD_STATE);
    assertEquals(await one.acknowledge([0, 2, accept]), NONE);
    assertEquals(await one.acknowledge([0, 2, accept]), INVALID_RECORD_STATE);
  });
});

Deno.test("a group begins where it is told, and the log may begin later by then", async () => {
  await simulated({ settings }, async (scene) => {
    const { client, name, topicId, produce, join } = await shared(scene);
    await produce("a", "b", "c");
    await beginSharing(client, { groupId: "g", topicId, startOffset: -1, stateEpoch: 2 });
    const late = await join();
    assertEquals((await late.fetch()).told, [], "latest is the default");
    await late.leave();
    await setOfGroup(client, "share.auto.offset.reset", "earliest");
    await beginSharing(client, { groupId: "g", topicId, startOffset: -1, stateEpoch: 3 });
    const early = await join();
    assertEquals((await early.fetch()).told, ["0-2 x1"]);
    await client.ask(DeleteRecords, 2, {
      topics: [{ name, partitions: [{ partitionIndex: 0, offset: 2 }] }],
      timeoutMs: 1_000,
    });
    await early.leave();
    const next = await join();
    assertEquals((await next.fetch()).told, ["2-2 x2"]);
  });
});

Deno.test("a member of a deleted topic, and of a group that knows none, is told so", async () => {
  await simulated({ settings }, async (scene) => {
    const { client, name, topicId, produce, join } = await shared(scene);
    await produce("a");
    const one = await join();
    await one.fetch();
    await client.ask(DeleteTopics, 3, { topicNames: [name], timeoutMs: 1_000 });
    const { responses: [gone] } = await one.ask({ said: [[0, 0, accept]] });
    const { errorCode, acknowledgeErrorCode } = gone?.partitions[0] ?? {};
    const { UNKNOWN_TOPIC_ID } = ErrorCode;
    assertEquals([errorCode, acknowledgeErrorCode], [UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_ID]);
    const other = await makeTopic(client);
    const stranger = new ShareMember(client, {
      groupId: "other",
      topicId: other.topicId,
      memberId: "x",
    });
    const { responses: [answer] } = await stranger.ask();
    assertEquals(answer?.partitions[0]?.errorCode, ErrorCode.UNKNOWN_SERVER_ERROR);
    assert(topicId !== other.topicId);
  });
});

Deno.test("what share groups do is measured", async () => {
  await simulated({ settings }, async (scene) => {
    const { produce, join } = await shared(scene);
    await produce("a", "b", "c");
    const one = await join();
    await one.fetch();
    await one.acknowledge([0, 1, accept, release], [2, 2, renew]);
    const told = (await scene.broker.metrics()).filter(({ name }) => name.startsWith("ottla_share"))
      .map(({ name, samples }) => [name, samples.map(([labels, value]) => [...labels, value])]);
    const figures = Object.fromEntries(told);
    assertEquals(figures.ottla_share_sessions, [[1]]);
    assertEquals(figures.ottla_share_partitions, [[1]]);
    assertEquals(figures.ottla_share_acquired_records_total, [[3]]);
    assertEquals(figures.ottla_share_acknowledged_records_total, [
      ["gap", 0],
      ["accept", 1],
      ["release", 1],
      ["reject", 0],
      ["renew", 1],
    ]);
    await scene.pass(lockMs);
    const later = (await scene.broker.metrics()).find(({ name }) =>
      name === "ottla_share_lock_timeouts_total"
    );
    assertEquals(later?.samples, [[[], 1]]);
  });
});

Deno.test("no more records are under way than the group may have", async () => {
  await simulated({ settings }, async (scene) => {
    const { client, produce, join } = await shared(scene);
    await setOfGroup(client, "share.partition.max.record.locks", "100");
    for (let i = 0; i < 8; i++) await produce(...Array.from({ length: 40 }, String));
    const [one, two] = [await join(), await join()];
    assertEquals((await one.fetch()).told, ["0-119 x1"]);
    assertEquals((await two.fetch()).told, []);
    const waiting = two.fetch({ maxWaitMs: 5_000, isStrict: true, maxRecords: 50 });
    await one.acknowledge([0, 119, accept]);
    assertEquals((await waiting).told, ["120-169 x1"]);
  });
});

Deno.test("who waited for room waits for records once there is some", async () => {
  await simulated({ settings }, async (scene) => {
    const { client, produce, join } = await shared(scene);
    await setOfGroup(client, "share.partition.max.record.locks", "100");
    await produce(...Array.from({ length: 100 }, String));
    const [one, two] = [await join(), await join()];
    assertEquals((await one.fetch()).told, ["0-99 x1"]);
    const waiting = two.fetch({ maxWaitMs: 60_000 });
    await scene.pass(1_000);
    assertEquals(await one.acknowledge([0, 99, accept]), ErrorCode.NONE);
    await scene.pass(1_000);
    const startedMs = scene.nowMs();
    await produce("more");
    assertEquals((await waiting).told, ["100-100 x1"]);
    assert(scene.nowMs() - startedMs < 1_000);
  });
});

Deno.test("where much is under way in all, each partition goes on with a few records", async () => {
  const little = {
    ...settings,
    "ottla.memory.bytes.max": String(64 * 1024 * 1024),
    "group.share.partition.max.record.locks": "10000",
    "group.share.max.partition.max.record.locks": "10000",
  };
  await simulated({ settings: little }, async (scene) => {
    const first = await shared(scene, "first");
    for (let i = 0; i < 3; i++) await first.produce(...Array.from({ length: 3_000 }, String));
    const one = await first.join();
    assertEquals((await one.fetch({ maxRecords: 9_000, batchSize: 9_000 })).told, ["0-8999 x1"]);
    const second = await shared(scene, "second");
    await second.produce(...Array.from({ length: 100 }, String));
    const two = await second.join();
    assertEquals((await two.fetch()).told, ["0-31 x1"]);
    assertEquals((await two.fetch()).told, []);
    assertEquals(await one.acknowledge([0, 8999, accept]), ErrorCode.NONE);
    assertEquals((await two.fetch()).told, ["32-99 x1"]);
  });
});
