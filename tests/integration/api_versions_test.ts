// How clients find out what a broker speaks, and what they conclude from it.

import { assert, assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import {
  GetTelemetrySubscriptions,
} from "../../src/protocol/apis/71_get_telemetry_subscriptions.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  ApiVersions,
  decodeResponse,
  ErrorCode,
  RequestHeaderTable,
} from "../../src/protocol/mod.ts";
import { BytesWriter } from "../../src/base/bytes.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker();
const software = { clientSoftwareName: "test", clientSoftwareVersion: "1.0" };

/** The advertised ranges by API key. */
async function ranges(client: RawClient) {
  const { apiKeys } = await client.ask(ApiVersions, 3, software);
  return new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
    apiKey,
    { min: minVersion, max: maxVersion },
  ]));
}

/** An ApiVersions request of any version, known or not, without a body. */
function apiVersionsHeader(version: number): Uint8Array {
  const writer = new BytesWriter();
  writer.int32(0);
  RequestHeaderTable.encode(writer, {
    requestApiKey: 18,
    requestApiVersion: version,
    correlationId: 7,
    clientId: "future",
  }, 2);
  writer.patchInt32(0, writer.length - 4);
  return writer.finish();
}

Deno.test("the header of an ApiVersions answer has no tags in any version", async () => {
  using client = await shared.connect();
  for (const version of [0, 1, 2, 3, 4]) {
    const { errorCode } = await client.ask(ApiVersions, version, version < 3 ? {} : software);
    assertEquals(errorCode, ErrorCode.NONE);
  }
  // `ask` decodes by our own table: the bytes themselves, once, without it.
  await client.send(apiVersionsHeader(77));
  const frame = (await client.receive())!;
  const correlationId = [0, 0, 0, 7];
  const unsupportedVersion = [0, 35];
  const oneEntry = [0, 0, 0, 1, 0, 18, 0, 0];
  assertEquals([...frame.slice(0, 14)], [...correlationId, ...unsupportedVersion, ...oneEntry]);
  assertEquals(frame.length, 16, "and nothing follows the highest version");
});

Deno.test("a client from the future is told which ApiVersions to come down to", async () => {
  using client = await shared.connect();
  await client.send(apiVersionsHeader(32767));
  const { message } = decodeResponse(ApiVersions, 0, (await client.receive())!);
  assertEquals(message.errorCode, ErrorCode.UNSUPPORTED_VERSION);
  const [{ apiKey, minVersion, maxVersion }] = message.apiKeys;
  assertEquals([message.apiKeys.length, apiKey, minVersion], [1, 18, 0]);
  const again = await client.ask(ApiVersions, maxVersion, software);
  assertEquals(again.errorCode, ErrorCode.NONE);
});

Deno.test("a client with a name that is no name may go on with version 0", async () => {
  using client = await shared.connect();
  for (const clientSoftwareName of ["", "two words", "-dash", "ünicode"]) {
    const { errorCode } = await client.ask(ApiVersions, 3, { ...software, clientSoftwareName });
    assertEquals(errorCode, ErrorCode.INVALID_REQUEST, clientSoftwareName);
  }
  const { errorCode, apiKeys } = await client.ask(ApiVersions, 0, {});
  assertEquals(errorCode, ErrorCode.NONE);
  assert(apiKeys.length > 20);
});

Deno.test("a client that expects another cluster or node is told to start over", async () => {
  using client = await shared.connect();
  const elsewhere = { ...software, clusterId: "b3R0bGEtY29uZm9ybWFuYw", nodeId: -1 };
  assertEquals((await client.ask(ApiVersions, 5, elsewhere)).errorCode, 129);
  assertEquals((await client.ask(ApiVersions, 5, { ...software, nodeId: 4711 })).errorCode, 129);
  assertEquals((await client.ask(ApiVersions, 5, software)).errorCode, ErrorCode.NONE);
});

Deno.test("older librdkafka compresses, since Produce is advertised from version 0", async () => {
  using client = await shared.connect();
  assertEquals((await ranges(client)).get(0)?.min, 0);
});

/** What librdkafka concludes from the ranges: each feature needs all of these versions. */
const librdkafkaFeatures: Record<string, readonly [api: number, version: number][]> = {
  "message format 2": [[0, 3], [1, 4]],
  "throttle times": [[0, 1], [1, 4]],
  "the consumer groups of brokers": [
    [10, 0],
    [8, 1],
    [9, 1],
    [11, 0],
    [14, 0],
    [12, 0],
    [13, 0],
  ],
  "LZ4 and group coordinators": [[10, 0]],
  "offsets by time": [[2, 1]],
  "idempotent producers": [[22, 0]],
  "zstd": [[0, 7], [1, 10]],
};

