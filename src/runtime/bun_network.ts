// TCP by Bun.listen and Bun.connect. Bun calls one shared set of handlers; `data` of a handle is
// the socket that it belongs to.
//
// A write takes what fits the kernel's buffer and says how much; the rest goes after `drain`. Bun
// reads 512 KiB at most into memory of its own, and copies what it has read into an array that it
// makes for each push. Of large requests what comes behind a push is received by recv(2) itself,
// straight to where the reader wants it.

import process from "node:process";
import { formatAddress } from "../base/address.ts";
import { freeMemory } from "../base/free_memory.ts";
import { PlatformFault } from "../base/faults.ts";
import type { SendFile } from "../base/file_part.ts";
import { loadC } from "./bun_foreign.ts";
import { canSendFiles, sendFile } from "./bun_send_file.ts";
import { nodeTls } from "./node_tls.ts";
import { codeOf, platformFault } from "./platform_faults.ts";
import type { Listener, Network, Socket } from "./ports.ts";
import { type Kernel, PushedSocket, type Transport } from "./pushed_socket.ts";
import { plainAddress } from "./socket_address.ts";

interface BunHandle {
  data: BunTransport;
  readonly fd: number;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** Undefined once the peer has reset the connection, which may be before it was opened. */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  setNoDelay(on: boolean): void;
  write(bytes: Uint8Array): number;
  shutdown(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
  close(): void;
}

interface BunHandlers {
  binaryType: "uint8array";
  open(handle: BunHandle): void;
  data(handle: BunHandle, bytes: Uint8Array): void;
  drain(handle: BunHandle): void;
  end(handle: BunHandle): void;
  close(handle: BunHandle, error?: Error): void;
  error(handle: BunHandle, error: Error): void;
  connectError?(handle: BunHandle, error: Error): void;
}

interface BunEndpoint {
  hostname: string;
  port: number;
  allowHalfOpen: true;
  socket: BunHandlers;
}

interface BunListener {
  readonly hostname: string;
  readonly port: number;
  stop(force?: boolean): void;
  ref(): void;
  unref(): void;
}

interface BunTcp {
  listen(options: BunEndpoint): BunListener;
  connect(options: BunEndpoint): Promise<BunHandle>;
}

interface ReceiveFunctions {
  recv(descriptor: number, into: Uint8Array, bytes: number, flags: number): number | bigint;
}

/** What is smaller the collector frees for less. */
const freedBytesMin = 16 * 1024;

const withoutWait = 0x40;
let c: ReceiveFunctions | undefined;
let isKnown = false;

/** Not before the first large push: at the start nothing is loaded for it. */
function receiveFunctions(): ReceiveFunctions | undefined {
  if (!isKnown && process.platform === "linux") {
    c = loadC<ReceiveFunctions>({
      recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64_fast" },
    });
  }
  isKnown = true;
  return c;
}

const tcp = (globalThis as unknown as { Bun: BunTcp }).Bun;

class BunTransport implements Transport, Kernel {
  readonly #handle: BunHandle;
  readonly socket: PushedSocket;
  #rest: Uint8Array | undefined;
  #written: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(handle: BunHandle) {
    this.#handle = handle;
    handle.setNoDelay(true);
    this.socket = new PushedSocket(this, {
      local: plainAddress(handle.localAddress, handle.localPort),
      remote: plainAddress(handle.remoteAddress, handle.remotePort),
    });
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    const count = this.#handle.write(bytes);
    if (count === bytes.length) return undefined;
    this.#rest = bytes.subarray(Math.max(0, count));
    return new Promise((resolve, reject) => {
      this.#written = { resolve, reject };
      if (count < 0) this.#settle(new PlatformFault("Closed", "the other side is gone"));
    });
  }

  get sendFile(): SendFile | undefined {
    return canSendFiles() ? this.#sendFile : undefined;
  }

  readonly #sendFile: SendFile = (file, at) => sendFile(this.#handle.fd, { file, at });

  get kernel(): Kernel | undefined {
    return receiveFunctions() && this;
  }

  /** A failure is left for Bun to find. */
  take(into: Uint8Array<ArrayBuffer>): number {
    const count = receiveFunctions()?.recv(this.#handle.fd, into, into.length, withoutWait) ?? 0;
    return Math.max(0, Number(count));
  }

  /** The next push has its memory again, which would be new to the process if that were kept. */
  free(pushed: Uint8Array): void {
    if (pushed.length >= freedBytesMin) freeMemory(pushed.buffer);
  }

  soon(run: () => void): void {
    setImmediate(run);
  }

  onDrain(): void {
    if (this.#rest === undefined) return;
    const count = this.#handle.write(this.#rest);
    if (count < 0) this.#settle(new PlatformFault("Closed", "the other side is gone"));
    else if (count === this.#rest.length) this.#settle();
    else this.#rest = this.#rest.subarray(count);
  }

  end(): void {
    this.#handle.shutdown();
  }

  pause(): void {
    this.#handle.pause();
  }

  resume(): void {
    this.#handle.resume();
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#handle.ref();
    else this.#handle.unref();
  }

  destroy(): void {
    this.#handle.close();
  }

  #settle(error?: unknown): void {
    const written = this.#written;
    this.#rest = undefined;
    this.#written = undefined;
    if (error === undefined) written?.resolve();
    else written?.reject(error);
  }
}

function handlers(onOpen: (socket: Socket) => void): BunHandlers {
  return {
    binaryType: "uint8array",
    open(handle) {
      handle.data = new BunTransport(handle);
      onOpen(handle.data.socket);
    },
    data: (handle, bytes) => handle.data.socket.onData(bytes),
    drain: (handle) => handle.data.onDrain(),
    end: (handle) => handle.data.socket.onEnd(),
    close: (handle, error) => handle.data?.socket.onClosed(error),
    error: (handle, error) => handle.data?.socket.onClosed(error),
  };
}

/** TCP on Bun. */
export const bunNetwork: Network = {
  ...nodeTls,
  async listen(address, onConnection): Promise<Listener> {
    try {
      const listener = await tcp.listen({
        hostname: address.host,
        port: address.port,
        allowHalfOpen: true,
        socket: handlers(onConnection),
      });
      const bound = plainAddress(listener.hostname, listener.port);
      return {
        address: bound,
        holdProcess: (isHeld) => isHeld ? listener.ref() : listener.unref(),
        close: () => Promise.resolve(listener.stop()),
      };
    } catch (error) {
      const attempt = `listen on ${formatAddress(address)}`;
      // Of a name that cannot be resolved Bun says no more than that it failed.
      if (codeOf(error) !== undefined) throw platformFault(attempt, error);
      throw new PlatformFault("NotFound", `cannot ${attempt}: no such host`, { cause: error });
    }
  },
  async connect(address) {
    try {
      const handle = await tcp.connect({
        hostname: address.host,
        port: address.port,
        allowHalfOpen: true,
        socket: { ...handlers(() => {}), connectError() {} },
      });
      return handle.data.socket;
    } catch (error) {
      throw platformFault(`connect to ${formatAddress(address)}`, error);
    }
  },
};
