// Every API against a broker that checks access: who may do nothing is refused with what the
// handler declares, and learns nothing; who may do just what it declares goes through; and without
// any one part of that it does not.

import { assert, assertEquals } from "@std/assert";
import {
  type Access,
  operationCodes,
  partsOf,
  type Requirement,
} from "../../src/broker/authorizer.ts";
import type { Handler } from "../../src/broker/handler.ts";
import { allHandlers } from "../../src/broker/handlers/mod.ts";
import {
  type AnyApi,
  CreateTopics,
  ErrorCode,
  errorName,
  FindCoordinator,
  OffsetCommit,
} from "../../src/protocol/mod.ts";
import { visitErrors } from "../../src/protocol/response_errors.ts";
import {
  allow,
  deny,
  forgetRules,
  guarded,
  type GuardedScene,
  type Rule,
} from "../harness/guarded_broker.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";
import { freshName } from "../harness/shared_broker.ts";
import { type Names, smallRequests } from "../harness/small_requests.ts";

const refusals: ReadonlySet<number> = new Set([
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
]);

const resourceTypes = {
  topic: 2,
  group: 3,
  cluster: 4,
  transactionalId: 5,
  delegationToken: 6,
  user: 7,
} as const;

/** What asks for something else than the small request of its API. */
interface Variant {
  /** The needs with a `when` that it has, by their `when`. */
  readonly when?: string;
  /** The needs without one that it has not. */
  readonly without?: readonly Access[];
  readonly versions?: { readonly min?: number; readonly max?: number };
  readonly message?: (names: Names) => Record<string, unknown>;
  /** What would allow it as well, besides what the handler declares. */
  readonly also?: Rule;
  /** Brings what the request is about into being. */
  readonly before?: (admin: RawClient, names: Names) => Promise<unknown>;
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
function askSmall(client: RawClient, api: AnyApi, names: Names): Promise<unknown> {
  return client.ask(api, names.version, smallRequests[api.name](names) as never);
}

const topicOnly: readonly Access[] = ["group describeConfigs", "group alterConfigs"];

/** What each API is asked, where that is not its small request and all that it needs always. */
const variants: Readonly<Record<string, readonly Variant[]>> = {
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
    before: (admin, names) => askSmall(admin, CreateTopics, { ...names, version: 5 }),
    // Who may do everything with the cluster may.
    also: { resourceType: 4, resourceName: "kafka-cluster", operation: operationCodes.delete },
  }],
  OffsetDelete: [{
    before: (admin, names) => askSmall(admin, OffsetCommit, { ...names, version: 5 }),
  }],
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
function needsOf({ authorise }: Handler, { when, without = [] }: Variant): Requirement[] {
  return authorise.filter((need) =>
    need.refusal !== null && need.when === when && !without.includes(need.access) ||
    need.refusal !== null && need.when === undefined && !without.includes(need.access)
  );
}

function ruleOf(access: Access, { topic, newTopic, group }: Names): Rule[] {
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

/** The codes of an answer that say that something may not be done, by their names. */
function refusalsIn({ api }: Handler, answer: unknown): string[] {
  const found = new Set<string>();
  visitErrors(api, answer, (code) => {
    if (refusals.has(code)) found.add(errorName(code));
  });
  return [...found].sort();
}

interface Asked {
  readonly handler: Handler;
  readonly variant: Variant;
  readonly names: Names;
}

/** Every API with each of what it is asked here, at its newest version or at all of them. */
async function* everyQuestion(
  names: Omit<Names, "version" | "group">,
  { versions }: { readonly versions: "all" | "newest" },
): AsyncGenerator<Asked> {
  for (const handler of await allHandlers()) {
    for (const variant of variants[handler.api.name] ?? [{}]) {
      const min = Math.max(handler.serves.min, variant.versions?.min ?? 0);
      const max = Math.min(handler.serves.max, variant.versions?.max ?? Infinity);
      for (let version = versions === "all" ? min : max; version <= max; version++) {
        const group = freshName("group");
        const newTopic = freshName("new");
        yield { handler, variant, names: { ...names, newTopic, group, version } };
      }
    }
  }
}

/** Those may be asked by anybody. */
const free = new Set([
  "SaslHandshake",
  "ApiVersions",
  "SaslAuthenticate",
  "DescribeCluster",
  // Who may is said by the tokens themselves.
  "RenewDelegationToken",
  "ExpireDelegationToken",
  "GetTelemetrySubscriptions",
  "PushTelemetry",
]);
/** Those say again who they are, and end what is begun here. */
const logins = new Set(["SaslHandshake", "SaslAuthenticate"]);

function ask(client: RawClient, { handler: { api }, variant, names }: Asked): Promise<unknown> {
  const message = (variant.message ?? smallRequests[api.name])(names);
  return client.ask(api, names.version, message as never);
}

async function prepared({ admin }: GuardedScene) {
  const { name: topic, topicId } = await makeTopic(admin);
  // Coordinators' topics are there before anybody is refused.
  for (const keyType of [0, 1]) {
    await admin.ask(FindCoordinator, 4, { keyType, coordinatorKeys: ["any"] });
  }
  return { topic, topicId, newTopic: "", memberId: "" };
}

Deno.test("who may do nothing is refused what a handler needs, at every version", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using nobody = await scene.connectAs("bob");
    for await (const asked of everyQuestion(names, { versions: "all" })) {
      const { handler, variant, names: { version } } = asked;
      const { name } = handler.api;
      if (logins.has(name)) continue;
      const title = `${name} v${version} ${variant.when ?? ""}`;
      const found = refusalsIn(handler, await ask(nobody, asked));
      const declared = needsOf(handler, variant).map(({ refusal }) => errorName(refusal!));
      if (declared.length === 0) {
        const isHidden = handler.authorise.every(({ refusal }) => refusal === null);
        assert(free.has(name) || isHidden, title);
        assertEquals(found, [], title);
      } else {
        assertEquals(found.length, 1, `${title}: ${found}`);
        assert(declared.includes(found[0]), `${title}: ${found}, of ${declared}`);
      }
    }
  }));

