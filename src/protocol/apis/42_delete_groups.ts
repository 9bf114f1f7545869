// DeleteGroups (key 42). Deletes empty groups with their offsets (KIP-229).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    error messages

import {
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

export const DeleteGroups = api({
  key: 42,
  name: "DeleteGroups",
  versions: "0-3",
  flexible: "2+",
  request: {
    groupsNames: array(string),
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
