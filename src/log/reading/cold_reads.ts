// Reads of old records, of a bounded size at once, in the order in which they were asked for. Each
// is a thread's that copies into fresh memory: of hundreds at once the event loop's own thread
// would hardly get a core any more.
//
//   48 MiB |--4--|--4--|--4--| ...       a large one goes on in pieces,
//    1 MiB       |1|                     so that small ones get in between
//
// Invariant: at most `atOnceBytes` are being read. A data directory has its own, so that a disk
// that hangs holds up no other.

import { MemoryShare } from "../../base/memory_share.ts";
import type { SegmentFile } from "../segment/segment_file.ts";

const atOnceBytes = 8 * 1024 * 1024;
const pieceBytes = 4 * 1024 * 1024;

export class ColdReads {
  readonly #share = new MemoryShare(() => atOnceBytes);

  /** Fills `into` from `position` on, as far as the file goes; returns how much that is. */
  async read(
    { file, position }: { file: Pick<SegmentFile, "readAtAsync">; position: number },
    into: Uint8Array,
  ): Promise<number> {
    for (let done = 0;;) {
      const piece = into.subarray(done, done + pieceBytes);
      await this.#share.claim(piece.length);
      try {
        const count = await file.readAtAsync(position + done, piece);
        done += count;
        if (count < piece.length || done === into.length) return done;
      } finally {
        this.#share.give(piece.length);
      }
    }
  }
}
