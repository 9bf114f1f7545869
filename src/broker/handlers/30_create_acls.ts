// CreateAcls: adds rules of who may do what.
//
// Serves: 0-3.
// Behaviour: src/cluster/access/acl_requests.ts. A rule that is answered is in the synced
//   metadata log, and holds for every request from then on. SECURITY_DISABLED
//   without an authorizer.
// Versions: 1 pattern types (KIP-290); 2 flexible; 3 users as resources (KIP-373).

import { sliced } from "../../base/pieces.ts";
import { decideCreateAcls } from "../../cluster/access/acl_requests.ts";
import { CreateAcls } from "../../protocol/apis/30_create_acls.ts";
import { needs, noAuthorizer } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"authorizer" | "change" | "newUuid" | "slices">;

export const createAcls = handler(CreateAcls, {
  serves: "0-3",
  authorise: [needs("cluster alter")],
  handle(request, { services: { authorizer, change, newUuid: newId, slices } }: Context) {
    if (authorizer === undefined) return { results: request.creations.map(() => noAuthorizer) };
    return change((image) => sliced(decideCreateAcls(image, request, { newId }), slices));
  },
  refuse: ({ creations }, { errorCode, errorMessage }) => ({
    results: creations.map(() => ({ errorCode, errorMessage })),
  }),
});
