// A group, of whichever kind: which one its `type` says, as ListGroups names it.
//
// What the kinds have in common is in group_kind.ts; here is nothing but who they are.

import type { ClassicGroup } from "./classic/group.ts";
import type { ConsumerGroup } from "./consumer/group.ts";
import type { ShareGroup } from "./share/group.ts";
import type { StreamsGroup } from "./streams/group.ts";

export type Group = ClassicGroup | ConsumerGroup | ShareGroup | StreamsGroup;

/** "classic", "consumer" and so on. */
export type GroupType = Group["type"];

/** The group of this type. */
export type GroupOf<Type extends GroupType> = Extract<Group, { readonly type: Type }>;
