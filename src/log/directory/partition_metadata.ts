// partition.metadata: which topic a partition's folder belongs to, so that a topic that was
// deleted and made again under its old name never takes over the old one's records.
//
//   version: 0
//   topic_id: qVNPd6uSQ9KXuwz2ybfVIw

import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { isStoreFault, PartitionFault } from "../../base/faults.ts";
import { parseUuid, type PartitionId, type Uuid, uuidToBytes, ZERO_UUID } from "../../base/ids.ts";
import type { Files } from "../../runtime/ports.ts";
import { deletedFolderName, fileNames, partitionFolderName } from "./layout.ts";
import { readWholeFile, writeWholeFile } from "../files/whole_file.ts";

/** The topic id that the folder belongs to; undefined when the file is missing or unreadable. */
export function readPartitionMetadata(files: Files, folder: string): Uuid | undefined {
  let named: string | undefined;
  try {
    named = namedTopic(files, folder);
  } catch (error) {
    // Whoever opens the partition is told of it; the others are not to suffer.
    if (!isStoreFault(error)) throw error;
  }
  return named === undefined ? undefined : parseUuid(named);
}

/** As it stands there; undefined when the file is missing or says nothing of a topic. */
function namedTopic(files: Files, folder: string): string | undefined {
  const bytes = readWholeFile(files, `${folder}/${fileNames.partitionMetadata}`);
  return bytes && /^topic_id:\s*(\S+)\s*$/m.exec(fromUtf8(bytes))?.[1];
}

/**
 * Makes sure that `folder` is there and belongs to `topicId`, making it and writing the file when
 * there is none: of the many that a start finds, none is asked for twice. Whether it wrote. Throws
 * PartitionFault when the folder is another topic's, or of one that cannot be read.
 */
export function claimPartitionFolder(
  files: Files,
  claim: { folder: string; topicId: Uuid },
): boolean {
  const named = namedTopic(files, claim.folder);
  const found = named === undefined ? ZERO_UUID : parseUuid(named);
  if (found === claim.topicId) return false;
  if (found !== ZERO_UUID) {
    throw new PartitionFault(
      `${claim.folder} belongs to topic id ${named}, not ${claim.topicId}; move it away to go on`,
    );
  }
  files.makeFolder(claim.folder);
  const text = `version: 0\ntopic_id: ${claim.topicId}`;
  writeWholeFile(files, `${claim.folder}/${fileNames.partitionMetadata}`, utf8(text));
  return true;
}

/** Where a partition's folder goes on its way out: beside it, under a name of its own. */
export function deletedPathOf(
  log: { folder: string; topic: string; partition: PartitionId; topicId: Uuid },
): string {
  const bytes = new Uint8Array(16);
  uuidToBytes(log.topicId, bytes);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const name = partitionFolderName(log.topic, log.partition);
  return `${log.folder}/${deletedFolderName(name, hex)}`;
}
