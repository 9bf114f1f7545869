// Access rules (ACLs), and whether they let a client do something: Kafka's StandardAuthorizer.
//
//   resource type > literal:  name                > principal > host > which operations
//                 > prefixed: beginning of a name > principal > host > which operations
//
// A decision looks up the name, the name `*` and the prefixes of the name, there the principal and
// `User:*`, there the host and `*`: it never walks rules, however many there are.
// One that denies wins; READ, WRITE, DELETE and ALTER allow DESCRIBE as well, and ALTER_CONFIGS
// allows DESCRIBE_CONFIGS; what is denied is only what is named.
//
// Differs from Kafka: rules for every resource (the name `*`) also hold for names that begin with
// an asterisk. Kafka ignores them for such names, even those that deny.
//
// Invariant: `allows` and `denies` of a cell are the bits of its rules. What may be done to the
// table is image/replay.ts's alone; how requests change it is in acl_requests.ts.

import type { Uuid } from "../../base/ids.ts";
import { PrefixMap } from "./prefix_map.ts";

/** What a rule says, in Kafka's numbers. */
export interface Acl {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  /** Such as "User:alice"; "User:*" is everybody. */
  readonly principal: string;
  /** As Java writes an address; "*" is anywhere. */
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

export interface StoredAcl extends Acl {
  readonly id: Uuid;
}

/** Kafka's numbers of what can be told apart about rules. */
export const PatternType = { ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const;
export const PermissionType = { ANY: 1, DENY: 2, ALLOW: 3 } as const;
export const AclResourceType = {
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const;
export const AclOperation = {
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
} as const;

/** The one resource of type cluster, by Kafka's name for it. */
export const clusterName = "kafka-cluster";

/** Stands for every resource, principal or host in a rule. */
export const wildcard = "*";
const everybody = "User:*";

/** Who wants to do what, and where from. */
export interface AclQuestion {
  readonly principal: string;
  readonly host: string;
  readonly resourceType: number;
  readonly operation: number;
}

/** `unruled`: no rule is about the resource, whoever it is for. */
export type AclVerdict = "allowed" | "denied" | "unruled";

/** The rules of one pattern for one principal and host. */
interface Cell {
  readonly acls: Set<StoredAcl>;
  /** Bit n: operation n. */
  allows: number;
  denies: number;
}

type ByHost = Map<string, Cell>;
/** By principal. */
type Entries = Map<string, ByHost>;

/** The rules about one type of resource. */
interface TypeRules {
  readonly literal: Map<string, Entries>;
  readonly prefixed: PrefixMap<Entries>;
  /** All rules for a principal and a host, whatever name they are about. */
  readonly ofWhom: Map<string, Map<string, Set<StoredAcl>>>;
}

const { ALL, READ, WRITE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS } = AclOperation;

/** Of operations that there was none of when this was written, nobody asks. */
function bit(operation: number): number {
  return operation > 0 && operation < 31 ? 1 << operation : 0;
}

/** The operations of which one is enough to be allowed `operation`. */
function sufficient(operation: number): number {
  const own = bit(operation) | bit(ALL);
  if (operation === DESCRIBE) return own | bit(READ) | bit(WRITE) | bit(DELETE) | bit(ALTER);
  return operation === DESCRIBE_CONFIGS ? own | bit(ALTER_CONFIGS) : own;
}

/** All rules, found by what they are about. */
export class AclTable {
  readonly #byId = new Map<Uuid, StoredAcl>();
  readonly #byType = new Map<number, TypeRules>();

  get size(): number {
    return this.#byId.size;
  }

  /** In the order in which they came. */
  all(): Iterable<StoredAcl> {
    return this.#byId.values();
  }

  has(acl: Acl): boolean {
    const rules = this.#byType.get(acl.resourceType);
    const entries = rules && patterns(rules, acl.patternType)?.get(acl.resourceName);
    const cell = entries?.get(acl.principal)?.get(acl.host);
    return [...cell?.acls ?? []].some((each) =>
      each.operation === acl.operation && each.permissionType === acl.permissionType
    );
  }

  add(acl: StoredAcl): void {
    this.remove(acl.id);
    this.#byId.set(acl.id, acl);
    const rules = entry(this.#byType, acl.resourceType, newTypeRules);
    const byName = patterns(rules, acl.patternType);
    // Of a kind that there was not yet when this was written: kept, and without effect.
    if (byName === undefined) return;
    const entries = entriesUnder(byName, acl.resourceName);
    const cell = entry(entry(entries, acl.principal, newByHost), acl.host, newCell);
    cell.acls.add(acl);
    count(cell);
    const ofPrincipal = entry(rules.ofWhom, acl.principal, () => new Map());
    entry(ofPrincipal, acl.host, () => new Set<StoredAcl>()).add(acl);
  }

  /** One that is not there is no matter. */
  remove(id: Uuid): void {
    const acl = this.#byId.get(id);
    if (acl === undefined) return;
    this.#byId.delete(id);
    const rules = this.#byType.get(acl.resourceType);
    const byName = rules && patterns(rules, acl.patternType);
    if (rules === undefined || byName === undefined) return;
    const entries = byName.get(acl.resourceName)!;
    const byHost = entries.get(acl.principal)!;
    const cell = byHost.get(acl.host)!;
    cell.acls.delete(acl);
    count(cell);
    if (cell.acls.size === 0) byHost.delete(acl.host);
    if (byHost.size === 0) entries.delete(acl.principal);
    if (entries.size === 0) byName.delete(acl.resourceName);
    const ofPrincipal = rules.ofWhom.get(acl.principal)!;
    const those = ofPrincipal.get(acl.host)!;
    those.delete(acl);
    if (those.size === 0) ofPrincipal.delete(acl.host);
    if (ofPrincipal.size === 0) rules.ofWhom.delete(acl.principal);
  }

  /** What the rules say of doing it to the resource that is called `name`. */
  verdict(name: string, question: AclQuestion): AclVerdict {
    const rules = this.#byType.get(question.resourceType);
    if (rules === undefined) return "unruled";
    let found = said(rules.literal.get(name), question);
    if (name !== wildcard) found |= said(rules.literal.get(wildcard), question);
    for (let each = rules.prefixed.longestOf(name); each !== undefined; each = each.shorter) {
      found |= said(each.value, question);
    }
    if ((found & denied) !== 0) return "denied";
    if ((found & allowed) !== 0) return "allowed";
    return found === 0 ? "unruled" : "denied";
  }

  /**
   * Whether there may be a resource of the type to which it may be done: a rule allows it of which
   * nobody knows that another one takes all of it back. Operations that imply it do not count.
   */
  allowsSome(question: AclQuestion): boolean {
    const rules = this.#byType.get(question.resourceType);
    if (rules === undefined) return false;
    const deniedNames = new Set<string>();
    const deniedPrefixes = new Set<string>();
    const allowing: StoredAcl[] = [];
    let isAllAllowed = false;
    for (const acl of rulesFor(rules, question)) {
      const isAll = acl.patternType === PatternType.LITERAL && acl.resourceName === wildcard;
      if (acl.permissionType === PermissionType.DENY) {
        if (isAll) return false;
        const names = acl.patternType === PatternType.LITERAL ? deniedNames : deniedPrefixes;
        names.add(acl.resourceName);
      } else if (acl.permissionType === PermissionType.ALLOW) {
        if (isAll) isAllAllowed = true;
        else allowing.push(acl);
      }
    }
    return isAllAllowed ||
      allowing.some(({ patternType, resourceName }) =>
        !(patternType === PatternType.LITERAL && deniedNames.has(resourceName)) &&
        !beginnings(resourceName).some((beginning) => deniedPrefixes.has(beginning))
      );
  }
}

/** What rules say, together: that there are some, that they allow it, that they deny it. */
const [ruled, allowed, denied] = [1, 2, 4];

/** What the rules of one pattern say. */
function said(entries: Entries | undefined, { principal, host, operation }: AclQuestion): number {
  if (entries === undefined) return 0;
  const own = entries.get(principal);
  const every = entries.get(everybody);
  return ruled | saidFrom(own?.get(host), operation) | saidFrom(own?.get(wildcard), operation) |
    saidFrom(every?.get(host), operation) | saidFrom(every?.get(wildcard), operation);
}

function saidFrom(cell: Cell | undefined, operation: number): number {
  if (cell === undefined) return 0;
  const isAllowed = (cell.allows & sufficient(operation)) !== 0;
  const isDenied = (cell.denies & (bit(operation) | bit(ALL))) !== 0;
  return (isAllowed ? allowed : 0) | (isDenied ? denied : 0);
}

/** Those about the operation itself, or about all, for whoever asks. */
function* rulesFor(
  { ofWhom }: TypeRules,
  { principal, host, operation }: AclQuestion,
): Generator<StoredAcl> {
  for (const byHost of [ofWhom.get(principal), ofWhom.get(everybody)]) {
    for (const acls of [byHost?.get(host), byHost?.get(wildcard)]) {
      for (const acl of acls ?? []) {
        if (acl.operation === operation || acl.operation === ALL) yield acl;
      }
    }
  }
}

/** The text up to each of its characters. */
function beginnings(text: string): string[] {
  return Array.from({ length: text.length }, (_, i) => text.slice(0, i + 1));
}

type ByName = Map<string, Entries> | PrefixMap<Entries>;

function patterns(rules: TypeRules, patternType: number): ByName | undefined {
  if (patternType === PatternType.LITERAL) return rules.literal;
  return patternType === PatternType.PREFIXED ? rules.prefixed : undefined;
}

/** The entries under `name`, made where there are none yet. */
function entriesUnder(byName: ByName, name: string): Entries {
  if (!(byName instanceof PrefixMap)) return entry(byName, name, () => new Map());
  let entries = byName.get(name);
  if (entries === undefined) byName.add(name, entries = new Map());
  return entries;
}

function count(cell: Cell): void {
  cell.allows = cell.denies = 0;
  for (const { operation, permissionType } of cell.acls) {
    if (permissionType === PermissionType.ALLOW) cell.allows |= bit(operation);
    else cell.denies |= bit(operation);
  }
}

function newTypeRules(): TypeRules {
  return {
    literal: new Map(),
    prefixed: new PrefixMap(),
    ofWhom: new Map(),
  };
}

function newByHost(): ByHost {
  return new Map();
}

function newCell(): Cell {
  return { acls: new Set(), allows: 0, denies: 0 };
}

/** What is under `key`, made where nothing is yet. */
function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}
