// Files that tell of every change before it is made, so that a test can end the process, or the
// power, between any two of them.
//
// Invariant: `onChange` is called once for each call that changes a file, a name, or what of them
// is durable; when it throws, the change is not made.

import type { Files, OpenFile } from "../../src/runtime/ports.ts";

/** What is about to be appended, and the file as it is without being watched. */
export interface Appending {
  readonly file: OpenFile;
  readonly bytes: Uint8Array;
}

/** `files` with `onChange` called before each change, with a word for it. */
export function watchedFiles(
  files: Files,
  onChange: (change: string, appending?: Appending) => void,
): Files {
  const wrap = (file: OpenFile): OpenFile => ({
    path: file.path,
    get size() {
      return file.size;
    },
    append(bytes) {
      onChange(`append ${file.path}`, { file, bytes });
      file.append(bytes);
    },
    readAt: (position, into) => file.readAt(position, into),
    readAtAsync: (position, into) => file.readAtAsync(position, into),
    truncate(size) {
      onChange(`truncate ${file.path}`);
      file.truncate(size);
    },
    async sync() {
      onChange(`sync ${file.path}`);
      await file.sync();
    },
    close: () => file.close(),
  });
  return {
    separators: files.separators,
    open(path, mode) {
      if (mode === "create" || (mode === "append" && files.stat(path) === undefined)) {
        onChange(`make ${path}`);
      }
      return wrap(files.open(path, mode));
    },
    list: (folder) => files.list(folder),
    stat: (path) => files.stat(path),
    makeFolder(folder) {
      if (files.stat(folder) === undefined) onChange(`make ${folder}`);
      files.makeFolder(folder);
    },
    rename(from, to) {
      onChange(`rename ${from} ${to}`);
      files.rename(from, to);
    },
    async renameAsync(from, to) {
      onChange(`rename ${from} ${to}`);
      await files.renameAsync(from, to);
    },
    remove(path) {
      if (files.stat(path) !== undefined) onChange(`remove ${path}`);
      files.remove(path);
    },
    async removeAsync(path) {
      if (files.stat(path) !== undefined) onChange(`remove ${path}`);
      await files.removeAsync(path);
    },
    async syncFolder(folder) {
      onChange(`sync ${folder}`);
      await files.syncFolder(folder);
    },
    syncFolderNow(folder) {
      onChange(`sync ${folder}`);
      files.syncFolderNow(folder);
    },
    lock: (folder) => files.lock(folder),
    lockToRead: (folder) => files.lockToRead(folder),
    freeBytes: (path) => files.freeBytes(path),
    totalBytes: (path) => files.totalBytes(path),
  };
}
