// Delegation tokens (KIP-48) in simulated time: made, shown, logged in by, renewed and over; and
// who may do what with whose.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { utf8 } from "../../base/bytes.ts";
import { Client } from "../../client/mod.ts";
import { SaslHandshake } from "../../protocol/apis/17_sasl_handshake.ts";
import { SaslAuthenticate } from "../../protocol/apis/36_sasl_authenticate.ts";
import { CreateDelegationToken } from "../../protocol/apis/38_create_delegation_token.ts";
import { RenewDelegationToken } from "../../protocol/apis/39_renew_delegation_token.ts";
import { ExpireDelegationToken } from "../../protocol/apis/40_expire_delegation_token.ts";
import { DescribeDelegationToken } from "../../protocol/apis/41_describe_delegation_token.ts";
import { ErrorCode, Metadata } from "../../protocol/mod.ts";
import { type RawClient, request } from "../../../tests/harness/raw_client.ts";
import { simulated, type SimulatedScene } from "../../../tests/harness/simulated_broker.ts";

const hour = 3_600_000;
const jaas = "PlainLoginModule required user_alice=a-secret user_bob=b-secret user_carl=c-secret;";
const settings = {
  "listeners": "PLAINTEXT://10.0.0.1:9092,LOGIN://10.0.0.1:9093",
  "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT",
  "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
  "listener.name.login.plain.sasl.jaas.config": jaas,
  "connections.max.idle.ms": -1,
  "delegation.token.secret.key": "the brokers' own",
  "delegation.token.expiry.time.ms": 2 * hour,
  "delegation.token.max.lifetime.ms": 5 * hour,
};
const self = { ownerPrincipalType: null, ownerPrincipalName: null };
const nobody = new Uint8Array(0);

async function logIn(client: RawClient, user: string): Promise<RawClient> {
  await client.ask(SaslHandshake, 1, { mechanism: "PLAIN" });
  const authBytes = utf8(`\0${user}\0${user[0]}-secret`);
  const { errorCode } = await client.ask(SaslAuthenticate, 2, { authBytes });
  assertEquals(errorCode, ErrorCode.NONE);
  return client;
}

const as = async (scene: SimulatedScene, user: string) =>
  await logIn(await scene.connectTo(9093), user);

function create(client: RawClient, given: Partial<{ renewers: string[]; maxLifetimeMs: number }>) {
  const { renewers = [], maxLifetimeMs = -1 } = given;
  return client.ask(CreateDelegationToken, 3, {
    ...self,
    renewers: renewers.map((principalName) => ({ principalType: "User", principalName })),
    maxLifetimeMs,
  });
}

type Mechanism = "SCRAM-SHA-256" | "SCRAM-SHA-512";

/** Our own client, by a token. */
function byToken(
  { world }: SimulatedScene,
  { tokenId, hmac, mechanism }: { tokenId: string; hmac: Uint8Array; mechanism: Mechanism },
): Promise<Client> {
  const password = btoa(String.fromCharCode(...hmac));
  const sasl = { mechanism, username: tokenId, password, delegationToken: true };
  const runtime = world.start(`worker ${world.nowMs}`);
  return Client.connect(runtime, { bootstrap: "10.0.0.1:9093", sasl });
}

Deno.test("a token stands for its owner until its time is over", () =>
  simulated({ settings }, async (scene) => {
    using alice = await as(scene, "alice");
    const made = await create(alice, {});
    assertEquals(made.errorCode, ErrorCode.NONE);
    assertEquals([made.principalType, made.principalName], ["User", "alice"]);
    assertEquals(made.hmac.length, 64);
    assertEquals(Number(made.expiryTimestampMs) - Number(made.issueTimestampMs), 2 * hour);
    assertEquals(Number(made.maxTimestampMs) - Number(made.issueTimestampMs), 5 * hour);

    const { tokenId } = made;
    const hmac = made.hmac.slice();
    for (const mechanism of ["SCRAM-SHA-256", "SCRAM-SHA-512"] as const) {
      const worker = await byToken(scene, { tokenId, hmac, mechanism });
      // A token makes no tokens, and does not even see any.
      const refused = await worker.request(DescribeDelegationToken, { owners: null }, {
        to: "any",
      });
      assertEquals(refused.errorCode, ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED);
      worker.close();
      const wrong = { tokenId, hmac: hmac.map((byte) => byte ^ 1), mechanism };
      await assertRejects(() => byToken(scene, wrong), Error, "Authentication failed");
      const other = { tokenId: "AAAAAAAAAAAAAAAAAAAAAA", hmac, mechanism };
      await assertRejects(() => byToken(scene, other), Error, "Authentication failed");
    }
    const described = await alice.ask(DescribeDelegationToken, 3, { owners: null });
    assertEquals(described.tokens.map((each) => [each.tokenId, each.hmac]), [[tokenId, hmac]]);

    await scene.pass(2 * hour + 1);
    const late = { tokenId, hmac, mechanism: "SCRAM-SHA-256" } as const;
    await assertRejects(() => byToken(scene, late), Error, "Authentication failed");
    const renewal = { hmac, renewPeriodMs: -1 };
    const { errorCode } = await alice.ask(RenewDelegationToken, 2, renewal);
    assertEquals(errorCode, ErrorCode.DELEGATION_TOKEN_EXPIRED);
    // It is swept within the hour.
    await scene.pass(hour);
    const gone = await alice.ask(RenewDelegationToken, 2, renewal);
    assertEquals(gone.errorCode, ErrorCode.DELEGATION_TOKEN_NOT_FOUND);
    assertEquals((await alice.ask(DescribeDelegationToken, 3, { owners: null })).tokens, []);
  }));

