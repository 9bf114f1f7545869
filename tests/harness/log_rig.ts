// A partition's log over files in memory, with a clock that is set by hand, for tests of src/log.
//
// `faults` makes calls on files fail: `append` after writing half (as Deno does on a full disk),
// `read`, `sync`, `truncate`. A log that is not closed has crashed: the files stay as they are.

import { utf8 } from "../../src/base/bytes.ts";
import { PlatformFault } from "../../src/base/faults.ts";
import { type LogConfig, logConfigDefaults, PartitionLog, ReadAhead } from "../../src/log/mod.ts";
import type { LogOptions } from "../../src/log/mod.ts";
import {
  type BatchInput,
  buildBatch,
  type LogRecord,
  readAllRecords,
} from "../../src/records/mod.ts";
import { zlibCodecs } from "../../src/runtime/codecs.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files, Logger, OpenFile } from "../../src/runtime/ports.ts";

export interface Rig {
  readonly files: Files;
  readonly config: { -readonly [K in keyof LogConfig]: LogConfig[K] };
  readonly faults: { append: boolean; read: boolean; sync: boolean; truncate: boolean };
  readonly lines: string[];
  nowMs: number;
  /** How far the wall clock was set from it. */
  setByMs: number;
  syncCount: number;
  /** Asynchronous reads of files so far. */
  coldReadCount: number;
  open(options?: Partial<LogOptions>): Promise<PartitionLog>;
}

export function logRig(config: Partial<LogConfig> = {}): Rig {
  const lines: string[] = [];
  // Small, so that tests see it fill up.
  const readAhead = new ReadAhead(64 * 1024);
  const clock = { now: () => rig.nowMs + rig.setByMs, monotonic: () => rig.nowMs };
  const rig: Rig = {
    files: undefined as unknown as Files,
    config: {
      ...logConfigDefaults,
      messageTimestampAfterMaxMs: 1e15,
      // Most tests have no coordinator that could be asked.
      transactionsAreVerified: false,
      ...config,
    },
    faults: { append: false, read: false, sync: false, truncate: false },
    lines,
    nowMs: 1_000_000,
    setByMs: 0,
    syncCount: 0,
    coldReadCount: 0,
    open: (options = {}) =>
      PartitionLog.open({
        folder: "/data",
        topic: "orders",
        partition: 0,
        topicId: "qVNPd6uSQ9KXuwz2ybfVIw",
        config: () => rig.config,
        files: rig.files,
        clock,
        logger: loggerInto(lines),
        cleanShutdown: false,
        readAhead,
        codecs: zlibCodecs,
        ...options,
      }),
  };
  (rig as { files: Files }).files = faultyFiles(memoryFiles({ clock }), rig);
  return rig;
}

function loggerInto(lines: string[]): Logger {
  const logger: Logger = {
    enabled: () => true,
    log: (level, message, fields) =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
    child: () => logger,
  };
  return logger;
}

function faultyFiles(files: Files, rig: Rig): Files {
  const fail = (what: string): never => {
    throw new PlatformFault(what === "append" ? "NoSpace" : "Io", `${what} failed on purpose`);
  };
  const wrap = (file: OpenFile): OpenFile => ({
    path: file.path,
    get size() {
      return file.size;
    },
    append(bytes) {
      if (rig.faults.append) {
        file.append(bytes.subarray(0, bytes.length >> 1));
        fail("append");
      }
      file.append(bytes);
    },
    readAt(position, into) {
      if (rig.faults.read) fail("read");
      return file.readAt(position, into);
    },
    readAtAsync(position, into) {
      rig.coldReadCount++;
      return file.readAtAsync(position, into);
    },
    truncate(size) {
      if (rig.faults.truncate) fail("truncate");
      file.truncate(size);
    },
    async sync() {
      rig.syncCount++;
      await Promise.resolve();
      if (rig.faults.sync) fail("sync");
      await file.sync();
    },
    close: () => file.close(),
  });
  return {
    separators: files.separators,
    open: (path, mode) => wrap(files.open(path, mode)),
    list: (folder) => files.list(folder),
    stat: (path) => files.stat(path),
    makeFolder: (folder) => files.makeFolder(folder),
    rename: (from, to) => files.rename(from, to),
    renameAsync: (from, to) => files.renameAsync(from, to),
    remove: (path) => files.remove(path),
    removeAsync: (path) => files.removeAsync(path),
    syncFolder: (folder) => files.syncFolder(folder),
    syncFolderNow: (folder) => files.syncFolderNow(folder),
    lock: (folder) => files.lock(folder),
    lockToRead: (folder) => files.lockToRead(folder),
    freeBytes: (path) => files.freeBytes(path),
    totalBytes: (path) => files.totalBytes(path),
  };
}

/** A batch of `count` records whose values tell them apart. */
export function batchOf(values: readonly string[], input: Partial<BatchInput> = {}): Uint8Array {
  return buildBatch({
    records: values.map((value) => ({ key: utf8("k"), value: utf8(value) })),
    timestamp: 1000,
    ...input,
  });
}

/** Appends as a client would, and insists that it worked. */
export function appendOk(log: PartitionLog, batch: Uint8Array, leaderEpoch = 0) {
  const result = log.append(batch, { leaderEpoch, origin: "client" });
  if (!result.ok) throw new Error(`append refused: ${result.errorCode} ${result.message}`);
  return result;
}

/** All records from `offset` on, as a consumer fetches them. */
export async function recordsFrom(
  log: PartitionLog,
  options: { offset?: number; maxBytes?: number } = {},
): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let offset = options.offset ?? log.logStartOffset;
  while (true) {
    const { bytes, nextOffset, damage } = await log.read({
      offset,
      endOffset: log.logEndOffset,
      maxBytes: options.maxBytes ?? 300,
      minOneBatch: true,
    });
    if (damage !== undefined) throw new Error(damage);
    if (bytes.length === 0) return records;
    records.push(...readAllRecords(bytes).filter((record) => record.offset >= offset));
    offset = nextOffset;
  }
}

/** The whole content of a file, and a way to put another in its place. */
export function contentOf(files: Files, path: string): Uint8Array {
  const file = files.open(path, "read");
  const bytes = new Uint8Array(file.size);
  file.readAt(0, bytes);
  file.close();
  return bytes;
}

export function replaceContent(files: Files, path: string, bytes: Uint8Array): void {
  const file = files.open(path, "create");
  file.append(bytes);
  file.close();
}
