// Describes groups of whichever kind: each by the coordinator that keeps it, with an answer of its
// own where there is none.

import { mapSliced } from "../../base/pieces.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { authorizedOperations, refusedWith } from "../access/authorizer.ts";
import type { RequestContext } from "../handler.ts";
import { type GroupProtocols, type GroupShard, unaskedError } from "./groups.ts";
import { Shard } from "./shard.ts";

/** What is told of a group, of all kinds the same. */
interface Told {
  readonly groupId: string;
  readonly errorCode: ErrorCode;
}

/** How a kind of groups is described. */
interface Describing<Group extends Told, Nothing> {
  readonly type: "classic" | keyof GroupProtocols;
  readonly groupIds: readonly string[];
  /** Whether to tell what the client may do to a group. */
  readonly asked: boolean;
  readonly describe: (table: GroupShard["machine"], groupId: string) => Group;
  /** The topics that are told with it, which the client must be allowed to know of. */
  readonly topicsOf: (group: Group) => readonly string[];
  /** What the answer has besides where there is no coordinator for a group. */
  readonly nothing: Nothing;
}

const topicsNotAllowed = {
  errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  errorMessage: "The group has described topic(s) that the client is not authorized to describe.",
};

/** What is told of each group, in the order in which they are asked for. */
export function describeEach<Group extends Told, Nothing>(
  { services, may }: Pick<
    RequestContext<"groups" | "groupProtocols" | "slices">,
    "services" | "may"
  >,
  { type, groupIds, asked, describe, topicsOf, nothing }: Describing<Group, Nothing>,
) {
  return mapSliced(groupIds, services.slices, async (groupId) => {
    const resource = { type: "group", name: groupId } as const;
    if (!may("describe", resource)) return { ...nothing, groupId, ...refusedWith(resource) };
    const shard = await services.groups.of(groupId);
    if (!(shard instanceof Shard)) {
      const errorCode = type === "classic"
        ? shard
        : unaskedError(services.groupProtocols, { type, errorCode: shard });
      return { ...nothing, groupId, errorCode };
    }
    const group = describe(shard.machine, groupId);
    // A group that is not there is an error, and has no operations; or it is Dead, and has.
    if (group.errorCode !== ErrorCode.NONE) return group;
    const isTold = topicsOf(group).every((name) => may("describe", { type: "topic", name }));
    if (!isTold) return { ...nothing, groupId, ...topicsNotAllowed };
    return { ...group, authorizedOperations: authorizedOperations(may, resource, { asked }) };
  });
}