for (const [feature, needs] of Object.entries(librdkafkaFeatures)) {
  Deno.test(`librdkafka turns ${feature} on`, async () => {
    using client = await shared.connect();
    const advertised = await ranges(client);
    for (const [api, version] of needs) {
      const range = advertised.get(api)!;
      assert(range.min <= version && version <= range.max, `API ${api} version ${version}`);
    }
    assert(advertised.size <= 1000, "librdkafka refuses a longer list");
  });
}

/** The lowest of the highest versions that each of the named clients can live with. */
const lowestHighest: Record<string, readonly [api: number, version: number][]> = {
  "@platformatic/kafka": [
    [0, 7],
    [1, 12],
    [2, 5],
    [3, 9],
    [8, 8],
    [9, 8],
    [10, 4],
    [11, 6],
    [12, 4],
    [13, 4],
    [14, 4],
    [15, 5],
    [16, 4],
    [18, 3],
    [19, 7],
    [20, 6],
    [22, 3],
    [32, 2],
    [42, 2],
  ],
};

for (const [client, needs] of Object.entries(lowestHighest)) {
  Deno.test(`${client} finds each API in a version that it has`, async () => {
    using raw = await shared.connect();
    const advertised = await ranges(raw);
    for (const [api, version] of needs) {
      assert(advertised.get(api)!.max >= version, `API ${api} goes up to version ${version}`);
    }
  });
}

/** Clients that know version 0 or 1 alone, or probe with it. */
const oldest: readonly [api: number, version: number][] = [
  [1, 4],
  [2, 1],
  [3, 0],
  [8, 2],
  [9, 1],
  [10, 0],
  [11, 0],
  [12, 0],
  [13, 0],
  [14, 0],
  [15, 0],
  [16, 0],
  [18, 0],
  [19, 0],
  [20, 0],
  [22, 0],
  [32, 0],
  [37, 0],
];

Deno.test("ruby-kafka, kafka-go and aiokafka find the oldest versions they insist on", async () => {
  using client = await shared.connect();
  const advertised = await ranges(client);
  for (const [api, version] of oldest) {
    assert(advertised.get(api)!.min <= version, `API ${api} goes down to version ${version}`);
  }
});

Deno.test("Java and librdkafka are asked for no metrics unless somebody subscribes", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  const told = async () => {
    const advertised = await ranges(client);
    return [advertised.has(71), advertised.has(72)];
  };
  const subscribe = async (configOperation: number) => {
    const configs = [{ name: "interval.ms", configOperation, value: "1000" }];
    const resource = { resourceType: 16, resourceName: "watch", configs };
    const request = { resources: [resource], validateOnly: false };
    const { responses } = await client.ask(IncrementalAlterConfigs, 1, request);
    assertEquals(responses[0].errorCode, 0);
  };
  assertEquals(await told(), [false, false]);
  await subscribe(0);
  assertEquals(await told(), [true, true]);
  await subscribe(1);
  assertEquals(await told(), [false, false]);
  // Who asks all the same is told that nothing is wanted.
  const asked = { clientInstanceId: ZERO_UUID };
  const { requestedMetrics, pushIntervalMs } = await client.ask(
    GetTelemetrySubscriptions,
    0,
    asked,
  );
  assertEquals([requestedMetrics, pushIntervalMs], [[], 300_000]);
});

/** The versions by which kafka-python tells releases apart: the first rule that holds decides. */
const releases: readonly [release: string, api: number, version: number][] = [
  ["4.3", 35, 5],
  ["4.2", 2, 11],
  ["4.1", 0, 13],
  ["4.0", 2, 10],
  ["3.9", 1, 17],
];

Deno.test("kafka-python takes the ranges for those of one recent release", async () => {
  using client = await shared.connect();
  const advertised = await ranges(client);
  const has = (api: number, version: number) => (advertised.get(api)?.max ?? -1) >= version;
  const holding = releases.filter(([, api, version]) => has(api, version));
  const [newest] = holding.map(([release]) => release);
  assert(newest === "4.3" || newest === "4.2", newest);
  const since = releases.findIndex(([release]) => release === newest);
  assertEquals(holding, releases.slice(since), "and with all that came before");
});

Deno.test("the levels of features are told: of transactions and of the metadata", async () => {
  using client = await shared.connect();
  const answer = await client.ask(ApiVersions, 3, software);
  const levels = new Map(
    answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]),
  );
  assertEquals(levels.get("transaction.version"), 2);
  assert(levels.has("metadata.version"), "kafka-ui reads the release from it");
  assert(answer.finalizedFeaturesEpoch >= 0);
});
