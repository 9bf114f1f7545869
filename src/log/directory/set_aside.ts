// Partitions' folders that were set aside (`-stray`): nothing reads them, and nobody but an
// operator removes them.
//
//   orders-0.19a2b3c4d5e-stray                          ours: when that was, in hex milliseconds
//   orders-0.0a1b2c3d4e5f60718293a4b5c6d7e8f9-stray     Kafka's

import type { PartitionId } from "../../base/ids.ts";
import type { Files } from "../../runtime/ports.ts";
import { parsePartitionFolderName } from "./layout.ts";

/** One of them. */
export interface FolderAside {
  readonly name: string;
  readonly topic: string;
  readonly partition: PartitionId;
  /** Undefined where the name does not tell. */
  readonly sinceMs: number | undefined;
  readonly bytes: number;
}

/** Those in a data directory, by name. */
export function foldersAside(files: Files, dataFolder: string): FolderAside[] {
  return [...files.list(dataFolder)].sort().flatMap((name) => {
    const parsed = parsePartitionFolderName(name);
    if (parsed?.state !== "stray") return [];
    const folder = `${dataFolder}/${name}`;
    if (files.stat(folder)?.isDirectory !== true) return [];
    let bytes = 0;
    for (const file of files.list(folder)) bytes += files.stat(`${folder}/${file}`)?.size ?? 0;
    const hex = /\.([0-9a-f]{9,12})-stray$/.exec(name)?.[1];
    const sinceMs = hex === undefined ? undefined : parseInt(hex, 16);
    return [{ name, topic: parsed.topic, partition: parsed.partition, sinceMs, bytes }];
  });
}
