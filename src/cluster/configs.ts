// Changes of configuration: AlterConfigs replaces all that is set for a resource,
// IncrementalAlterConfigs (KIP-339) changes single keys of it.
//
//   set now --operations--> proposed --rules--> ConfigRecord for each key that differs
//
// Which keys a resource has, and which values are good, is the broker's to know: it comes in as
// ConfigRules. Each resource succeeds or fails as a whole, apart from the others.
// Differs from Kafka: where elements are appended to a list or subtracted from it, spaces around
// elements and empty elements are ignored, and subtracting from a list that is not set leaves it
// unset. An element that is in a list twice is shown twice; Kafka drops it from some lists.

import type { Pieces } from "../base/pieces.ts";
import { ErrorCode, type RequestOf, type ResponseInput } from "../protocol/mod.ts";
import type { AlterConfigs } from "../protocol/apis/33_alter_configs.ts";
import type { IncrementalAlterConfigs } from "../protocol/apis/44_incremental_alter_configs.ts";
import { type MetadataImage, ResourceType } from "./image/image.ts";
import type { MetadataRecordInput } from "./records/records.ts";
import { eligibilityChanges } from "./replicas/replication.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Decision } from "./home/store.ts";
import { topicNameProblem } from "./topics/topic_names.ts";

type AlterRequest = RequestOf<typeof AlterConfigs>;
type IncrementalRequest = RequestOf<typeof IncrementalAlterConfigs>;
type IncrementalConfig = IncrementalRequest["resources"][number]["configs"][number];
type Response = ResponseInput<typeof IncrementalAlterConfigs>;

/** What can have configuration: a ResourceType and a name. */
export interface ConfigResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** A resource's configuration as it would be, and the keys that the request names. */
export interface ProposedConfigs {
  readonly values: ReadonlyMap<string, string>;
  readonly changed: ReadonlySet<string>;
}

/** What the broker's tables say about configuration. */
export interface ConfigRules {
  /** Why the client may not change it; undefined when it may. */
  refusal(resource: ConfigResource): Refusal | undefined;
  /** Why no resource has such a name, where only the broker knows; undefined when one may. */
  nameProblem(resource: ConfigResource): Refusal | undefined;
  /** Why the resource cannot be configured so; undefined when it can. */
  problem(resource: ConfigResource, proposed: ProposedConfigs): Refusal | undefined;
  /** The default of a list key, "" for none; undefined for a key that is no list. */
  listDefault(resource: ConfigResource, name: string): string | undefined;
}

/** Kafka's numbers of the operations. */
const operation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

/** To decide about one takes as long as to look at so many bytes. */
const resourceWeight = 4096;

/** Answers AlterConfigs, one by one: keys that the request does not name are no longer set. */
export function decideAlterConfigs(
  image: MetadataImage,
  request: AlterRequest,
  rules: ConfigRules,
): Pieces<Decision<Response>> {
  return decide({ image, request, rules }, (resource) => {
    const { configs } = resource;
    if (resource.resourceType === ResourceType.BROKER_LOGGER) {
      return invalid("Levels of loggers are changed by IncrementalAlterConfigs.");
    }
    const before = image.configs(resource.resourceType, resource.resourceName);
    const values = new Map<string, string>();
    for (const { name, value } of configs) if (value !== null) values.set(name, value);
    const changed = new Set([...values.keys(), ...before.keys()]);
    return nullProblem(configs) ??
      propose(image, resource, { proposed: { values, changed }, rules });
  });
}

/** Answers IncrementalAlterConfigs, one by one. */
export function decideIncrementalAlterConfigs(
  image: MetadataImage,
  request: IncrementalRequest,
  rules: ConfigRules,
): Pieces<Decision<Response>> {
  return decide({ image, request, rules }, (resource) => {
    const { configs, resourceType, resourceName } = resource;
    const isLogger = resourceType === ResourceType.BROKER_LOGGER;
    const given = configs.filter(({ configOperation }) => configOperation !== operation.DELETE);
    const problem = nullProblem(given);
    if (problem !== undefined) return problem;
    if (isLogger && configs.some(({ configOperation }) => changesList(configOperation))) {
      return invalid("APPEND and SUBTRACT are not allowed for a BROKER_LOGGER");
    }
    const values = new Map(image.configs(resourceType, resourceName));
    for (const config of configs) {
      const failed = operate(values, config, (name) => rules.listDefault(resource, name));
      if (failed !== undefined) return failed;
    }
    const changed = new Set(configs.map(({ name }) => name));
    return propose(image, resource, { proposed: { values, changed }, rules });
  });
}

function changesList(configOperation: number): boolean {
  return configOperation === operation.APPEND || configOperation === operation.SUBTRACT;
}

