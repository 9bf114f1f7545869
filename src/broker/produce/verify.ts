// Verifies the transactions that a plan's writes would begin in their partitions, with one question
// for all of a request (KIP-890).

import { ErrorCode, errorName } from "../../protocol/mod.ts";
import {
  type TransactionCoordinator,
  type TransactionProtocol,
  verifyTransaction,
} from "../transaction_verification.ts";
import type { Due, PartitionData, Refused, Verified, Write } from "./plan.ts";

/** A write whose transaction is to be verified. */
type Unverified = Write & { readonly due: Extract<Due, { readonly kind: "verify" }> };

/** Which of `due` are to be verified. */
export function isUnverified(write: Write): write is Unverified {
  return write.due?.kind === "verify";
}

/** Verifies what `writes`, all of one producer, would begin. */
export async function verifyWrites(
  writes: readonly Unverified[],
  coordinator: TransactionCoordinator,
): Promise<Map<PartitionData, Verified>> {
  const verified = new Map<PartitionData, Verified>();
  const asked = writes.flatMap((write) => {
    const { partition: { log }, due: { header, protocol } } = write;
    const { producerId, producerEpoch, baseSequence } = header;
    const isEpochOwn = protocol === "second";
    const verification = log.beginVerification({
      producerId,
      producerEpoch,
      baseSequence,
      isEpochOwn,
    });
    if (verification !== undefined) return [{ write, verification }];
    verified.set(write.data, { verification });
    return [];
  });
  const [first] = asked;
  if (first === undefined) return verified;
  const { transactionalId, protocol, header: { producerId, producerEpoch } } = first.write.due;
  const partitions = asked.map(({ write: { partition: { topic, id } } }) => ({
    topic,
    partition: id,
  }));
  const claim = { transactionalId, producerId, producerEpoch, partitions };
  const errorCodes = await verifyTransaction(coordinator, claim, { protocol });
  for (const [i, { write, verification }] of asked.entries()) {
    const errorCode = errorCodes[i] ?? ErrorCode.NONE;
    const isVerified = errorCode === ErrorCode.NONE;
    verified.set(write.data, isVerified ? { verification } : told(errorCode, protocol));
  }
  return verified;
}

/** In words that producers act on: older ones would not send again at a coordinator's errors. */
function told(errorCode: ErrorCode, protocol: TransactionProtocol): Omit<Refused, "index"> {
  switch (errorCode) {
    case ErrorCode.INVALID_TXN_STATE:
      return { errorCode, message: "the partition was not added to the transaction" };
    case ErrorCode.CONCURRENT_TRANSACTIONS:
      if (protocol === "second") return { errorCode, message: null };
      break;
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
    case ErrorCode.NOT_COORDINATOR:
      break;
    default:
      return { errorCode, message: null };
  }
  const message = `the transaction's coordinator says ${errorName(errorCode)}`;
  return { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS, message };
}
