// DeleteGroups: removes empty groups with their committed offsets.
//
// Serves: 0-3.
// Behaviour: NON_EMPTY_GROUP while members are in it, GROUP_ID_NOT_FOUND when there is none.
// Versions: 2 flexible; 3 error messages.

import { DeleteGroups, type ResponseOf } from "../../protocol/mod.ts";
import { handler } from "../handler.ts";
import type { GroupShard } from "../groups.ts";

export const deleteGroups = handler(DeleteGroups, {
  serves: "0-3",

  async handle(request, { broker }) {
    const byShard = new Map<GroupShard, string[]>();
    for (const groupId of new Set(request.groupsNames)) {
      const shard = await broker.groups.of(groupId);
      byShard.set(shard, [...(byShard.get(shard) ?? []), groupId]);
    }
    const results = [];
    for (const [shard, groupIds] of byShard) {
      const response = await shard.submit<ResponseOf<typeof DeleteGroups>>((at) =>
        shard.table.deleteGroups(groupIds, at)
      );
      results.push(...response.results);
    }
    return { results };
  },
});
