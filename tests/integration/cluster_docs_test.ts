// Whatever docs/cluster.md has somebody type is a command of ours, with options that it takes. That
// the commands do what they are there for `deno task page` shows, on machines of their own.

import { assert, assertEquals } from "@std/assert";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { runCommand } from "../harness/command_in_process.ts";
import { blocksOf, ottlaCommandsOf } from "../harness/page_commands.ts";

const page = new URL("../../docs/cluster.md", import.meta.url).pathname;

Deno.test("every command of the page about clusters is one that there is", async () => {
  const commands = blocksOf(await Deno.readTextFile(page)).flatMap(ottlaCommandsOf);
  assert(commands.length > 15);
  for (const words of commands) {
    const line = words.join(" ");
    const isShort = ["start", "produce", "consume"].includes(words[0] ?? "");
    const command = words.slice(0, isShort ? 1 : 2);
    const { code, stdout } = await runCommand(denoRuntime(), [...command, "--help"]);
    assertEquals(code, 0, line);
    for (const option of words.filter((word) => word.startsWith("--"))) {
      assert(stdout.includes(`${option} `), `${line}: there is no ${option}`);
    }
  }
});
