// What a connection has memory for while a request comes: a length is believed, and has no memory
// touched, before bytes stand behind it.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { crc32c } from "../../base/crc.ts";
import { ConnectionFault } from "../../base/faults.ts";
import { missing } from "../../base/items.ts";
import { MemoryShare } from "../../base/memory_share.ts";
import type { Receiver } from "../../runtime/ports.ts";
import { FrameBuffers } from "./frame_buffers.ts";
import { FrameReader } from "./frame_reader.ts";

const MiB = 1024 * 1024;
const bound = () => ({ bytes: 100 * MiB, key: "socket.request.max.bytes" });

/** A reader of a peer that sends `bytes` in pieces and leaves. */
function reading(bytes: Uint8Array, o: {
  readonly pieceBytes: number;
  readonly frames: MemoryShare;
  readonly onRead?: (at: { readonly sent: number; readonly bufferBytes: number }) => void;
}): FrameReader {
  let sent = 0;
  const receive = (into: Uint8Array<ArrayBuffer>, { onReceived }: Receiver) => {
    o.onRead?.({ sent, bufferBytes: into.buffer.byteLength });
    const count = Math.min(into.length, o.pieceBytes, bytes.length - sent);
    into.set(bytes.subarray(sent, sent + count));
    sent += count;
    Promise.resolve(count === 0 ? null : count).then(onReceived);
  };
  const buffers = new FrameBuffers({ buffers: new MemoryShare(() => MiB), frames: o.frames });
  return new FrameReader({ receive }, { bound, buffers });
}

/** Frames of these lengths, one behind the other, whose bytes tell their place. */
function framesOf(...lengths: number[]): Uint8Array {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + 4 + length, 0));
  for (let i = 0; i < bytes.length; i++) bytes[i] = i % 251;
  let at = 0;
  for (const length of lengths) {
    new DataView(bytes.buffer).setInt32(at, length);
    at += 4 + length;
  }
  return bytes;
}

Deno.test("a large request is received whole, in memory that follows what has come", async () => {
  const lengths = [100, 4 * MiB, 4 * MiB + 1, 20 * MiB + 7, 5, 70_000];
  for (const pieceBytes of [60_000, 1 << 30]) {
    const bytes = framesOf(...lengths);
    const frames = new MemoryShare(() => 100 * MiB);
    let begun = 0;
    const reader = reading(bytes, {
      pieceBytes,
      frames,
      onRead: ({ sent, bufferBytes }) => {
        assert(bufferBytes <= Math.max(4 * MiB, 8 * (sent - begun)), `${bufferBytes} of ${sent}`);
      },
    });
    for (const length of lengths) {
      const frame = reader.buffered() ?? await reader.read() ?? missing();
      const sent = bytes.subarray(begun + 4, begun + 4 + length);
      assertEquals([frame.length, crc32c(frame)], [length, crc32c(sent)]);
      begun += 4 + length;
    }
    assertEquals(await reader.read(), undefined);
    reader.release();
    assertEquals(frames.bytes, 0);
  }
});

Deno.test("a length that nothing stands behind is claimed, and has a megabyte", async () => {
  const frames = new MemoryShare(() => 100 * MiB);
  let bufferBytesMax = 0;
  const claimed: number[] = [];
  const reader = reading(framesOf(90 * MiB).subarray(0, 8), {
    pieceBytes: 4,
    frames,
    onRead: ({ bufferBytes }) => {
      claimed.push(frames.bytes);
      bufferBytesMax = Math.max(bufferBytesMax, bufferBytes);
    },
  });
  await assertRejects(() => reader.read(), ConnectionFault, "closed 8 bytes into a request");
  assertEquals(claimed.at(-1), 90 * MiB + 4);
  assertEquals(bufferBytesMax, MiB);
  reader.release();
  assertEquals(frames.bytes, 0);
});
