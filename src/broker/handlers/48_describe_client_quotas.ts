// DescribeClientQuotas: how much clients may do (KIP-546).
//
// Serves: 0-1.
// Behaviour: the quotas as they are set, by a filter on their entities; which of them holds for a
//   client is said in quotas.ts.
// Versions: 1 flexible.

import { describeClientQuotas } from "../../cluster/access/client_quotas.ts";
import { DescribeClientQuotas } from "../../protocol/apis/48_describe_client_quotas.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"metadata">;

export const describeQuotas = handler(DescribeClientQuotas, {
  serves: "0-1",
  authorise: [needs("cluster describeConfigs")],
  handle: (request, { services }: Context) =>
    describeClientQuotas(services.metadata.image, request),

  refuse: (_, { errorCode, errorMessage }) => ({ errorCode, errorMessage, entries: null }),
});
