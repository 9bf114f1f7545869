// Keeps the metadata log small (KIP-630): from time to time all that it says goes into a snapshot,
// and what snapshots stand for is deleted, by Kafka's keys and rules.
//
//   snapshot    metadata.log.max.record.bytes.between.snapshots have been appended since the last
//               one, or metadata.log.max.snapshot.interval.ms have passed and there is something
//               new
//   deletion    while log and snapshots have more than metadata.max.retention.bytes, or the oldest
//               snapshot is older than metadata.max.retention.ms: the oldest snapshot goes, and the
//               log begins where the next one ends. The newest always stays.
//
// A snapshot is made of what is on disk, by reading it again as a start would, in slices: the image
// changes meanwhile, the files below an offset do not. Invariant: a snapshot has its name only once
// it is whole and durable, and nothing is deleted before that; the log's start moves to where a
// snapshot ends. So whatever a crash leaves has a snapshot, or the records instead of it.

import { isShortage, messageOf, PlatformFault } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import { encodeMetadataRecord, imageRecords } from "../../cluster/mod.ts";
import {
  listSnapshots,
  type PartitionLog,
  removeSnapshots,
  Slices,
  type SnapshotFile,
  writeSnapshot,
} from "../../log/mod.ts";
import {
  buildBatch,
  buildSnapshotFooter,
  buildSnapshotHeader,
  type RecordInput,
} from "../../records/mod.ts";
import { type MetadataState, readMetadata, type ReadMetadataOptions } from "./reading.ts";

/** Bytes of records in a batch of a snapshot. */
const batchBytes = 64 * 1024;

/** After a failure nothing is tried for so long. */
const retryMs = 60_000;

/** How often the age of the snapshots is looked at. */
const cleanIntervalMs = 60_000;

/** When snapshots are due, and how long they stay. */
export interface SnapshotConfig {
  readonly recordBytesBetween: number;
  /** 0: the time alone makes none due. */
  readonly intervalMs: number;
  /** -1: no bound. */
  readonly retentionBytes: number;
  /** -1: no bound. */
  readonly retentionMs: number;
}

/** The metadata that is kept small. */
export interface SnapshotSource {
  /** All bytes behind the snapshot of the start. */
  readonly bytesAppended: number;
  /** Where the records end that are in the image, and so on disk. */
  readonly endOffset: Offset;
}

export interface MetadataSnapshotsOptions extends Omit<ReadMetadataOptions, "endOffset"> {
  readonly metadata: SnapshotSource;
  readonly config: () => SnapshotConfig;
}

export class MetadataSnapshots {
  readonly #options: MetadataSnapshotsOptions;
  readonly #log: PartitionLog;
  #bytesAtLast = 0;
  #lastMs: number;
  #quietUntilMs = -Infinity;
  #cleanDueMs = -Infinity;
  /** Why there can be no snapshot until the next start. */
  #obstacle: string | undefined;

  constructor(options: MetadataSnapshotsOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#lastMs = options.clock.monotonic();
  }

