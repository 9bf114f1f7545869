// DeleteGroups: removes empty groups with their committed offsets.
//
// Serves: 0-3.
// Behaviour: NON_EMPTY_GROUP while members are in it, GROUP_ID_NOT_FOUND when there is none. What
//   the share coordinator keeps of a share group goes first; where it cannot, the group stays.
// Versions: 2 flexible; 3 error messages.

import { mapSliced } from "../../base/pieces.ts";
import {
  DeleteGroups,
  ErrorCode,
  type ResponseInput,
  type ResponseOf,
} from "../../protocol/mod.ts";
import type { GroupShard } from "../coordination/groups.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Result = ResponseInput<typeof DeleteGroups>["results"][number];

type Context = RequestContext<"groups" | "shareGroupStates" | "slices">;

export const deleteGroups = handler(DeleteGroups, {
  serves: "0-3",
  authorise: [needs("group delete")],

  async handle(request, { services, may }: Context) {
    const byShard = new Map<GroupShard, string[]>();
    const results: Result[] = [];
    await mapSliced(new Set(request.groupsNames), services.slices, async (groupId) => {
      if (!may("delete", { type: "group", name: groupId })) {
        results.push({ groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED });
        return;
      }
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
      const kept = await withStatesLeft(shard, groupIds, services);
      results.push(...kept);
      if (kept.length === groupIds.length) continue;
      const left = new Set(kept.map(({ groupId }) => groupId));
      const response = await shard.submit<ResponseOf<typeof DeleteGroups>>((table, at) =>
        table.deleteGroups(groupIds.filter((groupId) => !left.has(groupId)), at)
      );
      results.push(...response.results);
    }
    return { results };
  },
});

/** Has share groups forget what they did. Returns those of which something is left. */
async function withStatesLeft(
  shard: GroupShard,
  groupIds: readonly string[],
  { shareGroupStates }: Context["services"],
): Promise<Result[]> {
  const left: Result[] = [];
  for (const groupId of groupIds) {
    if (!shard.machine.isShareGroup(groupId)) continue;
    const { errorCode, states } = await shareGroupStates.forget(shard, { groupId, topicIds: null });
    const failed = states.flatMap(({ partitions }) => partitions)
      .find((each) => each.errorCode !== ErrorCode.NONE);
    const why = errorCode === ErrorCode.NONE ? failed?.errorCode ?? errorCode : errorCode;
    // Why a group is not to be deleted is said by deleting it.
    if (why !== ErrorCode.NONE && why !== ErrorCode.NON_EMPTY_GROUP) {
      left.push({ groupId, errorCode: why });
    }
  }
  return left;
}
