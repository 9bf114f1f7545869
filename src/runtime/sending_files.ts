// sendfile(2) and cachestat(2), by the foreign functions of a runtime: the kernel sends what it has
// of a file in memory. Linux from 6.5 on; elsewhere nobody is offered either.
//
//   struct cachestat_range: offset u64 | bytes u64
//   struct cachestat:       pages in memory u64 | four more

import type { FileRange, KernelFile } from "../base/file_part.ts";

/** Of the C library; what they return fits into 32 bits here. */
export interface SendingFunctions {
  sendfile(to: number, from: number, offset: Uint32Array<ArrayBuffer>, bytes: number): number;
  syscall(
    number: number,
    descriptor: number,
    range: Uint32Array<ArrayBuffer>,
    found: Uint32Array<ArrayBuffer>,
    flags: number,
  ): number;
}

/** The same number on every processor. */
const cachestat = 451;
const pageBytes = 4096;
const half = 0x1_0000_0000;

const offset = new Uint32Array(2);
const range = new Uint32Array(4);
const found = new Uint32Array(10);

/** Whether the kernel has all of it in memory; false where it does not say. */
export function isCachedBy(
  c: SendingFunctions,
  descriptor: number,
  { position, bytes }: FileRange,
): boolean {
  setHalves(range, 0, position);
  setHalves(range, 2, bytes);
  if (c.syscall(cachestat, descriptor, range, found, 0) !== 0) return false;
  const pages = Math.ceil((position + bytes) / pageBytes) - Math.floor(position / pageBytes);
  return found[0]! >= pages;
}

/** As much as the socket has room for now. */
export function sendFileBy(
  c: SendingFunctions,
  socket: number,
  { file: { descriptor }, at: { position, bytes } }: { file: KernelFile; at: FileRange },
): number {
  let sent = 0;
  while (sent < bytes) {
    setHalves(offset, 0, position + sent);
    const count = c.sendfile(socket, descriptor, offset, bytes - sent);
    if (count <= 0) break;
    sent += count;
  }
  return sent;
}

function setHalves(into: Uint32Array, at: number, value: number): void {
  into[at] = value % half;
  into[at + 1] = Math.floor(value / half);
}
