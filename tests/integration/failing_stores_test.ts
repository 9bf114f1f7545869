// What handlers ask of the disk fails under them, call by call: for every API, the first call that
// its request causes, then the second, and so on until none is left.
//
//   a folder with topics, records and groups --copy--> start --> arm --> request --> an answer
//
// Whatever fails, the request is answered, with codes that clients know what to do with; the
// connection lives on, unless the broker itself cannot; and what lies on another disk is answered
// as if nothing had happened.

import { assert, assertEquals } from "@std/assert";
import { AssertionError } from "../../src/base/assert.ts";
import { allHandlers } from "../../src/broker/mod.ts";
import {
  type AnyApi,
  ApiVersions,
  ErrorCode,
  FindCoordinator,
  InitProducerId,
  Metadata,
  Produce,
} from "../../src/protocol/mod.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { copyFolder, FailingFiles, type Failure } from "../harness/failing_files.ts";
import { batchOf, produceRequest } from "../harness/raw_requests.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { simulated, type SimulatedScene } from "../harness/simulated_broker.ts";
import {
  apiNamed,
  errorsIn,
  expectedErrors,
  type Names,
  smallRequests,
} from "../harness/small_requests.ts";

const settings = {
  "log.dirs": "/a,/b",
  "offsets.topic.num.partitions": "2",
  "transaction.state.log.num.partitions": "2",
  "share.coordinator.state.topic.num.partitions": "2",
  "group.initial.rebalance.delay.ms": "0",
};
const clock = { now: () => 0, monotonic: () => 0 };

/** Two disks with what requests are about. */
interface Fixture {
  readonly files: Files;
  /** Of the topic `bad`. */
  readonly topicId: string;
  /** Of the one member of `members`. */
  readonly memberId: string;
}

/** Groups on the partitions of __consumer_offsets: the first disk has 1, the second has 0. */
const [goodGroup, badGroup, members] = ["group-1", "group-0", "group-3"];

const anyNames: Names = {
  version: 0,
  topic: "bad",
  topicId: "",
  newTopic: "new",
  group: goodGroup,
  memberId: "",
};

// deno-lint-ignore no-explicit-any
type Any = any;

function ask(
  client: RawClient,
  name: string,
  names: Partial<Names> & { version: number },
): Promise<Any> {
  const message = smallRequests[name]({ ...anyNames, ...names });
  return client.ask(apiNamed(name), names.version, message);
}

/** The second disk has the topic `bad`, the first one has `good`, and the metadata. */
async function makeFixture(): Promise<Fixture> {
  const files = memoryFiles({ clock });
  let made: Omit<Fixture, "files"> | undefined;
  await simulated({ files, settings }, async ({ connect }) => {
    using client = await connect();
    made = await fill(client);
  });
  for (const each of ["/b/bad-0", "/b/__consumer_offsets-0"]) assert(files.stat(each), each);
  for (const each of ["/a/good-0", "/a/__consumer_offsets-1", "/a/__cluster_metadata-0"]) {
    assert(files.stat(each), each);
  }
  return { ...made!, files };
}

async function fill(client: RawClient): Promise<Omit<Fixture, "files">> {
  const { topics: [bad] } = await ask(client, "CreateTopics", { version: 7, newTopic: "bad" });
  await ask(client, "CreateTopics", { version: 7, newTopic: "good" });
  await client.findCoordinator();
  await ask(client, "CreateTopics", { version: 7, newTopic: "old" });
  for (const [topic, group] of [["bad", badGroup], ["good", goodGroup]]) {
    const message = produceRequest({ topic, records: batchOf(["first", "second"]) });
    const { responses } = await client.ask(Produce, 9, message);
    assertEquals(errorsIn(responses), []);
    await ask(client, "OffsetCommit", { version: 5, group, topic });
  }
  const { memberId } = await ask(client, "JoinGroup", { version: 3, group: members });
  await ask(client, "SyncGroup", { version: 3, group: members, memberId });
  return { topicId: bad.topicId, memberId };
}

