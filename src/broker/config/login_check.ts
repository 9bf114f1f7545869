// Whether the listeners that ask for a login can let anybody in: found out at the start, since a
// client would only be told that it is not let in.

import { parseJaas } from "../../base/jaas.ts";
import { parseRules } from "../authentication/principal_rules.ts";
import { tokenProblem } from "../authentication/token_terms.ts";
import type { BrokerConfig } from "./in_force.ts";

/** What a listener may let clients log in by. */
export const offeredMechanisms: readonly string[] = [
  "PLAIN",
  "SCRAM-SHA-256",
  "SCRAM-SHA-512",
  "OAUTHBEARER",
];

/** What is wrong with the logins of `config`'s listeners. No password is in it. */
export function loginProblems(config: BrokerConfig): string[] {
  return config.listeners.flatMap(({ name: listener }) => {
    const rules = parseRules(config.ofListener("ssl.principal.mapping.rules", { listener }));
    if ("problem" in rules) return [`ssl.principal.mapping.rules: ${rules.problem}`];
    if (!config.protocolOf(listener).startsWith("SASL_")) return [];
    const mechanisms = config.ofListener("sasl.enabled.mechanisms", { listener });
    const key = "sasl.enabled.mechanisms";
    if (mechanisms.length === 0) {
      return [`${key}: listener ${listener} has none: name one of ${offeredMechanisms.join(", ")}`];
    }
    const strange = mechanisms.find((mechanism) => !offeredMechanisms.includes(mechanism));
    if (strange !== undefined) {
      return [
        `${key}: ${strange} is not offered: listener ${listener} may have ` +
        `${offeredMechanisms.join(", ")}`,
      ];
    }
    const problems = mechanisms.includes("PLAIN") ? plainProblems(config, listener) : [];
    const problem = mechanisms.includes("OAUTHBEARER") ? tokenProblem(config, listener) : undefined;
    return problem === undefined ? problems : [...problems, problem];
  });
}

function plainProblems(config: BrokerConfig, listener: string): string[] {
  const text = config.ofListener("sasl.jaas.config", { listener, mechanism: "PLAIN" });
  if (text === null) return [];
  const key = `listener.name.${listener.toLowerCase()}.plain.sasl.jaas.config`;
  const parsed = parseJaas(text);
  if ("problem" in parsed) return [`${key}: ${parsed.problem}`];
  const { module, options } = parsed.entry;
  if (module !== "PlainLoginModule") {
    return [`${key}: PLAIN takes its users from a PlainLoginModule, not from a ${module}`];
  }
  const hasUsers = [...options.keys()].some((name) => /^user_./.test(name));
  return hasUsers ? [] : [`${key}: it names no user: add user_NAME="PASSWORD"`];
}
