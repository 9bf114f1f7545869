import { assertEquals } from "@std/assert";
import { ErrorCode } from "../../protocol/mod.ts";
import { decideCreateToken, decideTokenSweep } from "./delegation_tokens.ts";
import { imageRecords } from "../image/image_records.ts";
import { MemoryMetadataStore } from "../home/store.ts";

const request = {
  ownerPrincipalType: null,
  ownerPrincipalName: null,
  renewers: [{ principalType: "User", principalName: "bob" }],
};
const asked = {
  owner: "User:alice",
  requester: "User:carl",
  hmac: new Uint8Array(64),
  lifetimes: { maxMs: 1_000, renewMs: 300 },
};

async function storeWith(tokenIds: readonly string[], maxLifetimeMs: bigint | number = -1) {
  const store = new MemoryMetadataStore();
  for (const [i, tokenId] of tokenIds.entries()) {
    const of = { ...asked, tokenId, nowMs: 10_000 + i * 100 };
    await store.change((image) => decideCreateToken(image, { ...request, maxLifetimeMs }, of));
  }
  return store;
}

Deno.test("a token outlives a snapshot as it was, and no longer than its time", async () => {
  const store = await storeWith(["one", "two"]);
  const again = new MemoryMetadataStore();
  await again.append([...imageRecords(store.image)]);
  assertEquals([...again.image.delegationTokens()], [...store.image.delegationTokens()]);
  assertEquals(again.image.delegationToken("one"), {
    owner: "User:alice",
    requester: "User:carl",
    renewers: ["User:bob"],
    issueTimestamp: 10_000,
    maxTimestamp: 11_000,
    expirationTimestamp: 10_300,
    tokenId: "one",
  });
  assertEquals(await again.change((image) => decideTokenSweep(image, 10_300)), 0);
  assertEquals(await again.change((image) => decideTokenSweep(image, 10_301)), 1);
  assertEquals([...again.image.delegationTokens()].map(({ tokenId }) => tokenId), ["two"]);
  assertEquals(again.image.delegationTokenCount, 1);
});

Deno.test("a token lives as long as is asked for, and no longer than any may", async () => {
  const cases = [[500, 500], [2_000, 1_000], [0, 1_000], [2n ** 63n - 1n, 1_000]] as const;
  for (const [wanted, got] of cases) {
    const store = await storeWith(["one"], wanted);
    const { maxTimestamp } = store.image.delegationToken("one")!;
    assertEquals(maxTimestamp, 10_000 + got);
  }
});

Deno.test("a cluster of an older metadata version has none", async () => {
  const store = new MemoryMetadataStore();
  const fields = { name: "metadata.version", featureLevel: 13 };
  await store.append([{ type: "FeatureLevelRecord", version: 0, fields }]);
  const of = { ...asked, tokenId: "one", nowMs: 1 };
  const decision = decideCreateToken(store.image, { ...request, maxLifetimeMs: -1 }, of);
  assertEquals(decision.records, []);
  assertEquals(decision.response.errorCode, ErrorCode.UNSUPPORTED_VERSION);
});