interface NamedConfigs extends ConfigResource {
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

type Plan = readonly MetadataRecordInput[] | Refusal;

function* decide<Resource extends NamedConfigs>(
  { image, request, rules }: {
    readonly image: MetadataImage;
    readonly request: { readonly resources: readonly Resource[]; readonly validateOnly: boolean };
    readonly rules: ConfigRules;
  },
  plan: (resource: Resource) => Plan,
): Pieces<Decision<Response>> {
  const records: MetadataRecordInput[] = [];
  const counts = new Map<string, number>();
  for (const each of request.resources) {
    counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
  }
  const responses: Response["responses"][number][] = [];
  for (const resource of request.resources) {
    yield resourceWeight;
    const planned = counts.get(keyOf(resource))! > 1
      ? refusal(ErrorCode.INVALID_REQUEST, "Each resource must appear at most once.")
      : requestProblem(resource) ?? rules.nameProblem(resource) ?? rules.refusal(resource) ??
        plan(resource);
    const isRefused = "errorCode" in planned;
    if (!isRefused) records.push(...planned);
    const outcome = isRefused ? planned : { errorCode: ErrorCode.NONE, errorMessage: null };
    const { resourceType, resourceName } = resource;
    responses.push({ ...outcome, resourceType, resourceName });
  }
  records.push(...eligibilityChanges(image, records));
  return { records: request.validateOnly ? [] : records, response: { responses } };
}

function keyOf({ resourceType, resourceName }: ConfigResource): string {
  return `${resourceType}:${resourceName}`;
}

function invalid(message: string): Refusal {
  return refusal(ErrorCode.INVALID_REQUEST, message);
}

/** What is wrong with the request about one resource before any operation is looked at. */
function requestProblem({ resourceType, configs }: NamedConfigs): Refusal | undefined {
  const names = configs.map(({ name }) => name);
  if (new Set(names).size < names.length) return invalid("Error due to duplicate config keys");
  if (Object.values<number>(ResourceType).includes(resourceType)) return undefined;
  return invalid(`Unknown resource type ${resourceType}`);
}

/** What is wrong with a name, whatever there is. Brokers' names are for the rules to judge. */
function nameProblem({ resourceType, resourceName }: ConfigResource): Refusal | undefined {
  switch (resourceType) {
    case ResourceType.TOPIC: {
      if (resourceName === "") return invalid("Default topic resources are not allowed.");
      const problem = topicNameProblem(resourceName);
      return problem === undefined
        ? undefined
        : refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
    }
    case ResourceType.GROUP:
      return resourceName === "" ? invalid("Default group resources are not allowed.") : undefined;
    case ResourceType.CLIENT_METRICS:
      return resourceName === "" ? invalid("Subscription name can't be empty") : undefined;
    default:
      return undefined;
  }
}

function missing(image: MetadataImage, resource: ConfigResource): Refusal | undefined {
  const { resourceType, resourceName } = resource;
  if (resourceType !== ResourceType.TOPIC || image.topic(resourceName)) return undefined;
  const code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return refusal(code, `The topic '${resourceName}' does not exist.`);
}

function nullProblem(configs: NamedConfigs["configs"]): Refusal | undefined {
  const names = configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (names.length === 0) return undefined;
  const message = `Null value not supported for : ${names.join(",")}`;
  return refusal(ErrorCode.INVALID_REQUEST, message);
}

/** Carries one operation out on `values`. */
function operate(
  values: Map<string, string>,
  { name, configOperation, value }: IncrementalConfig,
  listDefault: (name: string) => string | undefined,
): Refusal | undefined {
  switch (configOperation) {
    case operation.SET:
      values.set(name, value!);
      return undefined;
    case operation.DELETE:
      values.delete(name);
      return undefined;
    case operation.APPEND:
    case operation.SUBTRACT: {
      const appends = configOperation === operation.APPEND;
      const base = listDefault(name);
      if (base === undefined) {
        const verb = appends ? "APPEND" : "SUBTRACT";
        const message = `Can't ${verb} to key ${name} because its type is not LIST.`;
        return refusal(ErrorCode.INVALID_CONFIG, message);
      }
      const parts = partsOf(values.get(name) ?? base);
      const given = partsOf(value!);
      const added = given.filter((part) => !parts.includes(part));
      const kept = parts.filter((part) => !given.includes(part));
      const changes = appends ? added.length > 0 : kept.length < parts.length;
      if (changes) values.set(name, (appends ? [...parts, ...added] : kept).join(","));
      return undefined;
    }
    default:
      return refusal(
        ErrorCode.INVALID_REQUEST,
        `Unsupported operation type ${configOperation} for configuration ${name}`,
      );
  }
}

function partsOf(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/**
 * The records that make the image what is proposed, if the rules allow it. As in Kafka, values are
 * judged before it is asked whether there is such a topic.
 */
function propose(
  image: MetadataImage,
  resource: ConfigResource,
  options: { readonly proposed: ProposedConfigs; readonly rules: ConfigRules },
): Plan {
  const { proposed, rules } = options;
  const { resourceType, resourceName } = resource;
  const problem = nameProblem(resource) ?? rules.problem(resource, proposed) ??
    missing(image, resource);
  if (problem !== undefined) return problem;
  const before = image.configs(resourceType, resourceName);
  return [...proposed.changed].filter((name) => before.get(name) !== proposed.values.get(name))
    .map((name) => {
      const value = proposed.values.get(name) ?? null;
      const fields = { resourceType, resourceName, name, value };
      return { type: "ConfigRecord", version: 0, fields };
    });
}
