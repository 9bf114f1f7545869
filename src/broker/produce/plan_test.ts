// What a Produce request is planned as, and what comes of a plan.

import { assert, assertEquals } from "@std/assert";
import { logRig, recordsFrom } from "../../../tests/harness/log_rig.ts";
import type { MemoryShare } from "../../base/memory_share.ts";
import { utf8 } from "../../base/bytes.ts";
import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { firstOf, missing } from "../../base/items.ts";
import { MemoryMetadataStore } from "../../cluster/mod.ts";
import { type LogConfig, Slices } from "../../log/mod.ts";
import { ErrorCode, errorName } from "../../protocol/mod.ts";
import { type BatchInput, buildBatch, buildEndTransactionMarker } from "../../records/mod.ts";
import { zlibCodecs } from "../../runtime/codecs.ts";
import type { May } from "../access/authorizer.ts";
import { MemoryBudget } from "../limits/memory_budget.ts";
import { Partition } from "../logs/partition.ts";
import type { TransactionClaim } from "../transactions/transactions.ts";
import type { TransactionCoordinator } from "../transactions/transaction_verification.ts";
import { appendPlan } from "./append.ts";
import {
  type Done,
  type DoneFor,
  type PartitionData,
  planProduce,
  type ProducePlan,
  type ProduceRequest,
} from "./plan.ts";
import { prepare } from "./prepare.ts";

const topicId: Uuid = "qVNPd6uSQ9KXuwz2ybfVIw";

interface WorldOptions {
  readonly config?: Partial<LogConfig>;
  /** Of partition 0; partition 1 has one less. */
  readonly isr?: number[];
  readonly may?: May;
  readonly version?: number;
}

/** The topic `orders` with two partitions here, and a topic of the cluster's own. */
async function world({ config, isr = [1, 2], may = () => true, version = 9 }: WorldOptions = {}) {
  const rig = logRig(config);
  const image = new MemoryMetadataStore();
  const partition = (partitionId: number, inSync: number[]) => ({
    type: "PartitionRecord" as const,
    version: 0,
    fields: {
      partitionId,
      topicId,
      replicas: [1, 2],
      isr: inSync,
      removingReplicas: [],
      addingReplicas: [],
      leader: 1,
      leaderEpoch: 3,
      partitionEpoch: 0,
    },
  });
  await image.append([
    { type: "TopicRecord", version: 0, fields: { name: "orders", topicId } },
    partition(0, isr),
    partition(1, isr.slice(1)),
  ]);
  const clock = { now: () => 0, monotonic: () => 0 };
  const timers = { after: () => ({ cancel() {} }), turn: () => Promise.resolve() };
  const here = new Map<string, Partition>();
  const slices = new Slices({ clock, timers });
  for (const id of [0, 1]) {
    const log = await rig.open({ partition: id, slices });
    const appended = { batches: 0, records: 0, bytes: 0 };
    here.set(`orders-${id}`, new Partition(log, { leaderEpoch: 3, appended }));
  }
  here.set("__own-0", here.get("orders-0")!);
  const services = {
    metadata: { image: image.image, leaderEpoch: 0 },
    partitions: {
      get: (topic: string, id: number) => here.get(`${topic}-${id}`),
      find: (topic: string, id: number) =>
        here.get(`${topic}-${id}`) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    },
    topics: {
      logConfig: () => rig.config,
      isInternal: (name: string) => name.startsWith("__"),
      minInSyncReplicas: () => 2,
    },
  } as unknown as Parameters<typeof planProduce>[1]["services"];
  const context = { services, version, may };
  const plan = (request: ProduceRequest, done?: Done) => planProduce(request, context, done);
  return { rig, here, plan };
}

function batch(input: Partial<BatchInput> & { valueBytes?: number } = {}): Uint8Array {
  const { valueBytes = 10, ...rest } = input;
  const records = [{ key: utf8("k"), value: new Uint8Array(valueBytes) }];
  return buildBatch({ records, timestamp: 1000, ...rest }, zlibCodecs);
}

/** A request whose topic has a partition for each of `records`. */
function requestOf(
  records: readonly (Uint8Array | null)[],
  o: { name?: string; id?: Uuid; acks?: number; transactionalId?: string | null } = {},
): ProduceRequest {
  const { name = "orders", id = ZERO_UUID, acks = 1, transactionalId = null } = o;
  const partitionData = records.map((each, index) => ({ index, records: each }));
  return {
    transactionalId,
    acks,
    timeoutMs: 1000,
    topicData: [{ name, topicId: id, partitionData }],
  };
}

