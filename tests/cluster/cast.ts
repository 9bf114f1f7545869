// What a seed makes of a history before it begins: how many brokers, where their metadata is, how
// patient everybody is, what is set, and what goes wrong when.
//
//   hurry 5   most histories: who is silent for 1.2 s is taken for dead, troubles take up to 3 s.
//             As much goes wrong as in the others, in less time and so for less work
//   hurry 1   the others, of a minute and with the patience that is usual: what takes its time
//             whoever is in a hurry, such as a watch that is silent, comes about there
//
// Invariant: what is drawn here is drawn from the seed alone, each from a stream of its own.

import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import type { ClusterOptions } from "../harness/simulated_cluster.ts";
import { planOf, type Trouble, type TroubleKind } from "./troubles.ts";

export interface HistoryOptions {
  readonly seed: number;
  /** Where the metadata is kept; by default as the seed has it. */
  readonly home?: "memory" | "etcd";
  /** Troubles of the plan that happen; by default all. */
  readonly kept?: readonly number[];
  readonly troubles?: number;
  /** Of these kinds alone; by default of all. */
  readonly kinds?: readonly TroubleKind[];
  /** How many times shorter than usual everybody's patience is; by default as the seed has it. */
  readonly hurry?: number;
  /** Whether acks=all waits for disks; by default as the seed has it. */
  readonly isSynced?: boolean;
  /** Whether brokers have several disks; by default as the seed has it, with all kinds. */
  readonly hasDisks?: boolean;
  /** Whether members of a share group take part; by default as the seed has it, with all kinds. */
  readonly isShared?: boolean;
  /** By then all is to be as it should be, once nothing goes wrong any more. */
  readonly healMs?: number;
  /** Kafka's own keys, besides those of every history. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** What brokers have in place of their store. */
  readonly storeOf?: ClusterOptions["storeOf"];
}

/** How a seed has it. */
export interface Cast {
  readonly home: "memory" | "etcd";
  readonly brokers: number;
  /** What is not synced may be lost: then one broker at a time is in trouble. */
  readonly isSynced: boolean;
  /** How many times shorter than usual everybody's patience is. */
  readonly hurry: number;
  readonly healMs: number;
  readonly settings: Readonly<Record<string, string | number>>;
  /** As often a record of the share group is delivered at most; undefined: there is no group. */
  readonly deliveriesMax: number | undefined;
  /** Brokers that are of an older version until they start again. */
  readonly older: readonly number[];
  /** Keys that one transaction of an etcd may change; undefined: as many as etcd takes. */
  readonly operationsMax: number | undefined;
  readonly plan: readonly Trouble[];
}

const troubledMs = 60_000;
/** The level of the metadata that has share groups. */
const sharesFrom = 28;

/** Time for all to be as it should be, once nothing goes wrong any more. */
const healMsMax = 300_000;

export function castOf(options: HistoryOptions): Cast {
  const { seed, home, kept, troubles } = options;
  const random = new SeededRandom(seed, "cast");
  const drawnHome = random.chance(0.5) ? "etcd" : "memory";
  const brokers = random.chance(0.6) ? 3 : random.chance(0.5) ? 4 : 5;
  const syncs = random.chance(0.75);
  const count = Math.floor(random.between(5, 16));
  const hurry = options.hurry ?? (new SeededRandom(seed, "hurry").chance(0.9) ? 5 : 1);
  const isSynced = options.isSynced ?? syncs;
  const hasDisks = options.hasDisks ??
    (options.kinds === undefined && new SeededRandom(seed, "disks").chance(0.35));
  const plan = planOf({
    seed,
    count: troubles ?? count,
    home: home ?? drawnHome,
    hasDisks,
    kinds: options.kinds,
    durationMs: troubledMs / hurry,
    hurry,
  });
  const features = options.kinds === undefined ? featuresOf(seed) : {};
  const deliveriesMax = deliveriesMaxOf(options, features["ottla.metadata.version"]);
  return {
    home: home ?? drawnHome,
    brokers,
    isSynced,
    hurry,
    healMs: options.healMs ?? healMsMax,
    settings: {
      ...settingsOf(hurry, isSynced),
      // Where only some things go wrong, nothing else is to be out of the common either.
      ...options.kinds === undefined && { ...features, ...segmentsOf(seed, hurry) },
      ...deliveriesMax !== undefined && shareSettingsOf(hurry, deliveriesMax),
      ...hasDisks && { "log.dirs": "/disks/a,/disks/b" },
      // Whoever catches up does so batch by batch.
      ...new SeededRandom(seed, "copying").chance(0.5) && { "replica.fetch.max.bytes": 1 },
      // Few syncs are under way at a time there: without this, hardly a batch goes into a journal.
      ...new SeededRandom(seed, "journal").chance(0.5) && {
        "ottla.acks.all.journal.from.syncs": 0,
      },
      ...options.settings,
    },
    deliveriesMax,
    // As it is for clusters of thousands of partitions.
    operationsMax: new SeededRandom(seed, "staging").chance(0.3) ? 2 : undefined,
    older: options.kinds === undefined ? olderOf(seed, brokers) : [],
    plan: kept === undefined ? plan : plan.filter((_, i) => kept.includes(i)),
  };
}