Deno.test("who may do just what a handler needs goes through", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using alice = await scene.connectAs("alice");
    for await (const asked of everyQuestion(names, { versions: "newest" })) {
      const { handler, variant } = asked;
      if (logins.has(handler.api.name)) continue;
      const needs = needsOf(handler, variant);
      await forgetRules(scene.admin);
      await allow(scene.admin, ...needs.flatMap(({ access }) => ruleOf(access, asked.names)));
      const found = refusalsIn(handler, await ask(alice, asked));
      assertEquals(found, [], `${handler.api.name} ${variant.when ?? ""}`);
      for (const { access, or } of needs) {
        if (or === undefined) continue;
        // The other one is as good.
        const others = needs.filter((each) => each.access !== access);
        await forgetRules(scene.admin);
        const rules = [or, ...others.map((each) => each.access)];
        await allow(scene.admin, ...rules.flatMap((each) => ruleOf(each, asked.names)));
        const found = refusalsIn(handler, await ask(alice, asked));
        assertEquals(found, [], `${handler.api.name}: ${or}`);
      }
    }
  }));

Deno.test("who may do all but one thing that a handler needs is refused with its error", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using alice = await scene.connectAs("alice");
    const everything = Object.values(resourceTypes).map((resourceType) => ({
      resourceType,
      resourceName: resourceType === resourceTypes.cluster ? "kafka-cluster" : "*",
      operation: 2,
    }));
    for await (const asked of everyQuestion(names, { versions: "newest" })) {
      const { handler, variant } = asked;
      if (logins.has(handler.api.name)) continue;
      for (const { access, or, refusal } of needsOf(handler, variant)) {
        await forgetRules(scene.admin);
        await allow(scene.admin, ...everything);
        const denied = or === undefined ? [access] : [access, or];
        const rules = denied.flatMap((each) => ruleOf(each, asked.names));
        await deny(scene.admin, ...rules, ...variant.also === undefined ? [] : [variant.also]);
        await variant.before?.(scene.admin, asked.names);
        const found = refusalsIn(handler, await ask(alice, asked));
        const title = `${handler.api.name} ${variant.when ?? ""} without ${denied}`;
        assertEquals(found, [errorName(refusal!)], title);
      }
    }
  }));

Deno.test("a refusal does not tell whether there is such a topic", () =>
  guarded(async (scene) => {
    const names = await prepared(scene);
    using nobody = await scene.connectAs("bob");
    const missing = freshName("topic");
    for await (const asked of everyQuestion(names, { versions: "all" })) {
      const { handler, variant, names: { version } } = asked;
      if (logins.has(handler.api.name)) continue;
      const made = (variant.message ?? smallRequests[handler.api.name])(asked.names);
      if (!JSON.stringify(made).includes(names.topic)) continue;
      const elsewhere = { ...asked, names: { ...asked.names, topic: missing } };
      const told = JSON.stringify(await ask(nobody, asked), plain);
      const toldOfMissing = JSON.stringify(await ask(nobody, elsewhere), plain);
      const title = `${handler.api.name} v${version}`;
      assertEquals(told.replaceAll(names.topic, missing), toldOfMissing, title);
      assert(!told.includes(names.topicId), title);
    }
  }));

function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}
