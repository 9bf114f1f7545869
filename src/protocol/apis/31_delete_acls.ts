// DeleteAcls (key 31). Removes the access rules that filters match, and tells which (KIP-140).
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

export const DeleteAcls = api({
  key: 31,
  name: "DeleteAcls",
  versions: "0-3",
  flexible: "2+",
  request: {
    filters: array({
      resourceTypeFilter: int8,
      resourceNameFilter: nullable(string),
      patternTypeFilter: from(1, essential(defaultsTo(3, int8))),
      principalFilter: nullable(string),
      hostFilter: nullable(string),
      operation: int8,
      permissionType: int8,
    }),
  },
  response: {
    throttleTimeMs,
    filterResults: array({
      errorCode,
      errorMessage: nullable(string),
      matchingAcls: array({
        errorCode,
        errorMessage: nullable(string),
        resourceType: int8,
        resourceName: string,
        patternType: from(1, defaultsTo(3, int8)),
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    }),
  },
});

export type DeleteAclsRequest = RequestOf<typeof DeleteAcls>;
export type DeleteAclsResponse = ResponseOf<typeof DeleteAcls>;
