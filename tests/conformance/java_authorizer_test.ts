// Sets of access rules, and questions to them, drawn by seed: Kafka's StandardAuthorizer and ours
// give the same answers. (Rules.java asks Kafka's class.)
//
// OTTLA_SEED=2 and so on draw others, OTTLA_RULE_SETS=20000 more of them.
//
// Names here begin with nothing that sorts before an asterisk: Kafka's search for one of those
// never ends once there is a rule for every resource and one for such a name.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { drained } from "../../src/base/pieces.ts";
import { StandardAuthorizer } from "../../src/broker/access/standard_authorizer.ts";
import {
  type AclResourceType,
  type Operation,
  operationCodes,
} from "../../src/broker/access/authorizer.ts";
import { describeAcls } from "../../src/cluster/access/acl_requests.ts";
import { AclTable } from "../../src/cluster/access/acls.ts";
import { MetadataReplay } from "../../src/cluster/mod.ts";
import { run } from "../harness/process_lines.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const program = new URL("java/Rules.java", import.meta.url).pathname;
const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const seed = Number(Deno.env.get("OTTLA_SEED") ?? "1");
const setCount = Number(Deno.env.get("OTTLA_RULE_SETS") ?? "4000");

const typeNames: Readonly<Record<number, AclResourceType>> = {
  2: "topic",
  3: "group",
  4: "cluster",
  5: "transactionalId",
  6: "delegationToken",
  7: "user",
};
const operationNames = new Map(
  Object.entries(operationCodes).map(([name, code]) => [code as number, name as Operation]),
);

const names = ["a", "ab", "abc", "abd", "b", "kafka-cluster"];
const principals = ["User:alice", "User:bob", "User:a:b", "Service:alice"];
const hosts = ["10.0.0.1", "10.0.0.2", "::1", "2001:db8::7", "::ffff:10.0.0.1"];
const hostsOfRules = [
  "*",
  "10.0.0.1",
  "10.0.0.2",
  "0:0:0:0:0:0:0:1",
  "2001:db8:0:0:0:0:0:7",
  "::1",
];

const anyRule = fc.record({
  resourceType: fc.constantFrom(2, 2, 2, 3, 4, 5, 6, 7),
  resourceName: fc.constantFrom("*", ...names),
  patternType: fc.constantFrom(3, 3, 4),
  principal: fc.constantFrom("User:*", ...principals),
  host: fc.constantFrom("*", "*", ...hostsOfRules),
  operation: fc.integer({ min: 2, max: 14 }),
  permissionType: fc.constantFrom(3, 3, 3, 2),
});
const anyQuestion = fc.record({
  principal: fc.constantFrom(...principals),
  host: fc.constantFrom(...hosts),
  resourceType: fc.constantFrom(2, 2, 2, 3, 4, 5, 6, 7),
  name: fc.constantFrom(...names, "abcd", "c", "hardcode"),
  operation: fc.integer({ min: 3, max: 14 }),
});
const orNull = <T>(values: readonly T[]) => fc.constantFrom<T | null>(null, ...values);
const anyFilter = fc.record({
  resourceTypeFilter: fc.constantFrom(1, 1, 2, 3),
  resourceNameFilter: orNull(["*", ...names, "abcd"]),
  patternTypeFilter: fc.constantFrom(1, 2, 2, 3, 4),
  principalFilter: orNull(["User:*", ...principals]),
  hostFilter: orNull(["*", "10.0.0.1"]),
  operation: fc.constantFrom(1, 1, 2, 3, 8),
  permissionType: fc.constantFrom(1, 1, 2, 3),
});
const anySet = fc.record({
  superUsers: fc.constantFrom("", "User:bob", "User:carol;User:bob"),
  isOpen: fc.boolean(),
  rules: fc.uniqueArray(anyRule, { maxLength: 14, selector: (rule) => JSON.stringify(rule) }),
  removed: fc.array(fc.nat(13), { maxLength: 4 }),
  questions: fc.array(anyQuestion, { minLength: 8, maxLength: 16 }),
  filters: fc.array(anyFilter, { maxLength: 3 }),
});
type RuleSet = typeof anySet extends fc.Arbitrary<infer T> ? T : never;

