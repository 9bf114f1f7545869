// Does what is due for a plan before its writes can be: loads codecs, checks heavy batches in
// slices, and has transactions verified last, since that is good for a while only.
//
// What a check unpacks and packs is claimed from the memory for work while it does, and nothing
// else is held meanwhile: the frame is the connection's.

import { checkFramedSliced, loadCompression } from "../../records/mod.ts";
import type { Services } from "../services.ts";
import type { TransactionCoordinator } from "../transactions/transaction_verification.ts";
import type { DoneFor, PartitionData, ProducePlan, Write } from "./plan.ts";
import { isUnverified, verifyWrites } from "./verify.ts";

/** Where to work, and what has come of it. */
export interface Preparation {
  readonly memory: Services["memory"];
  readonly transactions: TransactionCoordinator;
  readonly done: Map<PartitionData, DoneFor>;
}

/** Does all that is due. The plan is to be made again afterwards, with what is `done`. */
export async function prepare({ due }: ProducePlan, preparation: Preparation): Promise<void> {
  const unverified = due.filter(isUnverified);
  for (const write of due) await prepareWrite(write, preparation);
  if (unverified.length < due.length) return;
  const { done, transactions } = preparation;
  for (const [data, verified] of await verifyWrites(unverified, transactions)) {
    done.set(data, { ...done.get(data), verified });
  }
}

async function prepareWrite(
  { due, data, partition }: Write,
  { memory, done }: Preparation,
): Promise<void> {
  if (due?.kind === "load") return await loadCompression(due.codec);
  if (due?.kind !== "check") return;
  const { rules, slices } = partition.log.produceChecks;
  if (slices === undefined) return;
  const work = { rules, slices, memory: memory.work };
  done.set(data, { checked: await checkFramedSliced(due.batch, work) });
}
