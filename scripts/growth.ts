// How far a cluster in etcd goes: what one partition costs is measured here and now, and the rest
// is worked out from it, for 3 to 100 brokers and 1,000 to 200,000 partitions of three replicas.
//
//   deno run -A scripts/growth.ts
//
// Measured: bytes of a partition in etcd's answers; the time to take it into an image, to look at
// it in a pass of the controller, and to change it when a broker dies. Taken as given, from three
// members of etcd on one machine: what transactions take.
//
// Invariant: one core, no disk, no network but where it says so.

import {
  decideControllerPass,
  encodeMetadataRecord,
  entityChanges,
  type MetadataRecordInput,
  MetadataReplay,
  throughBytes,
} from "../src/cluster/mod.ts";

/** A large change goes in parts, each staged and then carried out (src/etcd/stage.ts). */
const partitionsPerPart = 120;
const secondsPerPart = 0.012;
const transactionsPerSecond = 1_700;
const networkBytesPerSecond = 100e6;
const sessionSeconds = 9;
const fetchWaitSeconds = 0.5;
const replicas = 3;
/** What a fetch says of a partition, and what an answer does that has nothing new of it. */
const fetchBytes = 34 + 52;

const sample = { brokers: 10, topics: 200, partitions: 20_000 };

function idOf(n: number): string {
  return `AAAAAAAAAAAAA${String(n).padStart(8, "0")}A`;
}

function sampleRecords(): MetadataRecordInput[] {
  const brokers = Array.from({ length: sample.brokers }, (_, i): MetadataRecordInput => ({
    type: "RegisterBrokerRecord",
    version: 3,
    fields: {
      brokerId: i + 1,
      incarnationId: idOf(i),
      brokerEpoch: i + 1,
      endPoints: [],
      features: [],
      rack: null,
      fenced: false,
      logDirs: [],
    },
  }));
  const topics = Array.from({ length: sample.topics }, (_, t): MetadataRecordInput => (
    { type: "TopicRecord", version: 0, fields: { name: `topic-${t}`, topicId: idOf(1_000 + t) } }
  ));
  const partitions = Array.from({ length: sample.partitions }, (_, i): MetadataRecordInput => {
    const [t, partitionId] = [i % sample.topics, Math.floor(i / sample.topics)];
    const ids = [0, 1, 2].map((n) => 1 + (i + n) % sample.brokers);
    return {
      type: "PartitionRecord",
      version: 1,
      fields: {
        partitionId,
        topicId: idOf(1_000 + t),
        replicas: ids,
        isr: ids,
        removingReplicas: [],
        addingReplicas: [],
        leader: ids[0]!,
        leaderEpoch: 3,
        leaderBrokerEpoch: ids[0]!,
        partitionEpoch: 7,
        directories: ids.map(idOf),
      },
    };
  });
  return [...brokers, ...topics, ...partitions];
}

/** Microseconds of `run` for each of `count`: the least of some rounds. */
function microseconds(count: number, run: () => void): number {
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    const startMs = performance.now();
    run();
    least = Math.min(least, performance.now() - startMs);
  }
  return 1_000 * least / count;
}

/** What a partition costs. Times in microseconds. */
function measured() {
  const records = sampleRecords();
  const values = records.map(encodeMetadataRecord);
  const bytes = values.reduce((sum, { length }) => sum + length, 0) / sample.partitions;
  const replay = new MetadataReplay();
  replay.apply(throughBytes(records), 0);
  const { image } = replay;
  const dead = (id: number) => id === 1 ? undefined : id;
  const election = decideControllerPass(image, dead);
  return {
    storedBytes: bytes,
    // Key and value in base64, with what JSON and etcd say around them.
    answerBytes: Math.round(4 / 3 * (bytes + 60) + 130),
    take: microseconds(sample.partitions, () => {
      new MetadataReplay().apply(throughBytes(records), 0);
    }),
    look: microseconds(sample.partitions, () => void decideControllerPass(image, (id) => id)),
    elect: microseconds(election.records.length, () => void entityChanges(image, election.records)),
  };
}

function row(cost: ReturnType<typeof measured>, brokers: number, partitions: number): string[] {
  const bytes = cost.answerBytes * partitions;
  const boot = bytes / networkBytesPerSecond + cost.take * partitions / 1e6;
  // Each partition of a dead broker leaves an ISR, and a third of them get another leader.
  const changed = partitions * replicas / brokers;
  const pass = (cost.look * partitions + cost.elect * changed) / 1e6;
  const failover = pass + Math.ceil(changed / partitionsPerPart) * secondsPerPart;
  const idle = brokers * 3 / sessionSeconds + 0.2;
  const fetches = brokers * (brokers - 1) / fetchWaitSeconds;
  const named = partitions * (replicas - 1) / fetchWaitSeconds * fetchBytes / brokers;
  return [
    String(brokers),
    partitions.toLocaleString("en"),
    `${(bytes / 1e6).toFixed(1)} MB`,
    `${boot.toFixed(2)} s`,
    `${(100 * idle / transactionsPerSecond).toFixed(1)} %`,
    `${sessionSeconds} + ${failover.toFixed(2)} s`,
    Math.round(fetches / brokers).toLocaleString("en"),
    `${(named / 1e6).toFixed(2)} MB/s`,
  ];
}

const cost = measured();
console.log(`A partition: ${cost.storedBytes.toFixed(0)} bytes stored, ${cost.answerBytes} told,`);
console.log(
  `${cost.take.toFixed(1)} µs to take in, ${cost.look.toFixed(2)} µs in a pass, ` +
    `${cost.elect.toFixed(1)} µs to change.\n`,
);
const header = [
  "brokers",
  "partitions",
  "metadata",
  "first answer",
  "etcd, idle",
  "a broker dies",
  "fetches/s a broker",
  "of names, a broker",
];
const table = [header, header.map((name) => "-".repeat(name.length))];
for (const brokers of [3, 10, 30, 100]) {
  for (const partitions of [1_000, 10_000, 50_000, 200_000]) {
    table.push(row(cost, brokers, partitions));
  }
}
for (const cells of table) console.log(`| ${cells.join(" | ")} |`);
