// The files port of one process on a simulated disk: what is asynchronous takes virtual time, what
// is synchronous happens at once, and a process that is dead changes nothing and hears nothing.

import { PlatformFault } from "../base/faults.ts";
import { isFolder, type MemoryEntry } from "./memory_files.ts";
import type { Files, FolderLock, OpenFile, OpenMode } from "./ports.ts";
import type { SimulatedDisk } from "./simulated_disk.ts";
import { type Host, never } from "./simulated_connection.ts";

/** What the files need of their world. */
export interface FilesWorld {
  readonly disk: SimulatedDisk;
  readonly host: Host;
  /** Calls `run` `delayMs` from now, unless the process is dead by then. */
  later(delayMs: number, label: string, run: () => void): void;
}

class SimulatedOpenFile implements OpenFile {
  readonly #file: OpenFile;
  readonly #entry: MemoryEntry;
  readonly #world: FilesWorld;
  #closed = false;
  #underWay = 0;

  constructor(file: OpenFile, entry: MemoryEntry, world: FilesWorld) {
    this.#file = file;
    this.#entry = entry;
    this.#world = world;
  }

  get path(): string {
    return this.#file.path;
  }

  get size(): number {
    return this.#file.size;
  }

  append(bytes: Uint8Array): void {
    this.#assertOpen("append to");
    if (!this.#world.host.alive) return;
    this.#world.disk.check("write", this.path);
    this.#file.append(bytes);
  }

  readAt(position: number, into: Uint8Array): number {
    this.#assertOpen("read");
    this.#world.disk.check("read", this.path);
    return this.#file.readAt(position, into);
  }

  readAtAsync(position: number, into: Uint8Array): Promise<number> {
    return this.#during("read", () => {
      this.#world.disk.check("read", this.path);
      return this.#file.readAt(position, into);
    });
  }

  truncate(size: number): void {
    this.#assertOpen("truncate");
    if (this.#world.host.alive) this.#file.truncate(size);
  }

  sync(): Promise<void> {
    const { disk } = this.#world;
    const entry = this.#entry;
    if (isFolder(entry)) return Promise.reject(closed("sync", this.path));
    const sync = disk.beginSync(this.path, entry);
    return this.#during("sync", () => sync.finish());
  }

  close(): void {
    this.#closed = true;
    if (this.#underWay === 0) this.#file.close();
  }

  #during<T>(operation: "read" | "sync", run: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(closed(operation, this.path));
    if (!this.#world.host.alive) return never();
    this.#underWay++;
    return new Promise((resolve, reject) => {
      const delayMs = this.#world.disk.delayMs(operation);
      this.#world.later(delayMs, `${operation} ${this.path}`, () => {
        try {
          resolve(run());
        } catch (error) {
          reject(error);
        } finally {
          this.#underWay--;
          if (this.#closed && this.#underWay === 0) this.#file.close();
        }
      });
    });
  }

  #assertOpen(attempt: string): void {
    if (this.#closed) throw closed(attempt, this.path);
  }
}

function closed(attempt: string, path: string): PlatformFault {
  return new PlatformFault("Closed", `cannot ${attempt} ${path}: it is closed`);
}

/** The files as the process of `world` has them. */
export function simulatedFiles(world: FilesWorld): Files {
  const { disk, host } = world;
  const changing = (run: () => void) => {
    if (host.alive) run();
  };
  return {
    separators: "/",
    open(path: string, mode: OpenMode): OpenFile {
      const file = disk.files.open(path, host.alive ? mode : "read");
      const entry = disk.files.find(path)!;
      return new SimulatedOpenFile(file, entry, world);
    },
    list: (folder) => disk.files.list(folder),
    stat: (path) => disk.files.stat(path),
    makeFolder: (folder) => changing(() => disk.files.makeFolder(folder)),
    rename: (from, to) => changing(() => disk.files.rename(from, to)),
    renameAsync(from, to) {
      if (!host.alive) return never();
      return disk.files.renameAsync(from, to);
    },
    remove: (path) => changing(() => disk.files.remove(path)),
    removeAsync(path) {
      if (!host.alive) return never();
      return disk.files.removeAsync(path);
    },
    syncFolder(path) {
      if (!host.alive) return never();
      const folder = disk.files.find(path);
      if (!isFolder(folder)) return disk.files.syncFolder(path);
      return new Promise((resolve) => {
        world.later(disk.delayMs("sync"), `sync folder ${path}`, () => {
          disk.syncNames(folder);
          resolve();
        });
      });
    },
    syncFolderNow: (path) =>
      changing(() => {
        const folder = disk.files.find(path);
        if (isFolder(folder)) disk.syncNames(folder);
        else disk.files.syncFolderNow(path);
      }),
    lock: (folder): FolderLock => disk.files.lock(folder),
    lockToRead: (folder): FolderLock => disk.files.lockToRead(folder),
    freeBytes: (path) => Math.min(disk.files.freeBytes(path), disk.freeBytes),
    totalBytes: (path) => Math.min(disk.files.totalBytes(path), disk.totalBytes),
  };
}
