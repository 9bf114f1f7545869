// DeleteAcls: removes the rules that match a filter.
//
// Serves: 0-3.
// Behaviour: SECURITY_DISABLED for each filter: there is no authorizer.
// Versions: 1 pattern types (KIP-290); 2 flexible; 3 users as resources (KIP-373).
// Not done: access control.

import { DeleteAcls } from "../../protocol/apis/31_delete_acls.ts";
import { needs, noAuthorizer } from "../authorizer.ts";
import { handler } from "../handler.ts";

export const deleteAcls = handler(DeleteAcls, {
  serves: "0-3",
  authorise: [needs("cluster alter")],
  handle: ({ filters }) => ({
    filterResults: filters.map(() => ({ ...noAuthorizer, matchingAcls: [] })),
  }),
});
