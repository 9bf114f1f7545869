// Cuts a broker's byte stream into response frames: an int32 length, then that many bytes.
//
// Invariant: a frame owns its bytes. Records handed to the caller are views into them, so the
// buffer of a frame is not used again: small frames are copied out of the reader's buffer, a large
// one is read straight into an array of its own size. But where frames are lent, the next one that
// is large has the same bytes: of fresh memory the first touch, and the collector's care for it,
// cost more than what is received into it.

import { ConnectionFault } from "../../base/faults.ts";
import { int32At } from "../../base/items.ts";
import type { Socket } from "../../runtime/ports.ts";

const readBytes = 64 * 1024;
/** A response longer than this is taken for something that is not Kafka. */
const frameBytesMax = 512 * 1024 * 1024;
/** The bytes `HTTP`, read as a length. */
const httpLength = 0x48545450;
/** How an alert of TLS begins. */
const tlsAlert = 0x1503;

/** What is lent for frames up to this is kept. */
const lentBytesMax = 4 * 1024 * 1024;
/** What was larger than needed for so many frames in a row is let go of. */
const leanFramesMax = 64;

/** The bytes of large frames, one after the other. */
class LentBytes {
  #bytes = new Uint8Array(0);
  #leanFrames = 0;

  /** For a frame of `length`, until the next one. */
  lend(length: number): Uint8Array<ArrayBuffer> {
    this.note(length);
    if (length > lentBytesMax) return new Uint8Array(length);
    if (length > this.#bytes.length) {
      this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
    }
    return this.#bytes.subarray(0, length);
  }

  /** A frame came, of so many bytes. */
  note(length: number): void {
    this.#leanFrames = 4 * length < this.#bytes.length ? this.#leanFrames + 1 : 0;
    if (this.#leanFrames > leanFramesMax) this.#bytes = new Uint8Array(0);
  }
}

/**
 * Reads the frames that come on `socket` in order, until it ends. `areLent`: a frame's bytes are
 * good until the next one begins to come.
 */
export async function* responseFrames(
  socket: Pick<Socket, "read">,
  { areLent = false }: { readonly areLent?: boolean } = {},
): AsyncGenerator<Uint8Array, void> {
  const lent = areLent ? new LentBytes() : undefined;
  const buffer = new Uint8Array(readBytes);
  let start = 0;
  let end = 0;
  for (;;) {
    while (end - start >= 4) {
      const length = frameLength(buffer, start);
      const held = end - start - 4;
      if (held >= length) {
        lent?.note(length);
        const [from, to] = [start + 4, start + 4 + length];
        // Nothing has come behind it: what comes next takes its place.
        yield lent !== undefined && to === end ? buffer.subarray(from, to) : buffer.slice(from, to);
        start = to;
      } else if (length > readBytes / 2) {
        const frame = lent?.lend(length) ?? new Uint8Array(length);
        await fill(socket, frame, buffer.subarray(start + 4, end));
        start = end = 0;
        yield frame;
      } else break;
    }
    if (start > 0) {
      buffer.copyWithin(0, start, end);
      end -= start;
      start = 0;
    }
    const count = await socket.read(buffer.subarray(end));
    if (count === null) {
      if (end > 0) throw new ConnectionFault("the broker closed in the middle of a response");
      return;
    }
    end += count;
  }
}

function frameLength(bytes: Uint8Array, p: number): number {
  const length = int32At(bytes, p);
  if (length >>> 16 === tlsAlert) {
    throw new ConnectionFault("what listens there speaks TLS, which this client was not told to");
  }
  if (length < 4 || length > frameBytesMax) {
    const isHttp = length === httpLength;
    throw new ConnectionFault(
      `what listens there speaks ${isHttp ? "HTTP" : "another protocol"}, not Kafka's`,
    );
  }
  return length;
}

/** Fills a frame that begins with `head`; the rest is read in place. */
async function fill(
  socket: Pick<Socket, "read">,
  frame: Uint8Array<ArrayBuffer>,
  head: Uint8Array,
): Promise<void> {
  frame.set(head);
  let position = head.length;
  while (position < frame.length) {
    const count = await socket.read(frame.subarray(position));
    if (count === null) {
      throw new ConnectionFault("the broker closed in the middle of a response");
    }
    position += count;
  }
}
