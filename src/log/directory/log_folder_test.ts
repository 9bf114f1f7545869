import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { PlatformFault, UsageFault } from "../../base/faults.ts";
import { isUuid } from "../../base/ids.ts";
import { parseProperties } from "../../base/properties.ts";
import { memoryFiles } from "../../runtime/memory_files.ts";
import type { Logger } from "../../runtime/ports.ts";
import { decodeOffsets, encodeOffsets } from "./checkpoints.ts";
import { deletedFolderName, parsePartitionFolderName, parseSegmentFileName } from "./layout.ts";
import { LogFolder, type LogFolderOptions } from "./log_folder.ts";
import { contentOf, replaceContent } from "../../../tests/harness/log_rig.ts";
import { firstOf } from "../../base/items.ts";
import { watchedFiles } from "../../../tests/harness/watched_files.ts";

function setup() {
  const lines: string[] = [];
  const logger: Logger = {
    enabled: () => true,
    log: (_level, message) => void lines.push(message),
    child: () => logger,
  };
  let next = 0;
  const options = {
    files: memoryFiles({ clock: { now: () => 1, monotonic: () => 1 } }),
    random: {
      uint32: () => next++,
      bytes: (length: number) => Uint8Array.from({ length }, () => next++ & 0xff),
    },
    logger,
    nodeId: 1,
  };
  return { options, lines, files: options.files };
}

async function claimed(options: LogFolderOptions): Promise<LogFolder> {
  const folder = await LogFolder.open("/data", options);
  await folder.claim();
  return folder;
}

const topicId = "qVNPd6uSQ9KXuwz2ybfVIw";
const orders = (partition: number, id = topicId) => ({ topic: "orders", partition, topicId: id });

const log = (partition: number, isClosedCleanly = true) => ({
  ...orders(partition),
  recoveryPoint: 10 + partition,
  logStartOffset: partition,
  highWatermark: 20,
  isClosedCleanly,
});

Deno.test("a data directory remembers its ids and how far its logs are on disk", async () => {
  const { options, files } = setup();
  const first = await claimed(options);
  assert(first.cleanShutdown && isUuid(first.clusterId) && isUuid(first.directoryId));
  await first.close([log(0), log(1)]);
  const again = await claimed(options);
  assertEquals([again.clusterId, again.directoryId], [first.clusterId, first.directoryId]);
  assertEquals(again.cleanShutdown, true);
  assertEquals(again.checkpointOf(orders(1)), {
    recoveryPoint: 11,
    logStartOffset: 1,
    highWatermark: 20,
    firstDirtyOffset: undefined,
    mayBeStale: false,
  });
  assertEquals(again.checkpointOf(orders(2)).recoveryPoint, 0);
  const text = fromUtf8(contentOf(files, "/data/recovery-point-offset-checkpoint"));
  assertEquals(text, "0\n2\norders 0 10\norders 1 11\n");
});

Deno.test("while it is open there is no clean marker; a failed log keeps it away", async () => {
  const { options, files } = setup();
  const marker = "/data/.kafka_cleanshutdown";
  const folder = await claimed(options);
  await folder.close([log(0)]);
  assert(files.stat(marker) !== undefined);
  const open = await claimed(options);
  assertEquals(files.stat(marker), undefined);
  await open.close([log(0), log(1, false)]);
  assertEquals((await LogFolder.open("/data", options)).cleanShutdown, false);
});

Deno.test("a directory is open once, and for its own node and cluster only", async () => {
  const { options } = setup();
  const folder = await claimed(options);
  await assertRejects(() => LogFolder.open("/data", options), PlatformFault);
  await folder.close([]);
  await assertRejects(
    () => LogFolder.open("/data", { ...options, nodeId: 2 }),
    UsageFault,
    "node 1",
  );
  const adopting = await claimed({ ...options, nodeId: 2, adoptsNodeId: true });
  assertEquals(adopting.nodeId, 1);
  await adopting.close([]);
  const clusterId = "another";
  await assertRejects(
    () => LogFolder.open("/data", { ...options, clusterId }),
    UsageFault,
    "cluster",
  );
  await (await claimed(options)).close([]);
});

Deno.test("a directory as Kafka leaves it is taken, one of ZooKeeper's days is not", async () => {
  const { options, files } = setup();
  files.makeFolder("/data/orders-0");
  const kafka = "#\n#Fri Nov 20 2026\nversion=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\nnode.id=1\n";
  replaceContent(files, "/data/meta.properties", utf8(kafka));
  replaceContent(files, "/data/.lock", new Uint8Array(0));
  const folder = await claimed(options);
  assertEquals([folder.clusterId, folder.cleanShutdown], ["4L6g3nShT-eMCtK--X86sw", false]);
  const { topic, partition } = firstOf(folder.partitionNames());
  assertEquals([topic, partition, folder.topicIdOf(topic, partition)], ["orders", 0, undefined]);
  await folder.close([]);
  replaceContent(files, "/data/meta.properties", utf8("version=0\nbroker.id=1\n"));
  await assertRejects(() => LogFolder.open("/data", options), UsageFault, "KRaft");
});

