// One transaction of a producer: records and offsets that are read together, or not at all.
//
//   open --commit--> ending --> over         any failure in it: commit aborts, and says why
//     \----abort---> ending --> over
//
// Invariant: a transaction is over once, and nothing goes into it afterwards. Its producer has one
// at a time, and begins the next when the coordinator has the end of the last.

import { UsageFault } from "../../base/faults.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { checkOffsets } from "../checks.ts";
import { KafkaError } from "../faults.ts";
import { type Committer, noMember, type OffsetToCommit } from "../admin/group_offsets.ts";
import type { ProducerRecord, RecordMetadata } from "./producer_record.ts";

/** Offsets of a group without a consumer of ours. */
export interface GroupOffsets {
  /** The group. */
  readonly groupId: string;
  /** The next offset to read, of each partition. */
  readonly offsets: readonly OffsetToCommit[];
  /** Who commits; by default nobody in particular. */
  readonly by?: Committer;
}

/** A consumer, which knows what it has handed out. */
export interface OffsetSource {
  /** What it has handed out and not committed. */
  offsetsToCommit(): GroupOffsets;
}

/** What a transaction asks of its producer. */
export interface TransactionPorts {
  send(record: ProducerRecord | readonly ProducerRecord[]): Promise<unknown>;
  /** Resolves when every record has its verdict. */
  flush(): Promise<void>;
  commitOffsets(groupId: string, offsets: Omit<GroupOffsets, "groupId">): Promise<void>;
  /** `isBroken`: something of it has failed. */
  end(end: "commit" | "abort", how?: { cause?: Error; isBroken: boolean }): Promise<void>;
}

/** Records and offsets that are read together, or not at all. */
export class Transaction implements AsyncDisposable {
  readonly #ports: TransactionPorts;
  #state: "open" | "ending" | "committed" | "aborted" = "open";
  #failure: Error | undefined;

  /** @internal Made by `producer.begin()`. */
  constructor(ports: TransactionPorts) {
    this.#ports = ports;
  }

  /** Sends one record, as {@link Producer.send}; it is read when the transaction is committed. */
  send(record: ProducerRecord): Promise<RecordMetadata>;
  /** Sends many. */
  send(records: readonly ProducerRecord[]): Promise<RecordMetadata[]>;
  async send(record: ProducerRecord | readonly ProducerRecord[]): Promise<unknown> {
    this.#checkOpen();
    return await this.#noting(this.#ports.send(record));
  }

  /**
   * Commits offsets with the transaction: of a consumer those of all records that it has handed
   * out, or what is given. Turn off its own committing (`autoCommitIntervalMs: 0`).
   */
  async sendOffsets(of: OffsetSource | GroupOffsets): Promise<void> {
    this.#checkOpen();
    const { groupId, offsets, by } = "offsetsToCommit" in of ? of.offsetsToCommit() : of;
    checkOffsets("sendOffsets", offsets);
    if (offsets.length === 0) return;
    await this.#noting(this.#ports.commitOffsets(groupId, { offsets, by: by ?? noMember }));
  }

  /**
   * Resolves once all of it is committed. Aborts, and rejects with the first failure, when a record
   * or offsets of it have failed.
   */
  async commit(): Promise<void> {
    this.#checkOpen();
    await this.#ports.flush();
    if (this.#failure !== undefined) {
      await this.abort(this.#failure);
      throw this.#failure;
    }
    this.#state = "ending";
    try {
      await this.#ports.end("commit");
    } catch (error) {
      if (isAbortable(error)) {
        this.#state = "open";
        this.#failure = error;
        await this.abort(error);
      }
      throw error;
    }
    this.#state = "committed";
  }

  /** Resolves once it is undone: none of its records is ever read as committed. */
  async abort(cause?: Error): Promise<void> {
    this.#checkOpen();
    this.#state = "ending";
    await this.#ports.end("abort", { cause, isBroken: this.#failure !== undefined });
    this.#state = "aborted";
  }

  /** Whether it is neither committed nor aborted. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Aborts it, if it is still open. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isOpen) await this.abort();
  }

  #checkOpen(): void {
    if (this.#state === "open") return;
    const what = this.#state === "ending" ? "being ended" : this.#state;
    throw new UsageFault(`the transaction is ${what}: begin another one`);
  }

  /** Remembers the first failure, so that a commit that nobody should want does not happen. */
  async #noting<T>(doing: Promise<T>): Promise<T> {
    try {
      return await doing;
    } catch (error) {
      if (!(error instanceof UsageFault)) {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      }
      throw error;
    }
  }
}

/** Whether the coordinator asks for an abort in place of the commit (KIP-890). */
function isAbortable(error: unknown): error is KafkaError {
  return error instanceof KafkaError && error.errorCode === ErrorCode.TRANSACTION_ABORTABLE;
}
