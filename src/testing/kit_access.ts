// How the kit comes into a broker that asks who its clients are: by a listener of its own, on the
// loopback address, where a user that is made up for this broker alone may do everything.
//
//   clients ──TLS, users, rules──> the broker <──PLAIN, a password of chance── the kit
//
// Invariant: what a test has said of TLS, users and rules holds for every client but the kit's own,
// which no test has to make room for in it.

import type { PasswordOptions } from "../client/mod.ts";
import type { BrokerOptions, OwnListener } from "../library/start.ts";
import type { Random } from "../runtime/ports.ts";

const listenerName = "KIT";
const secretBytes = 18;

/** The kit's way into one broker. */
export interface KitAccess {
  readonly own: OwnListener;
  readonly sasl: PasswordOptions;
}

/** Undefined for a broker that takes every client. */
export function kitAccess(
  { tls, users, acls }: Pick<BrokerOptions, "tls" | "users" | "acls">,
  random: Random,
): KitAccess | undefined {
  if (tls === undefined && users === undefined && acls === undefined) return undefined;
  const [username, password] = [`kit-${secretOf(random)}`, secretOf(random)];
  const keys = `listener.name.${listenerName.toLowerCase()}`;
  return {
    own: {
      listener: `${listenerName}://127.0.0.1:0`,
      protocol: `${listenerName}:SASL_PLAINTEXT`,
      superUser: `User:${username}`,
      config: {
        [`${keys}.sasl.enabled.mechanisms`]: "PLAIN",
        [`${keys}.plain.sasl.jaas.config`]:
          "org.apache.kafka.common.security.plain.PlainLoginModule required " +
          `user_${username}="${password}";`,
      },
    },
    sasl: { mechanism: "PLAIN", username, password },
  };
}

function secretOf(random: Random): string {
  return Array.from(random.bytes(secretBytes), (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
