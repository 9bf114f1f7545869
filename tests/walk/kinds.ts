// Every kind of worlds that is walked, by tests and by `deno task test:groups`.

import { groupKinds } from "./group_kinds.ts";
import type { WalkedKind } from "./kind.ts";
import { shareGroupsKind } from "./share_group_mutants.ts";
import { sharePartitionsKind } from "./share_mutants.ts";
import { streamsGroupsKind } from "./streams_group_mutants.ts";
import { transactionsKind } from "./transaction_mutants.ts";

export const kinds: readonly WalkedKind[] = [
  ...groupKinds,
  shareGroupsKind,
  sharePartitionsKind,
  streamsGroupsKind,
  transactionsKind,
];
