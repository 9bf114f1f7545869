// DescribeAcls: who may do what.
//
// Serves: 0-3.
// Behaviour: the rules that the filter matches (src/cluster/access/acl_requests.ts).
//   SECURITY_DISABLED without an authorizer, which tools that ask (kafka-ui, AKHQ,
//   kafka-acls) take for just that.
// Versions: 1 pattern types (KIP-290), before that literal ones alone; 2 flexible; 3 users as
//   resources (KIP-373).

import { sliced } from "../../base/pieces.ts";
import { describeAcls as describe } from "../../cluster/access/acl_requests.ts";
import { DescribeAcls } from "../../protocol/apis/29_describe_acls.ts";
import { needs, noAuthorizer } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"authorizer" | "metadata" | "slices">;

export const describeAcls = handler(DescribeAcls, {
  serves: "0-3",
  authorise: [needs("cluster describe")],
  handle(request, { services: { authorizer, metadata, slices } }: Context) {
    if (authorizer === undefined) return { ...noAuthorizer, resources: [] };
    return sliced(describe(metadata.image, request), slices);
  },
  refuse: (_, { errorCode, errorMessage }) => ({ errorCode, errorMessage, resources: [] }),
});
