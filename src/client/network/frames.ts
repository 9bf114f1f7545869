// Cuts a broker's byte stream into response frames: an int32 length, then that many bytes.
//
// Invariant: a frame owns its bytes. Records handed to the caller are views into them, so the
// buffer of a frame is never reused: small frames are copied out of the reader's buffer, a large
// one is read straight into an array of its own size.

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

/** Reads the frames that come on `socket` in order, until it ends. */
export async function* responseFrames(
  socket: Pick<Socket, "read">,
): AsyncGenerator<Uint8Array, void> {
  const buffer = new Uint8Array(readBytes);
  let start = 0;
  let end = 0;
  for (;;) {
    while (end - start >= 4) {
      const length = frameLength(buffer, start);
      const held = end - start - 4;
      if (held >= length) {
        yield buffer.slice(start + 4, start + 4 + length);
        start += 4 + length;
      } else if (length > readBytes / 2) {
        const frame = await fill(socket, { length, head: buffer.subarray(start + 4, end) });
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

/** A frame of `length` bytes that begins with `head`, the rest read in place. */
async function fill(
  socket: Pick<Socket, "read">,
  frame: { length: number; head: Uint8Array },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(frame.length);
  bytes.set(frame.head);
  let position = frame.head.length;
  while (position < bytes.length) {
    const count = await socket.read(bytes.subarray(position));
    if (count === null) {
      throw new ConnectionFault("the broker closed in the middle of a response");
    }
    position += count;
  }
  return bytes;
}
