import { assert, assertEquals, assertRejects } from "@std/assert";
import { contentOf, logRig, type Rig } from "../../../tests/harness/log_rig.ts";
import { concatBytes, fromUtf8, utf8 } from "../../base/bytes.ts";
import { PartitionFault } from "../../base/faults.ts";
import { encodeMetadataRecord, type MetadataRecordInput } from "../../cluster/mod.ts";
import { inspectBatches, type PartitionLog } from "../../log/mod.ts";
import {
  buildBatch,
  buildEndTransactionMarker,
  ControlType,
  type LogRecord,
} from "../../records/mod.ts";
import { zlibCodecs } from "../../runtime/codecs.ts";
import type { Logger } from "../../runtime/ports.ts";
import { MetadataLog, metadataTopic, metadataTopicId } from "./log.ts";
import { replay } from "../coordination/replay.ts";

const folder = `/data/${metadataTopic}-0`;
const timers = { after: () => ({ cancel() {} }), turn: () => Promise.resolve() };
const quiet: Logger = { enabled: () => false, log: () => {}, child: () => quiet };

async function openMetadata(
  rig: Rig,
  onTurn: () => void = () => {},
): Promise<{ log: PartitionLog; metadata: MetadataLog }> {
  const log = await rig.open({ topic: metadataTopic, topicId: metadataTopicId });
  const { files } = rig;
  const clock = { now: () => rig.nowMs, monotonic: () => rig.nowMs };
  const turn = () => Promise.resolve().then(onTurn);
  const metadata = await MetadataLog.open({
    log,
    files,
    clock,
    timers: { ...timers, turn },
    codecs: zlibCodecs,
    logger: quiet,
  });
  return { log, metadata };
}

function feature(name: string, featureLevel: number): MetadataRecordInput {
  return { type: "FeatureLevelRecord", version: 0, fields: { name, featureLevel } };
}

