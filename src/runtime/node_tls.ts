// TLS by node:tls, on all three runtimes. The module is fetched at the first call: most brokers
// have no such listener, and it costs a start some milliseconds.
//
//   listener ──accepts──> TlsServer ──> SecureSocket        tls_server.ts, tls_suites.ts
//
// Invariant: nobody shakes hands for ever: a closed listener drops who does, and a peer that is
// dialled and says nothing has so much time and no more.
//
// Deno's own TLS (rustls) is below node:tls there, and refuses certificates of X.509 version 1.

import type * as Tls from "node:tls";
import type * as Net from "node:net";
import { formatAddress } from "../base/address.ts";
import { PlatformFault } from "../base/faults.ts";
import { immediateTimers, webTimers } from "./event_loop.ts";
import { wrapNodeSocket } from "./node_socket.ts";
import { shownBy } from "./peer_certificates.ts";
import { platformFault, secureFault } from "./platform_faults.ts";
import type {
  Address,
  Network,
  SecureListener,
  SecureSocket,
  TlsMaterial,
  TlsTerms,
} from "./ports.ts";
import { plainAddress } from "./socket_address.ts";
import { contextOf, materialFault } from "./tls_material.ts";
import { TlsServer } from "./tls_server.ts";
import { spokenBy } from "./tls_suites.ts";

/** Until a server that was dialled has shaken hands. */
const handshakeMsMax = 30_000;

function tls(): typeof Tls {
  return process.getBuiltinModule("node:tls");
}

/** TLS as each adapter's network has it. */
export const nodeTls: Pick<Network, "checkTls" | "listenTls" | "connectTls"> = {
  checkTls,

  listenTls(address, { terms, rules }, onConnection) {
    return new Promise((resolve, reject) => {
      const onSecured = (handle: Tls.TLSSocket, certificate: Uint8Array | undefined) =>
        onConnection(secured(handle, certificate));
      const handshakes = new TlsServer({ terms, rules, onSecured });
      const net: typeof Net = process.getBuiltinModule("node:net");
      const server = net.createServer({ allowHalfOpen: true });
      server.on("connection", (handle) => handshakes.take(handle));
      server.once("error", (error) => {
        reject(platformFault(`listen on ${formatAddress(address)}`, error));
      });
      server.listen({ host: address.host, port: address.port, backlog: 511 }, () => {
        server.on("error", () => {
          // A failed accept, out of file descriptors: the connection is refused, we listen on.
        });
        resolve(listenerOf(server, handshakes));
      });
    });
  },

  connectTls(address, material, { msMax = handshakeMsMax } = {}) {
    return new Promise((resolve, reject) => {
      const handle = connectSecurely(address, material);
      const attempt = `connect to ${formatAddress(address)}`;
      const onError = (error: unknown) => {
        deadline.cancel();
        handle.destroy();
        reject(secureFault(attempt, error));
      };
      const deadline = webTimers.after(msMax, () => {
        onError(new PlatformFault("Io", `cannot ${attempt}: no TLS handshake within ${msMax} ms`));
      });
      // What a destroyed one has to say as well is nobody's any more.
      handle.on("error", onError);
      handle.once("secureConnect", () => {
        deadline.cancel();
        handle.off("error", onError);
        resolve(secured(handle, handle.authorized ? shownBy(handle) : undefined));
      });
    });
  },
};

function checkTls(terms: TlsTerms): void {
  spokenBy(terms);
  try {
    tls().createSecureContext(contextOf(terms.material));
  } catch (error) {
    throw materialFault(error);
  }
}

function connectSecurely({ host, port }: Address, material: TlsMaterial): Tls.TLSSocket {
  try {
    // An address is no name that could be indicated (RFC 6066).
    const servername = /^[\d.]+$|:/.test(host) ? "" : host;
    return tls().connect({ ...contextOf(material), host, port, servername });
  } catch (error) {
    throw materialFault(error);
  }
}

/** The certificate is asked for before: once the peer is gone nobody can tell any more. */
function secured(handle: Tls.TLSSocket, peerCertificate: Uint8Array | undefined): SecureSocket {
  return Object.assign(wrapNodeSocket(handle), { peerCertificate });
}

function listenerOf(server: Net.Server, handshakes: TlsServer): SecureListener {
  const bound = server.address() as Net.AddressInfo;
  return {
    address: plainAddress(bound.address, bound.port),
    renew: (terms) => handshakes.renew(terms),
    holdProcess: (isHeld) => void (isHeld ? server.ref() : server.unref()),
    close() {
      server.close();
      handshakes.close();
      return immediateTimers.turn();
    },
  };
}
