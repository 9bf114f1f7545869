import { assertEquals } from "@std/assert";
import { loadConfig, validateTopicConfigs } from "./mod.ts";
import { offsetsTopicOf, shareStateTopicOf, transactionsTopicOf } from "./parts.ts";

Deno.test("the cluster's own topics are configured as anybody could configure them", () => {
  const { config } = loadConfig({});
  for (const topicOf of [offsetsTopicOf, shareStateTopicOf, transactionsTopicOf]) {
    const { name, configs } = topicOf(config);
    const entries = [...configs].map(([key, value]) => ({ name: key, value }));
    assertEquals(validateTopicConfigs(entries), undefined, name);
  }
});
