// Text at the edges of the process: whole synchronous writes to a terminal or pipe, and the lines
// of an input.

import { utf8 } from "../base/bytes.ts";
import { codeOf, platformFault } from "./platform_faults.ts";

/** Where a process writes. */
type Output = "standard output" | "standard error";

/** How long to wait for a full pipe before the next attempt. */
const retryMs = 1;

/**
 * Writes all of `text` through `write`, which writes some bytes and returns how many. A pipe that
 * another process made non-blocking answers EAGAIN while it is full; then this waits, because a
 * line must not be lost or come in halves.
 */
export function writeWhole(
  text: string,
  options: { name: Output; write: (bytes: Uint8Array) => number },
): void {
  const { name, write } = options;
  const bytes = utf8(text);
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

/**
 * The lines of a standard input, without their ends (LF or CRLF); a last line without an end
 * counts. Throws PlatformFault where it cannot be read: a folder, a terminal that is gone.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of chunks) {
      const text = decoder.decode(chunk, { stream: true });
      if (!text.includes("\n")) {
        rest += text;
        continue;
      }
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    }
  } catch (error) {
    throw platformFault("read standard input", error, { about: "standard input" });
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
