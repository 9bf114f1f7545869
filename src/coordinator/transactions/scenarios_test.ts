// Runs scenarios/*.txt and compares what they print with what is recorded in them.
// After a change that is meant:
// `RECORD_SCENARIOS=1 deno test -A src/coordinator/transactions/scenarios_test.ts` writes the new
// output into the files; then read the diff.

import { assertEquals, assertThrows } from "@std/assert";
import { runTransactionScript } from "../../../tests/harness/transaction_script.ts";

const folder = new URL("./scenarios/", import.meta.url);
const record = Deno.env.get("RECORD_SCENARIOS") === "1";

const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.endsWith(".txt")).sort();

for (const name of names) {
  Deno.test(`transactions: scenario ${name} goes as recorded`, () => {
    const path = new URL(name, folder);
    const recorded = Deno.readTextFileSync(path);
    const actual = runTransactionScript(recorded);
    if (record) Deno.writeTextFileSync(path, actual);
    else assertEquals(actual, recorded);
  });
}

Deno.test("transactions: a scenario with an unknown command fails", () => {
  assertThrows(() => runTransactionScript("comit t\n"), Error, "no command comit");
});

Deno.test("transactions: a scenario with another output than recorded differs", () => {
  assertEquals(
    runTransactionScript("describe t\n  Empty 1/0"),
    "describe t\n  TRANSACTIONAL_ID_NOT_FOUND",
  );
});
