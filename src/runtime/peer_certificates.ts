// Which certificates of its peers a server of TLS believes.
//
//   a whole handshake       node:tls has checked the certificate: it is remembered
//   a session that resumes  nothing is checked: it has to be remembered, and of this time
//
// Deno keeps the sessions of all servers of a process together: a session that was begun where
// nobody is asked for a certificate, or where others are trusted, may be resumed here. Invariant:
// where a certificate is required nobody comes in without one that this server has checked.

import type * as Tls from "node:tls";
import { webClock } from "./event_loop.ts";
import type { TlsTerms } from "./ports.ts";

/** Of more, the oldest shake hands whole once more. */
const rememberedMax = 10_000;

/** What a peer has shown, or why it may not come in. */
export type Shown = { readonly certificate: Uint8Array | undefined } | { readonly refusal: string };

/** The certificates that one server has checked. */
export class PeerCertificates {
  readonly #clientAuth: TlsTerms["clientAuth"];
  /** By their fingerprints. */
  readonly #checked = new Set<string>();

  constructor({ clientAuth }: Pick<TlsTerms, "clientAuth">) {
    this.#clientAuth = clientAuth;
  }

  /** Asked once, behind the handshake. */
  of(handle: Tls.TLSSocket): Shown {
    const certificate = shownBy(handle);
    if (this.#clientAuth === "none") return { certificate: undefined };
    if (certificate === undefined) {
      return this.#clientAuth === "requested"
        ? { certificate }
        : { refusal: "it resumes a session that was begun without a certificate" };
    }
    if (!handle.authorized) {
      // Node's types say an error, and it is its code.
      return { refusal: `its certificate is not trusted: ${String(handle.authorizationError)}` };
    }
    const { fingerprint256, valid_to: validTo } = handle.getPeerCertificate();
    if (!handle.isSessionReused()) this.#remember(fingerprint256);
    else if (!this.#checked.has(fingerprint256)) {
      return { refusal: "it resumes a session whose certificate was not checked here" };
    } else if (Date.parse(validTo) < webClock.now()) {
      return { refusal: "it resumes a session whose certificate has expired" };
    }
    return { certificate };
  }

  #remember(fingerprint: string): void {
    this.#checked.delete(fingerprint);
    this.#checked.add(fingerprint);
    for (const oldest of this.#checked) {
      if (this.#checked.size <= rememberedMax) return;
      this.#checked.delete(oldest);
    }
  }
}

/** The certificate that a peer has shown, believed or not, as DER. */
export function shownBy(handle: Tls.TLSSocket): Uint8Array | undefined {
  const { raw } = handle.getPeerCertificate() ?? {};
  return raw === undefined ? undefined : new Uint8Array(raw);
}
