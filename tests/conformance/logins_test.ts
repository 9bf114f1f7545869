// Real clients log in by PLAIN and SCRAM, and are kept out with a wrong password: kafkajs,
// platformatic, kcat (librdkafka), Kafka's own (java/Logins.java), and ours. Sessions last so short
// here that who stays has to log in again.

import { assertEquals, assertRejects } from "@std/assert";
import { Admin as PlatformaticAdmin } from "@platformatic/kafka";
import { Kafka, logLevel, type SASLOptions } from "kafkajs";
import { connect } from "../../mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { ProcessLines, run } from "../harness/process_lines.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const program = new URL("java/Logins.java", import.meta.url).pathname;
const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;
const secret = 'a, "secret"=';
const isForeign = targetFromEnvironment() === "kafka";

function start(): Promise<BrokerProcess> {
  const jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required " +
    `user_admin="admin-secret" user_alice="${secret.replaceAll('"', '\\"')}";`;
  return BrokerProcess.start({
    settings: {
      "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
      "sasl.enabled.mechanisms": mechanisms.join(","),
      "listener.name.plaintext.plain.sasl.jaas.config": jaas,
      "connections.max.reauth.ms": "1500",
    },
  });
}

/** Makes alice, with a password of SCRAM, too. */
async function addAlice({ bootstrap }: BrokerProcess): Promise<void> {
  const { Client, loadUserAdmin } = await import("../../src/client/mod.ts");
  const { detectRuntime } = await import("../../src/runtime/detect.ts");
  const sasl = { mechanism: "PLAIN", username: "admin", password: "admin-secret" } as const;
  const client = await Client.connect(await detectRuntime(), { bootstrap, sasl });
  const { setPassword } = await loadUserAdmin();
  await setPassword(client, { name: "alice", password: secret });
  client.close();
}

Deno.test({
  name: "kafkajs, platformatic, kcat and our own client log in, or are kept out",
  ignore: isForeign,
  fn: async (t) => {
    await using broker = await start();
    const { bootstrap } = broker;
    await addAlice(broker);
    for (const mechanism of mechanisms) {
      await t.step(`kafkajs by ${mechanism}`, async () => {
        const adminAs = (password: string) => {
          const name = mechanism.toLowerCase() as "plain";
          const sasl: SASLOptions = { mechanism: name, username: "alice", password };
          const options = { brokers: [bootstrap], sasl, retry: { retries: 0 } };
          return new Kafka({ ...options, logLevel: logLevel.NOTHING }).admin();
        };
        const admin = adminAs(secret);
        await admin.connect();
        await admin.listTopics();
        await admin.disconnect();
        await assertRejects(() => adminAs("wrong").connect(), Error, "authentication failed");
      });
      await t.step(`platformatic by ${mechanism}`, async () => {
        const adminAs = (password: string) =>
          new PlatformaticAdmin({
            clientId: "platformatic",
            bootstrapBrokers: [bootstrap],
            sasl: { mechanism, username: "alice", password },
            retries: 0,
          });
        const admin = adminAs(secret);
        await admin.listTopics();
        await admin.close();
        const stranger = adminAs("wrong");
        await assertRejects(() => stranger.listTopics());
        await stranger.close();
      });
      await t.step(`kcat by ${mechanism}`, async () => {
        const listAs = (password: string) => {
          const properties = [
            "security.protocol=SASL_PLAINTEXT",
            `sasl.mechanism=${mechanism}`,
            "sasl.username=alice",
            `sasl.password=${password}`,
          ];
          const args = ["-b", bootstrap, "-L", "-J", "-m", "3"];
          return run({
            command: "kcat",
            args: [...args, ...properties.flatMap((property) => ["-X", property])],
            withinMs: 60_000,
          });
        };
        const { stdout } = await listAs(secret);
        assertEquals(JSON.parse(stdout).brokers.length, 1);
        await assertRejects(() => listAs("wrong"), Error, "uthentication");
      });
      await t.step(`our own by ${mechanism}`, async () => {
        const as = (password: string) =>
          connect({ bootstrap, sasl: { mechanism, username: "alice", password } });
        await using cluster = await as(secret);
        const producer = cluster.producer();
        await producer.send({ topic: "ours", value: mechanism });
        await assertRejects(() => as("wrong"), Error, "Authentication failed");
      });
    }
  },
});

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's clients that log in: ${skipped}`);

Deno.test({
  name: "Kafka's own clients log in by every mechanism, again and again, or are kept out",
  ignore: skipped !== undefined || isForeign,
  fn: async () => {
    const jars = await fetchJars();
    await using broker = await start();
    const jvm = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`);
    const java = new ProcessLines({
      command: "java",
      args: [...jvm, program, broker.bootstrap],
    });
    try {
      const what = () => `the end of the logins\n${java.output}\n${broker.output}`;
      const { stdout } = await within(java.finished, { ms: 240_000, what });
      assertEquals(
        stdout.trimEnd().split("\n"),
        mechanisms.flatMap((mechanism) => [
          `${mechanism} in, and in again`,
          `${mechanism} out, SaslAuthenticationException`,
        ]),
      );
    } finally {
      await java.kill();
    }
  },
});
