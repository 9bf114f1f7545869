// A broker that starts on a disk without a byte left, nor one in reserve: it reads, says so, makes
// room where it is asked to, and goes on by itself once there is some.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PlatformFault } from "../../src/base/faults.ts";
import { Producer } from "../../src/client/mod.ts";
import { DeleteRecords } from "../../src/protocol/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { targetsHere } from "../harness/targets.ts";
import {
  at,
  checkMended,
  checkReads,
  connect,
  count,
  fill,
  filledSettings,
  onMount,
  onUnwritable,
  startOn,
  takeAll,
  takeReserve,
  valuesOf,
} from "../harness/unwritable_start.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const runtime = denoRuntime();
const said = "starts without room on its disk, and only reads";

/** The real files, on a disk that takes no byte and no new file while `isFull` says so. */
function fullFiles(isFull: () => boolean): Files {
  const watched = watchedFiles(runtime.files, (change) => {
    if (!isFull() || !/^(append|make) /.test(change)) return;
    throw new PlatformFault("NoSpace", "no space left (injected)");
  });
  return { ...watched, freeBytes: (path) => isFull() ? 0 : runtime.files.freeBytes(path) };
}

Deno.test("a start where no write has room reads, refuses writes by code, and heals", () =>
  onUnwritable(fullFiles, async (at) => {
    const second = await startOn(at.folder, at.files);
    assertEquals(second.broker.health.status, "degraded");
    assertEquals(second.lines.filter((line) => line.includes(said)).length, 1);
    await checkReads(second.client);
    at.mend();
    await second.hear("it writes again");
    const quorum = await Deno.readTextFile(`${at.folder}/__cluster_metadata-0/quorum-state`);
    assertEquals(JSON.parse(quorum).leaderEpoch, 2, "each try has taken an epoch");
    await checkMended(second, at);
  }));

Deno.test("a broker that only reads for want of room closes without a failure", () =>
  onUnwritable(fullFiles, async ({ folder, files }) => {
    for (let i = 0; i < 2; i++) {
      const { client, end } = await startOn(folder, files);
      assertEquals(await valuesOf(client, count), count);
      await end();
    }
  }));

Deno.test("a new data directory without room is refused, and the message says why", async () => {
  const folder = await Deno.makeTempDir({ prefix: "full-start-" });
  try {
    const start = () => startOn(folder, fullFiles(() => true));
    await assertRejects(start, PlatformFault, "there is nothing to read");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const target of await targetsHere()) {
  for (const end of ["stop", "kill"] as const) {
    Deno.test(`${target}: a start on a full disk after a ${end} reads and makes room`, () =>
      onMount(async (folder) => {
        await using broker = await BrokerProcess.start({
          target,
          dataDir: `${folder}/data`,
          settings: filledSettings,
        });
        const first = await connect(broker.bootstrap);
        await fill(first);
        first.close();
        await broker[end]();
        // The start takes this marker away: it must not get its first room by that.
        if (end === "stop") Deno.truncateSync(`${folder}/data/.kafka_cleanshutdown`);
        takeReserve(`${folder}/data`);
        takeAll(`${folder}/taken`);
        await broker.restart();
        assert(broker.output.includes(said), broker.output);
        const client = await connect(broker.bootstrap);
        await checkReads(client);
        await client.request(DeleteRecords, {
          topics: [{ name: at.topic, partitions: [{ partitionIndex: 0, offset: 40 }] }],
          timeoutMs: 1_000,
        }, { to: "any" });
        await within(broker.said((line) => line.includes("it writes again")), {
          ms: 30_000,
          what: () => `room to be seen\n${broker.output}`,
        });
        const producer = new Producer(client);
        assertEquals((await producer.send({ ...at, value: "v" })).offset, count);
        await producer.close();
        client.close();
        assertEquals((await broker.stop()).code, 0);
      }));
  }
}
