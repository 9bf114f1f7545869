// A data directory with one bit of one file flipped: whoever opens and reads it gets the right
// records, or is told that something is wrong; never other records, never a crash of the process.
//
//   write a directory, remember every file > for each flip: put the files back, flip, open, read,
//   compare
//
// Readers check each batch's CRC, as every Kafka client does: what the CRC covers is theirs to
// notice, what it does not cover (offset, length, magic) and every other file is the broker's.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { PartitionFault, UsageFault } from "../../src/base/faults.ts";
import { logConfigDefaults, LogFolder, PartitionLog } from "../../src/log/mod.ts";
import { checkBatch, readAllRecords } from "../../src/records/mod.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { batchOf, contentOf, replaceContent } from "../harness/log_rig.ts";

const clock = { now: () => 1_000_000, monotonic: () => 1_000_000 };
const logger = { enabled: () => false, log: () => {}, child: () => logger };
const count = 40;
/** Records below it were deleted on request. */
const deletedTo = 3;
const config = {
  ...logConfigDefaults,
  segmentBytes: 1500,
  indexIntervalBytes: 200,
  retentionMs: -1,
  messageTimestampAfterMaxMs: 1e15,
};

/** How the directory was left. */
export type Left = "closed" | "killed";

async function open(files: Files) {
  const random = new SeededRandom(1, "ids");
  const folder = await LogFolder.open("/data", { files, random, logger, nodeId: 1, bootId: "b" });
  await folder.claim();
  const log = await PartitionLog.open({
    ...folder.checkpointOf({ topic: "orders", partition: 0, topicId: "qVNPd6uSQ9KXuwz2ybfVIw" }),
    folder: "/data",
    topic: "orders",
    partition: 0,
    topicId: "qVNPd6uSQ9KXuwz2ybfVIw",
    recoveryBytesMax: 400,
    config: () => config,
    files,
    clock,
    logger,
    handles: folder.handles,
    directory: folder.state,
    cleanShutdown: folder.cleanShutdown,
    machineRestarted: folder.machineRestarted,
  });
  return { folder, log };
}

const valueOf = (offset: number) => `record ${offset} `.repeat(4 + (offset % 9));

/** Every file of a directory as it was left. */
export async function writeDirectory(left: Left): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = memoryFiles({ clock });
  const { folder, log } = await open(files);
  await folder.noteRecovered();
  for (let offset = 0; offset < count; offset++) {
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: offset };
    const timestamp = 1_000 + offset;
    const batch = batchOf([valueOf(offset)], { ...producer, timestamp });
    const result = log.append(batch, { leaderEpoch: offset < 20 ? 2 : 5, origin: "client" });
    assert(result.ok);
    if (offset === 10 || offset === 30) {
      log.noteRecoveryStart();
      await log.syncTo(offset + 1);
    }
  }
  await log.deleteRecordsBefore(deletedTo);
  await folder.writeCheckpoints([log]);
  if (left === "closed") {
    await log.close();
    await folder.close([log]);
  }
  const contents = new Map<string, Uint8Array>();
  for (const path of filesBelow(files, "/data")) {
    if (!path.endsWith(".lock")) contents.set(path, contentOf(files, path));
  }
  return contents;
}

function filesBelow(files: Files, folder: string): string[] {
  return files.list(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    return files.stat(path)!.isDirectory ? filesBelow(files, path) : [path];
  });
}

/** Flips one bit of the directory and judges what a reader gets. */
export async function flip(
  contents: ReadonlyMap<string, Uint8Array>,
  at: { readonly path: string; readonly bit: number },
): Promise<"told" | "unharmed"> {
  const files = memoryFiles({ clock });
  files.makeFolder("/data/orders-0");
  for (const [path, content] of contents) replaceContent(files, path, content);
  const spoiled = contents.get(at.path)!.slice();
  spoiled[at.bit >> 3] ^= 1 << (at.bit & 7);
  replaceContent(files, at.path, spoiled);
  try {
    const { log } = await open(files);
    const told = log.refusal !== undefined;
    const isRead = await readAll(log);
    assert(told || log.logEndOffset === count, `ends at ${log.logEndOffset}, and nobody is told`);
    assert(log.logStartOffset <= deletedTo, `begins at ${log.logStartOffset}`);
    return told || !isRead ? "told" : "unharmed";
  } catch (error) {
    if (error instanceof PartitionFault || error instanceof UsageFault) return "told";
    throw error;
  }
}

/** Reads from some offsets on, as consumers do. False when one was told that it cannot go on. */
async function readAll(log: PartitionLog): Promise<boolean> {
  let isWhole = true;
  for (const from of [log.logStartOffset, 9, 22, 35]) {
    for (let offset = from; offset < log.logEndOffset;) {
      const { bytes, nextOffset, damage } = await log.read({
        offset,
        endOffset: log.logEndOffset,
        maxBytes: 700,
        minOneBatch: true,
      });
      if (damage !== undefined || !holds(bytes)) {
        isWhole = false;
        break;
      }
      const records = readAllRecords(bytes).filter((record) => record.offset >= offset);
      const expected = Array.from({ length: nextOffset - offset }, (_, i) => offset + i);
      assertEquals(records.map((record) => record.offset), expected, `read from ${offset}`);
      for (const record of records) {
        assertEquals(fromUtf8(record.value!), valueOf(record.offset));
      }
      assert(nextOffset > offset, `nothing at ${offset}, and nobody is told`);
      offset = nextOffset;
    }
  }
  return isWhole;
}

/** Whether a client that checks CRCs takes the batches. */
function holds(bytes: Uint8Array): boolean {
  for (let position = 0; position < bytes.length;) {
    const check = checkBatch(bytes, { position });
    if ("refusal" in check) return false;
    position += check.header.sizeBytes;
  }
  return true;
}

/** Bits of a file to flip: all of a small one, one of each byte of a large one. */
export function bitsOf(content: Uint8Array, random: SeededRandom): number[] {
  if (content.length <= 128) return Array.from({ length: content.length * 8 }, (_, bit) => bit);
  return Array.from(content, (_, byte) => byte * 8 + Math.floor(random.between(0, 8)));
}
