// Batches that Apache Kafka 4.3's own Java classes wrote: two records at base offset 42, one with a
// header, from producer 1234. What they say is compared with what we read and build.

import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../base/bytes.ts";
import {
  buildBatch,
  checkBatch,
  compressionTypes,
  crcHolds,
  loadCompression,
  readBatchHeader,
  readRecords,
} from "./mod.ts";
import { zlibCodecs as codecs } from "../runtime/codecs.ts";

const records = [
  {
    timestamp: 1_700_000_000_000,
    key: utf8("key"),
    value: utf8("a broker keeps a log ".repeat(20)),
    headers: [{ key: "h", value: new Uint8Array([1]) }],
  },
  { timestamp: 1_700_000_000_005, key: null, value: utf8("value"), headers: [] },
];
const written = {
  none: "AAAAAAAAACoAAAHxAAAABQLJYELpAAAAAAABAAABi8/laAAAAAGLz+VoBQAAAAAAAATSAAMAAAARAAAA" +
    "AuQGAAAABmtlecgGYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9r" +
    "ZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBi" +
    "cm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cg" +
    "YSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBs" +
    "b2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMg" +
    "YSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2Vl" +
    "cHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIga2VlcHMgYSBsb2cgYSBicm9rZXIg" +
    "a2VlcHMgYSBsb2cgAgJoAgEWAAoCAQp2YWx1ZQA=",
  gzip: "AAAAAAAAACoAAAB7AAAABQLzaDSyAAEAAAABAAABi8/laAAAAAGLz+VoBQAAAAAAAATSAAMAAAARAAAA" +
    "Ah+LCAAAAAAAAP97wsbAwMCWnVp5gi1RIakoPzu1SCE7NbWgWCFRISc/XWFUcFAJMjFlMDGKMXAxMXKV" +
    "JeaUpjIAAA2sWf/AAQAA",
  snappy: "AAAAAAAAACoAAACPAAAABQIGIAG/AAIAAAABAAABi8/laAAAAAGLz+VoBQAAAAAAAATSAAMAAAARAAAA" +
    "AoJTTkFQUFkAAAAAAQAAAAEAAABKwAN85AYAAAAGa2V5yAZhIGJyb2tlciBrZWVwcyBhIGxvZyD+FQD+" +
    "FQD+FQD+FQD+FQD+FQA6FQBAAgJoAgEWAAoCAQp2YWx1ZQA=",
  lz4: "AAAAAAAAACoAAAB5AAAABQKrWbFhAAMAAAABAAABi8/laAAAAAGLz+VoBQAAAAAAAATSAAMAAAARAAAA" +
    "AgQiTRhgQII5AAAA/xHkBgAAAAZrZXnIBmEgYnJva2VyIGtlZXBzIGEgbG9nIBUA/33wAgICaAIBFgAK" +
    "AgEKdmFsdWUAAAAAAA==",
  zstd: "AAAAAAAAACoAAAB3AAAABQIesBZkAAQAAAABAAABi8/laAAAAAGLz+VoBQAAAAAAAATSAAMAAAARAAAA" +
    "Aii1L/0AWNQBABQD5AYAAAAGa2V5yAZhIGJyb2tlciBrZWVwcyBhIGxvZyACAmgCARYACgIBCnZhbHVl" +
    "AAEAYER1PgEBAAA=",
};
const bytesOf = (type: keyof typeof written) =>
  Uint8Array.from(atob(written[type]), (character) => character.charCodeAt(0));

Deno.test("an uncompressed batch is built byte for byte as Kafka builds it", () => {
  const batch = buildBatch({
    records,
    baseOffset: 42,
    producerId: 1234,
    producerEpoch: 3,
    baseSequence: 17,
    partitionLeaderEpoch: 5,
  });
  assertEquals(batch, bytesOf("none"));
});

for (const type of compressionTypes) {
  Deno.test(`a batch that Kafka wrote with compression ${type} reads as it was meant`, async () => {
    await loadCompression(type);
    const batch = bytesOf(type);
    assert("header" in checkBatch(batch));
    const header = readBatchHeader(batch);
    assertEquals(
      [header.producerId, header.producerEpoch, header.baseSequence, header.partitionLeaderEpoch],
      [1234, 3, 17, 5],
    );
    assertEquals(
      readRecords(batch, { codecs }),
      records.map((record, i) => ({ ...record, offset: 42 + i })),
    );
  });
}

Deno.test("any flipped bit behind the checksum breaks it", () => {
  const batch = bytesOf("none");
  for (let position = 17; position < batch.length; position++) {
    const flipped = batch.slice();
    flipped[position]! ^= 1;
    assert(!crcHolds(flipped), `bit at ${position}`);
  }
});
