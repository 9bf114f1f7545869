// IncrementalAlterConfigs: sets, deletes, appends to or subtracts from single configuration keys of
// topics, brokers, groups or client metrics (KIP-339).
//
// Serves: 0-1.
// Behaviour: each resource succeeds or fails by itself. What is answered as done is in the synced
//   metadata log and in effect: a topic's logs, a broker's limits work by it from then on.
// Versions: 1 flexible.
// Not done: changing log levels (BROKER_LOGGER), which are set at the start.

import { decideIncrementalAlterConfigs } from "../../cluster/configs.ts";
import { IncrementalAlterConfigs } from "../../protocol/apis/44_incremental_alter_configs.ts";
import {
  alterAll,
  type AlteringServices,
  mayAlter,
  refuseAltering,
} from "../config/altered_configs.ts";
import { handler, type RequestContext } from "../handler.ts";

export const incrementalAlterConfigs = handler(IncrementalAlterConfigs, {
  serves: "0-1",
  authorise: mayAlter,
  handle: (request, context: RequestContext<AlteringServices>) =>
    alterAll(request, context, decideIncrementalAlterConfigs),
  refuse: refuseAltering,
});
