// What the kernel sends from files on Bun, by its foreign functions.

import process from "node:process";
import type { FileRange, KernelFile } from "../base/file_part.ts";
import { loadC } from "./bun_foreign.ts";
import { isCachedBy, sendFileBy, type SendingFunctions } from "./sending_files.ts";

let c: SendingFunctions | undefined;
let isKnown = false;

/** Loaded for the first consumer of large batches, and not at the start. */
function functions(): SendingFunctions | undefined {
  if (!isKnown && process.platform === "linux") {
    c = loadC<SendingFunctions>({
      sendfile: { args: ["i32", "i32", "ptr", "u64"], returns: "i32" },
      syscall: { args: ["i64", "i32", "ptr", "ptr", "u32"], returns: "i32" },
    });
  }
  isKnown = true;
  return c;
}

/** Whether this system lets a process send from files, as far as that is known. */
export function canSendFiles(): boolean {
  return isKnown ? c !== undefined : process.platform === "linux";
}

/** As `KernelFile.isCached`. */
export function isCached(descriptor: number, at: FileRange): boolean {
  const found = functions();
  return found !== undefined && isCachedBy(found, descriptor, at);
}

/** As `Socket.sendFile`. */
export function sendFile(socket: number, what: { file: KernelFile; at: FileRange }): number {
  const found = functions();
  return found === undefined ? 0 : sendFileBy(found, socket, what);
}
