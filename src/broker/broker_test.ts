import { assertEquals, assertLess } from "@std/assert";
import { Client, createTopic } from "../client/mod.ts";
import { DeleteTopics } from "../protocol/mod.ts";
import { denoRuntime } from "../runtime/deno.ts";
import type { Files, Runtime } from "../runtime/ports.ts";
import { loadConfig, startBroker } from "./mod.ts";

Deno.test("topics that go together share the syncs of their data directory", async () => {
  const folder = await Deno.makeTempDir();
  const platform = denoRuntime();
  let syncs = 0;
  const files: Files = {
    ...platform.files,
    syncFolder(path) {
      if (path === folder) syncs++;
      return platform.files.syncFolder(path);
    },
  };
  const runtime: Runtime = { ...platform, files };
  const { config } = loadConfig({ flags: { host: "127.0.0.1", port: 0, dataDir: folder } });
  const logger = runtime.logger({ level: "error", format: "text" });
  const broker = await startBroker({ runtime, config, logger });
  const { host, port } = broker.address;
  const client = await Client.connect(runtime, { bootstrap: `${host}:${port}` });
  const names = Array.from({ length: 60 }, (_, i) => `topic-${i}`);
  for (const name of names) await createTopic(client, { name, partitions: 2 });
  syncs = 0;
  const request = { topicNames: names, timeoutMs: 10_000 };
  const { responses } = await client.request(DeleteTopics, request, { to: "any" });
  assertEquals(responses.filter(({ errorCode }) => errorCode === 0).length, names.length);
  assertLess(syncs, 30);
  client.close();
  await broker.close();
  await Deno.remove(folder, { recursive: true });
});
