// Real clients log in by tokens: by those of an identity provider (OAUTHBEARER) kafkajs,
// platformatic and Kafka's clients, by those that nobody has signed kcat (librdkafka); by
// delegation tokens Kafka's, whose own kafka-delegation-tokens has made them, renewed them and let
// them expire.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Admin as PlatformaticAdmin } from "@platformatic/kafka";
import { Kafka, logLevel } from "kafkajs";
import { BrokerProcess } from "../harness/broker_process.ts";
import {
  audience,
  IdentityProvider,
  issuer,
  newKey,
  tokenOf,
} from "../harness/identity_provider.ts";
import { patienceMs } from "../harness/deadline.ts";
import { run } from "../harness/process_lines.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const security = "org.apache.kafka.common.security";
const isForeign = targetFromEnvironment() === "kafka";
const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's clients that log in by tokens: ${skipped}`);

function start(jwksUrl: string): Promise<BrokerProcess> {
  return BrokerProcess.start({
    settings: {
      "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
      "sasl.enabled.mechanisms": "OAUTHBEARER,PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "sasl.oauthbearer.jwks.endpoint.url": jwksUrl,
      "sasl.oauthbearer.expected.issuer": issuer,
      "sasl.oauthbearer.expected.audience": audience,
      "listener.name.plaintext.plain.sasl.jaas.config":
        `${security}.plain.PlainLoginModule required user_alice="a-secret";`,
      "delegation.token.secret.key": "the brokers' own",
    },
  });
}

async function kcat({ bootstrap }: BrokerProcess, properties: Record<string, string>) {
  const said = Object.entries({ "security.protocol": "SASL_PLAINTEXT", ...properties });
  const args = ["-b", bootstrap, "-L", "-J", "-m", "10"];
  args.push(...said.flatMap((pair) => ["-X", pair.join("=")]));
  const { stdout } = await run({ command: "kcat", args, withinMs: patienceMs });
  assertEquals(JSON.parse(stdout).brokers.length, 1);
}

/** One of Kafka's console tools, logged in by what `properties` say. */
async function tool(
  { bootstrap }: BrokerProcess,
  { name, args, properties, jvm = [] }: {
    name: string;
    args: readonly string[];
    properties: Record<string, string>;
    jvm?: readonly string[];
  },
): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".properties" });
  try {
    const said = Object.entries({ "security.protocol": "SASL_PLAINTEXT", ...properties });
    await Deno.writeTextFile(file, said.map((pair) => pair.join("=")).join("\n"));
    const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
    const options = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", ...jvm];
    options.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${await fetchJars()}*`);
    options.push(`org.apache.kafka.tools.${name}`, "--bootstrap-server", bootstrap);
    options.push("--command-config", file, ...args);
    const { stdout } = await run({ command: "java", args: options, withinMs: patienceMs });
    return stdout;
  } finally {
    await Deno.remove(file);
  }
}

Deno.test({
  name: "kafkajs, platformatic and kcat log in by tokens, or are kept out",
  ignore: isForeign,
  fn: async (t) => {
    await using provider = await IdentityProvider.start();
    await using broker = await start(`${provider.url}/jwks`);
    const { bootstrap } = broker;
    const forged = await tokenOf(await newKey("first"));
    await t.step("kafkajs", async () => {
      const adminBy = (token: () => Promise<string>) => {
        const oauthBearerProvider = async () => ({ value: await token() });
        return new Kafka({
          brokers: [bootstrap],
          sasl: { mechanism: "oauthbearer", oauthBearerProvider },
          retry: { retries: 0 },
          logLevel: logLevel.NOTHING,
        }).admin();
      };
      const admin = adminBy(() => provider.token());
      await admin.connect();
      await admin.createTopics({ topics: [{ topic: "orders" }] });
      await admin.disconnect();
      // It does not read what its token is answered with, and finds out at its first request.
      const stranger = adminBy(() => Promise.resolve(forged));
      await stranger.connect();
      await assertRejects(() => stranger.listTopics());
      await stranger.disconnect();
    });
    await t.step("platformatic", async () => {
      const adminBy = (token: string) =>
        new PlatformaticAdmin({
          clientId: "platformatic",
          bootstrapBrokers: [bootstrap],
          sasl: { mechanism: "OAUTHBEARER", token },
          retries: 0,
        });
      const admin = adminBy(await provider.token());
      assertEquals(await admin.listTopics(), ["orders"]);
      await admin.close();
      const stranger = adminBy(forged);
      await assertRejects(() => stranger.listTopics());
      await stranger.close();
    });
    await t.step("kcat, whose own tokens nobody has signed", async () => {
      const properties = {
        "sasl.mechanism": "OAUTHBEARER",
        "enable.sasl.oauthbearer.unsecure.jwt": "true",
        "sasl.oauthbearer.config": "principal=alice scope=kafka",
      };
      await assertRejects(() => kcat(broker, properties), Error, "invalid_token");
      await using lenient = await BrokerProcess.start({
        settings: {
          "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
          "sasl.enabled.mechanisms": "OAUTHBEARER",
          "listener.name.plaintext.oauthbearer.sasl.jaas.config":
            `${security}.oauthbearer.OAuthBearerLoginModule required ` +
            'unsecuredValidatorRequiredScope="kafka";',
        },
      });
      await kcat(lenient, properties);
    });
  },
});

Deno.test({
  name: "Kafka's own clients log in by a provider's tokens, which they get by a client's secret",
  ignore: skipped !== undefined || isForeign,
  fn: async () => {
    await using provider = await IdentityProvider.start();
    await using broker = await start(`${provider.url}/jwks`);
    const url = `${provider.url}/token`;
    const properties = {
      "sasl.mechanism": "OAUTHBEARER",
      "sasl.login.callback.handler.class":
        `${security}.oauthbearer.OAuthBearerLoginCallbackHandler`,
      "sasl.oauthbearer.token.endpoint.url": url,
      "sasl.jaas.config": `${security}.oauthbearer.OAuthBearerLoginModule required ` +
        'clientId="program" clientSecret="its secret" scope="kafka";',
    };
    const jvm = [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${url}`];
    const topics = (args: readonly string[]) =>
      tool(broker, { name: "TopicCommand", args, properties, jvm });
    await topics(["--create", "--topic", "bills"]);
    assertEquals((await topics(["--list"])).trim(), "bills");
    provider.keys = [await newKey("first")];
    await assertRejects(() => topics(["--list"]), Error, "invalid_token");
  },
});

