import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageFault } from "../../base/faults.ts";
import type { Uuid } from "../../base/ids.ts";
import { LogFolder } from "../../log/mod.ts";
import { claimPartitionFolder } from "../../log/directory/partition_metadata.ts";
import { FailingFiles } from "../../../tests/harness/failing_files.ts";
import { memoryFiles } from "../../runtime/memory_files.ts";
import type { Logger } from "../../runtime/ports.ts";
import { metadataTopic, metadataTopicId } from "../metadata/log.ts";
import { DataFolders, type Placed } from "./data_folders.ts";

const logger: Logger = { enabled: () => true, log() {}, child: () => logger };
const topicId = "qVNPd6uSQ9KXuwz2ybfVIw";
const earlierId = "cVNPd6uSQ9KXuwz2ybfVIw";

/** Two directories; `its`: of which topic the folder orders-0 in each is, where there is one. */
async function twoFolders(
  { its, fails }: { readonly its: Record<string, Uuid>; readonly fails?: string },
) {
  let next = 0;
  const random = {
    uint32: () => next++,
    bytes: (length: number) => Uint8Array.from({ length }, () => next++ & 0xff),
  };
  const files = memoryFiles({ clock: { now: () => 1, monotonic: () => 1 } });
  const options = { files, random, logger, nodeId: 1, clusterId: "AAAAAAAAQACAAAAAAAAAcQ" };
  const ids: Record<string, Uuid> = {};
  for (const path of ["/a", "/b"]) {
    const folder = await LogFolder.open(path, options);
    await folder.claim();
    ids[path] = folder.directoryId;
    await folder.close([]);
    const id = its[path];
    if (id !== undefined) claimPartitionFolder(files, { folder: `${path}/orders-0`, topicId: id });
  }
  const failing = new FailingFiles(files);
  if (fails !== undefined) failing.arm({ at: 1, kind: "Io", about: (path) => path === fails });
  const folders = await DataFolders.open(["/a", "/b"], { ...options, files: failing.files });
  const orders = { topic: "orders", partition: 0, topicId, isNew: false };
  /** Where it is, or why it is nowhere. */
  const where = (placed: Partial<Placed> & { directoryId: Uuid | undefined }) => {
    const found = folders.locate({ ...orders, ...placed });
    return "reason" in found ? found.reason : found.path;
  };
  return { folders, where, inA: ids["/a"], inB: ids["/b"] };
}

Deno.test("of two folders of a name the one of this topic is its own", async () => {
  for (const own of ["/a", "/b"]) {
    const other = own === "/a" ? "/b" : "/a";
    const { where, inA, inB } = await twoFolders({ its: { [own]: topicId, [other]: earlierId } });
    for (const directoryId of [undefined, inA, inB]) assertEquals(where({ directoryId }), own);
  }
});

Deno.test("of two folders of a topic the metadata names the one that counts", async () => {
  const { where, inA, inB } = await twoFolders({ its: { "/a": topicId, "/b": topicId } });
  assertEquals([where({ directoryId: inA }), where({ directoryId: inB })], ["/a", "/b"]);
  const both = "orders-0 is in /a and in /b: " +
    "move one of the two folders out of the data directories";
  assertEquals(where({ directoryId: undefined }), both);
  assertEquals(where({ directoryId: undefined, isEligible: true }), both);
  // Others have all that either may have.
  assertEquals(where({ directoryId: undefined, mayBeginAnew: true }), "/a");
});

Deno.test("a folder of an earlier topic does not stand for what is on a failed disk", async () => {
  const { where, inA, inB } = await twoFolders({ its: { "/b": earlierId }, fails: "/a" });
  const nowhere = where({ directoryId: inA });
  assert(nowhere.startsWith("it may be in data directory /a, which failed"), nowhere);
  // Whoever opens it there sees that it is another's.
  assertEquals(where({ directoryId: inB }), "/b");
});

Deno.test("a folder that is moved by hand is found where it is", async () => {
  const { where, inA } = await twoFolders({ its: { "/b": topicId } });
  assertEquals(where({ directoryId: inA }), "/b");
});

Deno.test("a new log does not wait for the disk that what had its name was on", async () => {
  const { folders, where } = await twoFolders({ its: { "/b": earlierId } });
  folders.opened.find(({ path }) => path === "/b")!.state.goOffline("input/output error");
  assertEquals(where({ directoryId: undefined, isNew: true }), "/a");
  const nowhere = where({ directoryId: undefined });
  assert(nowhere.startsWith("it may be in data directory /b"), nowhere);
});

Deno.test("folders are counted once, wherever a log is and however often it goes", async () => {
  const { folders, where, inA } = await twoFolders({ its: { "/a": topicId, "/b": earlierId } });
  const [a, b] = folders.opened as [LogFolder, LogFolder];
  const counts = () => [folders.counts.get(a), folders.counts.get(b)];
  const orders = { topic: "orders", partition: 0 };
  assertEquals(counts(), [1, 0]);
  folders.add(orders, b);
  assertEquals(counts(), [0, 1]);
  folders.delete(orders, b);
  assertEquals([counts(), where({ directoryId: undefined })], [[1, 0], "/a"]);
  folders.delete(orders, b);
  folders.delete(orders, a);
  assertEquals([counts(), where({ directoryId: inA })], [[0, 0], "/a"]);
});

Deno.test("two logs of the metadata refuse the start", async () => {
  const files = memoryFiles({ clock: { now: () => 1, monotonic: () => 1 } });
  const random = { uint32: () => 0, bytes: (length: number) => new Uint8Array(length) };
  for (const path of ["/a", "/b"]) {
    const folder = `${path}/${metadataTopic}-0`;
    claimPartitionFolder(files, { folder, topicId: metadataTopicId });
  }
  let next = 1;
  random.bytes = (length) => new Uint8Array(length).fill(next++);
  const opening = DataFolders.open(["/a", "/b"], { files, random, logger, nodeId: 1 });
  await assertRejects(() => opening, UsageFault, `${metadataTopic}-0 is in /a and in /b`);
});
