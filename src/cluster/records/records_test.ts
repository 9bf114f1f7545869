// Metadata records against bytes as Kafka writes them.

import { assertEquals, assertThrows } from "@std/assert";
import { DecodeFault, EncodeFault } from "../../base/faults.ts";
import { ZERO_UUID } from "../../base/ids.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecordInput,
  metadataRecords,
  type MetadataRecordType,
} from "./records.ts";

Deno.test("a metadata record is its frame version, type, version and fields", () => {
  const record: MetadataRecordInput = {
    type: "TopicRecord",
    version: 0,
    fields: { name: "orders", topicId: "AAAAAAAAAAAAAAAAAAAAAQ" },
  };
  const value = encodeMetadataRecord(record);
  assertEquals(
    Array.from(value),
    [1, 2, 0, 7, 111, 114, 100, 101, 114, 115, ...new Array(15).fill(0), 1, 0],
  );
  assertEquals(decodeMetadataRecord(value), record);
});

Deno.test("a feature level reads as Kafka writes metadata.version", () => {
  const value = Uint8Array.from([
    1,
    12,
    0,
    17,
    ...new TextEncoder().encode("metadata.version"),
    0,
    7,
    0,
  ]);
  assertEquals(decodeMetadataRecord(value), {
    type: "FeatureLevelRecord",
    version: 0,
    fields: { name: "metadata.version", featureLevel: 7 },
  });
});

Deno.test("a change of a partition carries only what changes", () => {
  const value = encodeMetadataRecord({
    type: "PartitionChangeRecord",
    version: 0,
    fields: { partitionId: 3, topicId: ZERO_UUID, leader: 1 },
  });
  assertEquals(Array.from(value), [
    1,
    5,
    0,
    0,
    0,
    0,
    3,
    ...new Array(16).fill(0),
    1,
    1,
    4,
    0,
    0,
    0,
    1,
  ]);
});

Deno.test("a version that cannot carry a field refuses it", () => {
  const fields = {
    partitionId: 0,
    topicId: ZERO_UUID,
    replicas: [1],
    isr: [1],
    removingReplicas: [],
    addingReplicas: [],
    directories: [ZERO_UUID],
  };
  assertThrows(
    () => encodeMetadataRecord({ type: "PartitionRecord", version: 0, fields }),
    EncodeFault,
    "PartitionRecord.directories does not exist in version 0",
  );
});

Deno.test("a type without a table is data, not a fault", () => {
  assertEquals(decodeMetadataRecord(Uint8Array.of(1, 120, 2, 9, 9)), {
    type: "unknown",
    key: 120,
    version: 2,
  });
});

Deno.test("another frame version, a newer record version and left-over bytes are faults", () => {
  const value = encodeMetadataRecord({ type: "NoOpRecord", version: 0, fields: {} });
  assertEquals(Array.from(value), [1, 20, 0, 0]);
  assertThrows(() => decodeMetadataRecord(Uint8Array.of(2, 20, 0, 0)), DecodeFault, "version 2");
  assertThrows(() => decodeMetadataRecord(Uint8Array.of(1, 20, 1, 0)), DecodeFault, "version 1");
  assertThrows(() => decodeMetadataRecord(Uint8Array.of(1, 20, 0, 0, 0)), DecodeFault, "too many");
  assertThrows(() => decodeMetadataRecord(Uint8Array.of()), DecodeFault);
});

Deno.test("every table stands under its own name, and no two share a key", () => {
  const types = Object.keys(metadataRecords) as MetadataRecordType[];
  assertEquals(types.map((type) => metadataRecords[type].name), types);
  assertEquals(new Set(types.map((type) => metadataRecords[type].key)).size, types.length);
});
