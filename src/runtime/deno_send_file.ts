// What the kernel sends from files on Deno, by its foreign functions. Deno tells no descriptors: a
// file is opened once more, by its name, and a socket looked for among those of the process, by the
// addresses of both ends, which no two connections have in common.
//
// Nobody is asked for the permission: where it was not granted, files are read and written.

import type { FileRange, KernelFile } from "../base/file_part.ts";
import type { Address } from "./ports.ts";
import { isCachedBy, sendFileBy, type SendingFunctions } from "./sending_files.ts";
import { isSocketAddress } from "./socket_address.ts";

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
/** Behind so many in a row that are no sockets, as the files of many logs, none is looked for. */
const gapMax = 65_536;

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

/** The socket of this process between these ends; undefined where there is none. */
export function socketBetween(
  { local, remote }: { readonly local: Address; readonly remote: Address },
): number | undefined {
  const found = load();
  if (found === undefined) return undefined;
  const tells = (ask: Functions["getpeername"], descriptor: number): boolean => {
    length[0] = address.length;
    return ask(descriptor, address, length) === 0;
  };
  for (let [descriptor, gap] = [0, 0]; gap < gapMax; descriptor++, gap++) {
    if (!tells(found.getpeername, descriptor)) continue;
    gap = 0;
    if (!isSocketAddress(address, remote)) continue;
    if (tells(found.getsockname, descriptor) && isSocketAddress(address, local)) return descriptor;
  }
  return undefined;
}