/** What each partition of a plan comes to, in a word. */
function wordsOf({ topics }: ProducePlan): string[] {
  return topics.flatMap(({ partitions }) =>
    partitions.map((each) => {
      if ("errorCode" in each) return errorName(each.errorCode);
      if (each.due?.kind === "load") return `write, due: load ${each.due.codec}`;
      return each.due === undefined ? "write" : `write, due: ${each.due.kind}`;
    })
  );
}

Deno.test("each partition of a request is a write or a refusal by itself", async () => {
  const { plan } = await world();
  const planned = plan(requestOf([batch(), null, batch()]));
  assertEquals(wordsOf(planned), ["write", "INVALID_RECORD", "UNKNOWN_TOPIC_OR_PARTITION"]);
  assertEquals(planned.due, []);
});

Deno.test("packed batches are looked at as they are appended, while a slice lasts", async () => {
  const { plan } = await world();
  const packed = batch({ valueBytes: 400_000, compression: "zstd" });
  assertEquals(wordsOf(plan(requestOf([packed, packed]))), ["write", "write"]);
  assertEquals(wordsOf(plan(requestOf([packed, batch()]))), ["write, due: check", "write"]);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(wordsOf(plan(requestOf([packed]))), ["write"]);
  const heavy = batch({ valueBytes: 600_000, compression: "zstd" });
  assertEquals(wordsOf(plan(requestOf([batch(), heavy]))), ["write", "write, due: check"]);
});

Deno.test("what a plan has read of a batch goes along with its bytes", async () => {
  const { plan, here } = await world();
  const planned = plan(requestOf([batch()]));
  const [write = missing()] = firstOf(planned.topics).partitions;
  if ("errorCode" in write || write.payload.magic !== 2) throw new Error("it is no batch");
  assertEquals(write.payload.header.recordCount, 1);
  const answers = await appendPlan(planned, (answers) => answers);
  assertEquals(firstOf(firstOf(answers).partitionResponses).baseOffset, 0);
  assertEquals((await recordsFrom(here.get("orders-0")!.log)).length, 1);
});

Deno.test("who may not write to a topic learns nothing of its partitions", async () => {
  const asked: string[] = [];
  const may: May = (operation, { type, name }) => {
    asked.push(`${operation} ${type} ${name}`);
    return false;
  };
  const { plan } = await world({ may });
  const refused = "TOPIC_AUTHORIZATION_FAILED";
  assertEquals(wordsOf(plan(requestOf([batch(), null, batch()]))), [refused, refused, refused]);
  assertEquals(asked, ["write topic orders"], "it is asked for once");
});

Deno.test("a topic id that nobody has comes before the question who may write to it", async () => {
  const { plan } = await world({ version: 13, may: () => false });
  assertEquals(wordsOf(plan(requestOf([batch()]))), ["UNKNOWN_TOPIC_ID"]);
  assertEquals(wordsOf(plan(requestOf([batch()], { id: topicId }))), [
    "TOPIC_AUTHORIZATION_FAILED",
  ]);
});

Deno.test("what a version may carry decides what is a payload at all", async () => {
  const zstd = batch({ compression: "zstd" });
  assertEquals(wordsOf((await world({ version: 7 })).plan(requestOf([zstd]))), ["write"]);
  assertEquals(wordsOf((await world({ version: 6 })).plan(requestOf([zstd]))), [
    "UNSUPPORTED_COMPRESSION_TYPE",
  ]);
  const old = batch();
  old[16] = 1;
  assertEquals(wordsOf((await world({ version: 3 })).plan(requestOf([old]))), ["INVALID_RECORD"]);
  assertEquals(wordsOf((await world({ version: 2 })).plan(requestOf([old]))), ["write"]);
});

Deno.test("acks=all needs enough replicas in sync, the others do not", async () => {
  const { plan } = await world();
  const both = [batch(), batch()];
  assertEquals(wordsOf(plan(requestOf(both, { acks: -1 }))), ["write", "NOT_ENOUGH_REPLICAS"]);
  assertEquals(wordsOf(plan(requestOf(both, { acks: 1 }))), ["write", "write"]);
});

Deno.test("topics of the cluster's own are refused", async () => {
  const { plan } = await world();
  assertEquals(wordsOf(plan(requestOf([batch()], { name: "__own" }))), ["INVALID_TOPIC_EXCEPTION"]);
});

Deno.test("a topic without partitions is left out", async () => {
  const { plan } = await world();
  assertEquals(plan(requestOf([])).topics, []);
});

