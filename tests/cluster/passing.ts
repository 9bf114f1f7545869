// What is no wonder where things go wrong, and is tried again.

import { PartitionFault, PlatformFault, UsageFault } from "../../src/base/faults.ts";

/** Whether it may go well later: others could not be reached, or files were not ready. */
export function isPassing(error: unknown): boolean {
  return error instanceof PartitionFault || error instanceof PlatformFault ||
    error instanceof UsageFault;
}
