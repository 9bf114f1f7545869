// DeleteAcls: removes the rules that a filter matches.
//
// Serves: 0-3.
// Behaviour: src/cluster/access/acl_requests.ts. A rule that is answered as removed holds
//   for no request any more. SECURITY_DISABLED without an authorizer.
// Versions: 1 pattern types (KIP-290), before that literal ones alone; 2 flexible; 3 users as
//   resources (KIP-373).

import { sliced } from "../../base/pieces.ts";
import { decideDeleteAcls } from "../../cluster/access/acl_requests.ts";
import { DeleteAcls } from "../../protocol/apis/31_delete_acls.ts";
import { needs, noAuthorizer } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"authorizer" | "change" | "slices">;

export const deleteAcls = handler(DeleteAcls, {
  serves: "0-3",
  authorise: [needs("cluster alter")],
  handle({ filters }, { services: { authorizer, change, slices } }: Context) {
    if (authorizer === undefined) {
      return { filterResults: filters.map(() => ({ ...noAuthorizer, matchingAcls: [] })) };
    }
    return change((image) => sliced(decideDeleteAcls(image, { filters }), slices));
  },
  refuse: ({ filters }, { errorCode, errorMessage }) => ({
    filterResults: filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
  }),
});
