// What a transactional producer asks its coordinator, and that of the groups whose offsets it
// commits (KIP-98), in both dialects:
//
//   TV1   AddPartitionsToTxn -> Produce;  AddOffsetsToTxn -> TxnOffsetCommit;  EndTxn
//   TV2   Produce and TxnOffsetCommit add what they name; EndTxn gives the next epoch (KIP-890)
//
// Invariant: which of them is spoken is decided when a transaction begins, by the feature
// `transaction.version` that the cluster has agreed on, and holds until its end. What may pass is
// asked again; what is thrown has ended the transaction, or the producer (`isFatalCode`).

import { ErrorCode, InitProducerId } from "../../protocol/mod.ts";
import { AddPartitionsToTxn } from "../../protocol/apis/24_add_partitions_to_txn.ts";
import { AddOffsetsToTxn } from "../../protocol/apis/25_add_offsets_to_txn.ts";
import { EndTxn } from "../../protocol/apis/26_end_txn.ts";
import { TxnOffsetCommit } from "../../protocol/apis/28_txn_offset_commit.ts";
import type { BrokerId } from "../../base/ids.ts";
import type { Client } from "../client.ts";
import { checkCode, KafkaError } from "../faults.ts";
import { committedTopics, type Committer, type OffsetToCommit } from "../admin/group_offsets.ts";
import { withCoordinator } from "../coordinators.ts";
import { byTopic, nameOf, type TopicPartition } from "../topic_partition.ts";
import type { ProducerIdentity } from "./partition_queue.ts";

/** The newest versions that do without TV2. */
const firstDialect = { produce: 11, endTxn: 4, txnOffsetCommit: 4, addPartitions: 3 };

export interface TransactionRequestsOptions {
  readonly transactionalId: string;
  /** The coordinator aborts a transaction that is open for longer. */
  readonly timeoutMs: number;
  /** How long to repeat what may pass. */
  readonly retryTimeoutMs: number;
}

export class TransactionRequests {
  readonly transactionalId: string;
  readonly #client: Client;
  readonly #options: TransactionRequestsOptions;
  readonly #lane: string;
  readonly #added = new Set<string>();
  readonly #groups = new Set<string>();
  #toAdd: TopicPartition[] = [];
  #adding: Promise<void> | undefined;
  #identity: ProducerIdentity = { id: -1, epoch: -1 };
  #isSecondDialect = false;
  #hasContent = false;

  constructor(client: Client, options: TransactionRequestsOptions) {
    this.transactionalId = options.transactionalId;
    this.#client = client;
    this.#options = options;
    this.#lane = client.newLane("transaction");
  }

  /** Under which versions Produce is sent. */
  get produceVersionMax(): number {
    return this.#isSecondDialect ? Infinity : firstDialect.produce;
  }

