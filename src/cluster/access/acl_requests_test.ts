import { assertEquals } from "@std/assert";
import { uuidFromBytes } from "../../base/ids.ts";
import { drained } from "../../base/pieces.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { decideCreateAcls, decideDeleteAcls, describeAcls } from "./acl_requests.ts";
import { decodeMetadataRecord, encodeMetadataRecord, MetadataReplay } from "../mod.ts";

const { NONE, INVALID_REQUEST, POLICY_VIOLATION } = ErrorCode;

interface Rule {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly resourcePatternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

const alicesOrders: Rule = {
  resourceType: 2,
  resourceName: "orders",
  resourcePatternType: 3,
  principal: "User:alice",
  host: "*",
  operation: 3,
  permissionType: 3,
};
const rule = (more: Partial<Rule>): Rule => ({ ...alicesOrders, ...more });

const any = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};
type Filter = Parameters<typeof describeAcls>[1];
const filter = (more: Partial<Filter>): Filter => ({ ...any, ...more });

/** A metadata log of access rules. */
class Rules {
  readonly replay = new MetadataReplay();
  #ids = 0;

  get image() {
    return this.replay.image;
  }

  create(...creations: Rule[]): ErrorCode[] {
    const newId = () =>
      uuidFromBytes(new Uint8Array(new Int32Array([++this.#ids, 0, 0, 1]).buffer));
    const decided = drained(decideCreateAcls(this.image, { creations }, { newId }));
    this.#append(decided.records);
    return decided.response.results.map(({ errorCode }) => errorCode);
  }

  delete(...filters: Filter[]) {
    const { records, response } = drained(decideDeleteAcls(this.image, { filters }));
    this.#append(records);
    return response.filterResults.map(({ errorCode, matchingAcls }) =>
      errorCode === NONE ? matchingAcls.map(({ resourceName }) => resourceName) : errorCode
    );
  }

  names(more: Partial<Filter>): string[] {
    const { resources } = drained(describeAcls(this.image, filter(more)));
    return resources.flatMap(({ resourceName, acls }) => acls.map(() => resourceName));
  }

  #append(records: readonly Parameters<typeof encodeMetadataRecord>[0][]) {
    const decoded = records.map((each) => decodeMetadataRecord(encodeMetadataRecord(each)));
    this.replay.apply(decoded, this.image.lastOffset + records.length);
  }
}

Deno.test("a rule that is created is described, and gone once it is deleted", () => {
  const rules = new Rules();
  assertEquals(rules.create(alicesOrders, rule({ operation: 4 })), [NONE, NONE]);
  const { resources } = drained(describeAcls(rules.image, filter({})));
  assertEquals(resources, [{
    resourceType: 2,
    resourceName: "orders",
    patternType: 3,
    acls: [
      { principal: "User:alice", host: "*", operation: 3, permissionType: 3 },
      { principal: "User:alice", host: "*", operation: 4, permissionType: 3 },
    ],
  }]);
  assertEquals(rules.delete(filter({ operation: 4 })), [["orders"]]);
  assertEquals(rules.names({}), ["orders"]);
});

Deno.test("a rule that is there, or is given twice, is there once", () => {
  const rules = new Rules();
  assertEquals(rules.create(alicesOrders, alicesOrders), [NONE, NONE]);
  assertEquals(rules.create(alicesOrders), [NONE]);
  assertEquals(rules.image.acls.size, 1);
});

Deno.test("a rule that cannot be is refused, and those beside it are made", () => {
  const rules = new Rules();
  const bad = [
    rule({ resourceType: 4 }),
    rule({ resourceName: "" }),
    ...[0, 1, 8].map((resourceType) => rule({ resourceType })),
    ...[0, 1, 2, 5].map((resourcePatternType) => rule({ resourcePatternType })),
    ...[0, 1, 16].map((operation) => rule({ operation })),
    ...[0, 1, 4].map((permissionType) => rule({ permissionType })),
    ...["alice", ":alice", "User:", ""].map((principal) => rule({ principal })),
  ];
  assertEquals(rules.create(...bad, alicesOrders), [...bad.map(() => INVALID_REQUEST), NONE]);
  assertEquals(rules.image.acls.size, 1);
});

Deno.test("a filter compares names as its pattern type says", () => {
  const rules = new Rules();
  const prefixed = { resourcePatternType: 4 };
  rules.create(
    alicesOrders,
    rule({ resourceName: "*" }),
    rule({ resourceName: "ord", ...prefixed }),
    rule({ resourceName: "orders", ...prefixed }),
    rule({ resourceName: "payments" }),
    rule({ resourceName: "orders", resourceType: 3 }),
  );
  const topic = { resourceTypeFilter: 2, resourceNameFilter: "orders" };
  assertEquals(rules.names({ ...topic, patternTypeFilter: 3 }), ["orders"]);
  assertEquals(rules.names({ ...topic, patternTypeFilter: 4 }), ["orders"]);
  assertEquals(rules.names({ ...topic, patternTypeFilter: 1 }), ["orders", "orders"]);
  assertEquals(rules.names({ ...topic, patternTypeFilter: 2 }), ["orders", "*", "ord", "orders"]);
  assertEquals(rules.names({ resourceTypeFilter: 3 }), ["orders"]);
  assertEquals(rules.names({ patternTypeFilter: 4 }), ["ord", "orders"]);
});

Deno.test("a filter compares who, where from, what and whether as they are", () => {
  const rules = new Rules();
  rules.create(
    rule({ resourceName: "a", principal: "User:*" }),
    rule({ resourceName: "b", host: "10.0.0.1" }),
    rule({ resourceName: "c", operation: 2 }),
    rule({ resourceName: "d", permissionType: 2 }),
  );
  assertEquals(rules.names({ principalFilter: "User:*" }), ["a"]);
  assertEquals(rules.names({ hostFilter: "10.0.0.1" }), ["b"]);
  assertEquals(rules.names({ operation: 2 }), ["c"]);
  assertEquals(rules.names({ permissionType: 2 }), ["d"]);
  assertEquals(rules.names({ principalFilter: "User:nobody" }), []);
});

Deno.test("each filter tells what it matches, one that means nothing is refused alone", () => {
  const rules = new Rules();
  rules.create(alicesOrders, rule({ resourceName: "payments" }));
  const unknown = [
    { resourceTypeFilter: 0 },
    { resourceTypeFilter: 8 },
    { patternTypeFilter: 0 },
    { patternTypeFilter: 5 },
    { operation: 16 },
    { permissionType: 4 },
  ];
  const deleted = rules.delete(
    ...unknown.map(filter),
    filter({ resourceNameFilter: "orders" }),
    filter({}),
  );
  assertEquals(deleted, [
    ...unknown.map(() => INVALID_REQUEST),
    ["orders"],
    ["orders", "payments"],
  ]);
  assertEquals(rules.image.acls.size, 0);
  for (const each of unknown) {
    assertEquals(drained(describeAcls(rules.image, filter(each))).errorCode, INVALID_REQUEST);
  }
});

Deno.test("one request makes or removes so many rules, and no more", () => {
  const rules = new Rules();
  const many = Array.from({ length: 10_000 }, (_, i) => rule({ resourceName: `t${i}` }));
  assertEquals(new Set(rules.create(...many, rule({}))), new Set([POLICY_VIOLATION]));
  assertEquals(rules.image.acls.size, 0);
  rules.create(...many);
  rules.create(rule({}));
  assertEquals(rules.delete(filter({})), [POLICY_VIOLATION]);
  assertEquals(rules.image.acls.size, 10_001);
  assertEquals(rules.delete(filter({ resourceNameFilter: "orders" })), [["orders"]]);
});
