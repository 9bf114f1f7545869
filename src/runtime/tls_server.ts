// The server's side of TLS by node:tls, for connections that somebody else accepts:
//
//   TCP, handed over ──handshake──> secured
//                      └──fails, takes too long, or is one too many──> destroyed; the owner is told
//
// New terms are a new server of node:tls: who shakes hands already goes on with the old one, and
// nobody gets past the new ones by a session of before. Invariant: at most `handshakesMax` shake
// hands, each for `handshakeMsMax` at most.

import type * as Tls from "node:tls";
import type * as Net from "node:net";
import { formatAddress } from "../base/address.ts";
import { messageOf } from "../base/faults.ts";
import { webTimers } from "./event_loop.ts";
import { PeerCertificates } from "./peer_certificates.ts";
import type { Address, RenewableTls, TlsServerRules, TlsTerms } from "./ports.ts";
import { plainAddress } from "./socket_address.ts";
import { contextOf, materialFault } from "./tls_material.ts";
import { spokenBy } from "./tls_suites.ts";

/** Whoever owns the handshakes of a port. */
export interface TlsServerOptions {
  readonly terms: TlsTerms;
  readonly rules: TlsServerRules;
  readonly onSecured: OnSecured;
}

/** `certificate`: the peer's, DER, if it was asked for one and has shown one. */
type OnSecured = (handle: Tls.TLSSocket, certificate: Uint8Array | undefined) => void;

/** Shakes hands with the connections that it is given. */
export class TlsServer implements RenewableTls {
  readonly #rules: TlsServerRules;
  readonly #onSecured: OnSecured;
  /** In the order in which they began. */
  readonly #handshakes = new Map<string, Net.Socket>();
  readonly #toldOf = new Set<string>();
  #server: Tls.Server;
  #isClosed = false;

  /** Throws Denied where the terms cannot be kept to. */
  constructor({ terms, rules, onSecured }: TlsServerOptions) {
    this.#rules = rules;
    this.#onSecured = onSecured;
    this.#server = this.#serverOf(terms);
  }

  renew(terms: TlsTerms): void {
    this.#server = this.#serverOf(terms);
  }

  /** A connection over which nothing has been read. */
  take(handle: Net.Socket): void {
    const peer = peerOf(handle);
    // What goes wrong during the handshake is told as its failure.
    handle.on("error", () => {});
    if (this.#rules.admits?.(peer) === false) return void handle.destroy();
    const name = formatAddress(peer);
    this.#handshakes.set(name, handle);
    handle.on("close", () => {
      this.#handshakes.delete(name);
      webTimers.after(0, () => this.#toldOf.delete(name));
    });
    if (this.#handshakes.size > this.#rules.handshakesMax) this.#dropSlowest();
    // Who ends while it shakes hands has left, and is not waited for.
    handle.allowHalfOpen = false;
    this.#server.emit("connection", handle);
  }

  /** Drops those that shake hands: nobody is told of them, and none gets through any more. */
  close(): void {
    this.#isClosed = true;
    for (const handle of this.#handshakes.values()) handle.destroy();
  }

  /** Who is quick is done by now: the slowest one makes room. */
  #dropSlowest(): void {
    for (const [name, handle] of this.#handshakes) {
      const peer = peerOf(handle);
      this.#handshakes.delete(name);
      this.#toldOf.add(name);
      handle.destroy();
      this.#rules.onFailed(peer, "too many handshakes at a time, and this is the slowest");
      return;
    }
  }

  #serverOf(terms: TlsTerms): Tls.Server {
    const server = makeServer(terms, this.#rules);
    const certificates = new PeerCertificates(terms);
    server.on("secureConnection", (handle) => {
      this.#handshakes.delete(formatAddress(peerOf(handle)));
      handle.allowHalfOpen = true;
      const shown = certificates.of(handle);
      if ("certificate" in shown) return this.#onSecured(handle, shown.certificate);
      handle.destroy();
      this.#rules.onFailed(peerOf(handle), shown.refusal);
    });
    server.on("tlsClientError", (error, handle) => {
      const peer = peerOf(handle);
      handle.destroy();
      if (this.#isClosed) return;
      if (!this.#toldOf.delete(formatAddress(peer))) this.#rules.onFailed(peer, messageOf(error));
    });
    return server;
  }
}

function makeServer(terms: TlsTerms, { handshakeMsMax }: TlsServerRules): Tls.Server {
  const tls: typeof Tls = process.getBuiltinModule("node:tls");
  const spoken = spokenBy(terms);
  try {
    return tls.createServer({
      ...contextOf(terms.material),
      ...spoken,
      requestCert: terms.clientAuth !== "none",
      rejectUnauthorized: terms.clientAuth === "required",
      handshakeTimeout: handshakeMsMax,
    });
  } catch (error) {
    throw materialFault(error);
  }
}

/**
 * Who is at the other end. Where a handshake has failed, Node and Deno do not let the handle of TLS
 * say it any more; the connection below it, which has no other name than this, does.
 */
function peerOf(handle: Net.Socket & { readonly _parent?: Net.Socket | null }): Address {
  const asked = handle.remoteAddress === undefined ? handle._parent ?? handle : handle;
  return plainAddress(asked.remoteAddress, asked.remotePort);
}
