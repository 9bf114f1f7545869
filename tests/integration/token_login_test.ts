// Logins by tokens (OAUTHBEARER) over real sockets: which are taken, which are not and what both
// sides hear of it, keys that change, and how our own client and commands come by a token.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "../../mod.ts";
import { fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { SaslHandshake } from "../../src/protocol/apis/17_sasl_handshake.ts";
import { SaslAuthenticate } from "../../src/protocol/apis/36_sasl_authenticate.ts";
import { ErrorCode, Metadata } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { ca } from "../harness/certificates.ts";
import {
  audience,
  goodClaims,
  IdentityProvider,
  issuer,
  jwksOf,
  newKey,
  tokenOf,
  tokenOfSecret,
  unsignedToken,
} from "../harness/identity_provider.ts";
import { run } from "../harness/process_lines.ts";
import { RawClient, type Reachable, request } from "../harness/raw_client.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { ottlaCommand } from "../harness/targets.ts";

const prefix = "listener.name.plaintext.oauthbearer.";

function settingsOf(jwksUrl: string): Record<string, string> {
  return {
    "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
    "sasl.enabled.mechanisms": "OAUTHBEARER",
    [`${prefix}sasl.server.callback.handler.class`]:
      "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler",
    [`${prefix}sasl.oauthbearer.jwks.endpoint.url`]: jwksUrl,
    "sasl.oauthbearer.expected.issuer": issuer,
    "sasl.oauthbearer.expected.audience": `other,${audience}`,
  };
}

async function show(client: RawClient, token: string, more = "") {
  await client.ask(SaslHandshake, 1, { mechanism: "OAUTHBEARER" });
  const authBytes = utf8(`n,${more},\x01auth=Bearer ${token}\x01\x01`);
  return await client.ask(SaslAuthenticate, 2, { authBytes });
}

/** What the client of a token that is not good is told, to the end. */
async function refusalOf(broker: Reachable, token: string): Promise<string> {
  using client = await RawClient.connect(broker);
  const first = await show(client, token);
  assertEquals(first.errorCode, ErrorCode.NONE);
  assertEquals(Number(first.sessionLifetimeMs), 0);
  const told = fromUtf8(first.authBytes);
  const last = await client.ask(SaslAuthenticate, 2, { authBytes: utf8("\x01") });
  assertEquals(last.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED);
  assertEquals(last.errorMessage, told);
  await client.assertClosed();
  return told;
}

Deno.test("a token lets in whom it names", async () => {
  const key = await newKey("one", "RS256");
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/jwks.json`, await jwksOf([await newKey("other"), key]));
    await using broker = await BrokerProcess.start({
      settings: settingsOf(`file://${folder}/jwks.json`),
      flags: ["--trace"],
    });
    using client = await RawClient.connect(broker);
    const answer = await show(client, await tokenOf(key));
    assertEquals(answer.errorCode, ErrorCode.NONE);
    const lifetimeMs = Number(answer.sessionLifetimeMs);
    assert(lifetimeMs > 200_000 && lifetimeMs <= 300_000, `${lifetimeMs} ms`);
    await client.ask(Metadata, 12, { topics: null });
    await broker.said((line) => line.includes("User:alice"));

    using named = await RawClient.connect(broker);
    assertEquals((await show(named, await tokenOf(key), "a=alice")).errorCode, ErrorCode.NONE);
    using other = await RawClient.connect(broker);
    const refused = await show(other, await tokenOf(key), "a=bob");
    assertEquals(refused.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED);
    assertMatch(refused.errorMessage ?? "", /authorization id \(bob\).*principal name \(alice\)/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a token that is not good is refused, and its operator learns why", async () => {
  const key = await newKey("one");
  const stranger = await newKey("one");
  const folder = await Deno.makeTempDir();
  try {
    const jwks = await jwksOf([key]);
    await Deno.writeTextFile(`${folder}/jwks.json`, jwks);
    await using broker = await BrokerProcess.start({
      settings: settingsOf(`file://${folder}/jwks.json`),
    });
    const now = Math.floor(Date.now() / 1_000);
    const of = (changes: Record<string, unknown>) => tokenOf(key, goodClaims(changes));
    const cases: readonly (readonly [token: string, reason: string])[] = [
      [await of({ iss: "https://evil.test" }), `its issuer is https://evil.test, not ${issuer}`],
      [await of({ iss: undefined }), "it has no claim iss"],
      [await of({ aud: "mail" }), "its audience is mail, not other or kafka"],
      [await of({ exp: now - 60 }), "it has expired"],
      [await of({ nbf: now + 600 }), "it is not valid yet"],
      [await of({ exp: undefined }), "it has no claim exp"],
      [await of({ sub: undefined }), "it has no claim sub"],
      [await of({ sub: " " }), "its claim sub names no user"],
      [await of({ scope: [1] }), "its claim scope names no scopes"],
      [await tokenOf(stranger), "its signature is not good"],
      [await tokenOf(key, goodClaims(), { kid: "two" }), "none of the known keys has signed it"],
      [unsignedToken(), "it is not signed, or in a way that is not accepted"],
      [await tokenOfSecret(jwks), "it is not signed, or in a way that is not accepted"],
      [await tokenOfSecret(jwks, { kid: "one" }), "it is not signed, or in a way"],
      ["nonsense", "it is no token"],
    ];
    for (const [token, reason] of cases) {
      assertEquals(await refusalOf(broker, token), '{"status":"invalid_token"}', reason);
      await broker.said((line) => line.includes(`OAUTHBEARER: ${reason}`));
      const [, , signature] = token.split(".");
      if (signature) assert(!broker.output.includes(signature), "a token is in the log");
    }
    using client = await RawClient.connect(broker);
    await client.ask(SaslHandshake, 1, { mechanism: "OAUTHBEARER" });
    const authBytes = utf8("n,,\x01auth=Basic abc\x01\x01");
    const { errorCode } = await client.ask(SaslAuthenticate, 2, { authBytes });
    assertEquals(errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a provider's new key is taken over by the first token that it has signed", async () => {
  await using provider = await IdentityProvider.start();
  await using broker = await BrokerProcess.start({ settings: settingsOf(`${provider.url}/jwks`) });
  const first = await provider.token();
  const { bootstrap } = broker;
  await using before = await connect({
    bootstrap,
    sasl: { mechanism: "OAUTHBEARER", token: first },
  });
  await before.admin.listTopics();
  const old = provider.keys;
  provider.keys = [await newKey("second")];
  const token = () => provider.token();
  // The keys were asked for when the broker started: ten seconds have to pass until they are again.
  for (let isIn = false; !isIn;) {
    isIn = await connect({ bootstrap, sasl: { mechanism: "OAUTHBEARER", token } })
      .then((cluster) => cluster.close().then(() => true), (error) => {
        assertMatch(error.message, /log in by a token: .*invalid_token/);
        return false;
      });
  }
  // What the first key has signed is worth nothing any more.
  assertEquals(await refusalOf(broker, await tokenOf(old[0]!)), '{"status":"invalid_token"}');
  const asked = provider.asked.length;
  assert(asked <= 4, `the keys were asked for ${asked} times`);
});

Deno.test("a program gets its tokens by its id and secret, behind TLS of our own", async () => {
  await using provider = await IdentityProvider.start({ isSecure: true });
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/ca.pem`, ca);
    const jaas = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required " +
      `ssl.truststore.location="${folder}/ca.pem" ssl.truststore.type="PEM"`;
    await using broker = await BrokerProcess.start({
      settings: {
        ...settingsOf(`${provider.url}/jwks`),
        [`${prefix}sasl.jaas.config`]: `${jaas};`,
      },
      flags: ["--trace"],
    });
    const { bootstrap } = broker;
    const endpoint = {
      url: `${provider.url}/token`,
      clientId: "program",
      clientSecret: "its secret",
      ca,
    };
    await using cluster = await connect({
      bootstrap,
      sasl: { mechanism: "OAUTHBEARER", endpoint },
    });
    await cluster.producer().send({ topic: "orders", value: "paid" });
    await broker.said((line) => line.includes("User:program"));
    // Once for all of its connections.
    assertEquals(provider.asked.filter((path) => path === "/token").length, 1);

    const config = `${folder}/client.properties`;
    const properties = [
      `bootstrap.servers=${bootstrap}`,
      "security.protocol=SASL_PLAINTEXT",
      "sasl.mechanism=OAUTHBEARER",
      `sasl.oauthbearer.token.endpoint.url=${provider.url}/token`,
      `sasl.jaas.config=${jaas} clientId="program" clientSecret="its secret" scope="kafka";`,
      "key.serializer=org.apache.kafka.common.serialization.StringSerializer",
    ];
    await Deno.writeTextFile(config, properties.join("\n"));
    const [command, ...program] = await ottlaCommand("deno");
    const ottla = (...args: string[]) =>
      run({ command, args: [...program, ...args], withinMs: 60_000 });
    const { stdout } = await ottla("topics", "list", "--config", config);
    assertMatch(stdout, /orders/);
    await ottla("topics", "create", "bills", "--config", config, "--config", "retention.ms=1000");
    await Deno.writeTextFile(`${folder}/token`, await provider.token());
    const byFile = await ottla(
      ..."topics list --bootstrap".split(" "),
      bootstrap,
      "--token-file",
      `${folder}/token`,
    );
    assertMatch(byFile.stdout, /bills/);

    const wrong = { ...endpoint, clientSecret: "another" };
    await assertRejects(
      () => connect({ bootstrap, sasl: { mechanism: "OAUTHBEARER", endpoint: wrong } }),
      Error,
      "gives no token to program: its answer has status 401",
    );
    const untrusted = { ...endpoint, ca: undefined };
    await assertRejects(
      () => connect({ bootstrap, sasl: { mechanism: "OAUTHBEARER", endpoint: untrusted } }),
      Error,
      "its certificate is refused",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("unsigned tokens, where they are wanted, let in for as long as they are good", () => {
  const module = "OAuthBearerLoginModule required unsecuredValidatorRequiredScope=kafka;";
  const lines: string[] = [];
  return simulated({
    settings: {
      "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
      "sasl.enabled.mechanisms": "OAUTHBEARER",
      [`${prefix}sasl.jaas.config`]: module,
    },
    onLine: ({ level, message, fields: { reason = "" } = {} }) =>
      lines.push(`${level} ${message} ${reason}`),
  }, async ({ connect, pass }) => {
    assert(lines.some((line) => line.startsWith("warn this listener takes tokens that nobody")));
    using client = await connect();
    const good = goodClaims({ scope: "mail kafka", exp: Math.floor(Date.now() / 1_000) + 60 });
    const { errorCode: first, sessionLifetimeMs: lifetimeMs } = await show(
      client,
      unsignedToken(good),
    );
    assertEquals(first, ErrorCode.NONE);
    assert(lifetimeMs > 59_000 && lifetimeMs <= 60_000, `${lifetimeMs} ms`);
    await client.ask(Metadata, 12, { topics: null });
    // The client comes back with a new token in time, and stays.
    await pass(30_000);
    const later = { ...good, exp: Number(good["exp"]) + 60 };
    assertEquals((await show(client, unsignedToken(later))).errorCode, ErrorCode.NONE);
    await pass(40_000);
    await client.ask(Metadata, 12, { topics: null });
    await pass(60_000);
    await client.send(request(Metadata, 12, { topics: null }));
    await client.assertClosed();
    assert(lines.some((line) => line.includes("its session is over")), lines.join("\n"));

    // One without an end to speak of is good for as long as can be told.
    using endless = await connect();
    const { errorCode, sessionLifetimeMs } = await show(
      endless,
      unsignedToken({ ...later, exp: 1e300 }),
    );
    assertEquals([errorCode, sessionLifetimeMs], [ErrorCode.NONE, Number.MAX_SAFE_INTEGER]);
    await endless.ask(Metadata, 12, { topics: null });

    const latest = { ...later, exp: later.exp + 600 };
    using poor = await connect();
    const { authBytes } = await show(poor, unsignedToken({ ...latest, scope: "mail" }));
    assertEquals(fromUtf8(authBytes), '{"status":"insufficient_scope","scope":"kafka"}');
    using signed = await connect();
    const token = `${unsignedToken(latest)}abc`;
    assertEquals(fromUtf8((await show(signed, token)).authBytes), '{"status":"invalid_token"}');
  });
});