Deno.test({
  name: "kafka-delegation-tokens makes tokens, and Kafka's clients log in by them",
  ignore: skipped !== undefined || isForeign,
  fn: async () => {
    await using provider = await IdentityProvider.start();
    await using broker = await start(`${provider.url}/jwks`);
    const alice = {
      "sasl.mechanism": "PLAIN",
      "sasl.jaas.config":
        `${security}.plain.PlainLoginModule required username="alice" password="a-secret";`,
    };
    const tokens = (...args: string[]) =>
      tool(broker, { name: "DelegationTokenCommand", args, properties: alice });
    const made = await tokens(
      "--create",
      "--max-life-time-period",
      "-1",
      "--renewer-principal",
      "User:scheduler",
    );
    const [, id = "", hmac = ""] = /^(\S{22})\s+(\S{88})\s+User:alice\s/m.exec(made) ?? [];
    assert(id !== "", made);
    const described = await tokens("--describe", "--owner-principal", "User:alice");
    assertMatch(described, new RegExp(`${id}.*User:alice.*User:alice.*User:scheduler`));
    assertMatch(await tokens("--renew", "--renew-time-period", "-1", "--hmac", hmac), /renew/i);
    for (const mechanism of ["SCRAM-SHA-256", "SCRAM-SHA-512"]) {
      const byToken = (password: string) =>
        tool(broker, {
          name: "TopicCommand",
          args: ["--list"],
          properties: {
            "sasl.mechanism": mechanism,
            "sasl.jaas.config": `${security}.scram.ScramLoginModule required username="${id}" ` +
              `password="${password}" tokenauth="true";`,
          },
        });
      await byToken(hmac);
      await assertRejects(
        () => byToken(`${hmac.slice(0, -6)}AAAA==`),
        Error,
        "Authentication failed",
      );
    }
    assertMatch(await tokens("--expire", "--expiry-time-period", "-1", "--hmac", hmac), /expire/i);
    assert(!(await tokens("--describe")).includes(id), "an expired token is gone");
  },
});
