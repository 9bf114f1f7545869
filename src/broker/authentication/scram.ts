// SCRAM: both sides prove that they know the password, and neither sends it (RFC 5802, RFC 7677).
//
//   client: n,,n=user,r=C        ──>  r=C S,s=salt,i=iterations
//   client: c=biws,r=C S,p=proof ──>  v=server signature              known
//                                └──> refused
//
//   auth message     = client first (bare) , server first , client final (without proof)
//   client key       = proof XOR HMAC(stored key, auth message);  stored key = H(client key)
//   server signature = HMAC(server key, auth message)
//
// A user that does not exist is asked for its proof like any other, by a salt that is always the
// same, and only then refused: what a name is worth cannot be learned from the answers.
// A delegation token logs in like a user: its id is the name, and it stands for its owner (KIP-48).
// Differs from Kafka: a user that does not exist is refused at the end of the SCRAM exchange,
// exactly as a wrong password is; Kafka refuses it at its first message.

import { fromBase64, toBase64 } from "../../base/base64.ts";
import { fromUtf8, secretsEqual, utf8 } from "../../base/bytes.ts";
import type { DigestAlgorithm, Digests } from "../../runtime/ports.ts";
import { challenge, type Exchange, known, refused, type Step } from "./mechanism.ts";

/** What a user's password is checked against. */
export interface StoredScram {
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly iterations: number;
}

/** The same of a delegation token: there is one where it has an owner. */
export interface TokenCredential {
  readonly stored: StoredScram;
  readonly owner?: string;
  readonly lifetimeMs?: number;
}

export interface ScramOptions {
  readonly algorithm: DigestAlgorithm;
  /** As the client knows it: SCRAM-SHA-256. */
  readonly name: string;
  readonly digests: Digests;
  readonly credential: (user: string) => StoredScram | undefined;
  /** Of a delegation token (KIP-48); undefined where they are turned off. */
  readonly token: (id: string) => Promise<TokenCredential | undefined>;
  /** In place of the credential of a user that there is not: nobody can prove to know it. */
  readonly decoy: (user: string) => StoredScram;
  /** The server's part of the nonce: printable, without a comma, new each time. */
  readonly newNonce: () => string;
}

/** Whom a name stands for, and what is proved by. */
interface Claimed {
  /** Undefined: there is no such user or token. */
  readonly user: string | undefined;
  readonly stored: StoredScram;
  readonly lifetimeMs?: number;
  readonly isByToken: boolean;
}

/** What is remembered between the two messages. */
interface Asked {
  /** As the client has said it. */
  readonly name: string;
  readonly claimed: Claimed;
  readonly gs2Header: string;
  readonly serverNonce: string;
  readonly clientFirst: string;
  readonly serverFirst: string;
}

/** An attribute's value may have anything but a comma. */
const clientFirstForm = /^(([ny]),(?:a=([^,]*))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)((?:,.*)?))$/;
const clientFinalForm = /^(c=([^,]*),r=([^,]*)(?:,.*)?),p=([^,]*)$/;
const nonceLengthMax = 1_024;

/** Begins an exchange. */
export function scramExchange(options: ScramOptions): Exchange {
  let asked: Asked | undefined;
  return {
    async take(said) {
      if (asked !== undefined) return decideFinal(options, asked, fromUtf8(said));
      const first = await decideFirst(options, fromUtf8(said));
      if ("type" in first) return first;
      asked = first;
      return challenge(utf8(first.serverFirst));
    },
  };
}

async function decideFirst(options: ScramOptions, text: string): Promise<Asked | Step> {
  if (text.startsWith("p=")) {
    const why = "the client asks for channel binding, which is not offered";
    return refusedBy(options, why);
  }
  const match = clientFirstForm.exec(text);
  if (match === null) return refusedBy(options, "the first message of the client is malformed");
  const [
    ,
    gs2Header = "",
    ,
    authorizationId,
    clientFirst = "",
    saslName = "",
    nonce = "",
    more = "",
  ] = match;
  const name = unescaped(saslName);
  if (name === undefined) return refusedBy(options, "the user's name is malformed");
  if (nonce.length > nonceLengthMax) return refusedBy(options, "the client's nonce is too long");
  if (authorizationId !== undefined && unescaped(authorizationId) !== name) {
    return refused(
      "Authentication failed: Client requested an authorization id that is different from username",
    );
  }
  const claimed = /,tokenauth=true(?:,|$)/i.test(more)
    ? await claimedByToken(options, name)
    : claimedByPassword(options, name);
  if (claimed === undefined) {
    return refusedBy(options, "the client logs in by a delegation token: they are turned off here");
  }
  const { salt, iterations } = claimed.stored;
  const serverNonce = options.newNonce();
  const serverFirst = `r=${nonce}${serverNonce},s=${toBase64(salt)},i=${iterations}`;
  return { name, claimed, gs2Header, serverNonce, clientFirst, serverFirst };
}

function claimedByPassword(options: ScramOptions, name: string): Claimed {
  const credential = options.credential(name);
  // Made for who exists, too: it takes as long.
  const decoy = options.decoy(name);
  const user = credential === undefined ? undefined : name;
  return { user, stored: credential ?? decoy, isByToken: false };
}

async function claimedByToken(options: ScramOptions, id: string): Promise<Claimed | undefined> {
  const { stored, owner, lifetimeMs } = await options.token(id) ?? {};
  return stored && { user: owner, stored, lifetimeMs, isByToken: true };
}

function decideFinal(options: ScramOptions, asked: Asked, text: string): Step {
  const match = clientFinalForm.exec(text);
  if (match === null) return refusedBy(options, "the last message of the client is malformed");
  const [, withoutProof = "", binding = "", nonce, proofText = ""] = match;
  const { name, claimed: { user, stored, lifetimeMs, isByToken }, clientFirst, serverFirst } =
    asked;
  // Old librdkafkas repeat their own part of the nonce. What counts is that ours is there.
  if (!nonce?.endsWith(asked.serverNonce) || textOf(binding) !== asked.gs2Header) {
    return refusedBy(options, `the last message of ${name} does not belong to the first`);
  }
  const { algorithm, digests } = options;
  const bytes = utf8(`${clientFirst},${serverFirst},${withoutProof}`);
  const signature = digests.hmac(algorithm, { key: stored.storedKey, bytes });
  const proof = fromBase64(proofText) ?? new Uint8Array();
  const clientKey = signature.map((byte, i) => byte ^ (proof[i] ?? 0));
  const isProven = proof.length === signature.length &&
    secretsEqual(digests.hash(algorithm, clientKey), stored.storedKey);
  if (!isProven || user === undefined) {
    const what = isByToken ? "HMAC, or no delegation token" : "password, or no such user";
    return refusedBy(options, `wrong ${what}: ${name}`);
  }
  const verifier = digests.hmac(algorithm, { key: stored.serverKey, bytes });
  return known(user, utf8(`v=${toBase64(verifier)}`), { lifetimeMs, isByToken });
}

function refusedBy({ name }: ScramOptions, reason: string): Step {
  const told = "Authentication failed during authentication due to invalid credentials with SASL " +
    `mechanism ${name}`;
  return refused(told, reason);
}

/** A saslname: =2C is a comma, =3D an equals sign, and another = is wrong. */
function unescaped(name: string): string | undefined {
  if (/=(?!2C|3D)/.test(name)) return undefined;
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

/** The text that stands in base64; undefined when it is none. */
function textOf(base64: string): string | undefined {
  const bytes = fromBase64(base64);
  return bytes && fromUtf8(bytes);
}
