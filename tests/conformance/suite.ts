// What every real client must manage against a broker, said once. A client's file supplies a driver
// (how this client does it) and gets these tests; what only that client can do, it tests itself.
//
//   kafkajs_test.ts ─┐
//   platformatic_... ─┼─ Driver ──> clientTests() ──> Deno.test x n, one broker for the file
//   kcat_test.ts ────┤
//   java_test.ts ────┘
//
// Invariant: each test has topics and groups of its own, so that any one can be run alone.

import { assert, assertEquals } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { GroupWatch } from "./group_watch.ts";
import { type Codec, codecs, storedCodecs } from "./stored_codec.ts";

/** Of every topic here; a client without an admin API has it from the broker's `num.partitions`. */
export const partitionCount = 6;

/**
 * Of every member here, and longer than any wait: a group that only notices by this timeout that a
 * member left is too late.
 */
export const sessionTimeoutMs = 60_000;

export interface TestRecord {
  key: string;
  value: string;
  headers: Record<string, string>;
}

export interface ConsumedRecord extends TestRecord {
  partition: number;
  offset: number;
}

export interface Member {
  /** Commits what it saw and leaves the group; resolves once it is gone. */
  leave(): Promise<void>;
}

export interface GroupDescription {
  state: string;
  memberCount: number;
}

/** How a client does what the tests ask. What it has no means for is left out, with the reason. */
export interface Driver {
  /** Resolves once the topic's partitions take records. */
  createTopic(topic: string, partitions: number): Promise<void>;
  /** All topics' names. */
  listTopics(): Promise<string[]>;
  /** The number of partitions. */
  describeTopic(topic: string): Promise<number>;
  /** Resolves when all are acknowledged. */
  produce(topic: string, records: TestRecord[], options: ProduceOptions): Promise<void>;
  /** The first `count` records, from the beginning, outside of any lasting group. */
  consume(topic: string, count: number): Promise<ConsumedRecord[]>;
  /** Joins from the earliest offset where none is committed; reports to `watch` under `name`. */
  join(name: string, options: JoinOptions): Promise<Member>;
  /** The sum of all partitions' end offsets. */
  endOffsets?(topic: string, partitions: number): Promise<number>;
  /** The sum of all partitions' committed offsets. */
  committedOffsets?(group: string, topic: string): Promise<number>;
  listGroups?(): Promise<string[]>;
  describeGroup?(group: string): Promise<GroupDescription>;
  close?(): Promise<void>;
}

export interface ProduceOptions {
  codec: Codec;
  idempotent: boolean;
}

export interface JoinOptions {
  group: string;
  topic: string;
  watch: GroupWatch;
}

export interface ClientTests {
  client: string;
  connect: (broker: BrokerProcess) => Driver | Promise<Driver>;
  codecs: readonly Codec[];
  /** What this client cannot do, each a sentence that says so. */
  lacks?: readonly string[];
  /** The reason why nothing here can run on this machine. */
  skip?: string | undefined;
  settings?: Record<string, string>;
}

export interface Session {
  readonly broker: BrokerProcess;
  readonly driver: Driver;
  /** Ends the broker and starts it again where it was; the driver is a new one then. */
  restart(end: "stop" | "kill"): Promise<void>;
}

/** Registers the tests that all clients share; returns the session for a client's own tests. */
export function clientTests(options: ClientTests): Session {
  if (options.skip) console.log(`${options.client} is skipped: ${options.skip}`);
  for (const lack of options.lacks ?? []) console.log(`${options.client}: ${lack}`);
  const session = openSession(options);
  registerTopicTests(options, session);
  registerRecordTests(options, session);
  registerGroupTests(options, session);
  return session;
}

/** A test whose client keeps sockets and timers of its own across tests. */
export function conformanceTest(
  { name, skip }: { name: string; skip?: string | undefined },
  run: () => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: skip !== undefined,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: run,
  });
}

let names = 0;

/** A topic or group name that no other test uses. */
export function uniqueName(what: string): string {
  return `${what}-${++names}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Records that compress well, with keys that repeat and two headers each. */
export function sampleRecords(count: number, prefix = "value"): TestRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key-${index % 10}`,
    value: `${prefix}-${String(index).padStart(5, "0")} ${"lorem ipsum dolor sit amet ".repeat(8)}`,
    headers: { trace: "abc-123", "content-type": "text/plain" },
  }));
}

