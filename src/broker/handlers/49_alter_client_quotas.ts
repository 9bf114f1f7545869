// AlterClientQuotas: sets how much clients may do (KIP-546).
//
// Serves: 0-1.
// Behaviour: bytes produced and fetched per second and the share of the event loop's time, for
//   users, client ids and their defaults; in force for requests that come after the answer.
// Versions: 1 flexible.
// Not done: quotas of IP addresses and of topic changes: INVALID_REQUEST.

import { decideAlterClientQuotas } from "../../cluster/client_quotas.ts";
import { AlterClientQuotas } from "../../protocol/apis/49_alter_client_quotas.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"change">;

export const alterClientQuotas = handler(AlterClientQuotas, {
  serves: "0-1",
  authorise: [needs("cluster alterConfigs")],
  handle: (request, { services }: Context) =>
    services.change((image) => decideAlterClientQuotas(image, request)),
  refuse: ({ entries }, { errorCode, errorMessage }) => ({
    entries: entries.map(({ entity }) => ({ entity, errorCode, errorMessage })),
  }),
});
