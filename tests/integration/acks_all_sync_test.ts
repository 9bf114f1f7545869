// When an answer waits for a sync of its topic's file, and when a sync begins on its own: in
// simulated time, with a disk that takes 50 ms for each.

import { assert, assertEquals } from "@std/assert";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files, OpenFile } from "../../src/runtime/ports.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { simulated, type SimulatedScene } from "../harness/simulated_broker.ts";

const syncMs = 50;

interface Scene extends SimulatedScene {
  readonly client: RawClient;
  readonly topic: string;
  /** When syncs of the topic's file began, in ms since the topic was made. */
  readonly syncsMs: readonly number[];
  /** How long the answer to one record took. */
  send(acks: number): Promise<number>;
  /** Sets a config of the topic; the error code. */
  set(name: string, value: string): Promise<ErrorCode>;
}

/** A broker, a topic, and a watch on its syncs. */
async function watched(
  o: { settings?: Record<string, string>; configs?: Record<string, string> },
  scenario: (scene: Scene) => Promise<void>,
): Promise<void> {
  const disk = { onSync: (_path: string): Promise<void> => Promise.resolve() };
  const files = slowFiles(disk);
  await simulated({ settings: o.settings, files }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client, { configs: o.configs });
    const syncsMs: number[] = [];
    const madeMs = scene.nowMs();
    disk.onSync = async (path) => {
      if (!path.includes(`/${topic}-0/`) || !path.endsWith(".log")) return;
      syncsMs.push(scene.nowMs() - madeMs);
      await scene.pass(syncMs);
    };
    await scenario({
      ...scene,
      client,
      topic,
      syncsMs,
      send: async (acks) => {
        const sentMs = scene.nowMs();
        const answer = await produceTo(client, { topic, records: batchOf(["a"]), acks });
        assertEquals(answer.errorCode, ErrorCode.NONE);
        return scene.nowMs() - sentMs;
      },
      set: async (name, value) => {
        const configs = [{ name, configOperation: 0, value }];
        const resources = [{ resourceType: 2, resourceName: topic, configs }];
        const request = { resources, validateOnly: false };
        const answer = await client.ask(IncrementalAlterConfigs, 1, request);
        return answer.responses[0].errorCode;
      },
    });
  });
}

