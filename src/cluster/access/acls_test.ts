import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Acl,
  AclOperation,
  type AclQuestion,
  AclResourceType,
  AclTable,
  type AclVerdict,
  PatternType,
  PermissionType,
  type StoredAcl,
} from "./acls.ts";

const { READ, WRITE, DESCRIBE, DELETE, ALTER, ALL, ALTER_CONFIGS, DESCRIBE_CONFIGS } = AclOperation;
const { LITERAL, PREFIXED } = PatternType;
const { ALLOW, DENY } = PermissionType;
const { TOPIC } = AclResourceType;

function rule(resourceName: string, operation: number, more: Partial<Acl> = {}): Acl {
  return {
    resourceType: TOPIC,
    resourceName,
    patternType: LITERAL,
    principal: "User:alice",
    host: "*",
    operation,
    permissionType: ALLOW,
    ...more,
  };
}

function tableOf(...acls: readonly Acl[]): AclTable {
  const table = new AclTable();
  for (const [i, acl] of acls.entries()) table.add({ ...acl, id: `id-${i}` });
  return table;
}

function asks(operation: number, more: Partial<AclQuestion> = {}): AclQuestion {
  return { principal: "User:alice", host: "10.0.0.9", resourceType: TOPIC, operation, ...more };
}

Deno.test("a rule allows what it names to whom it names, and nothing to anybody else", () => {
  const table = tableOf(rule("orders", READ));
  assertEquals(table.verdict("orders", asks(READ)), "allowed");
  assertEquals(table.verdict("orders", asks(WRITE)), "denied");
  assertEquals(table.verdict("orders", asks(READ, { principal: "User:bob" })), "denied");
  // Of what no rule is about, the configuration decides.
  assertEquals(table.verdict("order", asks(READ)), "unruled");
  assertEquals(table.verdict("orders", asks(READ, { resourceType: 3 })), "unruled");
});

Deno.test("names that begin alike, every name, every user and every host can be meant", () => {
  const table = tableOf(
    rule("ord", READ, { patternType: PREFIXED, principal: "User:*" }),
    rule("*", WRITE, { host: "10.0.0.9" }),
  );
  assertEquals(table.verdict("orders", asks(READ, { principal: "User:bob" })), "allowed");
  assertEquals(table.verdict("or", asks(READ)), "denied");
  assertEquals(table.verdict("anything", asks(WRITE)), "allowed");
  assertEquals(table.verdict("anything", asks(WRITE, { host: "10.0.0.10" })), "denied");
});

Deno.test("a rule that denies wins, wherever it is found", () => {
  const denying = [
    rule("orders", READ, { permissionType: DENY }),
    rule("o", ALL, { permissionType: DENY, patternType: PREFIXED }),
    rule("*", READ, { permissionType: DENY, principal: "User:*" }),
  ];
  for (const each of denying) {
    const table = tableOf(rule("orders", ALL), rule("*", ALL), each);
    assertEquals(table.verdict("orders", asks(READ)), "denied");
  }
});

Deno.test("who may read, write, delete or alter may describe; denying those denies no more", () => {
  for (const operation of [READ, WRITE, DELETE, ALTER]) {
    assertEquals(tableOf(rule("t", operation)).verdict("t", asks(DESCRIBE)), "allowed");
    const table = tableOf(rule("t", operation, { permissionType: DENY }), rule("t", ALL));
    assertEquals(table.verdict("t", asks(DESCRIBE)), "allowed");
  }
  const configs = tableOf(rule("t", ALTER_CONFIGS));
  assertEquals(configs.verdict("t", asks(DESCRIBE_CONFIGS)), "allowed");
  assertEquals(configs.verdict("t", asks(DESCRIBE)), "denied");
});

Deno.test("a rule that is removed decides nothing any more", () => {
  const table = tableOf(rule("a", READ, { patternType: PREFIXED }), rule("abc", READ));
  table.remove("id-0");
  table.remove("never there");
  assertEquals(table.verdict("ab", asks(READ)), "unruled");
  assertEquals(table.verdict("abc", asks(READ)), "allowed");
  table.remove("id-1");
  assertEquals([table.size, table.verdict("abc", asks(READ))], [0, "unruled"]);
  assert(!table.allowsSome(asks(READ)));
});

