// TCP by Deno.listen and Deno.connect.
//
// The kernel is asked only when somebody reads, straight into the reader's own memory, and is given
// what somebody writes: nothing is queued here, so back-pressure is the kernel's. Who watches a
// connection without reading has a few bytes read ahead, since only a read tells of a reset.
//
//   both directions open --peer closes--> read side ended --writer closes--> closed
//            |                                                                  ^
//            +---- close(), or a failure in either direction -------------------+

import { formatAddress } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { PlatformFault } from "../base/faults.ts";
import type { SendFile } from "../base/file_part.ts";
import { canSendFiles, sendFile, socketBetween } from "./deno_send_file.ts";
import { webTimers } from "./event_loop.ts";
import { nodeTls } from "./node_tls.ts";
import { codeOf, platformFault } from "./platform_faults.ts";
import type { Address, Listener, Network, Receiver, Socket } from "./ports.ts";
import { plainAddress } from "./socket_address.ts";

/** Pause after a failed accept: out of file descriptors, which takes a while to change. */
const acceptPauseMs = 50;

/** Deno fails an accept with these where it is the peer that has gone: the next one is there. */
const peerIsGone: ReadonlySet<string | undefined> = new Set([
  "ENOTCONN",
  "ECONNABORTED",
  "ECONNRESET",
]);

/** Most requests are shorter: the next one is then here when somebody reads again. */
const aheadBytes = 256;

/** Reads a few bytes that nobody has asked for yet, to hear of a peer that is gone. */
class ReadAhead {
  readonly #connection: Pick<Deno.TcpConn, "read">;
  readonly #onFailed: () => void;
  readonly #bytes = new Uint8Array(aheadBytes);
  #start = 0;
  #end = 0;
  #hasEnded = false;
  #isAwaited = false;
  #filling: Promise<void> | undefined;

  constructor(connection: Pick<Deno.TcpConn, "read">, onFailed: () => void) {
    this.#connection = connection;
    this.#onFailed = onFailed;
  }

  /** Whether what comes next, comes from here. */
  get isInUse(): boolean {
    return this.#start < this.#end || this.#filling !== undefined || this.#hasEnded;
  }

  begin(): void {
    if (!this.isInUse) this.#start = this.#end = 0;
    const isDue = this.#filling === undefined && !this.#hasEnded && this.#end < aheadBytes;
    if (isDue) this.#filling = this.#fill();
  }