function slowFiles(disk: { onSync(path: string): Promise<void> }): Files {
  const files = memoryFiles({ clock: { now: () => 0, monotonic: () => 0 } });
  const slow = (file: OpenFile): OpenFile =>
    new Proxy(file, {
      get(target, name) {
        if (name === "sync") return () => disk.onSync(target.path).then(() => target.sync());
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  return new Proxy(files, {
    get(target, name) {
      if (name === "open") {
        return (...args: Parameters<Files["open"]>) => slow(target.open(...args));
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("acks=all waits for a sync, and acks=1 for none", async () => {
  await watched({}, async ({ send, syncsMs, pass }) => {
    assert(await send(1) < syncMs);
    assertEquals(syncsMs, []);
    assert(await send(-1) >= syncMs);
    assertEquals(syncsMs.length, 1);
    await pass(60_000);
    assertEquals(syncsMs.length, 1);
  });
});

Deno.test("many producers of acks=all wait for one sync, that of the journal", async () => {
  const syncs: string[] = [];
  let takesMs = 0;
  const disk = { onSync: (_path: string): Promise<void> => Promise.resolve() };
  await simulated({ files: slowFiles(disk) }, async ({ connect, pass, nowMs }) => {
    disk.onSync = (path) => {
      syncs.push(path);
      return pass(takesMs);
    };
    const producers = await Promise.all(Array.from({ length: 32 }, async () => {
      const client = await connect();
      const { name: topic } = await makeTopic(client);
      return { client, topic };
    }));
    const sendAll = async () => {
      const sentMs = nowMs();
      await Promise.all(producers.map(async ({ client, topic }) => {
        const answer = await produceTo(client, { topic, records: batchOf(["a"]), acks: -1 });
        assertEquals(answer.errorCode, ErrorCode.NONE);
      }));
      return nowMs() - sentMs;
    };
    // The first record of a log makes a file, whose name is synced as well.
    await sendAll();
    syncs.length = 0;
    takesMs = syncMs;
    const tookMs = await sendAll();
    const own = syncs.filter((path) => path.endsWith(".log")).length;
    assert(own <= 4, `${own} of 32 partitions have synced their own files`);
    assert(tookMs < 4 * syncMs, `${tookMs} ms for 32 records`);
    for (const { client } of producers) client[Symbol.dispose]();
  });
});

Deno.test("ottla.acks.all.sync=never answers acks=all from the file alone", async () => {
  await watched({ settings: { "ottla.acks.all.sync": "never" } }, async (scene) => {
    const { send, syncsMs, pass } = scene;
    for (let i = 0; i < 5; i++) assert(await send(-1) < syncMs);
    await pass(600_000);
    assertEquals(syncsMs, []);
  });
});

Deno.test("interval:MS answers at once and begins a sync within so many milliseconds", async () => {
  const configs = { "ottla.acks.all.sync": "interval:700" };
  await watched({ configs }, async ({ send, syncsMs, pass }) => {
    for (let i = 0; i < 5; i++) {
      assert(await send(-1) < syncMs);
      await pass(100);
    }
    await pass(1_000);
    assertEquals(syncsMs.length, 1, "one sync for all that came meanwhile");
    assert(syncsMs[0] <= 800, `after ${syncsMs[0]} ms`);
    await pass(60_000);
    assertEquals(syncsMs.length, 1, "and none where nothing is unsynced");
    assert(await send(1) < syncMs);
    await pass(60_000);
    assertEquals(syncsMs.length, 1, "acks=1 was promised no sync");
    await send(-1);
    await pass(1_000);
    assertEquals(syncsMs.length, 2);
  });
});

Deno.test("a topic has a choice of its own, which changes while the broker runs", async () => {
  const settings = { "ottla.acks.all.sync": "never" };
  const configs = { "ottla.acks.all.sync": "always" };
  await watched({ settings, configs }, async ({ send, set }) => {
    const name = "ottla.acks.all.sync";
    assert(await send(-1) >= syncMs);
    assertEquals(await set(name, "never"), ErrorCode.NONE);
    assert(await send(-1) < syncMs);
    for (const value of ["sometimes", "interval:", "interval:0", "interval:1s", "ALWAYS", " "]) {
      const refused = ErrorCode.INVALID_CONFIG;
      assertEquals(await set(name, value), refused, `${JSON.stringify(value)} is refused`);
    }
    assert(await send(-1) < syncMs);
    assertEquals(await set(name, "always"), ErrorCode.NONE);
    assert(await send(-1) >= syncMs);
  });
});

Deno.test("with flush.messages reached every answer waits for a sync, as in Kafka", async () => {
  const configs = { "flush.messages": "3", "ottla.acks.all.sync": "never" };
  await watched({ configs }, async ({ send, syncsMs }) => {
    assert(await send(1) < syncMs);
    assert(await send(-1) < syncMs);
    assert(await send(1) >= syncMs, "the third record is synced before its answer");
    assertEquals(syncsMs.length, 1);
    assert(await send(-1) < syncMs);
    assert(await send(1) < syncMs);
    assert(await send(-1) >= syncMs);
  });
});

Deno.test("flush.ms begins a sync of records so old, whatever their acks", async () => {
  const configs = { "flush.ms": "3000", "ottla.acks.all.sync": "never" };
  await watched({ configs }, async ({ send, syncsMs, pass }) => {
    assert(await send(1) < syncMs);
    await pass(5_100);
    assertEquals(syncsMs.length, 1);
    await pass(60_000);
    assertEquals(syncsMs.length, 1);
  });
});
