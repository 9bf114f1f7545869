import { assertEquals, assertStringIncludes } from "@std/assert";
import { compatibilityPage, differencesIn } from "./compat.ts";

const produce = {
  path: "src/broker/handlers/00_produce.ts",
  text: `// Produce: appends.
//
// Not done: transactions. A transactional
//   batch is refused.
//
// Differs from Kafka: creates a missing topic,
// as nothing else does.

import { x } from "./x.ts";

/**
 * Waits.
 * Differs from Kafka: waits less.
 */
export function wait(): void {
  // Differs from Kafka: at once.
  end();
}

const table = {
  "node.id": {
    // Differs from Kafka: 1 rather than required.
    default: "1",
  },
};
`,
};

Deno.test("a difference is its whole paragraph, with the key that it is about", () => {
  const path = produce.path;
  assertEquals(differencesIn([produce]), [
    { path, key: undefined, text: "creates a missing topic, as nothing else does." },
    { path, key: undefined, text: "waits less." },
    { path, key: undefined, text: "at once." },
    { path, key: "node.id", text: "1 rather than required." },
  ]);
});

Deno.test("text in code is no note", () => {
  const text = `// Header.\nconst label = "Differs from Kafka: no";\n`;
  assertEquals(differencesIn([{ path: "src/a.ts", text }]), []);
});

Deno.test("the page has a row for each API and a line for each difference", () => {
  const api = { key: 0, name: "Produce", versions: { min: 0, max: 13 } };
  const serves = { min: 3, max: 13 };
  const page = compatibilityPage([{ api, serves }], [produce]);
  assertStringIncludes(
    page,
    "| 0 | [Produce](src/broker/handlers/00_produce.ts) | 3-13 | 0-13 | " +
      "Not done: transactions. A transactional batch is refused. |",
  );
  assertStringIncludes(page, "- `node.id`: 1 rather than required. ([source](");
  assertStringIncludes(
    page,
    "- Produce: creates a missing topic, as nothing else does. ([source](",
  );
  const elsewhere = compatibilityPage([], [{ ...produce, path: "src/log/log.ts" }]);
  assertStringIncludes(elsewhere, "- Creates a missing topic, as nothing else does. ([source](");
});
