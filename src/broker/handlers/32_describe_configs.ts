// DescribeConfigs: configuration with values, where they come from, and what they mean.
//
// Serves: 0-4.
// Behaviour: topics, this broker, "" for what is set for all brokers, groups, client metrics.
//   Sensitive values are hidden (null). Named keys that do not exist are left out. There are no
//   loggers whose level could be changed: their list is empty.
// Versions: 1 sources and synonyms (KIP-226); 3 types and documentation (KIP-569); 4 flexible.
//
// Differs from Kafka: a resource of an unknown type is refused by itself; Kafka fails the whole
// request.
//
// Differs from Kafka: the size of an answer is bounded by a part of ottla.memory.bytes.max;
// resources that do not fit are refused with POLICY_VIOLATION.

import { mapSliced } from "../../base/pieces.ts";
import { ResourceType, topicNameProblem } from "../../cluster/mod.ts";
import {
  DescribeConfigs,
  ErrorCode,
  type RequestOf,
  type ResponseInput,
} from "../../protocol/mod.ts";
import { ConfigSource, describeClusterDefault, type DescribedConfig } from "../config/mod.ts";
import { describeResource } from "../config/describe.ts";
import { groupTerms } from "../config/group_parts.ts";
import { clientMetricsKeys } from "../config/group_table.ts";
import { configAccess, needs, refusedWith } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Resource = RequestOf<typeof DescribeConfigs>["resources"][number];
type Result = ResponseInput<typeof DescribeConfigs>["results"][number];

/** To describe a key is about as heavy as looking at so many bytes. */
const keyWeight = 1024;

type Context = RequestContext<"nodeId" | "config" | "memory" | "metadata" | "slices">;

export const describeConfigs = handler(DescribeConfigs, {
  serves: "0-4",
  authorise: [
    needs("topic describeConfigs"),
    needs("group describeConfigs"),
    needs("cluster describeConfigs", { when: "brokers and client metrics" }),
  ],

  async handle(request, { services, may }: Context) {
    const { slices, memory } = services;
    let bytesLeft = memory.answerBytesMax / 2;
    const once = memo<readonly DescribedConfig[]>();
    const shownOnce = memo<Shown>();
    const results = await mapSliced(request.resources, slices, async (resource) => {
      if (bytesLeft < 0) return failed(resource, tooMuch);
      const access = configAccess(resource);
      if (!may("describeConfigs", access)) return failed(resource, refusedWith(access));
      const found = describe(resource, services, once);
      if ("errorCode" in found) return failed(resource, found);
      slices.spend(found.length * keyWeight);
      if (slices.isOver) await slices.next();
      const { configurationKeys } = resource;
      const configs = shownOnce(
        found,
        configurationKeys,
        () => shown(found, { ...request, configurationKeys }),
      );
      bytesLeft -= configs.reduce((sum, each) => sum + bytesOf(each), 0);
      return { ...failed(resource, { errorCode: ErrorCode.NONE, errorMessage: "" }), configs };
    });
    return { results };
  },
});

const tooMuch: Failure = {
  errorCode: ErrorCode.POLICY_VIOLATION,
  errorMessage: "the answer would be too long: ask for fewer resources at once",
};

/** What was made for the same two things before, of this request. */
type Memo<T> = (of: object | string, and: readonly string[] | null | string, make: () => T) => T;

/** What is described alike, as most topics are, is one and the same in an answer. */
function memo<T>(): Memo<T> {
  const made = new Map<object | string, Map<string, T>>();
  return (of, and, make) => {
    const key = JSON.stringify(and);
    const those = made.get(of) ?? new Map<string, T>();
    made.set(of, those);
    const result = those.get(key) ?? make();
    those.set(key, result);
    return result;
  };
}

/** What a request asks for of a resource's configuration. */
interface Wanted {
  readonly includeSynonyms: boolean;
  readonly includeDocumentation: boolean;
  /** null, or none: all. */
  readonly configurationKeys: readonly string[] | null;
}

function shown(found: readonly DescribedConfig[], wanted: Wanted) {
  const { includeSynonyms, includeDocumentation, configurationKeys: keys } = wanted;
  return found
    .filter(({ name }) => keys === null || keys.length === 0 || keys.includes(name))
    .map((each) => ({
      ...each,
      synonyms: includeSynonyms ? each.synonyms : [],
      documentation: includeDocumentation ? each.documentation : null,
    }));
}

type Shown = ReturnType<typeof shown>;

/** About what it takes in the answer. */
function bytesOf({ synonyms, documentation }: Shown[number]): number {
  return 256 + 128 * synonyms.length + (documentation?.length ?? 0);
}

function groupDefaults({ config }: Pick<Context["services"], "config">): Map<string, string> {
  return new Map(
    Object.entries(groupTerms(config)).map((
      [name, { otherwise }],
    ) => [name, `${otherwise}`]),
  );
}

interface Failure {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

function failed({ resourceType, resourceName }: Resource, failure: Failure): Result {
  return { ...failure, resourceType, resourceName, configs: [] };
}

function invalid(errorMessage: string): Failure {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
}

function describe(
  { resourceType, resourceName }: Resource,
  services: Context["services"],
  once: Memo<readonly DescribedConfig[]>,
): readonly DescribedConfig[] | Failure {
  const { image } = services.metadata;
  const values = image.configs(resourceType, resourceName);
  /** Of resources that nothing is set for, all of a type are alike. */
  const known = (make: () => readonly DescribedConfig[]) =>
    once(`${resourceType}`, values.size === 0 ? "" : resourceName, make);
  switch (resourceType) {
    case ResourceType.TOPIC: {
      const problem = topicNameProblem(resourceName);
      if (problem !== undefined) {
        return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: problem };
      }
      if (image.topic(resourceName) === undefined) {
        const errorMessage = `topic ${resourceName} does not exist`;
        return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage };
      }
      return known(() => services.config.describeTopic(values));
    }
    case ResourceType.BROKER:
      return resourceName === ""
        ? once("all brokers", null, () => describeClusterDefault(values))
        : brokerProblem(resourceName, services) ??
          once("broker", null, () => services.config.describeBroker());
    case ResourceType.BROKER_LOGGER:
      return resourceName === ""
        ? invalid("Broker id must not be empty")
        : brokerProblem(resourceName, services) ?? [];
    case ResourceType.CLIENT_METRICS:
      return resourceName === ""
        ? invalid("Client metrics subscription name must not be empty")
        : known(() => {
          return describeResource(clientMetricsKeys, {
            values,
            source: ConfigSource.CLIENT_METRICS,
          });
        });
    case ResourceType.GROUP:
      return resourceName === ""
        ? invalid("Group name must not be empty")
        : known(() => services.config.describeGroup(values, groupDefaults(services)));
    default:
      return invalid(`resource type ${resourceType} has no configuration here`);
  }
}

function brokerProblem(name: string, { nodeId }: Context["services"]): Failure | undefined {
  if (!/^-?\d+$/.test(name)) return invalid(`Broker id must be an integer, but it is: ${name}`);
  if (Number(name) === nodeId) return undefined;
  return invalid(`Unexpected broker id, expected ${nodeId} or empty string, but received ${name}`);
}
