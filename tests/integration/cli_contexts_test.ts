// What the command line keeps for its user: brokers by name, and completions of a shell.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { type Finished, ProcessLines } from "../harness/process_lines.ts";
import { ottlaCommand } from "../harness/targets.ts";

/** A home of its own, in which nothing else says which broker is meant. */
class Home {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get file(): string {
    return `${this.#folder}/config/ottla/contexts.json`;
  }

  async run(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [command, ...prefix] = await ottlaCommand("deno");
    return await this.#end(command, [...prefix, ...words], env);
  }

  /** A line of bash, in which `ottla` is this program. */
  async bash(line: string): Promise<Finished> {
    const command = (await ottlaCommand("deno")).map((word) => `'${word}'`).join(" ");
    return await this.#end("bash", ["-c", `ottla() { ${command} "$@"; }\n${line}`], {});
  }

  async #end(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const home = { HOME: this.#folder, XDG_CONFIG_HOME: `${this.#folder}/config` };
    const cache = { DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno` };
    const process = new ProcessLines({ command, args, env: { ...home, ...cache, ...env } });
    try {
      return await within(process.finished, { ms: 60_000, what: () => args.join(" ") });
    } finally {
      await process.kill();
    }
  }
}

async function atHome(scenario: (home: Home) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await scenario(new Home(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("brokers are kept by name, and the one in use is dialled", async () => {
  await using one = await BrokerProcess.start();
  await using other = await BrokerProcess.start();
  await atHome(async (home) => {
    assertEquals((await home.run(["contexts", "add", "other", "-b", other.bootstrap])).code, 0);
    const added = await home.run(["contexts", "add", "one", "--bootstrap", one.bootstrap]);
    assertEquals(added.stderr, "Commands use context one from now on.\n");
    assertEquals((await home.run(["topics", "create", "orders"])).code, 0);
    const topics = async (words: readonly string[], env?: Readonly<Record<string, string>>) =>
      JSON.parse((await home.run(["topics", "list", "--json", ...words], env)).stdout).length;
    assertEquals(await topics([]), 1);
    assertEquals(await topics(["--context", "other"]), 0);
    assertEquals(await topics([], { OTTLA_CONTEXT: "other" }), 0);
    assertEquals(await topics([], { OTTLA_BOOTSTRAP: other.bootstrap }), 0, "that is said");
    const unset = { OTTLA_CONTEXT: "", OTTLA_BOOTSTRAP: "", OTTLA_CA: "", OTTLA_USER: "" };
    assertEquals(await topics([], unset), 1, "what is set to nothing is not set");
    await home.run(["contexts", "use", "other"]);
    assertEquals(await topics([]), 0);
    const listed = await home.run(["contexts", "list"]);
    assertMatch(listed.stdout, /^ +NAME +BOOTSTRAP +USER\n +one +\S+ +-\n\* +other +\S+ +-\n$/);
    await home.run(["contexts", "remove", "other"]);
    const gone = await home.run(["topics", "list", "--context", "other"]);
    assertEquals(gone.code, 1);
    assertStringIncludes(gone.stderr, "there is no context other. See: ottla contexts list");
    await Deno.writeTextFile(home.file, '{"contexts":{"one":{"bootstrap":7}}}');
    const damaged = await home.run(["topics", "list"]);
    assertEquals(damaged.code, 1);
    assertStringIncludes(damaged.stderr, "contexts.json holds no contexts: mend it, or remove it");
  });
});

Deno.test("a context finds its files from any folder, and holds no secret", async () => {
  await atHome(async (home) => {
    const words = ["contexts", "add", "prod", "-b", "kafka:9093", "--tls", "--user", "alice"];
    const env = { PWD: "/somewhere" };
    await home.run([...words, "--password-file", "alice.txt", "--ca", "/etc/ca.pem"], env);
    assertEquals(JSON.parse(await Deno.readTextFile(home.file)).contexts.prod, {
      "bootstrap": "kafka:9093",
      "user": "alice",
      "password-file": "/somewhere/alice.txt",
      "tls": true,
      "ca": "/etc/ca.pem",
    });
  });
});

Deno.test("bash completes commands, their words and their options", async () => {
  await atHome(async (home) => {
    const completed = async (...words: readonly string[]) => {
      const quoted = ["ottla", ...words].map((word) => `'${word}'`).join(" ");
      const line = `eval "$(ottla completions bash)"; COMP_WORDS=(${quoted}); ` +
        `COMP_CWORD=${words.length}; _ottla; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return (await home.bash(line)).stdout.trim().split("\n");
    };
    assertEquals(await completed("to"), ["topics", "tokens"]);
    assertEquals(await completed("topics", "de"), ["describe", "delete"]);
    assertEquals(await completed("consume", "orders", "--match-k"), ["--match-key"]);
    assertEquals(await completed("topics", "create", "orders", "--partitions", ""), [""]);
    assertEquals(await completed("nonsense", "x"), [""]);
  });
});
