// Bytes of a file that go to a socket without having been in memory of ours: the kernel sends them
// from where it keeps the file itself, as far as it has them there.
//
//   made --> hold --> sendTo and read, as often as it takes --> release
//
// Invariant: what is held can be read, though its file may be deleted meanwhile; where the bytes
// are not any more what they were, it throws.

/** A file as the kernel knows it. */
export interface KernelFile {
  readonly descriptor: number;
  /** Whether all of these bytes are in memory, so that nobody waits for a disk. */
  isCached(position: number, bytes: number): boolean;
}

/** Has the kernel send from a file; returns how many bytes it took, maybe none. */
export type SendFile = (file: KernelFile, at: FileRange) => number;

/** A part of a file. */
export interface FileRange {
  readonly position: number;
  readonly bytes: number;
}

/** What of a part is meant. */
export interface PartRange {
  readonly from: number;
  readonly bytes: number;
}

export interface FilePart {
  readonly length: number;
  /** Throws a PlatformFault where the file is gone. */
  hold(): void;
  release(): void;
  /** Gives `send` what lies at `from`; undefined: that would wait for the disk. */
  sendTo(send: SendFile, at: PartRange): number | undefined;
  /** Reads all of these bytes; in this turn, if they are in memory. */
  read(at: PartRange): Uint8Array | Promise<Uint8Array>;
}

/** A part of a message: bytes, or where they are. */
export type Chunk = Uint8Array | FilePart;

/** Whether a chunk is in memory. */
export function isInMemory(chunk: Chunk): chunk is Uint8Array {
  return chunk instanceof Uint8Array;
}

/** Of who has not said that it takes parts of files. */
export function asBytes(chunk: Chunk): Uint8Array {
  if (isInMemory(chunk)) return chunk;
  throw new Error("a part of a file where bytes are due");
}
