// The batches of a segment, a metadata snapshot or a `.cut` file, and the records in them.
//
// Records of the internal topics are printed decoded, by the tables of their types; so are control
// records. A record that does not decode is printed as bytes, with what is wrong with it. Passwords
// in configuration, and what of a user's could be guessed from, are not printed.

import { BytesReader } from "../../base/bytes.ts";
import { DecodeFault, EncodeFault, messageOf } from "../../base/faults.ts";
import {
  decodeMetadataRecord,
  KRaftVersionRecord,
  LeaderChangeMessage,
  type MetadataRecord,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  type UnknownMetadataRecord,
  VotersRecord,
} from "../../cluster/mod.ts";
import { storedDecoder } from "../../coordinator/mod.ts";
import { type FoundBatch, inspectBatches } from "../../log/mod.ts";
import type { RecordTable } from "../../protocol/mod.ts";
import {
  type BatchHeader,
  compressionOf,
  ControlType,
  loadCompression,
  type LogRecord,
  readRecords,
} from "../../records/mod.ts";
import type { OpenFile } from "../../runtime/ports.ts";
import type { CliContext } from "../context.ts";
import type { PrintLine } from "./lines.ts";

/** A file to be printed. */
export interface DumpedFile {
  readonly path: string;
  readonly name: string;
  /** What its name begins with: its first offset, 0 where there is none. */
  readonly baseOffset: number;
  /** Of the folder that it is in; "" when that is no partition's. */
  readonly topic: string;
}

interface BatchOptions {
  readonly records: boolean;
  readonly print: PrintLine;
}

/** Says what a record is, or undefined for records that are just bytes. */
type Decode = (record: LogRecord) => Readonly<Record<string, unknown>> | undefined;

/** Prints the batches of a file. */
export async function dumpBatches(
  context: CliContext,
  file: DumpedFile,
  { records, print }: BatchOptions,
): Promise<void> {
  const opened = context.runtime.files.open(file.path, "read");
  const decode = records ? await decoderOf(file.topic) : undefined;
  try {
    let nextOffset: number | undefined;
    for await (const found of inspectBatches(opened, file)) {
      if ("problem" in found) {
        print("problem", { ...found });
        nextOffset = undefined;
        continue;
      }
      const { baseOffset, lastOffset } = found.header;
      if (nextOffset !== undefined && baseOffset > nextOffset) {
        print("gap", { fromOffset: nextOffset, toOffset: baseOffset });
      }
      nextOffset = lastOffset + 1;
      print("batch", batchFields(found));
      if (decode === undefined) continue;
      const bytes = await batchBytes(opened, found);
      await printRecords(bytes, { header: found.header, context, decode, print });
    }
  } finally {
    opened.close();
  }
}

function batchFields({ position, header }: FoundBatch): Record<string, unknown> {
  return {
    position,
    baseOffset: header.baseOffset,
    lastOffset: header.lastOffset,
    records: header.recordCount,
    bytes: header.sizeBytes,
    compression: compressionOf(header.attributes) ?? "unknown",
    baseTimestamp: header.baseTimestamp,
    maxTimestamp: header.maxTimestamp,
    leaderEpoch: header.partitionLeaderEpoch,
    ...header.producerId < 0 ? {} : {
      producerId: header.producerId,
      producerEpoch: header.producerEpoch,
      baseSequence: header.baseSequence,
    },
    ...header.isTransactional ? { transactional: true } : {},
    ...header.isControl ? { control: true } : {},
    crc: header.crc,
  };
}

async function batchBytes(file: OpenFile, { position, header }: FoundBatch): Promise<Uint8Array> {
  const bytes = new Uint8Array(header.sizeBytes);
  await file.readAtAsync(position, bytes);
  return bytes;
}

async function printRecords(
  bytes: Uint8Array,
  of: { header: BatchHeader; context: CliContext; decode: Decode; print: PrintLine },
): Promise<void> {
  const { header, context, decode, print } = of;
  let records: readonly LogRecord[];
  try {
    const compression = compressionOf(header.attributes);
    if (compression !== undefined) await loadCompression(compression);
    records = readRecords(bytes, { codecs: context.runtime.codecs });
  } catch (error) {
    print("problem", { baseOffset: header.baseOffset, problem: messageOf(error) });
    return;
  }
  for (const record of records) {
    const { offset, timestamp, key, value, headers } = record;
    let decoded: ReturnType<Decode>;
    try {
      decoded = header.isControl ? decodeControl(record) : decode(record);
    } catch (error) {
      if (!(error instanceof DecodeFault || error instanceof EncodeFault)) throw error;
      print("problem", { offset, problem: messageOf(error) });
    }
    const named = headers.map((each) => [each.key, each.value]);
    const content = decoded ?? { key, value, ...named.length === 0 ? {} : { headers: named } };
    print("record", { offset, timestamp, ...content });
  }
}

async function decoderOf(topic: string): Promise<Decode> {
  if (topic === "__cluster_metadata") {
    const { isSecretKey } = await import("../../broker/mod.ts");
    return ({ value }) => {
      return value === null ? undefined : withoutSecrets(decodeMetadataRecord(value), isSecretKey);
    };
  }
  const decodeStored = await storedDecoder(topic);
  return (record) => {
    const stored = decodeStored?.(record);
    if (stored === undefined) return undefined;
    const { type: is, ...rest } = stored;
    return { is, ...rest };
  };
}

/** What is printed is often passed on, to whoever helps: the fields, without what is a secret. */
function withoutSecrets(
  record: MetadataRecord | UnknownMetadataRecord,
  isSecretKey: (name: string) => boolean,
): Readonly<Record<string, unknown>> {
  const { type: is, ...rest } = record;
  const hidden = "(hidden)";
  if (record.type === "UserScramCredentialRecord") {
    const keys = { salt: hidden, storedKey: hidden, serverKey: hidden };
    return { is, ...rest, fields: { ...record.fields, ...keys } };
  }
  if (record.type === "ConfigRecord" && record.fields.value !== null) {
    if (isSecretKey(record.fields.name)) {
      return { is, ...rest, fields: { ...record.fields, value: hidden } };
    }
  }
  return { is, ...rest };
}

const controlTables: Readonly<Record<number, RecordTable>> = {
  [ControlType.LEADER_CHANGE]: LeaderChangeMessage,
  [ControlType.SNAPSHOT_HEADER]: SnapshotHeaderRecord,
  [ControlType.SNAPSHOT_FOOTER]: SnapshotFooterRecord,
  [ControlType.KRAFT_VERSION]: KRaftVersionRecord,
  [ControlType.KRAFT_VOTERS]: VotersRecord,
};

/** Key: int16 version, int16 type. Values of the quorum's records repeat their version in front. */
function decodeControl({ key, value }: LogRecord): Readonly<Record<string, unknown>> | undefined {
  if (key === null || value === null) return undefined;
  const keyReader = new BytesReader(key);
  keyReader.int16();
  const type = keyReader.int16();
  const name = Object.entries(ControlType).find(([, number]) => number === type)?.[0];
  if (type === ControlType.COMMIT || type === ControlType.ABORT) {
    const reader = new BytesReader(value);
    reader.int16();
    return { is: name, coordinatorEpoch: reader.int32() };
  }
  const table = controlTables[type];
  if (table === undefined) return undefined;
  const version = new BytesReader(value).int16();
  return { is: table.name, fields: table.decode(new BytesReader(value), version) };
}
