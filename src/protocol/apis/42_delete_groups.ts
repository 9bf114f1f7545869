// DeleteGroups (key 42). Deletes empty groups with their offsets (KIP-229).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    error messages

import {
  about,
  api,
  array,
  errorCode,
  from,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { coordinatorErrors, groupAccess } from "../shared_errors.ts";

export const DeleteGroups = api({
  key: 42,
  name: "DeleteGroups",
  versions: "0-3",
  flexible: "2+",
  about: "Deletes groups that have no members, with the offsets that they committed.",
  errors: {
    results: {
      ...groupAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such group",
      NON_EMPTY_GROUP: "the group still has members",
      INVALID_GROUP_ID: "the group id is invalid",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    groupsNames: about("The ids of the groups", array(string)),
  },
  response: {
    throttleTimeMs,
    results: array({
      groupId: string,
      errorCode,
      errorMessage: from(3, nullableString),
    }),
  },
});

export type DeleteGroupsRequest = RequestOf<typeof DeleteGroups>;
export type DeleteGroupsResponse = ResponseOf<typeof DeleteGroups>;
