// Asks a transaction's coordinator before its first batch goes into a partition (KIP-890).
//
//   the partition begins a verification ──> verify, or add ──> NONE: append with the verification
//                                                         └──> the error that the client is told
//
// Older producers have added their partitions, so that it is asked whether they are part of the
// transaction. Those of transactions version 2 add nothing, and the broker does it for them. What
// an older version of a request has no word for is told in an older one.

import { ErrorCode } from "../../protocol/mod.ts";
import type { TransactionClaim, Transactions } from "./transactions.ts";

/** What is asked of a transaction's coordinator. */
export type TransactionCoordinator = Pick<Transactions, "verify" | "add">;

/**
 * What the client of a request knows of: `older` nothing of the rest; `abortable` the error
 * TRANSACTION_ABORTABLE; `second` that its partitions are added for it, and that each transaction
 * has an epoch of its own.
 */
export type TransactionProtocol = "older" | "abortable" | "second";

const secondVersion = 2;

/** For each of the claim's partitions NONE, or what its client is told. */
export async function verifyTransaction(
  coordinator: TransactionCoordinator,
  claim: TransactionClaim,
  { protocol }: { readonly protocol: TransactionProtocol },
): Promise<ErrorCode[]> {
  if (protocol !== "second") {
    const found = await coordinator.verify(claim);
    return found.map((errorCode) => errorTold(errorCode, protocol));
  }
  const errorCode = await coordinator.add({ ...claim, clientVersion: secondVersion });
  return claim.partitions.map(() => errorTold(errorCode, protocol));
}

function errorTold(errorCode: ErrorCode, protocol: TransactionProtocol): ErrorCode {
  switch (errorCode) {
    // Which producers take for a reason to begin anew, rather than for the end.
    case ErrorCode.PRODUCER_FENCED:
      return ErrorCode.INVALID_PRODUCER_EPOCH;
    case ErrorCode.TRANSACTION_ABORTABLE:
      return protocol === "older" ? ErrorCode.INVALID_TXN_STATE : errorCode;
    default:
      return errorCode;
  }
}
