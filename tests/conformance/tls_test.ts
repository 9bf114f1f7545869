// Real clients behind TLS: kafkajs, kcat (librdkafka), Kafka's tools and ours, by the server's
// certificate alone, with one of their own, and with a password.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Kafka, logLevel, type SASLOptions } from "kafkajs";
import { connect } from "../../mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { alice, ca, server, type TestIdentity } from "../harness/certificates.ts";
import { patienceMs } from "../harness/deadline.ts";
import { run } from "../harness/process_lines.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required ";
const kinds = [
  { name: "TLS", protocol: "SSL", clientAuth: "none", identity: undefined },
  {
    name: "TLS with a certificate of its own",
    protocol: "SSL",
    clientAuth: "required",
    identity: alice,
  },
  { name: "TLS and a password", protocol: "SASL_SSL", clientAuth: "none", identity: undefined },
] as const;
type Kind = typeof kinds[number];

const skipped = await reasonToSkip();

for (const kind of kinds) {
  Deno.test({
    name: `kafkajs, kcat, Kafka's tools and our own client by ${kind.name}`,
    ignore: targetFromEnvironment() === "kafka",
    fn: async (t) => {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/server.pem`, server.key + server.chain);
        await Deno.writeTextFile(`${folder}/ca.pem`, ca);
        await Deno.writeTextFile(`${folder}/alice.pem`, alice.key + alice.chain);
        await using broker = await BrokerProcess.start({
          settings: {
            "listener.security.protocol.map": `PLAINTEXT:${kind.protocol}`,
            "ssl.keystore.location": `${folder}/server.pem`,
            "ssl.truststore.location": `${folder}/ca.pem`,
            "ssl.client.auth": kind.clientAuth,
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.plaintext.plain.sasl.jaas.config": `${jaas}user_alice="a-secret";`,
          },
        });
        const at = { bootstrap: broker.bootstrap, folder };
        await t.step("kafkajs", () => byKafkajs(kind, at));
        await t.step("kcat", () => byKcat(kind, at));
        await t.step("our own", () => byOurs(kind, at));
        if (skipped === undefined) await t.step("Kafka's tools", () => byTools(kind, at));
        else console.log(`Kafka's tools behind TLS: ${skipped}`);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

interface At {
  readonly bootstrap: string;
  readonly folder: string;
}

const hasPassword = ({ protocol }: Kind): boolean => protocol === "SASL_SSL";

async function byKafkajs(kind: Kind, { bootstrap }: At): Promise<void> {
  const listTopics = async (identity: TestIdentity | undefined, trusted: string) => {
    const ssl = { ca: [trusted], key: identity?.key, cert: identity?.chain };
    const sasl: SASLOptions | undefined = hasPassword(kind)
      ? { mechanism: "plain", username: "alice", password: "a-secret" }
      : undefined;
    const options = { brokers: [bootstrap], ssl, sasl, retry: { retries: 0 } };
    const admin = new Kafka({ ...options, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.listTopics();
    await admin.disconnect();
  };
  await listTopics(kind.identity, ca);
  await assertRejects(() => listTopics(kind.identity, server.chain));
  if (kind.identity !== undefined) await assertRejects(() => listTopics(undefined, ca));
}

async function byKcat(kind: Kind, { bootstrap, folder }: At): Promise<void> {
  const properties = [
    `security.protocol=${kind.protocol}`,
    `ssl.ca.location=${folder}/ca.pem`,
    ...kind.identity === undefined ? [] : [
      `ssl.certificate.location=${folder}/alice.pem`,
      `ssl.key.location=${folder}/alice.pem`,
    ],
    ...hasPassword(kind)
      ? ["sasl.mechanism=PLAIN", "sasl.username=alice", "sasl.password=a-secret"]
      : [],
  ];
  const args = ["-b", bootstrap, "-L", "-J", "-m", "30"];
  args.push(...properties.flatMap((property) => ["-X", property]));
  const { stdout } = await run({ command: "kcat", args, withinMs: patienceMs });
  assertEquals(JSON.parse(stdout).brokers.length, 1);
}

async function byOurs(kind: Kind, { bootstrap }: At): Promise<void> {
  const as = (identity: TestIdentity | undefined, trusted: string) =>
    connect({
      bootstrap,
      tls: { ca: trusted, key: identity?.key, cert: identity?.chain },
      sasl: hasPassword(kind)
        ? { mechanism: "PLAIN", username: "alice", password: "a-secret" }
        : undefined,
    });
  await using cluster = await as(kind.identity, ca);
  // More than fits into a socket's buffers.
  const value = new Uint8Array(700_000).map((_, i) => i % 251);
  await cluster.producer().send({ topic: "large", partition: 0, value });
  const consumer = cluster.consumer({ autoOffsetReset: "earliest" });
  consumer.assign([{ topic: "large", partition: 0 }]);
  for await (const record of consumer) {
    assertEquals(record.value, value);
    break;
  }
  const told = await assertRejects(() => as(kind.identity, alice.chain), Error);
  assertMatch(told.message, /certificate is refused/);
  if (kind.identity !== undefined) await assertRejects(() => as(undefined, ca));
  const plain = await assertRejects(() => connect({ bootstrap }), Error);
  assertMatch(plain.message, /speaks TLS|the connection was lost|closed the connection/);
}

async function byTools(kind: Kind, { bootstrap, folder }: At): Promise<void> {
  const file = `${folder}/client.properties`;
  await Deno.writeTextFile(
    file,
    [
      `security.protocol=${kind.protocol}`,
      "ssl.truststore.type=PEM",
      `ssl.truststore.location=${folder}/ca.pem`,
      ...kind.identity === undefined
        ? []
        : ["ssl.keystore.type=PEM", `ssl.keystore.location=${folder}/alice.pem`],
      "sasl.mechanism=PLAIN",
      `sasl.jaas.config=${jaas}username="alice" password="a-secret";`,
    ].join("\n"),
  );
  const args = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
  args.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${await fetchJars()}*`);
  args.push("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", bootstrap);
  args.push("--command-config", file, "--list");
  const { stdout } = await run({ command: "java", args, withinMs: patienceMs });
  assertEquals(stdout.trim(), "large");
}
