// The `.log` file of one segment, opened when first needed and closed when idle, since a broker has
// many more partitions than it may have open files.
//
// Invariant: the handle is not closed while an asynchronous call is on it (`pins`); a file that is
// retired meanwhile (its segment deleted) is closed by the last call, so a descriptor is never
// reused under a read. `size` is the size that the log believes in: what a failed write left
// behind is cut off.

import type { Files, OpenFile } from "../../runtime/ports.ts";
import type { OpenHandles, Reopenable } from "../directory/open_handles.ts";
import { isStoreFault, messageOf, partitionFault, PlatformFault } from "../../base/faults.ts";
import type { Slices } from "../pacing/slices.ts";

export interface SegmentFileOptions {
  readonly path: string;
  readonly size: number;
  readonly handles: OpenHandles;
  readonly slices?: Slices;
}

export class SegmentFile implements Reopenable {
  /** Who walks through the file works in these. */
  readonly slices: Slices | undefined;
  readonly #files: Files;
  readonly #handles: OpenHandles;
  #path: string;
  #file: OpenFile | undefined;
  #size: number;
  #pins = 0;
  #cuts = 0;
  #retired = false;
  #used = false;

  constructor(files: Files, at: SegmentFileOptions) {
    this.slices = at.slices;
    this.#files = files;
    this.#handles = at.handles;
    this.#path = at.path;
    this.#size = at.size;
  }

  get path(): string {
    return this.#path;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Writes `bytes` at the end. When that fails the file is cut back to what it was and the error
   * goes on; when even that fails, PartitionFault says that the file is not what we believe it is.
   */
  append(bytes: Uint8Array): void {
    const file = this.#open();
    try {
      file.append(bytes);
    } catch (error) {
      try {
        file.truncate(this.#size);
      } catch (second) {
        if (!isStoreFault(second)) throw second;
        const message = `${messageOf(error)}; then ${messageOf(second)}`;
        throw partitionFault(error, message);
      }
      throw error;
    }
    this.#size += bytes.length;
  }

  /** How often bytes that were in it have gone. */
  get cuts(): number {
    return this.#cuts;
  }

  /** As {@link KernelFile.isCached}; false where it cannot be said. */
  isCached(position: number, bytes: number): boolean {
    return this.#open().kernelFile?.isCached(position, bytes) ?? false;
  }

  /** Keeps it open, retired or not, until {@link letGo} is called as often. */
  hold(): OpenFile {
    return this.#pin();
  }

  letGo(): void {
    this.#unpin();
  }

  /** Reads synchronously; fewer bytes than asked for only at the end. */
  readAt(position: number, into: Uint8Array): number {
    return this.#open().readAt(position, into);
  }

  /** Reads without blocking; safe against {@link retire} and {@link closeIdle} meanwhile. */
  async readAtAsync(position: number, into: Uint8Array): Promise<number> {
    const file = this.#pin();
    try {
      return await file.readAtAsync(position, into);
    } finally {
      this.#unpin();
    }
  }

  /** fdatasync of what is written. */
  async sync(): Promise<void> {
    const file = this.#pin();
    try {
      await file.sync();
    } finally {
      this.#unpin();
    }
  }

  truncate(size: number): void {
    this.#cuts++;
    this.#open().truncate(size);
    this.#size = size;
  }

  /** The file has got another name. */
  renamed(path: string): void {
    this.#path = path;
  }

  /** No call follows: closes as soon as none is under way. */
  retire(): void {
    this.#retired = true;
    this.closeHandle();
  }

  /** Closes the handle unless it was used since the last time this was called. */
  closeIdle(): void {
    if (!this.takeUsed()) this.closeHandle();
  }

  takeUsed(): boolean {
    const used = this.#used;
    this.#used = false;
    return used;
  }

  closeHandle(): boolean {
    if (this.#pins > 0) return false;
    if (this.#file === undefined) return true;
    this.#file.close();
    this.#file = undefined;
    this.#handles.delete(this);
    return true;
  }

  #open(): OpenFile {
    if (this.#retired) throw new PlatformFault("Closed", `${this.#path} is closed`);
    this.#used = true;
    if (this.#file === undefined) {
      // To open it would make it anew, and what is appended would have a wrong place.
      if (this.#size > 0 && this.#files.stat(this.#path) === undefined) {
        throw new PlatformFault("NotFound", `${this.#path} is gone`);
      }
      this.#handles.makeRoom();
      this.#file = this.#files.open(this.#path, "append");
      this.#handles.add(this);
    }
    return this.#file;
  }

  #pin(): OpenFile {
    const file = this.#open();
    this.#pins++;
    return file;
  }

  #unpin(): void {
    this.#pins--;
    if (this.#retired) this.closeHandle();
  }
}
