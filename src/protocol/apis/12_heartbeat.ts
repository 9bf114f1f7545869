// Heartbeat (key 12). A member of a classic group is alive, and learns whether the group
// rebalances.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    static members (KIP-345)
//   v4    flexible (KIP-482)

import {
  api,
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

export const Heartbeat = api({
  key: 12,
  name: "Heartbeat",
  versions: "0-4",
  flexible: "4+",
  about: "Says that a member of a classic group is alive, and learns whether the group rebalances.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      ...memberErrors,
      REBALANCE_IN_PROGRESS: "the group rebalances: rejoin",
      INVALID_GROUP_ID: "the group id is empty or otherwise invalid",
    },
  },
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: from(3, essential(nullableString)),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode,
  },
});

export type HeartbeatRequest = RequestOf<typeof Heartbeat>;
export type HeartbeatResponse = ResponseOf<typeof Heartbeat>;
