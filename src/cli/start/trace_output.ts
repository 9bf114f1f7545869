// Where the lines of a trace go: standard output, for as long as that takes them.
//
// Invariant: a broker outlives who watches it, as in `ottla start --trace | head`, and a full disk
// behind `> trace.txt`.

import { messageOf, PlatformFault } from "../../base/faults.ts";
import { escapedLines } from "../../base/visible.ts";
import type { Logger } from "../../runtime/ports.ts";
import type { CliContext } from "../context.ts";

/** Takes a line at a time; once it cannot be written the trace ends, which `logger` is told. */
export function traceOutput(
  { out }: Pick<CliContext, "out">,
  logger: Logger,
): (line: string) => void {
  let isTaken = true;
  return (line) => {
    if (!isTaken) return;
    try {
      out(escapedLines(line) + "\n");
    } catch (error) {
      if (!(error instanceof PlatformFault)) throw error;
      isTaken = false;
      logger.log("warn", "the trace ends: nobody takes it", { reason: messageOf(error) });
    }
  };
}
