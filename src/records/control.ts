// Control records: markers that the broker writes between a producer's records, in batches of their
// own whose control bit is set. Consumers skip them; the log acts on them.
//
//   key:   int16 version (0), int16 type
//   value: COMMIT and ABORT: int16 version (0), int32 coordinatorEpoch
//          LEADER_CHANGE: int16 version, then a flexible message (KRaft quorums, KIP-595)

import { BytesReader, BytesWriter } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { BrokerId, LeaderEpoch, ProducerId } from "../base/ids.ts";
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
  const records = readRecords(bytes, { position });
  if (records.length === 0 || records[0].key === null) {
    throw new DecodeFault("control batch without a control record");
  }
  const key = new BytesReader(records[0].key);
  key.int16();
  const type = key.int16();
  const isEnd = type === ControlType.COMMIT || type === ControlType.ABORT;
  const { value } = records[0];
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

function controlKey(type: number): Uint8Array {
  const key = new BytesWriter(4);
  key.int16(0);
  key.int16(type);
  return key.finish();
}
