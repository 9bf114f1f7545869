// EndTxn: a transaction is decided. The record of that is its commit or its abort, whatever happens
// afterwards; markers in its partitions carry it out (completion.ts).
//
//   first protocol (EndTxn 0-4)
//     Ongoing                   -> PrepareCommit or PrepareAbort, with the same epoch
//     Complete*, decided alike     NONE: it was asked before
//   second protocol (EndTxn 5, KIP-890)
//     Ongoing                   -> PrepareCommit or PrepareAbort, with the next epoch
//     Empty, Complete*          -> PrepareAbort, if that is asked for: partitions may hold what the
//                                  coordinator was never told of
//     Complete*, decided alike, with the epoch before this one: NONE, it was asked before
//   Prepare*                       CONCURRENT_TRANSACTIONS: it is being carried out; by the second
//                                  protocol whoever asks: an epoch may be that of the next one
//   anything else                  INVALID_TXN_STATE
//
// With the largest epoch that a producer is given, it goes on with a fresh producer id and epoch 0.

import type { ProducerId } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type { At } from "../machine.ts";
import type { Claim } from "./add_partitions.ts";
import {
  type Entry,
  epochAfter,
  isExhausted,
  isPrepared,
  type Transaction,
} from "./transaction.ts";
import {
  answering,
  changing,
  type Plan,
  type ProducerResponse,
  refusal,
  repeating,
  type View,
} from "./turn.ts";

export interface EndInput extends Claim {
  readonly commit: boolean;
  /** 2 where the producer knows that each transaction has an epoch of its own. */
  readonly clientVersion: number;
  /** An id that nobody has, where `wantsProducerId` says that one is needed. */
  readonly freshProducerId: ProducerId | undefined;
}

/** The largest epoch that a producer is told. */
const lastEpoch = 32_766;

/** Whether EndTxn for `entry` needs a producer id that nobody has. */
export function endWantsProducerId(
  entry: Entry | undefined,
  { clientVersion }: { readonly clientVersion: number },
): boolean {
  if (entry === undefined || clientVersion < 2 || isPrepared(entry.transaction)) return false;
  return isExhausted(entry.transaction.producerEpoch);
}

