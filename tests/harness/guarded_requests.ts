// What each API is asked where access is checked, and which of the needs that its handler declares
// that is about: what is common to the tests of our own answers and the comparison with Kafka's.

import {
  type Access,
  operationCodes,
  partsOf,
  type Requirement,
} from "../../src/broker/access/authorizer.ts";
import type { Handler } from "../../src/broker/handler.ts";
import { type AnyApi, CreateTopics, OffsetCommit } from "../../src/protocol/mod.ts";
import { AlterShareGroupOffsets } from "../../src/protocol/apis/91_alter_share_group_offsets.ts";
import type { Rule } from "./guarded_broker.ts";
import { type Names, smallRequests } from "./small_requests.ts";

/** Kafka's numbers of what can be accessed. */
export const resourceTypes = {
  topic: 2,
  group: 3,
  cluster: 4,
  transactionalId: 5,
  delegationToken: 6,
  user: 7,
} as const;

/** What asks for something else than the small request of its API. */
export interface Variant {
  /** The needs with a `when` that it has, by their `when`. */
  readonly when?: string;
  /** The needs without one that it has not. */
  readonly without?: readonly Access[];
  readonly versions?: { readonly min?: number; readonly max?: number };
  readonly message?: (names: Names) => Record<string, unknown>;
  /** What would allow it as well, besides what the handler declares. */
  readonly also?: Rule;
  /** Small requests, in these versions, that bring what it is about into being. */
  readonly before?: readonly (readonly [api: AnyApi, version: number])[];
}

const transacted = (names: Names) => ({
  ...smallRequests.InitProducerId(names),
  transactionalId: names.group,
});
const inCluster = (resourceType: number, resourceName: string) => () => ({
  resources: [{ resourceType, resourceName, configurationKeys: null, configs: [] }],
  validateOnly: false,
});
const inGroup = ({ group }: Names) => inCluster(32, group)();
const finding = (keyType: number, key: (names: Names) => string) => (names: Names) =>
  names.version < 4 ? { key: key(names), keyType } : { keyType, coordinatorKeys: [key(names)] };

const topicOnly: readonly Access[] = ["group describeConfigs", "group alterConfigs"];

/** What each API is asked, where that is not its small request and all that it needs always. */
const variantsByName: Readonly<Record<string, readonly Variant[]>> = {
  // Earlier ones carry message sets.
  Produce: [{ versions: { min: 3 } }],
  DescribeAcls: [{
    message: (names) => ({ ...smallRequests.DescribeAcls(names), resourceNameFilter: names.topic }),
  }],
  DeleteAcls: [{
    message: (names) => {
      const { filters: [filter] } = smallRequests.DeleteAcls(names) as { filters: object[] };
      return { filters: [{ ...filter, resourceNameFilter: names.topic }] };
    },
  }],
  FindCoordinator: [
    { when: "the key is a group" },
    {
      when: "the key is a transactional id",
      versions: { min: 1 },
      message: finding(1, ({ group }) => group),
    },
    {
      when: "the key is a share partition",
      versions: { min: 6 },
      message: finding(2, ({ group, topicId }) => `${group}:${topicId}:0`),
    },
  ],
  InitProducerId: [
    // Any topic would do.
    { when: "there is none", also: { resourceType: 2, resourceName: "*", operation: 4 } },
    { when: "there is a transactional id", message: transacted },
  ],
  AddPartitionsToTxn: [
    { when: "below version 4", versions: { max: 3 } },
    { when: "from version 4 on", versions: { min: 4 } },
  ],
  DescribeConfigs: [
    { without: topicOnly },
    { without: ["topic describeConfigs"], message: inGroup },
    {
      when: "brokers and client metrics",
      without: ["topic describeConfigs", "group describeConfigs"],
      message: inCluster(4, "1"),
    },
  ],
  AlterConfigs: [
    { without: topicOnly },
    { without: ["topic alterConfigs"], message: inGroup },
    {
      when: "brokers and client metrics",
      without: ["topic alterConfigs", "group alterConfigs"],
      message: inCluster(4, "1"),
    },
  ],
  IncrementalAlterConfigs: [
    { without: topicOnly },
    { without: ["topic alterConfigs"], message: inGroup },
    {
      when: "brokers and client metrics",
      without: ["topic alterConfigs", "group alterConfigs"],
      message: inCluster(4, "1"),
    },
  ],
  CreateTopics: [
    { when: "the configuration is told", versions: { min: 5 } },
    { versions: { max: 4 } },
  ],
  ElectLeaders: [{
    message: ({ topic }) => ({ topicPartitions: [{ topic, partitions: [0] }] }),
  }],
  DeleteTopics: [{
    before: [[CreateTopics, 5]],
    // Who may do everything with the cluster may.
    also: { resourceType: 4, resourceName: "kafka-cluster", operation: operationCodes.delete },
  }],
  // Kafka does not answer whom it refuses all users.
  DescribeUserScramCredentials: [{ message: () => ({ users: [{ name: "carol" }] }) }],
  DeleteShareGroupOffsets: [{ before: [[AlterShareGroupOffsets, 0]] }],
  OffsetDelete: [{ before: [[OffsetCommit, 5]] }],
  // Before version 3 there is no place for an error, and no folder is told.
  DescribeLogDirs: [{ versions: { min: 3 } }],
  CreateDelegationToken: [{
    when: "of another owner",
    versions: { min: 3 },
    message: (names) => ({
      ...smallRequests.CreateDelegationToken(names),
      ownerPrincipalType: "User",
      ownerPrincipalName: "carol",
    }),
  }],
  ShareAcknowledge: [{ without: ["topic read"] }],
  // Whose member has been assigned a topic is described in tests of its own.
  ConsumerGroupDescribe: [{ without: ["topic describe"] }],
  ShareGroupDescribe: [{ without: ["topic describe"] }],
  StreamsGroupDescribe: [{ without: ["topic describe"] }],
};

/** A need that a request has: not of none of its items, and with an error for who lacks it. */
export function needsOf({ authorise }: Handler, { when, without = [] }: Variant): Requirement[] {
  return authorise.filter((need) =>
    need.refusal !== null && need.when === when && !without.includes(need.access) ||
    need.refusal !== null && need.when === undefined && !without.includes(need.access)
  );
}

/** What allows it for the names of a request. */
export function ruleOf(access: Access, { topic, newTopic, group }: Names): Rule[] {
  const { type, operation } = partsOf(access);
  const rule = (resourceName: string) => ({
    resourceType: resourceTypes[type],
    resourceName,
    operation: operationCodes[operation],
  });
  if (type === "cluster") return [rule("kafka-cluster")];
  if (type === "user") return [rule("User:carol")];
  return type === "topic" ? [rule(topic), rule(newTopic)] : [rule(group)];
}

/** What an API is asked. */
export function variantsOf(name: string): readonly Variant[] {
  return variantsByName[name] ?? [{}];
}

/** The versions of it that are served. */
export function versionsOf({ serves }: Handler, { versions }: Variant) {
  const min = Math.max(serves.min, versions?.min ?? 0);
  return { min, max: Math.min(serves.max, versions?.max ?? Infinity) };
}

/** The request for `names`. */
export function messageOf({ api }: Handler, variant: Variant, names: Names) {
  return (variant.message ?? smallRequests[api.name])(names);
}
