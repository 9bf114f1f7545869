// The share coordinator's records as it takes them, and their bytes.

import type { MessageOf } from "../../protocol/schema.ts";
import { decodeKind, encodeKeyOf, encodeValueOf, type RecordKind } from "../record_framing.ts";
import {
  ShareSnapshotKey,
  ShareSnapshotValue,
  ShareUpdateKey,
  ShareUpdateValue,
} from "./records.ts";

/** The whole state of a share partition; without value, its tombstone. */
export interface ShareSnapshotRecord {
  readonly type: "ShareSnapshot";
  readonly key: MessageOf<typeof ShareSnapshotKey>;
  readonly value: MessageOf<typeof ShareSnapshotValue> | null;
}

/** What changed in a share partition. */
export interface ShareUpdateRecord {
  readonly type: "ShareUpdate";
  readonly key: MessageOf<typeof ShareUpdateKey>;
  readonly value: MessageOf<typeof ShareUpdateValue> | null;
}

/** What the share coordinator writes, and takes over. */
export type ShareStateRecord = ShareSnapshotRecord | ShareUpdateRecord;

const tables = {
  ShareSnapshot: { key: ShareSnapshotKey, value: ShareSnapshotValue },
  ShareUpdate: { key: ShareUpdateKey, value: ShareUpdateValue },
} as const;

/** The kinds of record in __share_group_state. */
export const shareStateKinds: ReadonlyMap<number, RecordKind> = new Map([
  [ShareSnapshotKey.key, { name: "ShareSnapshot", ...tables.ShareSnapshot }],
  [ShareUpdateKey.key, { name: "ShareUpdate", ...tables.ShareUpdate }],
]);

/** The key bytes of `record`. */
export function encodeShareStateKey({ type, key }: ShareStateRecord): Uint8Array {
  return encodeKeyOf(tables[type].key, key);
}

/** The value bytes of `record`; null for a tombstone. */
export function encodeShareStateValue({ type, value }: ShareStateRecord): Uint8Array | null {
  if (value === null) return null;
  return encodeValueOf(tables[type].value, value, 0);
}

/**
 * The record with these key and value bytes; undefined for one of another kind. Throws DecodeFault
 * when they do not parse.
 */
export function decodeShareState(
  key: Uint8Array,
  value: Uint8Array | null,
): ShareStateRecord | undefined {
  const stored = decodeKind(shareStateKinds, key, value);
  if (stored === undefined) return undefined;
  return { type: stored.type, key: stored.key, value: stored.value } as ShareStateRecord;
}
