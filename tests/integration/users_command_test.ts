// `ottla users`, as people use it: the first user before the first start, then by logging in.

import { assertEquals, assertMatch } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { type Finished, ProcessLines } from "../harness/process_lines.ts";
import { ottlaCommand } from "../harness/targets.ts";

async function ottla(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const [command, ...prefix] = await ottlaCommand("deno");
  const process = new ProcessLines({ command, args: [...prefix, ...args], env });
  try {
    return await within(process.finished, { ms: 60_000, what: () => `ottla ${args.join(" ")}` });
  } finally {
    await process.kill();
  }
}

Deno.test("the first user is made before the start, and makes and removes others", async () => {
  const folder = await Deno.makeTempDir();
  const dataDir = `${folder}/data`;
  await Deno.writeTextFile(`${folder}/alice`, "a secret of alice's\nand no more\n");
  await Deno.writeTextFile(`${folder}/bob`, "b-secret");
  const clusterId = "AAECAwQFBgcICQoLDA0ODw";
  const own = ["listeners=SASL_PLAINTEXT://:9092", `cluster.id=${clusterId}`, "node.id=7"];
  await Deno.writeTextFile(`${folder}/server.properties`, own.join("\n"));
  try {
    const first = await ottla([
      ..."users add alice --data-dir".split(" "),
      dataDir,
      "--new-password-file",
      `${folder}/alice`,
      "--config",
      `${folder}/server.properties`,
    ]);
    assertEquals(first.code, 0, first.stderr);
    const properties = await Deno.readTextFile(`${dataDir}/meta.properties`);
    assertMatch(properties, new RegExp(`^cluster\\.id=${clusterId}$`, "m"));
    assertMatch(properties, /^node\.id=7$/m);
    assertMatch(first.stderr, /alice can log in by SCRAM-SHA-256 and SCRAM-SHA-512/);
    await using broker = await BrokerProcess.start({
      dataDir,
      settings: {
        "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
        "cluster.id": clusterId,
        "node.id": "7",
      },
    });
    const { bootstrap: OTTLA_BOOTSTRAP } = broker;
    const alice = {
      OTTLA_BOOTSTRAP,
      OTTLA_USER: "alice",
      OTTLA_PASSWORD_FILE: `${folder}/alice`,
    };
    const added = await ottla(
      ["users", "add", "bob", "--new-password-file", `${folder}/bob`],
      alice,
    );
    assertEquals(added.code, 0, added.stderr);
    const listed = await ottla(["users", "list"], alice);
    assertMatch(listed.stdout, /alice +SCRAM-SHA-256, SCRAM-SHA-512\nbob +SCRAM/);
    const bob = ["--user", "bob", "--password-file", `${folder}/bob`];
    const asBob = [...bob, "--sasl-mechanism", "SCRAM-SHA-256"];
    const created = await ottla(["topics", "create", "orders", ...asBob], { OTTLA_BOOTSTRAP });
    assertEquals(created.code, 0, created.stderr);

    const removed = await ottla(["users", "remove", "bob"], alice);
    assertEquals(removed.code, 0, removed.stderr);
    const out = await ottla(["topics", "list", ...bob], { OTTLA_BOOTSTRAP });
    assertEquals([out.code, out.stdout], [1, ""]);
    assertMatch(out.stderr, /^ottla: log in as bob: Authentication failed .*SCRAM-SHA-512/);
    const again = await ottla(["users", "remove", "bob"], alice);
    assertMatch(again.stderr, /there is no user bob\. See: ottla users list/);
    const plain = await ottla(["topics", "list", ...bob, "--sasl-mechanism", "plain"], {
      OTTLA_BOOTSTRAP,
    });
    assertMatch(plain.stderr, /PLAIN is not enabled, SCRAM-SHA-256, SCRAM-SHA-512 are/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("half a name is no login, and says what is missing", async () => {
  const without = await ottla(["topics", "list", "--user", "alice"]);
  assertMatch(without.stderr, /--user alice needs --password-file FILE/);
  const nobody = await ottla(["topics", "list", "--password-file", "/nowhere"]);
  assertMatch(nobody.stderr, /--password-file needs --user NAME/);
  const nowhere = await ottla(["topics", "list", "--user", "a", "--password-file", "/nowhere"]);
  assertMatch(nowhere.stderr, /cannot read --password-file \/nowhere/);
});