/** A snapshot of one record, as Kafka writes it. */
function snapshotOf(record: MetadataRecordInput, options: { footer: boolean }): Uint8Array {
  const control = (type: number, value: number[]) =>
    buildBatch({
      records: [{ key: new Uint8Array([0, 0, 0, type]), value: new Uint8Array(value) }],
      isControl: true,
    });
  const value = encodeMetadataRecord(record);
  return concatBytes([
    control(ControlType.SNAPSHOT_HEADER, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    buildBatch({ records: [{ key: null, value }] }),
    ...options.footer ? [control(ControlType.SNAPSHOT_FOOTER, [0, 0, 0])] : [],
  ]);
}

function write(rig: Rig, name: string, bytes: Uint8Array): void {
  rig.files.makeFolder(folder);
  const file = rig.files.open(`${folder}/${name}`, "create");
  file.append(bytes);
  file.close();
}

Deno.test("each start leads in a higher epoch, which quorum-state and the log have", async () => {
  const rig = logRig();
  for (const epoch of [1, 2, 3]) {
    const { log, metadata } = await openMetadata(rig);
    await metadata.join(1);
    await metadata.append([feature("metadata.version", 7 + epoch)]);
    assertEquals(metadata.image.features.get("metadata.version"), 7 + epoch);
    assertEquals(log.epochOfOffset(log.logEndOffset - 1), epoch);
    const { leaderEpoch } = JSON.parse(fromUtf8(contentOf(rig.files, `${folder}/quorum-state`)));
    assertEquals(leaderEpoch, epoch);
    await log.close();
  }
  const found = [];
  const file = rig.files.open(`${folder}/00000000000000000000.log`, "read");
  for await (const each of inspectBatches(file, { baseOffset: 0 })) {
    found.push("header" in each && [each.header.isControl, each.header.partitionLeaderEpoch]);
  }
  const pair = (epoch: number) => [[true, epoch], [false, epoch]];
  assertEquals(found, [1, 2, 3].flatMap(pair));
});

Deno.test("thousands of records let others in between, and are seen all at once", async () => {
  const rig = logRig();
  const seen: number[] = [];
  const features = () => metadata.image.features.size;
  const { log, metadata } = await openMetadata(rig, () => seen.push(features()));
  await metadata.join(1);
  const count = 10_000;
  await metadata.append(Array.from({ length: count }, (_, i) => feature(`feature-${i}`, 1)));
  assertEquals(features(), count);
  assert(seen.length >= 4, `${seen.length} turns`);
  assertEquals(seen.filter((known) => known > 0 && known < count), []);
  await log.close();
  const again = await openMetadata(rig);
  assertEquals(again.metadata.image.features.size, count);
});

Deno.test("an epoch that only quorum-state knows is not used again", async () => {
  const rig = logRig();
  const state = `{"leaderId":1,"leaderEpoch":8,"votedId":-1,"data_version":1}`;
  write(rig, "quorum-state", utf8(state));
  const { log, metadata } = await openMetadata(rig);
  await metadata.join(1);
  assertEquals(log.epochOfOffset(0), 9);
  const written = JSON.parse(fromUtf8(contentOf(rig.files, `${folder}/quorum-state`)));
  assertEquals([written.leaderEpoch, written.data_version], [9, 1]);
});

Deno.test("metadata is read from the newest whole snapshot, and the log behind it", async () => {
  const rig = logRig();
  const { log, metadata } = await openMetadata(rig);
  await metadata.join(1);
  await metadata.append([feature("old", 1)]);
  await metadata.append([feature("new", 1)]);
  await log.close();
  const [first, second] = [feature("first", 1), feature("second", 1)];
  write(rig, `${"2".padStart(20, "0")}-0000000001.checkpoint`, snapshotOf(first, { footer: true }));
  const unfinished = snapshotOf(second, { footer: false });
  write(rig, `${"3".padStart(20, "0")}-0000000001.checkpoint`, unfinished);
  const { image } = (await openMetadata(rig)).metadata;
  // Offset 0 is the change of leaders, 1 is "old": the snapshot stands for both.
  assertEquals([...image.features.keys()], ["first", "new"]);
});

Deno.test("a log that begins behind every snapshot is refused", async () => {
  const rig = logRig();
  const segment = buildBatch({
    records: [{ key: null, value: encodeMetadataRecord(feature("late", 1)) }],
    baseOffset: 40,
  });
  write(rig, `${"40".padStart(20, "0")}.log`, segment);
  const snapshot = snapshotOf(feature("first", 1), { footer: true });
  write(rig, `${"30".padStart(20, "0")}-0000000001.checkpoint`, snapshot);
  await assertRejects(() => openMetadata(rig), PartitionFault, "from offset 40 to 41");
  write(rig, `${"40".padStart(20, "0")}-0000000001.checkpoint`, snapshot);
  const { image } = (await openMetadata(rig)).metadata;
  assertEquals([...image.features.keys()], ["first", "late"]);
});

Deno.test("a record that does not decode ends the start, and says where it is", async () => {
  const rig = logRig();
  const { log, metadata } = await openMetadata(rig);
  await metadata.join(1);
  await metadata.append([feature("one", 1)]);
  const records = [{ key: null, value: utf8("\x01\x0cjunk") }];
  const options = { leaderEpoch: metadata.leaderEpoch, origin: "coordinator" } as const;
  assert(log.append(buildBatch({ records }), options).ok);
  await log.close();
  await assertRejects(
    () => openMetadata(rig),
    PartitionFault,
    "the record at offset 2 does not decode",
  );
});

Deno.test("records of a transaction are replayed where it commits, if it does", async () => {
  const log = await logRig().open();
  const append = (batch: Uint8Array) =>
    log.append(batch, { leaderEpoch: 0, origin: "coordinator" });
  const data = (value: string, producerId = -1) =>
    append(buildBatch({
      records: [{ key: utf8("k"), value: utf8(value) }],
      producerId,
      producerEpoch: producerId < 0 ? -1 : 0,
      baseSequence: producerId < 0 ? -1 : 0,
      isTransactional: producerId >= 0,
    }));
  const end = (producerId: number, committed: boolean) =>
    append(buildEndTransactionMarker({
      producerId,
      committed,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      timestamp: 0,
    }));
  data("committed", 1);
  data("aborted", 2);
  data("plain");
  data("open", 3);
  end(2, false);
  end(1, true);
  const found: LogRecord[] = [];
  await replay(log, { codecs: zlibCodecs, timers, onRecord: (record) => found.push(record) });
  assertEquals(found.map(({ value }) => fromUtf8(value!)), ["plain", "committed"]);
});
