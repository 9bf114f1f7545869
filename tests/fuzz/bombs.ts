// What is small to send and large to unpack: a record, or a message of the old formats, whose value
// is nothing but zeros, packed by each codec as tightly as it can.

import { BytesWriter } from "../../src/base/bytes.ts";
import { buildBatch, type CompressionType, loadCompression } from "../../src/records/mod.ts";
import { zlibCodecs } from "../../src/runtime/codecs.ts";
import { messageSetOf } from "../harness/message_sets.ts";

export const packingCodecs = ["gzip", "snappy", "lz4", "zstd"] as const;
export type PackingCodec = (typeof packingCodecs)[number];

const made = new Map<string, Promise<Uint8Array>>();

/** What `make` makes, once for all who ask by that name. */
function once(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
  let bytes = made.get(name);
  if (bytes === undefined) made.set(name, bytes = make());
  return bytes;
}

/** A batch of one record with a value of `valueBytes` zeros. */
export function bombBatch(codec: PackingCodec, valueBytes: number): Promise<Uint8Array> {
  return once(`batch ${codec} ${valueBytes}`, async () => {
    await loadCompression(codec);
    const record = { key: new Uint8Array(1), value: new Uint8Array(valueBytes), headers: [] };
    return buildBatch({ records: [record], timestamp: 1, compression: codec }, zlibCodecs);
  });
}

/** The same as a message set, which knows no zstd. */
export function bombSet(
  compression: Exclude<PackingCodec, "zstd">,
  valueBytes: number,
): Promise<Uint8Array> {
  return once(`set ${compression} ${valueBytes}`, async () => {
    await loadCompression(compression);
    const message = { timestamp: 1, key: new Uint8Array(1), value: new Uint8Array(valueBytes) };
    return messageSetOf([message], { magic: 1, compression });
  });
}

/** A batch of many small records, packed. */
export function packedBatch(codec: CompressionType, records: number): Promise<Uint8Array> {
  return once(`records ${codec} ${records}`, async () => {
    await loadCompression(codec);
    const value = new Uint8Array(100);
    const each = Array.from({ length: records }, (_, i) => {
      return { key: keyOf(i), value, headers: [] };
    });
    return buildBatch({ records: each, timestamp: 1, compression: codec }, zlibCodecs);
  });
}

function keyOf(i: number): Uint8Array {
  const writer = new BytesWriter(4);
  writer.int32(i);
  return writer.finish();
}
