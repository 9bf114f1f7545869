// PLAIN: a name and a password, as they are (RFC 4616).
//
//   client: authorization id NUL user NUL password        ──>  known, or refused
//
// Whoever can read the connection can read the password: for listeners behind TLS, or a loopback.

import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { type Exchange, known, refused, type Step } from "./mechanism.ts";

/** Whether this is the user's password. Takes as long for users that do not exist. */
export type PasswordCheck = (user: string, password: string) => Promise<boolean>;

/** Begins an exchange in which `check` decides. */
export function plainExchange(check: PasswordCheck): Exchange {
  return { take: (said) => decide(said, check) };
}

async function decide(said: Uint8Array, check: PasswordCheck): Promise<Step> {
  const tokens = fromUtf8(said).split("\0");
  const [authorizationId, user, password] = tokens;
  if (
    authorizationId === undefined || user === undefined || password === undefined ||
    tokens.length > 3
  ) {
    return refused(`Invalid SASL/PLAIN response: expected 3 tokens, got ${tokens.length}`);
  }
  if (user === "") return refused("Authentication failed: username not specified");
  if (password === "") return refused("Authentication failed: password not specified");
  if (!await check(user, password)) {
    const told = "Authentication failed: Invalid username or password";
    return refused(told, `wrong password, or no such user: ${user}`);
  }
  if (authorizationId !== "" && authorizationId !== user) {
    return refused(
      "Authentication failed: Client requested an authorization id that is different from username",
    );
  }
  return known(user, utf8(""));
}
