import { assertEquals, assertThrows } from "@std/assert";
import { ConnectionFault } from "../base/faults.ts";
import { allHandlers } from "../broker/mod.ts";
import { apiName, Fetch } from "../protocol/mod.ts";
import { Release } from "./releases.ts";
import { releaseFacts } from "./releases_table.ts";
import { SeenRequest } from "./requests.ts";

/** What a broker of ours tells, with the features of its own. */
async function ownAnswer() {
  const handlers = await allHandlers();
  return {
    apiKeys: handlers.map(({ api, serves }) => ({
      apiKey: api.key,
      minVersion: serves.min,
      maxVersion: serves.max,
    })),
    finalizedFeaturesEpoch: 7,
  };
}

interface Told {
  readonly apiKeys: readonly { apiKey: number; minVersion: number; maxVersion: number }[];
  readonly supportedFeatures: readonly { name: string; maxVersion: number }[];
}

Deno.test("a broker tells each API of a release in the very versions of that release", async () => {
  // What brokers ask of brokers and controllers. Of WriteTxnMarkers we have no version 0.
  const left = ["LeaderAndIsr", "StopReplica", "UpdateMetadata", "ControlledShutdown"]
    .concat("AlterPartition", "AllocateProducerIds", "AddRaftVoter", "RemoveRaftVoter")
    .concat("WriteTxnMarkers");
  for (const [name, { apis }] of Object.entries(releaseFacts)) {
    const { apiKeys } = new Release(name).versions(await ownAnswer(), 4) as unknown as Told;
    const isWanted = (text: string) => !left.includes(apiName(parseInt(text)));
    const told = apiKeys.map(({ apiKey, minVersion, maxVersion }) =>
      `${apiKey}:${minVersion}-${maxVersion}`
    ).filter(isWanted);
    const wanted = apis.split(" ").filter(isWanted);
    assertEquals(told, wanted, name);
  }
});

Deno.test("a release of before features tells none, and takes no newer request", async () => {
  const release = new Release("2.8");
  const { supportedFeatures } = release.versions(await ownAnswer(), 3) as unknown as Told;
  assertEquals(supportedFeatures, []);
  const seen = (apiVersion: number) =>
    new SeenRequest(new Uint8Array(), {
      table: Fetch,
      header: { apiKey: 1, apiVersion, correlationId: 1, clientId: "app", bodyPosition: 0 },
      atMs: 0,
      nameOfId: () => undefined,
    });
  assertEquals(release.refusal(seen(12)), undefined);
  assertThrows(() => release.refusal(seen(13)), ConnectionFault, "not served by Kafka 2.8");
});