function openSession({ connect, settings, skip }: ClientTests): Session {
  let broker: BrokerProcess | undefined;
  let driver: Driver | undefined;
  if (!skip) {
    Deno.test.beforeAll(async () => {
      broker = await BrokerProcess.start({ settings });
      driver = await connect(broker);
    });
    Deno.test.afterAll(async () => {
      await driver?.close?.();
      await broker?.close();
    });
  }
  return {
    get broker() {
      return started(broker, "broker");
    },
    get driver() {
      return started(driver, "client");
    },
    async restart(end) {
      const running = started(broker, "broker");
      await driver?.close?.();
      driver = undefined;
      await running[end]();
      await running.restart();
      driver = await connect(running);
    },
  };
}

function started<T>(part: T | undefined, what: string): T {
  if (part === undefined) throw new Error(`the ${what} did not start`);
  return part;
}

function registerTopicTests({ client, skip }: ClientTests, session: Session): void {
  conformanceTest({ name: `${client} creates, lists and describes a topic`, skip }, async () => {
    const { driver } = session;
    const topic = uniqueName("created");
    await driver.createTopic(topic, partitionCount);
    assert((await driver.listTopics()).includes(topic), "the new topic is listed");
    assertEquals(await driver.describeTopic(topic), partitionCount);
  });
}

function registerRecordTests(options: ClientTests, session: Session): void {
  const { client, skip } = options;
  for (const codec of codecs) {
    if (!options.codecs.includes(codec)) continue;
    const name = `${client} reads back keys, values and headers that it sent with codec ${codec}`;
    conformanceTest({ name, skip }, async () => {
      await roundTrip(session, { codec, idempotent: false });
    });
  }
  const name = `${client} sends as an idempotent producer`;
  conformanceTest({ name, skip }, async () => {
    await roundTrip(session, { codec: "none", idempotent: true });
  });
}

async function roundTrip({ driver, broker }: Session, options: ProduceOptions): Promise<void> {
  const topic = uniqueName(`sent-${options.codec}`);
  const partitions = partitionCount;
  const sent = sampleRecords(120);
  await driver.createTopic(topic, partitions);
  await driver.produce(topic, sent.slice(0, 60), options);
  await driver.produce(topic, sent.slice(60), options);

  const received = await driver.consume(topic, sent.length);
  const byValue = (a: TestRecord, b: TestRecord) => a.value < b.value ? -1 : 1;
  assertEquals(
    received.map(({ key, value, headers }) => ({ key, value, headers })).sort(byValue),
    sent,
  );
  assertPartitionOrder(received);
  assertEquals(
    await storedCodecs(broker.logFolder, { topic, partitions }),
    new Set([options.codec]),
  );
  if (driver.endOffsets) assertEquals(await driver.endOffsets(topic, partitions), sent.length);
}

/** Offsets from 0 without a gap, records of one key in the order sent, one partition per key. */
function assertPartitionOrder(received: ConsumedRecord[]): void {
  const next = new Map<number, number>();
  const lastOfKey = new Map<string, ConsumedRecord>();
  for (const record of received) {
    assertEquals(record.offset, next.get(record.partition) ?? 0, "offsets are consecutive");
    next.set(record.partition, record.offset + 1);
    const last = lastOfKey.get(record.key);
    if (last) {
      assertEquals(record.partition, last.partition, "a key stays in its partition");
      assert(record.value > last.value, "records of a key arrive in the order sent");
    }
    lastOfKey.set(record.key, record);
  }
}

function registerGroupTests({ client, skip }: ClientTests, session: Session): void {
  const three = `${client} shares a topic in a group of three, one leaving and one joining`;
  conformanceTest({ name: three, skip }, () => groupOfThree(session));
  const resume = `${client} commits, and resumes where its group left off`;
  conformanceTest({ name: resume, skip }, () => commitAndResume(session));
  for (const end of ["stop", "kill"] as const) {
    const ended = end === "stop" ? "was stopped" : "was killed";
    const name =
      `${client} finds its records and its place after the broker ${ended} and came back`;
    conformanceTest({ name, skip }, () => comeBack(session, end));
  }
}

