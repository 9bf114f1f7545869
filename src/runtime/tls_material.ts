// Keys and certificates as node:tls takes them.

import type * as Crypto from "node:crypto";
import type * as Tls from "node:tls";
import { messageOf, PlatformFault } from "../base/faults.ts";
import type { TlsMaterial } from "./ports.ts";

function crypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}

/** What node:tls is told of `material`. Throws what {@link materialFault} tells. */
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

/** Why it could not be taken. */
export function materialFault(error: unknown): PlatformFault {
  return new PlatformFault(
    "Denied",
    `the key, its certificates or the password do not fit: ${messageOf(error)}`,
    { about: "tls" },
  );
}
