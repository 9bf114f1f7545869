// LeaveGroup (key 13). Members leave a classic group.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    many members at once, static ones by instance id (KIP-345)
//   v4    flexible (KIP-482)
//   v5    why a member leaves (KIP-800)

import {
  about,
  api,
  array,
  errorCode,
  essential,
  from,
  int32,
  nullable,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  until,
} from "../schema.ts";
import { coordinatorErrors, groupAccess } from "../shared_errors.ts";

const memberIdentity = {
  memberId: string,
  groupInstanceId: nullableString,
  reason: about("Why it leaves, for people", from(5, nullableString)),
};

const memberResponse = { memberId: string, groupInstanceId: nullable(string), errorCode };

export const LeaveGroup = api({
  key: 13,
  name: "LeaveGroup",
  versions: "0-5",
  flexible: "4+",
  about:
    "Takes members out of a classic group, so that the others need not wait for them to time out.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      UNKNOWN_MEMBER_ID: "the group does not know the member",
      FENCED_INSTANCE_ID: "another member has taken over the instance id",
      INVALID_GROUP_ID: "the group id is empty or otherwise invalid",
    },
    members: {
      UNKNOWN_MEMBER_ID: "the group does not know the member",
      FENCED_INSTANCE_ID: "another member has taken over the instance id",
    },
  },
  request: {
    groupId: string,
    memberId: until(2, essential(string)),
    members: about("The members that leave", from(3, essential(array(memberIdentity)))),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode,
    members: about("The members that leave", from(3, array(memberResponse))),
  },
});

export type LeaveGroupRequest = RequestOf<typeof LeaveGroup>;
export type LeaveGroupResponse = ResponseOf<typeof LeaveGroup>;
