// TCP by node:net. The module is fetched at the first call, not imported: a bundle of the whole
// program would load it at every start, on Bun too, which has no use for it (7 ms).

import type * as Net from "node:net";
import { platformFault } from "./platform_faults.ts";
import type { Listener, Network } from "./ports.ts";
import { PushedSocket, type Transport } from "./pushed_socket.ts";
import { addressText, plainAddress } from "./socket_address.ts";

function net(): typeof Net {
  return process.getBuiltinModule("node:net");
}

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

  destroy(): void {
    this.#handle.destroy();
  }
}

function wrap(handle: Net.Socket): PushedSocket {
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

/** TCP on Node. */
export const nodeNetwork: Network = {
  listen(address, onConnection) {
    return new Promise((resolve, reject) => {
      const server = net().createServer({ allowHalfOpen: true });
      server.on("connection", (handle) => onConnection(wrap(handle)));
      server.once("error", (error) => {
        reject(platformFault(`listen on ${addressText(address)}`, error));
      });
      server.listen({ host: address.host, port: address.port, backlog: 511 }, () => {
        server.on("error", () => {
          // A failed accept, out of file descriptors: the connection is refused, we listen on.
        });
        resolve(listenerOf(server));
      });
    });
  },
  connect(address) {
    return new Promise((resolve, reject) => {
      const handle = net().connect({ host: address.host, port: address.port, allowHalfOpen: true });
      const onError = (error: Error) => {
        reject(platformFault(`connect to ${addressText(address)}`, error));
      };
      handle.once("error", onError);
      handle.once("connect", () => {
        handle.off("error", onError);
        resolve(wrap(handle));
      });
    });
  },
};

function listenerOf(server: Net.Server): Listener {
  const bound = server.address() as Net.AddressInfo;
  return {
    address: plainAddress(bound.address, bound.port),
    close() {
      // The callback of `close` waits for every connection to end; the port is free a turn from
      // now.
      server.close();
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}
