// AlterClientQuotas: sets how much clients may do (KIP-546).
//
// Serves: 0-1.
// Behaviour: bytes produced and fetched per second, the share of the event loop's time and changes
//   of topics, for users, client ids and their defaults; new connections per second, for addresses
//   and their default. In force for what comes after the answer.
// Versions: 1 flexible.

import { decideAlterClientQuotas } from "../../cluster/access/client_quotas.ts";
import { AlterClientQuotas } from "../../protocol/apis/49_alter_client_quotas.ts";
import { needs } from "../access/authorizer.ts";
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