  /** Writes a snapshot if one is due, and deletes what has been kept for long enough. */
  async run(): Promise<void> {
    const { clock, logger, files } = this.#options;
    if (this.#log.refusal !== undefined || clock.monotonic() < this.#quietUntilMs) return;
    try {
      if (this.#isDue) await this.#write();
      if (clock.monotonic() >= this.#cleanDueMs) await this.#clean();
    } catch (error) {
      if (!(error instanceof PlatformFault)) throw error;
      this.#quietUntilMs = clock.monotonic() + retryMs;
      const { directory, folder } = this.#log;
      if (isShortage(error)) directory.noteUnwritten(error);
      else if (files.stat(folder) !== undefined) directory.goOffline(messageOf(error));
      logger.log("warn", "no snapshot of the metadata could be written", {
        reason: messageOf(error),
      });
    }
  }

  get #isDue(): boolean {
    const { metadata, config, clock } = this.#options;
    const bytes = metadata.bytesAppended - this.#bytesAtLast;
    if (bytes === 0 || this.#obstacle !== undefined) return false;
    const { recordBytesBetween, intervalMs } = config();
    return bytes >= recordBytesBetween ||
      (intervalMs > 0 && clock.monotonic() - this.#lastMs >= intervalMs);
  }

  async #write(): Promise<void> {
    const { metadata, files, logger, clock } = this.#options;
    const { bytesAppended, endOffset } = metadata;
    const startedMs = clock.monotonic();
    const state = await readMetadata({ ...this.#options, endOffset });
    // The end of the transaction makes it due again.
    if (state.image.inTransaction) return;
    if (!state.replay.isWhole) {
      this.#obstacle = "there are records of a type that is not known";
      logger.log("warn", "the metadata log is kept whole", { reason: this.#obstacle });
      return;
    }
    const epoch = this.#log.epochOfOffset(endOffset - 1) ?? state.leaderEpoch;
    const written = await writeSnapshot(files, this.#log.folder, {
      endOffset,
      epoch,
      batches: snapshotBatches(state, epoch),
      slices: new Slices(this.#options),
    });
    this.#bytesAtLast = bytesAppended;
    this.#lastMs = clock.monotonic();
    this.#cleanDueMs = -Infinity;
    logger.log("info", "wrote a snapshot of the metadata", {
      file: written.path,
      bytes: files.stat(written.path)?.size,
      tookMs: Math.round(this.#lastMs - startedMs),
    });
  }

  async #clean(): Promise<void> {
    const { files, clock, config } = this.#options;
    const { folder } = this.#log;
    const { retentionBytes, retentionMs } = config();
    this.#cleanDueMs = clock.monotonic() + cleanIntervalMs;
    const snapshots = listSnapshots(files, folder).reverse().map((file) => {
      const { size = 0, modifiedMs = 0 } = files.stat(file.path) ?? {};
      return { ...file, size, modifiedMs };
    });
    let bytes = this.#log.sizeBytes;
    for (const { size } of snapshots) bytes += size;
    const isPast = ({ endOffset, modifiedMs }: SnapshotFile & { modifiedMs: number }) =>
      endOffset < this.#log.logStartOffset ||
      (retentionBytes >= 0 && bytes > retentionBytes) ||
      (retentionMs >= 0 && clock.now() - modifiedMs > retentionMs);
    const past: SnapshotFile[] = [];
    for (const each of snapshots.slice(0, -1)) {
      if (!isPast(each)) break;
      bytes -= each.size;
      past.push(each);
    }
    if (past.length > 0) {
      await this.#log.deleteRecordsBefore(itemAt(snapshots, past.length).endOffset);
    }
    await removeSnapshots(files, folder, past);
  }
}

/** The batches of a snapshot; `state` is nobody else's. */
export function* snapshotBatches(
  state: Pick<MetadataState, "image" | "lastTimestampMs" | "quorum">,
  epoch: number,
): Generator<Uint8Array> {
  const timestamp = state.lastTimestampMs;
  let baseOffset = 0;
  const place = () => ({ baseOffset, partitionLeaderEpoch: epoch, timestamp });
  yield buildSnapshotHeader(timestamp, { ...place(), more: state.quorum });
  baseOffset += 1 + state.quorum.length;
  let records: RecordInput[] = [];
  let bytes = 0;
  for (const each of imageRecords(state.image)) {
    const value = encodeMetadataRecord(each);
    records.push({ key: null, value, headers: [] });
    bytes += value.length;
    if (bytes < batchBytes) continue;
    yield buildBatch({ records, ...place() });
    baseOffset += records.length;
    [records, bytes] = [[], 0];
  }
  if (records.length > 0) yield buildBatch({ records, ...place() });
  baseOffset += records.length;
  yield buildSnapshotFooter(place());
}
