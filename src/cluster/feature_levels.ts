// Feature levels: what the metadata log may contain, and so who can read it.
//
//   metadata.version   7 = 3.3-IV3 (oldest of Kafka 4) ... 21 = 3.9-IV0 ... 30 = 4.3-IV0 (ours)
//                      ... 31 = 4.4-IV0
//
// A new cluster is written at the level that Kafka 4.3 gives to one, or, where
// ottla.metadata.version says so, at one that older Kafkas can read. An existing one keeps its
// level, and records are written in the versions that its level allows. Levels past the newest that
// our record tables know are refused, since their records may mean what we cannot guess.
// group.version 1 is the consumer protocol of groups (KIP-848), transaction.version 2 has an epoch
// for each transaction (KIP-890), share.version 1 is share groups (KIP-932), streams.version 1
// streams groups (KIP-1071); a new cluster has all of them, an existing one when it is given them.
// Others stay at level 0 until we serve them.

import { UsageFault } from "../base/faults.ts";
import type { MetadataImage } from "./image/image.ts";

export const metadataVersionFeature = "metadata.version";
/** Which protocol transactions have: 2 is an epoch for each of them (KIP-890). */
export const transactionVersionFeature = "transaction.version";

/** Whether groups may speak the consumer protocol (KIP-848). */
export const groupVersionFeature = "group.version";
/** Whether there are share groups (KIP-932). */
export const shareVersionFeature = "share.version";
/** Whether there are streams groups (KIP-1071). */
export const streamsVersionFeature = "streams.version";

/** The levels that are served, and since which metadata.version a new cluster has the last. */
export const optionalFeatures = [
  { name: groupVersionFeature, minVersion: 0, maxVersion: 1, since: 22 }, // 4.0-IV0
  { name: shareVersionFeature, minVersion: 0, maxVersion: 1, since: 28 }, // 4.2-IV0
  { name: streamsVersionFeature, minVersion: 0, maxVersion: 1, since: 29 }, // 4.2-IV1
  { name: transactionVersionFeature, minVersion: 0, maxVersion: 2, since: 24 }, // 4.0-IV2
] as const;

/** Levels of metadata.version that can be read. */
export const metadataVersionRange = { min: 7, max: 31 } as const;

/** The level of a new cluster: 4.3-IV0. */
export const metadataVersionNew = 30;

/** Since 4.1-IV0 a new cluster has min.insync.replicas set for all brokers (KIP-966). */
export const clusterMinInSyncReplicasSince = 26;

/** A feature and the levels that can be served. */
export interface FeatureRange {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** Kafka's features that have no other level than 0 here, which they cannot leave. */
export const featuresAtZero: readonly FeatureRange[] = [
  "eligible.leader.replicas.version",
  "kraft.version",
].map((name) => ({ name, minVersion: 0, maxVersion: 0 }));

const controlledShutdownSince = 7; // 3.3-IV3
const zkMigrationSince = 8; // 3.4-IV0
const directoriesSince = 17; // 3.7-IV2, KIP-858

/** Versions to write records in. */
export interface RecordVersions {
  readonly registerBroker: number;
  readonly registrationChange: number;
  /** Of PartitionRecord; from 1 on it has directories. */
  readonly partition: number;
}

/** The record versions that the image's metadata.version allows. */
export function recordVersions(image: MetadataImage): RecordVersions {
  const level = image.features.get(metadataVersionFeature) ?? metadataVersionNew;
  if (level >= directoriesSince) return { registerBroker: 3, registrationChange: 2, partition: 1 };
  if (level >= zkMigrationSince) return { registerBroker: 2, registrationChange: 1, partition: 0 };
  const registerBroker = level >= controlledShutdownSince ? 1 : 0;
  return { registerBroker, registrationChange: registerBroker, partition: 0 };
}

/** Throws UsageFault when a cluster that others run is at a level that this broker cannot serve. */
export function checkFeatureLevels(image: MetadataImage, supported: readonly FeatureRange[]): void {
  for (const [feature, level] of image.features) {
    const range = [...supported, ...featuresAtZero].find(({ name }) => name === feature);
    const { minVersion = 0, maxVersion = 0 } = range ?? {};
    if (level === 0 || (level >= minVersion && level <= maxVersion)) continue;
    throw new UsageFault(
      `the cluster's ${feature} is ${level}, and this broker serves ` +
        (range === undefined ? "no such feature" : `${minVersion} to ${maxVersion}`) +
        (level > maxVersion ? ": use a newer Ottla" : ": raise it first (ottla features)"),
    );
  }
}

/** Throws UsageFault when the image is of a level that cannot be served. */
export function checkMetadataVersion(image: MetadataImage): void {
  const level = image.features.get(metadataVersionFeature);
  if (level === undefined) return;
  const { min, max } = metadataVersionRange;
  if (level >= min && level <= max) return;
  throw new UsageFault(
    `the data folder's metadata.version is ${level}, and levels ${min} to ${max} can be read: ` +
      (level > max ? "use a newer Ottla" : "upgrade it with Kafka 3.9 first"),
  );
}
