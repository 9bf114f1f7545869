// The latest leader epoch of a log that is not open, as its checkpoint has it.
//
// Invariant: it never says too much; a process that was killed may have left it behind the batches.

import { DecodeFault } from "../../base/faults.ts";
import type { LeaderEpoch } from "../../base/ids.ts";
import type { Files } from "../../runtime/ports.ts";
import { fileNames } from "../directory/layout.ts";
import { readWholeFile } from "../files/whole_file.ts";
import { decodeEpochs } from "./epoch_cache.ts";

/** Undefined where the log has none yet, or its checkpoint is damaged: opening it tells. */
export function latestEpochIn(files: Files, folder: string): LeaderEpoch | undefined {
  const bytes = readWholeFile(files, `${folder}/${fileNames.leaderEpochs}`);
  if (bytes === undefined) return undefined;
  try {
    return decodeEpochs(bytes).at(-1)?.epoch;
  } catch (error) {
    if (error instanceof DecodeFault) return undefined;
    throw error;
  }
}
