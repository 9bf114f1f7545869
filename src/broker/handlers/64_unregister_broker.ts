// UnregisterBroker: forgets a broker that will not come back (KIP-500).
//
// Serves: 0.
// Behaviour: BROKER_ID_NOT_REGISTERED when there is none; this broker does not forget itself. One
//   that a folder remembers from a larger cluster leaves the in-sync replicas, too.

import { decideUnregisterBroker } from "../../cluster/replicas/elections.ts";
import { UnregisterBroker } from "../../protocol/apis/64_unregister_broker.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"nodeId" | "change">;

export const unregisterBroker = handler(UnregisterBroker, {
  serves: "0",
  authorise: [needs("cluster alter")],
  handle: (request, { services }: Context) =>
    services.change((image) => decideUnregisterBroker(image, request, { self: services.nodeId })),
  refuse: (_, { errorCode, errorMessage }) => ({ errorCode, errorMessage }),
});