/** Those that are still there once some are removed. */
function removedOf({ rules, removed }: RuleSet): number[] {
  return [...new Set(removed)].filter((i) => i < rules.length);
}

function linesOf(set: RuleSet): string[] {
  const line = (...fields: readonly unknown[]) => fields.map((each) => each ?? "-").join("\t");
  return [
    line("new", set.superUsers, set.isOpen),
    ...set.rules.map((rule, i) => line("add", i, ...Object.values(rule))),
    ...removedOf(set).map((i) => line("remove", i)),
    ...set.questions.flatMap((asked) => {
      const { principal, host, resourceType, name, operation } = asked;
      return [
        line("may", principal, host, resourceType, name, operation),
        line("some", principal, host, resourceType, operation),
      ];
    }),
    ...set.filters.map((filter) => line("list", ...Object.values(filter))),
  ];
}

/** What ours says to the questions of {@link linesOf}. */
function answersOf(set: RuleSet): string[] {
  const acls = new AclTable();
  for (const [i, rule] of set.rules.entries()) acls.add({ ...rule, id: `${i}` });
  for (const i of removedOf(set)) acls.remove(`${i}`);
  const superUsers = new Set(set.superUsers.split(";"));
  const terms = { superUsers, isOpenWithoutRules: set.isOpen };
  const authorizer = new StandardAuthorizer(terms, () => acls);
  const word = (isAllowed: boolean) => isAllowed ? "yes" : "no";
  const answers = set.questions.flatMap(({ principal, host, resourceType, name, operation }) => {
    const [type, ...rest] = principal.split(":");
    const of = { type, name: rest.join(":") };
    const { may, mayOnSome } = authorizer.allowed({ principal: of, remote: { host, port: 1 } });
    const asked = operationNames.get(operation)!;
    const typeName = typeNames[resourceType];
    return [word(may(asked, { type: typeName, name })), word(mayOnSome(asked, typeName))];
  });
  const image = { ...new MetadataReplay().image, acls };
  const listed = set.filters.map((filter) => {
    const { resources } = drained(describeAcls(image, filter));
    const texts = resources.flatMap(({ resourceType, resourceName, patternType, acls: rules }) =>
      rules.map((each) => {
        const { principal, host, operation, permissionType } = each;
        const pattern = [resourceType, resourceName, patternType];
        return [...pattern, principal, host, operation, permissionType].join(",");
      })
    );
    return texts.sort().join(" ");
  });
  return [...answers, ...listed];
}

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`the comparison with Kafka's authorizer: ${skipped}`);

Deno.test({
  name: "thousands of sets of rules mean the same to Kafka's StandardAuthorizer",
  ignore: skipped !== undefined,
  fn: async () => {
    const sets = fc.sample(anySet, { seed, numRuns: setCount });
    const jars = await fetchJars();
    const jvm = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`);
    const input = sets.flatMap(linesOf).join("\n") + "\n";
    const args = [...jvm, program];
    const theirs: string[] = [];
    const onLine = (line: string, source: string) => {
      if (source === "stdout") theirs.push(line);
    };
    await run({ command: "java", args, input, onLine, withinMs: 300_000 });
    let at = 0;
    let allowed = 0;
    for (const set of sets) {
      const ours = answersOf(set);
      assertEquals(ours, theirs.slice(at, at + ours.length), JSON.stringify(set));
      at += ours.length;
      allowed += ours.filter((each) => each === "yes").length;
    }
    assertEquals(theirs.length, at);
    // Neither answer is rare.
    assert(allowed > at / 10 && allowed < at * 0.9, `${allowed} of ${at} are allowed`);
    console.log(`${sets.length} sets, ${at} answers, ${allowed} of them yes`);
  },
});
