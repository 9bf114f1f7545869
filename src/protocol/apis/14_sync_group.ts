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
  about,
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
import { coordinatorErrors, groupAccess, memberErrors } from "../shared_errors.ts";

export const SyncGroup = api({
  key: 14,
  name: "SyncGroup",
  versions: "0-5",
  flexible: "4+",
  about:
    "Hands in the assignment of a generation, from its leader; every member gets its own part.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      ...memberErrors,
      REBALANCE_IN_PROGRESS: "the group rebalances anew: rejoin",
      INCONSISTENT_GROUP_PROTOCOL: "the group has agreed on another protocol",
      INVALID_GROUP_ID: "the group id is empty or otherwise invalid",
    },
  },
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: from(3, essential(nullableString)),
    protocolType: about("What kind of group it is, to be checked", from(5, nullableString)),
    protocolName: about(
      "The way to assign that was agreed on, to be checked",
      from(5, nullableString),
    ),
    assignments: about(
      "What each member is to do; from the leader alone",
      array({ memberId: string, assignment: about("Bytes that only clients look into", bytes) }),
    ),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode,
    protocolType: about("What kind of group it is, to be checked", from(5, nullableString)),
    protocolName: about(
      "The way to assign that was agreed on, to be checked",
      from(5, nullableString),
    ),
    assignment: about("What this member is to do", bytes),
  },
});

export type SyncGroupRequest = RequestOf<typeof SyncGroup>;
export type SyncGroupResponse = ResponseOf<typeof SyncGroup>;
