// UnregisterBroker: forgets a broker that will not come back (KIP-500).
//
// Serves: 0.
// Behaviour: BROKER_ID_NOT_REGISTERED when there is none; this broker does not forget itself. One
//   that a folder remembers from a larger cluster leaves the in-sync replicas, too.

import { decideUnregisterBroker } from "../../cluster/elections.ts";
import { UnregisterBroker } from "../../protocol/apis/64_unregister_broker.ts";
import { handler } from "../handler.ts";

export const unregisterBroker = handler(UnregisterBroker, {
  serves: "0",
  handle: (request, { broker }) =>
    broker.change((image) => decideUnregisterBroker(image, request, { self: broker.nodeId })),
  refuse: (_, { errorCode, errorMessage }) => ({ errorCode, errorMessage }),
});
