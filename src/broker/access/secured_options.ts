// What a program says of the security of its broker, as Kafka's configuration and as what its
// metadata is to hold.
//
//   tls, users   >  the protocol of the listener: SSL, SASL_PLAINTEXT or SASL_SSL
//   users        >  SCRAM credentials, with which PLAIN is checked as well
//   acls         >  access rules, and Kafka's StandardAuthorizer, which heeds them
//
// Invariant: no password and no key is in what is thrown.

import { isLoopback, javaHost } from "../../base/address.ts";
import { UsageFault } from "../../base/faults.ts";
import { entryOf } from "../../base/items.ts";
import { checkOptions, show } from "../../base/options.ts";
import { certificatesIn, privateKeyIn } from "../../base/pem.ts";
import {
  type Acl,
  AclOperation as kafkaOperations,
  AclResourceType,
  clusterName,
  PatternType,
  PermissionType,
  wildcard,
} from "../../cluster/access/acls.ts";
import { operationCodes, operationsOf } from "./authorizer.ts";
import { standardAuthorizer } from "../config/authorizer_terms.ts";
import type { GivenAccess } from "./given_access.ts";

/** What a broker proves itself by, and whose certificates it takes. Texts are PEM. */
export interface BrokerTlsOptions {
  /** The certificate of the broker's name, and those that it is signed by. */
  readonly cert: string;
  /** The private key of `cert`. */
  readonly key: string;
  /** The password of `key`, where it is encrypted. */
  readonly keyPassword?: string;
  /** The certificates that those of clients are signed by. */
  readonly ca?: string;
  /** Whether clients have to show a certificate; the default is "required" with a `ca`. */
  readonly clientAuth?: "none" | "requested" | "required";
}

/** What can be done to a resource, in access rules. */
export type AclOperation =
  | "all"
  | "read"
  | "write"
  | "create"
  | "delete"
  | "alter"
  | "describe"
  | "clusterAction"
  | "describeConfigs"
  | "alterConfigs"
  | "idempotentWrite";

/** Access rules (ACLs): one for each operation on each resource that is named. */
export interface BrokerAcl {
  /** Who may, such as `User:alice`; `User:*` is everybody. Either this or `deny`. */
  readonly allow?: string;
  /** Who may not, whatever else allows it. */
  readonly deny?: string;
  /** What: of several, those that there are of a resource. */
  readonly to: AclOperation | readonly AclOperation[];
  /** The topic that it is about; "*" is all of them. */
  readonly topic?: string;
  /** The group, as above. */
  readonly group?: string;
  /** The transactional id, as above. */
  readonly transactionalId?: string;
  /** Whether it is about the cluster. */
  readonly cluster?: boolean;
  /** Whether all are meant whose names begin so. */
  readonly prefixed?: boolean;
  /** The IP address that it is about; the default is any. */
  readonly host?: string;
}

/** What may be said of a broker's security. */
export interface SecurityOptions {
  readonly tls?: BrokerTlsOptions;
  readonly users?: Readonly<Record<string, string>>;
  readonly acls?: readonly BrokerAcl[];
}

/** The same as a broker takes it. */
export interface Secured {
  /** Kafka's keys. */
  readonly config: Readonly<Record<string, string>>;
  readonly access: GivenAccess;
}

const call = "Broker.start";

/** Throws UsageFault for what cannot be. */
export function securedOptions(
  { tls, users, acls }: SecurityOptions,
  { host, config }: {
    readonly host: string;
    /** What else the program configures. */
    readonly config: Readonly<Record<string, unknown>>;
  },
): Secured {
  const protocol = `${users ? "SASL_" : ""}${tls ? "SSL" : users ? "PLAINTEXT" : ""}`;
  if (protocol !== "" && config["listeners"] !== undefined) {
    throw new UsageFault(
      `${call}: ${
        tls ? "tls" : "users"
      } makes the listener ${protocol}, and config has listeners: ` +
        "leave one of them out",
    );
  }
  // PLAIN sends the password as it is.
  const plain = tls !== undefined || isLoopback(host) ? ",PLAIN" : "";
  return {
    config: {
      ...protocol !== "" && { listeners: `${protocol}://:0` },
      ...tls !== undefined && tlsKeys(tls),
      ...users && { "sasl.enabled.mechanisms": `SCRAM-SHA-512,SCRAM-SHA-256${plain}` },
      ...acls && { "authorizer.class.name": standardAuthorizer },
    },
    access: { users: new Map(Object.entries(checkUsers(users ?? {}))), acls: rulesOf(acls ?? []) },
  };
}

