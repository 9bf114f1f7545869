// Records: what is sent is what is read, whatever its codec, its size and its parts; and reading
// begins where it is told to.

import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { buildBatch } from "../../../src/records/mod.ts";
import { zlibCodecs } from "../../../src/runtime/codecs.ts";
import { untilAnswered } from "../../harness/deadline.ts";
import { RawClient } from "../../harness/raw_client.ts";
import { produceTo } from "../../harness/raw_requests.ts";
import {
  type ConsumedRecord,
  endOfLog,
  type ProduceOptions,
  startOfLog,
  type TestRecord,
} from "../driver.ts";
import { codecs, storedCodecs } from "../stored_codec.ts";
import type { Scenario, Session } from "../scenario.ts";
import { fromTheBeginning, noise, partitionCount, sampleRecords } from "./samples.ts";

/** Room for a record of 5 MB, also with a codec that makes it no smaller. */
const roomy = { "max.message.bytes": "8388608" };

export const recordScenarios: readonly Scenario[] = [
  ...codecs.map((codec): Scenario => ({
    name: `sends and reads back codec ${codec}`,
    run: (session) => roundTrip(session, { codec, idempotent: false }),
  })),
  {
    name: "sends as an idempotent producer",
    run: (session) => roundTrip(session, { codec: "none", idempotent: true }),
  },
  {
    name: "sends and reads back values of 0 B, 1 B, 1 KB and 1 MB",
    run: (session) => sizes(session, [0, 1, 1000, 1_000_000]),
  },
  { name: "sends and reads back a value of 5 MB", run: (session) => sizes(session, [5_000_000]) },
  { name: "tells null from empty, in keys and in values", run: nullAndEmpty },
  { name: "keeps headers that are empty, repeated and in order", run: headers },
  { name: "sets and reads timestamps", run: timestamps },
  { name: "reads from the offsets that it is given", run: fromOffsets },
  { name: "finds offsets by timestamp", run: offsetsByTimestamp },
];

async function roundTrip(session: Session, options: ProduceOptions): Promise<void> {
  const { driver, broker } = session;
  const partitions = partitionCount;
  const codec = options.codec!;
  const sent = sampleRecords(120);
  const topic = await session.makeTopic(`sent-${codec}`, { partitions });
  await driver.produce(topic, sent.slice(0, 60), options);
  await driver.produce(topic, sent.slice(60), options);

  const received = await driver.read(topic, {
    from: fromTheBeginning(partitions),
    count: sent.length,
  });
  const byValue = (a: TestRecord, b: TestRecord) => a.value! < b.value! ? -1 : 1;
  assertEquals(partsOf(received).sort(byValue), sent);
  assertPartitionOrder(received);
  assertEquals(await storedCodecs(broker.logFolders, { topic, partitions }), new Set([codec]));
  if (!driver.offsets) return;
  const ends = await driver.offsets(topic, { partitions, timestamp: endOfLog });
  assertEquals(ends.reduce((sum, end) => sum + end, 0), sent.length);
}

function partsOf(records: readonly ConsumedRecord[]): TestRecord[] {
  return records.map(({ key, value, headers }) => ({ key, value, headers }));
}

/** Offsets from 0 without a gap, records of one key in the order sent, one partition per key. */
export function assertPartitionOrder(received: readonly ConsumedRecord[]): void {
  const next = new Map<number, number>();
  const lastOfKey = new Map<string, ConsumedRecord>();
  for (const record of received) {
    assertEquals(record.offset, next.get(record.partition) ?? 0, "offsets are consecutive");
    next.set(record.partition, record.offset + 1);
    const last = lastOfKey.get(record.key!);
    if (last) {
      assertEquals(record.partition, last.partition, "a key stays in its partition");
      assert(record.value! > last.value!, "records of a key arrive in the order sent");
    }
    lastOfKey.set(record.key!, record);
  }
}

interface ThroughOptions {
  readonly configs?: Record<string, string>;
  readonly tellsNull?: boolean;
}

/** Sends to partition 0 of a topic and returns what is read from it. */
async function through(
  session: Session,
  records: readonly TestRecord[],
  { configs = {}, tellsNull = false }: ThroughOptions = {},
): Promise<ConsumedRecord[]> {
  const topic = await session.makeTopic("through", { configs });
  const placed = records.map((record) => ({ ...record, partition: 0 }));
  await session.driver.produce(topic, placed, {});
  return await session.driver.read(topic, { from: [[0, 0]], count: records.length, tellsNull });
}