let fixtureOnce: Promise<Fixture> | undefined;
const fixture = () => fixtureOnce ??= makeFixture();

/** A conversation in which a call is going to fail. */
interface Case {
  readonly name: string;
  readonly api: AnyApi;
  /** Otherwise all that are served. */
  readonly versions?: readonly number[];
  /** Calls count from the start on, so that those of loading groups do, too. */
  readonly fromStart?: boolean;
  /** On empty disks. */
  readonly isFresh?: boolean;
  /** Asked before calls count; what it answers changes the names. */
  readonly before?: (client: RawClient) => Promise<Partial<Names>>;
  message(names: Names): Record<string, unknown>;
  /** Judges what is there after an answer: what was said holds. */
  readonly after?: (client: RawClient, answer: unknown) => Promise<void>;
}

interface Run {
  readonly answer: unknown;
  /** The call that failed; undefined: there were not so many. */
  readonly failed: string | undefined;
}

/** Holds the conversation on a copy of the fixture, and lets a call fail. */
async function hold(one: Case, version: number, failure: Failure): Promise<Run> {
  const made = await fixture();
  const files = memoryFiles({ clock });
  for (const folder of one.isFresh ? [] : ["/a", "/b"]) {
    copyFolder(folder, { from: made.files, to: files });
  }
  const failing = new FailingFiles(files);
  const onStarted = () => one.fromStart && failing.arm(failure);
  let run: Run | undefined;
  await simulated({ files: failing.files, settings, onStarted }, async (scene) => {
    using client = await scene.connect();
    const { topicId, memberId } = made;
    const names = { ...anyNames, topicId, memberId, ...await one.before?.(client), version };
    if (!one.fromStart) failing.arm(failure);
    const answer = await client.ask(one.api, version, one.message(names));
    run = { answer, failed: failing.failed };
    failing.arm({ at: Infinity, kind: "Io" });
    const where = `${one.name} v${version}, ${failure.kind} of ${run.failed}`;
    await judge(one, { scene, client, answer, where, kind: failure.kind });
  });
  return run!;
}

interface Judged {
  readonly scene: SimulatedScene;
  readonly client: RawClient;
  readonly answer: unknown;
  readonly where: string;
  readonly kind: Failure["kind"];
}

async function judge(one: Case, { scene, client, answer, where, kind }: Judged): Promise<void> {
  const known = [expectedErrors[one.api.name], ErrorCode.MEMBER_ID_REQUIRED, ...storageCodes];
  assertEquals(errorsIn(answer).filter((code) => !known.includes(code as number)), [], where);
  assertEquals(scene.bugs, [], where);
  // Nothing is broken where files cannot be opened for a while.
  if (kind === "TooManyFiles") {
    assertEquals([scene.fatal(), scene.broker.health.status], [undefined, "ready"], where);
  }
  // The disk of the metadata failed: the broker ends, but not before it has answered.
  if (scene.fatal() !== undefined) return;
  await client.ask(ApiVersions, 0, {});
  if (one.after === undefined) return;
  // A disk that was full takes records again once a look at it has found room.
  await scene.pass(5_000);
  await one.after(client, answer).catch((error) => {
    throw new Error(where, { cause: error });
  });
}

/** What clients do something sensible about, each in its place. */
const storageCodes: readonly number[] = [
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.LEADER_NOT_AVAILABLE,
];

/**
 * A topic that was made is there to be used; one that was not can be made, or is there by now: it
 * could neither be opened nor taken back.
 */
async function isMade(client: RawClient, answer: unknown): Promise<void> {
  if (errorsIn(answer).length > 0) {
    const again = errorsIn(await ask(client, "CreateTopics", { version: 7 }));
    const isThere = ErrorCode.TOPIC_ALREADY_EXISTS;
    assertEquals(again.filter((code) => code !== isThere), [], "made at the second try");
  }
  const message = produceRequest({ topic: "new", records: batchOf(["first"]) });
  assertEquals(errorsIn(await client.ask(Produce, 9, message)), [], "takes records");
}

