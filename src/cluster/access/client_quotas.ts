// Client quotas: how much users and clients may do, and requests that set and ask for it (KIP-546).
//
//   entity   {user: name or null, client-id: name or null}: one part or both; null is the default
//   values   producer_byte_rate, consumer_byte_rate  bytes per second
//            request_percentage                      share of one event loop's time
//            controller_mutation_rate                partitions made and deleted per second
//   entity   {ip: address, or null}
//   values   connection_creation_rate                connections per second
//
// Which quota holds for a connection is decided where it is enforced: src/broker/limits/quotas.ts.
// Differs from Kafka: the ip of a quota entity must be an address; Kafka resolves host names, too.

import { isAddress } from "../../base/address.ts";
import { ErrorCode, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import type { AlterClientQuotas } from "../../protocol/apis/49_alter_client_quotas.ts";
import type { DescribeClientQuotas } from "../../protocol/apis/48_describe_client_quotas.ts";
import type { MetadataImage } from "../image/image.ts";
import { entityKey, type QuotaEntityPart } from "./principals.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Decision } from "../home/store.ts";

type AlterRequest = RequestOf<typeof AlterClientQuotas>;
type AlterResponse = ResponseInput<typeof AlterClientQuotas>;
type DescribeRequest = RequestOf<typeof DescribeClientQuotas>;
type DescribeResponse = ResponseInput<typeof DescribeClientQuotas>;

const entityTypes: ReadonlySet<string> = new Set(["user", "client-id"]);

/** The keys in the order in which Kafka lists them. */
const quotaKeyOrder = [
  "connection_creation_rate",
  "consumer_byte_rate",
  "controller_mutation_rate",
  "request_percentage",
  "producer_byte_rate",
];
const addressKeys: ReadonlySet<string> = new Set(["connection_creation_rate"]);
const clientKeys: ReadonlySet<string> = new Set(
  quotaKeyOrder.filter((key) => !addressKeys.has(key)),
);
/** Those that may be fractions. */
const fractionalKeys: ReadonlySet<string> = new Set([
  "request_percentage",
  "controller_mutation_rate",
]);
const intMax = 2 ** 31 - 1;
const longMax = 2 ** 63;

/** Answers AlterClientQuotas. Each entity succeeds or fails as a whole. */
export function decideAlterClientQuotas(
  image: MetadataImage,
  request: AlterRequest,
): Decision<AlterResponse> {
  const records: MetadataRecordInput[] = [];
  const entries: AlterResponse["entries"][number][] = [];
  const counts = new Map<string, number>();
  for (const { entity } of request.entries) {
    const key = entityKey(withoutRepeats(entity));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const { entity: given, ops } of request.entries) {
    const entity = withoutRepeats(given);
    const count = counts.get(entityKey(entity))!;
    // The entity was named before, and has been refused there.
    if (count === 0) continue;
    if (count > 1) counts.set(entityKey(entity), 0);
    const problem = count > 1
      ? refusal(ErrorCode.INVALID_REQUEST, `Duplicate entity ${entityKey(entity)}`)
      : entityProblem(entity) ?? opsProblem(entity, ops);
    entries.push({
      entity: inOrder(entity),
      ...(problem ?? { errorCode: ErrorCode.NONE, errorMessage: null }),
    });
    if (problem !== undefined) continue;
    const current = image.clientQuota(entity)?.values;
    for (const { key, value, remove } of ops) {
      if (remove ? !current?.has(key) : current?.get(key) === value) continue;
      const fields = { entity, key, value: remove ? 0 : value, remove };
      records.push({ type: "ClientQuotaRecord", version: 0, fields });
    }
  }
  return { records: request.validateOnly ? [] : records, response: { entries } };
}

/** Of parts of the same type the last one counts, as in Kafka. */
function withoutRepeats(entity: readonly QuotaEntityPart[]): QuotaEntityPart[] {
  return [...new Map(entity.map((part) => [part.entityType, part])).values()];
}

/** Parts by their type, as Kafka lists them: client-id before user. */
function inOrder(entity: readonly QuotaEntityPart[]): QuotaEntityPart[] {
  return [...entity].sort((a, b) => a.entityType < b.entityType ? -1 : 1);
}

function valuesInOrder(values: ReadonlyMap<string, number>) {
  const known = quotaKeyOrder.filter((key) => values.has(key));
  const others = [...values.keys()].filter((key) => !quotaKeyOrder.includes(key));
  return [...known, ...others].map((key) => ({ key, value: values.get(key)! }));
}

type Operations = AlterRequest["entries"][number]["ops"];

function entityProblem(entity: readonly QuotaEntityPart[]): Refusal | undefined {
  const invalid = (message: string) => refusal(ErrorCode.INVALID_REQUEST, message);
  if (entity.length === 0) return invalid("Invalid empty client quota entity");
  for (const { entityType, entityName } of entity) {
    if (entityType !== "ip" && !entityTypes.has(entityType)) {
      return invalid(`Unhandled client quota entity type: ${entityType}`);
    }
    if (entityName === "") return invalid(`Empty ${entityType} not supported`);
  }
  const address = entity.find(({ entityType }) => entityType === "ip");
  if (address === undefined) return undefined;
  if (entity.length > 1) {
    return invalid(
      "Invalid quota entity combination, IP entity should not be combined with User or ClientId",
    );
  }
  const { entityName } = address;
  if (entityName === null || isAddress(entityName)) return undefined;
  return invalid(`${entityName} is not a valid IP or resolvable host.`);
}

function opsProblem(
  entity: readonly QuotaEntityPart[],
  ops: Operations,
): Refusal | undefined {
  const invalid = (message: string) => refusal(ErrorCode.INVALID_REQUEST, message);
  const isOfAddress = entity.some(({ entityType }) => entityType === "ip");
  const [keys, max, type] = isOfAddress
    ? [addressKeys, intMax, "an INT"] as const
    : [clientKeys, longMax, "a LONG"] as const;
  const seen = new Set<string>();
  for (const { key, value, remove } of ops) {
    if (seen.has(key)) return invalid(`Quota ${key} is altered more than once`);
    seen.add(key);
    if (remove) continue;
    if (!keys.has(key)) return invalid(`Invalid configuration key ${key}`);
    if (!(value > 0)) return invalid(`Quota ${key} must be greater than 0`);
    if (fractionalKeys.has(key)) continue;
    if (value > max) return invalid(`Proposed value for ${key} is too large for ${type}.`);
    if (!Number.isInteger(value)) return invalid(`${key} cannot be a fractional value.`);
  }
  return undefined;
}

const matchExact = 0;
const matchDefault = 1;
const matchSpecified = 2;

/** Answers DescribeClientQuotas. */
export function describeClientQuotas(
  image: MetadataImage,
  { components, strict }: DescribeRequest,
): DescribeResponse {
  const problem = filterProblem(components);
  if (problem !== undefined) return { ...problem, entries: null };
  const entries = image.clientQuotas()
    .filter(({ entity }) => matches(entity, { components, strict }))
    .map(({ entity, values }) => ({
      entity: inOrder(entity),
      values: valuesInOrder(values),
    }));
  return { errorCode: ErrorCode.NONE, errorMessage: "", entries };
}

function filterProblem(components: DescribeRequest["components"]): Refusal | undefined {
  const invalid = (message: string) => refusal(ErrorCode.INVALID_REQUEST, message);
  const types = components.map(({ entityType }) => entityType);
  for (const [index, { entityType, matchType, match }] of components.entries()) {
    if (types.indexOf(entityType) < index) {
      return invalid(`Entity type ${entityType} cannot appear more than once in the filter.`);
    }
    if (entityType === "") return invalid("Invalid empty entity type.");
    if (entityType !== "ip" && !entityTypes.has(entityType)) {
      return refusal(ErrorCode.UNSUPPORTED_VERSION, `Unsupported entity type ${entityType}`);
    }
    if (matchType < matchExact || matchType > matchSpecified) {
      return invalid(`Unknown match type ${matchType}`);
    }
    if (matchType === matchExact && match === null) {
      return invalid("Request specified MATCH_TYPE_EXACT, but set match string to null.");
    }
    if (matchType !== matchExact && match !== null) {
      return invalid("Only MATCH_TYPE_EXACT takes a match string.");
    }
  }
  // Kafka says so of components that are good by themselves alone.
  return types.includes("ip") && types.length > 1
    ? invalid("An ip component cannot be combined with user or client-id.")
    : undefined;
}

function matches(
  entity: readonly QuotaEntityPart[],
  { components, strict }: Pick<DescribeRequest, "components" | "strict">,
): boolean {
  if (strict && entity.length !== components.length) return false;
  return components.every(({ entityType, matchType, match }) => {
    const part = entity.find((each) => each.entityType === entityType);
    if (part === undefined) return false;
    if (matchType === matchSpecified) return true;
    return part.entityName === (matchType === matchDefault ? null : match);
  });
}
