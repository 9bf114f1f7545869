// `ottla start --seed FILE`: the broker has what the file declares before it says that it is ready.

import { assertEquals, assertMatch } from "@std/assert";
import { Client, committedOffsets, describeTopic, listOffsets } from "../../src/client/mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { targetFromEnvironment } from "../harness/targets.ts";

const target = targetFromEnvironment();

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ottla-seed-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function seeded(folder: string, seed: unknown): Promise<string[]> {
  await Deno.writeTextFile(`${folder}/seed.json`, JSON.stringify(seed));
  const data = ["--host", "127.0.0.1", "--port", "0", "--data-dir", `${folder}/data`];
  return [...data, "--seed", `${folder}/seed.json`];
}

Deno.test("a broker begins with what a file declares, and again does no harm", async () => {
  await withFolder(async (folder) => {
    const args = await seeded(folder, {
      topics: { orders: { partitions: 3, records: ["a", { key: "7", value: { paid: true } }] } },
      groups: { billing: { offsets: { orders: "latest" } } },
    });
    for (let start = 0; start < 2; start++) {
      await using program = await OttlaProgram.run({ target, args });
      const { port } = await program.ready();
      const client = await Client.connect(await detectRuntime(), {
        bootstrap: `127.0.0.1:${port}`,
      });
      const { partitions } = await describeTopic(client, "orders");
      const places = partitions.map(({ partition }) => ({ topic: "orders", partition }));
      const ends = await listOffsets(client, places, { spec: "latest" });
      assertEquals(ends.reduce((sum, { offset }) => sum + offset, 0), 2);
      const committed = await committedOffsets(client, "billing", { partitions: null });
      assertEquals(committed.map(({ offset }) => offset), ends.map(({ offset }) => offset));
      client.close();
    }
  });
});

Deno.test("a file that declares what there is not keeps a broker from starting", async () => {
  await withFolder(async (folder) => {
    const args = await seeded(folder, { topics: { orders: { partition: 3 } } });
    await using program = await OttlaProgram.run({ target, args });
    const { code, stderr } = await program.ended();
    assertEquals(code === 0, false);
    assertMatch(stderr, /topic orders does not know the option partition/);
  });
});