function tlsKeys(given: BrokerTlsOptions): Record<string, string> {
  const about = `${call}: tls`;
  const { cert, key, keyPassword, ca, clientAuth } = checkOptions(about, given, {
    cert: "text",
    key: "text",
    keyPassword: "text",
    ca: "text",
    clientAuth: ["none", "requested", "required"],
  });
  if (!cert || !key) throw new UsageFault(`${about} needs cert and key, as PEM text`);
  if (certificatesIn(cert) === undefined) throw new UsageFault(notPem("cert", "certificate"));
  if (privateKeyIn(key) === undefined) throw new UsageFault(notPem("key", "private key"));
  if (ca !== undefined && certificatesIn(ca) === undefined) {
    throw new UsageFault(notPem("ca", "certificate"));
  }
  if (ca === undefined && clientAuth !== undefined && clientAuth !== "none") {
    throw new UsageFault(`${about}: clientAuth "${clientAuth}" needs ca, to know clients by`);
  }
  return {
    "ssl.keystore.certificate.chain": cert,
    "ssl.keystore.key": key,
    ...keyPassword !== undefined && { "ssl.key.password": keyPassword },
    ...ca !== undefined && { "ssl.truststore.certificates": ca },
    "ssl.client.auth": clientAuth ?? (ca === undefined ? "none" : "required"),
  };
}

function notPem(option: string, what: string): string {
  return `${call}: tls.${option} holds no ${what} as PEM text (-----BEGIN ...): give the text, ` +
    "not the file's name";
}

function checkUsers(users: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, password] of Object.entries(users)) {
    if (name === "") throw new UsageFault(`${call}: users: a user needs a name`);
    if (typeof password === "string" && password !== "") continue;
    const what = typeof password === "string" ? "empty" : typeof password;
    throw new UsageFault(`${call}: users: the password of ${name} must be text, it is ${what}`);
  }
  return users;
}

function rulesOf(acls: readonly BrokerAcl[]): Acl[] {
  return acls.flatMap((given, i) => {
    const about = `${call}: acls[${i}]`;
    const rule = checkOptions(about, given, {
      allow: "text",
      deny: "text",
      to: "any",
      topic: "text",
      group: "text",
      transactionalId: "text",
      cluster: "flag",
      prefixed: "flag",
      host: "text",
    });
    return expanded(rule, about);
  });
}

const operations: Readonly<Record<AclOperation, number>> = {
  all: kafkaOperations.ALL,
  read: operationCodes.read,
  write: operationCodes.write,
  create: operationCodes.create,
  delete: operationCodes.delete,
  alter: operationCodes.alter,
  describe: operationCodes.describe,
  clusterAction: operationCodes.clusterAction,
  describeConfigs: operationCodes.describeConfigs,
  alterConfigs: operationCodes.alterConfigs,
  idempotentWrite: operationCodes.idempotentWrite,
};

const resourceTypes = {
  topic: AclResourceType.TOPIC,
  group: AclResourceType.GROUP,
  transactionalId: AclResourceType.TRANSACTIONAL_ID,
  cluster: AclResourceType.CLUSTER,
} as const;

/** One rule for each operation on each resource. */
function expanded(rule: BrokerAcl, about: string): Acl[] {
  const principal = principalOf(rule, about);
  const asked = operationsIn(rule, about);
  const types = (["topic", "group", "transactionalId", "cluster"] as const)
    .filter((type) => rule[type] !== undefined && rule[type] !== false);
  if (types.length === 0) {
    throw new UsageFault(`${about} needs topic, group, transactionalId or cluster: true`);
  }
  return types.flatMap((type) => {
    const there: readonly string[] = ["all", ...operationsOf[type]];
    const fitting = asked.filter((operation) => there.includes(operation));
    if (fitting.length === 0) {
      throw new UsageFault(
        `${about}: there is no ${asked.join(", ")} on a ${type}: there are ` +
          there.join(", "),
      );
    }
    const isCluster = type === "cluster";
    const isPrefixed = rule.prefixed === true && !isCluster;
    return fitting.map((operation): Acl => ({
      resourceType: resourceTypes[type],
      resourceName: isCluster ? clusterName : rule[type] ?? wildcard,
      patternType: isPrefixed ? PatternType.PREFIXED : PatternType.LITERAL,
      principal,
      host: rule.host === undefined ? wildcard : javaHost(rule.host),
      operation: operations[operation],
      permissionType: rule.deny === undefined ? PermissionType.ALLOW : PermissionType.DENY,
    }));
  });
}

function principalOf({ allow, deny }: BrokerAcl, about: string): string {
  if ((allow === undefined) === (deny === undefined)) {
    throw new UsageFault(`${about} needs allow or deny, one of the two: who may, or who may not`);
  }
  const principal = allow ?? deny ?? "";
  if (/^[^:]+:./s.test(principal)) return principal;
  throw new UsageFault(
    `${about}: a principal is TYPE:NAME, such as User:alice, not ${show(principal)}`,
  );
}

function operationsIn({ to }: BrokerAcl, about: string): readonly AclOperation[] {
  const asked = typeof to === "string" ? [to] : to;
  if (!Array.isArray(asked) || asked.length === 0) {
    throw new UsageFault(`${about} needs to, an operation or a list of them, not ${show(to)}`);
  }
  const strange = asked.find((each) => entryOf(operations, String(each)) === undefined);
  if (strange === undefined) return asked;
  const known = Object.keys(operations).join(", ");
  throw new UsageFault(`${about}: there is no operation ${show(strange)}: to takes ${known}`);
}
