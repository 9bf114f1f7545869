// The lines of an input, as bytes: what is no text stays what it is.

import { concatBytes } from "../../base/bytes.ts";
import { UsageFault } from "../../base/faults.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** A line may be so long. A broker takes no larger record, whatever its configuration. */
const lineBytesMax = 100 * 1024 * 1024;

/**
 * The lines, without their ends (LF or CRLF); a last line without an end counts. Throws
 * UsageFault past {@link lineBytesMax}.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, begin)) {
      yield withoutReturn(concatBytes([...rest, chunk.subarray(begin, end)]));
      rest = [];
      restBytes = 0;
      begin = end + 1;
    }
    if (begin === chunk.length) continue;
    rest.push(chunk.slice(begin));
    restBytes += chunk.length - begin;
    if (restBytes > lineBytesMax) {
      throw new UsageFault(`a line has more than ${lineBytesMax} bytes and does not end`);
    }
  }
  if (restBytes > 0) yield concatBytes(rest);
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
}
