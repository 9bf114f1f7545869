// TCP by Deno.listen and Deno.connect, as Web Streams.
//
// The readable asks the kernel only when somebody reads, straight into the reader's own buffer:
// nothing is queued here, so back-pressure is the kernel's. The writable holds the one chunk being
// written.
//
//   both directions open --peer closes--> read side ended --writer closes--> closed
//            |                                                                  ^
//            +---- close(), or a failure in either direction -------------------+

import { PlatformFault } from "../base/faults.ts";
import { codeOf, platformFault } from "./platform_faults.ts";
import type { Address, Listener, Network, Socket } from "./ports.ts";
import { addressText, plainAddress } from "./socket_address.ts";

/** Buffer for a reader that brings none. */
const chunkBytes = 64 * 1024;

/** Pause after a failed accept: out of file descriptors, which takes a while to change. */
const acceptPauseMs = 50;

/** Deno fails an accept with these where it is the peer that has gone: the next one is there. */
const peerIsGone: ReadonlySet<string | undefined> = new Set([
  "ENOTCONN",
  "ECONNABORTED",
  "ECONNRESET",
]);

class DenoSocket implements Socket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly local: Address;
  readonly remote: Address;
  readonly #connection: Deno.TcpConn;
  #reader: ReadableByteStreamController | undefined;
  #writer: WritableStreamDefaultController | undefined;
  #reading = false;
  #readEnded = false;
  #writeEnded = false;
  #closed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    const { localAddr, remoteAddr } = connection;
    this.local = plainAddress(localAddr.hostname, localAddr.port);
    this.remote = plainAddress(remoteAddr.hostname, remoteAddr.port);
    try {
      connection.setNoDelay(true);
    } catch {
      // The peer is gone already; the first read tells.
    }
    this.readable = new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: chunkBytes,
      start: (controller) => {
        this.#reader = controller;
      },
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#endRead(),
    });
    this.writable = new WritableStream({
      start: (controller) => {
        this.#writer = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#endWrite(),
      abort: () => this.close(),
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#release();
    this.#writer?.error(this.#fault("write to"));
    if (!this.#reading && !this.#readEnded) this.#reader?.close();
    this.#readEnded = true;
  }

  async #pull(controller: ReadableByteStreamController): Promise<void> {
    const request = controller.byobRequest;
    const view = request?.view as Uint8Array<ArrayBuffer> | null | undefined;
    if (!request || !view) return;
    this.#reading = true;
    let count: number | null = null;
    let failure: unknown;
    try {
      count = await this.#connection.read(view);
    } catch (error) {
      failure = error;
    }
    this.#reading = false;
    if (failure !== undefined && !this.#closed) {
      const fault = platformFault(`read from ${addressText(this.remote)}`, failure);
      controller.error(fault);
      this.#readEnded = true;
      return this.close();
    }
    if (count !== null && !this.#readEnded) return request.respond(count);
    try {
      controller.close();
      request.respond(0);
    } catch {
      // Cancelled while the kernel was asked: the stream is closed already.
    }
    this.#endRead();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    let done = 0;
    try {
      while (done < chunk.length) {
        done += await this.#connection.write(done === 0 ? chunk : chunk.subarray(done));
      }
    } catch (error) {
      const fault = this.#closed
        ? this.#fault("write to")
        : platformFault(`write to ${addressText(this.remote)}`, error);
      this.close();
      throw fault;
    }
  }

  async #endWrite(): Promise<void> {
    this.#writeEnded = true;
    if (this.#closed) return;
    try {
      await this.#connection.closeWrite();
    } catch (error) {
      if (codeOf(error) !== "ENOTCONN") this.close();
    }
    if (this.#readEnded) this.#release();
  }

  #endRead(): void {
    this.#readEnded = true;
    if (this.#writeEnded) this.#release();
  }

  #release(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }

  #fault(attempt: string): PlatformFault {
    return new PlatformFault(
      "Closed",
      `cannot ${attempt} ${addressText(this.remote)}: the connection is closed`,
    );
  }
}

class DenoListener implements Listener {
  readonly address: Address;
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;
  #closed = false;

  constructor(listener: Deno.TcpListener, onConnection: (socket: Socket) => void) {
    this.#listener = listener;
    this.address = plainAddress(listener.addr.hostname, listener.addr.port);
    this.#accepting = this.#accept(onConnection);
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#listener.close();
    }
    await this.#accepting;
  }

  async #accept(onConnection: (socket: Socket) => void): Promise<void> {
    while (!this.#closed) {
      let connection: Deno.TcpConn;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        if (this.#closed || peerIsGone.has(codeOf(error))) continue;
        await new Promise((resolve) => setTimeout(resolve, acceptPauseMs));
        continue;
      }
      onConnection(new DenoSocket(connection));
    }
  }
}

/** TCP on Deno. */
export const denoNetwork: Network = {
  listen(address, onConnection) {
    try {
      const listener = Deno.listen({ hostname: address.host, port: address.port });
      return Promise.resolve(new DenoListener(listener, onConnection));
    } catch (error) {
      return Promise.reject(platformFault(`listen on ${addressText(address)}`, error));
    }
  },
  async connect(address) {
    try {
      return new DenoSocket(
        await Deno.connect({ hostname: address.host, port: address.port }),
      );
    } catch (error) {
      throw platformFault(`connect to ${addressText(address)}`, error);
    }
  },
};
