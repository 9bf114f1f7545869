// Handlers about who clients are and what they may do, on a listener that asks nobody to log in and
// in a broker without an authorizer: 17 SaslHandshake, 29 DescribeAcls, 30 CreateAcls,
// 31 DeleteAcls, 36 SaslAuthenticate. How clients come in is told in
// tests/integration/login_test.ts.

import { assertEquals } from "@std/assert";
import { SaslHandshake } from "../../protocol/apis/17_sasl_handshake.ts";
import { DescribeAcls } from "../../protocol/apis/29_describe_acls.ts";
import { CreateAcls } from "../../protocol/apis/30_create_acls.ts";
import { DeleteAcls } from "../../protocol/apis/31_delete_acls.ts";
import { SaslAuthenticate } from "../../protocol/apis/36_sasl_authenticate.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";

const { ILLEGAL_SASL_STATE, SECURITY_DISABLED } = ErrorCode;

Deno.test("nobody logs in where nobody is asked to", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { errorCode } = await client.ask(SaslHandshake, 1, { mechanism: "PLAIN" });
    assertEquals(errorCode, ILLEGAL_SASL_STATE);
    const authBytes = new Uint8Array(1);
    const answer = await client.ask(SaslAuthenticate, 2, { authBytes });
    assertEquals(answer.errorCode, ILLEGAL_SASL_STATE);
  }));

Deno.test("who asks for rules of access is told that there is no authorizer", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const rule = {
      resourceType: 2,
      resourceName: "orders",
      principal: "User:alice",
      host: "*",
      operation: 3,
      permissionType: 3,
    };
    const created = await client.ask(CreateAcls, 1, { creations: [rule, rule] });
    assertEquals(
      created.results.map((each) => each.errorCode),
      new Array(2).fill(SECURITY_DISABLED),
    );
    const filter = {
      resourceTypeFilter: 1,
      resourceNameFilter: null,
      principalFilter: null,
      hostFilter: null,
      operation: 1,
      permissionType: 1,
    };
    const deleted = await client.ask(DeleteAcls, 1, { filters: [filter] });
    assertEquals(deleted.filterResults.map((each) => each.errorCode), [SECURITY_DISABLED]);
    const { errorCode, resources } = await client.ask(DescribeAcls, 1, filter);
    assertEquals([errorCode, resources], [SECURITY_DISABLED, []]);
  }));
