// What --trace prints: names and values that a person can follow, on one short line.

import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../base/bytes.ts";
import { Fetch, Heartbeat, ListOffsets, Metadata, Produce } from "./apis/mod.ts";
import { decodeResponse, encodeResponse } from "./frame.ts";
import { traceMessage } from "./trace.ts";

Deno.test("a request reads as its API, its version and what it asks", () => {
  const message = { topics: [{ name: "orders" }], allowAutoTopicCreation: true };
  assertEquals(
    traceMessage(Metadata, message, { side: "request", version: 12 }),
    "Metadata v12 request: topics=[{name=orders}] allowAutoTopicCreation=true",
  );
});

Deno.test("a response leaves out what says nothing, and names its errors", () => {
  const frame = concatBytes(encodeResponse(Metadata, 9, 1, {
    brokers: [{ nodeId: 1, host: "localhost", port: 9092 }],
    clusterId: "c1",
    topics: [{
      errorCode: 3,
      name: "no such topic",
      partitions: [],
    }, {
      errorCode: 0,
      name: "orders",
      partitions: [{
        errorCode: 0,
        partitionIndex: 0,
        leaderId: 1,
        leaderEpoch: 0,
        replicaNodes: [1],
        isrNodes: [1],
      }],
    }],
  })).subarray(4);
  assertEquals(
    traceMessage(Metadata, decodeResponse(Metadata, 9, frame).message, {
      side: "response",
      version: 9,
    }),
    "Metadata v9 response: brokers=[{nodeId=1 host=localhost port=9092}] clusterId=c1 " +
      'topics=[{errorCode=UNKNOWN_TOPIC_OR_PARTITION name="no such topic"}, ' +
      "{name=orders partitions=[{partitionIndex=0 leaderId=1 leaderEpoch=0 replicaNodes=[1] " +
      "isrNodes=[1]}]}]",
  );
});

Deno.test("a response without anything but success says NONE", () => {
  assertEquals(
    traceMessage(Heartbeat, { throttleTimeMs: 0, errorCode: 0 }, { side: "response", version: 4 }),
    "Heartbeat v4 response: errorCode=NONE",
  );
});

Deno.test("record batches are a count of bytes, and long lists are cut", () => {
  const partition = (index: number) => ({ index, records: new Uint8Array(100) });
  assertEquals(
    traceMessage(Produce, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: "t", partitionData: [0, 1, 2, 3, 4, 5].map(partition) }],
    }, { side: "request", version: 7 }),
    "Produce v7 request: acks=-1 timeoutMs=1000 topicData=[{name=t partitionData=[" +
      [0, 1, 2, 3].map((index) => `{index=${index} records=<100 bytes>}`).join(", ") +
      ", 2 more]}]",
  );
});

Deno.test("a field that the version lacks does not appear, and -1 for unknown neither", () => {
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }];
  const message = { replicaId: -1, isolationLevel: 1, topics: [{ name: "t", partitions }] };
  assertEquals(
    traceMessage(ListOffsets, message, { side: "request", version: 1 }),
    "ListOffsets v1 request: replicaId=-1 topics=[{name=t partitions=" +
      "[{partitionIndex=0 timestamp=-1}]}]",
  );
});

Deno.test("long text is cut, and stays on one line", () => {
  const line = traceMessage(Fetch, {
    maxWaitMs: 500,
    minBytes: 1,
    topics: [],
    rackId: "two\nlines " + "x".repeat(1000),
  }, { side: "request", version: 12 });
  assert(line.includes('rackId="two\\nlines xxx'), line);
  assert(line.length < 160 && !line.includes("\n"), line);
});
