// Reads the cluster's metadata: the newest snapshot that is whole, then every record of the log
// behind it. Changes no file, and works in slices.
//
//   snapshot | batch | batch | ... endOffset
//       control batches: kraft.version and voters are remembered, others passed over
//       records:         loaded into the tables, without an object for each on the way
//
// A log in which nothing is yet begins with what bootstrap.checkpoint says, a file of a snapshot's
// form that Kafka's StorageTool leaves beside the folder: levels of features, SCRAM credentials.
//
// Invariant: what is returned is all of the log up to `endOffset`, or nothing is: a table of topics
// that misses records must not be served. One record that does not decode ends the start, as it
// does in Kafka; a type that has no table here is passed over.

import { BytesReader } from "../../base/bytes.ts";
import { DecodeFault, messageOf, PartitionFault, UsageFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import {
  checkMetadataVersion,
  decodeMetadataRecord,
  type MetadataImage,
  type MetadataRecord,
  MetadataReplay,
  readMetadataRecord,
} from "../../cluster/mod.ts";
import {
  listSnapshots,
  type PartitionLog,
  readSnapshot,
  Slices,
  type SnapshotFile,
} from "../../log/mod.ts";
import {
  type BatchHeader,
  batchOverheadBytes,
  batchPositions,
  compressionOf,
  ControlType,
  type ControlValue,
  loadCompression,
  readBatchHeader,
  readControlValues,
  readRecords,
  RecordCursor,
} from "../../records/mod.ts";
import type { Clock, Codecs, Files, Logger, Timers } from "../../runtime/ports.ts";

const chunkBytes = 1024 * 1024;
/** Looking at a batch takes about as long as so many bytes of records. */
const batchWeight = 256;
/** The clock is asked after so much. */
const spentAtATime = 16 * 1024;

export interface ReadMetadataOptions {
  readonly log: PartitionLog;
  readonly files: Files;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Where to stop, at the end of a batch; the log's end by default. */
  readonly endOffset?: Offset;
}

/** What a metadata log says. */
export interface MetadataState {
  readonly replay: MetadataReplay;
  readonly image: MetadataImage;
  /** Where it was read to. */
  readonly endOffset: Offset;
  /** The log ends below that: it is to begin there, at the end of the snapshot. */
  readonly restartsAt: Offset | undefined;
  /** The newest epoch that a snapshot tells of. */
  readonly leaderEpoch: LeaderEpoch;
  /** How much of the log lies behind the snapshot. */
  readonly bytesBehindSnapshot: number;
  /** Of the last batch, in ms. */
  readonly lastTimestampMs: number;
  /** What bootstrap.checkpoint wants in a log that is new. */
  readonly formatted: readonly MetadataRecord[];
  /** The quorum's own records, where the voters are in the log (KIP-853). */
  readonly quorum: readonly ControlValue[];
}

/**
 * Throws UsageFault when the metadata, or what a new log is to begin with, is of a level that
 * cannot be served.
 */
export function checkLevels({ image, formatted }: MetadataState): void {
  checkMetadataVersion(image);
  const begun = new MetadataReplay();
  begun.apply(formatted, 0);
  checkMetadataVersion(begun.image);
}

/** Reads the whole log. Throws PartitionFault when a part of it is missing. */
export async function readMetadata(options: ReadMetadataOptions): Promise<MetadataState> {
  const { log, endOffset = log.logEndOffset } = options;
  const { reader, snapshot } = await loadSnapshot(options);
  const from = snapshot?.endOffset ?? 0;
  const restartsAt = checkWhole(options, from);
  let bytesBehindSnapshot = 0;
  for (let offset = from; restartsAt === undefined && offset < endOffset;) {
    const range = { offset, endOffset, maxBytes: chunkBytes, minOneBatch: true };
    const { bytes, damage, nextOffset } = await log.read(range);
    if (damage !== undefined) throw new PartitionFault(damage);
    if (bytes.length === 0) break;
    bytesBehindSnapshot += bytes.length;
    try {
      await reader.take(bytes, from);
    } catch (fault) {
      if (fault instanceof DecodeFault) throw undecodable(reader.offset, fault);
      throw fault;
    }
    offset = nextOffset;
  }
  if (log.isDamaged) throw new PartitionFault(`metadata cannot be stored: ${log.refusal}`);
  const { features } = reader.tables.image;
  return {
    formatted: features.size === 0 ? await readFormatted(options, reader.slices) : [],
    replay: reader.tables,
    image: reader.tables.image,
    endOffset: restartsAt ?? endOffset,
    restartsAt,
    leaderEpoch: snapshot?.epoch ?? 0,
    bytesBehindSnapshot,
    lastTimestampMs: reader.lastTimestampMs,
    quorum: [...reader.quorum.values()],
  };
}

/** Where the newest snapshot ends, whether it can be used or not; 0 where there is none. */
export function newestSnapshotEnd(files: Files, folder: string): Offset {
  if (files.stat(folder) === undefined) return 0;
  return listSnapshots(files, folder)[0]?.endOffset ?? 0;
}

/**
 * Throws PartitionFault where records are missing between the snapshot, which ends at `from`, and
 * the log. A log that ends below it was never brought up to it, or has lost what it stands for: it
 * is to begin there, as in Kafka; undefined where it goes on from there.
 */
function checkWhole({ files, log, logger }: ReadMetadataOptions, from: Offset): Offset | undefined {
  const { folder, logStartOffset, logEndOffset } = log;
  // One that is there and cannot be used tells of records all the same.
  const told = newestSnapshotEnd(files, folder);
  if (from < logStartOffset || (logEndOffset < told && from < told)) {
    throw new PartitionFault(
      `metadata is missing: ${folder} has records from offset ${logStartOffset} to ` +
        `${logEndOffset}, and its newest usable snapshot ends at ${from}` +
        (from < told ? `, its newest one at ${told}` : ""),
    );
  }
  if (from <= logEndOffset) return undefined;
  const message = "the metadata log ends below its newest snapshot, which has all of it: the log " +
    "begins anew there";
  logger.log("warn", message, { folder, logEndOffset, snapshotEndOffset: from });
  return from;
}

/** What it would have changed is not known: a topic, or that one was deleted. */
function undecodable(offset: Offset, fault: DecodeFault): PartitionFault {
  return new PartitionFault(
    `metadata cannot be read: the record at offset ${offset} does not decode: ${fault.message}`,
  );
}

/** The records of bootstrap.checkpoint; none where there is no such file. */
async function readFormatted(
  { files, log }: ReadMetadataOptions,
  slices: Slices,
): Promise<MetadataRecord[]> {
  const path = `${log.folder.slice(0, log.folder.lastIndexOf("/"))}/bootstrap.checkpoint`;
  if (files.stat(path) === undefined) return [];
  try {
    const bytes = await readSnapshot(files, path, slices);
    const records = batchPositions(bytes).flatMap((position) =>
      readBatchHeader(bytes, position).isControl ? [] : readRecords(bytes, { position })
    );
    return records.map(({ value }) => {
      const record = decodeMetadataRecord(value ?? new Uint8Array());
      if (record.type !== "unknown") return record;
      throw new DecodeFault(`${path} has a record of the unknown type ${record.key}`);
    });
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    const advice = "format the directory anew, or remove the file to begin without it";
    throw new UsageFault(`${messageOf(error)}: ${advice}`, { cause: error });
  }
}

/** Takes the newest snapshot that can be read. */
async function loadSnapshot(
  options: ReadMetadataOptions,
): Promise<{ reader: MetadataReader; snapshot: SnapshotFile | undefined }> {
  const { files, log, logger, endOffset = Infinity } = options;
  for (const snapshot of listSnapshots(files, log.folder)) {
    if (snapshot.endOffset > endOffset) continue;
    try {
      const reader = new MetadataReader(options);
      await reader.take(await readSnapshot(files, snapshot.path, reader.slices), 0);
      reader.tables.noteOffset(snapshot.endOffset - 1);
      return { reader, snapshot };
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
      logger.log("warn", "a metadata snapshot cannot be used; trying an older one", {
        file: snapshot.path,
        reason: error.message,
      });
    }
  }
  return { reader: new MetadataReader(options), snapshot: undefined };
}

class MetadataReader {
  readonly tables = new MetadataReplay();
  readonly slices: Slices;
  /** The last record of each type. */
  readonly quorum = new Map<number, ControlValue>();
  lastTimestampMs = -1;
  /** Of what is being read. */
  offset: Offset = 0;
  readonly #codecs: Codecs;

  constructor(options: ReadMetadataOptions) {
    this.slices = new Slices(options);
    this.#codecs = options.codecs;
  }

  /** Takes the records of whole batches, from offset `from` on. */
  async take(bytes: Uint8Array, from: Offset): Promise<void> {
    let spent = 0;
    for (const position of batchPositions(bytes)) {
      const header = readBatchHeader(bytes, position);
      const { maxTimestamp } = header;
      if (typeof maxTimestamp === "number") this.lastTimestampMs = maxTimestamp;
      const compression = compressionOf(header.attributes);
      this.offset = header.baseOffset;
      if (header.isControl) this.#takeControl(bytes, position);
      else if (compression === "none" && header.baseOffset >= from) {
        this.#takePlain(bytes, position, header);
      } else {
        if (compression !== undefined) await loadCompression(compression);
        for (const { offset, value } of readRecords(bytes, { position, codecs: this.#codecs })) {
          this.offset = offset;
          if (value !== null && offset >= from) this.#load(new BytesReader(value));
        }
      }
      this.tables.noteOffset(header.lastOffset);
      spent += batchWeight + header.sizeBytes;
      if (spent < spentAtATime) continue;
      this.slices.spend(spent);
      spent = 0;
      if (this.slices.isOver) await this.slices.next();
    }
  }

  #takePlain(bytes: Uint8Array, position: number, header: BatchHeader): void {
    const { sizeBytes, recordCount, baseOffset } = header;
    const cursor = new RecordCursor(bytes, position + batchOverheadBytes, position + sizeBytes);
    let count = 0;
    for (; cursor.next(); count++) {
      const { valueStart, valueLength } = cursor;
      this.offset = baseOffset + cursor.offsetDelta;
      if (valueLength >= 0) {
        this.#load(new BytesReader(bytes, valueStart, valueStart + valueLength));
      }
    }
    if (count !== recordCount) throw new DecodeFault(`${count} records and not ${recordCount}`);
  }

  #takeControl(bytes: Uint8Array, position: number): void {
    for (const { type, value } of readControlValues(bytes, position)) {
      const isKept = type === ControlType.KRAFT_VERSION || type === ControlType.KRAFT_VOTERS;
      if (isKept) this.quorum.set(type, { type, value: value.slice() });
    }
  }

  #load(reader: BytesReader): void {
    this.tables.load(readMetadataRecord(reader));
  }
}
