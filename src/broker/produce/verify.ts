// Verifies the transactions that a plan's writes would begin in their partitions, with one question
// for all of a request (KIP-890).

import type { Verification } from "../../log/mod.ts";
import { ErrorCode, errorName } from "../../protocol/mod.ts";
import {
  type TransactionCoordinator,
  type TransactionProtocol,
  verifyTransaction,
} from "../transactions/transaction_verification.ts";
import type { Due, PartitionData, Refused, Verified, Write } from "./plan.ts";

/** A write whose transaction is to be verified. */
type Unverified = Write & { readonly due: Extract<Due, { readonly kind: "verify" }> };

/** Which of `due` are to be verified. */
export function isUnverified(write: Write): write is Unverified {
  return write.due?.kind === "verify";
}

/** So often it is asked again, since a marker of the last transaction has come meanwhile. */
const askedMax = 5;

/** Verifies what `writes`, all of one producer, would begin. */
export async function verifyWrites(
  writes: readonly Unverified[],
  coordinator: TransactionCoordinator,
): Promise<Map<PartitionData, Verified>> {
  const verified = new Map<PartitionData, Verified>();
  let due = writes;
  for (let asked = 0; due.length > 0 && asked < askedMax; asked++) {
    const verifications = new Map(due.map((write) => [write, beginVerification(write)]));
    for (const [data, each] of await ask(verifications, coordinator)) verified.set(data, each);
    // What the coordinator said before a marker was written is not true any more.
    due = due.filter((write) => {
      const each = verified.get(write.data);
      const isVerified = each !== undefined && "verification" in each;
      return isVerified && each.verification !== undefined &&
        beginVerification(write) !== each.verification;
    });
  }
  return verified;
}

function beginVerification({ partition: { log }, due: { header, protocol } }: Unverified) {
  const { producerId, producerEpoch, baseSequence } = header;
  const isEpochOwn = protocol === "second";
  return log.beginVerification({ producerId, producerEpoch, baseSequence, isEpochOwn });
}

async function ask(
  verifications: ReadonlyMap<Unverified, Verification | undefined>,
  coordinator: TransactionCoordinator,
): Promise<Map<PartitionData, Verified>> {
  const verified = new Map<PartitionData, Verified>();
  const asked = [...verifications].flatMap(([write, verification]) => {
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