Deno.test("some topic may be written to, unless all that is allowed is surely denied again", () => {
  const some = (...acls: Acl[]) => tableOf(...acls).allowsSome(asks(WRITE));
  const deny = { permissionType: DENY };
  assert(some(rule("a", WRITE)));
  assert(!some(rule("a", READ)));
  assert(!some(rule("a", WRITE), rule("a", WRITE, deny)));
  assert(!some(rule("abc", WRITE), rule("ab", ALL, { ...deny, patternType: PREFIXED })));
  assert(some(rule("a", WRITE, { patternType: PREFIXED }), rule("ab", WRITE, deny)));
  assert(!some(rule("*", WRITE), rule("*", WRITE, deny)));
  assert(some(rule("*", WRITE), rule("a", WRITE, { ...deny, patternType: PREFIXED })));
});

Deno.test("every name is meant by the rule for every name, one that begins with it as well", () => {
  const table = tableOf(rule("*", READ, { permissionType: DENY }), rule("*odd", READ));
  assertEquals(table.verdict("*odd", asks(READ)), "denied");
});

const names = ["a", "ab", "abc", "b", "*"];
const anyAcl = fc.record({
  resourceType: fc.integer({ min: 2, max: 4 }),
  resourceName: fc.constantFrom(...names),
  patternType: fc.constantFrom(LITERAL, PREFIXED, 9),
  principal: fc.constantFrom("User:alice", "User:bob", "User:*", "Group:alice"),
  host: fc.constantFrom("*", "1.1.1.1", "2.2.2.2"),
  operation: fc.integer({ min: 2, max: 12 }),
  permissionType: fc.constantFrom(ALLOW, ALLOW, DENY),
});
const anyQuestion = fc.record({
  name: fc.constantFrom("a", "ab", "abcd", "b", "c"),
  principal: fc.constantFrom("User:alice", "User:bob"),
  host: fc.constantFrom("1.1.1.1", "3.3.3.3"),
  resourceType: fc.integer({ min: 2, max: 4 }),
  operation: fc.integer({ min: 3, max: 12 }),
});

/** What is decided by looking at each rule. */
function walked(acls: Iterable<StoredAcl>, name: string, question: AclQuestion): AclVerdict {
  const about = [...acls].filter((acl) =>
    acl.resourceType === question.resourceType &&
    (acl.patternType === LITERAL
      ? acl.resourceName === name || acl.resourceName === "*"
      : acl.patternType === PREFIXED && name.startsWith(acl.resourceName))
  );
  if (about.length === 0) return "unruled";
  const mine = about.filter(({ principal, host }) =>
    [question.principal, "User:*"].includes(principal) && [question.host, "*"].includes(host)
  );
  const { operation: wanted } = question;
  const isMeant = (operation: number) => operation === wanted || operation === ALL;
  if (mine.some((acl) => acl.permissionType === DENY && isMeant(acl.operation))) return "denied";
  const isImplied = (operation: number) =>
    wanted === DESCRIBE && [READ, WRITE, DELETE, ALTER].some((each) => each === operation) ||
    wanted === DESCRIBE_CONFIGS && operation === ALTER_CONFIGS;
  const allows = (acl: Acl) =>
    acl.permissionType === ALLOW && (isMeant(acl.operation) || isImplied(acl.operation));
  return mine.some(allows) ? "allowed" : "denied";
}

Deno.test("what is looked up is what walking the rules would find, as rules come and go", () => {
  const step = fc.record({ id: fc.integer({ min: 0, max: 30 }), acl: fc.option(anyAcl) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(anyQuestion), (steps, questions) => {
      const table = new AclTable();
      for (const { id, acl } of steps) {
        if (acl === null) table.remove(`${id}`);
        else table.add({ ...acl, id: `${id}` });
        if (acl !== null) assert(acl.patternType === 9 || table.has(acl));
      }
      for (const { name, ...question } of questions) {
        assertEquals(table.verdict(name, question), walked(table.all(), name, question));
      }
    }),
    { numRuns: 500 },
  );
});