Deno.test("a batch that takes long is due to be checked, with memory for it claimed", async () => {
  const { plan, here } = await world({ config: { compression: "gzip" } });
  const heavy = batch({ valueBytes: 200_000 });
  const request = requestOf([batch(), heavy]);
  const first = plan(request);
  assertEquals(wordsOf(first), ["write", "write, due: check"]);
  const done = new Map<PartitionData, DoneFor>();
  const claims = claimsOf(memory.work);
  await prepare(first, { memory, transactions: nobody, done });
  assert(claims.most > 0, "what is packed was claimed");
  assertEquals(memory.work.bytes, 0, "and is given back");
  assertEquals(here.get("orders-0")!.log.logEndOffset, 0, "nothing was appended meanwhile");
  const second = plan(request, done);
  assertEquals([wordsOf(second), second.due], [["write", "write"], []]);
  const answers = await appendPlan(second, (answers) => answers);
  assertEquals(firstOf(answers).partitionResponses.map(({ baseOffset }) => baseOffset), [0, 0]);
});

Deno.test("a plan that is made again sees what has gone meanwhile", async () => {
  const { plan, here } = await world();
  const request = requestOf([batch(), batch()]);
  assertEquals(wordsOf(plan(request)), ["write", "write"]);
  here.delete("orders-1");
  assertEquals(wordsOf(plan(request)), ["write", "UNKNOWN_TOPIC_OR_PARTITION"]);
});

Deno.test("what is led elsewhere by the time of the append takes nothing", async () => {
  const { plan, here } = await world();
  const planned = plan(requestOf([batch(), batch()]));
  here.get("orders-0")!.follow(4);
  const [{ partitionResponses } = missing()] = await appendPlan(planned, (answers) => answers);
  assertEquals(partitionResponses.map(({ errorCode }) => errorCode), [
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.NONE,
  ]);
});

const verified = { transactionsAreVerified: true };
const memory = new MemoryBudget({
  bytesMax: () => 1 << 28,
  answersBytesMax: () => 1 << 28,
  machineBytes: 1 << 30,
});

/** A batch of producer 5's transaction. */
function within(input: Partial<BatchInput> = {}): Uint8Array {
  const producer = { producerId: 5, producerEpoch: 0, baseSequence: 0, isTransactional: true };
  return batch({ ...producer, ...input });
}

/** A coordinator that says this of every partition, and what it was asked. */
function coordinatorOf(errorCode: ErrorCode, onAsked: () => void = () => {}) {
  const asked: string[] = [];
  const note = (what: string, { transactionalId, partitions }: TransactionClaim) => {
    const names = partitions.map(({ topic, partition }) => `${topic}-${partition}`);
    asked.push(`${what} ${names.join(" ")} for ${transactionalId}`);
    onAsked();
  };
  const coordinator: TransactionCoordinator = {
    verify(claim) {
      note("verify", claim);
      return Promise.resolve(claim.partitions.map(() => errorCode));
    },
    add(claim) {
      note("add", claim);
      return Promise.resolve(errorCode);
    },
  };
  return { asked, coordinator };
}

/** Plans, does what is due, and appends: the error of each partition. */
async function produced(
  request: ProduceRequest,
  { plan, coordinator }: {
    plan: (request: ProduceRequest, done?: Done) => ProducePlan;
    coordinator: TransactionCoordinator;
  },
): Promise<string[]> {
  const done = new Map<PartitionData, DoneFor>();
  let planned = plan(request);
  while (planned.due.length > 0) {
    await prepare(planned, { memory, transactions: coordinator, done });
    planned = plan(request, done);
  }
  const topics = await appendPlan(planned, (answers) => answers);
  return topics.flatMap(({ partitionResponses }) =>
    partitionResponses.map(({ errorCode }) => errorName(errorCode))
  );
}

Deno.test("a transaction's first batch in a partition is verified, the next is not", async () => {
  const { plan } = await world({ config: verified });
  const { asked, coordinator } = coordinatorOf(ErrorCode.NONE);
  const first = requestOf([within(), within()], { transactionalId: "t" });
  assertEquals(wordsOf(plan(first)), ["write, due: verify", "write, due: verify"]);
  assertEquals(await produced(first, { plan, coordinator }), ["NONE", "NONE"]);
  assertEquals(asked, ["verify orders-0 orders-1 for t"], "with one question for both");
  const second = requestOf([within({ baseSequence: 1 })], { transactionalId: "t" });
  assertEquals(wordsOf(plan(second)), ["write"]);
  assertEquals(await produced(second, { plan, coordinator }), ["NONE"]);
});

