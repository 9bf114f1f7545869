// Packed records with what Apache Kafka's own classes made of them: what Codecs.java and we tell
// each other, and what codecs.gz holds.
//
//   variant  = int32 size of the rest | uint8 codec id | uint8 magic | int32 record count | packed
//   verdict  = int32 size of the rest | uint8 content | uint8 consumer | uint8 broker | body
//   recorded = int32 size of the rest | uint8 length, kind | uint8 consumer | int32 content length,
//              CRC-32C (-1, 0: not known) | variant

import { BytesReader, BytesWriter, fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { crc32c } from "../../src/base/crc.ts";
import { DecodeFault } from "../../src/base/faults.ts";
import { compressionTypes, decompress, type RuntimeCodecs } from "../../src/records/compression.ts";
import { anyProduceRules } from "../../src/records/produce_rules.ts";
import { walkRecords } from "../../src/records/record_walk.ts";
import type { Variant } from "../conformance/codecs/chance.ts";

/** More than any variant holds. */
const contentMax = 64 * 1024 * 1024;

/** What Kafka's classes make of a variant. */
export interface Verdict {
  /** Whether the codec's stream can be read to its end, and what is in it. */
  readonly content: Uint8Array | undefined;
  /** Whether a Java consumer reads the batch, or a broker takes it. */
  readonly consumer: boolean;
  readonly broker: boolean;
  /** Why not. */
  readonly reason: string;
}

/** A variant with what a Java consumer makes of it. */
export interface Judged {
  readonly variant: Variant;
  readonly consumer: boolean;
  /** -1: not known. */
  readonly contentLength: number;
  readonly contentCrc: number;
}

function writeVariant(writer: BytesWriter, { codec, magic, recordCount, packed }: Variant): void {
  writer.int32(6 + packed.length);
  writer.int8(compressionTypes.indexOf(codec));
  writer.int8(magic);
  writer.int32(recordCount);
  writer.bytes(packed);
}

/** The variants for Codecs.java. */
export function writeVariants(variants: readonly Variant[]): Uint8Array<ArrayBuffer> {
  const writer = new BytesWriter(1 << 20);
  for (const variant of variants) writeVariant(writer, variant);
  return new Uint8Array(writer.finish());
}

/** Its verdicts, in the order of the variants. */
export function* readVerdicts(bytes: Uint8Array): Generator<Verdict> {
  const reader = new BytesReader(bytes);
  while (reader.remaining > 0) {
    const size = reader.int32();
    const [content, consumer, broker] = [reader.uint8(), reader.uint8(), reader.uint8()];
    const body = reader.slice(size - 3);
    const isRead = content === 0 && consumer === 0;
    yield {
      content: isRead ? body : undefined,
      consumer: consumer === 0,
      broker: broker === 0,
      reason: isRead ? "" : fromUtf8(body),
    };
  }
}

/** For codecs.gz. */
export function writeJudged(all: readonly Judged[]): Uint8Array<ArrayBuffer> {
  const writer = new BytesWriter(1 << 20);
  for (const { variant, consumer, contentLength, contentCrc } of all) {
    const kind = utf8(variant.kind);
    writer.int32(1 + kind.length + 9 + 10 + variant.packed.length);
    writer.int8(kind.length);
    writer.bytes(kind);
    writer.int8(consumer ? 0 : 1);
    writer.int32(contentLength);
    writer.int32(contentCrc);
    writeVariant(writer, variant);
  }
  return new Uint8Array(writer.finish());
}

/** What codecs.gz holds, unpacked. */
export function* readJudged(bytes: Uint8Array): Generator<Judged> {
  const reader = new BytesReader(bytes);
  while (reader.remaining > 0) {
    reader.int32();
    const kind = reader.text(reader.uint8());
    const consumer = reader.uint8() === 0;
    const contentLength = reader.int32();
    const contentCrc = reader.int32() >>> 0;
    const size = reader.int32();
    const codec = compressionTypes[reader.uint8()] as Variant["codec"];
    const magic = reader.uint8() as Variant["magic"];
    const recordCount = reader.int32();
    const packed = reader.slice(size - 6);
    const variant = { codec, magic, recordCount, kind, packed };
    yield { variant, consumer, contentLength, contentCrc };
  }
}

/** What we make of a variant: its content, or why we refuse it. */
export function ourVerdict(
  { codec, magic, recordCount, packed }: Variant,
  codecs: RuntimeCodecs,
): Uint8Array | string {
  let content: Uint8Array;
  try {
    const form = magic === 0 ? "magic 0" : "usual";
    content = decompress(packed, { type: codec, codecs, bytesMax: contentMax, form });
  } catch (error) {
    if (error instanceof DecodeFault) return error.message;
    throw error;
  }
  if (magic === 0) return content;
  const options = { start: 0, recordCount, baseTimestamp: 1000, rules: anyProduceRules };
  const walk = walkRecords(content, options);
  return typeof walk === "string" ? walk : content;
}

/** How we differ from a recorded verdict; undefined when we do not. */
export function difference(judged: Judged, codecs: RuntimeCodecs): string | undefined {
  const { variant, consumer, contentLength, contentCrc } = judged;
  const ours = ourVerdict(variant, codecs);
  const title = `${variant.codec}, magic ${variant.magic}: ${variant.kind}`;
  if (typeof ours === "string") {
    return consumer ? `${title}: Kafka reads it; refused here: ${ours}` : undefined;
  }
  if (!consumer) return `${title}: Kafka refuses it, and it is read here`;
  if (contentLength < 0) return undefined;
  const isSame = ours.length === contentLength && crc32c(ours) === contentCrc;
  return isSame ? undefined : `${title}: other content`;
}
