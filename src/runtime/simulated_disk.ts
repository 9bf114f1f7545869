// A disk that forgets: what a machine's files are, and what of them survives the loss of power.
//
//   append --> what reads see (memory files) --sync--> durable image
//                    |                                     |
//                    +-- unsynced: kept as a list ---------+--> crash: durable image, any subset of
//                                                               the list, in sectors of 512 bytes
//
// Names work the same way: a creation, rename or removal is one change in a list until its folder
// is synced. A crash may keep a later change and lose an earlier one. A sync that fails drops its
// writes for good, while reads go on seeing them, as Linux does (fsyncgate).

import { PlatformFault } from "../base/faults.ts";
import { MemoryContent } from "../base/memory_content.ts";
import {
  isFolder,
  type Journal,
  type MemoryEntry,
  type MemoryFile,
  MemoryFiles,
  type MemoryFolder,
  type Place,
} from "./memory_files.ts";
import type { Clock } from "./ports.ts";
import type { SeededRandom } from "./simulated_time.ts";

/** What of a disk may fail. */
export type DiskOperation = "read" | "write" | "sync";

/** How a disk behaves. Durations are [min, max) in milliseconds. */
export interface DiskOptions {
  readonly syncMs: readonly [number, number];
  readonly readMs: readonly [number, number];
  /** One operation in so many takes `spikeMs` instead; 0 for never. */
  readonly spikeProbability: number;
  readonly spikeMs: readonly [number, number];
  readonly syncFailureProbability: number;
  readonly capacityBytes: number;
}

const sectorBytes = 512;

type FileChange =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };

interface NameChange {
  readonly removed?: Place;
  readonly added?: Place;
  readonly entry: MemoryEntry;
}

/** A machine's disk; it outlives the processes that use it. */
export class SimulatedDisk {
  readonly #options: DiskOptions;
  readonly #random: SeededRandom;
  readonly #clock: Clock;
  #files: MemoryFiles;
  #images = new Map<MemoryFile, MemoryContent>();
  #unsynced = new Map<MemoryFile, FileChange[]>();
  #names = new Map<MemoryFolder, Map<string, MemoryEntry>>();
  #unsyncedNames: NameChange[] = [];
  #root: MemoryFolder;
  #usedBytes = 0;
  /** What others have on the disk. */
  #othersBytes = 0;
  #failingSyncs = 0;
  /** Below which folders. */
  readonly #failing = new Map<DiskOperation, Set<string>>();

  constructor(options: DiskOptions, parts: { random: SeededRandom; clock: Clock }) {
    this.#options = options;
    this.#random = parts.random;
    this.#clock = parts.clock;
    this.#root = { entries: new Map(), modifiedMs: 0, locked: false };
    this.#files = this.#filesOf(this.#root);
  }

  /** The files as a process sees them now. */
  get files(): MemoryFiles {
    return this.#files;
  }

  get totalBytes(): number {
    return this.#options.capacityBytes;
  }

  get freeBytes(): number {
    return Math.max(0, this.#options.capacityBytes - this.#othersBytes - this.#usedBytes);
  }

  /** How long the next operation takes. */
  delayMs(operation: "sync" | "read"): number {
    const { spikeProbability, spikeMs, syncMs, readMs } = this.#options;
    const [min, max] = this.#random.chance(spikeProbability)
      ? spikeMs
      : operation === "sync"
      ? syncMs
      : readMs;
    return this.#random.between(min, max);
  }

  /** Makes all of one kind below a folder fail from now on, or none any more. */
  fail(operation: DiskOperation, isFailing: boolean, folder: string): void {
    const folders = this.#failing.get(operation) ?? new Set();
    this.#failing.set(operation, folders);
    if (isFailing) folders.add(folder);
    else folders.delete(folder);
  }

  /** Throws Io where it fails. */
  check(operation: DiskOperation, path: string): void {
    const folders = [...this.#failing.get(operation) ?? []];
    if (!folders.some((folder) => path.startsWith(folder))) return;
    throw new PlatformFault("Io", `cannot ${operation} ${path}: input/output error (simulated)`);
  }

  /** Makes the next `count` syncs of files fail. */
  failSyncs(count: number): void {
    this.#failingSyncs += count;
  }

  /** Others take all but so many bytes. */
  leaveFree(bytes: number): void {
    this.#othersBytes = Math.max(0, this.#options.capacityBytes - this.#usedBytes - bytes);
  }

  /** What a sync beginning now covers; `finish` when it is done. Throws Io when it fails. */
  beginSync(path: string, file: MemoryFile): { finish(): void } {
    const last = this.#unsynced.get(file)?.at(-1);
    return {
      finish: () => {
        const unsynced = this.#changesOf(file);
        const changes = last === undefined ? [] : unsynced.splice(0, unsynced.indexOf(last) + 1);
        this.check("sync", path);
        if (this.#failingSyncs > 0 || this.#random.chance(this.#options.syncFailureProbability)) {
          this.#failingSyncs = Math.max(0, this.#failingSyncs - 1);
          throw new PlatformFault("Io", `cannot sync ${path}: input/output error (simulated)`);
        }
        const image = this.#imageOf(file);
        for (const change of changes) applyChange(image, change);
      },
    };
  }

  /** Makes the names in `folder` durable. */
  syncNames(folder: MemoryFolder): void {
    this.#unsyncedNames = this.#unsyncedNames.filter((change) => {
      if (change.added?.folder !== folder && change.removed?.folder !== folder) return true;
      this.#applyName(change);
      return false;
    });
  }

