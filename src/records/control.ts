// Control records: markers that the broker writes between a producer's records, in batches of their
// own whose control bit is set. Consumers skip them; the log acts on them.
//
//   key:   int16 version (0), int16 type
//   value: COMMIT and ABORT: int16 version (0), int32 coordinatorEpoch
//          LEADER_CHANGE: int16 version, then a flexible message (KRaft quorums, KIP-595)
//          SNAPSHOT_HEADER: int16 version, int64 time, tags;  SNAPSHOT_FOOTER: int16 version, tags

import { BytesReader, BytesWriter } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { BrokerId, LeaderEpoch, Offset, ProducerId } from "../base/ids.ts";
import { buildBatch } from "./build.ts";
import { readRecords } from "./record.ts";

/** Kafka's control record types that are met in partition logs. */
export const ControlType = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const;

/** The first record of a control batch. `coordinatorEpoch` is -1 but for COMMIT and ABORT. */
export interface ControlRecord {
  readonly type: number;
  readonly coordinatorEpoch: number;
}

/**
 * The control record of the control batch at `position`; throws DecodeFault when it is malformed.
 */
export function readControlRecord(bytes: Uint8Array, position = 0): ControlRecord {
  const [record] = readRecords(bytes, { position });
  if (record === undefined || record.key === null) {
    throw new DecodeFault("control batch without a control record");
  }
  const key = new BytesReader(record.key);
  key.int16();
  const type = key.int16();
  const isEnd = type === ControlType.COMMIT || type === ControlType.ABORT;
  const { value } = record;
  if (!isEnd || value === null) return { type, coordinatorEpoch: -1 };
  const reader = new BytesReader(value);
  reader.int16();
  return { type, coordinatorEpoch: reader.int32() };
}

/** The batch that ends a producer's transaction on a partition. */
export function buildEndTransactionMarker(marker: {
  committed: boolean;
  producerId: ProducerId;
  producerEpoch: number;
  coordinatorEpoch: number;
  timestamp: number;
}): Uint8Array {
  const value = new BytesWriter(6);
  value.int16(0);
  value.int32(marker.coordinatorEpoch);
  return buildBatch({
    records: [{
      key: controlKey(marker.committed ? ControlType.COMMIT : ControlType.ABORT),
      value: value.finish(),
      timestamp: marker.timestamp,
    }],
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    isTransactional: true,
    isControl: true,
  });
}

/** The batch that a KRaft leader writes first in its epoch (LeaderChangeMessage version 0). */
export function buildLeaderChange(change: {
  leaderId: BrokerId;
  voterIds: readonly BrokerId[];
  leaderEpoch: LeaderEpoch;
  timestamp: number;
}): Uint8Array {
  const value = new BytesWriter(64);
  value.int16(0);
  value.int32(change.leaderId);
  for (const voters of [change.voterIds, change.voterIds]) {
    value.uvarint(voters.length + 1);
    for (const voterId of voters) {
      value.int32(voterId);
      value.uvarint(0);
    }
  }
  value.uvarint(0);
  return buildBatch({
    records: [{
      key: controlKey(ControlType.LEADER_CHANGE),
      value: value.finish(),
      timestamp: change.timestamp,
    }],
    partitionLeaderEpoch: change.leaderEpoch,
    isControl: true,
  });
}

/** The value of one record of a control batch. */
export interface ControlValue {
  readonly type: number;
  readonly value: Uint8Array;
}

/** The records of the control batch at `position`, as their types and bytes. */
export function readControlValues(bytes: Uint8Array, position = 0): ControlValue[] {
  return readRecords(bytes, { position }).flatMap(({ key, value }) => {
    if (key === null || value === null) return [];
    const reader = new BytesReader(key);
    reader.int16();
    return [{ type: reader.int16(), value }];
  });
}

/** What a batch of a snapshot has in its header. */
export interface SnapshotBatch {
  readonly baseOffset: Offset;
  readonly partitionLeaderEpoch: LeaderEpoch;
  readonly timestamp: number;
}

/**
 * The first batch of a metadata snapshot (KIP-630): a SnapshotHeaderRecord of version 0 with the
 * time of the last record that the snapshot stands for, and behind it what is in `more`.
 */
export function buildSnapshotHeader(
  lastContainedTimestamp: number,
  options: SnapshotBatch & { more: readonly ControlValue[] },
): Uint8Array {
  const value = new BytesWriter(16);
  value.int16(0);
  value.int64(lastContainedTimestamp);
  value.uvarint(0);
  const header = { type: ControlType.SNAPSHOT_HEADER, value: value.finish() };
  return controlBatch([header, ...options.more], options);
}

/** The last batch of a metadata snapshot: a SnapshotFooterRecord of version 0. */
export function buildSnapshotFooter(options: SnapshotBatch): Uint8Array {
  const value = new BytesWriter(4);
  value.int16(0);
  value.uvarint(0);
  return controlBatch([{ type: ControlType.SNAPSHOT_FOOTER, value: value.finish() }], options);
}

function controlBatch(values: readonly ControlValue[], options: SnapshotBatch): Uint8Array {
  const { baseOffset, partitionLeaderEpoch, timestamp } = options;
  const records = values.map(({ type, value }) => ({ key: controlKey(type), value }));
  return buildBatch({ records, baseOffset, partitionLeaderEpoch, timestamp, isControl: true });
}

function controlKey(type: number): Uint8Array {
  const key = new BytesWriter(4);
  key.int16(0);
  key.int16(type);
  return key.finish();
}
