// The states of share partitions that this broker keeps: the share coordinator
// (src/coordinator/share_state) on the shards of __share_group_state.
//
// The topic is not compacted, since an update means nothing without its snapshot. Each state needs
// its last snapshot and what follows; what lies before the oldest of these goes from time to time.
//
//   log   [snapshot a][update a][snapshot b][update b][snapshot a]...
//                               └─ the oldest that is needed: what is left of it goes

import type { Offset } from "../../base/ids.ts";
import {
  type At,
  type Decision,
  type SharePartitionKey,
  sharePartitionText,
  type ShareStateAnswer,
  type ShareStateRecord,
  type ShareStateTable,
} from "../../coordinator/mod.ts";
import { type ErrorCode, errorMessage } from "../../protocol/mod.ts";
import { Shard, type Shards } from "../shards.ts";

type StateShards = Shards<ShareStateTable, ShareStateRecord, ShareStateAnswer>;

/** What is to be decided about a state. */
export type StateDecider = (
  table: ShareStateTable,
  at: At<ShareStateAnswer>,
) => Decision<ShareStateRecord, ShareStateAnswer>;

/** The answer where no shard keeps the state. */
export function noCoordinator(errorCode: ErrorCode): ShareStateAnswer {
  return { errorCode, errorMessage: errorMessage(errorCode), state: undefined };
}

/** Where the last snapshot of each state lies, in one partition of the topic. */
class Snapshots {
  readonly #offsets = new Map<string, Offset>();
  #endOffset = 0;

  note({ type, key, value }: ShareStateRecord, offset: Offset): void {
    this.#endOffset = offset + 1;
    if (type !== "ShareSnapshot") return;
    if (value === null) this.#offsets.delete(sharePartitionText(key));
    else this.#offsets.set(sharePartitionText(key), offset);
  }

  /** Nothing before it is needed. */
  get firstNeeded(): Offset {
    let first = this.#endOffset;
    for (const offset of this.#offsets.values()) first = Math.min(first, offset);
    return first;
  }
}

/** All states of share partitions on this broker. */
export class ShareStates {
  readonly shards: StateShards;
  readonly #snapshots = new WeakMap<ShareStateTable, Snapshots>();

  constructor(shards: StateShards) {
    this.shards = shards;
    shards.watch({ onRecord: (table, record, offset) => this.#of(table).note(record, offset) });
  }

  #of(table: ShareStateTable): Snapshots {
    let snapshots = this.#snapshots.get(table);
    if (snapshots === undefined) this.#snapshots.set(table, snapshots = new Snapshots());
    return snapshots;
  }

  /** Has the shard that keeps the state of `key` decide. */
  async decide(key: SharePartitionKey, decide: StateDecider): Promise<ShareStateAnswer> {
    const shard = await this.shards.of(sharePartitionText(key));
    return shard instanceof Shard
      ? await shard.submit<ShareStateAnswer>(decide)
      : noCoordinator(shard);
  }

  /** Cuts off what no state needs any more. */
  async prune(): Promise<void> {
    for (const shard of [...this.shards.loaded()]) {
      await shard.forgetBefore(this.#of(shard.machine).firstNeeded);
    }
  }
}