/** Some clusters begin as an older version had them. The oldest here has whole transactions. */
function featuresOf(seed: number): Cast["settings"] {
  const random = new SeededRandom(seed, "features");
  const level = Math.floor(random.between(24, 31));
  return random.chance(0.5) ? { "ottla.metadata.version": level } : {};
}

/** Where brokers can have share groups, half of the clusters do. */
function deliveriesMaxOf(
  { seed, isShared, kinds }: HistoryOptions,
  level: string | number = sharesFrom,
): number | undefined {
  const random = new SeededRandom(seed, "sharing");
  const isDrawn = random.chance(0.5) && kinds === undefined;
  if (Number(level) < sharesFrom || !(isShared ?? isDrawn)) return undefined;
  // Mostly so many that no record is given up, which nobody can tell from one that is lost.
  return random.chance(0.8) ? 1_000 : 4;
}

function shareSettingsOf(hurry: number, deliveriesMax: number): Cast["settings"] {
  const soon = (usualMs: number) => Math.round(usualMs / hurry);
  return {
    "share.coordinator.state.topic.num.partitions": 1,
    "share.coordinator.snapshot.update.records.per.snapshot": 20,
    "group.share.min.session.timeout.ms": soon(1_000),
    "group.share.session.timeout.ms": soon(6_000),
    "group.share.min.heartbeat.interval.ms": 100,
    "group.share.heartbeat.interval.ms": soon(500),
    "group.share.assignment.interval.ms": 0,
    "group.share.min.record.lock.duration.ms": soon(1_000),
    "group.share.record.lock.duration.ms": soon(5_000),
    "group.share.max.delivery.count.limit": deliveriesMax,
    "group.share.delivery.count.limit": deliveriesMax,
  };
}

/** In some clusters logs are of many segments, and what nobody needs any more goes soon. */
function segmentsOf(seed: number, hurry: number): Cast["settings"] {
  if (new SeededRandom(seed, "segments").chance(0.5)) return {};
  return {
    "log.roll.ms": Math.round(3_000 / hurry),
    "log.retention.check.interval.ms": Math.round(5_000 / hurry),
    "log.segment.delete.delay.ms": Math.round(5_000 / hurry),
    "log.cleaner.backoff.ms": Math.round(5_000 / hurry),
    "log.cleaner.min.cleanable.ratio": 0.1,
  };
}

/** Some clusters are about to be upgraded. */
function olderOf(seed: number, brokers: number): number[] {
  const random = new SeededRandom(seed, "older");
  if (random.chance(0.7)) return [];
  return Array.from({ length: brokers }, (_, i) => i + 1).filter(() => random.chance(0.6));
}

function settingsOf(hurry: number, isSynced: boolean): Cast["settings"] {
  const soon = (usualMs: number) => Math.round(usualMs / hurry);
  return {
    "min.insync.replicas": 2,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.num.partitions": 1,
    "auto.create.topics.enable": "false",
    "replica.lag.time.max.ms": soon(5_000),
    "replica.fetch.backoff.ms": soon(1_000),
    "leader.imbalance.check.interval.seconds": Math.ceil(20 / hurry),
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": soon(1_000),
    "log.flush.offset.checkpoint.interval.ms": 2_000,
    "group.min.session.timeout.ms": soon(1_000),
    "group.consumer.min.session.timeout.ms": soon(1_000),
    "group.consumer.session.timeout.ms": soon(6_000),
    "group.consumer.min.heartbeat.interval.ms": 100,
    "group.consumer.heartbeat.interval.ms": soon(500),
    "ottla.acks.all.sync": isSynced ? "always" : "never",
  };
}
