// Questions to brokers that check access: every API of who may do nothing, of who may do just what
// our handler declares, and of who may do everything but that; and access rules themselves.
//
// Invariant: each conversation has a user of its own, so that what it may do with the cluster is
// nobody else's.

import type { Access } from "../../../src/broker/access/authorizer.ts";
import { operationCodes } from "../../../src/broker/access/authorizer.ts";
import type { Handler } from "../../../src/broker/handler.ts";
import { allHandlers } from "../../../src/broker/handlers/mod.ts";
import { DescribeAcls } from "../../../src/protocol/apis/29_describe_acls.ts";
import { CreateAcls } from "../../../src/protocol/apis/30_create_acls.ts";
import { DeleteAcls } from "../../../src/protocol/apis/31_delete_acls.ts";
import { ErrorCode, type RequestInput, type ResponseOf } from "../../../src/protocol/mod.ts";
import type { Rule } from "../../harness/guarded_broker.ts";
import {
  messageOf,
  needsOf,
  resourceTypes,
  ruleOf,
  type Variant,
  variantsOf,
  versionsOf,
} from "../../harness/guarded_requests.ts";
import { type Names, smallRequests } from "../../harness/small_requests.ts";
import { guardedUserMax, type Scenario, sortedBy, type Talk } from "../differential.ts";

/** What makes a broker check access: who is who, on each side. */
export const guardedSettings: Readonly<Record<string, string>> = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  // Kafka's broker is anonymous to its controller.
  "super.users": "User:admin;User:ANONYMOUS",
  "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
  "inter.broker.listener.name": "PLAINTEXT",
  "sasl.mechanism.inter.broker.protocol": "PLAIN",
  "sasl.enabled.mechanisms": "PLAIN",
  "offsets.topic.num.partitions": "4",
  "listener.name.plaintext.plain.sasl.jaas.config":
    "org.apache.kafka.common.security.plain.PlainLoginModule required " +
    'username="admin" password="admin" user_admin="admin" ' +
    Array.from({ length: guardedUserMax }, (_, i) => `user_u${i}="u${i}"`).join(" ") + ";",
};

/** Those end the connection that they are asked over, or wait, or are asked without any access. */
const unasked = new Set(["SaslHandshake", "SaslAuthenticate", "ApiVersions"]);

async function rulesFor(talk: Talk, rules: readonly Rule[]): Promise<void> {
  const creations = rules.map((each) => ({
    resourcePatternType: 3,
    principal: `User:${talk.user}`,
    host: "*",
    permissionType: 3,
    ...each,
  }));
  const { results } = await talk.need(CreateAcls, { creations }, { line: "admin" });
  const failed = results.find(({ errorCode }) => errorCode !== 0);
  if (failed !== undefined) throw new Error(`no rule: ${failed.errorCode} ${failed.errorMessage}`);
  const count = new Set(creations.map((each) => JSON.stringify(each))).size;
  // Kafka's controller tells its broker.
  await talk.until(async () => {
    const { resources } = await talk.need(DescribeAcls, rulesOf(talk), { line: "admin" });
    return resources.reduce((sum, { acls }) => sum + acls.length, 0) >= count;
  });
}

/** Finds what has been made for the talk's user. */
function rulesOf({ user }: Talk): RequestInput<typeof DescribeAcls> {
  return {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: `User:${user}`,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  };
}

async function namesOf(talk: Talk, variant: Variant): Promise<Names> {
  const topicId = await talk.createTopic({ line: "admin" });
  const newTopic = `new-${talk.topic}`;
  const group = talk.group;
  const names = {
    version: talk.version,
    topic: talk.topic,
    topicId,
    newTopic,
    group,
    memberId: "",
  };
  for (const [api, version] of variant.before ?? []) {
    const message = smallRequests[api.name]({ ...names, version });
    await talk.need(api, message as never, { version, line: "admin" });
  }
  return names;
}

/** Whoever gives a list in the order of a hash table. */
const everything = Object.values(resourceTypes).map((resourceType): Rule => ({
  resourceType,
  resourceName: resourceType === resourceTypes.cluster ? "kafka-cluster" : "*",
  operation: 2,
}));

function scenariosOf(handler: Handler): Scenario[] {
  const about = handler.api;
  const scenario = (
    variant: Variant,
    { name, isAllowed = false, prepare }: {
      readonly name: string;
      /** What else is answered to whom it is allowed is compared elsewhere. */
      readonly isAllowed?: boolean;
      readonly prepare?: (talk: Talk, names: Names) => Promise<void>;
    },
  ): Scenario => ({
    about,
    name: `${name}${variant.when === undefined ? "" : `: ${variant.when}`}`,
    versions: versionsOf(handler, variant),
    broker: "guarded",
    async run(talk) {
      const names = await namesOf(talk, variant);
      await prepare?.(talk, names);
      const message = messageOf(handler, variant, names);
      const look = (answer: unknown) =>
        isAllowed ? refusalsIn(answer) : withoutId(answer, names.topicId);
      await talk.ask(about, message as never, { line: "user", look });
    },
  });
  return variantsOf(about.name).flatMap((variant) => {
    const needs = needsOf(handler, variant);
    const accesses = (names: Names, all: readonly Access[]) =>
      all.flatMap((access) => ruleOf(access, names));
    return [
      scenario(variant, { name: "who may do nothing" }),
      scenario(variant, {
        name: "who may do what it needs",
        isAllowed: true,
        prepare: (talk, names) =>
          rulesFor(talk, accesses(names, needs.map(({ access }) => access))),
      }),
      ...needs.map(({ access, or }) =>
        scenario(variant, {
          name: `who may do all but ${access}`,
          async prepare(talk, names) {
            const denied = or === undefined ? [access] : [access, or];
            const rules = [...accesses(names, denied), ...variant.also ? [variant.also] : []];
            await rulesFor(talk, [
              ...everything,
              ...rules.map((each) => ({ ...each, permissionType: 2 })),
            ]);
          },
        })
      ),
    ];
  });
}

