// DeleteAcls (key 31). Removes the access rules that filters match, and tells which (KIP-140).
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

export const DeleteAcls = api({
  key: 31,
  name: "DeleteAcls",
  versions: "0-3",
  flexible: "2+",
  about: "Removes the access rules that filters match, and tells which.",
  errors: {
    filterResults: {
      ...clusterAccess,
      INVALID_REQUEST: "the filter names a kind that there is not",
      POLICY_VIOLATION: "the request removes too many rules",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
      SECURITY_DISABLED: "the broker has no authorizer",
    },
    matchingAcls: {},
  },
  request: {
    filters: about(
      "Rules that match one of these are removed",
      array({
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
      }),
    ),
  },
  response: {
    throttleTimeMs,
    filterResults: array({
      errorCode,
      errorMessage: nullable(string),
      matchingAcls: about(
        "The rules that were removed",
        array({
          errorCode,
          errorMessage: nullable(string),
          resourceType: about("What kind of resource the rule is about", aclResourceType),
          resourceName: about("Its name, or how its name begins", string),
          patternType: about("How the name is compared", from(1, defaultsTo(3, patternType))),
          principal: about("Who the rule is about, as User:name", string),
          host: about("Where from; * is anywhere", string),
          operation: about("What is done", aclOperation),
          permissionType: about("Whether it is allowed or denied", permissionType),
        }),
      ),
    }),
  },
});

export type DeleteAclsRequest = RequestOf<typeof DeleteAcls>;
export type DeleteAclsResponse = ResponseOf<typeof DeleteAcls>;
