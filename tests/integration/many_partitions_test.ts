// A topic of thousands of partitions takes a while to be made: who deletes it meanwhile, or stops
// the broker, does not wait for logs that nobody will use.

import { assert, assertEquals, assertLess } from "@std/assert";
import { loadConfig, type RunningBroker, startBroker } from "../../src/broker/mod.ts";
import { CreateTopics, DeleteTopics, ErrorCode, Metadata } from "../../src/protocol/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { type LoggedLine, simulated } from "../harness/simulated_broker.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const runtime = denoRuntime();
const clock = { now: () => 0, monotonic: () => 0 };
const partitions = 2_000;
const creation = request(CreateTopics, 7, {
  topics: [{
    name: "many",
    numPartitions: partitions,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }],
  validateOnly: false,
});

/** Files that call `onTenth` when the tenth partition of the topic is being made. */
function watching(onTenth: () => void) {
  let count = 0;
  const files = memoryFiles({ clock });
  const watched = watchedFiles(files, (change) => {
    if (/^make \/data\/many-\d+$/.test(change) && ++count === 10) onTenth();
  });
  return { files, watched, made: () => count };
}

Deno.test("a stop while thousands of partitions are made waits for one of them", async () => {
  let broker: RunningBroker | undefined;
  let closing: Promise<void> | undefined;
  const { files, watched, made } = watching(() => closing = broker?.close());
  await simulated({ files: watched }, async (scene) => {
    broker = scene.broker;
    using client = await scene.connect();
    await client.send(creation);
    while (closing === undefined) await scene.pass(1);
    await closing;
  });
  assertLess(made(), 20);
  const lines: LoggedLine[] = [];
  const onLine = (line: LoggedLine) => void lines.push(line);
  await simulated({ files, onLine, seed: 2 }, async ({ connect }) => {
    using client = await connect();
    const { topics: [topic] } = await client.ask(Metadata, 9, { topics: [{ name: "many" }] });
    assertEquals(topic.partitions.length, partitions);
    assert(topic.partitions.every(({ errorCode }) => errorCode === ErrorCode.NONE));
  });
  // Anybody reaches the listener of a simulated machine, which is said at each start.
  const about = lines.filter(({ level, fields }) => level !== "info" && !("listener" in fields));
  assertEquals(about, []);
});

Deno.test("a topic that is deleted while its thousands are made is not made", async () => {
  const folder = await Deno.makeTempDir({ prefix: "many-partitions-" });
  const tenth = Promise.withResolvers<void>();
  let made = 0;
  const files = watchedFiles(runtime.files, (change) => {
    if (/^make .*\/many-\d+$/.test(change) && ++made === 10) tenth.resolve();
  });
  const { config } = loadConfig({ flags: { port: 0, host: "127.0.0.1", dataDir: folder } });
  const logger = runtime.logger({ level: "error", format: "text" });
  const broker = await startBroker({ runtime: { ...runtime, files }, config, logger });
  try {
    using creator = await RawClient.connect(broker.address);
    using client = await RawClient.connect(broker.address);
    await creator.send(creation);
    await tenth.promise;
    const deletion = { topicNames: ["many"], timeoutMs: 1_000 };
    const { responses } = await client.ask(DeleteTopics, 5, deletion);
    assertEquals(responses.map(({ errorCode }) => errorCode), [ErrorCode.NONE]);
    await creator.receive();
    assertLess(made, partitions);
    const left = [...Deno.readDirSync(folder)].filter(({ name }) => /^many-\d+$/.test(name));
    assertEquals(left, []);
  } finally {
    await broker.close();
    await Deno.remove(folder, { recursive: true });
  }
});