Deno.test("from version 12 on the broker adds the partitions itself", async () => {
  for (const transactionsAreVerified of [true, false]) {
    const { plan } = await world({ config: { transactionsAreVerified }, version: 12 });
    const { asked, coordinator } = coordinatorOf(ErrorCode.NONE);
    const request = requestOf([within()], { transactionalId: "t" });
    assertEquals(await produced(request, { plan, coordinator }), ["NONE"]);
    assertEquals(asked, ["add orders-0 for t"]);
  }
});

Deno.test("without verification older producers' transactions are taken at once", async () => {
  const { plan } = await world({ version: 11 });
  const request = requestOf([within()], { transactionalId: "t" });
  assertEquals(wordsOf(plan(request)), ["write"]);
});

Deno.test("what a coordinator says is told in words that the version has", async () => {
  const told: [ErrorCode, ...string[]][] = [
    [ErrorCode.NONE, "NONE", "NONE", "NONE"],
    [
      ErrorCode.TRANSACTION_ABORTABLE,
      "INVALID_TXN_STATE",
      "TRANSACTION_ABORTABLE",
      "TRANSACTION_ABORTABLE",
    ],
    [ErrorCode.PRODUCER_FENCED, ...Array(3).fill("INVALID_PRODUCER_EPOCH")],
    [ErrorCode.INVALID_PRODUCER_ID_MAPPING, ...Array(3).fill("INVALID_PRODUCER_ID_MAPPING")],
    [
      ErrorCode.CONCURRENT_TRANSACTIONS,
      "NOT_ENOUGH_REPLICAS",
      "NOT_ENOUGH_REPLICAS",
      "CONCURRENT_TRANSACTIONS",
    ],
    [ErrorCode.NOT_COORDINATOR, ...Array(3).fill("NOT_ENOUGH_REPLICAS")],
    [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ...Array(3).fill("NOT_ENOUGH_REPLICAS")],
  ];
  for (const [errorCode, ...expected] of told) {
    const found: string[] = [];
    for (const version of [10, 11, 12]) {
      const { plan } = await world({ config: verified, version });
      const { coordinator } = coordinatorOf(errorCode);
      const request = requestOf([within()], { transactionalId: "t" });
      found.push(...await produced(request, { plan, coordinator }));
    }
    assertEquals(found, expected, errorName(errorCode));
  }
});

Deno.test("what its marker has overtaken does not begin a transaction again", async () => {
  const { plan, here } = await world({ config: verified });
  const marker = buildEndTransactionMarker({
    committed: false,
    producerId: 5,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestamp: 1000,
  });
  const { log } = here.get("orders-0")!;
  const { coordinator } = coordinatorOf(ErrorCode.NONE, () => {
    assert(log.append(marker, { leaderEpoch: 3, origin: "coordinator" }).ok);
  });
  const request = requestOf([within()], { transactionalId: "t" });
  assertEquals(await produced(request, { plan, coordinator }), ["INVALID_TXN_STATE"]);
  assertEquals(log.lastStableOffset, log.logEndOffset);
});

Deno.test("records of a transaction need its id, and one producer", async () => {
  const both = [batch(), within()];
  const refused = (errorName: string) => [errorName, errorName];
  const { plan } = await world();
  const noId = "TRANSACTIONAL_ID_AUTHORIZATION_FAILED";
  assertEquals(wordsOf(plan(requestOf(both))), refused(noId));
  const denied = await world({ may: (_, { type }) => type !== "transactionalId" });
  assertEquals(wordsOf(denied.plan(requestOf(both, { transactionalId: "t" }))), refused(noId));
  for (const other of [{ producerId: 6 }, { producerEpoch: 1 }]) {
    const two = requestOf([within(), within(other)], { transactionalId: "t" });
    assertEquals(wordsOf(plan(two)), refused("INVALID_PRODUCER_ID_MAPPING"));
  }
  const plain = requestOf([batch()], { transactionalId: "t" });
  assertEquals(wordsOf(plan(plain)), ["write"], "who names an id need not use it");
});

/** No transaction is asked about. */
const nobody: TransactionCoordinator = {
  verify: () => Promise.reject(new Error("nobody was to be asked")),
  add: () => Promise.reject(new Error("nobody was to be asked")),
};

/** Sees the most that was ever out of a share. */
function claimsOf(share: MemoryShare): { readonly most: number } {
  const claims = { most: 0 };
  const take = share.take.bind(share);
  share.take = (bytes) => {
    claims.most = Math.max(claims.most, bytes);
    return take(bytes);
  };
  return claims;
}
