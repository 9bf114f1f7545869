// Markers are sent until each partition has its own: what cannot be written to is tried again after
// ever longer pauses, and keeps nothing else from being completed.

import { assertEquals } from "@std/assert";
import { transactionShell } from "../../../tests/harness/transaction_shell.ts";
import { firstOf } from "../../base/items.ts";
import {
  type PlainResponse,
  type ProducerResponse,
  transactionConfigDefaults,
} from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Timer, Timers } from "../../runtime/ports.ts";
import { sendMarkers, type TransactionShard } from "./marker_sending.ts";
import type { EndedTransaction } from "./end_marker.ts";
import type { TransactionMarkers } from "./transaction_markers.ts";

type Write = TransactionMarkers["write"];

/** A shard on a log in memory, which makes everything durable at once. */
function scene(write: Write, exists = (_topic: string, _partition: number) => true) {
  const shell = transactionShell(() => transactionConfigDefaults);
  const waiting = new Map<number, (response: unknown) => void>();
  const carryOut = (decision: Parameters<typeof shell.carryOut>[0]) => {
    for (const { to, response } of shell.carryOut(decision).answers) {
      waiting.get(to.id)?.(response);
      waiting.delete(to.id);
    }
  };
  const shard = {
    isResigned: false,
    leaderEpoch: 3,
    submit(decide: (machine: typeof shell.machine, at: ReturnType<typeof shell.at>) => never) {
      return new Promise((resolve) => {
        const at = shell.at();
        waiting.set(at.asked.id, resolve);
        carryOut(decide(shell.machine, at));
      });
    },
  };
  const pauses: { readonly ms: number; readonly run: () => void }[] = [];
  const timers = {
    after(ms: number, run: () => void): Timer {
      pauses.push({ ms, run });
      return { cancel() {} };
    },
  } as unknown as Timers;
  const leaders = new Map<number, number>();
  const listeners = new Set<() => void>();
  /** From now on `leader` leads the partition. */
  const lead = (partition: number, leader: number) => {
    leaders.set(partition, leader);
    for (const listener of [...listeners]) listener();
  };
  const lines: string[] = [];
  const completed: string[] = [];
  const sent = sendMarkers(shard as unknown as TransactionShard, {
    markers: { write },
    exists,
    leaderOf: (_topic, partition) => leaders.get(partition) ?? 1,
    onLeaders: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    timers,
    logger: { log: (_level: string, message: string) => lines.push(message) } as never,
    monotonic: () => 0,
  }, (transactionalId) => completed.push(transactionalId));
  const close = async () => {
    shard.isResigned = true;
    for (const { to, response } of shell.machine.resign(ErrorCode.NOT_COORDINATOR, 0)) {
      waiting.get(to.id)?.(response);
    }
    await sent;
  };
  return { shell, carryOut, pauses, lead, lines, completed, close };
}

/** A transaction of `partitions` that is to be committed. */
function prepare({ shell, carryOut }: ReturnType<typeof scene>, id: string, partitions: number[]) {
  const producer = { producerId: id.charCodeAt(0), producerEpoch: 0 };
  const init = { transactionalId: id, timeoutMs: 1_000, expected: undefined };
  carryOut(shell.machine.initProducerId(
    { ...init, freshProducerId: producer.producerId },
    shell.at<ProducerResponse>(),
  ));
  const claim = { transactionalId: id, ...producer, clientVersion: 2 };
  carryOut(shell.machine.addPartitions(
    { ...claim, partitions: new Map([["p", new Set(partitions)]]) },
    shell.at<PlainResponse>(),
  ));
  carryOut(shell.machine.end(
    { ...claim, commit: true, freshProducerId: undefined },
    shell.at<ProducerResponse>(),
  ));
}

