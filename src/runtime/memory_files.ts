// Files in memory, for `--ephemeral` and tests: the same behaviour as a disk, gone with the process.
//
//   Folder { entries: name -> Folder | MemoryContent }        MemoryContent { chunks of 64 KiB, size }
//
// Invariant: chunk i holds bytes [i * 64 KiB, (i + 1) * 64 KiB); only the last one may be shorter, and
// it doubles until it is whole, so an append copies each byte at most a constant number of times and a
// small file stays small. An open file holds its content, so removing the name leaves it readable, as
// on a disk, and the memory is freed when the last one lets go.

import { PlatformFault } from "../base/faults.ts";
import type { Clock, FileInfo, Files, FolderLock, OpenFile, OpenMode } from "./ports.ts";

const chunkShift = 16;
const chunkBytes = 1 << chunkShift;
const chunkMask = chunkBytes - 1;
const firstChunkBytes = 1024;

/** The bytes of a file that grows at its end. */
export class MemoryContent {
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const within = this.#size & chunkMask;
      const chunk = this.#writable(within + bytes.length - done);
      const count = Math.min(chunk.length - within, bytes.length - done);
      chunk.set(bytes.subarray(done, done + count), within);
      done += count;
      this.#size += count;
    }
  }

  readAt(position: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.#size - position));
    for (let done = 0; done < length;) {
      const chunk = this.#chunks[Math.floor((position + done) / chunkBytes)];
      const within = (position + done) % chunkBytes;
      const count = Math.min(chunkBytes - within, length - done);
      into.set(chunk.subarray(within, within + count), done);
      done += count;
    }
    return length;
  }

  /** Cuts, or grows with zeros. */
  truncate(size: number): void {
    while (this.#size < size) {
      this.append(new Uint8Array(Math.min(chunkBytes, size - this.#size)));
    }
    this.#chunks.length = Math.ceil(size / chunkBytes);
    this.#size = size;
  }

  /** The last chunk, with room for `length` bytes or grown to be whole. */
  #writable(length: number): Uint8Array<ArrayBuffer> {
    const index = Math.floor(this.#size / chunkBytes);
    const chunk = this.#chunks[index];
    if (chunk !== undefined && chunk.length >= Math.min(length, chunkBytes)) return chunk;
    let capacity = Math.max(firstChunkBytes, (chunk?.length ?? 0) * 2);
    if (index > 0) capacity = chunkBytes;
    while (capacity < length && capacity < chunkBytes) capacity *= 2;
    const grown = new Uint8Array(Math.min(capacity, chunkBytes));
    if (chunk !== undefined) grown.set(chunk);
    this.#chunks[index] = grown;
    return grown;
  }
}

interface MemoryFile {
  readonly content: MemoryContent;
  modifiedMs: number;
}

interface Folder {
  readonly entries: Map<string, Entry>;
  modifiedMs: number;
  locked: boolean;
}

type Entry = Folder | MemoryFile;

function isFolder(entry: Entry | undefined): entry is Folder {
  return entry !== undefined && "entries" in entry;
}

class MemoryOpenFile implements OpenFile {
  readonly path: string;
  readonly #file: MemoryFile;
  readonly #clock: Clock;
  readonly #writable: boolean;
  #open = true;

  constructor(path: string, file: MemoryFile, options: { clock: Clock; writable: boolean }) {
    this.path = path;
    this.#file = file;
    this.#clock = options.clock;
    this.#writable = options.writable;
  }

  get size(): number {
    return this.#file.content.size;
  }

  append(bytes: Uint8Array): void {
    this.#changing("append to").append(bytes);
  }

  readAt(position: number, into: Uint8Array): number {
    this.#assertOpen("read");
    return this.#file.content.readAt(position, into);
  }

  async readAtAsync(position: number, into: Uint8Array): Promise<number> {
    return await this.readAt(position, into);
  }

  truncate(size: number): void {
    this.#changing("truncate").truncate(size);
  }

  async sync(): Promise<void> {
    await this.#assertOpen("sync");
  }

  close(): void {
    this.#open = false;
  }

  #changing(attempt: string): MemoryContent {
    this.#assertOpen(attempt);
    if (!this.#writable) throw closed(attempt, this.path, "it was opened for reading");
    this.#file.modifiedMs = this.#clock.now();
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
export function memoryFiles(options: { clock: Clock }): Files {
  return new MemoryFiles(options.clock);
}

class MemoryFiles implements Files {
  readonly #clock: Clock;
  readonly #root: Folder;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#root = this.#newFolder();
  }

  open(path: string, mode: OpenMode): OpenFile {
    const { folder, name } = this.#place(path, "open");
    let entry = folder.entries.get(name);
    if (isFolder(entry)) throw new PlatformFault("Io", `cannot open ${path}: it is a folder`);
    if (entry === undefined) {
      if (mode === "read") throw notFound("open", path);
      entry = { content: new MemoryContent(), modifiedMs: this.#clock.now() };
      this.#put(folder, name, entry);
    }
    const file = new MemoryOpenFile(path, entry, {
      clock: this.#clock,
      writable: mode !== "read",
    });
    if (mode === "create") file.truncate(0);
    return file;
  }

  list(folder: string): string[] {
    const entry = this.#find(folder);
    if (!isFolder(entry)) throw notFound("list", folder);
    return Array.from(entry.entries.keys()).sort();
  }

  stat(path: string): FileInfo | undefined {
    const entry = this.#find(path);
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
        this.#put(folder, name, entry);
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
    source.folder.entries.delete(source.name);
    this.#put(target.folder, target.name, entry);
  }

  remove(path: string): void {
    const names = namesOf(path);
    const name = names.pop();
    const folder = this.#walk(names);
    if (name === undefined || !isFolder(folder)) return;
    if (folder.entries.delete(name)) folder.modifiedMs = this.#clock.now();
  }

  async syncFolder(path: string): Promise<void> {
    if (!isFolder(await this.#find(path))) throw notFound("sync folder", path);
  }

  lock(path: string): FolderLock {
    const folder = this.#find(path);
    if (!isFolder(folder)) throw notFound("lock", path);
    if (folder.locked) {
      const message = `cannot lock ${path}: this process uses it; choose another folder`;
      throw new PlatformFault("Denied", message);
    }
    folder.locked = true;
    let held = true;
    return {
      release() {
        if (held) folder.locked = false;
        held = false;
      },
    };
  }

  freeBytes(path: string): number {
    if (this.#find(path) === undefined) throw notFound("ask the free space of", path);
    return freeBytesTold;
  }

  #newFolder(): Folder {
    return { entries: new Map(), modifiedMs: this.#clock.now(), locked: false };
  }

  #put(folder: Folder, name: string, entry: Entry): void {
    folder.entries.set(name, entry);
    folder.modifiedMs = this.#clock.now();
  }

  #walk(names: readonly string[]): Entry | undefined {
    let entry: Entry | undefined = this.#root;
    for (const name of names) {
      if (!isFolder(entry)) return undefined;
      entry = entry.entries.get(name);
    }
    return entry;
  }

  #find(path: string): Entry | undefined {
    return this.#walk(namesOf(path));
  }

  /** The folder that has, or would have, what `path` names. */
  #place(path: string, attempt: string): { folder: Folder; name: string } {
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
