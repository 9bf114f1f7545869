// Describes groups of whichever kind: each by the coordinator that keeps it, with an answer of its
// own where there is none.

import { mapSliced } from "../base/pieces.ts";
import { ErrorCode } from "../protocol/mod.ts";
import { authorizedOperations } from "./authorizer.ts";
import type { RequestContext } from "./handler.ts";
import type { GroupShard } from "./groups.ts";
import { Shard } from "./shards.ts";

/** What is told of a group, of all kinds the same. */
interface Told {
  readonly groupId: string;
  readonly errorCode: ErrorCode;
}

/** How a kind of groups is described. */
interface Describing<Group extends Told, Nothing> {
  readonly groupIds: readonly string[];
  /** Whether to tell what the client may do to a group. */
  readonly asked: boolean;
  readonly describe: (table: GroupShard["machine"], groupId: string) => Group;
  /** What the answer has besides where there is no coordinator for a group. */
  readonly nothing: Nothing;
}

/** What is told of each group, in the order in which they are asked for. */
export function describeEach<Group extends Told, Nothing>(
  { services, may }: Pick<RequestContext<"groups" | "slices">, "services" | "may">,
  { groupIds, asked, describe, nothing }: Describing<Group, Nothing>,
) {
  return mapSliced(groupIds, services.slices, async (groupId) => {
    const shard = await services.groups.of(groupId);
    if (!(shard instanceof Shard)) return { ...nothing, groupId, errorCode: shard };
    const group = describe(shard.machine, groupId);
    // A group that is not there is an error, and has no operations; or it is Dead, and has.
    if (group.errorCode !== ErrorCode.NONE) return group;
    const resource = { type: "group", name: groupId } as const;
    return { ...group, authorizedOperations: authorizedOperations(may, resource, { asked }) };
  });
}
