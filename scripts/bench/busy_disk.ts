// Members of groups beside a disk that others keep busy: how late heartbeats are answered, and
// whether somebody is taken for dead, while producers wait for syncs of the same disk.
//
//   members   a group each; a heartbeat is due every so often, and is late from then on
//   load      acks=all, small batches: as fast as the disk lets them
//   the disk  programs that write some MB and sync, over and over (bench/disk_hog.ts)
//   echo      a bare program that gives back what it gets (load/echo.ts), asked as often: what the
//             machine and this program take by themselves
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
const echoScript = new URL("../load/echo.ts", import.meta.url).pathname;
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
  const echo = await startProgram([Deno.execPath(), "run", "-A", "--no-check", echoScript]);
  const joined: Member[] = [];
  const echoes: Echo[] = [];
  try {
    await bench.createTopic(program.port, producers);
    for (let i = 0; i < members; i++) joined.push(await join(program.port, `group-${i}`));
    for (let i = 0; i < members; i++) echoes.push(await Echo.connect(echo.port));
    console.log(`\n${members} members beside producers that wait for syncs (acks=all)`);
    console.log(
      "  programs that sync too   heartbeats p50, p99, most ms   evicted   produce p99 ms   " +
        "echoes p50, p99, most ms",
    );
    for (const count of [noneOfThem, hogs]) {
      const ended = await startHogs(folder, count);
      try {
        await measure(bench, { port: program.port, joined, echoes, count });
      } finally {
        await ended();
      }
    }
  } finally {
    for (const { client } of joined) client[Symbol.dispose]();
    for (const each of echoes) each.close();
    await program.stop();
    await echo.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(
  bench: BusyDiskBench,
  { port, joined, echoes, count }: {
    readonly port: number;
    readonly joined: readonly Member[];
    readonly echoes: readonly Echo[];
    readonly count: number;
  },
): Promise<void> {
  const frames = Array.from({ length: producers }, (_, i) => bench.frame(i));
  const endMs = performance.now() + bench.durationMs;
  const firstInMs = (i: number) => i * heartbeatEveryMs / members;
  const [load, beaten, echoed] = await Promise.all([
    runLoad({
      port,
      connections: producers,
      inFlight: 1,
      durationMs: bench.durationMs,
      request: (i) => itemAt(frames, i),
      check: checkProduced,
    }),
    Promise.all(joined.map((member, i) => beat(member, { firstInMs: firstInMs(i), endMs }))),
    Promise.all(
      echoes.map((echo, i) => timed(() => echo.ask(), { firstInMs: firstInMs(i), endMs })),
    ),
  ]);
  const evicted = beaten.filter(({ isEvicted }) => isEvicted).length;
  const late = spreadOf(beaten.flatMap(({ latenciesMs }) => latenciesMs));
  console.log(
    `  ${String(count).padStart(22)}   ${late.padStart(28)}   ${String(evicted).padStart(7)}   ` +
      `${load.p99Ms.toFixed(1).padStart(14)}   ${spreadOf(echoed.flat()).padStart(23)}`,
  );
}

function spreadOf(latenciesMs: readonly number[]): string {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const quantile = (q: number) => itemAt(sorted, Math.floor(q * (sorted.length - 1))).toFixed(1);
  return [0.5, 0.99, 1].map(quantile).join(", ");
}

interface Times {
  readonly firstInMs: number;
  readonly endMs: number;
}

/** Asks at a fixed rate, until the answer is false: each counts from when it was due. */
async function timed(
  ask: () => Promise<boolean>,
  { firstInMs, endMs }: Times,
): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  for (let dueMs = performance.now() + firstInMs; dueMs < endMs; dueMs += heartbeatEveryMs) {
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    const goesOn = await ask();
    latenciesMs.push(performance.now() - dueMs);
    if (!goesOn) break;
  }
  return latenciesMs;
}

async function beat({ client, ...member }: Member, times: Times) {
  const request = { ...member, groupInstanceId: null };
  let isEvicted = false;
  const latenciesMs = await timed(async () => {
    const { errorCode } = await client.ask(Heartbeat, 3, request);
    isEvicted = errorCode !== 0;
    return !isEvicted;
  }, times);
  return { latenciesMs, isEvicted };
}

/** A connection to the bare program. */
class Echo {
  readonly #connection: Deno.TcpConn;
  readonly #bytes = new Uint8Array(64);

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<Echo> {
    return new Echo(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async ask(): Promise<boolean> {
    await this.#connection.write(this.#bytes);
    return await this.#connection.read(this.#bytes) !== null;
  }

  close(): void {
    this.#connection.close();
  }
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
