// Files by node:fs, for Bun and Node: synchronous positional calls, which both serve from the page
// cache in about a microsecond.
//
// Appends and reads carry their position, so nothing depends on a shared file offset, and one
// descriptor serves the writer and every asynchronous reader; it is closed when the last of them
// ends.

import * as fs from "node:fs";
import { PlatformFault } from "../base/faults.ts";
import type { FileRange, KernelFile } from "../base/file_part.ts";
import { lockFolder, lockFolderToRead, type LockHost } from "./folder_lock.ts";
import { attempting, codeOf, platformFault } from "./platform_faults.ts";
import type { FileInfo, Files, OpenFile, OpenMode } from "./ports.ts";
import { type MakeRoom, RoomAhead } from "./room_ahead.ts";

const openFlags: Readonly<Record<OpenMode, number>> = {
  read: fs.constants.O_RDONLY,
  append: fs.constants.O_RDWR | fs.constants.O_CREAT,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC,
  overwrite: fs.constants.O_RDWR,
};

interface NodeOpening {
  readonly mode: OpenMode;
  readonly makeRoom: MakeRoom<number> | undefined;
  readonly isCached: IsCached | undefined;
}

/** Whether the kernel has these bytes of a file in memory. */
export type IsCached = (descriptor: number, at: FileRange) => boolean;

function kernelFileOf(descriptor: number, isCached: IsCached): KernelFile {
  return {
    descriptor,
    isCached: (position, bytes) => isCached(descriptor, { position, bytes }),
  };
}

class NodeOpenFile implements OpenFile {
  readonly path: string;
  readonly #descriptor: number;
  #size: number;
  #open = true;
  #underWay = 0;
  readonly #room: RoomAhead<number>;
  readonly kernelFile: KernelFile | undefined;

