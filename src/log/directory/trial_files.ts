// A file system seen through what a trial would have changed: a start is tried on it first, so that
// one which is refused has touched nothing, and a broker that only reads lives on it.
//
//   name --> untouched: the real file, read only
//        --> changed:   the first bytes of a real file, and what was appended behind them
//        --> made:      a folder that is new, or anew, with nothing real in it
//        --> gone
//
// Invariant: nothing is written to the real files. Memory is taken for what was appended alone, and
// not more than `bytesMax` of it: past that a write finds no space, as on a disk that is full.

import { PlatformFault } from "../../base/faults.ts";
import { MemoryContent } from "../../base/memory_content.ts";
import type { FileInfo, Files, FolderLock, OpenFile, OpenMode } from "../../runtime/ports.ts";
import { nameOf, parentOf } from "./paths.ts";

/** Indexes of some ten thousand segments, made anew; what a start writes is far less. */
const bytesMaxDefault = 128 * 1024 * 1024;

/** What all files of a trial have in memory. */
interface Room {
  used: number;
  readonly bytesMax: number;
}

/** A file that the trial has made or changed. */
class Changed {
  /** The real file that it begins with, if any. */
  readonly source: string | undefined;
  modifiedMs: number;
  /** How much of the real file is left. */
  #kept: number;
  readonly #added = new MemoryContent();
  /** Undefined once no name leads here: it goes with the last who has it open. */
  #room: Room | undefined;

  constructor(room: Room, real?: { readonly path: string; readonly info: FileInfo }) {
    this.source = real?.path;
    this.modifiedMs = real?.info.modifiedMs ?? 0;
    this.#kept = real?.info.size ?? 0;
    this.#room = room;
  }

  get kept(): number {
    return this.#kept;
  }

  get size(): number {
    return this.#kept + this.#added.size;
  }

  append(bytes: Uint8Array, path: string): void {
    const room = this.#room;
    if (room !== undefined && room.used + bytes.length > room.bytesMax) {
      const message = `cannot append to ${path}: a trial holds ${room.bytesMax} bytes and no more`;
      throw new PlatformFault("NoSpace", message);
    }
    this.#added.append(bytes);
    if (room !== undefined) room.used += bytes.length;
  }

  readAdded(position: number, into: Uint8Array): number {
    return this.#added.readAt(position - this.#kept, into);
  }

