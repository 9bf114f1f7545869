// By which terms access is checked, and what of them cannot be: found out at the start.

import type { BrokerConfig } from "./in_force.ts";

/** Kafka's own authorizer, which is what there is here. */
export const standardAuthorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

/** What is given to an authorizer besides the access rules. */
export interface AuthorizerTerms {
  /** As texts such as "User:admin". */
  readonly superUsers: ReadonlySet<string>;
  /** Whether everybody may do everything to what no rule is about. */
  readonly isOpenWithoutRules: boolean;
}

/** Undefined where everybody may do everything. */
export function authorizerTermsOf(config: BrokerConfig): AuthorizerTerms | undefined {
  if (config.get("authorizer.class.name") === "") return undefined;
  return {
    superUsers: new Set(superUsersOf(config)),
    isOpenWithoutRules: config.get("allow.everyone.if.no.acl.found"),
  };
}

function superUsersOf(config: BrokerConfig): string[] {
  const texts = config.get("super.users").split(";").map((text) => text.trim());
  return texts.filter((text) => text !== "");
}

/** What is wrong with how access is to be checked. */
export function authorizerProblems(config: BrokerConfig): string[] {
  const name = config.get("authorizer.class.name");
  if (name !== "" && name !== standardAuthorizer) {
    return [
      `authorizer.class.name: ${name} cannot be loaded, as no Java class can: ` +
      `set ${standardAuthorizer}, whose rules are understood here, or nothing`,
    ];
  }
  const strange = superUsersOf(config).find((text) => !/^[^:]+:./s.test(text));
  return strange === undefined ? [] : [
    `super.users: "${strange}" is not TYPE:NAME, such as User:admin; semicolons lie between them`,
  ];
}
