// Tokens that nobody has signed (alg: none), as Kafka's unsecured login module makes them: who is
// let in by one says himself who he is. For development, and only where a listener asks for it.
//
//   base64url(header) . base64url(claims) .            the signature is empty
//
// Source: KIP-255, OAuthBearerUnsecuredValidatorCallbackHandler.

import { fromUtf8 } from "../../base/bytes.ts";
import { entryOf } from "../../base/items.ts";
import type { CheckedToken, TokenProblem } from "./bearer.ts";
import { lifetimeOf } from "./token_rules.ts";

/** What the login module's options ask for. */
export interface UnsecuredRules {
  readonly principalClaim: string;
  readonly scopeClaim: string;
  readonly requiredScopes: readonly string[];
  readonly clockSkewMs: number;
}

/** The rules that the options of a listener's login module set. */
export function unsecuredRulesOf(options: ReadonlyMap<string, string>): UnsecuredRules {
  const option = (name: string) => options.get(`unsecuredValidator${name}`)?.trim() ?? "";
  const skewMs = Number(option("AllowableClockSkewMs"));
  return {
    principalClaim: option("PrincipalClaimName") || "sub",
    scopeClaim: option("ScopeClaimName") || "scope",
    requiredScopes: option("RequiredScope").split(/\s+/).filter((each) => each !== ""),
    clockSkewMs: skewMs >= 0 ? skewMs : 0,
  };
}

/** Checks an unsigned token at the time `nowMs`. */
export function checkUnsecured(
  token: string,
  { rules, nowMs }: { readonly rules: UnsecuredRules; readonly nowMs: number },
): CheckedToken | TokenProblem {
  const invalid = (reason: string): TokenProblem => ({ status: "invalid_token", reason });
  const [header, claims, signature, ...more] = token.split(".");
  const [parsedHeader, parsed] = [objectOf(header), objectOf(claims)];
  if (parsedHeader === undefined || parsed === undefined || more.length > 0) {
    return invalid("it is no token");
  }
  if (parsedHeader["alg"] !== "none" || signature !== "") {
    return invalid("it is signed, and this listener takes unsigned tokens alone");
  }
  const claim = (name: string) => entryOf(parsed, name);
  const user = claim(rules.principalClaim);
  if (typeof user !== "string" || user === "") {
    return invalid(`it has no claim ${rules.principalClaim} that names a user`);
  }
  const [exp, iat, nbf] = ["exp", "iat", "nbf"].map(claim);
  if (typeof exp !== "number") return invalid("it has no time of expiry");
  if (exp * 1_000 <= nowMs - rules.clockSkewMs) return invalid("it has expired");
  for (const begin of [iat, nbf]) {
    if (begin === undefined) continue;
    if (typeof begin !== "number" || begin >= exp) return invalid("its times make no sense");
    if (begin * 1_000 > nowMs + rules.clockSkewMs) return invalid("it is not valid yet");
  }
  const scopes = scopesOf(claim(rules.scopeClaim));
  if (!rules.requiredScopes.every((scope) => scopes.includes(scope))) {
    const scope = rules.requiredScopes.join(" ");
    return { status: "insufficient_scope", scope, reason: `it lacks a scope of ${scope}` };
  }
  return { user, lifetimeMs: lifetimeOf(exp, { nowMs, skewMs: rules.clockSkewMs }) };
}

function scopesOf(claim: unknown): readonly unknown[] {
  if (typeof claim === "string") return claim.split(/\s+/);
  return Array.isArray(claim) ? claim : [];
}

/** The JSON object that is behind base64url; undefined when there is none. */
function objectOf(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined || !/^[\w-]+$/.test(text)) return undefined;
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const value = JSON.parse(fromUtf8(Uint8Array.from(binary, (each) => each.charCodeAt(0))));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return undefined;
    throw error;
  }
}
