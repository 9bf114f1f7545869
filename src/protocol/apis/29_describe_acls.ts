// DescribeAcls (key 29). The access rules that a filter matches (KIP-140).
//
//   v1    pattern types; answered before throttling (KIP-290, KIP-219)
//   v2    flexible (KIP-482)
//   v3    users as resources, for delegation tokens (KIP-373)

import {
  api,
  array,
  defaultsTo,
  errorCode,
  essential,
  from,
  int8,
  nullable,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DescribeAcls = api({
  key: 29,
  name: "DescribeAcls",
  versions: "0-3",
  flexible: "2+",
  request: {
    resourceTypeFilter: int8,
    resourceNameFilter: nullable(string),
    patternTypeFilter: from(1, essential(defaultsTo(3, int8))),
    principalFilter: nullable(string),
    hostFilter: nullable(string),
    operation: int8,
    permissionType: int8,
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    resources: array({
      resourceType: int8,
      resourceName: string,
      patternType: from(1, defaultsTo(3, int8)),
      acls: array({
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    }),
  },
});

export type DescribeAclsRequest = RequestOf<typeof DescribeAcls>;
export type DescribeAclsResponse = ResponseOf<typeof DescribeAcls>;
