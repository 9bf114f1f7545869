// Cuts a byte stream into Kafka's frames: an int32 length, then that many bytes.
//
//   buffer  |....consumed....|start  frames not yet handed out  end|....room....|
//
// The buffer is used again and again. So for who uses a frame: its bytes are valid until
// the next call of `read`, or until `takes` has returned.
//
// Most frames come whole, and are answered in the turn in which they come: of those nobody who
// waits for a frame hears, so that to wait for the next one takes no promise.
//
// Memory follows what was received until a frame is known to be larger than 32 KiB; then it is
// claimed for the whole frame, before any more of it is received (frame_buffers.ts). An idle
// connection falls back to a small buffer.

import { fromUtf8 } from "../../base/bytes.ts";
import { ConnectionFault } from "../../base/faults.ts";
import { int32At } from "../../base/items.ts";
import type { Receiver, Socket } from "../../runtime/ports.ts";
import {
  busyBytes,
  type FrameBuffer,
  type FrameBuffers,
  type FrameBufferWait,
  freeBytes,
  idleBytes,
} from "./frame_buffers.ts";

const lengthBytes = 4;

/** What its first four bytes say that an improper request is, for whoever reads the log. */
function strangerOf(start: Uint8Array): string {
  if (start[0] === 0x16 && start[1] === 3) {
    return ". It looks like TLS, and this listener has none: set the client to speak without it";
  }
  const word = fromUtf8(start);
  if (["GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PRI "].includes(word)) {
    return ". It looks like HTTP: this port speaks Kafka's protocol";
  }
  if (word === "PROX" || word === "\r\n\r\n") {
    return ". It looks like the PROXY protocol: set the proxy to forward connections without it";
  }
  return "";
}

/** The largest frame that is taken, and the configuration key that says so. */
export interface FrameBound {
  readonly bytes: number;
  readonly key: string;
}

export interface FrameReaderOptions {
  readonly bound: () => FrameBound;
  readonly buffers: FrameBuffers;
  /**
   * Whether a frame that has come while `read` waits is done with, so that it waits for the next
   * one; otherwise it is what `read` gives. `read` ends by what this throws.
   */
  readonly takes?: (frame: Uint8Array) => boolean;
}

/** Who waits in `read`. */
interface Reading {
  readonly resolve: (
    frame: Uint8Array | undefined | Promise<Uint8Array | undefined>,
  ) => void;
  readonly reject: (error: unknown) => void;
}

const takesNone = () => false;

/** Reads frames from a byte stream. */
export class FrameReader {
  readonly #socket: Pick<Socket, "receive">;
  readonly #bound: () => FrameBound;
  readonly #buffers: FrameBuffers;
  readonly #isDone: (frame: Uint8Array) => boolean;
  #held: FrameBuffer;
  #start = 0;
  #end = 0;
  #received = 0;
  #isKept = false;
  #isReading = false;
  #isClosed = false;
  #wait: FrameBufferWait | undefined;
  #reading: Reading | undefined;

  constructor(socket: Pick<Socket, "receive">, o: FrameReaderOptions) {
    this.#socket = socket;
    this.#bound = o.bound;
    this.#buffers = o.buffers;
    this.#isDone = o.takes ?? takesNone;
    this.#held = o.buffers.unclaimed(idleBytes);
  }

  /** Bytes that came so far. */
  get received(): number {
    return this.#received;
  }

  /** Whether a frame that memory was claimed for is being received. */
  get isReceivingLarge(): boolean {
    return this.#isReading && this.#held.isForFrame;
  }

