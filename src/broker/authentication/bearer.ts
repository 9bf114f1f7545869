// OAUTHBEARER: a token that somebody else has made says who the client is (RFC 7628, KIP-255).
//
//   client: n,[a=id],^A auth=Bearer TOKEN ^A [key=value ^A ...] ^A   ──>  known
//                           {"status":"invalid_token"} <──┘  client: ^A ──> refused
//
// ^A is the byte 01. Who is told that its token is not good gets one more turn, to say that it has
// understood; whatever it says is refused.
// Invariant: a token is in no message, and what was wrong with it in none for the client.

import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { challenge, type Exchange, known, refused, type Step } from "./mechanism.ts";

/** Whom a good token names, and for how much longer. */
export interface CheckedToken {
  readonly user: string;
  readonly lifetimeMs: number;
}

/** Why a token is not good. */
export interface TokenProblem {
  /** RFC 6750's word for it. */
  readonly status: "invalid_token" | "insufficient_scope";
  /** What it lacks. */
  readonly scope?: string;
  /** For the operator. */
  readonly reason: string;
}

/** Whether a token is good. */
export type TokenCheck = (token: string) => Promise<CheckedToken | TokenProblem>;

const separator = "\x01";
const messageForm = new RegExp(
  "^n,(?:a=((?:[\\x01-\\x2b\\x2d-\\x3c\\x3e-\\x7f]|=2C|=3D)+))?," +
    "\\x01((?:[A-Za-z]+=[\\x21-\\x7e \\t\\r\\n]+\\x01)*)\\x01$",
);
const authForm = /^bearer +([-_~+/.a-zA-Z0-9]+=*)$/i;

/** Begins an exchange in which `check` decides. */
export function bearerExchange(check: TokenCheck): Exchange {
  let problem: { readonly told: string; readonly reason: string } | undefined;
  return {
    async take(said) {
      if (problem !== undefined) return refused(problem.told, problem.reason);
      const parsed = parse(fromUtf8(said));
      if (parsed === undefined) {
        return refused(
          "Authentication failed during authentication due to invalid credentials with SASL " +
            "mechanism OAUTHBEARER",
          "the client's message is malformed",
        );
      }
      const checked = await check(parsed.token);
      if ("user" in checked) return decideName(parsed.authorizationId, checked);
      const told = problemText(checked);
      problem = { told, reason: checked.reason };
      return challenge(utf8(told));
    },
  };
}

function decideName(authorizationId: string | undefined, { user, lifetimeMs }: CheckedToken): Step {
  if (authorizationId !== undefined && authorizationId !== user) {
    return refused(
      `Authentication failed: Client requested an authorization id (${authorizationId}) that is ` +
        `different from the token's principal name (${user})`,
    );
  }
  return known(user, utf8(""), { lifetimeMs });
}

/** The token, and whom the client wants to be; undefined: it is no such message. */
function parse(text: string): { token: string; authorizationId: string | undefined } | undefined {
  const [, name, pairs] = messageForm.exec(text) ?? [];
  const auth = pairs?.split(separator).filter((pair) => pair.startsWith("auth="));
  if (auth?.length !== 1) return undefined;
  const [, token] = authForm.exec(auth[0]?.slice("auth=".length) ?? "") ?? [];
  const authorizationId = name?.replaceAll("=2C", ",").replaceAll("=3D", "=");
  return token === undefined ? undefined : { token, authorizationId };
}

function problemText({ status, scope }: TokenProblem): string {
  return JSON.stringify({ status, scope });
}
