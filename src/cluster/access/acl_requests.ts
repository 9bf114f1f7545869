// Requests about access rules: CreateAcls, DescribeAcls, DeleteAcls (KIP-140, KIP-290).
//
//   a filter's pattern type   literal, prefixed   rules of that kind, by their very name
//                             any                 both kinds, by their very name
//                             match               what holds for the named resource: its literal
//                                                 rules, those of `*`, prefixes that it begins with
//   its other parts           null or any         whatever the rule says
//
// Each rule or filter succeeds or fails by itself; a rule that is there already is made again
// without effect.
//
// Differs from Kafka: a new rule whose resource type, pattern type, operation or permission is ANY
// or unknown is refused by itself, with INVALID_REQUEST. Kafka fails the whole request, or closes
// the connection.
//
// Differs from Kafka: a rule whose principal is not TYPE:NAME is refused. Kafka stores it, and
// fails every request for which it looks at that rule.

import type { Uuid } from "../../base/ids.ts";
import type { Pieces } from "../../base/pieces.ts";
import type { CreateAcls } from "../../protocol/apis/30_create_acls.ts";
import type { DeleteAcls } from "../../protocol/apis/31_delete_acls.ts";
import type { DescribeAcls } from "../../protocol/apis/29_describe_acls.ts";
import { ErrorCode, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import {
  type Acl,
  AclOperation,
  AclResourceType,
  clusterName,
  PatternType,
  PermissionType,
  type StoredAcl,
  wildcard,
} from "./acls.ts";
import { recordsPerRequestMax } from "../topics/new_partitions.ts";
import type { MetadataImage } from "../image/image.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Decision } from "../home/store.ts";

type Creation = RequestOf<typeof CreateAcls>["creations"][number];
type Filter = RequestOf<typeof DeleteAcls>["filters"][number];
type FilterResult = ResponseInput<typeof DeleteAcls>["filterResults"][number];
type Described = ResponseInput<typeof DescribeAcls>;
type DescribedResource = Described["resources"][number];
type DescribedRule = DescribedResource["acls"][number];

/** To look at a rule takes as long as to look at so many bytes. */
const ruleWeight = 128;
const rulesPerPiece = 256;

const operationMax = Math.max(...Object.values(AclOperation));
const resourceTypeMax = Math.max(...Object.values(AclResourceType));

const done = { errorCode: ErrorCode.NONE, errorMessage: null };

/** Answers CreateAcls. */
export function* decideCreateAcls(
  { acls }: MetadataImage,
  { creations }: { readonly creations: readonly Creation[] },
  { newId }: { readonly newId: () => Uuid },
): Pieces<Decision<ResponseInput<typeof CreateAcls>>> {
  const records: MetadataRecordInput[] = [];
  const results: Refusal[] = [];
  const made = new Set<string>();
  for (const creation of creations) {
    if (results.length % rulesPerPiece === 0) yield rulesPerPiece * ruleWeight;
    const { resourcePatternType: patternType, ...others } = creation;
    const acl = { ...others, patternType };
    const problem = problemOf(acl);
    results.push(problem ?? { ...done, errorMessage: "" });
    if (problem !== undefined || acls.has(acl)) continue;
    const text = JSON.stringify(Object.values(acl));
    if (made.has(text)) continue;
    made.add(text);
    const fields = { ...acl, id: newId() };
    records.push({ type: "AccessControlEntryRecord", version: 0, fields });
  }
  if (records.length <= recordsPerRequestMax) return { records, response: { results } };
  return { records: [], response: { results: creations.map(() => tooMany("add")) } };
}

function tooMany(what: string): Refusal {
  return refusal(
    ErrorCode.POLICY_VIOLATION,
    `One request may ${what} ${recordsPerRequestMax} rules at most.`,
  );
}

/** Why there can be no such rule; undefined where there can. */
function problemOf(acl: Acl): Refusal | undefined {
  const { resourceType, resourceName, patternType, principal, operation, permissionType } = acl;
  if (resourceType === AclResourceType.CLUSTER && resourceName !== clusterName) {
    return invalid(`The only valid name for the CLUSTER resource is ${clusterName}`);
  }
  if (resourceName === "") return invalid("Invalid empty resource name");
  if (resourceType <= AclResourceType.ANY || resourceType > resourceTypeMax) {
    return invalid(`Invalid resourceType ${resourceType}`);
  }
  if (patternType !== PatternType.LITERAL && patternType !== PatternType.PREFIXED) {
    return invalid(`Invalid patternType ${patternType}`);
  }
  if (operation <= AclOperation.ANY || operation > operationMax) {
    return invalid(`Invalid operation ${operation}`);
  }
  if (permissionType !== PermissionType.ALLOW && permissionType !== PermissionType.DENY) {
    return invalid(`Invalid permissionType ${permissionType}`);
  }
  return /^[^:]+:./s.test(principal)
    ? undefined
    : invalid(`A principal is TYPE:NAME, such as User:alice, not "${principal}"`);
}

function invalid(message: string): Refusal {
  return refusal(ErrorCode.INVALID_REQUEST, message);
}

/** Answers DescribeAcls: the rules that match, under what they are about. */
export function* describeAcls({ acls }: MetadataImage, filter: Filter): Pieces<Described> {
  const problem = filterProblem(filter);
  if (problem !== undefined) return { ...problem, resources: [] };
  const resources = new Map<string, DescribedResource & { readonly acls: DescribedRule[] }>();
  for (const acl of yield* matching([...acls.all()], filter)) {
    const { resourceType, resourceName, patternType, ...rule } = acl;
    const key = `${resourceType} ${patternType} ${resourceName}`;
    const known = resources.get(key);
    const { principal, host, operation, permissionType } = rule;
    const told = { principal, host, operation, permissionType };
    if (known !== undefined) known.acls.push(told);
    else resources.set(key, { resourceType, resourceName, patternType, acls: [told] });
  }
  return { errorCode: ErrorCode.NONE, errorMessage: "", resources: [...resources.values()] };
}

/** Answers DeleteAcls: a rule that several filters match is told with each of them. */
export function* decideDeleteAcls(
  { acls }: MetadataImage,
  { filters }: { readonly filters: readonly Filter[] },
): Pieces<Decision<ResponseInput<typeof DeleteAcls>>> {
  const all = [...acls.all()];
  const removed = new Set<Uuid>();
  const filterResults: FilterResult[] = [];
  let told = 0;
  for (const filter of filters) {
    const problem = filterProblem(filter);
    if (problem !== undefined) {
      filterResults.push({ ...problem, matchingAcls: [] });
      continue;
    }
    const found = yield* matching(all, filter);
    for (const { id } of found) removed.add(id);
    told += found.length;
    if (told > recordsPerRequestMax) {
      const refused = { ...tooMany("remove"), matchingAcls: [] };
      return { records: [], response: { filterResults: filters.map(() => refused) } };
    }
    const matchingAcls = found.map(({ id: _, ...acl }) => ({ ...done, ...acl }));
    filterResults.push({ ...done, matchingAcls });
  }
  const records = Array.from(removed, (id): MetadataRecordInput => {
    return { type: "RemoveAccessControlEntryRecord", version: 0, fields: { id } };
  });
  return { records, response: { filterResults } };
}

/** Why nothing can be found by a filter; undefined where something may. */
function filterProblem(filter: Filter): Refusal | undefined {
  const { resourceTypeFilter, patternTypeFilter, operation, permissionType } = filter;
  const isKnown = (value: number, max: number) => value >= 1 && value <= max;
  const isPattern = isKnown(resourceTypeFilter, resourceTypeMax) &&
    isKnown(patternTypeFilter, PatternType.PREFIXED);
  if (!isPattern) return invalid("Unknown patternFilter.");
  const isEntry = isKnown(operation, operationMax) && isKnown(permissionType, PermissionType.ALLOW);
  return isEntry ? undefined : invalid("Unknown entryFilter.");
}

function* matching(acls: readonly StoredAcl[], filter: Filter): Pieces<StoredAcl[]> {
  const found: StoredAcl[] = [];
  for (const [i, acl] of acls.entries()) {
    if (i % rulesPerPiece === 0) yield rulesPerPiece * ruleWeight;
    if (isAbout(acl, filter) && isRule(acl, filter)) found.push(acl);
  }
  return found;
}

function isAbout(acl: Acl, filter: Filter): boolean {
  const { resourceTypeFilter: type, patternTypeFilter: pattern, resourceNameFilter } = filter;
  if (type !== AclResourceType.ANY && type !== acl.resourceType) return false;
  const isEither = pattern === PatternType.ANY || pattern === PatternType.MATCH;
  if (!isEither && pattern !== acl.patternType) return false;
  if (resourceNameFilter === null) return true;
  if (pattern !== PatternType.MATCH) return resourceNameFilter === acl.resourceName;
  return acl.patternType === PatternType.PREFIXED
    ? resourceNameFilter.startsWith(acl.resourceName)
    : resourceNameFilter === acl.resourceName || acl.resourceName === wildcard;
}

function isRule(acl: Acl, filter: Filter): boolean {
  const { principalFilter, hostFilter, operation, permissionType } = filter;
  return (principalFilter === null || principalFilter === acl.principal) &&
    (hostFilter === null || hostFilter === acl.host) &&
    (operation === AclOperation.ANY || operation === acl.operation) &&
    (permissionType === PermissionType.ANY || permissionType === acl.permissionType);
}
