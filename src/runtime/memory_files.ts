// Files in memory, for `--ephemeral` and tests: the same behaviour as a disk, gone with the
// process.
//
//   MemoryFolder { entries: name -> MemoryFolder | MemoryFile }
//   MemoryFile   { content: MemoryContent }
//
// Invariant: an open file holds its content, so removing the name leaves it readable, as on a disk,
// and the memory is freed when the last one lets go.

import { PlatformFault } from "../base/faults.ts";
import { MemoryContent } from "../base/memory_content.ts";
import type { Clock, FileInfo, Files, FolderLock, OpenFile, OpenMode } from "./ports.ts";

/** A file, whatever its names. */
export interface MemoryFile {
  readonly content: MemoryContent;
  modifiedMs: number;
}

/** A folder. */
export interface MemoryFolder {
  readonly entries: Map<string, MemoryEntry>;
  modifiedMs: number;
  locked: boolean;
}

/** What a name leads to. */
export type MemoryEntry = MemoryFolder | MemoryFile;

/** A name in a folder. */
export interface Place {
  readonly folder: MemoryFolder;
  readonly name: string;
}

/** Hears of every change, before it is made: what the simulated disk keeps its account by. */
export interface Journal {
  /** Returns what of `bytes` fits at `position`; the rest is refused with NoSpace. */
  onWrite(file: MemoryFile, bytes: Uint8Array, position: number): Uint8Array;
  onTruncate(file: MemoryFile, size: number): void;
  onLink(place: Place, entry: MemoryEntry): void;
  onUnlink(place: Place, entry: MemoryEntry): void;
  onRename(from: Place, to: Place, entry: MemoryEntry): void;
}

/** Whether `entry` is a folder. */
export function isFolder(entry: MemoryEntry | undefined): entry is MemoryFolder {
  return entry !== undefined && "entries" in entry;
}

/** A copy of `entry` and all in it, unlocked, which shares its bytes until one of them changes. */
export function copyOf<Entry extends MemoryEntry>(entry: Entry): Entry;
export function copyOf(entry: MemoryEntry): MemoryEntry {
  const { modifiedMs } = entry;
  if (!isFolder(entry)) return { content: entry.content.copy(), modifiedMs };
  const entries = [...entry.entries].map(([name, each]) => [name, copyOf(each)] as const);
  return { entries: new Map(entries), modifiedMs, locked: false };
}

/** Where a file system in memory gets its time, and who hears of its changes. */
export interface MemoryFilesOptions {
  readonly clock: Clock;
  readonly journal?: Journal;
  /** What is there from the start. */
  readonly root?: MemoryFolder;
}

class MemoryOpenFile implements OpenFile {
  readonly path: string;
  readonly #file: MemoryFile;
  readonly #options: MemoryFilesOptions;
  readonly #mode: OpenMode;
  /** Of one that is overwritten: up to where that has come. */
  #overwritten = 0;
  #open = true;

  constructor(path: string, file: MemoryFile, options: MemoryFilesOptions & { mode: OpenMode }) {
    this.path = path;
    this.#file = file;
    this.#options = options;
    this.#mode = options.mode;
    if (this.#mode === "create") this.truncate(0);
  }

  get size(): number {
    return this.#mode === "overwrite" ? this.#overwritten : this.#file.content.size;
  }

  append(bytes: Uint8Array): void {
    const content = this.#changing("append to");
    const position = this.size;
    const accepted = this.#options.journal?.onWrite(this.#file, bytes, position) ?? bytes;
    content.writeAt(position, accepted);
    this.#overwritten += accepted.length;
    if (accepted.length === bytes.length) return;
    throw new PlatformFault("NoSpace", `cannot append to ${this.path}: no space left on the disk`);
  }

  readAt(position: number, into: Uint8Array): number {
    this.#assertOpen("read");
    return this.#file.content.readAt(position, into);
  }

  async readAtAsync(position: number, into: Uint8Array): Promise<number> {
    return await this.readAt(position, into);
  }

  truncate(size: number): void {
    const content = this.#changing("truncate");
    this.#options.journal?.onTruncate(this.#file, size);
    content.truncate(size);
  }

  async sync(): Promise<void> {
    await this.#assertOpen("sync");
  }

  close(): void {
    this.#open = false;
  }

  #changing(attempt: string): MemoryContent {
    this.#assertOpen(attempt);
    if (this.#mode === "read") throw closed(attempt, this.path, "it was opened for reading");
    this.#file.modifiedMs = this.#options.clock.now();
    return this.#file.content;
  }

  #assertOpen(attempt: string): void {
    if (!this.#open) throw closed(attempt, this.path, "it is closed");
  }
}

function closed(attempt: string, path: string, reason: string): PlatformFault {
  return new PlatformFault("Closed", `cannot ${attempt} ${path}: ${reason}`);
}

/** Free bytes told: the memory of the process bounds it, not we. */
const freeBytesTold = 2 ** 40;

/** Names on the way from the root; a relative path starts at the root. */
function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names;
}

/** A file system of its own, empty but for its root. */
export function memoryFiles(options: MemoryFilesOptions): Files {
  return new MemoryFiles(options);
}

/** The same with its entries in reach, for the simulated disk. */
export class MemoryFiles implements Files {
  readonly separators = "/";
  readonly #options: MemoryFilesOptions;
  readonly #root: MemoryFolder;

  constructor(options: MemoryFilesOptions) {
    this.#options = options;
    this.#root = options.root ?? this.#newFolder();
  }

