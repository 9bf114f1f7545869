// Questions about users and clients: quotas, SCRAM credentials, access rules.
//
// Invariant: entities have names of the scenario's own, and a default counts only beside one of
// those; so nobody else's requests are held back.

import { utf8 } from "../../../src/base/bytes.ts";
import { DescribeAcls } from "../../../src/protocol/apis/29_describe_acls.ts";
import { CreateAcls } from "../../../src/protocol/apis/30_create_acls.ts";
import { DeleteAcls } from "../../../src/protocol/apis/31_delete_acls.ts";
import { DescribeClientQuotas } from "../../../src/protocol/apis/48_describe_client_quotas.ts";
import { AlterClientQuotas } from "../../../src/protocol/apis/49_alter_client_quotas.ts";
import {
  DescribeUserScramCredentials,
} from "../../../src/protocol/apis/50_describe_user_scram_credentials.ts";
import {
  AlterUserScramCredentials,
} from "../../../src/protocol/apis/51_alter_user_scram_credentials.ts";
import type { RequestInput, ResponseOf } from "../../../src/protocol/mod.ts";
import { type Scenario, sortedBy, type Talk } from "../differential.ts";

type QuotaEntry = RequestInput<typeof AlterClientQuotas>["entries"][number];
type QuotaComponent = RequestInput<typeof DescribeClientQuotas>["components"][number];
type Entity = Readonly<Record<string, string | null>>;
type Upsertion = RequestInput<typeof AlterUserScramCredentials>["upsertions"][number];

/** Kafka's numbers of what a filter wants of a part of an entity. */
const match = { exact: 0, default: 1, specified: 2, unknown: 3 } as const;

const large = 1e12;

function quotas(entity: Entity, values: Readonly<Record<string, number | null>>): QuotaEntry {
  return {
    entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
    ops: Object.entries(values).map(([key, value]) => {
      return { key, value: value ?? 0, remove: value === null };
    }),
  };
}