  /** The next frame, without its length, that is here whole already; undefined without reading. */
  buffered(): Uint8Array | undefined {
    const length = this.#nextLength();
    if (length === undefined || this.#end - this.#start < lengthBytes + length) return undefined;
    const start = this.#start + lengthBytes;
    this.#start = start + length;
    return this.#held.bytes.subarray(start, this.#start);
  }

  /** Whether {@link buffered} would give a frame. */
  get isNextHere(): boolean {
    const length = this.#nextLength();
    return length !== undefined && this.#end - this.#start >= lengthBytes + length;
  }

  /**
   * Reads until a whole frame is here that is not done with as it comes. Undefined at the end of
   * the stream. Throws ConnectionFault for a length that is negative or above the maximum, and for
   * an end in the middle of a frame.
   */
  read(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject };
      this.#readOn();
    });
  }

  #readOn(): void {
    const wait = this.#makeRoom();
    if (wait === undefined) this.#socket.receive(this.#room(), this.#receiver);
    else this.#reading?.resolve(this.#readLarger(wait));
  }

  /** As `read`, once there is memory for a larger frame. */
  async #readLarger(wait: FrameBufferWait): Promise<Uint8Array | undefined> {
    return await this.#grow(wait) ? await this.read() : undefined;
  }

  readonly #receiver: Receiver = {
    onReceived: (count) => {
      this.#onSettled();
      try {
        this.#handOut(count);
      } catch (error) {
        this.#reading?.reject(error);
      }
    },
    onBroken: (fault) => {
      this.#onSettled();
      this.#reading?.reject(fault);
    },
  };

  /** `count` bytes came: whole frames in it are done with, or the first that is not is given. */
  #handOut(count: number | null): void {
    if (!this.#takes(count)) return this.#reading?.resolve(undefined);
    for (let frame = this.buffered(); frame !== undefined; frame = this.buffered()) {
      if (!this.#isDone(frame)) return this.#reading?.resolve(frame);
    }
    if (this.#isClosed) this.#reading?.resolve(undefined);
    else this.#readOn();
  }

  /** Where the next bytes go, from now on until a read has settled. */
  #room(): Uint8Array<ArrayBuffer> {
    const { bytes, isForFrame } = this.#held;
    // Not a byte behind a large frame: the next one has to be claimed first.
    const end = isForFrame ? Math.min(this.#wanted(), bytes.length) : bytes.length;
    this.#isReading = true;
    return this.#end === 0 && end === bytes.length ? bytes : bytes.subarray(this.#end, end);
  }

  #onSettled(): void {
    this.#isReading = false;
    if (this.#isClosed) this.release();
  }

  /** Whether the stream goes on with `count` bytes more. */
  #takes(count: number | null): boolean {
    if (this.#isClosed) return false;
    if (count === null) {
      const rest = this.#end - this.#start;
      if (rest > 0) throw new ConnectionFault(`closed ${rest} bytes into a request`);
      return false;
    }
    this.#end += count;
    this.#received += count;
    return true;
  }

  /** Who handles the frame that was read last keeps its bytes: they are not used again. */
  keep(): void {
    this.#isKept = true;
  }

  /** Nobody looks at `frame` any more: if it was the last, and large, its memory is given back. */
  releaseFrame(frame: Uint8Array): void {
    const { bytes, isForFrame } = this.#held;
    const isLast = bytes.buffer === frame.buffer && this.#start === this.#end;
    if (isForFrame && isLast && !this.#isReading) this.#replace(this.#buffers.unclaimed(idleBytes));
  }

  /** Gives all memory back; no frame is read any more. */
  release(): void {
    this.#isClosed = true;
    this.#wait?.cancel();
    // A read that is under way uses the buffer, and comes here when it has ended.
    if (!this.#isReading) this.#replace(this.#buffers.unclaimed(0));
  }

  #nextLength(): number | undefined {
    const p = this.#start;
    if (this.#end - p < lengthBytes) return undefined;
    const b = this.#held.bytes;
    const length = int32At(b, p);
    const { bytes: bytesMax, key } = this.#bound();
    if (length < 0 || length > bytesMax) {
      throw new ConnectionFault(
        `request length ${length} is not between 0 and ${bytesMax} (${key})` +
          strangerOf(b.subarray(p, p + lengthBytes)),
      );
    }
    if (this.#buffers.isTooLarge(lengthBytes + length)) {
      const reason = "is more than there is memory for (ottla.memory.bytes.max)";
      throw new ConnectionFault(`request length ${length} ${reason}`);
    }
    return length;
  }

  /** Bytes from the buffer's start to the end of the frame there, as far as it is known. */
  #wanted(): number {
    return lengthBytes + (this.#nextLength() ?? 0);
  }

  /**
   * Moves or replaces the buffer so that a read has room, and the frame at the front can complete;
   * or tells what has to be waited for.
   */
  #makeRoom(): FrameBufferWait | undefined {
    const held = this.#end - this.#start;
    if (held === 0) {
      this.#resizeWhenEmpty();
      return undefined;
    }
    const { length } = this.#held.bytes;
    const wanted = this.#wanted();
    const full = this.#end === length;
    if (!full && (this.#held.isForFrame || this.#start + wanted <= length)) return undefined;
    if (this.#held.isForFrame) {
      this.#buffers.grow(this.#held);
      return undefined;
    }
    if (wanted <= length && held < length) {
      this.#held.bytes.copyWithin(0, this.#start, this.#end);
      this.#start = 0;
      this.#end = held;
      return undefined;
    }
    if (wanted <= freeBytes && length < freeBytes) {
      this.#moveTo(this.#buffers.unclaimed(freeBytes));
      return undefined;
    }
    const larger = (wanted <= busyBytes ? this.#buffers.busy() : undefined) ??
      this.#buffers.forFrame(wanted);
    if ("granted" in larger) return larger;
    this.#moveTo(larger);
    return undefined;
  }

  /** Whether there is room after the wait: it ends without when the connection does. */
  async #grow(wait: FrameBufferWait): Promise<boolean> {
    this.#wait = wait;
    const larger = await wait.granted;
    this.#wait = undefined;
    if (larger === undefined) return false;
    if (this.#isClosed) {
      this.#buffers.release(larger, { isKept: false });
      return false;
    }
    this.#moveTo(larger);
    return true;
  }

  #moveTo(larger: FrameBuffer): void {
    const held = this.#end - this.#start;
    larger.bytes.set(this.#held.bytes.subarray(this.#start, this.#end));
    this.#replace(larger);
    this.#end = held;
  }

  #replace(buffer: FrameBuffer): void {
    this.#buffers.release(this.#held, { isKept: this.#isKept });
    this.#held = buffer;
    this.#isKept = false;
    this.#start = 0;
    this.#end = 0;
  }

  /**
   * A read that came back full earns a larger buffer; a nearly empty one gives it up, and so does
   * a frame that had one for itself.
   */
  #resizeWhenEmpty(): void {
    const end = this.#end;
    const { bytes: { length }, share, isForFrame } = this.#held;
    const isBusy = length === busyBytes;
    if (isForFrame || this.#isKept) {
      this.#replace(this.#buffers.busy() ?? this.#buffers.unclaimed(freeBytes));
    } else if (end < length / 64 && length > idleBytes) {
      this.#replace(this.#buffers.unclaimed(idleBytes));
    } else if (end === length && !isBusy) {
      this.#replace(this.#buffers.busy() ?? this.#buffers.unclaimed(freeBytes));
    } else if (isBusy && share?.waiting) {
      this.#replace(this.#buffers.unclaimed(freeBytes));
    }
    this.#start = 0;
    this.#end = 0;
  }
}
