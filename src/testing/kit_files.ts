// A test broker's files: in memory or on a disk, and a disk that can be full or slow.
//
// Invariant: what is refused has not happened. A full disk takes no byte more, and gives back what
// is removed, so that a broker can do on it what it does on a real one.

import { PlatformFault } from "../base/faults.ts";
import type { Files, OpenFile, Timers } from "../runtime/ports.ts";

/** What is wrong with a disk. */
export interface DiskTrouble {
  /** Nothing more can be written. */
  isFull: boolean;
  /** So long every sync takes longer, until the trouble is over. */
  slowness: { readonly ms: number; readonly over: Promise<void> } | undefined;
}

/** `files`, with what `trouble` says of them at each call. */
export function troubledFiles(
  files: Files,
  { trouble, timers }: { readonly trouble: DiskTrouble; readonly timers: Timers },
): Files {
  const refuse = (attempt: string, path: string): void => {
    if (!trouble.isFull) return;
    throw new PlatformFault("NoSpace", `cannot ${attempt} ${path}: the test has filled the disk`);
  };
  const slow = async (sync: () => Promise<void>): Promise<void> => {
    const { slowness } = trouble;
    if (slowness !== undefined) {
      const waited = Promise.withResolvers<void>();
      const timer = timers.after(slowness.ms, waited.resolve);
      await Promise.race([waited.promise, slowness.over]);
      timer.cancel();
    }
    await sync();
  };
  const wrapped = (file: OpenFile): OpenFile => ({
    path: file.path,
    get size() {
      return file.size;
    },
    append(bytes) {
      refuse("append to", file.path);
      file.append(bytes);
    },
    readAt: (position, into) => file.readAt(position, into),
    readAtAsync: (position, into) => file.readAtAsync(position, into),
    truncate: (size) => file.truncate(size),
    sync: () => slow(() => file.sync()),
    close: () => file.close(),
  });
  return {
    separators: files.separators,
    open(path, mode) {
      if (mode !== "read" && files.stat(path) === undefined) refuse("create", path);
      return wrapped(files.open(path, mode));
    },
    list: (folder) => files.list(folder),
    stat: (path) => files.stat(path),
    makeFolder(folder) {
      if (files.stat(folder) === undefined) refuse("create", folder);
      files.makeFolder(folder);
    },
    rename: (from, to) => files.rename(from, to),
    renameAsync: (from, to) => files.renameAsync(from, to),
    remove: (path) => files.remove(path),
    removeAsync: (path) => files.removeAsync(path),
    syncFolder: (folder) => slow(() => files.syncFolder(folder)),
    syncFolderNow: (folder) => files.syncFolderNow(folder),
    lock: (folder) => files.lock(folder),
    lockToRead: (folder) => files.lockToRead(folder),
    freeBytes: (path) => trouble.isFull ? 0 : files.freeBytes(path),
    totalBytes: (path) => files.totalBytes(path),
  };
}
