// DescribeGroups (key 15). State and members of classic groups.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    authorized operations, when asked for (KIP-430)
//   v4    static members (KIP-345)
//   v5    flexible (KIP-482)
//   v6    a missing group is GROUP_ID_NOT_FOUND with a message, no longer state Dead (KIP-1043)

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
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";

export const DescribeGroups = api({
  key: 15,
  name: "DescribeGroups",
  versions: "0-6",
  flexible: "5+",
  request: {
    groups: array(string),
    includeAuthorizedOperations: from(3, essential(boolean)),
  },
  response: {
    throttleTimeMs: from(1, int32),
    groups: array({
      errorCode,
      errorMessage: from(6, nullableString),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: from(4, nullableString),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: from(3, defaultsTo(-0x8000_0000, int32)),
    }),
  },
});

export type DescribeGroupsRequest = RequestOf<typeof DescribeGroups>;
export type DescribeGroupsResponse = ResponseOf<typeof DescribeGroups>;
