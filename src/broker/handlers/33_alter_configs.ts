// AlterConfigs: replaces all that is set for topics, brokers, groups or client metrics.
//
// Serves: 0-2.
// Behaviour: each resource succeeds or fails by itself. What is answered as done is in the synced
//   metadata log and in effect. Keys that the request leaves out go back to their defaults.
// Versions: 1 answered before throttling (KIP-219); 2 flexible.
// Not done: changing log levels (BROKER_LOGGER), which are set at the start.

import { decideAlterConfigs } from "../../cluster/configs.ts";
import { AlterConfigs } from "../../protocol/apis/33_alter_configs.ts";
import {
  alterAll,
  type AlteringServices,
  mayAlter,
  refuseAltering,
} from "../config/altered_configs.ts";
import { handler, type RequestContext } from "../handler.ts";

export const alterConfigs = handler(AlterConfigs, {
  serves: "0-2",
  authorise: mayAlter,
  handle: (request, context: RequestContext<AlteringServices>) =>
    alterAll(request, context, decideAlterConfigs),
  refuse: refuseAltering,
});