const refusals: ReadonlySet<unknown> = new Set([
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ErrorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
]);

/** Where something is refused, with the code. */
function refusalsIn(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key.endsWith("rrorCode")
      ? refusals.has(each) ? [`${path}.${key}: ${each}`] : []
      : refusalsIn(each, `${path}.${key}`)
  );
}

/** An answer with a word in the place of the topic's id, wherever it is told. */
function withoutId(answer: unknown, topicId: string): unknown {
  const text = JSON.stringify(answer, (_, value) => {
    if (typeof value === "bigint") return `${value}`;
    return value instanceof Uint8Array ? `${value.length} bytes` : value;
  });
  return JSON.parse(text.replaceAll(topicId, "<the topic's>"));
}

const any = 1;

function rule(talk: Talk, more: Partial<RequestInput<typeof CreateAcls>["creations"][number]>) {
  return {
    resourceType: 2,
    resourceName: talk.topic,
    resourcePatternType: 3,
    principal: `User:${talk.user}`,
    host: "*",
    operation: operationCodes.read,
    permissionType: 3,
    ...more,
  };
}

type Filter = RequestInput<typeof DescribeAcls>;

/** Filters that match nothing of other conversations. */
function filters(talk: Talk): Filter[] {
  const own: Filter = { ...rulesOf(talk), patternTypeFilter: talk.version === 0 ? 3 : any };
  const more = talk.version === 0 ? [] : [
    { resourceNameFilter: `${talk.topic}-longer`, patternTypeFilter: 2 },
    { resourceNameFilter: talk.topic, patternTypeFilter: 4 },
    { patternTypeFilter: 2 },
  ];
  return [
    own,
    { ...own, resourceTypeFilter: 3 },
    { ...own, resourceNameFilter: talk.topic },
    { ...own, hostFilter: "10.0.0.1" },
    { ...own, operation: operationCodes.write },
    { ...own, permissionType: 2 },
    ...more.map((each) => ({ ...own, ...each })),
    { ...own, resourceNameFilter: "no-such-topic" },
  ];
}

function rules(talk: Talk) {
  const prefixed = talk.version === 0 ? {} : { resourcePatternType: 4 };
  return [
    rule(talk, {}),
    rule(talk, {}),
    rule(talk, { operation: operationCodes.write, host: "10.0.0.1" }),
    rule(talk, { permissionType: 2, operation: 2 }),
    rule(talk, { resourceType: 3, resourceName: "*" }),
    rule(talk, { resourceType: 5, ...prefixed }),
    rule(talk, prefixed),
    rule(talk, { resourceType: 4, resourceName: "kafka-cluster" }),
  ];
}

const described = (answer: ResponseOf<typeof DescribeAcls>) => ({
  ...answer,
  resources: sortedBy(
    answer.resources.map((each) => ({ ...each, acls: sortedBy(each.acls, JSON.stringify) })),
    JSON.stringify,
  ),
});

const deleted = (answer: ResponseOf<typeof DeleteAcls>) => ({
  ...answer,
  filterResults: answer.filterResults.map((each) => ({
    ...each,
    matchingAcls: sortedBy(each.matchingAcls, JSON.stringify),
  })),
});

const ruleScenarios: readonly Scenario[] = [
  {
    about: CreateAcls,
    name: "rules that can be, and others",
    broker: "guarded",
    async run(talk) {
      const bad = [rule(talk, { resourceType: 4 }), rule(talk, { resourceName: "" })];
      await talk.ask(CreateAcls, { creations: [...rules(talk), ...bad] }, { line: "admin" });
      const strange = [
        rule(talk, {}),
        rule(talk, { resourceType: any }),
        rule(talk, { operation: any }),
        rule(talk, { permissionType: any }),
        rule(talk, { operation: 77 }),
      ];
      await talk.ask(CreateAcls, { creations: strange }, { line: "admin" });
    },
  },
  {
    about: DescribeAcls,
    name: "by all filters",
    broker: "guarded",
    async run(talk) {
      const version = Math.max(1, talk.version);
      await talk.need(CreateAcls, { creations: rules(talk) }, { line: "admin", version });
      // Kafka's controller tells its broker.
      await talk.until(async () => {
        const { resources } = await talk.need(DescribeAcls, filters(talk)[0], { line: "admin" });
        return resources.length >= 4;
      });
      for (const filter of filters(talk)) {
        await talk.ask(DescribeAcls, filter, { line: "admin", look: described });
      }
    },
  },
  {
    about: DeleteAcls,
    name: "by all filters",
    broker: "guarded",
    async run(talk) {
      const version = Math.max(1, talk.version);
      await talk.need(CreateAcls, { creations: rules(talk) }, { line: "admin", version });
      for (const each of filters(talk).reverse()) {
        await talk.ask(DeleteAcls, { filters: [each, each] }, { line: "admin", look: deleted });
      }
    },
  },
];

export const accessScenarios: readonly Scenario[] = [
  ...(await allHandlers()).filter(({ api }) => !unasked.has(api.name)).flatMap(scenariosOf),
  ...ruleScenarios,
];
