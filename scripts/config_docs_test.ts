import { assertEquals, assertStringIncludes } from "@std/assert";
import { configurationPage } from "./config_docs.ts";

Deno.test("a key that is acted upon has a row, others a reason", () => {
  const page = configurationPage({
    brokerKeys: {
      "node.id": { type: "int", default: "1", min: 0, doc: "Id of this node." },
      "old.key": { type: "int", default: "1", ignored: "no threads", doc: "Threads." },
      "inner.key": { type: "int", default: "1", internal: true, doc: "Hidden." },
    },
    topicKeys: {
      "cleanup.policy": {
        type: "list",
        default: "delete",
        oneOf: ["delete", "compact"],
        synonyms: ["log.cleanup.policy"],
        doc: "What happens to old records.",
      },
    },
    families: [{ prefix: "ssl.", refused: "no TLS" }],
  });
  assertStringIncludes(page, "| `node.id` | int | `1` | Id of this node. Is at least 0. |");
  assertStringIncludes(
    page,
    "One of `delete`, `compact`. Falls back to `log.cleanup.policy`. |",
  );
  assertStringIncludes(page, "- `old.key`: no threads");
  assertStringIncludes(page, "- `ssl.*`: no TLS");
  assertEquals(page.includes("inner.key"), false);
});
