// Groups as tools see them: DescribeGroups and ListGroups.
//
// The chosen protocol, and what a member says for it, are shown in Stable only: in the other states
// they are about to change. A member's assignment is what it had last, also while the group
// rebalances. A group of another kind than classic has requests of its own for it, and to
// DescribeGroups does not exist. A group that does not exist is "Dead" (below version 6 of
// DescribeGroups without an error, KIP-1043).

import { ErrorCode } from "../../protocol/errors.ts";
import type { DescribeGroupsResponse, ListGroupsResponse } from "../../protocol/mod.ts";
import { metadataOf, noBytes } from "./classic/group.ts";
import type { Group, GroupType } from "./group.ts";
import { kindOf } from "./group_kinds.ts";

export type DescribedGroup = DescribeGroupsResponse["groups"][number];
export type ListedGroup = ListGroupsResponse["groups"][number];

/** What metrics tell of a group. */
export interface CountedGroup {
  readonly type: GroupType;
  readonly state: string;
  readonly memberCount: number;
}

/** "Not asked for", in the field of authorized operations. */
const operationsUnknown = -0x8000_0000;

/** Describes `group`, or says of `groupId` that there is none. */
export function describeGroup(
  group: Group | undefined,
  { groupId, apiVersion }: { groupId: string; apiVersion: number },
): DescribedGroup {
  if (group === undefined) return missingGroup({ groupId, apiVersion, what: "not found" });
  if (group.type !== "classic") {
    return missingGroup({ groupId, apiVersion, what: "is not a classic group" });
  }
  const stable = group.state === "Stable";
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? "",
    protocolData: stable ? group.protocolName ?? "" : "",
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: stable ? metadataOf(member, group.protocolName) : noBytes,
      memberAssignment: member.assignment,
    })),
    authorizedOperations: operationsUnknown,
  };
}

function missingGroup(
  { groupId, apiVersion, what }: { groupId: string; apiVersion: number; what: string },
): DescribedGroup {
  const known = apiVersion < 6;
  return {
    errorCode: known ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND,
    errorMessage: known ? null : `Group ${groupId} ${what}.`,
    groupId,
    groupState: "Dead",
    protocolType: "",
    protocolData: "",
    members: [],
    authorizedOperations: operationsUnknown,
  };
}

/** Lists the groups in these states and of these types, whatever their case; empty: all. */
export function listGroups(
  groups: Iterable<Group>,
  { statesFilter, typesFilter }: {
    statesFilter: readonly string[];
    typesFilter: readonly string[];
  },
): ListedGroup[] {
  const states = new Set(statesFilter.map((state) => state.toLowerCase()));
  const types = new Set(typesFilter.map((type) => type.toLowerCase()));
  const listed: ListedGroup[] = [];
  for (const group of groups) {
    if (types.size > 0 && !types.has(group.type)) continue;
    const kind = kindOf(group);
    const groupState = kind.state(group);
    if (states.size > 0 && !states.has(groupState.toLowerCase())) continue;
    listed.push({
      groupId: group.groupId,
      protocolType: kind.protocolType(group),
      groupState,
      groupType: group.type,
    });
  }
  return listed;
}
