// The server's side of TLS by node:tls, for connections that somebody else accepts:
//
//   TCP, handed over ──handshake──> secured
//                      └──fails, takes too long, or is one too many──> destroyed; the owner is told
//
// New terms are a new server of node:tls: who shakes hands already goes on with the old one, and
// nobody resumes a session that was begun by other terms. Invariant: at most `handshakesMax` shake
// hands, each for `handshakeMsMax` at most.

import type * as Tls from "node:tls";
import type * as Net from "node:net";
import { messageOf } from "../base/faults.ts";
import { webTimers } from "./event_loop.ts";
import type { Address, RenewableTls, TlsServerRules, TlsTerms } from "./ports.ts";
import { addressText, plainAddress } from "./socket_address.ts";
import { contextOf, materialFault } from "./tls_material.ts";
import { spokenBy } from "./tls_suites.ts";

/** Whoever owns the handshakes of a port. */
export interface TlsServerOptions {
  readonly terms: TlsTerms;
  readonly rules: TlsServerRules;
  readonly onSecured: (handle: Tls.TLSSocket) => void;
}

/** Shakes hands with the connections that it is given. */
export class TlsServer implements RenewableTls {
  readonly #rules: TlsServerRules;
  readonly #onSecured: (handle: Tls.TLSSocket) => void;
  /** In the order in which they began. */
  readonly #handshakes = new Map<string, Net.Socket>();
  readonly #toldOf = new Set<string>();
  #server: Tls.Server;

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
    const name = addressText(peer);
    this.#handshakes.set(name, handle);
    handle.on("close", () => {
      this.#handshakes.delete(name);
      webTimers.after(0, () => this.#toldOf.delete(name));
    });
    if (this.#handshakes.size > this.#rules.handshakesMax) this.#dropSlowest();
    this.#server.emit("connection", handle);
  }

  /** Drops those that shake hands. */
  close(): void {
    for (const handle of this.#handshakes.values()) handle.destroy();
  }

  /** Who is quick is done by now: the slowest one makes room. */
  #dropSlowest(): void {
    for (const [name, handle] of this.#handshakes) {
      const peer = peerOf(handle);
      this.#handshakes.delete(name);
      this.#toldOf.add(name);
      handle.destroy();
      this.#rules.onFailed(peer, "too many shake hands at a time, and it is the slowest");
      return;
    }
  }

  #serverOf(terms: TlsTerms): Tls.Server {
    const server = makeServer(terms, this.#rules);
    server.on("secureConnection", (handle) => {
      this.#handshakes.delete(addressText(peerOf(handle)));
      const isStranger = !handle.authorized && shownBy(handle) !== undefined;
      if (!isStranger) return this.#onSecured(handle);
      handle.destroy();
      this.#rules.onFailed(
        peerOf(handle),
        `its certificate is not trusted: ${distrustOf(handle)}`,
      );
    });
    server.on("tlsClientError", (error, handle) => {
      const peer = peerOf(handle);
      handle.destroy();
      if (!this.#toldOf.delete(addressText(peer))) this.#rules.onFailed(peer, messageOf(error));
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
      allowHalfOpen: true,
    });
  } catch (error) {
    throw materialFault(error);
  }
}

function peerOf(handle: Net.Socket): Address {
  return plainAddress(handle.remoteAddress, handle.remotePort);
}

/** The certificate that a peer has shown, believed or not. */
export function shownBy(handle: Tls.TLSSocket): Uint8Array | undefined {
  const { raw } = handle.getPeerCertificate() ?? {};
  return raw === undefined ? undefined : new Uint8Array(raw);
}

/** Node's types say an error, and it is its code. */
function distrustOf({ authorizationError }: Tls.TLSSocket): string {
  return String(authorizationError);
}