  constructor(path: string, { mode, makeRoom, isCached }: NodeOpening) {
    this.path = path;
    this.#descriptor = fs.openSync(path, openFlags[mode], 0o600);
    const info = fs.fstatSync(this.#descriptor);
    if (info.isDirectory()) {
      fs.closeSync(this.#descriptor);
      throw new PlatformFault("Io", `cannot open ${path}: it is a folder`);
    }
    this.#size = mode === "overwrite" ? 0 : info.size;
    const isAppended = mode === "append" || mode === "create";
    const make = isAppended ? makeRoom : undefined;
    this.#room = new RoomAhead(this.#descriptor, { size: this.#size, make });
    this.kernelFile = isCached && kernelFileOf(this.#descriptor, isCached);
  }

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    this.#assertOpen("append to");
    this.#room.beforeAppend(this.#size, bytes.length);
    let done = 0;
    try {
      while (done < bytes.length) {
        const rest = bytes.length - done;
        const count = fs.writeSync(this.#descriptor, bytes, done, rest, this.#size);
        done += count;
        this.#size += count;
      }
    } catch (error) {
      throw platformFault(`append to ${this.path}`, error);
    }
  }

  readAt(position: number, into: Uint8Array): number {
    this.#assertOpen("read");
    let done = 0;
    try {
      while (done < into.length) {
        const rest = into.length - done;
        const count = fs.readSync(this.#descriptor, into, done, rest, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw platformFault(`read ${this.path}`, error);
    }
    return done;
  }

  async readAtAsync(position: number, into: Uint8Array): Promise<number> {
    this.#assertOpen("read");
    let done = 0;
    while (done < into.length) {
      const count = await this.#during<number>("read", (settle) => {
        const rest = into.length - done;
        fs.read(this.#descriptor, into, done, rest, position + done, settle);
      });
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  truncate(size: number): void {
    this.#assertOpen("truncate");
    attempting("truncate", this.path, () => fs.ftruncateSync(this.#descriptor, size));
    this.#size = size;
    this.#room.onCut(size);
  }

  async sync(): Promise<void> {
    this.#assertOpen("sync");
    await this.#during("sync", (settle) => fs.fdatasync(this.#descriptor, settle));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#underWay === 0) this.#release();
  }

  #release(): void {
    try {
      if (this.#room.isMade) this.#giveRoomBack();
    } finally {
      fs.closeSync(this.#descriptor);
    }
  }

  /** A file that another handle has made longer is left alone. */
  #giveRoomBack(): void {
    try {
      const { size } = fs.fstatSync(this.#descriptor);
      if (size === this.#size) fs.ftruncateSync(this.#descriptor, size);
    } catch {
      // It stays with the file until somebody cuts or removes that.
    }
  }

  /** An asynchronous call on the descriptor, which must not be closed, and reused, under it. */
  #during<T>(
    attempt: string,
    call: (settle: (error: Error | null, value?: T) => void) => void,
  ): Promise<T> {
    this.#underWay++;
    return new Promise((resolve, reject) => {
      call((error, value) => {
        this.#underWay--;
        if (!this.#open && this.#underWay === 0) this.#release();
        if (error) reject(platformFault(`${attempt} ${this.path}`, error));
        else resolve(value as T);
      });
    });
  }

  #assertOpen(attempt: string): void {
    if (!this.#open) throw new PlatformFault("Closed", `cannot ${attempt} ${this.path}: closed`);
  }
}

/** What a runtime can do beside node:fs. */
interface NodeFilesOptions {
  /** Where it can call flock. */
  readonly kernelLock: LockHost["kernelLock"];
  readonly makeRoom?: MakeRoom<number>;
  /** Where files can be sent from. */
  readonly isCached?: IsCached | undefined;
}

/** The file system. */
export function nodeFiles(options: NodeFilesOptions): Files {
  const { makeRoom, isCached } = options;
  const lockHost = { ...lockHostParts, kernelLock: options.kernelLock };
  return {
    separators: process.platform === "win32" ? "/\\" : "/",
    open: (path, mode) =>
      attempting("open", path, () => new NodeOpenFile(path, { mode, makeRoom, isCached })),
    list: (folder) => attempting("list", folder, () => fs.readdirSync(folder).sort()),
    stat: (path) => attempting("stat", path, () => stat(path)),
    makeFolder: (folder) =>
      attempting("create folder", folder, () => {
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
      }),
    rename,
    renameAsync,
    remove,
    removeAsync,
    syncFolder,
    syncFolderNow,
    lock: (folder) => lockFolder(folder, lockHost),
    lockToRead: (folder) => lockFolderToRead(folder, lockHost),
    freeBytes: (path) =>
      attempting("ask the free space of", path, () => {
        const info = fs.statfsSync(path);
        return info.bavail * info.bsize;
      }),
    totalBytes: (path) =>
      attempting("ask the size of the disk of", path, () => {
        const info = fs.statfsSync(path);
        return info.blocks * info.bsize;
      }),
  };
}

function rename(from: string, to: string): void {
  attempting("rename", `${from} to ${to}`, () => fs.renameSync(from, to));
}

function renameAsync(from: string, to: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.rename(from, to, (error) => {
      if (error === null) resolve();
      else reject(platformFault(`rename ${from} to ${to}`, error));
    });
  });
}

function remove(path: string): void {
  attempting("remove", path, () => {
    try {
      fs.rmSync(path, { recursive: true, force: true });
    } catch (error) {
      if (codeOf(error) !== "ENOTDIR") throw error;
    }
  });
}

function removeAsync(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.rm(path, { recursive: true, force: true }, (error) => {
      if (error === null || codeOf(error) === "ENOTDIR") resolve();
      else reject(platformFault(`remove ${path}`, error));
    });
  });
}

function syncFolderNow(folder: string): void {
  const descriptor = attempting("sync folder", folder, () => fs.openSync(folder, "r"));
  try {
    attempting("sync folder", folder, () => fs.fsyncSync(descriptor));
  } finally {
    fs.closeSync(descriptor);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const descriptor = attempting("sync folder", folder, () => fs.openSync(folder, "r"));
  try {
    await new Promise<void>((resolve, reject) => {
      fs.fsync(descriptor, (error) => error ? reject(error) : resolve());
    });
  } catch (error) {
    throw platformFault(`sync folder ${folder}`, error);
  } finally {
    fs.closeSync(descriptor);
  }
}

function stat(path: string): FileInfo | undefined {
  let info: fs.Stats;
  try {
    info = fs.statSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  const isDirectory = info.isDirectory();
  return { isDirectory, size: isDirectory ? 0 : info.size, modifiedMs: Math.floor(info.mtimeMs) };
}

/** The text of a small file, or undefined. */
export function readText(path: string): string | undefined {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const lockHostParts: Omit<LockHost, "kernelLock"> = {
  identity(path) {
    const info = fs.statSync(path, { throwIfNoEntry: false });
    return info && { device: info.dev, inode: info.ino };
  },
  processId: process.pid,
  readText,
  writeText: (path, text) => attempting("write", path, () => fs.writeFileSync(path, text)),
  link: (from, to) => attempting("create", to, () => fs.linkSync(from, to)),
  rename,
  remove,
  isAlive(processId) {
    try {
      return process.kill(processId, 0);
    } catch (error) {
      return codeOf(error) !== "ESRCH";
    }
  },
};
