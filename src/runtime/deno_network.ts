// TCP by Deno.listen and Deno.connect.
//
// The kernel is asked only when somebody reads, straight into the reader's own memory, and is given
// what somebody writes: nothing is queued here, so back-pressure is the kernel's.
//
//   both directions open --peer closes--> read side ended --writer closes--> closed
//            |                                                                  ^
//            +---- close(), or a failure in either direction -------------------+

import { assert } from "../base/assert.ts";
import { PlatformFault } from "../base/faults.ts";
import { codeOf, platformFault } from "./platform_faults.ts";
import type { Address, Listener, Network, Socket } from "./ports.ts";
import { addressText, plainAddress } from "./socket_address.ts";

/** Pause after a failed accept: out of file descriptors, which takes a while to change. */
const acceptPauseMs = 50;

/** Deno fails an accept with these where it is the peer that has gone: the next one is there. */
const peerIsGone: ReadonlySet<string | undefined> = new Set([
  "ENOTCONN",
  "ECONNABORTED",
  "ECONNRESET",
]);

class DenoSocket implements Socket {
  readonly local: Address;
  readonly remote: Address;
  readonly closed: Promise<void>;
  readonly #connection: Deno.TcpConn;
  readonly #onClosed: () => void;
  #isReading = false;
  #isWriting = false;
  #readEnded = false;
  #writeEnded = false;
  #isClosed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    const { localAddr, remoteAddr } = connection;
    this.local = plainAddress(localAddr.hostname, localAddr.port);
    this.remote = plainAddress(remoteAddr.hostname, remoteAddr.port);
    ({ promise: this.closed, resolve: this.#onClosed } = Promise.withResolvers<void>());
    try {
      connection.setNoDelay(true);
    } catch {
      // The peer is gone already; the first read tells.
    }
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    assert(!this.#isReading, "one read at a time");
    if (this.#readEnded) return null;
    this.#isReading = true;
    let count: number | null;
    try {
      count = await this.#connection.read(into);
    } catch (error) {
      if (this.#isClosed) return null;
      this.close();
      throw platformFault(`read from ${addressText(this.remote)}`, error);
    } finally {
      this.#isReading = false;
    }
    if (this.#isClosed) return null;
    if (count === null) this.#endRead();
    return count;
  }

  async write(bytes: Uint8Array): Promise<void> {
    assert(!this.#isWriting, "one write at a time");
    this.#isWriting = true;
    let done = 0;
    try {
      while (done < bytes.length) {
        done += await this.#connection.write(done === 0 ? bytes : bytes.subarray(done));
      }
    } catch (error) {
      const fault = this.#isClosed
        ? this.#closedFault()
        : platformFault(`write to ${addressText(this.remote)}`, error);
      this.close();
      throw fault;
    } finally {
      this.#isWriting = false;
    }
  }

  async closeWrite(): Promise<void> {
    this.#writeEnded = true;
    if (this.#isClosed) return;
    try {
      await this.#connection.closeWrite();
    } catch (error) {
      if (codeOf(error) !== "ENOTCONN") this.close();
    }
    if (this.#readEnded) this.close();
  }

  close(): void {
    this.#readEnded = true;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
    this.#onClosed();
  }

  #endRead(): void {
    this.#readEnded = true;
    if (this.#writeEnded) this.close();
  }

  #closedFault(): PlatformFault {
    return new PlatformFault(
      "Closed",
      `cannot write to ${addressText(this.remote)}: the connection is closed`,
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
