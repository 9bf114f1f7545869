// What the kernel sends from files on Deno, by its foreign functions. Deno tells no descriptors: a
// file is opened once more, by its name, and a socket looked for among those of the process, by the
// ports of both ends.
//
// Nobody is asked for the permission: where it was not granted, files are read and written.

import type { FileRange, KernelFile } from "../base/file_part.ts";
import { isCachedBy, sendFileBy, type SendingFunctions } from "./sending_files.ts";

const functions = {
  sendfile: { parameters: ["i32", "i32", "buffer", "usize"], result: "i32" },
  syscall: { parameters: ["i64", "i32", "buffer", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

type Functions = Deno.DynamicLibrary<typeof functions>["symbols"];

const closeOnExec = 0o2000000;
/** Behind so many in a row that are no sockets none is looked for. */
const gapMax = 4096;

let c: Functions | undefined;
let sending: SendingFunctions | undefined;
let isKnown = false;

/** Loaded for the first consumer of large batches, and not at the start. */
function load(): Functions | undefined {
  if (!isKnown && canSendFiles()) {
    try {
      c = Deno.dlopen("libc.so.6", functions).symbols;
      sending = sendingOf(c);
    } catch {
      // Another C library.
    }
  }
  isKnown = true;
  return c;
}

/** Whether this system lets a process send from files, as far as that is known. */
export function canSendFiles(): boolean {
  if (isKnown) return c !== undefined;
  return Deno.build.os === "linux" &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/** A file that was opened once more; `close` when nobody sends from it any more. */
export interface SecondOpening extends KernelFile {
  close(): void;
}

/** Opens `path`; undefined where that cannot be sent from. */
export function openToSend(path: string): SecondOpening | undefined {
  const found = load();
  const by = sending;
  if (found === undefined || by === undefined) return undefined;
  const descriptor = found.open(new TextEncoder().encode(`${path}\0`), closeOnExec);
  if (descriptor < 0) return undefined;
  return {
    descriptor,
    isCached: (position, bytes) => isCachedBy(by, descriptor, { position, bytes }),
    close: () => found.close(descriptor),
  };
}

/** As `Socket.sendFile`. */
export function sendFile(socket: number, what: { file: KernelFile; at: FileRange }): number {
  load();
  return sending === undefined ? 0 : sendFileBy(sending, socket, what);
}

function sendingOf({ sendfile, syscall }: Functions): SendingFunctions {
  return {
    sendfile: (to, from, offset, bytes) => sendfile(to, from, offset, BigInt(bytes)),
    syscall: (number, descriptor, range, found, flags) =>
      syscall(BigInt(number), descriptor, range, found, flags),
  };
}

const address = new Uint8Array(128);
const length = new Uint32Array(1);

/** The socket between these ports; undefined where there is none, or more than one. */
export function socketBetween(
  { local, remote }: { readonly local: number; readonly remote: number },
): number | undefined {
  const found = load();
  if (found === undefined) return undefined;
  const portOf = (ask: Functions["getpeername"], descriptor: number): number => {
    length[0] = address.length;
    if (ask(descriptor, address, length) !== 0) return -1;
    return (address[2] ?? 0) << 8 | (address[3] ?? 0);
  };
  const sockets: number[] = [];
  for (let [descriptor, gap] = [0, 0]; gap < gapMax; descriptor++) {
    const port = portOf(found.getpeername, descriptor);
    gap = port < 0 ? gap + 1 : 0;
    if (port === remote && portOf(found.getsockname, descriptor) === local) {
      sockets.push(descriptor);
    }
  }
  const [only] = sockets;
  return sockets.length === 1 ? only : undefined;
}
