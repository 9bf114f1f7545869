// Files of which one call fails: the one that `Failure` is set to, counted from when it was set.
//
//   arm({ at: 3, kind: "NoSpace" }) --> calls 1, 2 work --> 3 fails --> all others work
//
// Where there are too many open files, which concerns the calls that open one, all fail from that
// one on: who closes some and tries again would find them otherwise.
//
// Invariant: a call that fails has done nothing, but for an append that finds no space: it has
// written half, as on a real disk.

import { AssertionError } from "../../src/base/assert.ts";
import { PlatformFault } from "../../src/base/faults.ts";
import type { Files, OpenFile } from "../../src/runtime/ports.ts";

/** Which call is to fail, and how. */
export interface Failure {
  /** Counted from 1; Infinity: none. */
  readonly at: number;
  /** "bug": with what no disk has to say. */
  readonly kind: "Io" | "NoSpace" | "TooManyFiles" | "bug";
  /** Only calls about such paths count. */
  readonly about?: (path: string) => boolean;
}

export class FailingFiles {
  readonly files: Files;
  #failure: Failure = { at: Infinity, kind: "Io" };
  #calls = 0;
  #failed: string | undefined;

  constructor(files: Files) {
    this.files = this.#wrap(files);
  }

  /** Begins to count. */
  arm(failure: Failure): void {
    this.#failure = failure;
    this.#calls = 0;
    this.#failed = undefined;
  }

  /** Calls since `arm`. */
  get calls(): number {
    return this.#calls;
  }

  /** The call that failed; undefined while there were not so many. */
  get failed(): string | undefined {
    return this.#failed;
  }

  #note(call: string, path: string): void {
    const { at, kind, about } = this.#failure;
    if (about !== undefined && !about(path)) return;
    const lasts = kind === "TooManyFiles";
    if (lasts && !/^(open|list|sync folder)/.test(call)) return;
    const calls = ++this.#calls;
    if (calls < at || (calls > at && !lasts)) return;
    this.#failed ??= `${call} ${path}`;
    if (kind === "bug") throw new AssertionError(`${call} ${path}, as a bug of ours`);
    throw new PlatformFault(kind, `${call} ${path} failed on purpose`);
  }

  #wrap(files: Files): Files {
    return {
      separators: files.separators,
      open: (path, mode) => {
        this.#note(`open to ${mode}`, path);
        return this.#wrapFile(files.open(path, mode));
      },
      list: (folder) => {
        this.#note("list", folder);
        return files.list(folder);
      },
      stat: (path) => {
        this.#note("stat", path);
        return files.stat(path);
      },
      makeFolder: (folder) => {
        this.#note("make", folder);
        files.makeFolder(folder);
      },
      rename: (from, to) => {
        this.#note("rename", from);
        files.rename(from, to);
      },
      renameAsync: async (from, to) => {
        this.#note("rename", from);
        await files.renameAsync(from, to);
      },
      remove: (path) => {
        this.#note("remove", path);
        files.remove(path);
      },
      removeAsync: async (path) => {
        this.#note("remove later", path);
        await files.removeAsync(path);
      },
      syncFolder: async (folder) => {
        this.#note("sync folder", folder);
        await files.syncFolder(folder);
      },
      syncFolderNow: (folder) => {
        this.#note("sync folder", folder);
        files.syncFolderNow(folder);
      },
      lock: (folder) => files.lock(folder),
      lockToRead: (folder) => files.lockToRead(folder),
      freeBytes: (path) => {
        this.#note("free bytes of", path);
        return files.freeBytes(path);
      },
      totalBytes: (path) => {
        this.#note("total bytes of", path);
        return files.totalBytes(path);
      },
    };
  }

  #wrapFile(file: OpenFile): OpenFile {
    return {
      path: file.path,
      get size() {
        return file.size;
      },
      append: (bytes) => {
        try {
          this.#note("append to", file.path);
        } catch (error) {
          if (this.#failure.kind === "NoSpace") file.append(bytes.subarray(0, bytes.length >> 1));
          throw error;
        }
        file.append(bytes);
      },
      readAt: (position, into) => {
        this.#note("read", file.path);
        return file.readAt(position, into);
      },
      readAtAsync: async (position, into) => {
        this.#note("read later", file.path);
        return await file.readAtAsync(position, into);
      },
      truncate: (size) => {
        this.#note("truncate", file.path);
        file.truncate(size);
      },
      sync: async () => {
        this.#note("sync", file.path);
        await file.sync();
      },
      close: () => file.close(),
    };
  }
}

/** Copies everything in `folder` from one file system to another. */
export function copyFolder(folder: string, { from, to }: { from: Files; to: Files }): void {
  to.makeFolder(folder);
  for (const name of from.list(folder)) {
    const path = `${folder}/${name}`;
    if (from.stat(path)?.isDirectory) {
      copyFolder(path, { from, to });
      continue;
    }
    const source = from.open(path, "read");
    const bytes = new Uint8Array(source.size);
    source.readAt(0, bytes);
    source.close();
    const copy = to.open(path, "create");
    copy.append(bytes);
    copy.close();
  }
}
