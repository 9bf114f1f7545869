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
  type InitializeInput,
  type ReadInput,
  type SharePartitionKey,
  sharePartitionText,
  type ShareStateAnswer,
  type ShareStateQuestion,
  type ShareStateRecord,
  type ShareStateTable,
  type WriteInput,
} from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { Shard } from "../coordination/shard.ts";
import type { Shards } from "../coordination/shards.ts";
import { type SharePersister, stateFailure } from "./persister.ts";

type StateShards = Shards<ShareStateTable, ShareStateRecord, ShareStateAnswer>;

/** What is to be decided about a state. */
type StateDecider = (
  table: ShareStateTable,
  at: At<ShareStateAnswer>,
) => Decision<ShareStateRecord, ShareStateAnswer>;

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
export class ShareStates implements SharePersister {
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

  initialize(input: InitializeInput): Promise<ShareStateAnswer> {
    return this.#decide(input.key, (table, at) => table.initialize(input, at));
  }

  read(input: ReadInput): Promise<ShareStateAnswer> {
    return this.#decide(input.key, (table, at) => table.read(input, at));
  }

  write(input: WriteInput): Promise<ShareStateAnswer> {
    return this.#decide(input.key, (table, at) => table.write(input, at));
  }

  delete(question: ShareStateQuestion): Promise<ShareStateAnswer> {
    return this.#decide(question.key, (table, at) => table.delete(question, at));
  }

  async summarise(question: ShareStateQuestion): Promise<ShareStateAnswer> {
    const shard = await this.shards.of(sharePartitionText(question.key));
    if (!(shard instanceof Shard)) return stateFailure(shard);
    const summary = shard.machine.summary(question);
    // What this broker alone has is told to nobody: it may be gone with it.
    const errorCode = shard.isResigned ? ErrorCode.NOT_COORDINATOR : await shard.durable();
    return errorCode === ErrorCode.NONE ? summary : stateFailure(errorCode);
  }

  /** Has the shard that keeps the state of `key` decide. */
  async #decide(key: SharePartitionKey, decide: StateDecider): Promise<ShareStateAnswer> {
    const shard = await this.shards.of(sharePartitionText(key));
    if (!(shard instanceof Shard)) return stateFailure(shard);
    if (shard.isResigned) return stateFailure(ErrorCode.NOT_COORDINATOR);
    return await shard.submit<ShareStateAnswer>(decide);
  }

  /** Cuts off what no state needs any more. */
  async prune(): Promise<void> {
    for (const shard of [...this.shards.loaded()]) {
      await shard.forgetBefore(this.#of(shard.machine).firstNeeded);
    }
  }
}
