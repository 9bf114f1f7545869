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
  about,
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
import { coordinatorErrors, groupAccess } from "../shared_errors.ts";

export const JoinGroup = api({
  key: 11,
  name: "JoinGroup",
  versions: "0-9",
  flexible: "6+",
  about:
    "Enters a classic group, or takes part in its next rebalance; the answer waits for the others.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      UNKNOWN_MEMBER_ID: "the group does not know the member: join without an id",
      MEMBER_ID_REQUIRED: "a first join: come back with the id of this answer",
      INVALID_GROUP_ID: "the group id is empty or otherwise invalid",
      INVALID_SESSION_TIMEOUT: "the session timeout is outside what the broker allows",
      INCONSISTENT_GROUP_PROTOCOL: "the member shares no protocol with all the others",
      GROUP_MAX_SIZE_REACHED: "the group is full (group.max.size)",
      FENCED_INSTANCE_ID: "another member has taken over the instance id",
      REBALANCE_IN_PROGRESS: "the rebalance went on without this join: join again",
    },
  },
  request: {
    groupId: string,
    sessionTimeoutMs: about("Without a heartbeat for as long, the member is out", int32),
    rebalanceTimeoutMs: about(
      "How long the member may take to rejoin; -1 is the session timeout",
      from(1, defaultsTo(-1, int32)),
    ),
    memberId: about("Empty in a first join", string),
    groupInstanceId: from(5, essential(nullableString)),
    protocolType: about("What kind of group it is: consumer, connect", string),
    protocols: about(
      "The ways to assign that the member knows, the best first",
      array({
        name: about("The name of an assignor", string),
        metadata: about("The member's subscription, for the leader to read", bytes),
      }),
    ),
    reason: about("Why it joins, for people", from(8, nullableString)),
  },
  response: {
    throttleTimeMs: from(2, int32),
    errorCode,
    generationId: about("The generation that begins; -1 is none", defaultsTo(-1, int32)),
    protocolType: about("What kind of group it is: consumer, connect", from(7, nullableString)),
    protocolName: about("The way to assign that all members know", nullableFrom(7, string)),
    leader: about("The member that is to assign", string),
    skipAssignment: about("The leader has nothing to assign anew", from(9, boolean)),
    memberId: about("The id that the member is to use from now on", string),
    members: about(
      "All members; empty but for the leader",
      array({
        memberId: about("The id that the member is to use from now on", string),
        groupInstanceId: from(5, nullableString),
        metadata: about("The member's subscription", bytes),
      }),
    ),
  },
});

export type JoinGroupRequest = RequestOf<typeof JoinGroup>;
export type JoinGroupResponse = ResponseOf<typeof JoinGroup>;
