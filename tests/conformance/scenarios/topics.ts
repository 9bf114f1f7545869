// Topics as an administrator sees them: there, described, configured, gone.

import { assert, assertEquals } from "@std/assert";
import type { Scenario } from "../scenario.ts";
import { partitionCount, uniqueName } from "./samples.ts";

export const topicScenarios: readonly Scenario[] = [
  {
    name: "creates, lists and describes a topic",
    async run({ driver }) {
      const topic = uniqueName("created");
      await driver.createTopic(topic, { partitions: partitionCount, configs: {} });
      assert((await driver.listTopics()).includes(topic), "the new topic is listed");
      assertEquals(await driver.describeTopic(topic), partitionCount);
    },
  },
  {
    name: "creates a topic with configurations and reads them",
    async run({ driver }) {
      const topic = uniqueName("configured");
      const configs = { "retention.ms": "3600000", "cleanup.policy": "compact" };
      await driver.createTopic(topic, { partitions: 1, configs });
      const described = await driver.topicConfigs!(topic);
      assertEquals(described["retention.ms"], "3600000");
      assertEquals(described["cleanup.policy"], "compact");
    },
  },
  {
    name: "alters a topic's configuration",
    async run({ driver }) {
      const topic = uniqueName("altered");
      await driver.createTopic(topic, { partitions: 1, configs: {} });
      await driver.alterTopicConfigs!(topic, { "retention.ms": "7200000" });
      assertEquals((await driver.topicConfigs!(topic))["retention.ms"], "7200000");
    },
  },
  {
    name: "deletes a topic",
    async run({ driver }) {
      const topic = uniqueName("deleted");
      await driver.createTopic(topic, { partitions: 2, configs: {} });
      await driver.deleteTopic!(topic);
      assert(!(await driver.listTopics()).includes(topic), "the deleted topic is gone");
    },
  },
];
