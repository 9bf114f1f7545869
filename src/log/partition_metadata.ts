// partition.metadata: which topic a partition's folder belongs to, so that a topic that was
// deleted and made again under its old name never takes over the old one's records.
//
//   version: 0
//   topic_id: qVNPd6uSQ9KXuwz2ybfVIw

import { fromUtf8, utf8 } from "../base/bytes.ts";
import { PartitionFault } from "../base/faults.ts";
import { isUuid, type Uuid, uuidToBytes, ZERO_UUID } from "../base/ids.ts";
import type { Files } from "../runtime/ports.ts";
import { fileNames } from "./layout.ts";
import { readWholeFile, writeWholeFile } from "./whole_file.ts";

/** The topic id that the folder belongs to; undefined when the file is missing or unreadable. */
export function readPartitionMetadata(files: Files, folder: string): Uuid | undefined {
  const bytes = readWholeFile(files, `${folder}/${fileNames.partitionMetadata}`);
  if (bytes === undefined) return undefined;
  const match = /^topic_id:\s*(\S+)\s*$/m.exec(fromUtf8(bytes));
  return match !== null && isUuid(match[1]) ? match[1] : undefined;
}

/**
 * Makes sure that `folder` belongs to `topicId`, writing the file when there is none. Whether it
 * wrote. Throws PartitionFault when the folder is another topic's.
 */
export function claimPartitionFolder(
  files: Files,
  claim: { folder: string; topicId: Uuid },
): boolean {
  const found = readPartitionMetadata(files, claim.folder);
  if (found === claim.topicId) return false;
  if (found !== undefined && found !== ZERO_UUID) {
    throw new PartitionFault(
      `${claim.folder} belongs to topic id ${found}, not ${claim.topicId}; move it away to go on`,
    );
  }
  const text = `version: 0\ntopic_id: ${claim.topicId}`;
  writeWholeFile(files, `${claim.folder}/${fileNames.partitionMetadata}`, utf8(text));
  return true;
}

/** 32 hex digits of `topicId`, for the name of a folder on its way out. */
export function uuidHex(topicId: Uuid): string {
  const bytes = new Uint8Array(16);
  uuidToBytes(topicId, bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
