import { assert, assertEquals } from "@std/assert";
import { coordinators } from "../../coordinator/mod.ts";
import { brokerKeys, loadConfig, validateTopicConfigs } from "./mod.ts";
import { internalTopicOf } from "./parts.ts";

Deno.test("the cluster's own topics are configured as anybody could configure them", () => {
  const { config } = loadConfig({});
  for (const coordinator of coordinators) {
    const { name, configs } = internalTopicOf(config, coordinator);
    const entries = [...configs].map(([key, value]) => ({ name: key, value }));
    assertEquals(validateTopicConfigs(entries), undefined, name);
  }
});

Deno.test("what a coordinator's topic is created with, an operator can set", () => {
  for (const { topic, created } of coordinators) {
    const { partitionCount, replicationFactor, configs } = created;
    const named = Object.values(configs).flatMap((value) =>
      typeof value === "string" ? [] : [value.setting]
    );
    for (const name of [partitionCount, replicationFactor, ...named]) {
      assert(name in brokerKeys, `${topic}: there is no setting ${name}`);
    }
    const { config } = loadConfig({ flags: { set: [`${partitionCount}=7`] } });
    assertEquals(internalTopicOf(config, { topic, created }).partitionCount, 7);
  }
});
