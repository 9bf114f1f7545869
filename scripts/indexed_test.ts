import { assertEquals } from "@std/assert";
import { checkIndexed } from "./indexed.ts";

Deno.test("in the program, an item of an array may not be there", async () => {
  const root = await Deno.makeTempDir();
  const taken = "export const first = (names: string[]): number => names[0].length;\n";
  try {
    await Deno.mkdir(`${root}/src/cluster`, { recursive: true });
    await Deno.mkdir(`${root}/scripts`);
    await Deno.writeTextFile(`${root}/src/cluster/a.ts`, `import "platform:thing";\n${taken}`);
    await Deno.writeTextFile(`${root}/src/cluster/b.ts`, taken.replace("[0]", "[0]?") + "\n");
    await Deno.writeTextFile(`${root}/src/cluster/a_test.ts`, taken);
    await Deno.writeTextFile(`${root}/scripts/a.ts`, taken);
    const violations = checkIndexed(root);
    assertEquals(violations.map(({ path, line, rule }) => `${path}:${line} ${rule}`), [
      "src/cluster/a.ts:2 TS2532",
      "src/cluster/b.ts:1 TS2322",
    ]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