/** A producer with a transaction. */
async function beginTransaction(client: RawClient): Promise<Partial<Names>> {
  const group = "producer";
  await client.ask(FindCoordinator, 6, { keyType: 1, coordinatorKeys: [group] });
  const request = { transactionalId: group, transactionTimeoutMs: 60_000 };
  const { producerId } = await client.ask(InitProducerId, 4, request);
  await ask(client, "AddPartitionsToTxn", {
    version: 3,
    group,
    producerId: Number(producerId),
    topic: "good",
  });
  return { group, producerId: Number(producerId) };
}

/** A share group, with a member that is in it or has been. */
async function beginShareGroup(
  client: RawClient,
  as: "joined" | "left",
): Promise<Partial<Names>> {
  const group = "group-5";
  await ask(client, "ShareGroupHeartbeat", { version: 1, group });
  if (as === "joined") return { group };
  const message = smallRequests.ShareGroupHeartbeat({ ...anyNames, group, version: 1 });
  await client.ask(apiNamed("ShareGroupHeartbeat"), 1, { ...message, memberEpoch: -1 } as Any);
  return { group };
}

/** What a small request needs to find something to do. */
const prepared: Readonly<Record<string, Partial<Case>>> = {
  CreateTopics: { after: isMade },
  CreatePartitions: { before: () => Promise.resolve({ newTopic: "old" }) },
  DeleteTopics: { before: () => Promise.resolve({ newTopic: "old" }) },
  DeleteRecords: {
    // All that there is: where nothing is to be deleted, nothing can fail.
    message: ({ topic: name }) => ({
      topics: [{ name, partitions: [{ partitionIndex: 0, offset: -1 }] }],
      timeoutMs: 1000,
    }),
  },
  JoinGroup: { before: () => Promise.resolve({ group: "group-5", memberId: "" }) },
  Heartbeat: { before: () => Promise.resolve({ group: members }) },
  LeaveGroup: { before: () => Promise.resolve({ group: members }) },
  SyncGroup: {
    async before(client) {
      const group = "group-5";
      const { memberId } = await ask(client, "JoinGroup", { version: 3, group });
      return { group, memberId };
    },
  },
  ConsumerGroupDescribe: {
    async before(client) {
      const group = "group-5";
      await ask(client, "ConsumerGroupHeartbeat", { version: 1, group });
      return { group };
    },
  },
  ShareAcknowledge: {
    async before(client) {
      const group = "group-5";
      await ask(client, "ShareFetch", { version: 1, group, topicId: "AAAAAAAAAAAAAAAAAAAAAQ" });
      return { group };
    },
  },
  ShareGroupHeartbeat: { before: () => Promise.resolve({ group: "group-5" }) },
  ShareGroupDescribe: { before: (client) => beginShareGroup(client, "joined") },
  DescribeShareGroupOffsets: { before: (client) => beginShareGroup(client, "joined") },
  AlterShareGroupOffsets: { before: (client) => beginShareGroup(client, "left") },
  DeleteShareGroupOffsets: { before: (client) => beginShareGroup(client, "left") },
  StreamsGroupDescribe: {
    async before(client) {
      const group = "group-5";
      await ask(client, "StreamsGroupHeartbeat", { version: 1, group });
      return { group };
    },
  },
  EndTxn: { before: beginTransaction },
  AddPartitionsToTxn: { before: beginTransaction },
  AddOffsetsToTxn: { before: beginTransaction },
  DescribeTransactions: { before: beginTransaction },
  AlterClientQuotas: {
    message: (names) => ({ ...smallRequests.AlterClientQuotas(names), validateOnly: false }),
  },
};

const groupApis = [
  "OffsetCommit",
  "OffsetFetch",
  "FindCoordinator",
  "JoinGroup",
  "Heartbeat",
  "LeaveGroup",
  "DescribeGroups",
  "ListGroups",
  "DeleteGroups",
  "OffsetDelete",
];

