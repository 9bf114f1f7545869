// ListGroups: the groups of this broker.
//
// Serves: 0-5.
// Versions: 3 flexible; 4 states, and a filter by them (KIP-518); 5 types, and a filter by them
//   (KIP-848). Filters that name no state or type there is give an empty list.

import { ErrorCode, ListGroups } from "../../protocol/mod.ts";
import { needs, theCluster } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"groups">;

export const listGroups = handler(ListGroups, {
  serves: "0-5",
  authorise: [needs("group describe", { or: "cluster describe", refusal: null })],

  async handle(request, { services, may }: Context) {
    const mayAll = may("describe", theCluster);
    const shards = await services.groups.all();
    const groups = shards.flatMap(({ machine }) => machine.list(request));
    return {
      errorCode: ErrorCode.NONE,
      groups: mayAll
        ? groups
        : groups.filter(({ groupId: name }) => may("describe", { type: "group", name })),
    };
  },
});
