// Messages that Kafka stores beside the logs. src/log knows no tables: it reads and writes producer
// snapshots by hand, and a test holds that against the table here.
//
//   ProducerSnapshot    <offset>.snapshot: the version as int16 in front, a CRC of what follows it
//   QuorumStateData     the file quorum-state, as JSON: whom a controller voted for (KIP-595); from
//                       v1 on with the directory of it, and without the voters (KIP-853)
//   Remote...Record     __remote_log_metadata, framed as in records.ts: which segments are in
//                       remote storage (KIP-405)

import {
  array,
  boolean,
  brokerId,
  bytes,
  defaultsTo,
  essential,
  from,
  int16,
  int32,
  int64,
  int8,
  leaderEpoch,
  nullable,
  offset,
  orNull,
  partitionId,
  producerId,
  record,
  string,
  struct,
  tagged,
  uint32,
  until,
  uuid,
} from "../../protocol/schema.ts";

export const ProducerSnapshot = record({
  name: "ProducerSnapshot",
  versions: "1",
  flexible: "none",
  fields: {
    crc: uint32,
    producerEntries: array({
      producerId,
      epoch: int16,
      lastSequence: int32,
      lastOffset: offset,
      offsetDelta: int32,
      timestamp: int64,
      coordinatorEpoch: int32,
      currentTxnFirstOffset: offset,
    }),
  },
});

export const QuorumStateData = record({
  name: "QuorumStateData",
  versions: "0-1",
  flexible: "0+",
  fields: {
    clusterId: until(0, essential(string)),
    leaderId: defaultsTo(-1, brokerId),
    leaderEpoch: defaultsTo(-1, leaderEpoch),
    votedId: defaultsTo(-1, brokerId),
    votedDirectoryId: from(1, essential(uuid)),
    appliedOffset: until(0, essential(offset)),
    currentVoters: until(0, essential(nullable(array({ voterId: brokerId })))),
  },
});

export const RemoteLogSegmentMetadataRecord = record({
  key: 0,
  name: "RemoteLogSegmentMetadataRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({ name: string, id: uuid, partition: partitionId }),
      id: uuid,
    }),
    startOffset: offset,
    endOffset: offset,
    brokerId,
    maxTimestampMs: int64,
    eventTimestampMs: int64,
    segmentLeaderEpochs: array({ leaderEpoch, offset }),
    segmentSizeInBytes: int32,
    customMetadata: orNull(bytes),
    remoteLogSegmentState: int8,
    txnIndexEmpty: tagged(0, 0, boolean),
  },
});

export const RemoteLogSegmentMetadataUpdateRecord = record({
  key: 1,
  name: "RemoteLogSegmentMetadataUpdateRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({ name: string, id: uuid, partition: partitionId }),
      id: uuid,
    }),
    brokerId,
    eventTimestampMs: int64,
    customMetadata: orNull(bytes),
    remoteLogSegmentState: int8,
  },
});

export const RemotePartitionDeleteMetadataRecord = record({
  key: 2,
  name: "RemotePartitionDeleteMetadataRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    topicIdPartition: struct({ name: string, id: uuid, partition: partitionId }),
    brokerId,
    eventTimestampMs: int64,
    remotePartitionDeleteState: int8,
  },
});

export const RemoteLogSegmentMetadataSnapshotRecord = record({
  key: 3,
  name: "RemoteLogSegmentMetadataSnapshotRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    segmentId: uuid,
    startOffset: offset,
    endOffset: offset,
    brokerId,
    maxTimestampMs: int64,
    eventTimestampMs: int64,
    segmentLeaderEpochs: array({ leaderEpoch, offset }),
    segmentSizeInBytes: int32,
    customMetadata: orNull(bytes),
    remoteLogSegmentState: int8,
    txnIndexEmpty: tagged(0, 0, boolean),
  },
});
