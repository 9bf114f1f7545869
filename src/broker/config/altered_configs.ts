// What AlterConfigs and IncrementalAlterConfigs have in common: whom they serve, that a change is
// in the synced metadata log before it is answered, and how all of it is refused.

import { type Pieces, sliced } from "../../base/pieces.ts";
import type { ConfigRules } from "../../cluster/configs.ts";
import type { Decision, MetadataImage } from "../../cluster/mod.ts";
import type { AlterConfigs } from "../../protocol/apis/33_alter_configs.ts";
import type { ResponseInput } from "../../protocol/mod.ts";
import { configAccess, needs, refusedWith } from "../access/authorizer.ts";
import { groupTerms } from "./group_parts.ts";
import { configRules, logConfigWarnings } from "./resources.ts";
import type { Refusal, RequestContext } from "../handler.ts";

type Response = ResponseInput<typeof AlterConfigs>;

/** What an alteration asks of the broker. */
export type AlteringServices =
  | "nodeId"
  | "config"
  | "change"
  | "logger"
  | "slices"
  | "tlsListeners";

/** What its client must be allowed. */
export const mayAlter = [
  needs("topic alterConfigs"),
  needs("group alterConfigs"),
  needs("cluster alterConfigs", { when: "brokers and client metrics" }),
];

/** Carries out what `decide` makes of `request`, each resource by itself. */
export async function alterAll<
  Request extends Parameters<typeof logConfigWarnings>[1] & { readonly validateOnly: boolean },
>(
  request: Request,
  { services, may }: RequestContext<AlteringServices>,
  decide: (
    image: MetadataImage,
    request: Request,
    rules: ConfigRules,
  ) => Pieces<Decision<Response>>,
): Promise<Response> {
  const rules = configRules({
    nodeId: services.nodeId,
    groups: groupTerms(services.config),
    tlsProblem: (values) => services.tlsListeners.problemWith(values),
    refusal(configured) {
      const resource = configAccess(configured);
      return may("alterConfigs", resource) ? undefined : refusedWith(resource);
    },
  });
  const response = await services.change((image) =>
    sliced(decide(image, request, rules), services.slices)
  );
  if (!request.validateOnly) logConfigWarnings(services.logger, request, response);
  return response;
}

/** The same code for all that was to be altered. */
export function refuseAltering(
  { resources }: { readonly resources: readonly Resource[] },
  { errorCode, errorMessage }: Refusal,
): Response {
  const responses = resources.map(({ resourceType, resourceName }) => ({
    resourceType,
    resourceName,
    errorCode,
    errorMessage,
  }));
  return { responses };
}

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}