/** Where some call must show: a fixture in which none does would prove nothing. */
const showing = [
  "Produce",
  "Fetch",
  "OffsetCommit",
  "OffsetFetch while groups are loaded",
  "FindCoordinator while groups are loaded",
  "FindCoordinator where no group was",
  "JoinGroup while groups are loaded",
  "SyncGroup",
  "Heartbeat while groups are loaded",
  "LeaveGroup while groups are loaded",
  "DescribeGroups while groups are loaded",
  "Metadata of a missing topic",
  "CreateTopics",
  "DeleteTopics",
  "DeleteRecords",
  "InitProducerId",
  "AlterConfigs",
  "IncrementalAlterConfigs",
  "EndTxn",
  "AddOffsetsToTxn",
  "CreatePartitions",
  "DeleteGroups",
  "OffsetDelete while groups are loaded",
  "ShareGroupHeartbeat",
  "AlterShareGroupOffsets",
  "DeleteShareGroupOffsets",
  "AlterClientQuotas",
  "AlterUserScramCredentials",
];

async function everyCase(): Promise<Case[]> {
  const cases: Case[] = [];
  for (const { api, serves } of await allHandlers()) {
    const { name } = api;
    const versions = Array.from({ length: serves.max - serves.min + 1 }, (_, i) => serves.min + i);
    const small = { name, api, versions, message: smallRequests[name], ...prepared[name] };
    cases.push(small);
    if (groupApis.includes(name)) {
      cases.push({ ...small, name: `${name} while groups are loaded`, fromStart: true });
    }
  }
  const isFresh = true;
  cases.push({
    name: "FindCoordinator where no group was",
    api: FindCoordinator,
    versions: [0, 6],
    isFresh,
    message: smallRequests.FindCoordinator,
  });
  cases.push({
    name: "Metadata of a missing topic",
    api: Metadata,
    versions: [0, 4, 13],
    isFresh,
    message: () => ({ topics: [{ name: "new" }], allowAutoTopicCreation: true }),
  });
  return cases;
}

Deno.test("every API answers whatever call fails under it", async (t) => {
  const shown = new Set<string>();
  for (const one of await everyCase()) {
    await t.step(one.name, async () => {
      for (const version of one.versions!) {
        const isLast = version === one.versions!.at(-1);
        // What files a handler opens is the same in all versions.
        for (const kind of ["Io", "NoSpace", ...isLast ? ["TooManyFiles"] as const : []] as const) {
          for (let at = 1;; at++) {
            const { answer, failed } = await hold(one, version, { at, kind });
            if (failed === undefined) break;
            if (errorsIn(answer).some((code) => storageCodes.includes(code as number))) {
              shown.add(one.name);
            }
          }
        }
      }
    });
  }
  for (const name of showing) assert(shown.has(name), `no failure showed in ${name}`);
});

/** Whether nobody caught a bug: then the runtime ends the process, as a broker does by itself. */
function uncaughtBugs() {
  let caught = false;
  const note = (event: PromiseRejectionEvent) => {
    if (!(event.reason instanceof AssertionError)) return;
    event.preventDefault();
    caught = true;
  };
  globalThis.addEventListener("unhandledrejection", note);
  return {
    get any() {
      return caught;
    },
    [Symbol.dispose]: () => globalThis.removeEventListener("unhandledrejection", note),
  };
}

/** Holds the conversation while a call throws what is no fault of a disk. */
async function surfaces(one: Case, version: number, at: number): Promise<string | undefined> {
  using uncaught = uncaughtBugs();
  const made = await fixture();
  const files = memoryFiles({ clock });
  for (const folder of one.isFresh ? [] : ["/a", "/b"]) {
    copyFolder(folder, { from: made.files, to: files });
  }
  const failing = new FailingFiles(files);
  const failure = { at, kind: "bug" } as const;
  const onStarted = () => one.fromStart && failing.arm(failure);
  let failed: string | undefined;
  const running = simulated({ files: failing.files, settings, onStarted }, async (scene) => {
    using client = await scene.connect();
    const { topicId, memberId } = made;
    const names = { ...anyNames, topicId, memberId, ...await one.before?.(client), version };
    if (!one.fromStart) failing.arm(failure);
    const asked = client.ask(one.api, version, one.message(names)).catch(() => {});
    await Promise.race([asked, scene.pass(5_000)]);
    failed = failing.failed;
    failing.arm({ at: Infinity, kind: "Io" });
    if (failed === undefined) return;
    await scene.pass(5_000);
    const what = `${one.name} v${version}: a bug in ${failed} ends the process`;
    assert(scene.fatal() instanceof AssertionError || uncaught.any, what);
  });
  // What waits for the same work at the end hears of it, too.
  await running.catch((error) => {
    if (failed === undefined || !String(error).includes("bug of ours")) throw error;
  });
  return failed;
}

