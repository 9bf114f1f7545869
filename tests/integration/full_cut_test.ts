// A machine lost what was before the last records of a log, and the disk has no room to keep those
// aside before they are cut off: nothing is cut then, the other logs are open, and once there is
// room it goes on by itself, also when it was stopped or killed in between.

import { assert, assertEquals } from "@std/assert";
import { PlatformFault } from "../../src/base/faults.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { copyFolder } from "../harness/failing_files.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchFrom, makeTopic, produceTo, recordsOf } from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const clock = { now: () => 0, monotonic: () => 0 };
const text = (i: number) => `${i} `.padEnd(1_500, "x");

/** What a broker has left, of which the power failure has taken a part. */
interface Fixture {
  readonly files: Files;
  readonly holed: string;
  readonly whole: string;
}

/** Five batches in each of two topics; of one topic the second has become zeros. */
async function makeFixture(): Promise<Fixture> {
  const files = memoryFiles({ clock });
  const names: string[] = [];
  await simulated({ files }, async ({ connect }) => {
    using client = await connect();
    for (let topic = 0; topic < 2; topic++) {
      const { name } = await makeTopic(client);
      names.push(name);
      for (let i = 0; i < 5; i++) {
        await produceTo(client, { topic: name, records: batchOf([text(i)]) });
      }
    }
  });
  const [holed, whole] = names;
  files.remove("/data/.kafka_cleanshutdown");
  files.remove("/data/recovery-point-offset-checkpoint");
  rewrite(files, "/data/.ottla_boot_id", () => new TextEncoder().encode("an earlier boot\n"));
  rewrite(files, logOf(holed), (bytes) => {
    const size = bytes.length / 5;
    return bytes.fill(0, size, 2 * size);
  });
  return { files, holed, whole };
}

const logOf = (topic: string) => `/data/${topic}-0/00000000000000000000.log`;

function bytesOf(files: Files, path: string): Uint8Array {
  const file = files.open(path, "read");
  const bytes = new Uint8Array(file.size);
  file.readAt(0, bytes);
  file.close();
  return bytes;
}

function rewrite(files: Files, path: string, change: (bytes: Uint8Array) => Uint8Array): void {
  const bytes = change(bytesOf(files, path));
  const file = files.open(path, "create");
  file.append(bytes);
  file.close();
}

/** A disk that has room for little: not for what a cut would keep aside, while `isFull` says so. */
function withoutRoomToCut(files: Files, isFull: () => boolean): Files {
  return watchedFiles(files, (change, appending) => {
    if (!isFull() || !change.endsWith(".cut") || appending === undefined) return;
    appending.file.append(appending.bytes.subarray(0, 700));
    throw new PlatformFault("NoSpace", "no space left (injected)");
  });
}

async function offsetsIn(client: RawClient, topic: string): Promise<number[] | ErrorCode> {
  const answer = await fetchFrom(client, { topic });
  return answer.errorCode === ErrorCode.NONE
    ? recordsOf(answer).map(([offset]) => offset)
    : answer.errorCode as ErrorCode;
}

for (const end of ["a stop", "a kill", "nothing"] as const) {
  Deno.test(`what cannot be kept aside is not cut, and is later: ${end} in between`, async () => {
    const { files, holed, whole } = await makeFixture();
    const before = bytesOf(files, logOf(holed));
    let isFull = true;
    const left = memoryFiles({ clock });
    const checkHealed = async (client: RawClient) => {
      assertEquals(await offsetsIn(client, holed), [0]);
      const again = await produceTo(client, { topic: holed, records: batchOf(["new"]) });
      assertEquals([again.errorCode, again.baseOffset], [ErrorCode.NONE, 1]);
    };
    await simulated({ files: withoutRoomToCut(files, () => isFull) }, async (scene) => {
      using client = await scene.connect();
      for (let i = 0; i < 5; i++) {
        assertEquals(await offsetsIn(client, whole), [0, 1, 2, 3, 4]);
        assertEquals(await offsetsIn(client, holed), ErrorCode.KAFKA_STORAGE_ERROR);
        await scene.pass(10_000);
      }
      assertEquals(bytesOf(files, logOf(holed)), before);
      if (end === "nothing") {
        isFull = false;
        await scene.pass(10_000);
        await checkHealed(client);
      }
      if (end === "a kill") copyFolder("/data", { from: files, to: left });
    });
    const kept = end === "a kill" ? left : files;
    if (end !== "nothing") assertEquals(bytesOf(kept, logOf(holed)), before);
    isFull = false;
    await simulated({ files: kept }, async (scene) => {
      using client = await scene.connect();
      if (end !== "nothing") await checkHealed(client);
      assertEquals(await offsetsIn(client, holed), [0, 1]);
      assertEquals(await offsetsIn(client, whole), [0, 1, 2, 3, 4]);
    });
    const cut = kept.list(`/data/${holed}-0`).filter((name) => name.endsWith(".cut"));
    assert(cut.length === 1, cut.join());
    const size = before.length / 5;
    assertEquals(bytesOf(kept, `/data/${holed}-0/${cut[0]}`), before.subarray(size));
  });
}
