// Room behind the end of a file that grows fast, which nobody sees: blocks are found for many
// appends at once, and each costs a third less of the kernel's time. To append 1 GB by 100 KB took
// 0.18 s of CPU instead of 0.25, by 900 KB 0.11 instead of 0.17 (ext4).
//
//   |---- what was appended ----|size .... room, 2 MiB at most ....|
//
// Whoever closes the file gives back what is left of it. After a kill it stays with the file, until
// that grows into it, or is cut or removed.

/** Where the file ends, and how much is to be behind that. */
export interface Room {
  readonly size: number;
  readonly bytes: number;
}

/** Has the file system find blocks for that, and leave the size as it is; false: it cannot. */
export type MakeRoom<F> = (file: F, room: Room) => boolean;

/** A file that has grown by so much is likely to go on growing. */
const grownBytesMin = 1024 * 1024;
const aheadBytes = 2 * 1024 * 1024;

/** Of one file that is appended to; `F` is how its runtime knows it. */
export class RoomAhead<F> {
  readonly #file: F;
  /** Undefined where no room can be made. */
  #make: MakeRoom<F> | undefined;
  /** Past this more room is to be made; none was, until the file has grown so far. */
  #end: number;
  #isMade = false;

  constructor(file: F, { size, make }: { size: number; make: MakeRoom<F> | undefined }) {
    this.#file = file;
    this.#make = make;
    this.#end = make === undefined ? Infinity : size + grownBytesMin;
  }

  /** Whether some was made that the file's size says nothing of. */
  get isMade(): boolean {
    return this.#isMade;
  }

  /** `bytes` are about to be appended at `size`. */
  beforeAppend(size: number, bytes: number): void {
    if (size + bytes > this.#end) this.#makeFor(size, bytes + aheadBytes);
  }

  /** The file was cut at `size`, and the room with it. */
  onCut(size: number): void {
    this.#isMade = false;
    if (this.#make !== undefined) this.#end = size + grownBytesMin;
  }

  #makeFor(size: number, bytes: number): void {
    if (this.#make?.(this.#file, { size, bytes })) {
      this.#isMade = true;
      this.#end = size + bytes;
    } else {
      this.#make = undefined;
      this.#end = Infinity;
    }
  }
}
