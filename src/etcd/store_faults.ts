// What of a home in etcd goes wrong, as the stores of metadata tell it.

import { PartitionFault, UsageFault } from "../base/faults.ts";
import { EtcdFault, reasonOf } from "./client.ts";

export function closedFault(): PartitionFault {
  return new PartitionFault("the metadata cannot be changed: the connection to etcd is closed");
}

/** No answer that is tried again: it is for the operator to say what is true. */
export function contradiction(problem: string): UsageFault {
  return new UsageFault(
    `etcd contradicts what it has said before: ${problem}. Was it restored from a backup? ` +
      "docs/cluster.md says how to go on",
  );
}

/** What etcd refuses is told as what a store's other homes tell. */
export function toStoreFault(error: unknown): never {
  if (!(error instanceof EtcdFault || error instanceof UsageFault)) throw error;
  const message = `the metadata cannot be changed: ${reasonOf(error)}`;
  throw new PartitionFault(message, { cause: error });
}
