// Whatever peers and disks do for hours, the log stays readable: of each kind of line some come at
// once, then one every ten seconds, which says how many it stands for.

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import { PlatformFault, type PlatformFaultKind } from "../../src/base/faults.ts";
import { allHandlers } from "../../src/broker/mod.ts";
import { ApiVersions, Produce } from "../../src/protocol/mod.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { type RawClient, request } from "../harness/raw_client.ts";
import { batchOf, makeTopic } from "../harness/raw_requests.ts";
import { freshName } from "../harness/shared_broker.ts";
import { type LoggedLine, simulated } from "../harness/simulated_broker.ts";
import { smallRequests } from "../harness/small_requests.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const partitions = 100;
const clock = { now: () => 0, monotonic: () => 0 };

/** At most so many lines of a kind in `ms`. */
const linesMax = (ms: number) => 20 + Math.ceil(ms / 10_000);

/** Lines of trouble, by their sentence. */
function countsOf(lines: readonly LoggedLine[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { level, message } of lines) {
    if (level === "info") continue;
    counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return counts;
}

/** How many events the lines of `message` stand for. */
function eventsOf(lines: readonly LoggedLine[], message: string): number {
  const said = lines.filter((line) => line.message === message);
  return said.reduce((sum, { fields }) => sum + 1 + Number(fields.leftOut ?? 0), 0);
}

/** No kind of line has come more often than it may. */
function assertCalm(lines: readonly LoggedLine[], ms: number): void {
  for (const [message, count] of countsOf(lines)) {
    assertLessOrEqual(count, linesMax(ms), `${message}: ${count} lines in ${ms} ms`);
  }
}

Deno.test("clients refused by the thousand are few lines, and all are counted", async () => {
  const lines: LoggedLine[] = [];
  const onLine = (line: LoggedLine) => void lines.push(line);
  await simulated({ settings: { "max.connections": "1" }, onLine }, async (scene) => {
    using client = await scene.connect();
    for (let i = 0; i < 1_000; i++) {
      using refused = await scene.connect();
      await refused.assertClosed();
    }
    await client.ask(ApiVersions, 0, {});
    await scene.pass(20_000);
    assertCalm(lines, scene.nowMs());
  });
  assertEquals(eventsOf(lines, "refused a connection: too many are open"), 1_000);
});

Deno.test("clients that speak no Kafka by the thousand are few lines", async () => {
  const lines: LoggedLine[] = [];
  const onLine = (line: LoggedLine) => void lines.push(line);
  await simulated({ onLine }, async (scene) => {
    for (let i = 0; i < 1_000; i++) {
      using client = await scene.connect();
      await client.send(utf8("GET / HTTP/1.1\r\n\r\n"));
      await client.assertClosed();
    }
    await scene.pass(20_000);
    assertCalm(lines, scene.nowMs());
  });
  assertEquals(eventsOf(lines, "closed a connection"), 1_000);
});

/** Writes below `folder` fail while `kind` says how. */
function failingBelow(folder: string, kind: () => PlatformFaultKind | undefined): Files {
  return watchedFiles(memoryFiles({ clock }), (change) => {
    const how = kind();
    if (how === undefined || !/^(append|make)/.test(change)) return;
    if (change.includes(` ${folder}`)) throw new PlatformFault(how, `cannot ${change}`);
  });
}

/** Each API once, whatever it is answered. */
async function askEverything(client: RawClient, names: { topic: string; topicId: string }) {
  for (const { api, serves: { max: version } } of await allHandlers()) {
    const any = { ...names, version, newTopic: freshName("new"), group: "group-0", memberId: "" };
    await client.send(request(api, version, smallRequests[api.name](any)));
    await client.receive();
  }
}

async function produceToAll(client: RawClient, topic: string): Promise<void> {
  const partitionData = Array.from({ length: partitions }, (_, index) => {
    return { index, records: batchOf(["record"]) };
  });
  const topicData = [{ name: topic, partitionData }];
  await client.send(request(Produce, 9, { acks: -1, timeoutMs: 1_000, topicData }));
  await client.receive();
}

for (const kind of ["NoSpace", "Io", "ReadOnly"] as const) {
  Deno.test(`a disk that takes nothing for an hour (${kind}) is few lines`, async () => {
    let how: PlatformFaultKind | undefined;
    const lines: LoggedLine[] = [];
    const onLine = (line: LoggedLine) => void lines.push(line);
    const files = failingBelow("/b", () => how);
    const settings = { "log.dirs": "/a,/b", "offsets.topic.num.partitions": "4" };
    await simulated({ files, settings, onLine }, async (scene) => {
      using client = await scene.connect();
      const { name, topicId } = await makeTopic(client, { partitions });
      await client.findCoordinator();
      const fromMs = scene.nowMs();
      how = kind;
      for (let i = 0; i < 60; i++) {
        await produceToAll(client, name);
        await askEverything(client, { topic: name, topicId });
        await scene.pass(60_000);
      }
      how = undefined;
      assertCalm(lines, scene.nowMs() - fromMs);
      const trouble = [...countsOf(lines).values()].reduce((sum, count) => sum + count, 0);
      assert(trouble > 0, "nothing has failed");
    });
  });
}
