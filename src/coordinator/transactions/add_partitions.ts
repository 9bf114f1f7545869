// AddPartitionsToTxn, and its siblings: partitions, or that of a group's offsets, become part of a
// producer's transaction, which begins with the first of them.
//
//   Empty, Complete*  -> Ongoing       Ongoing -> Ongoing       Prepare* : CONCURRENT_TRANSACTIONS
//
// To verify is to ask whether they are part of it already, before records go into them (KIP-890).

import type { ProducerId } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/errors.ts";
import type { At } from "../machine.ts";
import {
  type Entry,
  includesAll,
  isPrepared,
  type PartitionsByTopic,
  type Transaction,
  union,
} from "./transaction.ts";
import {
  answering,
  changing,
  type PlainResponse,
  type Plan,
  repeating,
  type TopicPartition,
  type View,
} from "./turn.ts";

/** Who says to be the producer of a transactional id. */
export interface Claim {
  readonly transactionalId: string;
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
}

export interface AddInput extends Claim {
  readonly partitions: PartitionsByTopic;
  /** The version of the protocol in which the producer adds them. */
  readonly clientVersion: number;
}

export function decideAdd(
  { entries, nowMs }: View,
  input: AddInput,
  at: At<PlainResponse>,
): Plan {
  const errorCode = claimError(entries.get(input.transactionalId), input);
  if (errorCode !== ErrorCode.NONE) return answering(at.asked, { errorCode });
  const entry = entries.get(input.transactionalId) as Entry;
  const { transaction, lastProducerEpoch } = entry;
  const isOngoing = transaction.state === "Ongoing";
  const response: PlainResponse = { errorCode: ErrorCode.NONE };
  const failed = (error: ErrorCode): PlainResponse => ({ errorCode: error });
  if (isOngoing && includesAll(transaction.partitions, input.partitions)) {
    return repeating(at.asked, response, failed);
  }
  const next: Transaction = {
    ...transaction,
    state: "Ongoing",
    previousProducerId: transaction.producerId,
    partitions: isOngoing ? union(transaction.partitions, input.partitions) : input.partitions,
    startMs: isOngoing ? transaction.startMs : nowMs,
    updatedMs: nowMs,
    clientVersion: input.clientVersion,
  };
  return changing(next, { to: at.asked, response, failed, lastProducerEpoch });
}

/** For each of `partitions` whether it is part of the transaction: NONE, or why not. */
export function verifyPartitions(
  entry: Entry | undefined,
  claim: Claim & { readonly partitions: readonly TopicPartition[] },
): ErrorCode[] {
  const errorCode = claimError(entry, claim);
  return claim.partitions.map(({ topic, partition }) => {
    if (errorCode !== ErrorCode.NONE) return errorCode;
    const isIn = entry?.transaction.partitions.get(topic)?.has(partition) === true;
    return isIn ? ErrorCode.NONE : ErrorCode.TRANSACTION_ABORTABLE;
  });
}

/** Why a claim is refused; NONE: it is the producer's, and its transaction is open to it. */
function claimError(entry: Entry | undefined, claim: Claim): ErrorCode {
  if (claim.transactionalId === "") return ErrorCode.INVALID_REQUEST;
  if (entry === undefined) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
  const { transaction } = entry;
  if (transaction.producerId !== claim.producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
  if (transaction.producerEpoch !== claim.producerEpoch) return ErrorCode.PRODUCER_FENCED;
  return isPrepared(transaction) ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.NONE;
}
