// Every kind of record in __consumer_offsets: the one list of them, from which come their types,
// how they are read and written, and to which kind of group each belongs.
//
// A new kind of record is a pair of tables among those of its kind of group.

import type { AnyMessage, MessageOf, RecordTable } from "../../protocol/schema.ts";
import {
  GroupMetadataKey,
  GroupMetadataValue,
  groupMetadataValueVersion,
} from "./classic/records.ts";
import { consumerTables } from "./consumer/records.ts";
import {
  LegacyOffsetCommitKey,
  OffsetCommitKey,
  OffsetCommitValue,
  offsetValueVersion,
} from "./offsets/records.ts";
import { decodeKind, encodeKeyOf, encodeValueOf, type RecordKind } from "../record_framing.ts";
import { shareTables } from "./share/records.ts";
import { streamsTables } from "./streams/records.ts";

const offsetTables = {
  OffsetCommit: { key: OffsetCommitKey, value: OffsetCommitValue },
} as const;

const classicTables = {
  GroupMetadata: { key: GroupMetadataKey, value: GroupMetadataValue },
} as const;

const tables = {
  ...offsetTables,
  ...classicTables,
  ...consumerTables,
  ...shareTables,
  ...streamsTables,
} as const;

type Pair = { readonly key: AnyMessage; readonly value: AnyMessage };

/** The records of these tables; without value, a tombstone. */
type RecordOf<Tables extends Readonly<Record<string, Pair>>> = {
  [Type in keyof Tables & string]: {
    readonly type: Type;
    readonly key: MessageOf<Tables[Type]["key"]>;
    readonly value: MessageOf<Tables[Type]["value"]> | null;
  };
}[keyof Tables & string];

/** The records of a group itself, by its type as ListGroups names it. */
export interface RecordsOfGroups {
  readonly classic: RecordOf<typeof classicTables>;
  readonly consumer: RecordOf<typeof consumerTables>;
  readonly share: RecordOf<typeof shareTables>;
  readonly streams: RecordOf<typeof streamsTables>;
}

/** What the group coordinator writes, and takes over. */
export type GroupCoordinatorRecord =
  | RecordOf<typeof offsetTables>
  | RecordsOfGroups[keyof RecordsOfGroups];

const groupTypes: ReadonlyMap<string, keyof RecordsOfGroups> = new Map([
  ...Object.keys(classicTables).map((type) => [type, "classic"] as const),
  ...Object.keys(consumerTables).map((type) => [type, "consumer"] as const),
  ...Object.keys(shareTables).map((type) => [type, "share"] as const),
  ...Object.keys(streamsTables).map((type) => [type, "streams"] as const),
]);

/** The type of group that a record belongs to; undefined for one that belongs to any, an offset. */
export function groupTypeOf(
  { type }: Pick<GroupCoordinatorRecord, "type">,
): keyof RecordsOfGroups | undefined {
  return groupTypes.get(type);
}

/** The group that a record is of, whatever its key calls it. */
export function groupIdOf({ key }: Pick<GroupCoordinatorRecord, "key">): string {
  return "group" in key ? key.group : key.groupId;
}

/** Every kind of record in __consumer_offsets, by the number that its keys begin with. */
export const groupRecordKinds: ReadonlyMap<number, RecordKind> = new Map([
  ...Object.entries(tables).map(([name, { key, value }]) =>
    [(key as RecordTable).key, { name, key, value }] as const
  ),
  // What was written before version 1 of the key.
  [LegacyOffsetCommitKey.key, { name: "OffsetCommit", ...tables.OffsetCommit }] as const,
]);

/** The key bytes of `record`. */
export function encodeKey(record: GroupCoordinatorRecord): Uint8Array {
  return encodeKeyOf(tables[record.type].key, record.key);
}

/** The value bytes of `record`; null for a tombstone. */
export function encodeValue(
  record: GroupCoordinatorRecord,
  version: number = valueVersion(record),
): Uint8Array | null {
  if (record.value === null) return null;
  return encodeValueOf(tables[record.type].value, record.value, version);
}

function valueVersion(record: GroupCoordinatorRecord): number {
  if (record.type === "GroupMetadata") return groupMetadataValueVersion;
  if (record.type !== "OffsetCommit" || record.value === null) return 0;
  return offsetValueVersion(record.value);
}

/**
 * The record with these key and value bytes; undefined for one of another kind. Throws DecodeFault
 * when they do not parse.
 */
export function decode(
  key: Uint8Array,
  value: Uint8Array | null,
): GroupCoordinatorRecord | undefined {
  const stored = decodeKind(groupRecordKinds, key, value);
  if (stored === undefined) return undefined;
  return { type: stored.type, key: stored.key, value: stored.value } as GroupCoordinatorRecord;
}
