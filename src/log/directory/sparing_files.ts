// The files of a process that may run out of descriptors: what finds none has the logs give up some
// of theirs, which they only hold to be quicker, and is tried once more.
//
//   open, list, sync a folder --TooManyFiles--> spare --whether any was closed--> once more
//
// Invariant: what was begun is not begun again: each of these takes its descriptor first.

import { isPlatformFault } from "../../base/faults.ts";
import type { Files } from "../../runtime/ports.ts";

/** `files`, with `spare` called where there is no descriptor left: whether it has closed any. */
export function sparingFiles(files: Files, spare: () => boolean): Files {
  const isWorthAnother = (error: unknown) => isPlatformFault(error, "TooManyFiles") && spare();
  const again = <T>(call: () => T): T => {
    try {
      return call();
    } catch (error) {
      if (!isWorthAnother(error)) throw error;
      return call();
    }
  };
  return {
    separators: files.separators,
    open: (path, mode) => again(() => files.open(path, mode)),
    list: (folder) => again(() => files.list(folder)),
    async syncFolder(folder) {
      try {
        await files.syncFolder(folder);
      } catch (error) {
        if (!isWorthAnother(error)) throw error;
        await files.syncFolder(folder);
      }
    },
    syncFolderNow: (folder) => again(() => files.syncFolderNow(folder)),
    stat: (path) => files.stat(path),
    makeFolder: (folder) => files.makeFolder(folder),
    rename: (from, to) => files.rename(from, to),
    renameAsync: (from, to) => files.renameAsync(from, to),
    remove: (path) => files.remove(path),
    removeAsync: (path) => files.removeAsync(path),
    lock: (folder) => files.lock(folder),
    lockToRead: (folder) => files.lockToRead(folder),
    freeBytes: (path) => files.freeBytes(path),
    totalBytes: (path) => files.totalBytes(path),
  };
}
