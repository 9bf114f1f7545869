// Why a client is not here, in the words that the matrix shows.

import type { Absence } from "../suite.ts";

/** `skipped` for want of tools, `fail` where the tools are there and could not. */
export function notInstalled(outcome: Absence["outcome"], reason: string): Absence {
  return { outcome, reason: `client could not be installed: ${reason}` };
}
