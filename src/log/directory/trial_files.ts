// A file system seen through what a trial would have changed: a start is tried on it first, so that
// one which is refused has touched nothing.
//
//   path --> untouched: the real file, read only
//        --> changed:   the first bytes of a real file, and what was appended behind them
//        --> gone
//
// Invariant: nothing is written to the real files, and memory is taken for what was appended alone.

import { PlatformFault } from "../../base/faults.ts";
import type { FileInfo, Files, FolderLock, OpenFile, OpenMode } from "../../runtime/ports.ts";

/** A file that the trial has made or changed. */
interface Changed {
  /** The real file that it begins with, and how much of it. */
  readonly source: string | undefined;
  kept: number;
  added: Uint8Array;
  modifiedMs: number;
}

/** `files` as a trial sees and changes them. Ended by `close`, which lets go of all real files. */
export class TrialFiles implements Files {
  readonly #files: Files;
  readonly #changed = new Map<string, Changed | "gone" | "folder">();
  readonly #open = new Set<OpenFile>();

  constructor(files: Files) {
    this.#files = files;
  }

  /** The trial is over. */
  close(): void {
    for (const file of this.#open) file.close();
    this.#open.clear();
  }

  open(path: string, mode: OpenMode): OpenFile {
    const info = this.stat(path);
    if (info === undefined) {
      if (mode === "read") throw new PlatformFault("NotFound", `${path}: there is no such file`);
      if (this.stat(parentOf(path)) === undefined) {
        throw new PlatformFault("NotFound", `${path}: there is no such folder`);
      }
    }
    const known = this.#changed.get(path);
    if (mode === "read" && known === undefined) return this.#opened(path);
    let changed = typeof known === "object" ? known : undefined;
    if (changed === undefined) {
      const isReal = known === undefined && info !== undefined;
      changed = {
        source: isReal ? path : undefined,
        kept: info?.size ?? 0,
        added: new Uint8Array(0),
        modifiedMs: info?.modifiedMs ?? 0,
      };
      this.#changed.set(path, changed);
    }
    const source = changed.source === undefined ? undefined : this.#opened(changed.source);
    const file = new TrialFile(path, changed, source);
    if (mode === "create") file.truncate(0);
    return file;
  }

  list(folder: string): string[] {
    const real = this.#changed.get(folder) === undefined ? this.#files.list(folder) : [];
    const names = new Set(real.filter((name) => this.stat(`${folder}/${name}`) !== undefined));
    for (const path of this.#changed.keys()) {
      const isIn = parentOf(path) === folder && this.stat(path) !== undefined;
      if (isIn) names.add(path.slice(folder.length + 1));
    }
    return [...names].sort();
  }

  stat(path: string): FileInfo | undefined {
    const changed = this.#changed.get(path);
    if (changed === undefined) return this.#isHidden(path) ? undefined : this.#files.stat(path);
    if (changed === "gone") return undefined;
    if (changed === "folder") return { isDirectory: true, size: 0, modifiedMs: 0 };
    const { kept, added, modifiedMs } = changed;
    return { isDirectory: false, size: kept + added.length, modifiedMs };
  }

  makeFolder(folder: string): void {
    if (this.stat(folder) === undefined) this.#changed.set(folder, "folder");
  }

  rename(from: string, to: string): void {
    const known = this.#changed.get(from);
    const info = this.stat(from);
    if (info === undefined) throw new PlatformFault("NotFound", `${from}: there is no such file`);
    const { size: kept, modifiedMs } = info;
    this.#changed.set(from, "gone");
    const moved = { source: from, kept, added: new Uint8Array(0), modifiedMs };
    this.#changed.set(to, known ?? moved);
  }

  remove(path: string): void {
    const below = [...this.#changed.keys()].filter((each) => each.startsWith(`${path}/`));
    for (const each of below) this.#changed.delete(each);
    this.#changed.set(path, "gone");
  }

  removeAsync(path: string): Promise<void> {
    this.remove(path);
    return Promise.resolve();
  }

  syncFolder(): Promise<void> {
    return Promise.resolve();
  }

  lock(): FolderLock {
    return { release: () => {} };
  }

  freeBytes(path: string): number {
    return this.#files.freeBytes(path);
  }

  totalBytes(path: string): number {
    return this.#files.totalBytes(path);
  }

  /** Whether a folder above is gone, or was made anew. */
  #isHidden(path: string): boolean {
    const parent = parentOf(path);
    return this.#changed.has(parent) || (parent !== path && this.#isHidden(parent));
  }

  #opened(path: string): OpenFile {
    const file = this.#files.open(path, "read");
    this.#open.add(file);
    return file;
  }
}

class TrialFile implements OpenFile {
  readonly path: string;
  readonly #changed: Changed;
  readonly #source: OpenFile | undefined;

  constructor(path: string, changed: Changed, source: OpenFile | undefined) {
    this.path = path;
    this.#changed = changed;
    this.#source = source;
  }

  get size(): number {
    return this.#changed.kept + this.#changed.added.length;
  }

  append(bytes: Uint8Array): void {
    const { added } = this.#changed;
    const grown = new Uint8Array(added.length + bytes.length);
    grown.set(added);
    grown.set(bytes, added.length);
    this.#changed.added = grown;
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
    const { kept, added } = this.#changed;
    this.#changed.added = added.slice(0, Math.max(0, size - kept));
    this.#changed.kept = Math.min(kept, size);
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    // The trial closes the real file: another name of it may be open here.
  }

  #countInSource(position: number, into: Uint8Array): number {
    return Math.max(0, Math.min(into.length, this.#changed.kept - position));
  }

  #readAdded(position: number, into: Uint8Array, done: number): number {
    const { kept, added } = this.#changed;
    const from = Math.max(0, position + done - kept);
    const part = added.subarray(from, from + into.length - done);
    into.set(part, done);
    return part.length;
  }
}

function parentOf(path: string): string {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return cut <= 0 ? path : path.slice(0, cut);
}
