// `ottla tokens`, as people use it: a login that a user hands to a program, for a while.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { CommandLine } from "../harness/command_line.ts";

const users = 'user_alice="alice-secret" user_bob="bob-secret";';

Deno.test("a token is made, logged in by, renewed and taken back", async () => {
  await using broker = await BrokerProcess.start({
    settings: {
      "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
      "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "listener.name.plaintext.plain.sasl.jaas.config":
        `org.apache.kafka.common.security.plain.PlainLoginModule required ${users}`,
      "delegation.token.secret.key": "what-the-brokers-share",
    },
  });
  const ottla = new CommandLine(broker);
  const folder = await Deno.makeTempDir();
  try {
    const passwords = { alice: `${folder}/alice`, bob: `${folder}/bob` };
    for (const [name, path] of Object.entries(passwords)) {
      await Deno.writeTextFile(path, `${name}-secret\n`);
    }
    const as = (name: "alice" | "bob") =>
      `--user ${name} --password-file ${passwords[name]} --sasl-mechanism PLAIN`;
    const none = await ottla.run(`tokens list ${as("alice")}`);
    assertEquals([none.code, none.stderr], [0, "There are no tokens.\n"]);
    const made = JSON.parse(
      await ottla.out(`tokens create --renewer User:bob --lifetime 7d --json ${as("alice")}`),
    );
    assertEquals([made.owner, made.renewers], ["User:alice", ["User:bob"]]);
    assertEquals(made.endsMs - made.issuedMs, 7 * 86_400_000);

    // The program logs in by it, and is alice; it makes no further ones.
    const properties = `${folder}/client.properties`;
    const jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required " +
      `username="${made.tokenId}" password="${made.hmac}" tokenauth="true";`;
    await Deno.writeTextFile(
      properties,
      `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-256\nsasl.jaas.config=${jaas}\n`,
    );
    await ottla.out(`topics create orders --config retention.ms=1 ${as("alice")}`);
    const byToken = ["--config", properties];
    assertStringIncludes(await ottla.out(["topics", "list", ...byToken]), "orders");
    const another = await ottla.run(["tokens", "create", ...byToken]);
    assertEquals(another.code, 1);
    assertStringIncludes(another.stderr, "tokens are for who has logged in, and not by a token");

    const listed = await ottla.out(`tokens list ${as("bob")}`);
    assertMatch(listed, /TOKEN +OWNER +RENEWERS +GOOD UNTIL\n\S+ +User:alice +User:bob +20\S+Z\n/);
    assertEquals(listed.includes(made.hmac), false);
    const renewed = await ottla.run(`tokens renew ${made.tokenId} --for 12h ${as("bob")}`);
    assertEquals(renewed.code, 0, renewed.stderr);
    assertStringIncludes(renewed.stderr, `Token ${made.tokenId} is good until 20`);
    const expired = await ottla.run(`tokens expire ${made.tokenId} ${as("alice")}`);
    assertStringIncludes(expired.stderr, `Token ${made.tokenId} is no more.`);
    const unseen = await ottla.run(`tokens renew ${made.tokenId} ${as("alice")}`);
    assertEquals(unseen.code, 1);
    assertStringIncludes(unseen.stderr, `you see no token ${made.tokenId}`);
    const late = await ottla.run(["topics", "list", ...byToken]);
    assertStringIncludes(late.stderr, "SASL_AUTHENTICATION_FAILED");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
