// The producer snapshot that src/log reads by hand, written by its table.

import { assertEquals } from "@std/assert";
import { BytesWriter } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { decodeSnapshot } from "../../log/producers/producer_snapshot.ts";
import { ProducerSnapshot } from "./storage_records.ts";

const version = 1;
const crcEnd = 6;
const producerEntries = [{
  producerId: 7,
  epoch: 3,
  lastSequence: 40,
  lastOffset: 1040,
  offsetDelta: 5,
  timestamp: 1_790_000_000_000,
  coordinatorEpoch: 2,
  currentTxnFirstOffset: 1030,
}];

function snapshot(crc: number): Uint8Array {
  const writer = new BytesWriter();
  writer.int16(version);
  ProducerSnapshot.encode(writer, { crc, producerEntries }, version);
  return writer.finish();
}

Deno.test("the log reads a producer snapshot that the table wrote", () => {
  const crc = crc32c(snapshot(0), crcEnd);
  assertEquals(decodeSnapshot(snapshot(crc)), [{
    producerId: 7,
    producerEpoch: 3,
    batches: [{
      lastSequence: 40,
      lastOffset: 1040,
      offsetDelta: 5,
      timestampMs: 1_790_000_000_000,
    }],
    coordinatorEpoch: 2,
    lastTimestampMs: 1_790_000_000_000,
    currentTxnFirstOffset: 1030,
  }]);
});
