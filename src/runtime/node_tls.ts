// TLS by node:tls, on all three runtimes. The module is fetched at the first call: most brokers
// have no such listener, and it costs a start some milliseconds.
//
//   TCP ──handshake──> SecureSocket
//         └──fails, takes too long, or is one too many──> destroyed; the operator is told
//
// Deno's own TLS (rustls) is below node:tls there, and refuses certificates of X.509 version 1.

import type * as Crypto from "node:crypto";
import type * as Tls from "node:tls";
import type * as Net from "node:net";
import { messageOf, PlatformFault } from "../base/faults.ts";
import { immediateTimers, webTimers } from "./event_loop.ts";
import { wrapNodeSocket } from "./node_socket.ts";
import { platformFault, secureFault } from "./platform_faults.ts";
import type {
  Address,
  Network,
  SecureListener,
  SecureSocket,
  TlsMaterial,
  TlsServerRules,
} from "./ports.ts";
import { addressText, plainAddress } from "./socket_address.ts";

function tls(): typeof Tls {
  return process.getBuiltinModule("node:tls");
}

function crypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}

/** TLS as each adapter's network has it. */
export const nodeTls: Pick<Network, "checkTls" | "listenTls" | "connectTls"> = {
  checkTls(material) {
    try {
      tls().createSecureContext(contextOf(material));
    } catch (error) {
      throw materialFault(error);
    }
  },

  listenTls(address, { material, rules }, onConnection) {
    return new Promise((resolve, reject) => {
      const server = makeServer(material, rules);
      // In the order in which they began.
      const handshakes = new Map<string, Net.Socket>();
      const toldOf = new Set<string>();
      server.on("connection", (handle) => {
        const peer = peerOf(handle);
        if (rules.admits?.(peer) === false) return void handle.destroy();
        const name = addressText(peer);
        handshakes.set(name, handle);
        handle.on("close", () => {
          handshakes.delete(name);
          webTimers.after(0, () => toldOf.delete(name));
        });
        if (handshakes.size <= rules.handshakesMax) return;
        // Who is quick is done by now: the slowest one makes room.
        for (const [slowest, held] of handshakes) {
          const slow = peerOf(held);
          handshakes.delete(slowest);
          toldOf.add(slowest);
          held.destroy();
          rules.onFailed(slow, "too many shake hands at a time, and it is the slowest");
          break;
        }
      });
      server.on("secureConnection", (handle) => {
        handshakes.delete(addressText(peerOf(handle)));
        const isStranger = !handle.authorized && shownBy(handle) !== undefined;
        if (!isStranger) return onConnection(secured(handle));
        handle.destroy();
        rules.onFailed(peerOf(handle), `its certificate is not trusted: ${distrustOf(handle)}`);
      });
      server.on("tlsClientError", (error, handle) => {
        const peer = peerOf(handle);
        handle.destroy();
        if (!toldOf.delete(addressText(peer))) rules.onFailed(peer, messageOf(error));
      });
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

  connectTls(address, material) {
    return new Promise((resolve, reject) => {
      const handle = connectSecurely(address, material);
      const onError = (error: Error) => {
        handle.destroy();
        reject(connectFault(address, error));
      };
      handle.once("error", onError);
      handle.once("secureConnect", () => {
        handle.off("error", onError);
        resolve(secured(handle));
      });
    });
  },
};

function connectSecurely({ host, port }: Address, material: TlsMaterial): Tls.TLSSocket {
  try {
    // An address is no name that could be indicated (RFC 6066).
    const servername = /^[\d.]+$|:/.test(host) ? "" : host;
    return tls().connect({ ...contextOf(material), host, port, servername });
  } catch (error) {
    throw materialFault(error);
  }
}

function makeServer(material: TlsMaterial, rules: TlsServerRules): Tls.Server {
  const [minVersion, maxVersion] = rules.versions;
  try {
    return tls().createServer({
      ...contextOf(material),
      minVersion,
      maxVersion,
      requestCert: rules.clientAuth !== "none",
      rejectUnauthorized: rules.clientAuth === "required",
      handshakeTimeout: rules.handshakeMsMax,
      allowHalfOpen: true,
    });
  } catch (error) {
    throw materialFault(error);
  }
}

/** What node:tls is told of `material`. */
export function contextOf({ identity, trusted }: TlsMaterial): Tls.SecureContextOptions {
  // Of the three, Node alone would shake hands as often as a peer likes.
  const { SSL_OP_NO_RENEGOTIATION: secureOptions } = crypto().constants;
  const common = { secureOptions, ...trusted !== undefined && { ca: trusted } };
  if (identity === undefined) return common;
  const passphrase = identity.password === undefined ? {} : { passphrase: identity.password };
  if ("pkcs12" in identity) return { ...common, ...passphrase, pfx: identity.pkcs12 as Buffer };
  checkKey(identity);
  return { ...common, ...passphrase, key: identity.key, cert: identity.chain };
}

/** Deno takes any key, and fails each handshake. */
function checkKey({ key, chain, password }: { key: string; chain: string; password?: string }) {
  const { createPrivateKey, createPublicKey, X509Certificate } = crypto();
  const own = createPublicKey(createPrivateKey({ key, passphrase: password }));
  const certified = new X509Certificate(chain).publicKey;
  const derOf = (of: Crypto.KeyObject) => of.export({ type: "spki", format: "der" });
  if (derOf(own).equals(derOf(certified))) return;
  throw new Error("the key is not the certificate's");
}

function peerOf(handle: Net.Socket): Address {
  return plainAddress(handle.remoteAddress, handle.remotePort);
}

/** The certificate that a peer has shown, believed or not. */
function shownBy(handle: Tls.TLSSocket): Uint8Array | undefined {
  const { raw } = handle.getPeerCertificate() ?? {};
  return raw === undefined ? undefined : new Uint8Array(raw);
}

/** Node's types say an error, and it is its code. */
function distrustOf({ authorizationError }: Tls.TLSSocket): string {
  return String(authorizationError);
}

function secured(handle: Tls.TLSSocket): SecureSocket {
  // Asked for now: once the peer is gone nobody can tell any more.
  const peerCertificate = handle.authorized ? shownBy(handle) : undefined;
  return Object.assign(wrapNodeSocket(handle), { peerCertificate });
}

function listenerOf(server: Tls.Server): SecureListener {
  const bound = server.address() as Net.AddressInfo;
  return {
    address: plainAddress(bound.address, bound.port),
    renew(material) {
      try {
        server.setSecureContext(contextOf(material));
      } catch (error) {
        throw materialFault(error);
      }
    },
    close() {
      server.close();
      return immediateTimers.turn();
    },
  };
}

function materialFault(error: unknown): PlatformFault {
  return new PlatformFault(
    "Denied",
    `the key, its certificates or the password do not fit: ${messageOf(error)}`,
    { about: "tls" },
  );
}

function connectFault(address: Address, error: Error): PlatformFault {
  return secureFault(`connect to ${addressText(address)}`, error);
}
