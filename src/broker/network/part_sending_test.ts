// What becomes of a part of a file where the kernel has no room, or not the bytes.

import { assertEquals, assertRejects } from "@std/assert";
import { PlatformFault } from "../../base/faults.ts";
import type { FilePart, PartRange } from "../../base/file_part.ts";
import type { Socket } from "../../runtime/ports.ts";
import { writeFilePart } from "./part_sending.ts";

const content = Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 31 + (i >> 8));
const kernelFile = { descriptor: 7, isCached: () => true };

/** A part whose bytes are in memory as `isCached` has it at each call, and a kernel with `room`. */
function rig({ isCached, room }: { isCached: () => boolean; room: () => number }) {
  const received: number[] = [];
  const log: string[] = [];
  const take = (how: string, from: number, bytes: number) => {
    log.push(`${how} ${bytes}`);
    for (const byte of content.subarray(from, from + bytes)) received.push(byte);
    return bytes;
  };
  const part: FilePart = {
    length: content.length,
    hold() {},
    release() {},
    sendTo: (send, { from, bytes }) =>
      isCached() ? send(kernelFile, { position: from, bytes }) : undefined,
    read: ({ from, bytes }) => content.slice(from, from + bytes),
  };
  const socket = {
    sendFile: (_: unknown, { position, bytes }: { position: number; bytes: number }) =>
      take("sent", position, Math.min(bytes, room())),
    write(bytes: Uint8Array) {
      log.push(`written ${bytes.length}`);
      for (const byte of bytes) received.push(byte);
      return Promise.resolve();
    },
  } as unknown as Socket;
  const write = (range: PartRange) => writeFilePart(socket, part, range);
  return { write, received, log };
}

Deno.test("what the kernel takes at once needs no wait", () => {
  const { write, received } = rig({ isCached: () => true, room: () => Infinity });
  assertEquals(write({ from: 5, bytes: 100_000 }), undefined);
  assertEquals(Uint8Array.from(received), content.slice(5, 100_005));
});

Deno.test("where the kernel is full a little is written, and the rest is sent", async () => {
  const { write, received, log } = rig({ isCached: () => true, room: () => 30_000 });
  await write({ from: 1, bytes: 100_000 });
  assertEquals(Uint8Array.from(received), content.slice(1, 100_001));
  assertEquals(log.slice(0, 3), ["sent 30000", "written 4096", "sent 30000"]);
});

Deno.test("a file that the kernel does not send is written in ever larger pieces", async () => {
  const { write, received, log } = rig({ isCached: () => true, room: () => 0 });
  await write({ from: 0, bytes: 900_000 });
  assertEquals(Uint8Array.from(received), content.slice(0, 900_000));
  const written = log.filter((each) => each.startsWith("written"));
  assertEquals(written.slice(0, 4), [
    "written 4096",
    "written 16384",
    "written 65536",
    "written 262144",
  ]);
});

Deno.test("what is not in memory is read, and sent from the file once it is", async () => {
  const cached = [false, false, true];
  const { write, received, log } = rig({ isCached: () => cached.shift()!, room: () => Infinity });
  await write({ from: 0, bytes: 900_000 });
  assertEquals(Uint8Array.from(received), content.slice(0, 900_000));
  assertEquals(log, ["written 262144", "written 262144", "sent 375712"]);
});

Deno.test("a socket that is gone fails the write", async () => {
  const part = { sendTo: () => 0, read: () => content.slice(0, 10) } as unknown as FilePart;
  const socket = {
    sendFile: () => 0,
    write: () => Promise.reject(new PlatformFault("Closed", "gone")),
  } as unknown as Socket;
  await assertRejects(async () => await writeFilePart(socket, part, { from: 0, bytes: 10 }));
});
