// Handlers about clients and users: 48 DescribeClientQuotas, 49 AlterClientQuotas,
// 50 DescribeUserScramCredentials, 51 AlterUserScramCredentials, 71 GetTelemetrySubscriptions,
// 72 PushTelemetry.

import { assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../base/ids.ts";
import { DescribeClientQuotas } from "../../protocol/apis/48_describe_client_quotas.ts";
import { AlterClientQuotas } from "../../protocol/apis/49_alter_client_quotas.ts";
import {
  DescribeUserScramCredentials,
} from "../../protocol/apis/50_describe_user_scram_credentials.ts";
import { AlterUserScramCredentials } from "../../protocol/apis/51_alter_user_scram_credentials.ts";
import { GetTelemetrySubscriptions } from "../../protocol/apis/71_get_telemetry_subscriptions.ts";
import { PushTelemetry } from "../../protocol/apis/72_push_telemetry.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";

const { NONE, INVALID_REQUEST } = ErrorCode;
const sha256 = 1;

Deno.test("quotas are set entity by entity, and found by a filter", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const entity = (entityName: string) => [{ entityType: "client-id", entityName }];
    const set = (key: string) => ({ key, value: 1000, remove: false });
    const entries = [
      { entity: entity("a"), ops: [set("producer_byte_rate")] },
      { entity: entity("b"), ops: [set("no_such_rate")] },
    ];
    const altered = await client.ask(AlterClientQuotas, 1, { entries, validateOnly: false });
    assertEquals(altered.entries.map((each) => each.errorCode), [NONE, INVALID_REQUEST]);
    const components = [{ entityType: "client-id", matchType: 2, match: null }];
    const found = await client.ask(DescribeClientQuotas, 1, { components, strict: false });
    assertEquals(
      found.entries!.map((each) => [each.entity[0]!.entityName, each.values[0]!.value]),
      [["a", 1000]],
    );
  }));

Deno.test("credentials are kept per user, and a user without any is told of", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const bytes = new Uint8Array(32).fill(7);
    const user = (name: string, iterations: number) => ({
      name,
      mechanism: sha256,
      iterations,
      salt: bytes,
      saltedPassword: bytes,
    });
    const upsertions = [user("alice", 4096), user("bob", 1)];
    const altered = await client.ask(AlterUserScramCredentials, 0, { deletions: [], upsertions });
    assertEquals(altered.results.map((each) => [each.user, each.errorCode]), [
      ["alice", NONE],
      ["bob", ErrorCode.UNACCEPTABLE_CREDENTIAL],
    ]);
    const users = [{ name: "alice" }, { name: "bob" }];
    const { results } = await client.ask(DescribeUserScramCredentials, 0, { users });
    assertEquals(
      results.map(({ errorCode, credentialInfos }) => [
        errorCode,
        credentialInfos.map(({ iterations }) => iterations),
      ]),
      [[NONE, [4096]], [ErrorCode.RESOURCE_NOT_FOUND, []]],
    );
  }));

Deno.test("a client is given an id for its metrics, and pushes them by its subscription", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const asked = { clientInstanceId: ZERO_UUID };
    const given = await client.ask(GetTelemetrySubscriptions, 0, asked);
    assertEquals([given.errorCode, given.requestedMetrics], [NONE, []]);
    const { clientInstanceId, subscriptionId } = given;
    const push = async (more: object) => {
      const metrics = new Uint8Array(0);
      const pushed = { clientInstanceId, subscriptionId, compressionType: 0, metrics, ...more };
      return (await client.ask(PushTelemetry, 0, { terminating: false, ...pushed })).errorCode;
    };
    const stale = { subscriptionId: subscriptionId + 1 };
    assertEquals(await push(stale), ErrorCode.UNKNOWN_SUBSCRIPTION_ID);
    assertEquals(await push({ clientInstanceId: ZERO_UUID }), INVALID_REQUEST);
  }));
