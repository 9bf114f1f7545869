// What --trace prints: names and values that a person can follow, on one short line.

import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../base/bytes.ts";
import { EndTxn } from "./apis/26_end_txn.ts";
import { AlterConfigs } from "./apis/33_alter_configs.ts";
import { ListConfigResources } from "./apis/74_list_config_resources.ts";
import { everyApi } from "../../scripts/every_api.ts";
import { Fetch, Heartbeat, ListOffsets, Metadata, Produce } from "./apis/mod.ts";
import { decodeResponse, encodeResponse } from "./frame.ts";
import { traceMessage } from "./trace.ts";
import type { Fields, WireType } from "./types.ts";

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
      "topics=[{errorCode=UNKNOWN_TOPIC_OR_PARTITION " +
      '(no topic has this name, and none was to be created) name="no such topic"}, ' +
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
    "Produce v7 request: acks=all timeoutMs=1000 topicData=[{name=t partitionData=[" +
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
      "[{partitionIndex=0 timestamp=latest}]}]",
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

/** A line end, a colour in seven and in eight bits, a reversed reading, a separator. */
const rude = "a\nb \x1b[31m\x9b32m\x7f\u202e\u2028";

/** A message whose every text is `rude`, but for the names of configuration keys. */
function rudeMessage(fields: Fields): Record<string, unknown> {
  const hasConfig = Object.values(fields).some(({ isConfigValue }) => isConfigValue);
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      if (field.isConfigValue) return [name, "the secret"];
      return [name, hasConfig && name === "name" ? "a.key" : rudeValue(field.wire)];
    }),
  );
}

function rudeValue(wire: WireType): unknown {
  switch (wire.kind) {
    case "array":
      return [rudeValue(wire.element)];
    case "struct":
      return rudeMessage(wire.fields);
    case "bytes":
    case "records":
      return new TextEncoder().encode(`the secret ${rude}`);
    case "string":
    case "uuid":
      return rude;
    case "bool":
      return true;
    default:
      return 7;
  }
}

Deno.test("no text, no bytes and no secret of any message get into its line as they are", () => {
  for (const api of everyApi.values()) {
    for (const side of ["request", "response"] as const) {
      for (let version = api.versions.min; version <= api.versions.max; version++) {
        const message = rudeMessage(api[side].fields);
        const line = traceMessage(api, message, { side, version, isSecretKey: () => true });
        assert(!/[\p{C}\u2028\u2029]/u.test(line), JSON.stringify(line));
        assert(!line.includes("the secret"), line);
      }
    }
  }
});

Deno.test("the value of a configuration key is shown where it is known to be no secret", () => {
  const configs = [{ name: "retention.ms", value: "1000" }, { name: "my.key", value: "hunter2" }];
  const message = {
    resources: [{ resourceType: 2, resourceName: "orders", configs }],
    validateOnly: false,
  };
  const line = (isSecretKey?: (name: string) => boolean) =>
    traceMessage(AlterConfigs, message, { side: "request", version: 1, isSecretKey });
  const start =
    "AlterConfigs v1 request: resources=[{resourceType=topic resourceName=orders configs=[";
  assertEquals(
    line((name) => name !== "retention.ms"),
    start + "{name=retention.ms value=1000}, {name=my.key value=(hidden)}]}]",
  );
  assertEquals(
    line(),
    start + "{name=retention.ms value=(hidden)}, {name=my.key value=(hidden)}]}]",
  );
});

Deno.test("an error comes with when it is given, once in a line", () => {
  const partition = (partitionIndex: number, errorCode: number) => ({
    partitionIndex,
    errorCode,
    timestamp: -1,
    offset: -1,
  });
  const topics = [{ name: "t", partitions: [partition(0, 6), partition(1, 6), partition(2, 74)] }];
  assertEquals(
    traceMessage(ListOffsets, { topics }, { side: "response", version: 1 }),
    "ListOffsets v1 response: topics=[{name=t partitions=[" +
      "{partitionIndex=0 errorCode=NOT_LEADER_OR_FOLLOWER (another broker leads the partition)}, " +
      "{partitionIndex=1 errorCode=NOT_LEADER_OR_FOLLOWER}, " +
      "{partitionIndex=2 errorCode=FENCED_LEADER_EPOCH " +
      "(the reader's leader epoch is old: get the metadata anew)}]}]",
  );
});

Deno.test("an error that the table does not list comes with what it means at all", () => {
  const line = (errorCode: number) =>
    traceMessage(Heartbeat, { errorCode }, { side: "response", version: 0 });
  assertEquals(
    line(56),
    "Heartbeat v0 response: errorCode=KAFKA_STORAGE_ERROR " +
      "(the log directory cannot be read or written)",
  );
  assertEquals(
    line(999),
    "Heartbeat v0 response: errorCode=ERROR_999 (error code 999 is not known)",
  );
});

Deno.test("well-known numbers are words, in lists too, and others stay numbers", () => {
  const asked = (timestamp: number | bigint) =>
    traceMessage(ListOffsets, {
      replicaId: -1,
      isolationLevel: 1,
      topics: [{ name: "t", partitions: [{ partitionIndex: 0, timestamp }] }],
    }, { side: "request", version: 2 });
  const start = "ListOffsets v2 request: replicaId=-1 isolationLevel=read_committed " +
    "topics=[{name=t partitions=[{partitionIndex=0 timestamp=";
  assertEquals(asked(-2), `${start}earliest}]}]`);
  assertEquals(asked(1234), `${start}1234}]}]`);
  assertEquals(asked(2n ** 60n), `${start}1152921504606846976}]}]`);
  const resources = { resourceTypes: [2, 32, 77] };
  assertEquals(
    traceMessage(ListConfigResources, resources, { side: "request", version: 1 }),
    "ListConfigResources v1 request: resourceTypes=[topic, group, 77]",
  );
});

Deno.test("whether a transaction is committed or aborted is a word, also where it is false", () => {
  const asked = (committed: boolean) =>
    traceMessage(EndTxn, { transactionalId: "t", producerId: 7, producerEpoch: 1, committed }, {
      side: "request",
      version: 3,
    });
  const start = "EndTxn v3 request: transactionalId=t producerId=7 producerEpoch=1";
  assertEquals(asked(true), `${start} committed=commit`);
  assertEquals(asked(false), `${start} committed=abort`);
});
