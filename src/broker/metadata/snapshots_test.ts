import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { contentOf, logRig, replaceContent, type Rig } from "../../../tests/harness/log_rig.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { missing } from "../../base/items.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  imageRecords,
  type MetadataRecordInput,
} from "../../cluster/mod.ts";
import { listSnapshots } from "../../log/mod.ts";
import {
  batchPositions,
  buildBatch,
  ControlType,
  readBatchHeader,
  readControlValues,
  readRecords,
} from "../../records/mod.ts";
import { zlibCodecs } from "../../runtime/codecs.ts";
import type { Logger } from "../../runtime/ports.ts";
import { MetadataLog, metadataTopic, metadataTopicId } from "./log.ts";
import { MetadataSnapshots, type SnapshotConfig } from "./snapshots.ts";

const folder = `/data/${metadataTopic}-0`;
const timers = { after: () => ({ cancel() {} }), turn: () => Promise.resolve() };

const never: SnapshotConfig = {
  recordBytesBetween: 2 ** 40,
  intervalMs: 0,
  retentionBytes: -1,
  retentionMs: -1,
};

async function openMetadata(rig: Rig, settings: Partial<SnapshotConfig> = {}) {
  const log = await rig.open({ topic: metadataTopic, topicId: metadataTopicId });
  const logger: Logger = {
    enabled: () => true,
    log: (level, message) => void rig.lines.push(`${level} ${message}`),
    child: () => logger,
  };
  const clock = { now: () => rig.nowMs, monotonic: () => rig.nowMs };
  const opened = { log, files: rig.files, clock, timers, codecs: zlibCodecs, logger };
  const metadata = await MetadataLog.open(opened);
  const config = { ...never, ...settings };
  const snapshots = new MetadataSnapshots({ ...opened, metadata, config: () => config });
  await metadata.join(1);
  return { log, metadata, snapshots, config };
}

const feature = (name: string, featureLevel: number): MetadataRecordInput => ({
  type: "FeatureLevelRecord",
  version: 0,
  fields: { name, featureLevel },
});

const setConfig = (resourceName: string, name: string, value: string): MetadataRecordInput => ({
  type: "ConfigRecord",
  version: 0,
  fields: { resourceType: 2, resourceName, name, value },
});

const names = (rig: Rig) =>
  rig.files.list(folder).filter((name) => /\.(checkpoint|log|part)$/.test(name));

Deno.test("a snapshot is due by bytes, holds all, and is what a start begins with", async () => {
  const rig = logRig();
  const { log, metadata, snapshots } = await openMetadata(rig, { recordBytesBetween: 400 });
  await metadata.append([feature("metadata.version", 21)]);
  await snapshots.run();
  assertEquals(listSnapshots(rig.files, folder), []);
  for (const value of ["1", "2", "3"]) await metadata.append([setConfig("orders", "a.b", value)]);
  await snapshots.run();
  const path = `${folder}/00000000000000000005-0000000001.checkpoint`;
  assertEquals(listSnapshots(rig.files, folder), [{ path, endOffset: 5, epoch: 1 }]);
  const bytes = contentOf(rig.files, path);
  const found = batchPositions(bytes).flatMap((position): [number, unknown][] => {
    const { isControl, baseOffset, partitionLeaderEpoch } = readBatchHeader(bytes, position);
    assertEquals(partitionLeaderEpoch, 1);
    if (isControl) return readControlValues(bytes, position).map(({ type }) => [baseOffset, type]);
    return readRecords(bytes, { position }).map(({ offset, value }) => [
      offset,
      decodeMetadataRecord(value!).type,
    ]);
  });
  assertEquals(found, [
    [0, ControlType.SNAPSHOT_HEADER],
    [1, "FeatureLevelRecord"],
    [2, "ConfigRecord"],
    [3, ControlType.SNAPSHOT_FOOTER],
  ]);
  await metadata.append([setConfig("orders", "c", "4")]);
  // Without the log below it the snapshot must be what counts.
  await log.deleteRecordsBefore(5);
  await log.close();
  const again = await openMetadata(rig);
  assertEquals([...again.metadata.image.topicConfigs("orders")], [["a.b", "3"], ["c", "4"]]);
});

Deno.test("a snapshot is due by time, only where there is something new", async () => {
  const rig = logRig();
  const { metadata, snapshots } = await openMetadata(rig, { intervalMs: 1000 });
  await metadata.append([feature("metadata.version", 21)]);
  await snapshots.run();
  assertEquals(names(rig).length, 1);
  rig.nowMs += 1000;
  await snapshots.run();
  assertEquals(names(rig).length, 2);
  rig.nowMs += 5000;
  await snapshots.run();
  assertEquals(names(rig).length, 2);
});

