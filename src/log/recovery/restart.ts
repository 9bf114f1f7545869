// Begins a log anew at an offset, where something else stands for all that lay below it, as Kafka
// does with a metadata log that ends before its newest snapshot.
//
//   epochs go > segments go, the last one first > an empty segment at `offset`
//
// Invariant: whatever a crash leaves on the way ends below `offset` still, without a gap, so that
// the next start comes here again.

import type { Offset } from "../../base/ids.ts";
import type { Files } from "../../runtime/ports.ts";
import { fileNames, parseSegmentFileName, segmentFileName } from "../directory/layout.ts";

/** `folder` is the partition's; nobody has the log open. Durable when it resolves. */
export async function restartLog(files: Files, folder: string, offset: Offset): Promise<void> {
  files.remove(`${folder}/${fileNames.leaderEpochs}`);
  await files.syncFolder(folder);
  const segments = files.list(folder).filter((name) => parseSegmentFileName(name) !== undefined);
  for (const name of segments.reverse()) {
    files.remove(`${folder}/${name}`);
    await files.syncFolder(folder);
  }
  const file = files.open(`${folder}/${segmentFileName(offset, "log")}`, "create");
  try {
    await file.sync();
  } finally {
    file.close();
  }
  await files.syncFolder(folder);
}