Deno.test("a session by a token ends with it, unless the client comes back", () =>
  simulated({ settings }, async (scene) => {
    using alice = await as(scene, "alice");
    const { tokenId, hmac } = await create(alice, { maxLifetimeMs: 60_000 });
    const worker = await byToken(scene, {
      tokenId,
      hmac: hmac.slice(),
      mechanism: "SCRAM-SHA-512",
    });
    await worker.fetchMetadata(null);
    await scene.pass(61_000);
    await assertRejects(() => worker.fetchMetadata(null), Error);
    worker.close();
  }));

Deno.test("its owner and its renewers put off its end, up to the end of its life", () =>
  simulated({ settings }, async (scene) => {
    using alice = await as(scene, "alice");
    using bob = await as(scene, "bob");
    using carl = await as(scene, "carl");
    const made = await create(alice, { renewers: ["bob"] });
    const hmac = made.hmac.slice();
    const issued = Number(made.issueTimestampMs);
    const renew = async (client: RawClient, renewPeriodMs: number) => {
      const answer = await client.ask(RenewDelegationToken, 2, { hmac, renewPeriodMs });
      return [answer.errorCode, Number(answer.expiryTimestampMs)];
    };
    assertEquals(await renew(carl, -1), [ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH, 0]);
    await scene.pass(hour);
    const [code, until = 0] = await renew(bob, -1);
    assertEquals(code, ErrorCode.NONE);
    assert(until >= issued + 3 * hour && until < issued + 3 * hour + 10_000, `${until - issued}`);
    const [, sooner = 0] = await renew(alice, hour);
    assert(sooner < until, "a renewal may be for less");
    await scene.pass(hour / 2);
    await renew(alice, -1);
    await scene.pass(hour * 1.9);
    assertEquals(await renew(alice, -1), [ErrorCode.NONE, issued + 5 * hour]);

    // Who is a renewer sees it, too, and others ask for what is theirs.
    const owners = (name: string) => ({ owners: [{ principalType: "User", principalName: name }] });
    const seen = async (client: RawClient, name: string) =>
      (await client.ask(DescribeDelegationToken, 3, owners(name))).tokens.length;
    assertEquals(await seen(bob, "bob"), 1);
    assertEquals(await seen(carl, "carl"), 0);
    assertEquals((await alice.ask(DescribeDelegationToken, 3, { owners: [] })).tokens, []);

    const expire = (client: RawClient, expiryTimePeriodMs: number) =>
      client.ask(ExpireDelegationToken, 2, { hmac, expiryTimePeriodMs });
    const mismatch = await expire(carl, -1);
    assertEquals(mismatch.errorCode, ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH);
    assertEquals((await expire(bob, 1_000)).errorCode, ErrorCode.NONE);
    assertEquals((await expire(alice, -1)).errorCode, ErrorCode.NONE);
    assertEquals((await expire(alice, -1)).errorCode, ErrorCode.DELEGATION_TOKEN_NOT_FOUND);
  }));

Deno.test("for another owner, with a renewer that is none, and from where nobody logs in", () =>
  simulated({ settings }, async (scene) => {
    using alice = await as(scene, "alice");
    const forBob = await alice.ask(CreateDelegationToken, 3, {
      ownerPrincipalType: "User",
      ownerPrincipalName: "bob",
      renewers: [],
      maxLifetimeMs: 2n ** 63n - 1n,
    });
    assertEquals(forBob.errorCode, ErrorCode.NONE);
    assertEquals(
      [forBob.principalName, forBob.tokenRequesterPrincipalName],
      ["bob", "alice"],
    );
    const renewers = [{ principalType: "Robot", principalName: "r2" }];
    const strange = await alice.ask(CreateDelegationToken, 3, {
      ...self,
      renewers,
      maxLifetimeMs: -1,
    });
    assertEquals(strange.errorCode, ErrorCode.INVALID_PRINCIPAL_TYPE);
    using anybody = await scene.connect();
    const asked = { ...self, renewers: [], maxLifetimeMs: -1 };
    const refusals = [
      await anybody.ask(CreateDelegationToken, 3, asked),
      await anybody.ask(RenewDelegationToken, 2, { hmac: nobody, renewPeriodMs: 1 }),
      await anybody.ask(ExpireDelegationToken, 2, { hmac: nobody, expiryTimePeriodMs: 1 }),
      await anybody.ask(DescribeDelegationToken, 3, { owners: null }),
    ];
    for (const { errorCode } of refusals) {
      assertEquals(errorCode, ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED);
    }
    await anybody.ask(Metadata, 12, { topics: null });
  }));

Deno.test("without a secret there are no tokens", () =>
  simulated(
    { settings: { ...settings, "delegation.token.secret.key": "" } },
    async (scene) => {
      using alice = await as(scene, "alice");
      const refusals = [
        await create(alice, {}),
        await alice.ask(RenewDelegationToken, 2, { hmac: nobody, renewPeriodMs: 1 }),
        await alice.ask(ExpireDelegationToken, 2, { hmac: nobody, expiryTimePeriodMs: 1 }),
        await alice.ask(DescribeDelegationToken, 3, { owners: null }),
      ];
      for (const { errorCode } of refusals) {
        assertEquals(errorCode, ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED);
      }
      const login = { tokenId: "any", hmac: nobody, mechanism: "SCRAM-SHA-256" } as const;
      await assertRejects(
        () => byToken(scene, { ...login, hmac: new Uint8Array(64) }),
        Error,
        "Authentication failed",
      );
      await alice.send(request(Metadata, 12, { topics: null }));
      assert(await alice.receive() !== null);
    },
  ));
