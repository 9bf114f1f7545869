// DescribeAcls (key 29). The access rules that a filter matches (KIP-140).
//
//   v1    pattern types; answered before throttling (KIP-290, KIP-219)
//   v2    flexible (KIP-482)
//   v3    users as resources, for delegation tokens (KIP-373)

import {
  about,
  aclOperation,
  aclResourceType,
  api,
  array,
  defaultsTo,
  errorCode,
  essential,
  from,
  nullable,
  patternType,
  permissionType,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

export const DescribeAcls = api({
  key: 29,
  name: "DescribeAcls",
  versions: "0-3",
  flexible: "2+",
  about: "Lists the access rules that a filter matches.",
  errors: {
    response: {
      ...clusterAccess,
      INVALID_REQUEST: "the filter names a kind that there is not",
      SECURITY_DISABLED: "the broker has no authorizer",
    },
  },
  request: {
    resourceTypeFilter: about("What kind of resource the rule is about", aclResourceType),
    resourceNameFilter: about(
      "The name that the rule has or, as pattern, matches; null is any",
      nullable(string),
    ),
    patternTypeFilter: about(
      "How the name is compared",
      from(1, essential(defaultsTo(3, patternType))),
    ),
    principalFilter: about("Who the rule is about; null is anybody", nullable(string)),
    hostFilter: about("Where from; null is anywhere", nullable(string)),
    operation: about("What is done", aclOperation),
    permissionType: about("Whether it is allowed or denied", permissionType),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    resources: array({
      resourceType: about("What kind of resource the rule is about", aclResourceType),
      resourceName: about("Its name, or how its name begins", string),
      patternType: about("How the name is compared", from(1, defaultsTo(3, patternType))),
      acls: about(
        "The rules for it",
        array({
          principal: about("Who the rule is about, as User:name", string),
          host: about("Where from; * is anywhere", string),
          operation: about("What is done", aclOperation),
          permissionType: about("Whether it is allowed or denied", permissionType),
        }),
      ),
    }),
  },
});

export type DescribeAclsRequest = RequestOf<typeof DescribeAcls>;
export type DescribeAclsResponse = ResponseOf<typeof DescribeAcls>;
