// The audit log, as an operator reads it: who came in, who was denied what, who changed what; that
// it stays small. That no secret is in it: secrets_test.ts.

import { assert, assertEquals } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { PlatformFault } from "../../src/base/faults.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files, OpenFile, OpenMode } from "../../src/runtime/ports.ts";
import { SaslHandshake } from "../../src/protocol/apis/17_sasl_handshake.ts";
import { SaslAuthenticate } from "../../src/protocol/apis/36_sasl_authenticate.ts";
import { ElectLeaders } from "../../src/protocol/apis/43_elect_leaders.ts";
import { WriteTxnMarkers } from "../../src/protocol/apis/27_write_txn_markers.ts";
import { OffsetDelete } from "../../src/protocol/apis/47_offset_delete.ts";
import { AlterShareGroupOffsets } from "../../src/protocol/apis/91_alter_share_group_offsets.ts";
import { DeleteShareGroupOffsets } from "../../src/protocol/apis/92_delete_share_group_offsets.ts";
import {
  CreateTopics,
  DeleteGroups,
  ErrorCode,
  Metadata,
  Produce,
} from "../../src/protocol/mod.ts";
import { type RawClient, request } from "../harness/raw_client.ts";
import { batchOf, produceRequest } from "../harness/raw_requests.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";
import { simulated } from "../harness/simulated_broker.ts";

const jaas = "PlainLoginModule required user_alice=a-secret user_bob=b-secret;";
const settings = {
  "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
  "sasl.enabled.mechanisms": "PLAIN",
  "listener.name.plaintext.plain.sasl.jaas.config": jaas,
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:alice",
  "ottla.audit.log": "/data/audit.log",
};

const clock = { now: () => 1, monotonic: () => 1 };

type Line = Record<string, unknown>;

function readText(files: Files, path: string): string {
  const file = files.open(path, "read");
  const bytes = new Uint8Array(file.size);
  file.readAt(0, bytes);
  file.close();
  return new TextDecoder().decode(bytes);
}

function linesOf(files: Files, path = "/data/audit.log"): Line[] {
  const lines = readText(files, path).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line));
}

async function logIn(client: RawClient, user: string, password: string) {
  await client.ask(SaslHandshake, 1, { mechanism: "PLAIN" });
  return await client.ask(SaslAuthenticate, 2, { authBytes: utf8(`\0${user}\0${password}`) });
}

const creation = (name: string) => ({
  topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  timeoutMs: 10_000,
  validateOnly: false,
});

Deno.test("who came in, who was denied and who changed what is a line each", async () => {
  const files = memoryFiles({ clock });
  await simulated({ settings, files }, async ({ connect, pass }) => {
    using alice = await connect();
    await logIn(alice, "alice", "a-secret");
    await alice.ask(CreateTopics, 5, creation("orders"));
    await alice.ask(CreateTopics, 5, creation("orders"));
    using bob = await connect();
    await logIn(bob, "bob", "b-secret");
    const records = batchOf(["a record"]);
    for (let i = 0; i < 5; i++) {
      await bob.ask(Produce, 9, produceRequest({ topic: "orders", records, acks: -1 }));
    }
    await bob.ask(CreateTopics, 5, creation("bills"));
    // Without an answer all that its client notices is the end of the connection.
    using silent = await connect();
    await logIn(silent, "bob", "b-secret");
    await silent.send(request(Produce, 9, produceRequest({ topic: "quiet", records, acks: 0 })));
    await silent.assertClosed();
    for (let i = 0; i < 3; i++) {
      using stranger = await connect();
      await logIn(stranger, "bob", "a-guess");
    }
    await alice.ask(Metadata, 12, {
      topics: [{ name: "named" }] as never,
      allowAutoTopicCreation: true,
    });
    await pass(20_000);
  });
  const lines = linesOf(files);
  const said = lines.map(({ event, principal, outcome, api, errors, named, repeated }) =>
    [event, principal, outcome ?? api, errors, named, repeated].filter((each) => each !== undefined)
  );
  const [taken, denied] = ["TOPIC_ALREADY_EXISTS", "TOPIC_AUTHORIZATION_FAILED"];
  assertEquals(said, [
    ["authentication", "User:alice", "in"],
    ["change", "User:alice", "CreateTopics", []],
    ["change", "User:alice", "CreateTopics", [taken]],
    ["authentication", "User:bob", "in"],
    ["denied", "User:bob", "Produce", [denied], ["orders"]],
    ["denied", "User:bob", "CreateTopics", [denied], ["bills"]],
    ["change", "User:bob", "CreateTopics", [denied]],
    ["authentication", "User:bob", "in"],
    ["denied", "User:bob", "Produce", [denied], ["quiet"]],
    ["authentication", "refused"],
    ["change", "User:alice", "Metadata", []],
    ["denied", "User:bob", "Produce", [denied], ["orders"], 4],
    ["authentication", "refused", 2],
  ]);
  for (const line of lines) {
    assert(/^\d{4}-\d\d-\d\dT.*Z$/.test(String(line["at"])), JSON.stringify(line));
    assertEquals(line["listener"], "PLAINTEXT");
    assert(typeof line["host"] === "string");
  }
  const [, created] = lines;
  assertEquals(
    created?.["asked"],
    "CreateTopics v5 request: topics=[{name=orders numPartitions=1 replicationFactor=1}] " +
      "timeoutMs=10000",
  );
});

