// A socket of node:net or node:tls as a Socket of ours.

import type * as Net from "node:net";
import { PushedSocket, type Transport } from "./pushed_socket.ts";
import { plainAddress } from "./socket_address.ts";

class NodeTransport implements Transport {
  readonly #handle: Net.Socket;

  constructor(handle: Net.Socket) {
    this.#handle = handle;
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    return new Promise((resolve, reject) => {
      this.#handle.write(bytes, (error) => error ? reject(error) : resolve());
    });
  }

  end(): void {
    this.#handle.end();
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
    this.#handle.destroy();
  }
}

/** What comes of `handle` goes to a socket; whoever wraps it leaves it alone from then on. */
export function wrapNodeSocket(handle: Net.Socket): PushedSocket {
  handle.setNoDelay(true);
  const socket = new PushedSocket(new NodeTransport(handle), {
    local: plainAddress(handle.localAddress, handle.localPort),
    remote: plainAddress(handle.remoteAddress, handle.remotePort),
  });
  handle.on("data", (chunk: Uint8Array) => socket.onData(chunk));
  handle.on("end", () => socket.onEnd());
  handle.on("error", (error) => socket.onClosed(error));
  handle.on("close", () => socket.onClosed());
  return socket;
}
