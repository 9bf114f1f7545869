// `ottla log`: looking into the files of a data folder, and repairing them, as a person does it.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  AlterUserScramCredentials,
} from "../../src/protocol/apis/51_alter_user_scram_credentials.ts";
import { RawClient } from "../harness/raw_client.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { type Finished, ProcessLines, run } from "../harness/process_lines.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";

const segment = "orders-0/00000000000000000000.log";

async function ottla(words: readonly string[], input?: string): Promise<Finished> {
  const [command, ...prefix] = await ottlaCommand(targetFromEnvironment());
  const child = new ProcessLines({ command, args: [...prefix, ...words], input });
  try {
    return await within(child.finished, { ms: 30_000, what: () => child.output });
  } finally {
    await child.kill();
  }
}

/** A stopped broker's folder: five batches of one record each in orders-0. */
async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "log-command-" });
  try {
    await using broker = await BrokerProcess.start({ dataDir: folder });
    const [command, ...prefix] = await ottlaCommand(targetFromEnvironment());
    const bootstrap = ["--bootstrap", broker.bootstrap];
    for (const value of ["a", "b", "c", "d", "e"]) {
      const args = [...prefix, "produce", "orders", ...bootstrap];
      await run({ command, args, input: `${value}\n`, withinMs: 30_000 });
    }
    const held = await ottla(["log", "repair", folder]);
    assertEquals(held.code, 1, held.stdout);
    assertStringIncludes(held.stderr, folder);
    await broker.stop();
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function linesOf({ stdout }: Finished): Record<string, unknown>[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("log repair finds no data folder where names only look like partitions", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/dbus-1`);
    await Deno.writeTextFile(`${folder}/notes-2`, "");
    const { code, stderr } = await ottla(["log", "repair", folder]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "is neither a data folder nor a partition's folder in one");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("log strays shows what was set aside, with its size", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const none = await ottla(["log", "strays", folder]);
    assertStringIncludes(none.stderr, "nothing is set aside");
    const sinceMs = Date.UTC(2026, 10, 30);
    const [ours, kafkas] = [sinceMs.toString(16), "0".repeat(31) + "a"];
    for (const name of ["orders-0", `orders-0.${ours}-stray`, `bills-3.${kafkas}-stray`]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/00000000000000000000.log`, "x".repeat(2048));
    }
    const { stdout, stderr, code } = await ottla(["log", "strays", folder]);
    assertEquals(code, 0);
    const [, ...rows] = stdout.trimEnd().split("\n").map((line) => line.trim().split(/  +/));
    assertEquals(rows, [
      ["bills", "3", "2.0 KiB", "-", `bills-3.${kafkas}-stray`],
      ["orders", "0", "2.0 KiB", "2026-11-30T00:00:00.000Z", `orders-0.${ours}-stray`],
    ]);
    assertStringIncludes(stderr, "2 folders, 4.0 KiB: no broker reads them.");
    const json = JSON.parse((await ottla(["log", "strays", folder, "--json"])).stdout);
    assertEquals(json.map(({ bytes }: { bytes: number }) => bytes), [2048, 2048]);
    assertEquals((await ottla(["log", "strays", `${folder}/nowhere`])).code, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("log dump prints what is in the files, and log repair takes damage out", async () => {
  await withFolder(async (folder) => {
    const metadata = `${folder}/__cluster_metadata-0/00000000000000000000.log`;
    const dumped = await ottla(["log", "dump", "--records", `${folder}/${segment}`, metadata]);
    assertEquals([dumped.code, dumped.stderr], [0, ""]);
    assertStringIncludes(dumped.stdout, "value=c");
    assertStringIncludes(dumped.stdout, "is=TopicRecord");
    const sound = await ottla(["log", "repair", folder]);
    assertEquals([sound.code, sound.stderr], [0, "no damage in 2 partitions\n"]);

    await Deno.writeTextFile(`${folder}/notes.md`, "acks=1 is answered");
    const whole = await ottla(["log", "dump", "--records", folder]);
    assertEquals([whole.code, whole.stderr], [0, ""]);
    for (const said of ["value=c", "is=TopicRecord", `file     path=${folder}/meta.properties`]) {
      assertStringIncludes(whole.stdout, said);
    }
    const text = await ottla([
      "log",
      "dump",
      "--json",
      `${folder}/meta.properties`,
      `${folder}/notes.md`,
    ]);
    assertEquals(text.code, 1);
    assertEquals(linesOf(text).filter(({ type }) => type !== "property").map(({ type }) => type), [
      "file",
      "file",
      "problem",
    ]);
    await Deno.remove(`${folder}/notes.md`);

    const bytes = await Deno.readFile(`${folder}/${segment}`);
    bytes[Math.floor(bytes.length / 2)] ^= 1;
    await Deno.writeFile(`${folder}/${segment}`, bytes);
    const damaged = await ottla(["log", "dump", "--json", `${folder}/${segment}`]);
    assertEquals(damaged.code, 1);
    const lines = linesOf(damaged);
    assertEquals(lines.map(({ type }) => type), [
      "file",
      "batch",
      "batch",
      "problem",
      "batch",
      "batch",
    ]);
    assertEquals([lines[3].fromOffset, lines[3].toOffset], [2, 3]);

    const shown = await ottla(["log", "repair", "--json", `${folder}/orders-0`]);
    assertEquals([shown.code, linesOf(shown).map(({ type }) => type)], [1, ["damage"]]);
    assertEquals(await Deno.readFile(`${folder}/${segment}`), bytes, "nothing is changed yet");

    const done = await ottla(["log", "repair", "--json", "--yes", `${folder}/orders-0`]);
    assertEquals([done.code, linesOf(done).map(({ type }) => type)], [0, ["cut", "kept"]]);
    await using broker = await BrokerProcess.start({ dataDir: folder });
    const consume = ["consume", "orders", "--from-beginning", "--max-messages", "4"];
    const left = await ottla([...consume, "--bootstrap", broker.bootstrap]);
    assertEquals(left.stdout, "a\nb\nd\ne\n");
    const added = await ottla(["produce", "orders", "--bootstrap", broker.bootstrap], "f\n");
    assert(added.code === 0, added.stderr);
  });
});

Deno.test("log dump prints who has a password, and none of it", async () => {
  await using broker = await BrokerProcess.start();
  {
    using client = await RawClient.connect(broker);
    const config = { name: "ssl.keystore.password", configOperation: 0, value: "hunter2" };
    const altered = await client.ask(IncrementalAlterConfigs, 1, {
      resources: [{ resourceType: 4, resourceName: "1", configs: [config] }],
      validateOnly: false,
    });
    assertEquals(altered.responses[0].errorCode, 0, `${altered.responses[0].errorMessage}`);
    const salt = new TextEncoder().encode("hunter2");
    const upsertion = { name: "alice", mechanism: 1, iterations: 4096 };
    const { results } = await client.ask(AlterUserScramCredentials, 0, {
      deletions: [],
      upsertions: [{ ...upsertion, salt, saltedPassword: salt }],
    });
    assertEquals(results[0].errorCode, 0);
  }
  await broker.stop();
  const files = `${broker.dataDir}/__cluster_metadata-0/00000000000000000000.log`;
  for (const form of [[], ["--json"]]) {
    const { code, stdout } = await ottla(["log", "dump", "--records", ...form, files]);
    assertEquals(code, 0);
    assert(!stdout.includes("hunter2"), stdout);
    assertStringIncludes(stdout, "ssl.keystore.password");
    const user = stdout.split("\n").find((line) => line.includes("alice")) ?? "";
    assertEquals(user.match(/\(hidden\)/g)?.length, 3, user);
  }
});