Deno.test("an identity is taken as it is written, and kept byte for byte", async () => {
  const id = "caWaUYloT4uTfuljHk+/Mw";
  const own = "caWaUYloT4uTfuljHk-_Mw";
  for (const named of [id, `${id}==`, own, `${own}==`]) {
    const { options, files } = setup();
    files.makeFolder("/data");
    const text =
      `#\n#Fri Nov 20 2026\ncluster.id=a\\=b\ndirectory.id=${named}\nnode.id=1\nversion=1\n`;
    replaceContent(files, "/data/meta.properties", utf8(text));
    const folder = await claimed(options);
    assertEquals([folder.clusterId, folder.directoryId], ["a=b", own]);
    await folder.close([]);
    assertEquals(fromUtf8(contentOf(files, "/data/meta.properties")), text);
  }
});

Deno.test("a directory without an id gets one in a line more; a bad one is refused", async () => {
  const { options, files } = setup();
  files.makeFolder("/data");
  const text = "# mine\nversion=1\ncluster.id=c\nnode.id=1\nsome.other=kept";
  replaceContent(files, "/data/meta.properties", utf8(text));
  const folder = await claimed(options);
  const written = `${text}\ndirectory.id=${folder.directoryId}\n`;
  assertEquals(fromUtf8(contentOf(files, "/data/meta.properties")), written);
  await folder.close([]);
  const bad = `${text}\ndirectory.id=10000000-0000-4000-8000-000000000001\n`;
  replaceContent(files, "/data/meta.properties", utf8(bad));
  await assertRejects(() => LogFolder.open("/data", options), UsageFault, "directory.id=10000000");
  assertEquals(fromUtf8(contentOf(files, "/data/meta.properties")), bad);
});

Deno.test("numbers and ids that Kafka does not take are refused, and left alone", async () => {
  const own = "directory.id=caWaUYloT4uTfuljHk-_Mw\n";
  const texts: Record<string, string> = {
    "node.id=\n": "lacks cluster.id or node.id",
    "node.id=0x1\n": "lacks cluster.id or node.id",
    "node.id=1.0\n": "lacks cluster.id or node.id",
    "node.id=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAA\n": "which means that there is none",
    "node.id=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAQ==\n": "which means that there is none",
    "node.id=1\ndirectory.id=\n": "not 16 bytes in base64",
    [`NODE.ID=1\n${own}`]: "lacks cluster.id or node.id",
  };
  for (const [text, told] of Object.entries(texts)) {
    const { options, files } = setup();
    files.makeFolder("/data");
    const whole = utf8(`version=1\ncluster.id=c\n${text}`);
    replaceContent(files, "/data/meta.properties", whole);
    await assertRejects(() => LogFolder.open("/data", options), UsageFault, told);
    assertEquals(contentOf(files, "/data/meta.properties"), whole);
  }
});

Deno.test("ids of another program, or cut off, are refused with a way out", async () => {
  const texts: Record<string, string> = {
    "": "lacks version; restore it from a backup",
    "version=1\ncluster.i": "lacks cluster.id or node.id; restore it from a backup",
    "version=0\ncluster.id=c\nbroker.id=1\n": "or migrate it with Kafka 3.x",
    "version=2\ncluster.id=c\nnode.id=1\n": "or open it with what has written it",
  };
  for (const [text, told] of Object.entries(texts)) {
    const { options, files } = setup();
    files.makeFolder("/data");
    replaceContent(files, "/data/meta.properties", utf8(text));
    await assertRejects(() => LogFolder.open("/data", options), UsageFault, told);
    assertEquals(fromUtf8(contentOf(files, "/data/meta.properties")), text);
  }
});

Deno.test("however a properties file ends, what is added to it is a line of its own", async () => {
  const begun = "version = 1\r\ncluster.id: c\r\nnode.id 1";
  for (
    const end of ["", "\r\n", "\n", "\r", "\nnote=a\\", "\nnote=a\\\n", "\nnote=a\\\r\n", "\n#\\"]
  ) {
    const { options, files } = setup();
    files.makeFolder("/data");
    replaceContent(files, "/data/meta.properties", utf8(begun + end));
    const folder = await claimed(options);
    await folder.close([]);
    const text = fromUtf8(contentOf(files, "/data/meta.properties"));
    assert(text.startsWith(begun + end));
    assertEquals(parseProperties(text).get("directory.id"), folder.directoryId, end);
    assertEquals((await claimed(options)).directoryId, folder.directoryId);
  }
});