async function sizes(session: Session, lengths: readonly number[]): Promise<void> {
  const values = lengths.map(noise);
  const records = values.map((value, index) => ({ key: `${index}`, value, headers: [] }));
  const received = await through(session, records, { configs: roomy });
  // Whether an empty value is null to a client is another scenario's question.
  const read = received.map(({ value }) => value ?? "");
  assertEquals(read.map((value) => value.length), lengths);
  // One comparison each: a difference in megabytes of noise is no help to anybody.
  assert(read.every((value, index) => value === values[index]), "the values are the same");
}

async function nullAndEmpty(session: Session): Promise<void> {
  const sent = [["key", null], [null, "value"], ["", "value"], ["key", ""], ["key", "value"]];
  const records = sent.map(([key, value]) => ({ key: key!, value: value!, headers: [] }));
  const received = await through(session, records, { tellsNull: true });
  assertEquals(received.map(({ key, value }) => [key, value]), sent);
}

async function headers(session: Session): Promise<void> {
  const sent: TestRecord["headers"][] = [
    [],
    [["one", "1"]],
    [["empty", ""]],
    [["twice", "first"], ["between", "x"], ["twice", "second"]],
  ];
  const records = sent.map((each, index) => ({ key: "k", value: `${index}`, headers: each }));
  const received = await through(session, records);
  assertEquals(received.map((record) => record.headers), sent);
}

/** Not so old that retention would want it, and not in order. */
function pastTimes(): number[] {
  const base = Date.now() - 600_000;
  return [base, base + 5_000, base + 1_000, base + 60_000];
}

async function timestamps(session: Session): Promise<void> {
  const times = pastTimes();
  const records = times.map((timestamp) => ({ key: null, value: "0", headers: [], timestamp }));
  const received = await through(session, records);
  assertEquals(received.map(({ timestamp }) => timestamp), times);
}

/** Where a client that cannot send them must read these records, they are sent `without` it. */
async function produceFor(
  { driver, broker }: Session,
  o: { topic: string; records: readonly TestRecord[]; without: boolean },
): Promise<void> {
  if (!o.without) return await driver.produce(o.topic, o.records, {});
  for (const { key, value, timestamp, partition } of o.records) {
    using raw = await RawClient.connect(await broker.leaderOf(o.topic, partition!));
    const record = { key: bytesOf(key), value: bytesOf(value), headers: [] };
    const batch = buildBatch({ records: [record], timestamp: timestamp ?? Date.now() }, zlibCodecs);
    const placed = { topic: o.topic, partition: partition!, records: batch };
    // Kafka shows a topic a moment before its partitions take records.
    await untilAnswered(async () => {
      assertEquals((await produceTo(raw, placed)).errorCode, 0);
    }, 10_000);
  }
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : utf8(text);
}

async function fromOffsets(session: Session): Promise<void> {
  const topic = await session.makeTopic("middle", { partitions: 2 });
  const records = sampleRecords(40).map((record, index) => ({ ...record, partition: index % 2 }));
  await produceFor(session, { topic, records, without: session.driver.canPlace === false });
  const received = await session.driver.read(topic, { from: [[0, 17], [1, 13]], count: 10 });
  const offsetsOf = (wanted: number) =>
    received.filter(({ partition }) => partition === wanted).map(({ offset }) => offset);
  assertEquals(offsetsOf(0), [17, 18, 19]);
  assertEquals(offsetsOf(1), [13, 14, 15, 16, 17, 18, 19]);
}

async function offsetsByTimestamp(session: Session): Promise<void> {
  const topic = await session.makeTopic("dated");
  const base = Date.now() - 600_000;
  for (const step of [0, 1, 2, 3]) {
    const timestamp = base + step * 1000;
    const records = [{ key: null, value: "0", headers: [], timestamp, partition: 0 }];
    await produceFor(session, { topic, records, without: session.driver.canDate === false });
  }
  const at = (timestamp: number) => session.driver.offsets!(topic, { partitions: 1, timestamp });
  assertEquals(await at(startOfLog), [0]);
  assertEquals(await at(endOfLog), [4]);
  assertEquals(await at(base), [0]);
  assertEquals(await at(base + 1500), [2]);
  assertEquals(await at(base + 9000), [-1]);
}
