// `deno task bench:cluster`: three brokers of Ottla on one etcd beside three nodes of Apache Kafka.
//
//   deno task bench:cluster [--clusters kafka,ottla] [--target deno] [--rounds 3] [--seconds 5]
//     [--kills 5] [--restarts 1] [--leaders 3,1] [--loads batches,singles]
//
// Each topic has three replicas, min.insync.replicas is 2, every write is acks=all. Both clusters
// are up; a load runs on one and then on the other, in turns, with the CPU of all their processes,
// etcd among them, looked at from outside. Then leaders are killed (kill -9) under a writer that
// writes on, and the longest time between two of its writes is noted. Then each node is restarted
// in its turn, as often as --restarts says, under producers of other languages that write so many
// records a second. Linux, for /proc.

import { itemAt, missing } from "../src/base/items.ts";
import { describeTopic, Producer } from "../src/client/mod.ts";
import type { Target } from "../tests/harness/targets.ts";
import { closeAll, type Cluster, ids, onTopic, startKafka, startOttla } from "./bench/clusters.ts";
import { checkProduced, produceFrame } from "./bench/frames.ts";
import { runLoad } from "./bench/load.ts";
import { proportionalBytesOf, usageOf } from "./bench/program.ts";
import { pacedProducers, restartsOf } from "./bench/planned_restarts.ts";
import { median } from "./bench/statistics.ts";
import { taskFlags } from "./task_flags.ts";

interface Load {
  readonly key: string;
  readonly name: string;
  readonly records: number;
  readonly connections: number;
  readonly inFlight: number;
}

/** Of each broker. */
const loads: readonly Load[] = [
  {
    key: "batches",
    name: "100 KB batches of 1 KB records",
    records: 100,
    connections: 4,
    inFlight: 4,
  },
  { key: "singles", name: "one 1 KB record a request", records: 1, connections: 16, inFlight: 1 },
];

interface Sample {
  readonly megabytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all processes. */
  readonly cpuPerGigabyte: number;
  /** Of all processes; what several of them have mapped, such as their program, counts once. */
  readonly megabytes: number;
  /** Of those that only follow, where one leads all; for each copy. */
  readonly followerCpuPerGigabyte?: number;
}

function usages({ brokers, others }: Cluster) {
  return [...brokers, ...others].map(({ pid }) => usageOf(pid));
}

/** `leaders`: which brokers lead. */
async function sampleOf(
  cluster: Cluster,
  { records, connections, inFlight }: Load,
  o: { readonly seconds: number; readonly leaders: readonly number[] },
): Promise<Sample> {
  const assignments = Array.from({ length: o.leaders.length * connections }, (_, i) => {
    const leader = itemAt(o.leaders, i % o.leaders.length);
    return [leader, ...ids.filter((id) => id !== leader)];
  });
  return await onTopic(cluster, assignments, async (topic) => {
    const before = usages(cluster);
    const results = await Promise.all(o.leaders.map((leader, at) => {
      const frames = Array.from({ length: connections }, (_, i) =>
        produceFrame({
          topic,
          partition: at + i * o.leaders.length,
          records,
          recordBytes: 1000,
          acks: -1,
        }));
      return runLoad({
        port: itemAt(cluster.brokers, leader - 1).port,
        connections,
        inFlight,
        durationMs: o.seconds * 1000,
        request: (connection) => itemAt(frames, connection),
        check: checkProduced,
      });
    }));
    const spent = usages(cluster).map(({ cpuSeconds }, i) =>
      cpuSeconds - itemAt(before, i).cpuSeconds
    );
    const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
    const bytes = sum(results.map(({ bytesSent }) => bytesSent));
    const follow = ids.filter((id) => !o.leaders.includes(id));
    const followed = sum(follow.map((id) => itemAt(spent, id - 1)));
    return {
      megabytesPerSecond: sum(results.map((r) => r.bytesSent / r.elapsedMs)) / 1000,
      p50Ms: median(results.map(({ p50Ms }) => p50Ms)),
      p99Ms: Math.max(...results.map(({ p99Ms }) => p99Ms)),
      cpuPerGigabyte: sum(spent) / (bytes / 1e9),
      megabytes: sum(
        [...cluster.brokers, ...cluster.others].map(({ pid }) => proportionalBytesOf(pid)),
      ) / 1e6,
      followerCpuPerGigabyte: follow.length === 0 ? undefined : followed / (2 * bytes / 1e9),
    };
  });
}

