// DeleteGroups: removes empty groups with their committed offsets.
//
// Serves: 0-3.
// Behaviour: NON_EMPTY_GROUP while members are in it, GROUP_ID_NOT_FOUND when there is none.
// Versions: 2 flexible; 3 error messages.

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

type Context = RequestContext<"groups">;

export const deleteGroups = handler(DeleteGroups, {
  serves: "0-3",
  authorise: [needs("group delete")],

  async handle(request, { services }: Context) {
    const byShard = new Map<GroupShard, string[]>();
    const results: Result[] = [];
    for (const groupId of new Set(request.groupsNames)) {
      const shard = await services.groups.of(groupId);
      if (shard instanceof Shard) byShard.set(shard, [...byShard.get(shard) ?? [], groupId]);
      else results.push({ groupId, errorCode: shard });
    }
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
