import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes, fromUtf8, utf8 } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { buildBatch, buildEndTransactionMarker } from "../../records/mod.ts";
import type { Codecs } from "../../runtime/ports.ts";
import { KafkaError } from "../faults.ts";
import { type Fetched, PartitionReader } from "./partition_reader.ts";

function readerAt(offset: number): PartitionReader {
  const reader = new PartitionReader({ topic: "orders", partition: 0 }, {
    bytesMax: 1000,
    codecs: {} as Codecs,
  });
  reader.seek(offset);
  return reader;
}

function batch(baseOffset: number, values: string[], producerId = -1): Uint8Array {
  return buildBatch({
    baseOffset,
    records: values.map((value) => ({ value: utf8(value) })),
    timestamp: 0,
    producerId,
    producerEpoch: producerId < 0 ? -1 : 0,
    isTransactional: producerId >= 0,
  });
}

function marker(offset: number, producerId: number, committed: boolean): Uint8Array {
  const bytes = buildEndTransactionMarker({
    committed,
    producerId,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestamp: 0,
  });
  new DataView(bytes.buffer, bytes.byteOffset).setBigInt64(0, BigInt(offset));
  return bytes;
}

function fetched(batches: Uint8Array[], aborted: Fetched["aborted"] = []): Fetched {
  return { bytes: concatBytes(batches), aborted, highWatermark: 100 };
}

function drain(reader: PartitionReader): string[] {
  const seen: string[] = [];
  for (let record = reader.take(); record !== undefined; record = reader.take()) {
    seen.push(`${record.offset}:${fromUtf8(record.value!)}`);
  }
  return seen;
}

Deno.test("records come out in order, and the position follows what was handed out", () => {
  const reader = readerAt(0);
  reader.accept(fetched([batch(0, ["a", "b"]), batch(2, ["c"])]));
  assertEquals(reader.fetchOffset, 3);
  assertEquals(reader.take()?.offset, 0);
  assertEquals(reader.position, 1);
  assertEquals(drain(reader), ["1:b", "2:c"]);
  assertEquals(reader.position, 3);
  assertEquals(reader.highWatermark, 100);
});

Deno.test("a fetch into the middle of a batch skips the records before", () => {
  const reader = readerAt(1);
  reader.accept(fetched([batch(0, ["a", "b", "c"])]));
  assertEquals(drain(reader), ["1:b", "2:c"]);
});

Deno.test("two chunks are enough to have in hand", () => {
  const reader = readerAt(0);
  reader.accept(fetched([batch(0, ["a"])]));
  assertEquals(reader.wantsMore, true);
  reader.accept(fetched([batch(1, ["b"])]));
  assertEquals(reader.wantsMore, false);
  reader.take();
  assertEquals(reader.wantsMore, true);
});

Deno.test("a batch that does not fit makes the next question larger", () => {
  const reader = readerAt(0);
  reader.accept({ bytes: batch(0, ["abc"]).subarray(0, 40), aborted: [], highWatermark: 1 });
  assertEquals(reader.bytesMax, 2000);
  assertEquals(reader.fetchOffset, 0);
});

Deno.test("control batches are passed over, and the position moves past them", () => {
  const reader = readerAt(0);
  reader.accept(fetched([batch(0, ["a"], 7), marker(1, 7, true)]));
  assertEquals(drain(reader), ["0:a"]);
  assertEquals(reader.position, 2);
});

Deno.test("aborted transactions are left out, and only they", () => {
  const reader = readerAt(0);
  reader.accept(fetched([
    batch(0, ["kept"], 7),
    batch(1, ["dropped"], 8),
    marker(2, 8, false),
    batch(3, ["kept after"], 8),
    marker(4, 8, true),
    marker(5, 7, true),
  ], [{ producerId: 8, firstOffset: 1 }]));
  assertEquals(drain(reader), ["0:kept", "3:kept after"]);
  assertEquals(reader.position, 6);
});

Deno.test("seeking drops what has arrived and marks older questions as stale", () => {
  const reader = readerAt(0);
  const { generation } = reader;
  reader.accept(fetched([batch(0, ["a"])]));
  reader.seek(10);
  assertEquals(reader.take(), undefined);
  assertEquals([reader.position, reader.fetchOffset], [10, 10]);
  assertEquals(reader.generation, generation + 1);
});

Deno.test("a damaged batch is told of each time, until somebody seeks behind it", () => {
  const whole = batch(1, ["b", "c"]);
  const spoiled = whole.with(-1, 7);
  // Its checksum holds, and it is none of records: what some tool has written.
  const odd = buildBatch({ baseOffset: 3, records: [{ value: utf8("d") }], timestamp: 0 });
  odd[odd.length - 1] = 1;
  new DataView(odd.buffer, odd.byteOffset).setUint32(17, crc32c(odd, 21));
  const reader = readerAt(0);
  reader.accept(fetched([batch(0, ["a"]), spoiled, odd]));
  assertEquals(reader.take()?.offset, 0);
  const told = "offsets 1 to 2 is damaged: checksum does not match; seek to 3 to go on";
  for (let i = 0; i < 3; i++) assertThrows(() => reader.take(), KafkaError, told);
  assertEquals(reader.position, 1);
  reader.seek(3);
  reader.accept(fetched([odd, batch(4, ["e"])]));
  assertThrows(() => reader.take(), KafkaError, "offsets 3 to 3 is damaged: record claims -1");
  reader.seek(4);
  reader.accept(fetched([batch(4, ["e"])]));
  assertEquals(drain(reader), ["4:e"]);
});
