// Messages as Apache Kafka's own classes wrote them (tests/conformance/golden makes vectors.gz):
// each is read by its table and written again, to the same bytes. The full run, with hundreds of
// thousands of them and in both directions, is `deno task golden`.

import { assert, assertEquals } from "@std/assert";
import { everyTable } from "../../scripts/every_table.ts";
import { disagreement } from "./disagreement.ts";
import { type Frame, readFrames } from "./frames.ts";

/** No release of Kafka has it yet. */
const ahead = "UnregisterControllerRecord";

const tables = new Map(everyTable().map(({ name, table }) => [name, table]));

async function readVectors(): Promise<Frame[]> {
  const packed = await Deno.readFile(new URL("vectors.gz", import.meta.url));
  const raw = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return [...readFrames(await new Response(raw).bytes())];
}

Deno.test("what Kafka wrote we write again, to the last byte", async () => {
  const found: (string | undefined)[] = [];
  for (const frame of await readVectors()) {
    const table = tables.get(frame.name);
    found.push(table === undefined ? `${frame.name}: no table` : disagreement(table, frame));
  }
  assertEquals(found.filter((each) => each !== undefined), []);
  assert(found.length > 1000, `${found.length} vectors`);
});

Deno.test("each version of each table has a vector", async () => {
  const covered = new Set((await readVectors()).map(({ name, version }) => `${name} v${version}`));
  const missing: string[] = [];
  for (const [name, { versions }] of tables) {
    for (let version = versions.min; version <= versions.max; version++) {
      const title = `${name} v${version}`;
      if (name !== ahead && !covered.has(title)) missing.push(title);
    }
  }
  assertEquals(missing, []);
});
