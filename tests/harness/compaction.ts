// Compaction of a log in tests: with turns of the real event loop, and a map of keys that no test
// fills unless it wants to.

import type { CompactionOptions, CompactionSummary, PartitionLog } from "../../src/log/mod.ts";

/** What compaction needs besides its log. */
export function compactionPorts(log: PartitionLog): CompactionOptions {
  return {
    timers: {
      after(delayMs, run) {
        const timer = setTimeout(run, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
      turn: () => new Promise((resolve) => setTimeout(resolve)),
    },
    random: { uint32: () => 0x9e3779b9, bytes: (length) => new Uint8Array(length) },
    highWatermark: log.logEndOffset,
    keyMapBytes: 1024 * 1024,
  };
}

/** Compacts what can be compacted, however dirty it is. */
export function compactNow(
  log: PartitionLog,
  options: Partial<CompactionOptions> = {},
): Promise<CompactionSummary> {
  return log.compaction.run({ ...compactionPorts(log), ...options });
}
