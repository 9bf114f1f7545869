// What stands in __consumer_offsets, written by Kafka or by whom ever: offsets of any 64 bits, and
// records that do not decode. Each costs its own key at most, never the partition or ListGroups.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { BytesWriter, concatBytes, utf8 } from "../../src/base/bytes.ts";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { type Int64, INT64_MAX, INT64_MIN } from "../../src/base/int64.ts";
import type { GroupCoordinatorRecord } from "../../src/coordinator/mod.ts";
import { encodeKey, encodeValue } from "../../src/coordinator/groups/record_kinds.ts";
import { ErrorCode, ListGroups, OffsetCommit, OffsetFetch } from "../../src/protocol/mod.ts";
import { batchPositions, buildBatch, lastOffsetOf } from "../../src/records/mod.ts";
import { renewCrc, setCompression } from "../../src/records/batch.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";

const settings = { "offsets.topic.num.partitions": "1" };

interface StoredBytes {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

function commitOf(group: string, topic: string, offset: Int64): GroupCoordinatorRecord {
  return {
    type: "OffsetCommit",
    key: { group, topic, partition: 0 },
    value: {
      offset,
      leaderEpoch: -1,
      metadata: "kept",
      commitTimestamp: INT64_MAX,
      expireTimestamp: -1,
      topicId: ZERO_UUID,
    },
  };
}

function stored(record: GroupCoordinatorRecord, version?: number): StoredBytes {
  return { key: encodeKey(record), value: encodeValue(record, version) };
}

/** A folder in which the groups `first` and `last` have committed 7, then `batches` behind it. */
async function folderWith(batches: (topic: string) => readonly Uint8Array[]) {
  const broker = await BrokerProcess.start({ settings });
  let topic: string;
  {
    using client = await RawClient.connect(broker);
    topic = (await makeTopic(client)).name;
    for (const group of ["first", "last"]) await commit(client, { group, topic, offset: 7 });
  }
  await broker.stop();
  const path = `${broker.logFolder}/__consumer_offsets-0/00000000000000000000.log`;
  const log = await Deno.readFile(path);
  let next = lastOffsetOf(log, batchPositions(log).at(-1)!) + 1;
  const added = batches(topic).map((batch) => {
    new DataView(batch.buffer, batch.byteOffset).setBigInt64(0, BigInt(next));
    next = lastOffsetOf(batch) + 1;
    new DataView(batch.buffer, batch.byteOffset).setInt32(12, 0);
    return batch;
  });
  await Deno.writeFile(path, concatBytes([log, ...added]));
  // As after a kill: the end of the log is looked for.
  await Deno.remove(`${broker.logFolder}/.kafka_cleanshutdown`);
  await broker.restart();
  return { broker, topic };
}

async function commit(
  client: RawClient,
  { group, topic, offset }: { group: string; topic: string; offset: Int64 },
): Promise<void> {
  await client.findCoordinator(group);
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: "m" }];
  const { topics } = await client.ask(OffsetCommit, 8, {
    groupId: group,
    topics: [{ name: topic, partitions }],
  });
  assertEquals(topics[0].partitions[0].errorCode, ErrorCode.NONE);
}

async function committed(client: RawClient, group: string, topic: string): Promise<Int64> {
  const { groups } = await client.ask(OffsetFetch, 8, {
    groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }],
  });
  assertEquals(groups[0].errorCode, ErrorCode.NONE);
  return groups[0].topics[0].partitions[0].committedOffset;
}

async function listed(client: RawClient): Promise<string[]> {
  const { errorCode, groups } = await client.ask(ListGroups, 4, {});
  assertEquals(errorCode, ErrorCode.NONE);
  return groups.map(({ groupId }) => groupId).sort();
}

Deno.test("offsets of any 64 bits in Kafka's folder are read back exactly", async () => {
  const offsets: Int64[] = [INT64_MAX, 2n ** 53n + 1n, Number.MAX_SAFE_INTEGER, INT64_MIN];
  const { broker, topic } = await folderWith((topic) => [
    buildBatch({
      records: offsets.flatMap((offset, i) =>
        [0, 1, 2, 3, 4].map((version) =>
          stored(commitOf(`huge-${i}-${version}`, topic, offset), version)
        )
      ),
      timestamp: 1,
    }),
  ]);
  await using _ = broker;
  using client = await RawClient.connect(broker);
  assertEquals((await listed(client)).length, 22);
  for (const [i, offset] of offsets.entries()) {
    for (const version of [0, 1, 2, 3, 4]) {
      assertEquals(await committed(client, `huge-${i}-${version}`, topic), offset);
    }
  }
  assertEquals(await committed(client, "first", topic), 7);
});

/** A record whose value ends too soon, one of a version that nobody has, and one without sense. */
function spoiled(topic: string): StoredBytes[] {
  const { key, value } = stored(commitOf("last", topic, 9));
  const newer = new BytesWriter();
  newer.int16(99);
  newer.bytes(value!.subarray(2));
  return [
    { key, value: value!.subarray(0, value!.length - 3) },
    { key, value: newer.finish() },
    { key, value: concatBytes([value!, utf8("more")]) },
    { key: utf8("\0"), value },
    { key: key!.subarray(0, key!.length - 1), value },
    {
      key: encodeKey({ type: "GroupMetadata", key: { group: "last" }, value: null }),
      value: utf8("junk"),
    },
  ];
}

Deno.test("a record of groups that does not decode costs no more than its key", async () => {
  const { broker, topic } = await folderWith((topic) => {
    const packed = buildBatch({ records: [stored(commitOf("packed", topic, 3))], timestamp: 1 });
    // It says gzip, and is none: the checksum holds.
    setCompression(packed, 1);
    renewCrc(packed);
    return [
      buildBatch({ records: spoiled(topic), timestamp: 1 }),
      packed,
      buildBatch({ records: [stored(commitOf("after", topic, 11))], timestamp: 1 }),
    ];
  });
  await using _ = broker;
  using client = await RawClient.connect(broker);
  assertEquals(await listed(client), ["after", "first", "last"]);
  assertEquals(await committed(client, "first", topic), 7);
  // What is known of it is older, so that nothing is passed over.
  assertEquals(await committed(client, "last", topic), 7);
  assertEquals(await committed(client, "after", topic), 11);
  const line = await broker.said((text) => text.includes("cannot be decoded and is passed over"));
  assertStringIncludes(line, "group=last");
  const lines = broker.output.split("\n").filter((text) => text.includes("is passed over"));
  assertEquals(lines.length, 7);

  await commit(client, { group: "last", topic, offset: 12 });
  await broker.stop();
  await broker.restart();
  using again = await RawClient.connect(broker);
  assert((await listed(again)).includes("last"));
  assertEquals(await committed(again, "last", topic), 12);
});