  /** The power goes: what was not synced survives in part, as the seed has it. */
  crash(): void {
    const keep = this.#random.between(-0.25, 1.25);
    for (const change of this.#unsyncedNames) {
      if (this.#random.chance(keep)) this.#applyName(change);
    }
    for (const [file, changes] of this.#unsynced) this.#keepSome(file, { changes, keep });
    const root = this.#revive(this.#root, new Map()) as MemoryFolder;
    this.#images = new Map();
    this.#unsynced = new Map();
    this.#names = new Map();
    this.#unsyncedNames = [];
    this.#usedBytes = 0;
    this.#adopt(root);
    this.#root = root;
    this.#files = this.#filesOf(root);
  }

  /** A process died: its locks go, what it wrote stays in the page cache. */
  releaseLocks(): void {
    const unlock = (folder: MemoryFolder) => {
      folder.locked = false;
      for (const entry of folder.entries.values()) if (isFolder(entry)) unlock(entry);
    };
    unlock(this.#root);
  }

  #filesOf(root: MemoryFolder): MemoryFiles {
    return new MemoryFiles({ clock: this.#clock, journal: this.#journal(), root });
  }

  #journal(): Journal {
    return {
      onWrite: (file, bytes, position) => {
        const roomBytes = file.content.size - position + this.freeBytes;
        const accepted = bytes.slice(0, Math.min(bytes.length, roomBytes));
        this.#usedBytes += Math.max(0, position + accepted.length - file.content.size);
        this.#changesOf(file).push({ kind: "write", position, bytes: accepted });
        return accepted;
      },
      onTruncate: (file, size) => {
        this.#usedBytes += size - file.content.size;
        this.#changesOf(file).push({ kind: "truncate", size });
      },
      onLink: (place, entry) => this.#unsyncedNames.push({ added: place, entry }),
      onUnlink: (place, entry) => {
        if (!isFolder(entry)) this.#usedBytes -= entry.content.size;
        this.#unsyncedNames.push({ removed: place, entry });
      },
      onRename: (from, to, entry) => {
        const replaced = to.folder.entries.get(to.name);
        if (replaced && !isFolder(replaced)) this.#usedBytes -= replaced.content.size;
        this.#unsyncedNames.push({ removed: from, added: to, entry });
      },
    };
  }

  #changesOf(file: MemoryFile): FileChange[] {
    let changes = this.#unsynced.get(file);
    if (changes === undefined) this.#unsynced.set(file, changes = []);
    return changes;
  }

  #imageOf(file: MemoryFile): MemoryContent {
    let image = this.#images.get(file);
    if (image === undefined) this.#images.set(file, image = new MemoryContent());
    return image;
  }

  #namesOf(folder: MemoryFolder): Map<string, MemoryEntry> {
    let names = this.#names.get(folder);
    if (names === undefined) this.#names.set(folder, names = new Map());
    return names;
  }

  #applyName(change: NameChange): void {
    if (change.removed !== undefined) {
      const names = this.#namesOf(change.removed.folder);
      if (names.get(change.removed.name) === change.entry) names.delete(change.removed.name);
    }
    if (change.added !== undefined) {
      this.#namesOf(change.added.folder).set(change.added.name, change.entry);
    }
  }

  /**
   * Applies what of the unsynced changes of a file survives, sector by sector. A sector is written
   * as it was at some moment, so what it has of a write includes what it had got before.
   */
  #keepSome(file: MemoryFile, options: { changes: FileChange[]; keep: number }): void {
    const image = this.#imageOf(file);
    const lost = new Set<number>();
    for (const change of options.changes) {
      if (change.kind === "truncate") {
        if (this.#random.chance(options.keep)) image.truncate(change.size);
        continue;
      }
      const { position, bytes } = change;
      for (let start = 0; start < bytes.length;) {
        const length = Math.min(
          sectorBytes - ((position + start) % sectorBytes),
          bytes.length - start,
        );
        const sector = Math.floor((position + start) / sectorBytes);
        if (!lost.has(sector) && this.#random.chance(options.keep)) {
          image.writeAt(position + start, bytes.subarray(start, start + length));
        } else {
          lost.add(sector);
        }
        start += length;
      }
    }
  }

  /** The durable tree as new entries, so that handles of the dead process reach nothing. */
  #revive(entry: MemoryEntry, seen: Map<MemoryEntry, MemoryEntry>): MemoryEntry {
    const known = seen.get(entry);
    if (known !== undefined) return known;
    const { modifiedMs } = entry;
    if (!isFolder(entry)) {
      const revived = { content: this.#imageOf(entry), modifiedMs };
      seen.set(entry, revived);
      return revived;
    }
    const revived: MemoryFolder = { entries: new Map(), modifiedMs, locked: false };
    seen.set(entry, revived);
    for (const [name, child] of this.#namesOf(entry)) {
      revived.entries.set(name, this.#revive(child, seen));
    }
    return revived;
  }

  /** Takes a whole tree as durable. */
  #adopt(folder: MemoryFolder): void {
    for (const [name, entry] of folder.entries) {
      this.#namesOf(folder).set(name, entry);
      if (isFolder(entry)) {
        this.#adopt(entry);
        continue;
      }
      this.#usedBytes += entry.content.size;
      const image = this.#imageOf(entry);
      const copy = new Uint8Array(entry.content.size);
      entry.content.readAt(0, copy);
      image.writeAt(0, copy);
    }
  }
}

function applyChange(image: MemoryContent, change: FileChange): void {
  if (change.kind === "truncate") image.truncate(change.size);
  else image.writeAt(change.position, change.bytes);
}
