// Handlers about configuration: 32 DescribeConfigs, 33 AlterConfigs, 44 IncrementalAlterConfigs,
// 74 ListConfigResources. Each resource of a request has an answer of its own.

import { assertEquals } from "@std/assert";
import { ResourceType } from "../../cluster/mod.ts";
import { AlterConfigs } from "../../protocol/apis/33_alter_configs.ts";
import { IncrementalAlterConfigs } from "../../protocol/apis/44_incremental_alter_configs.ts";
import { ListConfigResources } from "../../protocol/apis/74_list_config_resources.ts";
import { DescribeConfigs, ErrorCode } from "../../protocol/mod.ts";
import type { RawClient } from "../../../tests/harness/raw_client.ts";
import { makeTopic } from "../../../tests/harness/raw_requests.ts";
import { simulated } from "../../../tests/harness/simulated_broker.ts";
import { missing } from "../../base/items.ts";

const { NONE, UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG } = ErrorCode;
const { TOPIC, CLIENT_METRICS } = ResourceType;
const set = 0;

async function retentionOf(client: RawClient, resourceName: string, version = 4) {
  const keys = ["retention.ms", "segment.ms"];
  const resources = [{ resourceType: TOPIC, resourceName, configurationKeys: keys }];
  const { results: [result = missing()] } = await client.ask(DescribeConfigs, version, {
    resources,
  });
  return result.configs.map(({ name, value }) => [name, value]);
}

Deno.test("DescribeConfigs tells of the keys that are asked for, beside what is not there", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client, { configs: { "retention.ms": "5000" } });
    const resources = [name, "missing"].map((resourceName) => ({
      resourceType: TOPIC,
      resourceName,
      configurationKeys: ["retention.ms", "no.such.key"],
    }));
    const { results } = await client.ask(DescribeConfigs, 4, { resources });
    assertEquals(
      results.map(({ errorCode, configs }) => [errorCode, configs.map(({ value }) => value)]),
      [[NONE, ["5000"]], [UNKNOWN_TOPIC_OR_PARTITION, []]],
    );
  }));

Deno.test("DescribeConfigs says where a value is from, which version 0 could not", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name: resourceName } = await makeTopic(client, { configs: { "retention.ms": "5000" } });
    const configurationKeys = ["retention.ms"];
    const resources = [{ resourceType: TOPIC, resourceName, configurationKeys }];
    const old = await client.ask(DescribeConfigs, 0, { resources });
    assertEquals(old.results[0]!.configs.map(({ isDefault }) => isDefault), [false]);
    const { results } = await client.ask(DescribeConfigs, 1, { resources, includeSynonyms: true });
    const [config] = results[0]!.configs;
    assertEquals([config!.configSource, config!.synonyms[0]!.value], [1, "5000"]);
  }));

Deno.test("AlterConfigs sets all that holds: what it leaves out is as it was by default", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client, { configs: { "retention.ms": "5000" } });
    const configs = [{ name: "segment.ms", value: "7000" }];
    const resources = [name, "missing"].map((resourceName) => ({
      resourceType: TOPIC,
      resourceName,
      configs,
    }));
    const { responses } = await client.ask(AlterConfigs, 1, { resources, validateOnly: false });
    assertEquals(responses.map(({ errorCode }) => errorCode), [NONE, UNKNOWN_TOPIC_OR_PARTITION]);
    assertEquals(await retentionOf(client, name), [
      ["retention.ms", "604800000"],
      ["segment.ms", "7000"],
    ]);
  }));

Deno.test("IncrementalAlterConfigs changes what it names, or nothing of a resource", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name: resourceName } = await makeTopic(client, { configs: { "retention.ms": "5000" } });
    const alter = async (configs: [string, string][], validateOnly = false) => {
      const changes = configs.map(([name, value]) => ({ name, configOperation: set, value }));
      const resources = [{ resourceType: TOPIC, resourceName, configs: changes }];
      const request = { resources, validateOnly };
      const { responses } = await client.ask(IncrementalAlterConfigs, 1, request);
      return responses[0]!.errorCode;
    };
    const before = [["retention.ms", "5000"], ["segment.ms", "604800000"]];
    assertEquals(await alter([["segment.ms", "7000"], ["retention.ms", "x"]]), INVALID_CONFIG);
    assertEquals(await alter([["no.such.key", "1"]]), INVALID_CONFIG);
    assertEquals(await alter([["segment.ms", "7000"]], true), NONE);
    assertEquals(await retentionOf(client, resourceName), before);
    assertEquals(await alter([["segment.ms", "7000"]]), NONE);
    assertEquals(await retentionOf(client, resourceName, 1), [
      ["retention.ms", "5000"],
      ["segment.ms", "7000"],
    ]);
  }));

Deno.test("ListConfigResources knows client metrics alone in version 0, and types from 1 on", () =>
  simulated({}, async ({ connect }) => {
    using client = await connect();
    const { name } = await makeTopic(client);
    const configs = [{ name: "interval.ms", configOperation: set, value: "1000" }];
    const resources = [{ resourceType: CLIENT_METRICS, resourceName: "mine", configs }];
    await client.ask(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    const list = async (version: number, resourceTypes: number[]) => {
      const answer = await client.ask(ListConfigResources, version, { resourceTypes });
      return [answer.errorCode, answer.configResources.map((each) => each.resourceName)] as const;
    };
    assertEquals(await list(0, []), [NONE, ["mine"]]);
    assertEquals(await list(1, [TOPIC]), [NONE, [name]]);
    assertEquals(await list(1, [99]), [ErrorCode.UNSUPPORTED_VERSION, []]);
  }));
