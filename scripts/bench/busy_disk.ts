// Members of groups beside a disk that others keep busy: how late heartbeats are answered, and
// whether somebody is taken for dead, while producers wait for syncs of the same disk.
//
//   members   a group each; a heartbeat is due every so often, and is late from then on
//   load      acks=all, small batches: as fast as the disk lets them
//   the disk  programs that write some MB and sync, over and over (bench/disk_hog.ts)
//
// First without the others, then with them. A heartbeat needs no disk, so it must not wait for one.

import { itemAt } from "../../src/base/items.ts";
import { FindCoordinator, Heartbeat, JoinGroup, SyncGroup } from "../../src/protocol/mod.ts";
import { RawClient } from "../../tests/harness/raw_client.ts";
import { checkProduced } from "./frames.ts";
import { runLoad } from "./load.ts";
import { startProgram } from "./program.ts";

export interface BusyDiskBench {
  readonly command: (folder: string, settings: Record<string, string>) => readonly string[];
  readonly createTopic: (port: number, partitions: number) => Promise<void>;
  /** A Produce request of one batch for a partition. */
  readonly frame: (partition: number) => Uint8Array;
  readonly durationMs: number;
}

const members = 20;
const heartbeatEveryMs = 200;
const producers = 8;
const hogs = 4;
const noneOfThem = 0;
const settings = { "group.initial.rebalance.delay.ms": "0" };

/** A member of a group of its own, and what its heartbeats came to. */
interface Member {
  readonly client: RawClient;
  readonly groupId: string;
  readonly memberId: string;
  readonly generationId: number;
}

/** Runs and prints it. */
export async function benchBusyDisk(bench: BusyDiskBench): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  const program = await startProgram(bench.command(folder, settings));
  const joined: Member[] = [];
  try {
    await bench.createTopic(program.port, producers);
    for (let i = 0; i < members; i++) joined.push(await join(program.port, `group-${i}`));
    console.log(`\n${members} members beside producers that wait for syncs (acks=all)`);
    console.log(
      "  programs that sync too   heartbeats p50, p99, most ms   evicted   produce p99 ms",
    );
    for (const count of [noneOfThem, hogs]) {
      const ended = await startHogs(folder, count);
      try {
        await measure(bench, { port: program.port, joined, count });
      } finally {
        await ended();
      }
    }
  } finally {
    for (const { client } of joined) client[Symbol.dispose]();
    await program.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(
  bench: BusyDiskBench,
  { port, joined, count }: { port: number; joined: readonly Member[]; count: number },
): Promise<void> {
  const frames = Array.from({ length: producers }, (_, i) => bench.frame(i));
  const endMs = performance.now() + bench.durationMs;
  const [load, ...beaten] = await Promise.all([
    runLoad({
      port,
      connections: producers,
      inFlight: 1,
      durationMs: bench.durationMs,
      request: (i) => itemAt(frames, i),
      check: checkProduced,
    }),
    ...joined.map((member, i) =>
      beat(member, { firstInMs: i * heartbeatEveryMs / members, endMs })
    ),
  ]);
  const latencies = beaten.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b);
  const evicted = beaten.filter(({ isEvicted }) => isEvicted).length;
  const quantile = (q: number) =>
    itemAt(latencies, Math.floor(q * (latencies.length - 1))).toFixed(1);
  const late = [0.5, 0.99, 1].map(quantile).join(", ");
  console.log(
    `  ${String(count).padStart(22)}   ${late.padStart(28)}   ` +
      `${String(evicted).padStart(7)}   ${load.p99Ms.toFixed(1).padStart(14)}`,
  );
}

/** Heartbeats at a fixed rate: each counts from when it was due. */
async function beat(
  { client, ...member }: Member,
  { firstInMs, endMs }: { readonly firstInMs: number; readonly endMs: number },
): Promise<{ latenciesMs: readonly number[]; isEvicted: boolean }> {
  const latenciesMs: number[] = [];
  const request = { ...member, groupInstanceId: null };
  for (let dueMs = performance.now() + firstInMs; dueMs < endMs; dueMs += heartbeatEveryMs) {
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    const { errorCode } = await client.ask(Heartbeat, 3, request);
    latenciesMs.push(performance.now() - dueMs);
    if (errorCode !== 0) return { latenciesMs, isEvicted: true };
  }
  return { latenciesMs, isEvicted: false };
}

async function join(port: number, groupId: string): Promise<Member> {
  const client = await RawClient.connect({ host: "127.0.0.1", port });
  await client.ask(FindCoordinator, 4, { keyType: 0, coordinatorKeys: [groupId] });
  const { memberId, generationId } = await client.ask(JoinGroup, 3, {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: new Uint8Array(8) }],
  });
  const assignments = [{ memberId, assignment: new Uint8Array(8) }];
  await client.ask(SyncGroup, 2, { groupId, generationId, memberId, assignments });
  return { client, groupId, memberId, generationId };
}

/** Starts programs that keep the folder's disk busy; what it returns ends them. */
async function startHogs(folder: string, count: number): Promise<() => Promise<void>> {
  const script = new URL("disk_hog.ts", import.meta.url).pathname;
  const children = Array.from({ length: count }, (_, i) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script, `${folder}/hog-${i}`],
      stdout: "piped",
    }).spawn());
  for (const { stdout } of children) {
    const reader = stdout.getReader();
    const { done } = await reader.read();
    reader.releaseLock();
    if (done) throw new Error("a program that was to keep the disk busy has ended");
  }
  return async () => {
    for (const child of children) {
      child.kill("SIGKILL");
      await child.stdout.cancel();
      await child.status;
    }
  };
}