  /**
   * Takes the transactional id over: whoever had it is fenced, and what he left open is aborted.
   * With an identity of its own the producer goes on under its next epoch (KIP-360).
   */
  async init(): Promise<ProducerIdentity> {
    const { transactionalId, timeoutMs } = this.#options;
    const { id, epoch } = this.#identity;
    const answer = await this.#ask(async (to) => {
      const answer = await this.#client.request(InitProducerId, {
        transactionalId,
        transactionTimeoutMs: timeoutMs,
        producerId: id,
        producerEpoch: epoch,
      }, { to, lane: this.#lane });
      checkCode(answer.errorCode, this.#about("take over"));
      return answer;
    });
    return this.#identity = { id: answer.producerId, epoch: answer.producerEpoch };
  }

  /** Begins a transaction, which costs no request but may look for the coordinator. */
  async begin(): Promise<void> {
    this.#added.clear();
    this.#groups.clear();
    this.#hasContent = false;
    const level = await this.#ask((to) =>
      this.#client.featureLevel("transaction.version", { to, lane: this.#lane })
    );
    this.#isSecondDialect = level >= 2;
  }

  /** Whether records may be sent to a partition; one that is asked for is part of it from here. */
  has(at: TopicPartition): boolean {
    const isAdded = this.#isSecondDialect || this.#added.has(nameOf(at));
    if (isAdded) this.#hasContent = true;
    return isAdded;
  }

  /** Makes a partition part of the transaction, with others that are asked for in this turn. */
  addPartition({ topic, partition }: TopicPartition): Promise<void> {
    this.#toAdd.push({ topic, partition });
    this.#adding ??= Promise.resolve().then(() => this.#addPartitions());
    return this.#adding;
  }

  async #addPartitions(): Promise<void> {
    const partitions = this.#toAdd;
    this.#toAdd = [];
    this.#adding = undefined;
    const { id, epoch } = this.#identity;
    await this.#ask(async (to) => {
      const answer = await this.#client.request(AddPartitionsToTxn, {
        v3AndBelowTransactionalId: this.transactionalId,
        v3AndBelowProducerId: id,
        v3AndBelowProducerEpoch: epoch,
        v3AndBelowTopics: [...byTopic(partitions)].map(([name, theirs]) => ({
          name,
          partitions: theirs.map((each) => each.partition),
        })),
      }, { to, lane: this.#lane, versionMax: firstDialect.addPartitions });
      for (const { name, resultsByPartition } of answer.resultsByTopicV3AndBelow) {
        for (const { partitionIndex: partition, partitionErrorCode } of resultsByPartition) {
          const about = this.#about(`add ${nameOf({ topic: name, partition })} to`);
          checkCode(partitionErrorCode, about);
        }
      }
    });
    this.#hasContent = true;
    for (const each of partitions) this.#added.add(nameOf(each));
  }

  /** Commits offsets of a group with the transaction. */
  async commitOffsets(
    groupId: string,
    { offsets, by }: { offsets: readonly OffsetToCommit[]; by: Committer },
  ): Promise<void> {
    const { id: producerId, epoch: producerEpoch } = this.#identity;
    const { transactionalId } = this;
    if (!this.#isSecondDialect && !this.#groups.has(groupId)) {
      await this.#ask(async (to) => {
        const request = { transactionalId, producerId, producerEpoch, groupId };
        const answer = await this.#client.request(AddOffsetsToTxn, request, {
          to,
          lane: this.#lane,
        });
        checkCode(answer.errorCode, this.#about(`add group ${groupId} to`));
      });
      this.#groups.add(groupId);
    }
    this.#hasContent = true;
    const request = {
      transactionalId,
      groupId,
      producerId,
      producerEpoch,
      generationIdOrMemberEpoch: by.generation,
      memberId: by.memberId,
      groupInstanceId: by.groupInstanceId,
      topics: committedTopics(offsets),
    };
    const versionMax = this.#isSecondDialect ? 5 : firstDialect.txnOffsetCommit;
    await this.#ask(async (to) => {
      const { topics } = await this.#client.request(TxnOffsetCommit, request, {
        to,
        lane: this.#lane,
        versionMax,
      });
      for (const { name, partitions } of topics) {
        for (const { partitionIndex: partition, errorCode } of partitions) {
          checkCode(errorCode, this.#about(`commit ${nameOf({ topic: name, partition })} in`));
        }
      }
    }, { groupId });
  }

  /** Ends the transaction; who goes on with the next one. One that is empty costs no request. */
  async end(end: "commit" | "abort"): Promise<ProducerIdentity> {
    if (!this.#hasContent) return this.#identity;
    const { id: producerId, epoch: producerEpoch } = this.#identity;
    const answer = await this.#ask(async (to) => {
      const answer = await this.#client.request(EndTxn, {
        transactionalId: this.transactionalId,
        producerId,
        producerEpoch,
        committed: end === "commit",
      }, {
        to,
        lane: this.#lane,
        versionMax: this.#isSecondDialect ? Infinity : firstDialect.endTxn,
      });
      checkCode(answer.errorCode, this.#about(end));
      return answer;
    });
    this.#hasContent = false;
    if (this.#isSecondDialect && answer.producerId >= 0) {
      this.#identity = { id: answer.producerId, epoch: answer.producerEpoch };
    }
    return this.#identity;
  }

  close(): void {
    this.#client.closeLane(this.#lane);
  }

  /** Asks the coordinator of the transactional id, or of a group, until the answer is one. */
  async #ask<T>(
    ask: (to: BrokerId) => Promise<T>,
    { groupId }: { groupId?: string } = {},
  ): Promise<T> {
    const kind = groupId === undefined ? "transaction" : "group";
    const key = groupId ?? this.transactionalId;
    const timeoutMs = this.#options.retryTimeoutMs;
    try {
      return await withCoordinator(this.#client, ask, { key, kind, timeoutMs });
    } catch (error) {
      throw fencingOf(error, this.transactionalId);
    }
  }

  #about(what: string): string {
    return `${what} the transaction of ${this.transactionalId}`;
  }
}

/** The same error, or PRODUCER_FENCED for each way in which a broker says so. */
function fencingOf(error: unknown, transactionalId: string): unknown {
  if (!(error instanceof KafkaError) || !isFencing(error.errorCode)) return error;
  return new KafkaError(
    ErrorCode.PRODUCER_FENCED,
    `go on as ${transactionalId}`,
    "another producer has taken over this transactional id: close this one",
    { cause: error },
  );
}

function isFencing(code: ErrorCode): boolean {
  return code === ErrorCode.PRODUCER_FENCED || code === ErrorCode.INVALID_PRODUCER_EPOCH ||
    code === ErrorCode.INVALID_PRODUCER_ID_MAPPING;
}

const fatalCodes: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.INVALID_TXN_STATE,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.UNSUPPORTED_VERSION,
]);

/** Whether a transactional producer can do nothing more after such an answer. */
export function isFatalCode(code: ErrorCode): boolean {
  return fatalCodes.has(code);
}
