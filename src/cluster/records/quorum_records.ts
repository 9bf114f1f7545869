// Values of the control records in __cluster_metadata and its snapshots: the quorum writes them.
//
//   control record key = int16 version (0) | int16 type
//   type   2 LeaderChangeMessage     a leader's first record (KIP-595); v1 directory ids (KIP-853)
//          3 SnapshotHeaderRecord    first and
//          4 SnapshotFooterRecord    last record of a snapshot (KIP-630)
//          5 KRaftVersionRecord      the finalized kraft.version and
//          6 VotersRecord            who votes, once kraft.version is 1 (KIP-853)
//
// The `version` field of each repeats the version that its value is encoded in.

import {
  array,
  brokerId,
  essential,
  from,
  int16,
  int64,
  record,
  string,
  struct,
  uint16,
  uuid,
} from "../../protocol/schema.ts";

const voter = { voterId: brokerId, voterDirectoryId: from(1, essential(uuid)) };

export const LeaderChangeMessage = record({
  name: "LeaderChangeMessage",
  versions: "0-1",
  flexible: "0+",
  fields: {
    version: int16,
    leaderId: brokerId,
    voters: array(voter),
    grantingVoters: array(voter),
  },
});

export const SnapshotHeaderRecord = record({
  name: "SnapshotHeaderRecord",
  versions: "0",
  flexible: "0+",
  fields: { version: int16, lastContainedLogTimestamp: int64 },
});

export const SnapshotFooterRecord = record({
  name: "SnapshotFooterRecord",
  versions: "0",
  flexible: "0+",
  fields: { version: int16 },
});

export const KRaftVersionRecord = record({
  name: "KRaftVersionRecord",
  versions: "0",
  flexible: "0+",
  fields: { version: int16, kRaftVersion: int16 },
});

export const VotersRecord = record({
  name: "VotersRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    version: int16,
    voters: array({
      voterId: brokerId,
      voterDirectoryId: uuid,
      endpoints: array({ name: string, host: string, port: uint16 }),
      kRaftVersionFeature: struct({ minSupportedVersion: int16, maxSupportedVersion: int16 }),
    }),
  },
});
