// The records of __consumer_offsets: committed offsets, and classic groups as last stable.
//
//   key   = int16 type | fields         0 and 1 an offset, 2 a group; others belong to newer groups
//   value = int16 version | fields      no value is a tombstone: the offset or group is gone
//
// OffsetCommitValue 1 has an expiry time of its own, 2 leaves that to the broker, 3 adds the leader
// epoch, 4 is flexible with the topic id (KIP-848). GroupMetadataValue 1 adds rebalance timeouts, 2
// the time of the last state change, 3 static members (KIP-345), 4 is flexible (KIP-915).
// We write version 3 of both, which any Kafka from 2.3 on can read, unless that loses something:
// an offset with an expiry time of its own is version 1, one with a topic id is version 4.

import { BytesWriter } from "../base/bytes.ts";
import { ZERO_UUID } from "../base/ids.ts";
import {
  type AnyMessage,
  array,
  between,
  bytes,
  defaultsTo,
  from,
  int32,
  int64,
  leaderEpoch,
  type MessageOf,
  nullable,
  nullableString,
  offset,
  partitionId,
  record,
  string,
  tagged,
  uuid,
} from "../protocol/schema.ts";
import { decodeKind, type RecordKind } from "./record_kinds.ts";

const offsetKeyFields = { group: string, topic: string, partition: partitionId };

export const LegacyOffsetCommitKey = record({
  key: 0,
  name: "LegacyOffsetCommitKey",
  versions: "0",
  flexible: "none",
  fields: offsetKeyFields,
});

/** Its value. Version 0 of {@link OffsetCommitValue} is the same, and read for both. */
export const LegacyOffsetCommitValue = record({
  key: 0,
  name: "LegacyOffsetCommitValue",
  versions: "0",
  flexible: "none",
  fields: { offset, metadata: string, commitTimestamp: int64 },
});

export const OffsetCommitKey = record({
  key: 1,
  name: "OffsetCommitKey",
  versions: "0",
  flexible: "none",
  fields: offsetKeyFields,
});

export const OffsetCommitValue = record({
  key: 1,
  name: "OffsetCommitValue",
  versions: "0-4",
  flexible: "4+",
  fields: {
    offset,
    leaderEpoch: from(3, defaultsTo(-1, leaderEpoch)),
    metadata: string,
    commitTimestamp: int64,
    expireTimestamp: between(1, 1, defaultsTo(-1, int64)),
    topicId: tagged(0, 4, uuid),
  },
});

export const GroupMetadataKey = record({
  key: 2,
  name: "GroupMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { group: string },
});

export const GroupMetadataValue = record({
  key: 2,
  name: "GroupMetadataValue",
  versions: "0-4",
  flexible: "4+",
  fields: {
    protocolType: string,
    generation: int32,
    protocol: nullable(string),
    leader: nullable(string),
    currentStateTimestamp: from(2, defaultsTo(-1, int64)),
    members: array({
      memberId: string,
      groupInstanceId: from(3, nullableString),
      clientId: string,
      clientHost: string,
      rebalanceTimeout: from(1, defaultsTo(-1, int32)),
      sessionTimeout: int32,
      subscription: bytes,
      assignment: bytes,
    }),
  },
});

/** A committed offset; without value, its tombstone. */
export interface OffsetCommitRecord {
  readonly type: "OffsetCommit";
  readonly key: MessageOf<typeof OffsetCommitKey>;
  readonly value: MessageOf<typeof OffsetCommitValue> | null;
}

/** A classic group; without value, its tombstone. */
export interface GroupMetadataRecord {
  readonly type: "GroupMetadata";
  readonly key: MessageOf<typeof GroupMetadataKey>;
  readonly value: MessageOf<typeof GroupMetadataValue> | null;
}

/** What the group coordinator writes, and takes over. */
export type GroupCoordinatorRecord = OffsetCommitRecord | GroupMetadataRecord;

const tables = {
  OffsetCommit: { key: OffsetCommitKey, value: OffsetCommitValue },
  GroupMetadata: { key: GroupMetadataKey, value: GroupMetadataValue },
} as const;

const kinds: ReadonlyMap<number, RecordKind> = new Map([
  [LegacyOffsetCommitKey.key, { name: "OffsetCommit", ...tables.OffsetCommit }],
  [OffsetCommitKey.key, { name: "OffsetCommit", ...tables.OffsetCommit }],
  [GroupMetadataKey.key, { name: "GroupMetadata", ...tables.GroupMetadata }],
]);

/** The key bytes of `record`. */
export function encodeKey(record: GroupCoordinatorRecord): Uint8Array {
  const table: AnyMessage = tables[record.type].key;
  const writer = new BytesWriter();
  writer.int16(tables[record.type].key.key);
  table.encode(writer, record.key, 0);
  return writer.finish();
}

/** The value bytes of `record`; null for a tombstone. */
export function encodeValue(
  record: GroupCoordinatorRecord,
  version: number = valueVersion(record),
): Uint8Array | null {
  if (record.value === null) return null;
  const table: AnyMessage = tables[record.type].value;
  const writer = new BytesWriter();
  writer.int16(version);
  table.encode(writer, record.value, version);
  return writer.finish();
}

function valueVersion({ type, value }: GroupCoordinatorRecord): number {
  if (type !== "OffsetCommit" || value === null) return 3;
  if (value.expireTimestamp !== -1) return 1;
  return value.topicId === ZERO_UUID ? 3 : 4;
}

/**
 * The record with these key and value bytes; undefined for one of another kind. Throws DecodeFault
 * when they do not parse.
 */
export function decode(
  key: Uint8Array,
  value: Uint8Array | null,
): GroupCoordinatorRecord | undefined {
  const stored = decodeKind(kinds, key, value);
  if (stored === undefined) return undefined;
  return { type: stored.type, key: stored.key, value: stored.value } as GroupCoordinatorRecord;
}