  open(path: string, mode: OpenMode): OpenFile {
    const place = this.#place(path, "open");
    let entry = place.folder.entries.get(place.name);
    if (isFolder(entry)) throw new PlatformFault("Io", `cannot open ${path}: it is a folder`);
    if (entry === undefined) {
      if (mode === "read" || mode === "overwrite") throw notFound("open", path);
      entry = { content: new MemoryContent(), modifiedMs: this.#options.clock.now() };
      this.#options.journal?.onLink(place, entry);
      this.#put(place, entry);
    }
    return new MemoryOpenFile(path, entry, { ...this.#options, mode });
  }

  list(folder: string): string[] {
    const entry = this.find(folder);
    if (!isFolder(entry)) throw notFound("list", folder);
    return Array.from(entry.entries.keys()).sort();
  }

  stat(path: string): FileInfo | undefined {
    const entry = this.find(path);
    if (entry === undefined) return undefined;
    const isDirectory = isFolder(entry);
    const size = isDirectory ? 0 : entry.content.size;
    return { isDirectory, size, modifiedMs: entry.modifiedMs };
  }

  makeFolder(path: string): void {
    let folder = this.#root;
    for (const name of namesOf(path)) {
      let entry = folder.entries.get(name);
      if (entry === undefined) {
        entry = this.#newFolder();
        this.#options.journal?.onLink({ folder, name }, entry);
        this.#put({ folder, name }, entry);
      }
      if (!isFolder(entry)) {
        throw new PlatformFault("AlreadyExists", `cannot create folder ${path}: a file is there`);
      }
      folder = entry;
    }
  }

  rename(from: string, to: string): void {
    const source = this.#place(from, "rename");
    const target = this.#place(to, "rename");
    const entry = source.folder.entries.get(source.name);
    if (entry === undefined) throw notFound("rename", from);
    const replaced = target.folder.entries.get(target.name);
    if (replaced === entry) return;
    if (replaced !== undefined && (isFolder(replaced) || isFolder(entry))) {
      throw new PlatformFault("AlreadyExists", `cannot rename ${from} to ${to}: it exists already`);
    }
    this.#options.journal?.onRename(source, target, entry);
    source.folder.entries.delete(source.name);
    this.#put(target, entry);
  }

  // deno-lint-ignore require-await -- a rejection, not an exception
  async renameAsync(from: string, to: string): Promise<void> {
    this.rename(from, to);
  }

  remove(path: string): void {
    const names = namesOf(path);
    const name = names.pop();
    const folder = this.#walk(names);
    if (name === undefined || !isFolder(folder)) return;
    const entry = folder.entries.get(name);
    if (entry !== undefined) this.#removeEntry({ folder, name }, entry);
  }

  // deno-lint-ignore require-await -- a rejection, not an exception
  async removeAsync(path: string): Promise<void> {
    this.remove(path);
  }

  // deno-lint-ignore require-await -- a rejection, not an exception
  async syncFolder(path: string): Promise<void> {
    this.syncFolderNow(path);
  }

  syncFolderNow(path: string): void {
    if (!isFolder(this.find(path))) throw notFound("sync folder", path);
  }

  lock(path: string): FolderLock {
    const folder = this.find(path);
    if (!isFolder(folder)) throw notFound("lock", path);
    if (folder.locked) {
      const message = `cannot lock ${path}: this process uses it; choose another folder`;
      throw new PlatformFault("Denied", message, { about: "folder lock" });
    }
    folder.locked = true;
    let held = true;
    return {
      isExclusive: true,
      release() {
        if (held) folder.locked = false;
        held = false;
      },
    };
  }

  lockToRead(path: string): FolderLock {
    return this.lock(path);
  }

  freeBytes(path: string): number {
    if (this.find(path) === undefined) throw notFound("ask the free space of", path);
    return freeBytesTold;
  }

  totalBytes(path: string): number {
    return this.freeBytes(path);
  }

  /** What `path` leads to. */
  find(path: string): MemoryEntry | undefined {
    return this.#walk(namesOf(path));
  }

  /** Children first, as a disk does it: a crash half way leaves a part. */
  #removeEntry(place: Place, entry: MemoryEntry): void {
    if (isFolder(entry)) {
      for (const [name, child] of entry.entries) this.#removeEntry({ folder: entry, name }, child);
    }
    this.#options.journal?.onUnlink(place, entry);
    place.folder.entries.delete(place.name);
    place.folder.modifiedMs = this.#options.clock.now();
  }

  #newFolder(): MemoryFolder {
    return { entries: new Map(), modifiedMs: this.#options.clock.now(), locked: false };
  }

  #put(place: Place, entry: MemoryEntry): void {
    place.folder.entries.set(place.name, entry);
    place.folder.modifiedMs = this.#options.clock.now();
  }

  #walk(names: readonly string[]): MemoryEntry | undefined {
    let entry: MemoryEntry | undefined = this.#root;
    for (const name of names) {
      if (!isFolder(entry)) return undefined;
      entry = entry.entries.get(name);
    }
    return entry;
  }

  /** The folder that has, or would have, what `path` names. */
  #place(path: string, attempt: string): Place {
    const names = namesOf(path);
    const name = names.pop();
    const folder = this.#walk(names);
    if (name === undefined || !isFolder(folder)) throw notFound(attempt, path);
    return { folder, name };
  }
}

function notFound(attempt: string, path: string): PlatformFault {
  return new PlatformFault("NotFound", `cannot ${attempt} ${path}: no such file or directory`);
}
