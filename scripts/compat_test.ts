import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
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

Deno.test("a note within a line is refused, since the page would lack it", () => {
  const text = "/** Waits. Differs from Kafka: less. */\n";
  assertThrows(() => differencesIn([{ path: "src/a.ts", text }]), Error, "begin a line with it");
});

Deno.test("a difference stands under its subject; in a folder that has none it is refused", () => {
  const text = "// Differs from Kafka: less.\n";
  const page = compatibilityPage([], [
    { path: "src/log/a.ts", text },
    { path: "src/cluster/access/a.ts", text },
    { path: "src/cluster/a.ts", text },
  ]);
  const [, ...sections] = page.split("\n### ").map((section) => section.replace(/\n+/, ": "));
  assertEquals(sections, [
    "Topics and brokers: - Less. ([source](src/cluster/a.ts))\n",
    "Security and quotas: - Less. ([source](src/cluster/access/a.ts))\n",
    "Logs on disk: - Less. ([source](src/log/a.ts))\n",
  ]);
  assertThrows(
    () => compatibilityPage([], [{ path: "src/new/a.ts", text }]),
    Error,
    "src/new/a.ts",
  );
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
