// The standard streams of the process: whole synchronous writes to a terminal or pipe, and what
// comes in.

import { utf8 } from "../base/bytes.ts";
import { codeOf, platformFault } from "./platform_faults.ts";

/** Where a process writes. */
type Output = "standard output" | "standard error";

/** How long to wait for a full pipe before the next attempt. */
const retryMs = 1;

/**
 * Writes all of `output` through `write`, which writes some bytes and returns how many. A pipe that
 * another process made non-blocking answers EAGAIN while it is full; then this waits, because a
 * line must not be lost or come in halves.
 */
export function writeWhole(
  output: string | Uint8Array,
  options: { name: Output; write: (bytes: Uint8Array) => number },
): void {
  const { name, write } = options;
  const bytes = typeof output === "string" ? utf8(output) : output;
  let done = 0;
  while (done < bytes.length) {
    try {
      done += write(bytes.subarray(done));
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") {
        throw platformFault(`write to ${name}`, error, { about: name });
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
}

/** Bytes as they come. Throws PlatformFault where they cannot be read: of a folder, say. */
export async function* inputOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw platformFault("read standard input", error, { about: "standard input" });
  }
}
