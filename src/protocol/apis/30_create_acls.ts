// CreateAcls (key 30). Adds access rules, each with its own result (KIP-140).
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

export const CreateAcls = api({
  key: 30,
  name: "CreateAcls",
  versions: "0-3",
  flexible: "2+",
  request: {
    creations: array({
      resourceType: int8,
      resourceName: string,
      resourcePatternType: from(1, essential(defaultsTo(3, int8))),
      principal: string,
      host: string,
      operation: int8,
      permissionType: int8,
    }),
  },
  response: {
    throttleTimeMs,
    results: array({ errorCode, errorMessage: nullable(string) }),
  },
});

export type CreateAclsRequest = RequestOf<typeof CreateAcls>;
export type CreateAclsResponse = ResponseOf<typeof CreateAcls>;