export function decideEnd(view: View, input: EndInput, at: At<ProducerResponse>): Plan {
  const refuse = (error: ErrorCode) => answering(at.asked, refusal(error));
  if (input.transactionalId === "") return refuse(ErrorCode.INVALID_REQUEST);
  const entry = view.entries.get(input.transactionalId);
  if (entry === undefined) return refuse(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  const { transaction } = entry;
  const verdict = input.clientVersion >= 2
    ? verdictOfSecond(transaction, input)
    : verdictOfFirst(transaction, input);
  const { producerId, producerEpoch } = transaction;
  if (verdict === "asked before") {
    const response = { errorCode: ErrorCode.NONE, producerId, producerEpoch };
    return repeating(at.asked, response, refusal);
  }
  if (verdict !== "decide") return refuse(verdict);
  return input.clientVersion >= 2
    ? decideSecond(view, { entry, input, at })
    : decideFirst(view, { entry, input, at });
}

type Verdict = "decide" | "asked before" | ErrorCode;

interface Deciding {
  readonly entry: Entry;
  readonly input: EndInput;
  readonly at: At<ProducerResponse>;
}

function verdictOfFirst(transaction: Transaction, input: EndInput): Verdict {
  if (transaction.producerId !== input.producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
  if (transaction.producerEpoch !== input.producerEpoch) return ErrorCode.PRODUCER_FENCED;
  if (transaction.state === "Ongoing") return "decide";
  if (isPrepared(transaction)) return ErrorCode.CONCURRENT_TRANSACTIONS;
  return isDecidedAlike(transaction, input) ? "asked before" : ErrorCode.INVALID_TXN_STATE;
}

function verdictOfSecond(transaction: Transaction, input: EndInput): Verdict {
  if (isPrepared(transaction)) return ErrorCode.CONCURRENT_TRANSACTIONS;
  const { state, producerId, producerEpoch, previousProducerId } = transaction;
  const isAfterOverflow = previousProducerId === input.producerId && producerEpoch === 0 &&
    input.producerEpoch === lastEpoch;
  const isRepeated = isAfterOverflow || producerEpoch === input.producerEpoch + 1;
  if (producerId !== input.producerId && !isAfterOverflow) {
    return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
  }
  const isDecided = state !== "Ongoing" && state !== "Empty";
  const isPresent = producerEpoch === input.producerEpoch;
  if (!isPresent && !(isDecided && isRepeated)) return ErrorCode.PRODUCER_FENCED;
  if (state === "Ongoing") return "decide";
  if (isPresent) return input.commit ? ErrorCode.INVALID_TXN_STATE : "decide";
  return isDecidedAlike(transaction, input) ? "asked before" : ErrorCode.INVALID_TXN_STATE;
}

function isDecidedAlike({ state }: Transaction, { commit }: EndInput): boolean {
  return state === (commit ? "CompleteCommit" : "CompleteAbort");
}

function decideFirst(
  { nowMs }: View,
  { entry: { transaction, lastProducerEpoch }, input, at }: Deciding,
): Plan {
  const { producerId, producerEpoch } = transaction;
  const next: Transaction = {
    ...transaction,
    state: input.commit ? "PrepareCommit" : "PrepareAbort",
    previousProducerId: producerId,
    nextProducerId: -1,
    updatedMs: nowMs,
    clientVersion: 0,
  };
  return changing(next, {
    to: at.asked,
    response: { errorCode: ErrorCode.NONE, producerId, producerEpoch },
    failed: refusal,
    lastProducerEpoch,
    then: ({ prepared }) => prepared.add(input.transactionalId),
  });
}

function decideSecond(
  { nowMs }: View,
  { entry: { transaction }, input, at }: Deciding,
): Plan {
  const { producerId, producerEpoch, state } = transaction;
  const { freshProducerId } = input;
  const isLast = isExhausted(producerEpoch);
  if (isLast && freshProducerId === undefined) {
    return answering(at.asked, refusal(ErrorCode.CONCURRENT_TRANSACTIONS));
  }
  const next: Transaction = {
    ...transaction,
    state: input.commit ? "PrepareCommit" : "PrepareAbort",
    producerEpoch: epochAfter(producerEpoch),
    previousProducerId: producerId,
    nextProducerId: isLast && freshProducerId !== undefined ? freshProducerId : -1,
    startMs: state === "Ongoing" ? transaction.startMs : nowMs,
    updatedMs: nowMs,
    clientVersion: 2,
  };
  const goesOnAs = completedIdentity(next);
  return changing(next, {
    to: at.asked,
    response: { errorCode: ErrorCode.NONE, ...goesOnAs },
    failed: refusal,
    lastProducerEpoch: producerEpoch,
    then: ({ prepared }) => prepared.add(input.transactionalId),
  });
}

/** Who the producer is once the transaction, which is prepared, is complete. */
export function completedIdentity(
  { producerId, producerEpoch, nextProducerId, clientVersion }: Transaction,
): { readonly producerId: ProducerId; readonly producerEpoch: number } {
  if (clientVersion < 2 || nextProducerId === -1) return { producerId, producerEpoch };
  return { producerId: nextProducerId, producerEpoch: 0 };
}

/** The abort of an open transaction that its producer has not asked for: fences the producer. */
export function preparedAbort(
  transaction: Transaction,
  { nowMs, config }: Pick<View, "nowMs" | "config">,
): Transaction {
  return {
    ...transaction,
    state: "PrepareAbort",
    producerEpoch: epochAfter(transaction.producerEpoch),
    previousProducerId: transaction.producerId,
    nextProducerId: -1,
    updatedMs: nowMs,
    clientVersion: config.transactionVersion >= 2 ? 2 : 0,
  };
}
