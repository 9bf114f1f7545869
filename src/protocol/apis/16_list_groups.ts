// ListGroups (key 16). The groups that this broker coordinates.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    flexible (KIP-482)
//   v4    states, in the answer and as a filter (KIP-518)
//   v5    types, in the answer and as a filter (KIP-848)

import {
  about,
  api,
  array,
  errorCode,
  essential,
  from,
  int32,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";
import { coordinatorErrors } from "../shared_errors.ts";

export const ListGroups = api({
  key: 16,
  name: "ListGroups",
  versions: "0-5",
  flexible: "3+",
  about: "Lists the groups that this broker coordinates.",
  errors: { response: coordinatorErrors },
  request: {
    statesFilter: about(
      "Only groups in one of these states; empty is any",
      from(4, essential(array(string))),
    ),
    typesFilter: about(
      "Only groups of one of these types; empty is any",
      from(5, essential(array(string))),
    ),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode,
    groups: array({
      groupId: string,
      protocolType: about("What kind of group it is: consumer, connect", string),
      groupState: about(
        "Empty, PreparingRebalance, CompletingRebalance, Stable or Dead",
        from(4, string),
      ),
      groupType: about("classic, consumer, share or streams", from(5, string)),
    }),
  },
});

export type ListGroupsRequest = RequestOf<typeof ListGroups>;
export type ListGroupsResponse = ResponseOf<typeof ListGroups>;
