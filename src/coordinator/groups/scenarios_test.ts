// Runs scenarios/*.txt and compares what they print with what is recorded in them.
// After a change that is meant, write the new output into the files and read the diff:
// `RECORD_SCENARIOS=1 deno test -A src/coordinator/groups/scenarios_test.ts`

import { assertEquals, assertThrows } from "@std/assert";
import { runScenario } from "../../../tests/harness/scenario_script.ts";

const folder = new URL("./scenarios/", import.meta.url);
const record = Deno.env.get("RECORD_SCENARIOS") === "1";

const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.endsWith(".txt")).sort();

for (const name of names) {
  Deno.test(`scenario ${name} goes as recorded`, () => {
    const path = new URL(name, folder);
    const recorded = Deno.readTextFileSync(path);
    const actual = runScenario(recorded);
    if (record) Deno.writeTextFileSync(path, actual);
    else assertEquals(actual, recorded);
  });
}

Deno.test("a scenario with an unknown command fails", () => {
  assertThrows(() => runScenario("jion g\n"), Error, "no command jion");
});

Deno.test("a scenario with another output than recorded differs", () => {
  const recorded = "heartbeat g member=a-1 generation=1\n  a-1: NONE";
  assertEquals(
    runScenario(recorded),
    "heartbeat g member=a-1 generation=1\n  a-1: UNKNOWN_MEMBER_ID",
  );
});