Deno.test("a transaction ended by hand is a change, and what brokers write is none", async () => {
  const [path, internal] = ["/audit.log", "__transaction_state"];
  const settings = { "ottla.audit.log": path, "transaction.state.log.num.partitions": 1 };
  await simulatedCluster({ brokers: 2, settings }, async (scene) => {
    const asked = await scene.client();
    const topics = [1, 2].map((id) => ({ name: `of-${id}`, assignments: [[id]] }));
    for (const topic of topics) await createTopic(asked, topic);
    const producer = new Producer(asked, { transactionalId: "orders" });
    // The second one begins when the markers of the first are there.
    for (const value of ["a", "b"]) {
      await producer.transaction(async (tx) => {
        for (const { name } of topics) await tx.send({ topic: name, partition: 0, value });
      });
    }
    await producer.close();
    const other = 3 - scene.partition(internal, 0).leader;
    const ended = () =>
      linesOf(scene.files(other), path).filter(({ api }) => api === "WriteTxnMarkers");
    assertEquals(ended(), []);
    using hand = await scene.connect(other);
    const marker = {
      producerId: 5,
      producerEpoch: 0,
      transactionResult: false,
      topics: [{ name: `of-${other}`, partitionIndexes: [0] }],
      coordinatorEpoch: 0,
      transactionVersion: 0,
    };
    await hand.ask(WriteTxnMarkers, 1, { markers: [marker] });
    assertEquals(ended().length, 1);
  });
});

Deno.test("leaders that are elected, and what is forgotten of groups, are changes", async () => {
  const files = memoryFiles({ clock });
  await simulated({ settings, files }, async ({ connect }) => {
    using alice = await connect();
    await logIn(alice, "alice", "a-secret");
    await alice.ask(ElectLeaders, 2, { electionType: 1, topicPartitions: null });
    await alice.ask(DeleteGroups, 2, { groupsNames: ["readers"] });
    await alice.ask(OffsetDelete, 0, { groupId: "readers", topics: [] });
    await alice.ask(AlterShareGroupOffsets, 0, { groupId: "workers", topics: [] });
    await alice.ask(DeleteShareGroupOffsets, 0, { groupId: "workers", topics: [] });
  });
  const changes = linesOf(files).filter(({ event }) => event === "change");
  assertEquals(changes.map(({ api }) => api), [
    "ElectLeaders",
    "DeleteGroups",
    "OffsetDelete",
    "AlterShareGroupOffsets",
    "DeleteShareGroupOffsets",
  ]);
});

Deno.test("the log is begun anew when it is full, and so many older ones are kept", async () => {
  const files = memoryFiles({ clock });
  const small = { "ottla.audit.log.bytes": 4_096, "ottla.audit.log.older": 2 };
  await simulated({ settings: { ...settings, ...small }, files }, async ({ connect }) => {
    using alice = await connect();
    await logIn(alice, "alice", "a-secret");
    for (let i = 0; i < 60; i++) await alice.ask(CreateTopics, 5, creation(`topic-${i}`));
  });
  const names = files.list("/data").filter((name) => name.startsWith("audit.log"));
  assertEquals(names, ["audit.log", "audit.log.1", "audit.log.2"]);
  for (const name of names) assert(readText(files, `/data/${name}`).length <= 4_096, name);
  const last = linesOf(files).at(-1);
  assert(String(last?.["asked"]).includes("topic-59"));
});

Deno.test("a log that cannot be written is told of, and holds nobody up", async () => {
  const files = memoryFiles({ clock });
  const open = files.open.bind(files);
  const failing = Object.assign(files, {
    open(path: string, mode: OpenMode): OpenFile {
      if (!path.endsWith("audit.log")) return open(path, mode);
      return {
        ...open(path, mode),
        size: 0,
        append: () => {
          throw new PlatformFault("NoSpace", "no space left on the device");
        },
        readAt: () => 0,
        close: () => {},
      };
    },
  });
  const told: string[] = [];
  const onLine = ({ message }: { message: string }) => told.push(message);
  await simulated({ settings, files: failing, onLine }, async ({ connect }) => {
    using alice = await connect();
    assertEquals((await logIn(alice, "alice", "a-secret")).errorCode, ErrorCode.NONE);
    await alice.ask(Metadata, 12, { topics: null });
  });
  assert(told.includes("what clients do cannot be written to the audit log"), told.join("\n"));
});
