// How many files the binary syncs at a time. The binary is one module, so here a program of one
// module stands for it: from source, Bun's loader has its threads before anything of ours runs.

import { assert } from "@std/assert";
import { bunCommand } from "../harness/other_runtimes.ts";

const root = new URL("../..", import.meta.url).pathname;

async function bun(args: string[], more: Record<string, string> = {}): Promise<string> {
  const { UV_THREADPOOL_SIZE: _, ...others } = Deno.env.toObject();
  const env = { ...others, ...more };
  const [command = "bun", ...before] = await bunCommand();
  const options = { args: [...before, ...args], cwd: root, clearEnv: true, env };
  const { success, stdout } = await new Deno.Command(command, options).output();
  assert(success, `bun ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout).trim();
}

Deno.test({
  name: "Bun syncs more files at a time than there are processors, or as many as it was told",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const program = `${folder}/program.js`;
      const source = `${root}tests/runtime/parallel_syncs.ts`;
      await bun(["build", "--target=bun", `--outfile=${program}`, source]);
      const few = Number(await bun([program, folder], { UV_THREADPOOL_SIZE: "2" }));
      const many = Number(await bun([program, folder]));
      assert(many - few >= 8, `${few} threads where there are to be 2 for files, else ${many}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
