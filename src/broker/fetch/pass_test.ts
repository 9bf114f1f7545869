// How passes share what answers may hold: one that finds too little waits in turn.

import { assertEquals } from "@std/assert";
import { appendOk, logRig } from "../../../tests/harness/log_rig.ts";
import { missing } from "../../base/items.ts";
import { Slices } from "../../log/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { buildBatch } from "../../records/mod.ts";
import { MemoryBudget } from "../limits/memory_budget.ts";
import { Partition } from "../logs/partition.ts";
import { Connected } from "../../../tests/harness/connected.ts";
import { Pass, type PassServices } from "./pass.ts";
import type { WantedPartition } from "./partition_data.ts";

const mebibyte = 1024 * 1024;
const valueBytes = mebibyte - 200;

/** A partition with one batch of a mebibyte, and what passes over it need. */
async function world({ answersBytesMax }: { answersBytesMax: number }) {
  const rig = logRig();
  const events: string[] = [];
  const clock = { now: () => 0, monotonic: () => 0 };
  const turn = async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    events.push("turn");
  };
  const slices = new Slices({ clock, timers: { after: () => ({ cancel() {} }), turn } });
  const log = await rig.open({ slices });
  appendOk(log, buildBatch({ records: [{ key: null, value: new Uint8Array(valueBytes) }] }));
  const appended = { batches: 0, records: 0, bytes: 0 };
  const partition = new Partition(log, { leaderEpoch: 0, appended });
  const memory = new MemoryBudget({
    bytesMax: () => 64 * mebibyte,
    answersBytesMax: () => answersBytesMax,
    machineBytes: 0,
  });
  const topics = { logConfig: () => rig.config };
  const services = { memory, slices, topics, noteUnreadable: () => {} } as unknown as PassServices;
  /** One pass, and how many bytes it has read. */
  const pass = async (requester = new Connected()): Promise<number> => {
    const bytesMax = 64 * mebibyte;
    const terms = { isolation: "readUncommitted", bytesMax, requester } as const;
    const wanted: WantedPartition[] = [{
      partition: 0,
      fetchOffset: 0,
      partitionMaxBytes: 64 * mebibyte,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    }];
    const walk = new Pass(services, terms);
    const [data = missing()] = await walk.run({ ...terms, wanted, find: () => partition });
    assertEquals(data.errorCode, ErrorCode.NONE);
    events.push("read");
    memory.answers.give(walk.bytes);
    return data.records.length;
  };
  return { answers: memory.answers, events, pass };
}

Deno.test("a pass reads at once where there is memory for its answer", async () => {
  const { pass, events, answers } = await world({ answersBytesMax: 16 * mebibyte });
  assertEquals(await pass() > valueBytes, true);
  assertEquals([events, answers.bytes], [["read"], 0]);
});

Deno.test("of those let in at once, one reads in each turn of the event loop", async () => {
  const { pass, events, answers } = await world({ answersBytesMax: 16 * mebibyte });
  answers.add(16 * mebibyte);
  const passes = Array.from({ length: 4 }, () => pass());
  while (answers.waiting < passes.length) await undefined;
  assertEquals(events, [], "nobody has read");
  answers.give(16 * mebibyte);
  const read = await Promise.all(passes);
  assertEquals(read.every((bytes) => bytes > valueBytes), true);
  assertEquals(events, ["read", "turn", "read", "turn", "read", "turn", "read"]);
  assertEquals(answers.bytes, 0);
});

Deno.test("nothing is read for who leaves while waiting for memory, and others go on", async () => {
  const { pass, answers } = await world({ answersBytesMax: 2 * mebibyte });
  answers.add(2 * mebibyte);
  const client = new Connected();
  const leaving = pass(client);
  const behind = pass();
  while (answers.waiting < 2) await undefined;
  client.leave();
  assertEquals(await leaving, 0);
  answers.give(2 * mebibyte);
  assertEquals(await behind > valueBytes, true);
  assertEquals(answers.bytes, 0);
});