Deno.test("a directory that is released was not changed", async () => {
  const { options, files } = setup();
  const first = await claimed(options);
  await first.close([log(0)]);
  files.makeFolder("/data/orders-0.0123456789abcdef0123456789abcdef-delete");
  const names = () => files.list("/data").map((name) => [name, files.stat(`/data/${name}`)?.size]);
  const before = names();
  (await LogFolder.open("/data", options)).release();
  assertEquals(names(), before);
  await (await LogFolder.open("/data", options)).close([log(0), log(1)]);
  assertEquals(names(), before);
});

Deno.test("what was being deleted is gone, a damaged checkpoint costs a scan only", async () => {
  const { options, files, lines } = setup();
  files.makeFolder("/data/orders-0.0123456789abcdef0123456789abcdef-delete");
  replaceContent(files, "/data/recovery-point-offset-checkpoint", utf8("0\n5\norders 0 1\n"));
  const folder = await claimed(options);
  assertEquals(files.list("/data").filter((name) => name.endsWith("-delete")), []);
  assertEquals(folder.checkpointOf(orders(0)).recoveryPoint, 0);
  assert(firstOf(lines).startsWith("checkpoint is damaged"));
});

Deno.test("a deleted partition's folder that stays keeps nobody from starting", async () => {
  const { options, lines } = setup();
  const memory = options.files;
  const name = "orders-0.0123456789abcdef0123456789abcdef-delete";
  memory.makeFolder(`/data/${name}`);
  const files = watchedFiles(memory, (change) => {
    if (change.endsWith("-delete")) throw new PlatformFault("Denied", "somebody holds it");
  });
  await (await claimed({ ...options, files })).close([]);
  assertEquals(lines.filter((line) => line.includes("cannot be removed")).length, 1);
  await claimed(options);
  assertEquals(memory.stat(`/data/${name}`), undefined);
});

Deno.test("what a checkpoint says counts for the topic that it was of only", async () => {
  const { options } = setup();
  const first = await claimed(options);
  await first.writeCheckpoints([log(0)]);
  first.release();
  const again = await claimed(options);
  const { recoveryPoint, mayBeStale } = again.checkpointOf(orders(0));
  assertEquals([again.cleanShutdown, recoveryPoint, mayBeStale], [false, 10, false]);
  const { recoveryPoint: ofAnother } = again.checkpointOf(orders(0, "AAAAAAAAAAAAAAAAAAAAAQ"));
  assertEquals(ofAnother, 0);
});

Deno.test("a log that could not be opened keeps its lines until it is forgotten", async () => {
  const { options, files } = setup();
  await (await claimed(options)).close([log(0), log(1)]);
  const folder = await claimed(options);
  await folder.writeCheckpoints([{ ...log(0), recoveryPoint: 15 }]);
  const text = () => fromUtf8(contentOf(files, "/data/recovery-point-offset-checkpoint"));
  assertEquals(text(), "0\n2\norders 0 15\norders 1 11\n");
  folder.forgetWhere((_, partition) => partition === 1);
  await folder.writeCheckpoints([{ ...log(0), recoveryPoint: 16 }]);
  assertEquals(text(), "0\n1\norders 0 16\n");
});

Deno.test("names of folders and files say what they are", () => {
  const live = { topic: "a-b.c", partition: 12, state: "live" as const };
  assertEquals(parsePartitionFolderName("a-b.c-12"), live);
  const deleted = deletedFolderName("a-b.c-12", "0".repeat(32));
  assertEquals(parsePartitionFolderName(deleted), { ...live, state: "deleted" });
  assertEquals(parsePartitionFolderName("t-1.x-future")?.state, "future");
  for (const other of ["lost+found", "orders-00", "orders-07", "orders-0x", "orders--", "-1"]) {
    assertEquals(parsePartitionFolderName(other), undefined, other);
  }
  assertEquals(deletedFolderName(`${"t".repeat(249)}-0`, "0".repeat(32)).length, 255);
  const name = "00000000000000000042.timeindex";
  assertEquals(parseSegmentFileName(name), { baseOffset: 42, kind: "timeindex" });
  assertEquals(parseSegmentFileName(`${name}.deleted`), undefined);
  const entries = [{ topic: "t", partition: 3, offset: 9 }];
  assertEquals(decodeOffsets(encodeOffsets(entries)), entries);
});
