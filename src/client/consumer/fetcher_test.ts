// What a consumer asks of brokers that follow a script: sessions, leaders that move, replicas that
// are near, topics that were made anew, logs that were cut.

import { assertEquals, assertRejects } from "@std/assert";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { ZERO_UUID } from "../../base/ids.ts";
import { ErrorCode, type FetchRequest } from "../../protocol/mod.ts";
import { buildBatch } from "../../records/mod.ts";
import {
  type Message,
  type Script,
  ScriptedBroker,
} from "../../../tests/harness/scripted_broker.ts";
import { Consumer } from "./consumer.ts";
import type { ConsumerOptions } from "./consumer_options.ts";
import { KafkaError } from "../faults.ts";

const orders = "AAAAAAAAAAAAAAAAAAAAAQ";
const ordersAnew = "AAAAAAAAAAAAAAAAAAAAAg";

/** A partition in an answer to a Fetch. */
function part(partitionIndex: number, of: Message = {}): Message {
  return { partitionIndex, errorCode: 0, highWatermark: 100, records: new Uint8Array(0), ...of };
}

/** One batch of these values. */
function batch(baseOffset: number, values: readonly string[], partitionLeaderEpoch = -1) {
  const records = values.map((value) => ({ key: null, value: utf8(value), headers: [] }));
  return buildBatch({ baseOffset, partitionLeaderEpoch, records });
}

/** An answer with these partitions of orders, by its id or its name. */
function fetched(partitions: readonly Message[], of: Message = {}): Message {
  const { topicId = ZERO_UUID, ...rest } = of;
  return { sessionId: 0, responses: [{ topic: "orders", topicId, partitions }], ...rest };
}

/** Metadata of orders with one partition: who leads it, in which term. */
function led(
  of: { brokers: readonly ScriptedBroker[]; leader: number; epoch: number; id?: string },
) {
  return {
    brokers: of.brokers.map(({ port }, i) => ({ nodeId: i + 1, host: "127.0.0.1", port })),
    controllerId: 1,
    topics: [{
      errorCode: 0,
      name: "orders",
      topicId: of.id ?? orders,
      partitions: [{
        errorCode: 0,
        partitionIndex: 0,
        leaderId: of.leader,
        leaderEpoch: of.epoch,
        replicaNodes: [1],
        isrNodes: [1],
      }],
    }],
  };
}

/** What `count` records of orders say, to a consumer that reads its first `partitions`. */
async function read(
  broker: ScriptedBroker,
  of:
    & { count: number; partitions?: number; at?: number }
    & Pick<
      ConsumerOptions,
      "clientRack" | "autoOffsetReset"
    >,
): Promise<string[]> {
  const { count, partitions = 1, at = 0, ...options } = of;
  const client = await broker.connect();
  await client.topic("orders");
  const consumer = new Consumer(client, { fetchWaitMsMax: 1, ...options });
  consumer.assign(
    Array.from({ length: partitions }, (_, partition) => ({ topic: "orders", partition, at })),
  );
  const values: string[] = [];
  try {
    for await (const { value } of consumer) {
      values.push(fromUtf8(value!));
      if (values.length === count) break;
    }
  } finally {
    await consumer.close();
    client.close();
  }
  return values;
}

/** What a request says of its session and its partitions. */
function asked({ sessionId, sessionEpoch, topics }: FetchRequest): unknown {
  const partitions = topics.flatMap(({ partitions }) =>
    partitions.map(({ partition, fetchOffset }) => `${partition}@${fetchOffset}`)
  );
  return [sessionId, sessionEpoch, ...partitions];
}

Deno.test("in a session what has changed is named, and what has news is told", async () => {
  const requests: FetchRequest[] = [];
  const answers = [
    fetched([part(0, { records: batch(0, ["a"]) }), part(1)], { sessionId: 7 }),
    fetched([part(1, { records: batch(0, ["b"]) })], { sessionId: 7 }),
    { ...fetched([]), errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND },
    fetched([part(0), part(1, { records: batch(1, ["c"]) })], { sessionId: 8 }),
  ];
  await using broker = await ScriptedBroker.start({
    Fetch(request) {
      if (request.sessionEpoch < 0) return "silence";
      requests.push(request);
      return answers[requests.length - 1] ?? "silence";
    },
  });
  assertEquals(await read(broker, { count: 3, partitions: 2 }), ["a", "b", "c"]);
  assertEquals(requests.slice(0, 4).map(asked), [
    [0, 0, "0@0", "1@0"],
    [7, 1, "0@1"],
    [7, 2, "1@1"],
    [7, 0, "0@1", "1@1"],
  ]);
});

Deno.test("a leader that has moved is followed at the word of the one before", async () => {
  let metadata = 0;
  await using second = await ScriptedBroker.start({
    Fetch: () => fetched([part(0, { records: batch(0, ["a"], 5) })], { topicId: orders }),
  });
  await using first: ScriptedBroker = await ScriptedBroker.start({
    Metadata: () => {
      metadata++;
      return led({ brokers: [first], leader: 1, epoch: 4 });
    },
    Fetch: () => ({
      ...fetched([part(0, {
        errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
        currentLeader: { leaderId: 2, leaderEpoch: 5 },
      })], { topicId: orders }),
      nodeEndpoints: [{ nodeId: 2, host: "127.0.0.1", port: second.port, rack: null }],
    }),
  });
  assertEquals(await read(first, { count: 1 }), ["a"]);
  assertEquals(metadata, 1, "to connect");
});