Deno.test("a bug of ours is no fault of a disk: whatever call it is in, it is told", async (t) => {
  for (const one of await everyCase()) {
    await t.step(one.name, async () => {
      const version = one.versions!.at(-1)!;
      for (let at = 1; await surfaces(one, version, at) !== undefined; at++);
    });
  }
});

const both = ["bad", "good"];
const eachOf = (key: string, partition: Record<string, unknown>) => ({
  topics: both.map((topic) => ({ [key]: topic, partitions: [partition] })),
});

/** Requests about an item on each disk. */
const pairs: readonly [api: string, version: number, message: Record<string, unknown>][] = [
  ["Produce", 9, {
    ...produceRequest({ topic: "bad", records: null }),
    topicData: both.map((name) => {
      return { name, partitionData: [{ index: 0, records: batchOf(["third"]) }] };
    }),
  }],
  ["Fetch", 12, {
    maxWaitMs: 0,
    minBytes: 1,
    ...eachOf("topic", { partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }),
    forgottenTopicsData: [],
  }],
  ["ListOffsets", 7, {
    replicaId: -1,
    ...eachOf("name", { partitionIndex: 0, timestamp: 0 }),
  }],
  ["OffsetForLeaderEpoch", 4, eachOf("topic", { partition: 0, leaderEpoch: 0 })],
  ["DeleteRecords", 2, {
    ...eachOf("name", { partitionIndex: 0, offset: 1 }),
    timeoutMs: 1000,
  }],
  ["Metadata", 9, { topics: both.map((name) => ({ name })) }],
  ["DescribeTopicPartitions", 0, { topics: both.map((name) => ({ name })), cursor: null }],
  ["DeleteTopics", 5, { topicNames: both, timeoutMs: 1000 }],
  ["OffsetFetch", 8, {
    groups: [badGroup, goodGroup].map((groupId) => ({ groupId, topics: null })),
  }],
  ["FindCoordinator", 4, { coordinatorKeys: [badGroup, goodGroup] }],
  ["DescribeGroups", 5, { groups: [badGroup, goodGroup] }],
  ["DeleteGroups", 2, { groupsNames: [badGroup, goodGroup] }],
];

const goodNames = ["good", goodGroup];

/** What an answer says of the topic or group on the disk that works. */
function goodPart(answer: unknown): unknown[] {
  if (Array.isArray(answer)) return answer.flatMap(goodPart);
  if (answer === null || typeof answer !== "object" || answer instanceof Uint8Array) return [];
  const values = Object.values(answer);
  return values.some((value) => goodNames.includes(value)) ? [answer] : values.flatMap(goodPart);
}

Deno.test("what lies on another disk is answered as if nothing had happened", async (t) => {
  for (const [name, version, request] of pairs) {
    await t.step(name, async () => {
      for (const fromStart of [false, true]) {
        const one: Case = { name, api: apiNamed(name), fromStart, message: () => request };
        const about = (path: string) => path.startsWith("/b");
        const calm = await hold(one, version, { at: Infinity, kind: "Io" });
        const expected = goodPart(calm.answer);
        assertEquals(expected.length, 1);
        for (const kind of ["Io", "NoSpace"] as const) {
          for (let at = 1;; at++) {
            const { answer, failed } = await hold(one, version, { at, kind, about });
            assertEquals(goodPart(answer), expected, `${name} v${version}, ${kind} of ${failed}`);
            if (failed === undefined) break;
          }
        }
      }
    });
  }
});
