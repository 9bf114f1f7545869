// CreateAcls: adds rules of who may do what.
//
// Serves: 0-3.
// Behaviour: SECURITY_DISABLED for each rule: there is no authorizer that would keep it.
// Versions: 1 pattern types (KIP-290); 2 flexible; 3 users as resources (KIP-373).
// Not done: access control.

import { CreateAcls } from "../../protocol/apis/30_create_acls.ts";
import { needs, noAuthorizer } from "../authorizer.ts";
import { handler } from "../handler.ts";

export const createAcls = handler(CreateAcls, {
  serves: "0-3",
  authorise: [needs("cluster alter")],
  handle: ({ creations }) => ({ results: creations.map(() => noAuthorizer) }),
});
