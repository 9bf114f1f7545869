// Whatever docs/cluster.md has somebody type is a command of ours, with options that it takes. What
// the commands do is shown by etcd_cluster_test.ts, cluster_nodes_test.ts and tests/etcd.

import { assert, assertEquals } from "@std/assert";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { runCommand } from "../harness/command_in_process.ts";

const page = new URL("../../docs/cluster.md", import.meta.url).pathname;

/** The lines of the page's blocks, without what is said about them. */
function linesOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) =>
    block.split("\n").map((line) => line.replace(/ {2,}#.*$/, "").trim())
  ).filter((line) => line !== "" && !line.startsWith("#"));
}

Deno.test("every command of the page about clusters is one that there is", async () => {
  const lines = linesOf(await Deno.readTextFile(page));
  assert(lines.length > 15);
  for (const line of lines) {
    const [program, ...words] = line.split(" ");
    assertEquals(program, "ottla", line);
    const command = words[0] === "start" ? words.slice(0, 1) : words.slice(0, 2);
    const { code, stdout } = await runCommand(denoRuntime(), [...command, "--help"]);
    assertEquals(code, 0, line);
    for (const option of words.filter((word) => word.startsWith("--"))) {
      assert(stdout.includes(`${option} `), `${line}: there is no ${option}`);
    }
  }
});