  /** As the connection's own. */
  async read(into: Uint8Array): Promise<number | null> {
    this.#isAwaited = true;
    if (this.#start === this.#end) await this.#filling;
    this.#isAwaited = false;
    if (this.#start === this.#end) return null;
    const held = this.#bytes.subarray(this.#start, this.#end).subarray(0, into.length);
    into.set(held);
    this.#start += held.length;
    return held.length;
  }

  async #fill(): Promise<void> {
    try {
      do {
        const count = await this.#connection.read(this.#bytes.subarray(this.#end));
        this.#hasEnded = count === null;
        this.#end += count ?? 0;
      } while (this.#end < aheadBytes && !this.#hasEnded && !this.#isAwaited);
    } catch {
      this.#onFailed();
    } finally {
      this.#filling = undefined;
    }
  }
}

class DenoSocket implements Socket {
  readonly local: Address;
  readonly remote: Address;
  readonly closed: Promise<void>;
  readonly #connection: Deno.TcpConn;
  readonly #onClosed: () => void;
  #ahead: ReadAhead | undefined;
  #receiver: Receiver | undefined;
  /** What is being written, as far as the kernel has not taken it. */
  #writing: Uint8Array | undefined;
  #readEnded = false;
  #writeEnded = false;
  #isClosed = false;
  /** Looked for when a file is to be sent; null: it was not found, and all is written. */
  #descriptor: number | null | undefined;

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

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.receive(into, { onReceived: resolve, onBroken: reject });
    });
  }

  receive(into: Uint8Array<ArrayBuffer>, receiver: Receiver): void {
    assert(this.#receiver === undefined, "one read at a time");
    this.#receiver = receiver;
    this.#begin(into).then(this.#onRead, this.#onReadFailed);
  }

  #begin(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#readEnded) return Promise.resolve(null);
    const from = this.#ahead?.isInUse ? this.#ahead : this.#connection;
    return from.read(into);
  }

  watch(): void {
    if (this.#readEnded || this.#receiver !== undefined) return;
    this.#ahead ??= new ReadAhead(this.#connection, () => this.close());
    this.#ahead.begin();
  }

  holdProcess(isHeld: boolean): void {
    if (this.#isClosed) return;
    if (isHeld) this.#connection.ref();
    else this.#connection.unref();
  }

  write(bytes: Uint8Array): Promise<void> {
    assert(this.#writing === undefined, "one write at a time");
    this.#writing = bytes;
    return this.#connection.write(bytes).then(this.#onWritten, this.#onWriteFailed);
  }

  get sendFile(): SendFile | undefined {
    return canSendFiles() ? this.#sendFile : undefined;
  }

  /** A failure is left for the next write to find. */
  readonly #sendFile: SendFile = (file, at) => {
    assert(this.#writing === undefined, "one write at a time");
    if (this.#isClosed || this.#writeEnded) return 0;
    if (this.#descriptor === undefined) this.#descriptor = socketBetween(this) ?? null;
    return this.#descriptor === null ? 0 : sendFile(this.#descriptor, { file, at });
  };

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

  // Made once: a connection at rest is a read that waits, and thousands of them should hold little
  // that is younger than themselves, which the collector would have to look at again and again.
  readonly #onRead = (count: number | null): void => {
    const receiver = this.#takeReceiver();
    if (this.#isClosed) return receiver?.onReceived(null);
    if (count === null) this.#endRead();
    receiver?.onReceived(count);
  };

  readonly #onReadFailed = (error: unknown): void => {
    const receiver = this.#takeReceiver();
    if (this.#isClosed) return receiver?.onReceived(null);
    this.close();
    receiver?.onBroken(platformFault(`read from ${formatAddress(this.remote)}`, error));
  };

  #takeReceiver(): Receiver | undefined {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    return receiver;
  }

  readonly #onWritten = (count: number): void | Promise<void> => {
    const bytes = this.#writing;
    this.#writing = undefined;
    if (bytes !== undefined && count < bytes.length) return this.write(bytes.subarray(count));
  };

  readonly #onWriteFailed = (error: unknown): never => {
    this.#writing = undefined;
    const fault = this.#isClosed
      ? this.#closedFault()
      : platformFault(`write to ${formatAddress(this.remote)}`, error);
    this.close();
    throw fault;
  };

  #endRead(): void {
    this.#readEnded = true;
    if (this.#writeEnded) this.close();
  }

  #closedFault(): PlatformFault {
    return new PlatformFault(
      "Closed",
      `cannot write to ${formatAddress(this.remote)}: the connection is closed`,
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

  holdProcess(isHeld: boolean): void {
    if (this.#closed) return;
    if (isHeld) this.#listener.ref();
    else this.#listener.unref();
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
        await new Promise<void>((resolve) => webTimers.after(acceptPauseMs, resolve));
        continue;
      }
      onConnection(new DenoSocket(connection));
    }
  }
}

/** TCP on Deno. */
export const denoNetwork: Network = {
  ...nodeTls,
  listen(address, onConnection) {
    try {
      const listener = Deno.listen({ hostname: address.host, port: address.port });
      return Promise.resolve(new DenoListener(listener, onConnection));
    } catch (error) {
      return Promise.reject(platformFault(`listen on ${formatAddress(address)}`, error));
    }
  },
  async connect(address) {
    try {
      return new DenoSocket(
        await Deno.connect({ hostname: address.host, port: address.port }),
      );
    } catch (error) {
      throw platformFault(`connect to ${formatAddress(address)}`, error);
    }
  },
};
