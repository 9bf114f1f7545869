// An identity provider for tests: it has keys, signs tokens, shows its public keys, and gives
// tokens to programs that show their secret. The library that checks them does not make them, so
// that nothing is right only by agreeing with itself.
//
//   GET  /jwks    the public keys         POST /token    {"access_token": ...} for id and secret
//
// Invariant: after `close` nothing listens.

import { server } from "./certificates.ts";

type Claims = Readonly<Record<string, unknown>>;

/** How a token is unlike a good one. */
export interface TokenOddity {
  readonly header?: Claims;
  readonly key?: SigningKey;
}

export interface SigningKey {
  readonly id: string;
  readonly algorithm: "RS256" | "ES256";
  readonly pair: CryptoKeyPair;
}

const parameters = {
  RS256: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  ES256: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
} as const;

export const issuer = "https://issuer.test";
export const audience = "kafka";

/** A key to sign with. */
export async function newKey(
  id: string,
  algorithm: SigningKey["algorithm"] = "ES256",
): Promise<SigningKey> {
  const pair = await crypto.subtle.generateKey(parameters[algorithm], true, ["sign", "verify"]);
  return { id, algorithm, pair: pair as CryptoKeyPair };
}

/** The public keys as a JWKS. */
export async function jwksOf(keys: readonly SigningKey[]): Promise<string> {
  const exported = keys.map(async ({ id, algorithm, pair }) => ({
    ...await crypto.subtle.exportKey("jwk", pair.publicKey),
    kid: id,
    alg: algorithm,
    use: "sig",
    key_ops: undefined,
    ext: undefined,
  }));
  return JSON.stringify({ keys: await Promise.all(exported) });
}

/** Claims of a token that is good for five minutes; undefined ones are left out. */
export function goodClaims(changes: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1_000);
  return { iss: issuer, aud: audience, sub: "alice", iat: now, exp: now + 300, ...changes };
}

/** A token that `key` has signed. */
export async function tokenOf(
  key: SigningKey,
  claims: Claims = goodClaims(),
  header: Claims = {},
): Promise<string> {
  const head = { alg: key.algorithm, kid: key.id, typ: "JWT", ...header };
  const said = `${encoded(head)}.${encoded(claims)}`;
  const algorithm = parameters[key.algorithm];
  const bytes = new TextEncoder().encode(said);
  const signature = await crypto.subtle.sign(algorithm, key.pair.privateKey, bytes);
  return `${said}.${base64url(new Uint8Array(signature))}`;
}

/** A token that nobody has signed, as Kafka's login module makes them. */
export function unsignedToken(claims: Claims = goodClaims()): string {
  return `${encoded({ alg: "none" })}.${encoded(claims)}.`;
}

/** A token that is signed with a secret: here with what everybody can read. */
export async function tokenOfSecret(secret: string, header: Claims = {}): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const bytes = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  const said = `${encoded({ alg: "HS256", ...header })}.${encoded(goodClaims())}`;
  const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(said));
  return `${said}.${base64url(new Uint8Array(signature))}`;
}

function encoded(value: unknown): string {
  return base64url(new TextEncoder().encode(JSON.stringify(value)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
}

export class IdentityProvider implements AsyncDisposable {
  readonly url: string;
  /** What is asked for, in order. */
  readonly asked: string[] = [];
  keys: readonly SigningKey[];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(keys: readonly SigningKey[], isSecure: boolean) {
    this.keys = keys;
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    const identity = { key: server.key, cert: server.chain };
    const answer = (request: Request) => this.#answer(request);
    this.#server = isSecure
      ? Deno.serve({ ...options, ...identity }, answer)
      : Deno.serve(options, answer);
    this.url = `${isSecure ? "https" : "http"}://127.0.0.1:${this.#server.addr.port}`;
  }

  /** With one key. `isSecure`: behind TLS, with the certificate of certificates.ts. */
  static async start({ isSecure = false } = {}): Promise<IdentityProvider> {
    return new IdentityProvider([await newKey("first")], isSecure);
  }

  /** Signed by its newest key. */
  token(changes: Claims = {}, header: Claims = {}): Promise<string> {
    return tokenOf(this.keys.at(-1)!, goodClaims(changes), header);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    if (pathname === "/jwks") return new Response(await jwksOf(this.keys));
    if (pathname !== "/token") return new Response("", { status: 404 });
    const form = new URLSearchParams(await request.text());
    const isGranted = form.get("grant_type") === "client_credentials" &&
      request.headers.get("authorization") === `Basic ${btoa("program:its secret")}`;
    if (!isGranted) return new Response('{"error":"invalid_client"}', { status: 401 });
    const scope = form.get("scope") ?? undefined;
    const token = await this.token({ sub: "program", scope });
    return Response.json({ access_token: token, token_type: "Bearer", expires_in: 300 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
