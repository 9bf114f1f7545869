// Does what is due for a plan before its writes can be: loads codecs, checks heavy batches in
// slices.
//
// What a check unpacks and packs is claimed from the memory for work while it does, and nothing
// else is held meanwhile: the frame is the connection's.

import { checkFramedSliced, loadCompression, type ProducePayload } from "../../records/mod.ts";
import type { Services } from "../services.ts";
import type { PartitionData, ProducePlan, Write } from "./plan.ts";

/** Where to work, and what has come of it. */
export interface Preparation {
  readonly memory: Services["memory"];
  /** What payloads came to that were checked. */
  readonly done: Map<PartitionData, ProducePayload>;
}

/** Does all that is due. The plan is to be made again afterwards, with what is `done`. */
export async function prepare({ due }: ProducePlan, preparation: Preparation): Promise<void> {
  for (const write of due) await prepareWrite(write, preparation);
}

async function prepareWrite(
  { due, data, partition }: Write,
  { memory, done }: Preparation,
): Promise<void> {
  if (due?.kind === "load") return await loadCompression(due.codec);
  if (due?.kind !== "check") return;
  const { rules, slices } = partition.log.produceChecks;
  if (slices === undefined) return;
  done.set(data, await checkFramedSliced(due.batch, { rules, slices, memory: memory.work }));
}
