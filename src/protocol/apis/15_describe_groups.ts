// DescribeGroups (key 15). State and members of classic groups.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    authorized operations, when asked for (KIP-430)
//   v4    static members (KIP-345)
//   v5    flexible (KIP-482)
//   v6    a missing group is GROUP_ID_NOT_FOUND with a message, no longer state Dead (KIP-1043)

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
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";
import { coordinatorErrors, groupAccess } from "../shared_errors.ts";

export const DescribeGroups = api({
  key: 15,
  name: "DescribeGroups",
  versions: "0-6",
  flexible: "5+",
  about: "Describes classic groups: their state and their members.",
  errors: {
    groups: {
      ...groupAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such group",
      INVALID_GROUP_ID: "the group id is invalid",
    },
  },
  request: {
    groups: about("The ids of the groups", array(string)),
    includeAuthorizedOperations: about(
      "Tell what the client may do with each group",
      from(3, essential(boolean)),
    ),
  },
  response: {
    throttleTimeMs: from(1, int32),
    groups: array({
      errorCode,
      errorMessage: from(6, nullableString),
      groupId: string,
      groupState: about("Empty, PreparingRebalance, CompletingRebalance, Stable or Dead", string),
      protocolType: about("What kind of group it is: consumer, connect", string),
      protocolData: about("The way to assign that all members know", string),
      members: array({
        memberId: string,
        groupInstanceId: from(4, nullableString),
        clientId: about("What the member's client calls itself", string),
        clientHost: about("The address that it joined from", string),
        memberMetadata: about("The member's subscription", bytes),
        memberAssignment: about("What the member was assigned", bytes),
      }),
      authorizedOperations: about(
        "A bit for each operation that is allowed; the smallest number where nobody asked",
        from(3, defaultsTo(-0x8000_0000, int32)),
      ),
    }),
  },
});

export type DescribeGroupsRequest = RequestOf<typeof DescribeGroups>;
export type DescribeGroupsResponse = ResponseOf<typeof DescribeGroups>;
