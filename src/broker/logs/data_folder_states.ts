// The data directories as tools and metrics are told of them: which work, and the room in each.

import { PlatformFault } from "../../base/faults.ts";
import { foldersAside } from "../../log/mod.ts";
import type { Files } from "../../runtime/ports.ts";
import type { DataFolders } from "./data_folders.ts";

/** A data directory and the room on its disk; -1 where that is not known. */
export interface DataFolderState {
  readonly path: string;
  readonly isOffline: boolean;
  /** Whether it refuses clients' records for want of room. */
  readonly isFull: boolean;
  /** Appended and not yet synced. */
  readonly unsyncedBytes: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Those that work, then those that failed. */
export function describeFolders(
  { online, failed }: Pick<DataFolders, "online" | "failed">,
  files: Files,
): DataFolderState[] {
  return [
    ...online.map(({ path, state }) => ({
      path,
      isOffline: false,
      isFull: state.fullReason !== undefined,
      unsyncedBytes: state.unsyncedBytes,
      ...spaceOf(path, files),
    })),
    ...failed.map(({ path }) => ({
      path,
      isOffline: true,
      isFull: false,
      unsyncedBytes: 0,
      freeBytes: -1,
      totalBytes: -1,
    })),
  ];
}

function spaceOf(path: string, files: Files): { freeBytes: number; totalBytes: number } {
  try {
    return { freeBytes: files.freeBytes(path), totalBytes: files.totalBytes(path) };
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    // What cannot be told is -1 to Kafka's tools; whether the disk works is found out elsewhere.
    return { freeBytes: -1, totalBytes: -1 };
  }
}

/** Bytes in folders that were set aside in a data directory; -1 where that cannot be told. */
export function strayBytes(path: string, files: Files): number {
  try {
    return foldersAside(files, path).reduce((sum, { bytes }) => sum + bytes, 0);
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    return -1;
  }
}
