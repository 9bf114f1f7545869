// TCP by node:net. The module is fetched at the first call, not imported: a bundle of the whole
// program would load it at every start, on Bun too, which has no use for it (7 ms).

import type * as Net from "node:net";
import { formatAddress } from "../base/address.ts";
import { immediateTimers } from "./event_loop.ts";
import { platformFault } from "./platform_faults.ts";
import { nodeTls } from "./node_tls.ts";
import type { Listener, Network } from "./ports.ts";
import { wrapNodeSocket } from "./node_socket.ts";
import { plainAddress } from "./socket_address.ts";

function net(): typeof Net {
  return process.getBuiltinModule("node:net");
}

/** TCP on Node. */
export const nodeNetwork: Network = {
  ...nodeTls,
  listen(address, onConnection) {
    return new Promise((resolve, reject) => {
      const server = net().createServer({ allowHalfOpen: true });
      server.on("connection", (handle) => onConnection(wrapNodeSocket(handle)));
      server.once("error", (error) => {
        reject(platformFault(`listen on ${formatAddress(address)}`, error));
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
        reject(platformFault(`connect to ${formatAddress(address)}`, error));
      };
      handle.once("error", onError);
      handle.once("connect", () => {
        handle.off("error", onError);
        resolve(wrapNodeSocket(handle));
      });
    });
  },
};

function listenerOf(server: Net.Server): Listener {
  const bound = server.address() as Net.AddressInfo;
  return {
    address: plainAddress(bound.address, bound.port),
    holdProcess: (isHeld) => void (isHeld ? server.ref() : server.unref()),
    close() {
      // The callback of `close` waits for every connection to end; the port is free a turn from
      // now.
      server.close();
      return immediateTimers.turn();
    },
  };
}
