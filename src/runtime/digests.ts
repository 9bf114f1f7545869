// SHA-256 and SHA-512 by `node:crypto`, which Deno, Bun and Node all carry. It is fetched at the
// first call: most starts never need it. Synchronous but for what is slow by its nature; a
// simulation does that at once, too, and so stays deterministic.

import type * as Crypto from "node:crypto";
import type { Digests, PasswordToDerive } from "./ports.ts";

const digestBytes = { sha256: 32, sha512: 64 } as const;

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
  pbkdf2: (algorithm, { password, salt, iterations }) =>
    new Promise((resolve, reject) => {
      const length = digestBytes[algorithm];
      crypto().pbkdf2(password, salt, iterations, length, algorithm, (error, key) => {
        if (error === null) resolve(plain(key));
        else reject(error);
      });
    }),
};

/** The same at once, on the event loop. */
export const instantDigests: Digests = {
  ...builtinDigests,
  pbkdf2: (algorithm, { password, salt, iterations }: PasswordToDerive) => {
    const length = digestBytes[algorithm];
    const key = crypto().pbkdf2Sync(password, salt, iterations, length, algorithm);
    return Promise.resolve(plain(key));
  },
};
