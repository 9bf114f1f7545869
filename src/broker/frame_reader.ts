// Cuts a byte stream into Kafka's frames: an int32 length, then that many bytes.
//
//   buffer  |....consumed....|start  frames not yet handed out  end|....room....|
//
// The stream is read through a BYOB reader, so the buffer travels into the read and comes back with
// it. Hence the rule for who uses a frame: its bytes are valid until the next call of `read`.
//
// Memory follows what was received, never what a length prefix promises: the buffer doubles only
// when it is full of received bytes, and an idle connection falls back to a small one.

import { fromUtf8 } from "../base/bytes.ts";
import { ConnectionFault } from "../base/faults.ts";

const idleBytes = 2 * 1024;
const busyBytes = 256 * 1024;
const lengthBytes = 4;

/** What its first four bytes say that an improper request is, for whoever reads the log. */
function strangerOf(start: Uint8Array): string {
  if (start[0] === 0x16 && start[1] === 3) {
    return ". It looks like TLS, which is not served: let the client use PLAINTEXT";
  }
  const word = fromUtf8(start);
  if (["GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PRI "].includes(word)) {
    return ". It looks like HTTP: this port speaks Kafka's protocol";
  }
  return "";
}

/** Reads frames of at most `frameBytesMax` bytes from a byte stream. */
export class FrameReader {
  readonly #reader: ReadableStreamBYOBReader;
  readonly #frameBytesMax: number;
  #buffer = new Uint8Array(idleBytes);
  #start = 0;
  #end = 0;

  constructor(readable: ReadableStream<Uint8Array>, frameBytesMax: number) {
    this.#reader = readable.getReader({ mode: "byob" });
    this.#frameBytesMax = frameBytesMax;
  }

  /** The next frame, without its length, that is here whole already; undefined without reading. */
  buffered(): Uint8Array | undefined {
    const length = this.#nextLength();
    if (length === undefined || this.#end - this.#start < lengthBytes + length) return undefined;
    const start = this.#start + lengthBytes;
    this.#start = start + length;
    return this.#buffer.subarray(start, this.#start);
  }

  /**
   * Reads until a whole frame is here. Undefined at the end of the stream. Throws ConnectionFault
   * for a length that is negative or above the maximum, and for an end in the middle of a frame.
   */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      this.#makeRoom();
      const room = this.#buffer.subarray(this.#end);
      const { value, done } = await this.#reader.read(room);
      if (done || value === undefined) {
        const rest = this.#end - this.#start;
        if (rest > 0) throw new ConnectionFault(`closed ${rest} bytes into a request`);
        return undefined;
      }
      this.#buffer = new Uint8Array(value.buffer);
      this.#end += value.byteLength;
      const frame = this.buffered();
      if (frame !== undefined) return frame;
    }
  }

  /** Ends the stream; a pending read ends. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  #nextLength(): number | undefined {
    const p = this.#start;
    if (this.#end - p < lengthBytes) return undefined;
    const b = this.#buffer;
    const length = (b[p] << 24) | (b[p + 1] << 16) | (b[p + 2] << 8) | b[p + 3];
    if (length < 0 || length > this.#frameBytesMax) {
      throw new ConnectionFault(
        `request length ${length} is not between 0 and ${this.#frameBytesMax} ` +
          `(socket.request.max.bytes)${strangerOf(b.subarray(p, p + lengthBytes))}`,
      );
    }
    return length;
  }

  /** Moves or grows the buffer so that a read has room, and the frame at the front can complete. */
  #makeRoom(): void {
    const held = this.#end - this.#start;
    if (held === 0) {
      this.#start = 0;
      this.#resizeWhenEmpty();
      this.#end = 0;
      return;
    }
    const wanted = lengthBytes + (this.#nextLength() ?? 0);
    const full = this.#end === this.#buffer.length;
    if (!full && this.#start + wanted <= this.#buffer.length) return;
    let target = this.#buffer;
    if (held > this.#buffer.length / 2) {
      target = new Uint8Array(Math.max(busyBytes, Math.min(held * 2, wanted + busyBytes)));
    }
    target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#start = 0;
    this.#end = held;
  }

  /** A read that came back full earns the large buffer; a nearly empty one gives it up. */
  #resizeWhenEmpty(): void {
    const size = this.#buffer.length;
    if (this.#end === size && size < busyBytes) this.#buffer = new Uint8Array(busyBytes);
    else if (this.#end < size / 64 && size > idleBytes) this.#buffer = new Uint8Array(idleBytes);
  }
}
