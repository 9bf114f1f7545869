// Tokens that an identity provider has signed (JWT, RFC 7519), checked by its public keys (JWKS,
// RFC 7517). Loaded when the first of them comes, and with it the library that knows how.
//
// Invariant: only algorithms with a public key are taken: a token that names none, or one with a
// shared secret, is refused whatever keys there are.

import {
  createLocalJWKSet,
  type CryptoKey,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from "jose";
import { messageOf, UsageFault } from "../../base/faults.ts";
import { entryOf } from "../../base/items.ts";
import type { CheckedToken, TokenProblem } from "./bearer.ts";
import { lifetimeOf, type TokenRules } from "./token_rules.ts";

const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** A token without a key's id is tried with so many keys. */
const triesMax = 16;
/** Of a claim that the log shows. */
const shownLength = 200;

/** The public keys of an identity provider. */
export type PublicKeys = ReturnType<typeof createLocalJWKSet>;

/** Reads a JWKS. Throws UsageFault when the text is none. */
export function publicKeysOf(text: string): PublicKeys {
  try {
    return createLocalJWKSet(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof errors.JOSEError)) throw error;
    throw new UsageFault("it is no set of JSON Web Keys");
  }
}

/** What came of it; `isKeyUnknown`: it may be good by keys that are newer than these. */
export type SignedCheck = CheckedToken | TokenProblem & { readonly isKeyUnknown?: boolean };

export interface SignedTerms {
  readonly keys: PublicKeys;
  readonly rules: TokenRules;
  readonly nowMs: number;
}

/** Checks a signed token. */
export async function checkSigned(token: string, terms: SignedTerms): Promise<SignedCheck> {
  try {
    return checkClaims(await verify(token, terms), terms);
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    const isKeyUnknown = error instanceof errors.JWKSNoMatchingKey;
    return { status: "invalid_token", reason: reasonOf(error, terms), isKeyUnknown };
  }
}

async function verify(token: string, { keys, rules, nowMs }: SignedTerms): Promise<JWTPayload> {
  const options = {
    algorithms,
    issuer: rules.issuer,
    audience: rules.audiences.length > 0 ? [...rules.audiences] : undefined,
    clockTolerance: rules.clockSkewSeconds,
    currentDate: new Date(nowMs),
    requiredClaims: ["exp", "iat", rules.subjectClaim],
  };
  try {
    return await verifyBy(keys, token, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tries = 0;
    for await (const key of error) {
      if (++tries > triesMax) break;
      try {
        return await verifyBy(key, token, options);
      } catch (failure) {
        const isOther = failure instanceof errors.JWSSignatureVerificationFailed ||
          failure instanceof errors.JWKInvalid;
        if (!isOther) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Throws JWKInvalid for a key that is none, or too short: runtimes have words of their own. */
async function verifyBy(
  key: PublicKeys | CryptoKey,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    const { payload } = typeof key === "function"
      ? await jwtVerify(token, key, options)
      : await jwtVerify(token, key, options);
    return payload;
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
    throw new errors.JWKInvalid(messageOf(error), { cause: error });
  }
}

function checkClaims(
  claims: JWTPayload,
  { rules, nowMs }: SignedTerms,
): CheckedToken | TokenProblem {
  const invalid = (reason: string): TokenProblem => ({ status: "invalid_token", reason });
  const subject = entryOf(claims, rules.subjectClaim);
  if (typeof subject !== "string" || subject.trim() === "") {
    return invalid(`its claim ${rules.subjectClaim} names no user`);
  }
  const scope = entryOf<unknown>(claims, rules.scopeClaim);
  const scopes = Array.isArray(scope) ? scope : scope === undefined ? [] : [scope];
  if (!scopes.every((each) => typeof each === "string" && each.trim() !== "")) {
    return invalid(`its claim ${rules.scopeClaim} names no scopes`);
  }
  const skewMs = rules.clockSkewSeconds * 1_000;
  return {
    user: subject.trim(),
    lifetimeMs: lifetimeOf(claims.exp ?? 0, { nowMs, skewMs }),
  };
}

/** What was wrong, for the operator: no value of a claim but the issuer and the audience. */
function reasonOf(error: errors.JOSEError, { rules }: SignedTerms): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason, payload } = error;
    const value = String(entryOf<unknown>(payload, claim) ?? "").slice(0, shownLength);
    if (reason === "missing") return `it has no claim ${claim}`;
    if (claim === "nbf") return "it is not valid yet";
    if (claim === "iss") return `its issuer is ${value}, not ${rules.issuer}`;
    if (claim === "aud") return `its audience is ${value}, not ${rules.audiences.join(" or ")}`;
    return `its claim ${claim} is not as it should be`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is not good";
  if (error instanceof errors.JWKInvalid) {
    return `the key that it names cannot be used: ${error.message}`;
  }
  if (error instanceof errors.JWKSNoMatchingKey) return "none of the known keys has signed it";
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
    return "it is not signed, or in a way that is not accepted";
  }
  return "it is no token";
}
