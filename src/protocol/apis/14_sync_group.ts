// SyncGroup (key 14). The leader hands in the assignment of a generation; every member gets its
// own.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    static members (KIP-345)
//   v4    flexible (KIP-482)
//   v5    protocol type and name, checked against the group's (KIP-559)
//
// Assignments are bytes here: only clients look into them.

import {
  api,
  array,
  bytes,
  errorCode,
  essential,
  from,
  int32,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";

export const SyncGroup = api({
  key: 14,
  name: "SyncGroup",
  versions: "0-5",
  flexible: "4+",
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: from(3, essential(nullableString)),
    protocolType: from(5, nullableString),
    protocolName: from(5, nullableString),
    assignments: array({ memberId: string, assignment: bytes }),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode,
    protocolType: from(5, nullableString),
    protocolName: from(5, nullableString),
    assignment: bytes,
  },
});

export type SyncGroupRequest = RequestOf<typeof SyncGroup>;
export type SyncGroupResponse = ResponseOf<typeof SyncGroup>;
