// Delegation tokens as clients show them (KIP-48): which token a request means, and what a login by
// one is checked against.
//
//   HMAC      HMAC-SHA-512(delegation.token.secret.key, id of the token): what its holder has
//   login     SCRAM with the id as user, base64 of the HMAC as password, and tokenauth=true; the
//             client is then the token's owner, until the token's time is over
//
// Invariant: a look at a token that there is not takes as long as at one that there is; no HMAC is
// in any message.

import { toBase64 } from "../../base/base64.ts";
import { utf8 } from "../../base/bytes.ts";
import { isOver } from "../../cluster/access/delegation_tokens.ts";
import { saturated } from "../../base/int64.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import type { DelegationToken } from "../../cluster/access/principals.ts";
import type { DigestAlgorithm, Digests } from "../../runtime/ports.ts";
import type { TokenCredential } from "./scram.ts";

export interface DelegationTokensOptions {
  /** The value of delegation.token.secret.key; null or empty: tokens are turned off. */
  readonly secretKey: string | null;
  readonly image: () => Pick<
    MetadataImage,
    "delegationToken" | "delegationTokens" | "delegationTokenCount"
  >;
  readonly digests: Digests;
  readonly now: () => number;
}

/** Kafka's, for credentials that it makes of a token. */
const iterations = 4_096;
const saltLength = 24;
/** HMACs of tokens that are gone, before they are looked for. */
const staleMax = 100;

/** The tokens of one broker. */
export class DelegationTokens {
  readonly #options: DelegationTokensOptions;
  readonly #key: Uint8Array | undefined;
  /** Both ways: HMACs as text, of all tokens that were looked for. */
  readonly #idOf = new Map<string, string>();
  readonly #hmacOf = new Map<string, string>();

  constructor(options: DelegationTokensOptions) {
    this.#options = options;
    this.#key = options.secretKey ? utf8(options.secretKey) : undefined;
  }

  /** Whether there is a secret to make tokens of. */
  get areEnabled(): boolean {
    return this.#key !== undefined;
  }

  /** What the token of this id is proved by. */
  hmacOf(tokenId: string): Uint8Array {
    const key = this.#key ?? new Uint8Array(1);
    return this.#options.digests.hmac("sha512", { key, bytes: utf8(tokenId) });
  }

  /** The token that is proved by `hmac`. */
  find(hmac: Uint8Array): DelegationToken | undefined {
    if (!this.areEnabled) return undefined;
    const image = this.#options.image();
    const text = toBase64(hmac);
    if (!this.#idOf.has(text)) this.#learn();
    const id = this.#idOf.get(text);
    return id === undefined ? undefined : image.delegationToken(id);
  }

  /** What a login by the token of this id is checked against; undefined: tokens are turned off. */
  async credential(
    tokenId: string,
    algorithm: DigestAlgorithm,
  ): Promise<TokenCredential | undefined> {
    if (!this.areEnabled) return undefined;
    const { digests, image, now } = this.#options;
    const hmac = this.hmacOf(tokenId);
    const salt = utf8(toBase64(digests.hash("sha256", hmac)).slice(0, saltLength));
    const key = await digests.pbkdf2(algorithm, {
      password: utf8(toBase64(hmac)),
      salt,
      iterations,
    });
    const derived = (text: string) => digests.hmac(algorithm, { key, bytes: utf8(text) });
    const storedKey = digests.hash(algorithm, derived("Client Key"));
    const stored = { salt, iterations, storedKey, serverKey: derived("Server Key") };
    const token = image().delegationToken(tokenId);
    if (token === undefined || isOver(token, now())) return { stored };
    const owner = token.owner.replace(/^User:/, "");
    return { stored, owner, lifetimeMs: saturated(token.expirationTimestamp) - now() };
  }

  /** The HMACs of tokens that have come since it was last called; those of others are forgotten. */
  #learn(): void {
    const image = this.#options.image();
    if (this.#hmacOf.size > image.delegationTokenCount + staleMax) {
      for (const [id, text] of this.#hmacOf) {
        if (image.delegationToken(id) !== undefined) continue;
        this.#hmacOf.delete(id);
        this.#idOf.delete(text);
      }
    }
    for (const { tokenId } of image.delegationTokens()) {
      if (this.#hmacOf.has(tokenId)) continue;
      const text = toBase64(this.hmacOf(tokenId));
      this.#hmacOf.set(tokenId, text);
      this.#idOf.set(text, tokenId);
    }
  }
}