Deno.test("records are read from the replica that is near, else from the leader", async () => {
  const racks: string[] = [];
  let nearAsked = 0;
  await using near = await ScriptedBroker.start({
    Fetch: () =>
      nearAsked++ === 0
        ? fetched([part(0, { records: batch(0, ["near"], 1) })], { topicId: orders })
        : fetched([part(0, { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE })], { topicId: orders }),
  });
  await using leader: ScriptedBroker = await ScriptedBroker.start({
    Metadata: () => led({ brokers: [leader, near], leader: 1, epoch: 1 }),
    Fetch(request: FetchRequest) {
      racks.push(request.rackId);
      return fetched([
        nearAsked === 0
          ? part(0, { preferredReadReplica: 2 })
          : part(0, { records: batch(1, ["far"], 1) }),
      ], { topicId: orders });
    },
  });
  assertEquals(await read(leader, { count: 2, clientRack: "b" }), ["near", "far"]);
  assertEquals(racks.slice(0, 2), ["b", "b"]);
  assertEquals(nearAsked, 2);
});

/** A broker whose log is another one from `parting` on, under its second leader. */
function cutAt(parting: number, of: { broker: () => ScriptedBroker; asked: unknown[] }): Script {
  let epoch = 1;
  return {
    Metadata: () => led({ brokers: [of.broker()], leader: 1, epoch }),
    OffsetForLeaderEpoch(request) {
      const [{ partitions: [{ currentLeaderEpoch, leaderEpoch }] }] = request.topics;
      of.asked.push([currentLeaderEpoch, leaderEpoch]);
      const partitions = [{ errorCode: 0, partition: 0, leaderEpoch: 1, endOffset: parting }];
      return { topics: [{ topic: "orders", partitions }] };
    },
    Fetch(request: FetchRequest) {
      const { fetchOffset, currentLeaderEpoch } = request.topics[0]!.partitions[0]!;
      if (currentLeaderEpoch < epoch) {
        const errorCode = ErrorCode.FENCED_LEADER_EPOCH;
        const currentLeader = { leaderId: 1, leaderEpoch: epoch };
        return fetched([part(0, { errorCode, currentLeader })], { topicId: orders });
      }
      if (fetchOffset === 0) {
        const records = batch(0, ["a", "b", "c"], epoch);
        epoch = 2;
        return fetched([part(0, { records })], { topicId: orders });
      }
      const records = batch(Number(fetchOffset), ["new"], epoch);
      return fetched([part(0, { records })], { topicId: orders });
    },
  };
}

Deno.test("a consumer goes on where a new leader's log parts from what it has read", async () => {
  const asked: unknown[] = [];
  await using broker: ScriptedBroker = await ScriptedBroker.start(
    cutAt(2, { broker: () => broker, asked }),
  );
  const values = await read(broker, { count: 4, autoOffsetReset: "latest" });
  assertEquals(values, ["a", "b", "c", "new"]);
  assertEquals(asked[0], [2, 1], "under the second leader, of the first one's records");
});

Deno.test("a log that was cut is told of where no offset may be chosen", async () => {
  const asked: unknown[] = [];
  await using broker: ScriptedBroker = await ScriptedBroker.start(
    cutAt(2, { broker: () => broker, asked }),
  );
  await assertRejects(
    () => read(broker, { count: 4, autoOffsetReset: "none" }),
    KafkaError,
    "records were lost that had been read, under a new leader; seek to 2 to read what",
  );
});

Deno.test("a topic that was deleted and made anew is read from its beginning", async () => {
  let id = orders;
  const asked: unknown[] = [];
  await using broker: ScriptedBroker = await ScriptedBroker.start({
    Metadata: () => led({ brokers: [broker], leader: 1, epoch: 0, id }),
    ListOffsets(request) {
      const partitions = [{ errorCode: 0, partitionIndex: 0, offset: 0, timestamp: -1 }];
      asked.push(request.topics[0].partitions[0].timestamp);
      return { topics: [{ name: "orders", partitions }] };
    },
    Fetch({ topics: [topic] }: FetchRequest) {
      if (topic!.topicId !== id) {
        const errorCode = ErrorCode.UNKNOWN_TOPIC_ID;
        return fetched([part(0, { errorCode })], { topicId: topic!.topicId });
      }
      const { fetchOffset } = topic!.partitions[0]!;
      const records = batch(Number(fetchOffset), [id === orders ? "old" : "new"], 0);
      id = ordersAnew;
      return fetched([part(0, { records })], { topicId: topic!.topicId });
    },
  });
  assertEquals(await read(broker, { count: 2, at: 500 }), ["old", "new"]);
  assertEquals(asked, [-2], "the first offset");
});

Deno.test("a consumer begins as late as so long ago", async () => {
  const hour = 3_600_000;
  const asked: number[] = [];
  await using broker = await ScriptedBroker.start({
    ListOffsets(request) {
      const partitions = [{ errorCode: 0, partitionIndex: 0, offset: 4, timestamp: 1 }];
      asked.push(request.topics[0].partitions[0].timestamp);
      return { topics: [{ name: "orders", partitions }] };
    },
    Fetch: () => fetched([part(0, { records: batch(4, ["a"]) })]),
  });
  const client = await broker.connect();
  const consumer = new Consumer(client, { autoOffsetReset: { byDurationMs: hour } });
  consumer.assign([{ topic: "orders", partition: 0 }]);
  const before = Date.now() - hour;
  const { value: { offset } } = await consumer.records().next();
  assertEquals(offset, 4);
  assertEquals(asked.map((at) => at >= before && at <= Date.now() - hour), [true]);
  await consumer.close();
  client.close();
});
