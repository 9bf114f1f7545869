// A decision about transactions in the making, and its soft effects.
//
//   decideX(view, …) ──> Plan { records, settle(turn), refuse(turn, error) }

import type { PartitionId, ProducerId } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type { Answer, Asked, Note } from "../machine.ts";
import type { TransactionRecord } from "./record_codec.ts";
import type { Entry, PartitionsByTopic, Transaction } from "./transaction.ts";
import type { TransactionConfig } from "./transaction_config.ts";

/** What a producer is told of itself; id and epoch are -1 with an error. */
export interface ProducerResponse {
  readonly errorCode: ErrorCode;
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
}

/** What is told of a whole request. */
export interface PlainResponse {
  readonly errorCode: ErrorCode;
}

/** A decided transaction, whose markers are to be written. */
export interface PreparedTransaction {
  /** Names this hand-out: markers that were written under another one do not count. */
  readonly handedOut: number;
  readonly transactionalId: string;
  readonly producerId: ProducerId;
  /** The epoch that the markers carry. */
  readonly producerEpoch: number;
  readonly commit: boolean;
  /** The version of the transaction's protocol. */
  readonly transactionVersion: number;
  readonly partitions: PartitionsByTopic;
}

/** Who writes markers is answered with what there is to write; with an error code, ends. */
export interface PreparedResponse extends PlainResponse {
  readonly transactions: readonly PreparedTransaction[];
}

/** A response of the transaction coordinator. */
export type TransactionResponse = ProducerResponse | PlainResponse | PreparedResponse;

/** A partition that a transaction writes to. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: PartitionId;
}

/** What a decision may look at. */
export interface View {
  readonly nowMs: number;
  readonly config: TransactionConfig;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Where soft effects take place. */
export interface Turn extends View {
  readonly answers: Answer<TransactionResponse>[];
  readonly notes: Note[];
  /** Transactional ids whose transaction is prepared, and whose markers are to be written. */
  readonly prepared: Set<string>;
}

/** A decision of the transaction coordinator. */
export interface Plan {
  readonly records: readonly TransactionRecord[];
  /** The records are in the log and applied. */
  readonly settle: (turn: Turn) => void;
  /** The log refused the records. */
  readonly refuse: (turn: Turn, appendError: ErrorCode) => void;
}

/** A plan that answers, and nothing else: the response tells of nothing that is not durable. */
export function answering<Response extends TransactionResponse>(
  to: Asked<Response>,
  response: Response,
): Plan {
  const answer = (turn: Turn): void => {
    turn.answers.push({ to, response, failed: undefined } as Answer<TransactionResponse>);
  };
  return { records: [], settle: answer, refuse: answer };
}

/** A plan that makes `next` of a transaction, and answers when that is durable. */
export function changing<Response extends TransactionResponse>(
  next: Transaction,
  o: {
    readonly to: Asked<Response>;
    readonly response: Response;
    readonly failed: (error: ErrorCode) => Response;
    readonly lastProducerEpoch: number;
    readonly then?: (turn: Turn) => void;
  },
): Plan {
  const { to, response, failed } = o;
  const { transactionalId } = next;
  return {
    records: [{ transactionalId, transaction: next }],
    settle(turn) {
      const entry = turn.entries.get(transactionalId);
      if (entry !== undefined) entry.lastProducerEpoch = o.lastProducerEpoch;
      o.then?.(turn);
      answerWhenDurable(turn, { to, response, failed });
    },
    refuse(turn, error) {
      const answer = { to, response: failed(appendErrorOf(error)), failed: undefined };
      turn.answers.push(answer as Answer<TransactionResponse>);
    },
  };
}

/** A plan that repeats what was answered before, which may not be durable yet. */
export function repeating<Response extends TransactionResponse>(
  to: Asked<Response>,
  response: Response,
  failed: (error: ErrorCode) => Response,
): Plan {
  const answer = (turn: Turn): void => answerWhenDurable(turn, { to, response, failed });
  return { records: [], settle: answer, refuse: answer };
}

/** Answers once all that the response tells is durable; with what `failed` says if it never is. */
export function answerWhenDurable<Response extends TransactionResponse>(
  turn: Turn,
  { to, response, failed }: {
    readonly to: Asked<Response>;
    readonly response: Response;
    readonly failed: (error: ErrorCode) => Response;
  },
): void {
  const answer = { to, response, failed: (error: ErrorCode) => failed(appendErrorOf(error)) };
  turn.answers.push(answer as Answer<TransactionResponse>);
}

/** A refusal, for the producer that asked. */
export function refusal(errorCode: ErrorCode): ProducerResponse {
  return { errorCode, producerId: -1, producerEpoch: -1 };
}

/** How it reads to a producer that the log refused the coordinator's records. */
export function appendErrorOf(appendError: ErrorCode): ErrorCode {
  switch (appendError) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR;
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    default:
      return appendError;
  }
}
