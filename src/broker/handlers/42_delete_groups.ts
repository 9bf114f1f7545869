// DeleteGroups: removes empty groups with their committed offsets.
//
// Serves: 0-3.
// Behaviour: NON_EMPTY_GROUP while members are in it, GROUP_ID_NOT_FOUND when there is none.
// Versions: 2 flexible; 3 error messages.

import { mapSliced } from "../../base/pieces.ts";
import {
  DeleteGroups,
  ErrorCode,
  type ResponseInput,
  type ResponseOf,
} from "../../protocol/mod.ts";
import type { GroupShard } from "../groups.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Result = ResponseInput<typeof DeleteGroups>["results"][number];

type Context = RequestContext<"groups" | "slices">;

export const deleteGroups = handler(DeleteGroups, {
  serves: "0-3",
  authorise: [needs("group delete")],

  async handle(request, { services }: Context) {
    const byShard = new Map<GroupShard, string[]>();
    const results: Result[] = [];
    await mapSliced(new Set(request.groupsNames), services.slices, async (groupId) => {
      const shard = await services.groups.of(groupId);
      if (!(shard instanceof Shard)) results.push({ groupId, errorCode: shard });
      else if (byShard.has(shard)) byShard.get(shard)!.push(groupId);
      else byShard.set(shard, [groupId]);
    });
    for (const [shard, groupIds] of byShard) {
      if (shard.isResigned) {
        for (const groupId of groupIds) {
          results.push({ groupId, errorCode: ErrorCode.NOT_COORDINATOR });
        }
        continue;
      }
      const response = await shard.submit<ResponseOf<typeof DeleteGroups>>((table, at) =>
        table.deleteGroups(groupIds, at)
      );
      results.push(...response.results);
    }
    return { results };
  },
});