function partsOf(entity: readonly { entityType: string; entityName: string | null }[]): string {
  return entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`).sort().join(" ");
}

async function alterQuotas(
  talk: Talk,
  entries: QuotaEntry[],
  { validateOnly = false } = {},
): Promise<void> {
  await talk.ask(AlterClientQuotas, { entries, validateOnly }, {
    look: (answer: ResponseOf<typeof AlterClientQuotas>) =>
      sortedBy(
        answer.entries.map(({ entity, ...rest }) => ({ ...rest, entity: partsOf(entity) })),
        ({ entity, errorCode }) => `${entity} ${errorCode}`,
      ),
  });
}

async function describeQuotas(
  talk: Talk,
  components: QuotaComponent[],
  { strict = false } = {},
): Promise<void> {
  await talk.ask(DescribeClientQuotas, { components, strict }, {
    look: ({ entries, ...answer }: ResponseOf<typeof DescribeClientQuotas>) => ({
      ...answer,
      entries: entries === null ? null : Object.fromEntries(
        entries.filter(({ entity }) => partsOf(entity).includes(talk.group)).map((each) => {
          return [partsOf(each.entity), sortedBy(each.values, ({ key }) => key)];
        }),
      ),
    }),
  });
}

/** A topic that is led comes after all changes before it in the metadata of either broker. */
async function settled(talk: Talk): Promise<void> {
  await talk.createTopic({ name: `${talk.topic}-after-${talk.entries.length}` });
}

const quotaScenarios: Scenario[] = [
  {
    about: AlterClientQuotas,
    name: "entities and values that can and cannot be",
    async run(talk) {
      const user = talk.group;
      const rate = { producer_byte_rate: large };
      const tries: QuotaEntry[] = [
        quotas({ user }, rate),
        quotas({ user, "client-id": null }, rate),
        quotas({ user, "client-id": "a b" }, { request_percentage: 200.5 }),
        quotas({ "client-id": user }, { consumer_byte_rate: large }),
        quotas({}, rate),
        quotas({ user: "" }, rate),
        quotas({ group: user }, rate),
        quotas({ "": user }, rate),
        quotas({ user, group: "x" }, rate),
        quotas({ user, ip: "1.2.3.4" }, rate),
        quotas({ user }, { no_such_key: 1 }),
        quotas({ user }, { no_such_key: null }),
        quotas({ user }, { "": 1 }),
        quotas({ user }, { producer_byte_rate: 0 }),
        quotas({ user }, { producer_byte_rate: -1 }),
        quotas({ user }, { producer_byte_rate: 1.5 }),
        quotas({ user }, { producer_byte_rate: 1e300 }),
        quotas({ user }, { producer_byte_rate: NaN }),
        quotas({ user }, { consumer_byte_rate: null }),
        quotas({ user }, {}),
        quotas({ user: `${user}-2` }, { consumer_byte_rate: null }),
        quotas({ user: `${user}-3` }, { producer_byte_rate: large, no_such_key: 1 }),
        quotas({ user }, { connection_creation_rate: 5 }),
      ];
      for (const one of tries) await alterQuotas(talk, [one]);
      await alterQuotas(talk, []);
      await alterQuotas(talk, [tries[0], tries[10], tries[3]]);
      await alterQuotas(talk, [quotas({ user: `${user}-4` }, rate)], { validateOnly: true });
      await alterQuotas(talk, [tries[10]], { validateOnly: true });
      await settled(talk);
      await describeQuotas(talk, []);
    },
  },
  {
    about: AlterClientQuotas,
    name: "of addresses",
    async run(talk) {
      const rate = { connection_creation_rate: 1000 };
      await alterQuotas(talk, [quotas({ ip: "1.2.3.4" }, rate)], { validateOnly: true });
      await alterQuotas(talk, [quotas({ ip: "not an address" }, rate)], { validateOnly: true });
      const bytes = { producer_byte_rate: large };
      await alterQuotas(talk, [quotas({ ip: "1.2.3.4" }, bytes)], { validateOnly: true });
    },
  },
  {
    about: AlterClientQuotas,
    name: "changed and removed",
    async run(talk) {
      const user = talk.group;
      const both = { producer_byte_rate: large, consumer_byte_rate: large };
      await alterQuotas(talk, [quotas({ user }, both)]);
      await alterQuotas(talk, [quotas({ user }, { producer_byte_rate: 2 * large })]);
      await alterQuotas(talk, [quotas({ user }, { consumer_byte_rate: null })]);
      await settled(talk);
      await describeQuotas(talk, []);
      await alterQuotas(talk, [quotas({ user }, { producer_byte_rate: null })]);
      await settled(talk);
      await describeQuotas(talk, []);
    },
  },
  {
    about: DescribeClientQuotas,
    name: "filters",
    async run(talk) {
      const user = talk.group;
      const rate = { producer_byte_rate: large };
      await alterQuotas(talk, [
        quotas({ user }, rate),
        quotas({ "client-id": user }, rate),
        quotas({ user, "client-id": null }, rate),
        quotas({ user, "client-id": "c" }, rate),
      ]);
      await settled(talk);
      const of = (entityType: string, matchType: number, name: string | null = null) => {
        return { entityType, matchType, match: name };
      };
      const filters: QuotaComponent[][] = [
        [],
        [of("user", match.exact, user)],
        [of("user", match.specified)],
        [of("user", match.default)],
        [of("client-id", match.default)],
        [of("client-id", match.exact, user)],
        [of("user", match.exact, user), of("client-id", match.exact, "c")],
        [of("user", match.exact, user), of("client-id", match.specified)],
        [of("user", match.specified), of("client-id", match.default)],
        [of("user", match.exact, "nobody")],
        [of("user", match.exact, "")],
        [of("user", match.exact, user), of("user", match.exact, user)],
        [of("user", match.exact)],
        [of("user", match.specified, user)],
        [of("user", match.default, user)],
        [of("user", match.unknown)],
        [of("user", -1)],
        [of("group", match.specified)],
        [of("", match.specified)],
        [of("ip", match.specified)],
        [of("ip", match.specified), of("user", match.specified)],
        [of("ip", match.exact, "not an address")],
      ];
      for (const strict of [false, true]) {
        for (const filter of filters) await describeQuotas(talk, filter, { strict });
      }
    },
  },
];

function upsertion(name: string, o: Partial<Upsertion> = {}): Upsertion {
  const [salt, saltedPassword] = [utf8("salt"), utf8("salted")];
  return { name, mechanism: 1, iterations: 4096, salt, saltedPassword, ...o };
}

async function alterScram(
  talk: Talk,
  o: Partial<RequestInput<typeof AlterUserScramCredentials>>,
): Promise<void> {
  const asked = { deletions: [], upsertions: [], ...o };
  await talk.ask(AlterUserScramCredentials, asked, {
    look: (answer: ResponseOf<typeof AlterUserScramCredentials>) =>
      sortedBy(answer.results, ({ user, errorCode }) => `${user} ${errorCode}`),
  });
}

async function describeScram(talk: Talk, names: readonly string[] | null): Promise<void> {
  const users = names?.map((name) => ({ name })) ?? null;
  await talk.ask(DescribeUserScramCredentials, { users }, {
    look: (answer: ResponseOf<typeof DescribeUserScramCredentials>) => ({
      ...answer,
      results: sortedBy(
        answer.results.filter(({ user }) => names?.includes(user) || user.startsWith(talk.group))
          .map((each) => ({
            ...each,
            credentialInfos: sortedBy(each.credentialInfos, ({ mechanism }) => mechanism),
          })),
        ({ user }) => user,
      ),
    }),
  });
}

const scramScenarios: Scenario[] = [
  {
    about: AlterUserScramCredentials,
    name: "what can and cannot be",
    async run(talk) {
      const name = talk.group;
      const missing = `${name}-missing`;
      const deletion = { name, mechanism: 1 };
      await alterScram(talk, {});
      await alterScram(talk, { deletions: [deletion] });
      const tries: Upsertion[] = [
        upsertion(name, { iterations: 4095 }),
        upsertion(name, { iterations: 16_385 }),
        upsertion(name, { iterations: -1 }),
        upsertion(name, { mechanism: 0 }),
        upsertion(name, { mechanism: 3 }),
        upsertion(""),
        upsertion(name, { salt: new Uint8Array() }),
        upsertion(name, { saltedPassword: new Uint8Array() }),
        upsertion(name),
        upsertion(name, { mechanism: 2, iterations: 16_384 }),
      ];
      for (const one of tries) await alterScram(talk, { upsertions: [one] });
      await alterScram(talk, { upsertions: [upsertion(name), upsertion(name)] });
      await alterScram(talk, { deletions: [deletion], upsertions: [upsertion(name)] });
      await alterScram(talk, { deletions: [deletion, deletion] });
      await alterScram(talk, { deletions: [{ name: "", mechanism: 1 }] });
      await alterScram(talk, { deletions: [{ name, mechanism: 9 }] });
      await alterScram(talk, {
        deletions: [{ name: missing, mechanism: 1 }],
        upsertions: [upsertion(`${name}-2`), upsertion(`${name}-3`, { iterations: 1 })],
      });
      await settled(talk);
      await describeScram(talk, null);
      await describeScram(talk, []);
      await describeScram(talk, [name]);
      await describeScram(talk, [name, missing, `${name}-2`]);
      await describeScram(talk, [name, name]);
      await describeScram(talk, [""]);
      await alterScram(talk, { deletions: [deletion] });
      await settled(talk);
      await describeScram(talk, [name]);
    },
  },
  {
    about: AlterUserScramCredentials,
    name: "both mechanisms of a user at once",
    async run(talk) {
      const both = [upsertion(talk.group), upsertion(talk.group, { mechanism: 2 })];
      await alterScram(talk, { upsertions: both });
    },
  },
];

const any = 1;
const literal = 3;

const aclScenarios: Scenario[] = [
  {
    about: DescribeAcls,
    name: "without an authorizer",
    async run(talk) {
      for (const [operation, permissionType] of [[any, any], [3, 3], [0, 0], [99, 99]]) {
        await talk.ask(DescribeAcls, {
          resourceTypeFilter: any,
          resourceNameFilter: null,
          patternTypeFilter: literal,
          principalFilter: null,
          hostFilter: null,
          operation,
          permissionType,
        });
      }
    },
  },
  {
    about: CreateAcls,
    name: "without an authorizer",
    async run(talk) {
      const rule = {
        resourceType: 2,
        resourceName: talk.topic,
        resourcePatternType: literal,
        principal: "User:a",
        host: "*",
        operation: 3,
        permissionType: 3,
      };
      for (const creations of [[rule], [rule, { ...rule, principal: "nonsense" }], []]) {
        await talk.ask(CreateAcls, { creations });
      }
    },
  },
  {
    about: DeleteAcls,
    name: "without an authorizer",
    async run(talk) {
      const filter = {
        resourceTypeFilter: any,
        resourceNameFilter: talk.topic,
        patternTypeFilter: literal,
        principalFilter: null,
        hostFilter: null,
        operation: any,
        permissionType: any,
      };
      for (const filters of [[filter], [filter, filter], []]) {
        await talk.ask(DeleteAcls, { filters });
      }
    },
  },
];

export const principalScenarios: readonly Scenario[] = [
  ...quotaScenarios,
  ...scramScenarios,
  ...aclScenarios,
];
