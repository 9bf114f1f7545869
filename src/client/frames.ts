// Cuts a broker's byte stream into response frames: an int32 length, then that many bytes.
//
// Invariant: a frame owns its bytes. Records handed to the caller are views into them, so the
// buffer of a frame is never reused: small frames are copied out of the reader's buffer, a large
// one is read straight into an array of its own size.

import { ConnectionFault } from "../base/faults.ts";

const readBytes = 64 * 1024;
/** A response longer than this is taken for something that is not Kafka. */
const frameBytesMax = 512 * 1024 * 1024;
/** The bytes `HTTP`, read as a length. */
const httpLength = 0x48545450;

/** Reads the frames of `readable` in order, until it ends. */
export async function* responseFrames(
  readable: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const reader = readable.getReader({ mode: "byob" });
  let buffer = new Uint8Array(readBytes);
  let start = 0;
  let end = 0;
  try {
    for (;;) {
      while (end - start >= 4) {
        const length = frameLength(buffer, start);
        const held = end - start - 4;
        if (held >= length) {
          yield buffer.slice(start + 4, start + 4 + length);
          start += 4 + length;
        } else if (length > readBytes / 2) {
          const frame = await fill(reader, { length, head: buffer.subarray(start + 4, end) });
          start = end = 0;
          yield frame;
        } else break;
      }
      if (start > 0) {
        buffer.copyWithin(0, start, end);
        end -= start;
        start = 0;
      }
      const { value, done } = await reader.read(buffer.subarray(end));
      if (done || value === undefined) {
        if (end > 0) throw new ConnectionFault("the broker closed in the middle of a response");
        return;
      }
      buffer = new Uint8Array(value.buffer);
      end += value.byteLength;
    }
  } finally {
    reader.releaseLock();
  }
}

function frameLength(bytes: Uint8Array, p: number): number {
  const length = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
  if (length < 4 || length > frameBytesMax) {
    const isHttp = length === httpLength;
    throw new ConnectionFault(
      `what listens there speaks ${isHttp ? "HTTP" : "another protocol"}, not Kafka's`,
    );
  }
  return length;
}

/** A frame of `length` bytes that begins with `head`, the rest read in place. */
async function fill(
  reader: ReadableStreamBYOBReader,
  frame: { length: number; head: Uint8Array },
): Promise<Uint8Array> {
  let bytes = new Uint8Array(frame.length);
  bytes.set(frame.head);
  let position = frame.head.length;
  while (position < bytes.length) {
    const { value, done } = await reader.read(bytes.subarray(position));
    if (done || value === undefined) {
      throw new ConnectionFault("the broker closed in the middle of a response");
    }
    bytes = new Uint8Array(value.buffer);
    position += value.byteLength;
  }
  return bytes;
}
