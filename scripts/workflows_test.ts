// What .github/workflows may not lose: they run with what GitHub and npm hand them.

import { assert, assertEquals } from "@std/assert";

const root = new URL("..", import.meta.url);
const folder = new URL(".github/workflows/", root);
const workflows = [...Deno.readDirSync(folder)].map(({ name }) => ({
  name,
  text: Deno.readTextFileSync(new URL(name, folder)),
}));

Deno.test("each action is pinned by its commit, with the version beside it", () => {
  const uses = workflows.flatMap(({ text }) => text.match(/uses:.*/g) ?? []);
  assert(uses.length > 0);
  const loose = uses.filter((line) =>
    !/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)
  );
  assertEquals(loose, []);
});

Deno.test("a workflow may do nothing but what its jobs ask for", () => {
  for (const { name, text } of workflows) {
    assert(/^permissions: \{\}$/m.test(text), name);
    const jobs = text.slice(text.indexOf("\njobs:")).match(/^ {2}[\w-]+:$/gm) ?? [];
    assertEquals(text.match(/^ {4}permissions:/gm)?.length, jobs.length, name);
  }
});

Deno.test("workflows take the Deno that everything else takes", () => {
  const run = Deno.readTextFileSync(new URL(".ci/run", root));
  const [own] = run.match(/deno@[\d.]+/) ?? [];
  const taken = workflows.flatMap(({ text }) => text.match(/deno@[\d.]+/g) ?? []);
  assertEquals([...new Set(taken)], [own]);
});