Deno.test("what snapshots stand for goes, by size and by age; the newest stays", async () => {
  const rig = logRig({ segmentBytes: 300, fileDeleteDelayMs: 0 });
  const settings = { recordBytesBetween: 600, retentionBytes: 2000 };
  const { log, metadata, snapshots, config } = await openMetadata(rig, settings);
  for (let i = 0; i < 200; i++) {
    await metadata.append([setConfig("orders", "a", String(i))]);
    await snapshots.run();
    const oldest = listSnapshots(rig.files, folder).at(-1);
    if (log.logStartOffset > 0) assertEquals(oldest?.endOffset, log.logStartOffset);
  }
  assert(log.logStartOffset > 150, `the log begins at ${log.logStartOffset}`);
  assert(log.sizeBytes < 2000, `${log.sizeBytes} bytes`);
  Object.assign(config, { retentionMs: 10 });
  rig.nowMs += 100_000;
  await snapshots.run();
  const [newest = missing(), ...older] = listSnapshots(rig.files, folder);
  assertEquals(older, []);
  assertEquals(log.logStartOffset, newest.endOffset);
  await log.close();
  const again = await openMetadata(rig);
  assertEquals([...again.metadata.image.topicConfigs("orders")], [["a", "199"]]);
});

Deno.test("a change that is larger than a segment is one batch all the same", async () => {
  const rig = logRig({ segmentBytes: 300 });
  const { metadata, log } = await openMetadata(rig);
  const wide = Array.from({ length: 50 }, (_, i) => setConfig(`topic-${i}`, "a", "1"));
  await metadata.append(wide);
  await metadata.append([setConfig("orders", "a", "2")]);
  await log.close();
  const { image } = (await openMetadata(rig)).metadata;
  assertEquals([...image.configuredNames(2)].length, 51);
});

Deno.test("wherever writing a snapshot breaks off, the log is as it was", async () => {
  const rig = logRig();
  const { metadata, snapshots, log } = await openMetadata(rig, { recordBytesBetween: 1 });
  await metadata.append([setConfig("orders", "a", "1")]);
  rig.faults.append = true;
  await snapshots.run();
  rig.faults.append = false;
  assertEquals(names(rig), ["00000000000000000000.log"]);
  assert(rig.lines.includes("warn no snapshot of the metadata could be written"));
  assertEquals(log.refusal, undefined);
  // It is not tried at once, again and again.
  await snapshots.run();
  assertEquals(names(rig).length, 1);
  rig.nowMs += 60_000;
  await snapshots.run();
  assertEquals(names(rig).length, 2);
});

Deno.test("a torn snapshot is passed over, and what was never finished is removed", async () => {
  const rig = logRig();
  const first = await openMetadata(rig, { recordBytesBetween: 1 });
  await first.metadata.append([setConfig("orders", "a", "1")]);
  await first.snapshots.run();
  await first.metadata.append([setConfig("orders", "a", "2")]);
  await first.snapshots.run();
  await first.log.close();
  const [{ path } = missing()] = listSnapshots(rig.files, folder);
  const whole = contentOf(rig.files, path);
  for (let length = 0; length < whole.length; length += 7) {
    replaceContent(rig.files, path, whole.subarray(0, length));
    const { metadata, log } = await openMetadata(rig);
    assertEquals([...metadata.image.topicConfigs("orders")], [["a", "2"]]);
    await log.close();
  }
  replaceContent(rig.files, `${path}.part`, utf8("half"));
  const kafkas = `${folder}/00000000000000000009-0000000001-12345.checkpoint.part`;
  replaceContent(rig.files, kafkas, utf8("half"));
  const { snapshots } = await openMetadata(rig);
  await snapshots.run();
  assertEquals(names(rig).filter((name) => name.endsWith(".part")), []);
});

Deno.test("the quorum's own records go from snapshot to snapshot", async () => {
  const rig = logRig();
  const control = (type: number, text: string) => ({
    key: new Uint8Array([0, 0, 0, type]),
    value: utf8(text),
  });
  rig.files.makeFolder(folder);
  const batch = buildBatch({
    records: [
      control(ControlType.SNAPSHOT_HEADER, "h"),
      control(ControlType.KRAFT_VERSION, "version"),
      control(ControlType.KRAFT_VOTERS, "voters"),
    ],
    isControl: true,
  });
  const footer = buildBatch({
    records: [control(ControlType.SNAPSHOT_FOOTER, "f")],
    isControl: true,
    baseOffset: 3,
  });
  const bytes = new Uint8Array([...batch, ...footer]);
  replaceContent(rig.files, `${folder}/00000000000000000000-0000000000.checkpoint`, bytes);
  const { metadata, snapshots } = await openMetadata(rig, { recordBytesBetween: 1 });
  for (const value of ["1", "2"]) {
    await metadata.append([setConfig("orders", "a", value)]);
    await snapshots.run();
    const [{ path } = missing()] = listSnapshots(rig.files, folder);
    const values = readControlValues(contentOf(rig.files, path)).slice(1);
    assertEquals(values.map((each) => [each.type, fromUtf8(each.value)]), [
      [ControlType.KRAFT_VERSION, "version"],
      [ControlType.KRAFT_VOTERS, "voters"],
    ]);
  }
});

