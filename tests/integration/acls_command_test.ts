// `ottla acls`, as people use it: rules before the first start, then by who may make them, and what
// they change for a connection that stays open.

import { assertEquals, assertMatch } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { type Finished, ProcessLines } from "../harness/process_lines.ts";
import { ottlaCommand } from "../harness/targets.ts";

async function ottla(words: string, env: Record<string, string> = {}): Promise<Finished> {
  const [command, ...prefix] = await ottlaCommand("deno");
  const process = new ProcessLines({ command, args: [...prefix, ...words.split(" ")], env });
  try {
    return await within(process.finished, { ms: 60_000, what: () => `ottla ${words}` });
  } finally {
    await process.kill();
  }
}

const settings = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:admin",
  "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
  "sasl.enabled.mechanisms": "PLAIN",
  "listener.name.plaintext.plain.sasl.jaas.config":
    "org.apache.kafka.common.security.plain.PlainLoginModule required " +
    'user_admin="a-secret" user_alice="b-secret";',
};

Deno.test("rules are made before the start, listed, and removed while clients are in", async () => {
  const folder = await Deno.makeTempDir();
  const dataDir = `${folder}/data`;
  await Deno.writeTextFile(`${folder}/admin`, "a-secret");
  await Deno.writeTextFile(`${folder}/alice`, "b-secret");
  try {
    const first = await ottla(
      `acls add --data-dir ${dataDir} --allow User:alice --to create,write,describe --topic orders`,
    );
    assertEquals(first.code, 0, first.stderr);
    assertMatch(
      first.stdout,
      /RULE +WHO +MAY +ABOUT +NAME +FROM\nallow +User:alice +create +topic/,
    );

    await using broker = await BrokerProcess.start({ dataDir, settings });
    const as = (user: string) => ({
      OTTLA_BOOTSTRAP: broker.bootstrap,
      OTTLA_USER: user,
      OTTLA_PASSWORD_FILE: `${folder}/${user}`,
    });
    const made = await ottla("topics create orders --sasl-mechanism PLAIN", as("alice"));
    assertEquals(made.code, 0, made.stderr);
    const other = await ottla("topics create payments --sasl-mechanism PLAIN", as("alice"));
    assertEquals(other.code, 1);
    assertMatch(other.stderr, /payments.*Authorization failed.*TOPIC_AUTHORIZATION_FAILED/);
    const rules = await ottla("acls list --sasl-mechanism PLAIN", as("alice"));
    assertEquals([rules.code, rules.stdout], [1, ""]);
    assertMatch(rules.stderr, /CLUSTER_AUTHORIZATION_FAILED/);

    const listed = await ottla(
      "acls list --sasl-mechanism PLAIN --to write,read --topic orders --json",
      as("admin"),
    );
    assertEquals(JSON.parse(listed.stdout), [{
      resourceType: "topic",
      resourceName: "orders",
      pattern: "literal",
      principal: "User:alice",
      host: "*",
      operation: "write",
      permission: "allow",
    }]);
    const removed = await ottla(
      "acls remove --sasl-mechanism PLAIN --allow User:alice --topic orders",
      as("admin"),
    );
    assertEquals([removed.code, removed.stdout.split("\n").length], [0, 5], removed.stderr);
    const gone = await ottla("topics describe orders --sasl-mechanism PLAIN", as("alice"));
    assertEquals(gone.code, 1);
    assertMatch(gone.stderr, /TOPIC_AUTHORIZATION_FAILED/);
    const again = await ottla("acls remove --sasl-mechanism PLAIN --topic orders", as("admin"));
    assertEquals([again.code, again.stdout], [1, ""]);
    assertMatch(again.stderr, /there are no such rules: nothing is removed/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a rule that is not whole is refused, as is removing all unsaid", async () => {
  const refusals = {
    "acls add --to read --topic orders": /a rule needs --allow PRINCIPAL or --deny PRINCIPAL/,
    "acls add --allow User:a --topic orders": /a rule needs --to OPERATION/,
    "acls add --allow User:a --to read": /a rule needs --topic, --group/,
    "acls add --allow User:a --to reed --topic orders": /there is no operation "reed"/,
    "acls add --allow User:a --deny User:b --to read --topic orders": /make two rules/,
    "acls add --allow User:a --to write --group g": /there is no write on group g/,
    "acls remove": /say which rules, or --all/,
  };
  for (const [words, said] of Object.entries(refusals)) {
    const { code, stdout, stderr } = await ottla(words);
    assertEquals([code, stdout], [2, ""], words);
    assertMatch(stderr, said);
  }
});

Deno.test("a broker that does not check access says how it would", async () => {
  await using broker = await BrokerProcess.start();
  const env = { OTTLA_BOOTSTRAP: broker.bootstrap };
  const asked = ["acls list", "acls add --allow User:a --to read --topic t", "acls remove --all"];
  for (const words of asked) {
    const { code, stderr } = await ottla(words, env);
    assertEquals(code, 1);
    assertMatch(stderr, /does not check access: start it with --set authorizer.class.name=/);
  }
});
