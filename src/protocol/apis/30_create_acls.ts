// CreateAcls (key 30). Adds access rules, each with its own result (KIP-140).
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

export const CreateAcls = api({
  key: 30,
  name: "CreateAcls",
  versions: "0-3",
  flexible: "2+",
  about: "Adds access rules, each with its own result.",
  errors: {
    results: {
      ...clusterAccess,
      INVALID_REQUEST: "there can be no such rule",
      POLICY_VIOLATION: "the request makes too many rules",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
      SECURITY_DISABLED: "the broker has no authorizer",
    },
  },
  request: {
    creations: about(
      "The rules to add",
      array({
        resourceType: about("What kind of resource the rule is about", aclResourceType),
        resourceName: about("Its name, or how its name begins", string),
        resourcePatternType: about(
          "How the name is compared",
          from(1, essential(defaultsTo(3, patternType))),
        ),
        principal: about("Who the rule is about, as User:name", string),
        host: about("Where from; * is anywhere", string),
        operation: about("What is done", aclOperation),
        permissionType: about("Whether it is allowed or denied", permissionType),
      }),
    ),
  },
  response: {
    throttleTimeMs,
    results: array({ errorCode, errorMessage: nullable(string) }),
  },
});

export type CreateAclsRequest = RequestOf<typeof CreateAcls>;
export type CreateAclsResponse = ResponseOf<typeof CreateAcls>;