async function groupOfThree({ driver }: Session): Promise<void> {
  const topic = uniqueName("shared");
  const group = uniqueName("three");
  const watch = new GroupWatch();
  const members = new Map<string, Member>();
  const options = { group, topic, watch };
  const sent: string[] = [];
  const sendMore = async (prefix: string) => {
    const records = spread(sampleRecords(200, prefix));
    await driver.produce(topic, records, { codec: "none", idempotent: false });
    sent.push(...records.map(({ value }) => value));
    await watch.untilSeen(sent);
  };
  await driver.createTopic(topic, partitionCount);
  try {
    await Promise.all(["one", "two", "three"].map(async (name) => {
      members.set(name, await driver.join(name, options));
    }));
    await watch.untilShared(["one", "two", "three"], partitionCount);
    await sendMore("three-members");

    await members.get("two")!.leave();
    members.delete("two");
    watch.left("two");
    await watch.untilShared(["one", "three"], partitionCount);
    await sendMore("one-left");

    members.set("four", await driver.join("four", options));
    await watch.untilShared(["one", "three", "four"], partitionCount);
    await sendMore("one-joined");

    assertEquals(watch.values, new Set(sent));
    await assertStableGroup(driver, group);
  } finally {
    await Promise.all([...members.values()].map((member) => member.leave()));
  }
}

async function assertStableGroup(driver: Driver, group: string): Promise<void> {
  if (driver.listGroups) {
    assert((await driver.listGroups()).includes(group), "the group is listed");
  }
  if (driver.describeGroup) {
    assertEquals(await driver.describeGroup(group), { state: "Stable", memberCount: 3 });
  }
}

/** Reads and commits, has something happen, and must then see what is new and nothing else. */
async function commitAndResume(
  session: Session,
  between: (topic: string, before: TestRecord[]) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const topic = uniqueName("resumed");
  const group = uniqueName("resuming");
  const before = spread(sampleRecords(90, "before"));
  const after = spread(sampleRecords(60, "after"));
  await session.driver.createTopic(topic, partitionCount);

  const first = await readInGroup(session.driver, { group, topic, records: before });
  assertEquals(first, valuesOf(before));
  await assertCommitted(session.driver, { group, topic, count: before.length });
  await between(topic, before);

  const second = await readInGroup(session.driver, { group, topic, records: after });
  assertEquals(second, valuesOf(after));
  await assertCommitted(session.driver, { group, topic, count: before.length + after.length });
}

async function comeBack(session: Session, end: "stop" | "kill"): Promise<void> {
  await commitAndResume(session, async (topic, before) => {
    await session.restart(end);
    assertEquals(await session.driver.describeTopic(topic), partitionCount);
    const kept = await session.driver.consume(topic, before.length);
    assertEquals(new Set(kept.map(({ value }) => value)), valuesOf(before));
    assertPartitionOrder(kept);
  });
}

/** Sends the records, and what a member of the group received until it had them all. */
async function readInGroup(
  driver: Driver,
  { group, topic, records }: { group: string; topic: string; records: TestRecord[] },
): Promise<Set<string>> {
  const watch = new GroupWatch();
  await driver.produce(topic, records, { codec: "none", idempotent: false });
  const member = await driver.join("reader", { group, topic, watch });
  try {
    await watch.untilSeen([...valuesOf(records)]);
  } finally {
    await member.leave();
  }
  return watch.values;
}

async function assertCommitted(
  driver: Driver,
  { group, topic, count }: { group: string; topic: string; count: number },
): Promise<void> {
  if (driver.committedOffsets) assertEquals(await driver.committedOffsets(group, topic), count);
  if (driver.describeGroup) {
    assertEquals(await driver.describeGroup(group), { state: "Empty", memberCount: 0 });
  }
}

function valuesOf(records: TestRecord[]): Set<string> {
  return new Set(records.map(({ value }) => value));
}

/** The same records with keys that are all different, so that they reach every partition. */
function spread(records: TestRecord[]): TestRecord[] {
  return records.map((record, index) => ({ ...record, key: `key-${index}` }));
}
