// A part of a file on its way to a socket: by the kernel, as far as it has the bytes in memory and
// room for them.
//
//   sent by the kernel --all of it--> done
//        ^        \--its room is full--> a few bytes are written, and waited for --\
//        |        \--not in memory-----> some are read and written ----------------|
//        \_________________________________________________________________________/

import { PlatformFault } from "../../base/faults.ts";
import type { FilePart, PartRange } from "../../base/file_part.ts";
import type { Socket } from "../../runtime/ports.ts";

/**
 * Written where the kernel takes nothing: whoever writes waits for room, and the rest goes as
 * before. If it does not, for whatever reason, more is written each time.
 */
const waitingBytes = 4 * 1024;
/** Of what is not in memory so much is read at once. */
const readBytes = 256 * 1024;
const growth = 4;

/** As `Socket.write`, for what lies in a file that is held open. */
export function writeFilePart(
  socket: Socket,
  part: FilePart,
  range: PartRange,
): Promise<void> | undefined {
  const sent = sendTo(socket, part, range);
  return sent === range.bytes ? undefined : writeRest({ socket, part, ...range, sent });
}

interface Rest extends PartRange {
  readonly socket: Socket;
  readonly part: FilePart;
  /** Already; undefined: it is not in memory. */
  readonly sent: number | undefined;
}

async function writeRest({ socket, part, from, bytes, sent: first }: Rest): Promise<void> {
  let done = first ?? 0;
  let pieceBytes = first === undefined ? readBytes : waitingBytes;
  while (done < bytes) {
    const left = Math.min(pieceBytes, bytes - done);
    const piece = await part.read({ from: from + done, bytes: left });
    await socket.write(piece);
    done += left;
    if (done === bytes) return;
    const sent = sendTo(socket, part, { from: from + done, bytes: bytes - done });
    if (sent === undefined) pieceBytes = readBytes;
    else if (sent > 0) pieceBytes = waitingBytes;
    else pieceBytes = Math.min(readBytes, pieceBytes * growth);
    done += sent ?? 0;
  }
}

function sendTo(socket: Socket, part: FilePart, range: PartRange): number | undefined {
  if (socket.sendFile === undefined) {
    throw new PlatformFault("Closed", "a part of a file for who takes none");
  }
  return part.sendTo(socket.sendFile, range);
}