/** Lets everything happen that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

Deno.test("a transaction is complete once each of its partitions has its marker", async () => {
  const written: [EndedTransaction, number[]][] = [];
  const at = scene((transaction, partitions) => {
    written.push([transaction, partitions.map(({ partition }) => partition)]);
    return Promise.resolve(partitions.map((each) => ({ ...each, errorCode: ErrorCode.NONE })));
  });
  prepare(at, "a", [0, 1]);
  await settle();
  assertEquals(written, [[{
    producerId: 97,
    producerEpoch: 1,
    coordinatorEpoch: 3,
    committed: true,
    transactionVersion: 2,
  }, [0, 1]]]);
  assertEquals([at.completed, at.pauses], [["a"], []]);
  assertEquals(at.shell.machine.describe("a").transactionState, "CompleteCommit");
  await at.close();
});

Deno.test("what cannot be written to is tried again, and keeps nothing else waiting", async () => {
  let isOffline = true;
  const tried: number[][] = [];
  const at = scene((_, partitions) => {
    tried.push(partitions.map(({ partition }) => partition));
    return Promise.resolve(partitions.map((each) => ({
      ...each,
      errorCode: each.partition === 1 && isOffline ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE,
    })));
  });
  prepare(at, "a", [0, 1]);
  prepare(at, "b", [0]);
  await settle();
  assertEquals(at.completed, ["b"]);
  // Whoever asks is told which partition it waits for.
  assertEquals(at.shell.machine.describe("a").topics, [{ topic: "p", partitions: [1] }]);
  for (let i = 0; i < 9; i++) {
    at.pauses.at(-1)?.run();
    await settle();
  }
  assertEquals(at.pauses.map(({ ms }) => ms), [
    50,
    100,
    200,
    400,
    800,
    1_600,
    3_200,
    5_000,
    5_000,
    5_000,
  ]);
  assertEquals(at.lines, ["transactions wait for partitions that cannot be written to"]);
  assertEquals(tried.slice(2), Array(9).fill([1]));
  isOffline = false;
  at.pauses.at(-1)?.run();
  await settle();
  assertEquals(at.completed, ["b", "a"]);
  await at.close();
});

Deno.test("a pause ends once another broker leads what is left", async () => {
  let isOffline = true;
  const at = scene((_, partitions) =>
    Promise.resolve(partitions.map((each) => ({
      ...each,
      errorCode: isOffline ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.NONE,
    })))
  );
  prepare(at, "a", [0, 1]);
  await settle();
  at.pauses.at(-1)?.run();
  await settle();
  assertEquals(at.pauses.map(({ ms }) => ms), [50, 100]);
  at.lead(1, -1);
  at.lead(7, 3);
  await settle();
  assertEquals(at.pauses.length, 2);
  at.lead(1, 2);
  await settle();
  assertEquals(at.pauses.map(({ ms }) => ms), [50, 100, 50]);
  isOffline = false;
  at.lead(0, 2);
  await settle();
  assertEquals(at.completed, ["a"]);
  await at.close();
});

Deno.test("a partition that is gone, or has gone on, needs no marker", async () => {
  const at = scene(
    (_, partitions) =>
      Promise.resolve(
        partitions.map((each) => ({ ...each, errorCode: ErrorCode.INVALID_PRODUCER_EPOCH })),
      ),
    (_, partition) => partition !== 1,
  );
  prepare(at, "a", [0, 1]);
  await settle();
  assertEquals(at.completed, ["a"]);
  await at.close();
});

Deno.test("a log that refuses what completes a transaction is asked again", async () => {
  const at = scene((_, partitions) => {
    at.shell.refuseNext = at.completed.length === 0 && at.pauses.length === 0
      ? ErrorCode.NOT_ENOUGH_REPLICAS
      : ErrorCode.NONE;
    return Promise.resolve(partitions.map((each) => ({ ...each, errorCode: ErrorCode.NONE })));
  });
  prepare(at, "a", [0]);
  await settle();
  assertEquals([at.completed, at.pauses.length], [[], 1]);
  firstOf(at.pauses).run();
  await settle();
  assertEquals(at.completed, ["a"]);
  await at.close();
});

Deno.test("nothing is sent once the shard has resigned", async () => {
  let writes = 0;
  const at = scene((_, partitions) => {
    writes++;
    return Promise.resolve(
      partitions.map((each) => ({ ...each, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER })),
    );
  });
  prepare(at, "a", [0]);
  await settle();
  await at.close();
  firstOf(at.pauses).run();
  await settle();
  assertEquals(writes, 1);
});
