// Records of committed offsets in __consumer_offsets; whatever kind of group commits them.
//
//   key 0 or 1 an offset; no value is a tombstone
//
// OffsetCommitValue 1 has an expiry time of its own, 2 leaves that to the broker, 3 adds the leader
// epoch, 4 is flexible with the topic id (KIP-848). We write version 3, which any Kafka from 2.3 on
// can read, unless that loses something: an expiry time of its own is version 1, a topic id 4.

import { ZERO_UUID } from "../../../base/ids.ts";
import {
  between,
  defaultsTo,
  from,
  int64,
  leaderEpoch,
  type MessageOf,
  offset,
  partitionId,
  record,
  string,
  tagged,
  uuid,
} from "../../../protocol/schema.ts";

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

/** A committed offset; without value, its tombstone. */
export interface OffsetCommitRecord {
  readonly type: "OffsetCommit";
  readonly key: MessageOf<typeof OffsetCommitKey>;
  readonly value: MessageOf<typeof OffsetCommitValue> | null;
}

/** The version in which `value` is written. */
export function offsetValueVersion(value: MessageOf<typeof OffsetCommitValue>): number {
  if (value.expireTimestamp !== -1) return 1;
  return value.topicId === ZERO_UUID ? 3 : 4;
}
