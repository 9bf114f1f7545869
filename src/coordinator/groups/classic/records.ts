// The record of a classic group in __consumer_offsets, as it was when last stable.
//
//   key 2 group
//
// GroupMetadataValue 1 adds rebalance timeouts, 2 the time of the last state change, 3 static
// members (KIP-345), 4 is flexible (KIP-915). We write version 3, which any Kafka from 2.3 on can
// read.

import {
  array,
  bytes,
  defaultsTo,
  from,
  int32,
  int64,
  nullable,
  nullableString,
  record,
  string,
} from "../../../protocol/schema.ts";

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

/** The version in which a group is written. */
export const groupMetadataValueVersion = 3;
