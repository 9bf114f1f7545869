// Another release of the broker, to take turns with this one: a commit's sources, in a folder of
// their own.
//
// Invariant: after `close` the folder is gone.

import { run } from "../harness/process_lines.ts";

const root = new URL("../../", import.meta.url).pathname;

export class OtherRelease {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async of(commit: string): Promise<OtherRelease> {
    const folder = await Deno.makeTempDir({ prefix: "chaos-release-" });
    const archive = `${folder}/sources.tar`;
    const paths = ["src", "imports.json", "deno.json", "start.lock", "mod.ts"];
    const args = ["archive", "--output", archive, commit, ...paths];
    await run({ command: "git", args, cwd: root, withinMs: 60_000 });
    await run({ command: "tar", args: ["-xf", archive, "-C", folder], withinMs: 60_000 });
    await Deno.remove(archive);
    return new OtherRelease(folder);
  }

  /** The words that stand for `ottla` of this release. */
  get command(): readonly string[] {
    const config = [`--config=${this.#folder}/deno.json`, `--lock=${this.#folder}/start.lock`];
    return [Deno.execPath(), "run", "-A", "--no-check", ...config, `${this.#folder}/src/main.ts`];
  }

  async close(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}
