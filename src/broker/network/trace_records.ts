// Record batches in a trace: how many there are, and what is in the first records.
//
//   <2 records in 1 batch from offset 7 (zstd), 96 bytes: {key=7 value=paid}, {key=8 value=open}>
//   <1 marker in 1 batch from offset 9 (none), 78 bytes: commit of producer 4>
//
// Invariant: a line's part is short, whatever a batch holds: few records, the beginning of their
// texts, and nothing of what is large when it is unpacked. Bytes that are no text are counted.

import { quotedUnless } from "../../base/visible.ts";
import {
  type BatchHeader,
  batchPositions,
  compressionOf,
  ControlType,
  isCompressionLoaded,
  type LogRecord,
  readBatchHeader,
  readControlRecord,
  readRecords,
} from "../../records/mod.ts";
import type { Codecs } from "../../runtime/ports.ts";

const recordsShown = 3;
const headersShown = 3;
const charactersShown = 40;
/** A batch that is larger, packed or unpacked, is counted alone. */
const bytesReadMax = 256 * 1024;
const plainText = /^[\w.:/@+-]+$/;

/** Batches in a few words. Throws DecodeFault for what is none. */
export function describeRecords(bytes: Uint8Array, codecs: Codecs): string {
  const batches = batchPositions(bytes).map((position) => ({
    position,
    header: readBatchHeader(bytes, position),
  }));
  const [first] = batches;
  if (first === undefined) return "<none>";
  const count = batches.reduce((sum, { header }) => sum + header.recordCount, 0);
  const packing = new Set(batches.map(({ header }) => compressionOf(header.attributes)));
  const what = batches.every(({ header }) => header.isControl) ? "marker" : "record";
  const shown = contentsOf(bytes, batches, codecs);
  return [
    `<${counted(count, what)} in ${batches.length}`,
    `${batches.length === 1 ? "batch" : "batches"} from offset ${first.header.baseOffset}`,
    `(${[...packing].join(", ")}), ${bytes.length} bytes${shown === "" ? "" : `: ${shown}`}>`,
  ].join(" ");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

interface Batch {
  readonly position: number;
  readonly header: BatchHeader;
}

/** The first records of the batches, as far as they can be looked at. */
function contentsOf(bytes: Uint8Array, batches: readonly Batch[], codecs: Codecs): string {
  const shown: string[] = [];
  for (const { position, header } of batches) {
    if (shown.length >= recordsShown) break;
    if (header.isControl) {
      shown.push(markerText(bytes, position, header));
      continue;
    }
    const type = compressionOf(header.attributes);
    const isReadable = type !== undefined && isCompressionLoaded(type) &&
      header.sizeBytes <= bytesReadMax;
    if (!isReadable) break;
    const records = readRecords(bytes, { position, codecs, bytesMax: bytesReadMax });
    for (const record of records.slice(0, recordsShown - shown.length)) {
      shown.push(recordText(record));
    }
  }
  return shown.join(", ");
}

function markerText(bytes: Uint8Array, position: number, { producerId }: BatchHeader): string {
  const { type } = readControlRecord(bytes, position);
  if (type === ControlType.COMMIT) return `commit of producer ${producerId}`;
  if (type === ControlType.ABORT) return `abort of producer ${producerId}`;
  return `control record ${type}`;
}

function recordText({ key, value, headers }: LogRecord): string {
  const parts = [
    ...key === null ? [] : [`key=${bytesText(key)}`],
    `value=${value === null ? "null" : bytesText(value)}`,
  ];
  if (headers.length > 0) {
    const pairs = headers.slice(0, headersShown).map(({ key, value }) =>
      `${textOf(key)}=${value === null ? "null" : bytesText(value)}`
    );
    const more = headers.length - pairs.length;
    parts.push(`headers=[${[...pairs, ...more > 0 ? [`${more} more`] : []].join(", ")}]`);
  }
  return `{${parts.join(" ")}}`;
}

/** The beginning of a text; of what is none, how many bytes it has. */
function bytesText(bytes: Uint8Array): string {
  // As text four bytes are a character at most; one that is cut in two does not matter.
  const text = new TextDecoder().decode(bytes.subarray(0, charactersShown * 4), { stream: true });
  return text.includes("\ufffd") ? `<${bytes.length} bytes>` : textOf(text, bytes.length);
}

function textOf(text: string, bytesLength = 0): string {
  const isCut = text.length > charactersShown || bytesLength > charactersShown * 4;
  return quotedUnless(plainText, isCut ? `${text.slice(0, charactersShown)}...` : text);
}