  truncate(size: number): void {
    const before = this.#added.size;
    const left = Math.max(0, size - this.#kept);
    if (left < before) this.#added.truncate(left);
    this.#kept = Math.min(this.#kept, size);
    if (this.#room !== undefined) this.#room.used -= before - this.#added.size;
  }

  /** No name leads to it any more. */
  unlink(): void {
    if (this.#room !== undefined) this.#room.used -= this.#added.size;
    this.#room = undefined;
  }
}

type Entry = Changed | "gone" | "folder";

/** `files` as a trial sees and changes them. Ended by `close`, which lets go of all real files. */
export class TrialFiles implements Files {
  readonly #files: Files;
  readonly #room: Room;
  /** What has changed, by its folder and its name in it. */
  readonly #folders = new Map<string, Map<string, Entry>>();
  readonly #open = new Set<OpenFile>();

  constructor(files: Files, options: { readonly bytesMax?: number } = {}) {
    this.#files = files;
    this.#room = { used: 0, bytesMax: options.bytesMax ?? bytesMaxDefault };
  }

  get separators(): string {
    return this.#files.separators;
  }

  /** The trial is over. */
  close(): void {
    for (const file of this.#open) file.close();
    this.#open.clear();
  }

  open(path: string, mode: OpenMode): OpenFile {
    const known = this.#entry(path);
    const info = this.stat(path);
    if (info === undefined) {
      if (mode === "read" || mode === "overwrite") throw notFound(path, "file");
      if (this.stat(parentOf(path, this.#files)) === undefined) throw notFound(path, "folder");
    }
    if (info?.isDirectory) throw new PlatformFault("Io", `cannot open ${path}: it is a folder`);
    if (mode === "read" && known === undefined) return this.#openReal(path);
    let changed = known instanceof Changed ? known : undefined;
    if (changed === undefined) {
      changed = new Changed(this.#room, info && { path, info });
      this.#set(path, changed);
    }
    const file = new TrialFile(path, changed, (real) => this.#openReal(real));
    // What was there before is nobody's any more, so that it may as well be gone.
    if (mode === "create" || mode === "overwrite") file.truncate(0);
    return file;
  }

  list(folder: string): string[] {
    if (this.stat(folder)?.isDirectory !== true) throw notFound(folder, "folder");
    const names = new Set(this.#isHiding(folder) ? [] : this.#files.list(folder));
    for (const [name, entry] of this.#folders.get(folder) ?? []) {
      if (entry === "gone") names.delete(name);
      else names.add(name);
    }
    return [...names].sort();
  }

  stat(path: string): FileInfo | undefined {
    const entry = this.#entry(path);
    if (entry === "gone") return undefined;
    if (entry === "folder") return { isDirectory: true, size: 0, modifiedMs: 0 };
    if (entry !== undefined) {
      return { isDirectory: false, size: entry.size, modifiedMs: entry.modifiedMs };
    }
    const parent = parentOf(path, this.#files);
    return parent !== path && this.#isHiding(parent) ? undefined : this.#files.stat(path);
  }

  makeFolder(folder: string): void {
    if (this.stat(folder) !== undefined) return;
    const parent = parentOf(folder, this.#files);
    if (parent !== folder) this.makeFolder(parent);
    this.#set(folder, "folder");
  }

  rename(from: string, to: string): void {
    const info = this.stat(from);
    if (info === undefined) throw notFound(from, "file");
    if (info.isDirectory) throw new PlatformFault("Io", `a trial renames no folder: ${from}`);
    if (from === to) return;
    const known = this.#entry(from);
    const moved = known instanceof Changed ? known : new Changed(this.#room, { path: from, info });
    this.#unlink(to);
    this.#set(to, moved);
    this.#set(from, "gone");
  }

  // deno-lint-ignore require-await -- a rejection, not an exception
  async renameAsync(from: string, to: string): Promise<void> {
    this.rename(from, to);
  }

  remove(path: string): void {
    const isFolder = this.stat(path)?.isDirectory === true;
    this.#unlink(path);
    if (isFolder) {
      for (const [folder, entries] of this.#folders) {
        if (folder !== path && !folder.startsWith(`${path}/`)) continue;
        for (const entry of entries.values()) if (entry instanceof Changed) entry.unlink();
        this.#folders.delete(folder);
      }
    }
    this.#set(path, "gone");
  }

  removeAsync(path: string): Promise<void> {
    this.remove(path);
    return Promise.resolve();
  }

  syncFolder(): Promise<void> {
    return Promise.resolve();
  }

  syncFolderNow(): void {}

  /** To read is all that a trial does with the real files. */
  lock(folder: string): FolderLock {
    return this.lockToRead(folder);
  }

  lockToRead(folder: string): FolderLock {
    return this.#files.lockToRead(folder);
  }

  freeBytes(path: string): number {
    return this.#files.freeBytes(path);
  }

  totalBytes(path: string): number {
    return this.#files.totalBytes(path);
  }

  #entry(path: string): Entry | undefined {
    return this.#folders.get(parentOf(path, this.#files))?.get(nameOf(path, this.#files));
  }

  #set(path: string, entry: Entry): void {
    const folder = parentOf(path, this.#files);
    let entries = this.#folders.get(folder);
    if (entries === undefined) this.#folders.set(folder, entries = new Map());
    entries.set(nameOf(path, this.#files), entry);
  }

  #unlink(path: string): void {
    const entry = this.#entry(path);
    if (entry instanceof Changed) entry.unlink();
  }

  /** Whether a folder has nothing of what is really in it: it, or one above, is gone or new. */
  #isHiding(folder: string): boolean {
    if (this.#entry(folder) !== undefined) return true;
    const parent = parentOf(folder, this.#files);
    return parent !== folder && this.#isHiding(parent);
  }

  /** Closed by who asked for it, or with the trial. */
  #openReal(path: string): OpenFile {
    const file = this.#files.open(path, "read");
    this.#open.add(file);
    const close = () => {
      if (this.#open.delete(file)) file.close();
    };
    return {
      path,
      get size() {
        return file.size;
      },
      append: (bytes) => file.append(bytes),
      readAt: (position, into) => file.readAt(position, into),
      readAtAsync: (position, into) => file.readAtAsync(position, into),
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      close,
    };
  }
}

class TrialFile implements OpenFile {
  readonly path: string;
  readonly #changed: Changed;
  readonly #source: OpenFile | undefined;

  constructor(path: string, changed: Changed, openReal: (path: string) => OpenFile) {
    this.path = path;
    this.#changed = changed;
    // What was cut to nothing may have lost its real file under a rename: nobody reads it.
    const { source, kept } = changed;
    this.#source = source === undefined || kept === 0 ? undefined : openReal(source);
  }

  get size(): number {
    return this.#changed.size;
  }

  append(bytes: Uint8Array): void {
    this.#changed.append(bytes, this.path);
  }

  readAt(position: number, into: Uint8Array): number {
    const fromSource = into.subarray(0, this.#countInSource(position, into));
    const count = fromSource.length === 0 ? 0 : this.#source!.readAt(position, fromSource);
    return count < fromSource.length ? count : count + this.#readAdded(position, into, count);
  }

  async readAtAsync(position: number, into: Uint8Array): Promise<number> {
    const fromSource = into.subarray(0, this.#countInSource(position, into));
    const count = fromSource.length === 0
      ? 0
      : await this.#source!.readAtAsync(position, fromSource);
    return count < fromSource.length ? count : count + this.#readAdded(position, into, count);
  }

  truncate(size: number): void {
    this.#changed.truncate(size);
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#source?.close();
  }

  #countInSource(position: number, into: Uint8Array): number {
    return Math.max(0, Math.min(into.length, this.#changed.kept - position));
  }

  #readAdded(position: number, into: Uint8Array, done: number): number {
    return this.#changed.readAdded(position + done, into.subarray(done));
  }
}

function notFound(path: string, what: string): PlatformFault {
  return new PlatformFault("NotFound", `${path}: there is no such ${what}`);
}
