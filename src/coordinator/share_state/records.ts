// Records of __share_group_state (KIP-932): what a share group did with a partition's records.
// Framed as in ../record_framing.ts.
//
//   key 0 snapshot    the whole state of one partition in one group
//       1 update      what changed since the snapshot of that epoch
//
// Invariant: an update follows the snapshot that it changes.

import {
  array,
  defaultsTo,
  int16,
  int32,
  int64,
  int8,
  leaderEpoch,
  offset,
  partitionId,
  record,
  string,
  tagged,
  uuid,
} from "../../protocol/schema.ts";

export const ShareSnapshotKey = record({
  key: 0,
  name: "ShareSnapshotKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, topicId: uuid, partition: partitionId },
});

export const ShareSnapshotValue = record({
  key: 0,
  name: "ShareSnapshotValue",
  versions: "0",
  flexible: "0+",
  fields: {
    snapshotEpoch: int32,
    stateEpoch: int32,
    leaderEpoch,
    startOffset: offset,
    deliveryCompleteCount: tagged(0, 0, defaultsTo(-1, int32)),
    createTimestamp: int64,
    writeTimestamp: int64,
    stateBatches: array({
      firstOffset: offset,
      lastOffset: offset,
      deliveryState: int8,
      deliveryCount: int16,
    }),
  },
});

export const ShareUpdateKey = record({
  key: 1,
  name: "ShareUpdateKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, topicId: uuid, partition: partitionId },
});

export const ShareUpdateValue = record({
  key: 1,
  name: "ShareUpdateValue",
  versions: "0",
  flexible: "0+",
  fields: {
    snapshotEpoch: int32,
    leaderEpoch,
    startOffset: offset,
    deliveryCompleteCount: tagged(0, 0, defaultsTo(-1, int32)),
    stateBatches: array({
      firstOffset: offset,
      lastOffset: offset,
      deliveryState: int8,
      deliveryCount: int16,
    }),
  },
});
