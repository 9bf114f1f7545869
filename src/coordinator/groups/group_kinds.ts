// The kinds of groups that share one table and one log.
//
//   classic/    JoinGroup and its siblings; members agree among themselves
//   consumer/   KIP-848: the coordinator assigns
//   share/      KIP-932: members share partitions
//   streams/    KIP-1071: members are assigned tasks
//
// What a new kind takes: its group type with a `type` of its own in the union of group.ts; a
// GroupKind in the list below (classic/kind.ts is the example); its records in record_kinds.ts;
// `decideX` functions that return a Plan (turn.ts), and a method of GroupTable for each request.
// Kinds whose members are assigned by the coordinator build on modern/: epochs, target assignment,
// reconciliation, sessions.
// Invariant: no kind imports this file. None knows of another, but for groups that move between the
// classic and the consumer protocol (consumer/conversion.ts).

import type { Group, GroupType } from "./group.ts";
import type { GroupKind } from "./group_kind.ts";
import { classicKind } from "./classic/kind.ts";
import { consumerKind } from "./consumer/kind.ts";
import { shareKind } from "./share/kind.ts";
import { type GroupCoordinatorRecord, groupTypeOf } from "./record_kinds.ts";
import { streamsKind } from "./streams/kind.ts";

const kinds: { readonly [Type in GroupType]: GroupKind<Type> } = {
  classic: classicKind,
  consumer: consumerKind,
  share: shareKind,
  streams: streamsKind,
};

/** The kind of `group`. */
export function kindOf<G extends Group>({ type }: G): GroupKind<G["type"]> {
  return kinds[type] as GroupKind<G["type"]>;
}

/** Takes over a record of a group itself. */
export function applyGroupRecord(groups: Map<string, Group>, record: GroupCoordinatorRecord): void {
  const type = groupTypeOf(record);
  if (type === undefined) return;
  const kind = kinds[type] as GroupKind<GroupType>;
  kind.apply(groups, record as never);
}
