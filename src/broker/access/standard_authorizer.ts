// Who may do what, by the access rules in the metadata: Kafka's StandardAuthorizer.
//
//   super user             everything, whatever the rules say
//   a rule is about it     what the rules say (src/cluster/access/acls.ts)
//   none is                allow.everyone.if.no.acl.found
//
// Invariant: nothing is remembered from one question to the next, so that a rule holds, or does not
// hold any more, for the first question after it was made or removed.

import { javaHost } from "../../base/address.ts";
import { AclResourceType, type MetadataImage } from "../../cluster/mod.ts";
import {
  type AclResourceType as TypeName,
  type Allowed,
  type Authorizer,
  type Operation,
  operationCodes,
} from "./authorizer.ts";
import type { AuthorizerTerms } from "../config/authorizer_terms.ts";
import { type Principal, principalText, type Session } from "../network/session.ts";

const typeCodes: Readonly<Record<TypeName, number>> = {
  topic: AclResourceType.TOPIC,
  group: AclResourceType.GROUP,
  cluster: AclResourceType.CLUSTER,
  transactionalId: AclResourceType.TRANSACTIONAL_ID,
  delegationToken: AclResourceType.DELEGATION_TOKEN,
  user: AclResourceType.USER,
};

/** A resource that is asked about in place of any: who may do it to all may do it to this one. */
const anyName = "hardcode";

/** Decides by the rules that are in force. */
export class StandardAuthorizer implements Authorizer {
  readonly #terms: AuthorizerTerms;
  readonly #acls: () => MetadataImage["acls"];
  /** The questions of each client, none of their answers. */
  readonly #asking = new WeakMap<Principal, { readonly host: string; readonly allowed: Allowed }>();

  constructor(terms: AuthorizerTerms, acls: () => MetadataImage["acls"]) {
    this.#terms = terms;
    this.#acls = acls;
  }

  allowed({ principal, remote: { host } }: Pick<Session, "principal" | "remote">): Allowed {
    let asking = this.#asking.get(principal);
    if (asking?.host !== host) {
      asking = { host, allowed: this.#allowed(principalText(principal), javaHost(host)) };
      this.#asking.set(principal, asking);
    }
    return asking.allowed;
  }

  #allowed(principal: string, host: string): Allowed {
    const { superUsers, isOpenWithoutRules } = this.#terms;
    if (superUsers.has(principal)) return { may: () => true, mayOnSome: () => true };
    const question = (operation: Operation, type: TypeName) => ({
      principal,
      host,
      resourceType: typeCodes[type],
      operation: operationCodes[operation],
    });
    const may: Allowed["may"] = (operation, { type, name }) => {
      const verdict = this.#acls().verdict(name, question(operation, type));
      return verdict === "unruled" ? isOpenWithoutRules : verdict === "allowed";
    };
    return {
      may,
      mayOnSome: (operation, type) =>
        may(operation, { type, name: anyName }) ||
        this.#acls().allowsSome(question(operation, type)),
    };
  }
}
