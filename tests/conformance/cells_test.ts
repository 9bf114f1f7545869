import { assertEquals, assertMatch } from "@std/assert";
import { type Cell, folderVariable, readCells, recordCell } from "./cells.ts";
import { matrixPage, notTestedHere } from "./matrix.ts";
import { scenarios } from "./suite.ts";

const scenario = scenarios[0]!.name;
const passed: Cell = { client: "a/b", version: "1.2", scenario, outcome: "pass", reason: "" };
const lacking: Cell = {
  client: "other",
  version: "",
  scenario,
  outcome: "lacks",
  reason: "it has no topics",
};

Deno.test("the matrix shows who passed, and under the table why others did not", () => {
  const page = matrixPage([lacking, passed]);
  assertMatch(page, new RegExp(`\\| ${scenario} +\\| ✓ +\\| – 1 +\\|`));
  assertMatch(page, /\| 1 \| a\/b +\| 1\.2 +\|/);
  assertMatch(page, /^1\. other: it has no topics$/m);
});

Deno.test("the matrix does not keep quiet about a client that a machine cannot install", () => {
  const reason = "client could not be installed: go is not installed";
  const skipped: Cell = { ...passed, client: "gopher", outcome: "skipped", reason };
  const cells = [passed, skipped, { ...skipped, scenario: scenarios[1]!.name }];
  assertMatch(matrixPage(cells), new RegExp(`\\| ${scenario} +\\| ✓ +\\| NOT TESTED 1 +\\|`));
  assertEquals(notTestedHere(cells), [`NOT TESTED HERE: gopher: ${reason}`]);
});

Deno.test("cells are read back as recorded, and only where a folder is named", async () => {
  const folder = await Deno.makeTempDir({ prefix: "cells-test-" });
  const before = Deno.env.get(folderVariable);
  try {
    Deno.env.delete(folderVariable);
    recordCell(passed);
    assertEquals(readCells(folder), []);
    Deno.env.set(folderVariable, folder);
    recordCell(passed);
    recordCell(lacking);
    assertEquals(readCells(folder).sort((a, b) => a.client < b.client ? -1 : 1), [passed, lacking]);
  } finally {
    if (before === undefined) Deno.env.delete(folderVariable);
    else Deno.env.set(folderVariable, before);
    await Deno.remove(folder, { recursive: true });
  }
});
