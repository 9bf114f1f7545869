// The baseline: a program that only moves the bytes, on the same runtime as the broker.
//
//   append: reads frames (int32 length, payload), writes each payload to a file, answers 64 bytes
//   serve:  reads 64-byte requests, answers each with a frame of FRAME bytes read from a file
//
// No protocol, no checks, no CRC, no index. Written straight to what each runtime offers, so that
// it is as fast as that runtime can be, not as our adapters are.
//
//   bare.ts append|serve FILE [FRAME_BYTES]     prints "listening on PORT"

import { openSync, readSync, writeSync } from "node:fs";
import { itemAt } from "../../src/base/items.ts";

// deno-lint-ignore no-explicit-any
const bun = (globalThis as any).Bun;
const [mode, path, frameText = "102400"] = bun ? bun.argv.slice(2) : Deno.args;
const frameBytes = Number(frameText);
const requestBytes = 64;
const answer = new Uint8Array(64);
new DataView(answer.buffer).setInt32(0, 60);

/** One connection's bytes so far, and what to do with each whole frame. */
class Intake {
  #buffer = new Uint8Array(4 * 1024 * 1024);
  #end = 0;
  readonly #file = openSync(path, mode === "append" ? "a" : "r");
  readonly #out = new Uint8Array(4 + frameBytes);
  #readAt = 0;

  /** Takes `chunk` in and returns the answers to the frames that it completed. */
  take(chunk: Uint8Array): Uint8Array[] {
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
    const answers: Uint8Array[] = [];
    let start = 0;
    for (;;) {
      const length = mode === "append" ? this.#frameLength(start) : requestBytes;
      if (length === undefined || this.#end - start < length) break;
      answers.push(mode === "append" ? this.#append(start, length) : this.#serve());
      start += length;
    }
    this.#buffer.copyWithin(0, start, this.#end);
    this.#end -= start;
    return answers;
  }

  #frameLength(start: number): number | undefined {
    if (this.#end - start < 4) return undefined;
    const b = this.#buffer;
    return 4 +
      ((itemAt(b, start) << 24) | (itemAt(b, start + 1) << 16) | (itemAt(b, start + 2) << 8) |
        itemAt(b, start + 3));
  }

  #append(start: number, length: number): Uint8Array {
    writeSync(this.#file, this.#buffer, start + 4, length - 4);
    return answer;
  }

  #serve(): Uint8Array {
    const out = bun ? new Uint8Array(4 + frameBytes) : this.#out;
    new DataView(out.buffer).setInt32(0, frameBytes);
    const read = readSync(this.#file, out, 4, frameBytes, this.#readAt);
    this.#readAt = read < frameBytes ? 0 : this.#readAt + read;
    return out;
  }
}

async function runDeno(): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(`listening on ${(listener.addr as Deno.NetAddr).port}`);
  for await (const connection of listener) {
    connection.setNoDelay(true);
    serveDeno(connection).catch(() => {});
  }
}

async function serveDeno(connection: Deno.TcpConn): Promise<void> {
  const intake = new Intake();
  const chunk = new Uint8Array(1024 * 1024);
  for (;;) {
    const length = await connection.read(chunk);
    if (length === null) return;
    for (const each of intake.take(chunk.subarray(0, length))) {
      for (let sent = 0; sent < each.length;) sent += await connection.write(each.subarray(sent));
    }
  }
}

function runBun(): void {
  // deno-lint-ignore no-explicit-any
  type BunSocket = any;
  const flush = (socket: BunSocket): void => {
    const { queue } = socket.data;
    while (queue.length > 0) {
      const sent = socket.write(queue[0]);
      if (sent < queue[0].length) {
        queue[0] = queue[0].subarray(Math.max(0, sent));
        return;
      }
      queue.shift();
    }
  };
  const listener = bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket: BunSocket) {
        socket.data = { intake: new Intake(), queue: [] };
        socket.setNoDelay(true);
      },
      data(socket: BunSocket, chunk: Uint8Array) {
        socket.data.queue.push(...socket.data.intake.take(chunk));
        flush(socket);
      },
      drain: flush,
    },
  });
  console.log(`listening on ${listener.port}`);
}

if (bun) runBun();
else await runDeno();
