// A whole cluster of many brokers and partitions, simulated in this process: the real code of each
// broker, with a disk, connections and an image of the metadata of its own. What it takes until it
// is made, until another controller has given the partitions of a dead one to others, and until
// that one is back, answers, and is in sync.
//
//   deno task large [30 30000]      brokers, partitions of three replicas each
//
// Invariant: what is printed is looked up in the cluster when it holds, in the world's own time;
// beside it what this machine took for it.

import { type Client, createTopic, Producer } from "../src/client/mod.ts";
import { Metadata } from "../src/protocol/mod.ts";
import { type ClusterScene, simulatedCluster } from "../tests/harness/simulated_cluster.ts";

const [brokers = 30, partitions = 30_000] = Deno.args.map(Number);
const replicas = 3;
const recordCount = 100;
const partitionsPerTopic = 1_000;
const settings = {
  "min.insync.replicas": 2,
  "default.replication.factor": replicas,
  "offsets.topic.num.partitions": 50,
  // Nobody looks at what is not there to be cleaned.
  "log.retention.check.interval.ms": 86_400_000,
  "log.cleaner.enable": "false",
};

const lookMs = 100;
const mib = 2 ** 20;
let realMs = performance.now();

/** A line: what there is, since when in the world, what it took here. */
function say(what: string, worldMs: number): void {
  const nowMs = performance.now();
  const { rss, heapUsed } = Deno.memoryUsage();
  const took = ((nowMs - realMs) / 1000).toFixed(1);
  const memory = `${Math.round(rss / mib)} MiB, of it heap ${Math.round(heapUsed / mib)}`;
  console.log(`${what}: ${(worldMs / 1000).toFixed(2)} s there, ${took} s here, ${memory}`);
  realMs = nowMs;
}

function states({ metadata }: ClusterScene) {
  return metadata.image.topics().flatMap((topic) => topic.partitions);
}

/** To look at everything takes its time: not at every moment of the world. */
async function until(scene: ClusterScene, holds: () => boolean): Promise<void> {
  while (!holds()) await scene.pass(lookMs);
}

async function makeTopics(scene: ClusterScene, client: Client): Promise<void> {
  const names = Array.from(
    { length: Math.ceil(partitions / partitionsPerTopic) },
    (_, i) => `topic-${i}`,
  );
  for (const name of names) {
    await createTopic(client, {
      name,
      partitions: partitionsPerTopic,
      replicationFactor: replicas,
    });
  }
  await until(scene, () => states(scene).every(({ isr }) => isr.length === replicas));
}

await simulatedCluster({
  brokers,
  settings,
  world: { eventsMax: Infinity },
}, async (scene) => {
  const { world, metadata, kill, start, client: clientOf } = scene;
  let atMs = world.nowMs;
  const passed = () => {
    const ms = world.nowMs - atMs;
    atMs = world.nowMs;
    return ms;
  };
  say(`${brokers} brokers`, passed());
  const client = await clientOf();
  await makeTopics(scene, client);
  say(`${states(scene).length} partitions in sync`, passed());
  const producer = new Producer(client);
  for (let i = 0; i < recordCount; i++) {
    const topic = `topic-${i % Math.ceil(partitions / partitionsPerTopic)}`;
    await producer.send({ topic, partition: i, value: `value ${i}` });
  }
  await producer.close();
  say(`${recordCount} records, each acknowledged by all before the next`, passed());
  const dead = metadata.controllerId;
  const led = states(scene).filter(({ leader }) => leader === dead).length;
  kill(dead);
  await until(scene, () => states(scene).every(({ leader }) => leader >= 0 && leader !== dead));
  say(`the controller is dead, and the ${led} partitions that it led have others`, passed());
  await start(dead);
  using restarted = await scene.connect(dead);
  const { topics: [first] } = await restarted.ask(Metadata, 9, { topics: [{ name: "topic-0" }] });
  if (first?.partitions.length !== partitionsPerTopic) {
    throw new Error("it does not know its topics");
  }
  say("it is back, and answers", passed());
  await until(scene, () => states(scene).every(({ isr }) => isr.length === replicas));
  say("and in sync of everything", passed());
});
