// InitProducerId with a transactional id: a producer takes the id over, and fences whoever had it.
//
//   id unknown                       a fresh producer id, epoch 0
//   Empty, Complete*                 the next epoch; of none is left, a fresh producer id
//   Ongoing                          the transaction is aborted with the next epoch, which fences
//                                    who was there: CONCURRENT_TRANSACTIONS, to ask again
//   Prepare*                         CONCURRENT_TRANSACTIONS
//
// A producer that goes on after an error says who it is (KIP-360): with the epoch before the
// present one it is told the present one again, with any other it is PRODUCER_FENCED.
//
// Differs from Kafka: when a second producer takes over a transactional id and thereby aborts the
// first one's open transaction, the first is fenced at once; Kafka fences it only when the second
// asks again.

import type { ProducerId } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type { At } from "../machine.ts";
import { preparedAbort } from "./end_txn.ts";
import {
  type Entry,
  isExhausted,
  isPrepared,
  noPartitions,
  type Transaction,
} from "./transaction.ts";
import {
  answering,
  changing,
  type Plan,
  type ProducerResponse,
  refusal,
  type View,
} from "./turn.ts";

export interface InitInput {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** Who the producer says that it is; undefined for one that starts. */
  readonly expected: { readonly producerId: ProducerId; readonly epoch: number } | undefined;
  /** An id that nobody has, where `wantsProducerId` says that one is needed. */
  readonly freshProducerId: ProducerId | undefined;
}

/** What a producer is to be from now on. */
interface Identity {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly lastProducerEpoch: number;
}

const noEpoch = -1;
/** The epoch that nobody was told: it has fenced a producer of the largest one. */
const untoldEpoch = 32_767;

/** Whether InitProducerId for `entry` needs a producer id that nobody has. */
export function initWantsProducerId(
  entry: Entry | undefined,
  expected: InitInput["expected"],
): boolean {
  if (entry === undefined) return true;
  const { transaction } = entry;
  if (transaction.state === "Ongoing" || isPrepared(transaction)) return false;
  return isRotated(entry, expected);
}

export function decideInit(
  { entries, nowMs, config }: View,
  input: InitInput,
  at: At<ProducerResponse>,
): Plan {
  const { transactionalId, timeoutMs, expected } = input;
  const refuse = (error: ErrorCode) => answering(at.asked, refusal(error));
  if (transactionalId === "") return refuse(ErrorCode.INVALID_REQUEST);
  if (timeoutMs <= 0 || timeoutMs > config.timeoutMaxMs) {
    return refuse(ErrorCode.INVALID_TRANSACTION_TIMEOUT);
  }
  const entry = entries.get(transactionalId);
  if (entry !== undefined) {
    if (expected !== undefined && !isKnown(entry, expected)) {
      return refuse(ErrorCode.PRODUCER_FENCED);
    }
    if (isPrepared(entry.transaction)) return refuse(ErrorCode.CONCURRENT_TRANSACTIONS);
    if (entry.transaction.state === "Ongoing") {
      return changing(preparedAbort(entry.transaction, { nowMs, config }), {
        to: at.asked,
        response: refusal(ErrorCode.CONCURRENT_TRANSACTIONS),
        failed: refusal,
        // Whoever was there is fenced for good; the producer itself asks again.
        lastProducerEpoch: expected === undefined ? noEpoch : entry.transaction.producerEpoch,
        then: ({ prepared }) => prepared.add(transactionalId),
      });
    }
  }
  const identity = entry === undefined ? firstIdentity(input) : nextIdentity(entry, input);
  if (identity === undefined) return refuse(ErrorCode.PRODUCER_FENCED);
  const { producerId, producerEpoch, lastProducerEpoch } = identity;
  const next: Transaction = {
    transactionalId,
    state: "Empty",
    producerId,
    producerEpoch,
    previousProducerId: entry?.transaction.producerId ?? producerId,
    nextProducerId: -1,
    nextProducerEpoch: -1,
    timeoutMs,
    partitions: noPartitions,
    startMs: -1,
    updatedMs: nowMs,
    clientVersion: entry?.transaction.clientVersion ?? 0,
  };
  return changing(next, {
    to: at.asked,
    response: { errorCode: ErrorCode.NONE, producerId, producerEpoch },
    failed: refusal,
    lastProducerEpoch,
  });
}

/** Whether a producer of this id may be the one that `entry` is about; its epoch comes next. */
function isKnown(
  { transaction: { producerId, previousProducerId } }: Entry,
  expected: { readonly producerId: ProducerId; readonly epoch: number },
): boolean {
  if (expected.producerId === producerId) return true;
  return expected.producerId === previousProducerId && isExhausted(expected.epoch);
}

/** Whether the epochs of the producer id are used up, and it may go on with another one. */
function isRotated(
  { transaction: { producerEpoch }, lastProducerEpoch }: Entry,
  expected: InitInput["expected"],
): boolean {
  if (!isExhausted(producerEpoch)) return false;
  if (expected === undefined || expected.epoch === producerEpoch) return true;
  return producerEpoch === untoldEpoch && expected.epoch === lastProducerEpoch;
}

function firstIdentity({ freshProducerId }: InitInput): Identity | undefined {
  if (freshProducerId === undefined) return undefined;
  return { producerId: freshProducerId, producerEpoch: 0, lastProducerEpoch: noEpoch };
}

/** Undefined: the producer is fenced. */
function nextIdentity(
  entry: Entry,
  { expected, freshProducerId }: InitInput,
): Identity | undefined {
  const { transaction: { producerId, producerEpoch }, lastProducerEpoch } = entry;
  if (isRotated(entry, expected)) {
    if (freshProducerId === undefined) return undefined;
    return {
      producerId: freshProducerId,
      producerEpoch: 0,
      lastProducerEpoch: expected?.epoch ?? noEpoch,
    };
  }
  if (expected === undefined || expected.epoch === producerEpoch) {
    const last = expected === undefined ? noEpoch : producerEpoch;
    return { producerId, producerEpoch: producerEpoch + 1, lastProducerEpoch: last };
  }
  // It was told the present epoch, and has not heard of it.
  return expected.epoch === lastProducerEpoch
    ? { producerId, producerEpoch, lastProducerEpoch }
    : undefined;
}