/** The longest time between two writes that were acknowledged, in ms, as the leader is killed. */
async function gapOf(cluster: Cluster): Promise<number> {
  return await onTopic(cluster, [[1, 2, 3]], async (topic, client) => {
    const producer = new Producer(client, { deliveryTimeoutMs: 120_000 });
    let [gapMs, lastMs, sent] = [0, performance.now(), 0];
    let isOver = false;
    const write = async () => {
      while (!isOver) {
        await producer.send({ topic, partition: 0, value: `${sent++}` });
        gapMs = Math.max(gapMs, performance.now() - lastMs);
        lastMs = performance.now();
      }
    };
    const writing = write();
    while (sent < 200) await new Promise((resolve) => setTimeout(resolve, 20));
    gapMs = 0;
    const broker = itemAt(cluster.brokers, 0);
    await broker.kill();
    const killedAt = sent;
    while (sent < killedAt + 200) await new Promise((resolve) => setTimeout(resolve, 20));
    isOver = true;
    await writing;
    await producer.close();
    await broker.restart();
    for (let isWhole = false; !isWhole;) {
      isWhole = itemAt((await describeTopic(client, topic)).partitions, 0).isr.length === 3;
    }
    return gapMs;
  });
}

const flags = taskFlags(Deno.args, {
  string: ["clusters", "target", "rounds", "seconds", "kills", "restarts", "leaders", "loads"],
  default: {
    clusters: "kafka,ottla",
    target: "deno",
    rounds: "3",
    seconds: "5",
    kills: "5",
    restarts: "1",
    leaders: "3,1",
    loads: "batches,singles",
  },
});

const clusters: Cluster[] = [];
try {
  for (const name of flags.clusters.split(",")) {
    clusters.push(await (name === "kafka" ? startKafka() : startOttla(flags.target as Target)));
  }
  const seconds = Number(flags.seconds);
  const shapes = `${flags.leaders}`.split(",").map((count) => ids.slice(0, Number(count)));
  for (const leaders of Number(flags.rounds) > 0 ? shapes : []) {
    for (const load of loads.filter(({ key }) => `${flags.loads}`.split(",").includes(key))) {
      const samples = new Map(clusters.map(({ name }) => [name, [] as Sample[]]));
      for (let round = -1; round < Number(flags.rounds); round++) {
        for (const cluster of round % 2 === 0 ? clusters : [...clusters].reverse()) {
          const sample = await sampleOf(cluster, load, { seconds, leaders });
          // The first one warms up.
          if (round >= 0) samples.get(cluster.name)!.push(sample);
        }
      }
      console.log(`${load.name}, ${leaders.length} of three lead`);
      for (const [name, all] of samples) {
        const of = (read: (sample: Sample) => number) => median(all.map(read)).toFixed(2);
        const followers = leaders.length === 3
          ? ""
          : `, followers ${of((s) => s.followerCpuPerGigabyte ?? missing())} s of CPU/GB each`;
        console.log(
          `  ${name}: ${of((s) => s.megabytesPerSecond)} MB/s, p50 ${of((s) => s.p50Ms)} ms, ` +
            `p99 ${of((s) => s.p99Ms)} ms, ${of((s) => s.cpuPerGigabyte)} s of CPU/GB, ` +
            `${of((s) => s.megabytes)} MB of memory${followers}`,
        );
      }
    }
  }
  for (const cluster of clusters) {
    if (Number(flags.kills) === 0) continue;
    const gaps: number[] = [];
    for (let i = 0; i < Number(flags.kills); i++) gaps.push(await gapOf(cluster));
    gaps.sort((a, b) => a - b);
    const told = gaps.map((ms) => ms.toFixed(0)).join(", ");
    console.log(`${cluster.name}: without writes after kill -9 of the leader, ms: ${told}`);
  }
  const programs = Number(flags.restarts) > 0 ? await pacedProducers() : [];
  for (const cluster of clusters) {
    if (Number(flags.restarts) === 0) continue;
    console.log(
      `${cluster.name}: all nodes restarted one after the other, ${flags.restarts} times`,
    );
    for (const told of await restartsOf(cluster, programs, Number(flags.restarts))) {
      console.log(`  ${told}`);
    }
  }
} finally {
  await closeAll(clusters);
}
