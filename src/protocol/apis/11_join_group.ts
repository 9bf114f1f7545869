// JoinGroup (key 11). Enters a classic group, or takes part in its next rebalance.
//
//   v1    rebalance timeout apart from the session timeout (KIP-62)
//   v2    throttle time (KIP-124)
//   v3    answered before throttling (KIP-219)
//   v4    a first join is answered MEMBER_ID_REQUIRED with an id to come back with (KIP-394)
//   v5    static members (KIP-345)
//   v6    flexible (KIP-482)
//   v7    the group's protocol type in the answer; no protocol is null, "" before (KIP-559)
//   v8    why the member joins (KIP-800)
//   v9    the leader may be told to leave the assignment as it is (KIP-814)

import {
  api,
  array,
  boolean,
  bytes,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  nullableFrom,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";

export const JoinGroup = api({
  key: 11,
  name: "JoinGroup",
  versions: "0-9",
  flexible: "6+",
  request: {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: from(1, defaultsTo(-1, int32)),
    memberId: string,
    groupInstanceId: from(5, essential(nullableString)),
    protocolType: string,
    protocols: array({ name: string, metadata: bytes }),
    reason: from(8, nullableString),
  },
  response: {
    throttleTimeMs: from(2, int32),
    errorCode,
    generationId: defaultsTo(-1, int32),
    protocolType: from(7, nullableString),
    protocolName: nullableFrom(7, string),
    leader: string,
    skipAssignment: from(9, boolean),
    memberId: string,
    members: array({
      memberId: string,
      groupInstanceId: from(5, nullableString),
      metadata: bytes,
    }),
  },
});

export type JoinGroupRequest = RequestOf<typeof JoinGroup>;
export type JoinGroupResponse = ResponseOf<typeof JoinGroup>;