Deno.test("records of an unknown type keep the log whole, and it says so once", async () => {
  const rig = logRig();
  const { log, metadata, snapshots } = await openMetadata(rig, { recordBytesBetween: 1 });
  const value = new Uint8Array([1, 0xe8, 0x07, 0, 1, 2, 3]);
  const batch = buildBatch({ records: [{ key: null, value }] });
  log.append(batch, { leaderEpoch: 1, origin: "coordinator" });
  await metadata.append([setConfig("orders", "a", "1")]);
  await snapshots.run();
  await snapshots.run();
  assertEquals(names(rig), ["00000000000000000000.log"]);
  assertEquals(rig.lines.filter((line) => line.includes("kept whole")).length, 1);
});

Deno.test("an open transaction has no snapshot; one is due again when it ends", async () => {
  const rig = logRig();
  const { metadata, snapshots } = await openMetadata(rig, { recordBytesBetween: 1 });
  await metadata.append([{ type: "BeginTransactionRecord", version: 0, fields: { name: "t" } }]);
  await metadata.append([setConfig("orders", "a", "1")]);
  await snapshots.run();
  assertEquals(listSnapshots(rig.files, folder), []);
  await metadata.append([{ type: "EndTransactionRecord", version: 0, fields: {} }]);
  await snapshots.run();
  assertEquals(listSnapshots(rig.files, folder).length, 1);
});

Deno.test("whatever was changed and whenever snapshots were taken, a start finds it", async () => {
  const uuid = (n: number) => `AAAAAAAAQACAAAAAAAAA${"ABCDEFGH"[n]}w`;
  const kind = fc.constantFrom("topic", "remove", "config", "acl", "unacl", "broker", "quota");
  const step = fc.record({ kind, n: fc.nat(3), level: fc.nat(9), snapshot: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const rig = logRig({ segmentBytes: 500, fileDeleteDelayMs: 0 });
      const settings = { recordBytesBetween: 1, retentionBytes: 1 };
      let open = await openMetadata(rig, settings);
      await open.metadata.append([feature("metadata.version", 21)]);
      for (const { kind, n, level, snapshot } of steps) {
        const { metadata, snapshots, log } = open;
        const { image } = metadata;
        const records = changeOf(kind, { n, level, id: uuid(n) }, image.topicById(uuid(n)));
        if (records.length > 0) await metadata.append(records);
        if (!snapshot) continue;
        const before = [...imageRecords(image)].map(encodeMetadataRecord);
        await snapshots.run();
        if (level < 5) {
          await log.close();
          open = await openMetadata(rig, settings);
          const after = [...imageRecords(open.metadata.image)].map(encodeMetadataRecord);
          assertEquals(after, before);
        }
      }
    }),
    { numRuns: 40 },
  );
});

function changeOf(
  kind: string,
  { n, level, id }: { n: number; level: number; id: string },
  topic: { name: string } | undefined,
): MetadataRecordInput[] {
  const name = `topic-${n}`;
  switch (kind) {
    case "topic": {
      if (topic !== undefined) return [];
      const fields = { partitionId: 0, topicId: id, replicas: [1, 2], isr: [1], leader: 1 };
      const more = { removingReplicas: [], addingReplicas: [2], leaderEpoch: level };
      const directories = [id, id];
      return [
        { type: "TopicRecord", version: 0, fields: { name, topicId: id } },
        {
          type: "PartitionRecord",
          version: 2,
          fields: {
            ...fields,
            ...more,
            partitionEpoch: n,
            directories,
            leaderRecoveryState: level % 2,
            eligibleLeaderReplicas: level > 5 ? [2] : null,
          },
        },
      ];
    }
    case "remove":
      return topic ? [{ type: "RemoveTopicRecord", version: 0, fields: { topicId: id } }] : [];
    case "acl":
      return [{
        type: "AccessControlEntryRecord",
        version: 0,
        fields: {
          id,
          resourceType: 2,
          resourceName: name,
          patternType: 3,
          principal: "User:a",
          host: "*",
          operation: 3,
          permissionType: level % 2 + 2,
        },
      }];
    case "unacl":
      return [{ type: "RemoveAccessControlEntryRecord", version: 0, fields: { id } }];
    case "broker":
      return [{
        type: "RegisterBrokerRecord",
        version: 3,
        fields: {
          brokerId: n,
          isMigratingZkBroker: level === 1,
          incarnationId: id,
          brokerEpoch: level,
          endPoints: [{ name: "A", host: "h", port: 9092, securityProtocol: 0 }],
          features: [{ name: "f", minSupportedVersion: 0, maxSupportedVersion: level }],
          rack: level > 4 ? "rack" : null,
          fenced: level > 6,
          inControlledShutdown: level > 7,
          logDirs: [id],
        },
      }];
    case "quota":
      return [{
        type: "ClientQuotaRecord",
        version: 0,
        fields: {
          entity: [{ entityType: "user", entityName: name }],
          key: "consumer_byte_rate",
          value: level,
          remove: level > 6,
        },
      }];
    default:
      return [setConfig(name, `key-${level}`, String(level))];
  }
}
