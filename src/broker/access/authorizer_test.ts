import { assert, assertEquals } from "@std/assert";
import { ErrorCode } from "../../protocol/mod.ts";
import {
  authorizedOperations,
  everything,
  isOfWhole,
  needs,
  operationsNotAsked,
  operationsOf,
  partsOf,
  theCluster,
} from "./authorizer.ts";
import { allHandlers } from "../handlers/mod.ts";

Deno.test("what a client may not do is told by the error of the resource", () => {
  assertEquals(needs("topic write").refusal, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  assertEquals(needs("group read").refusal, ErrorCode.GROUP_AUTHORIZATION_FAILED);
  assertEquals(needs("cluster alter").refusal, ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
  const { refusal } = needs("transactionalId write");
  assertEquals(refusal, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  assertEquals(needs("topic describe", { refusal: null }).refusal, null);
});

Deno.test("every API says what its client must be allowed, of what there is", async () => {
  const free: string[] = [];
  for (const { api, authorise } of await allHandlers()) {
    if (authorise.length === 0) free.push(api.name);
    for (const { access, or } of authorise) {
      for (const each of or === undefined ? [access] : [access, or]) {
        const { type, operation } = partsOf(each);
        const known: readonly string[] = operationsOf[type];
        assert(known.includes(operation), `${api.name}: ${each}`);
      }
    }
  }
  // Anybody may ask these of Kafka, too; of tokens, who may is said by the tokens themselves.
  assertEquals(free, [
    "SaslHandshake",
    "ApiVersions",
    "SaslAuthenticate",
    "RenewDelegationToken",
    "ExpireDelegationToken",
    "DescribeCluster",
    "GetTelemetrySubscriptions",
    "PushTelemetry",
  ]);
});

Deno.test("what is needed of a whole request is named by it, and can be refused", async () => {
  for (const { api, authorise, refuse } of await allHandlers()) {
    const needs = authorise.filter(isOfWhole);
    if (needs.length > 0) assert(refuse !== undefined, api.name);
    for (const { of } of needs) {
      if (of !== undefined) assertEquals(api.request.fields[of]?.wire.kind, "string", api.name);
    }
  }
});

Deno.test("clients that ask are told those operations that they may do, and no others", () => {
  const topic = { type: "topic", name: "orders" } as const;
  // Bits 3 to 8, 10 and 11: read, write, create, delete, alter, describe, and the two of configs.
  assertEquals(authorizedOperations(everything, topic, { asked: true }), 0b1101_1111_1000);
  assertEquals(authorizedOperations(everything, theCluster, { asked: true }), 0b1_1111_1010_0000);
  const onlyReads = authorizedOperations(
    (operation, { name }) => name === "orders" && operation === "read",
    topic,
    { asked: true },
  );
  assertEquals(onlyReads, 0b1000);
  assertEquals(authorizedOperations(everything, topic, { asked: false }), operationsNotAsked);
});
