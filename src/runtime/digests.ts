// SHA-256 and SHA-512 by `node:crypto`, which Deno, Bun and Node all carry. It is fetched at the
// first call: most starts never need it. Synchronous, so that a simulation stays deterministic.

import type * as Crypto from "node:crypto";
import type { Digests } from "./ports.ts";

let loaded: typeof Crypto | undefined;

function crypto(): typeof Crypto {
  loaded ??= process.getBuiltinModule("node:crypto");
  return loaded;
}

function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

export const builtinDigests: Digests = {
  hash: (algorithm, bytes) => plain(crypto().createHash(algorithm).update(bytes).digest()),
  hmac: (algorithm, { key, bytes }) =>
    plain(crypto().createHmac(algorithm, key).update(bytes).digest()),
};
