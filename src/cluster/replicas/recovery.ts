// Partitions that nobody is left of who surely has everything: ISR and ELR are empty (KIP-966). Of
// the replicas that live, the one leads whose log goes furthest, by leader epoch, then by offset.
//
//   balanced    once every replica that was eligible last (last known ELR) lives and was heard;
//               others, which may have kept what those have lost, are waited for a while
//   at once     where an operator says so, of whoever was heard
//
// Invariant: whoever was heard still lives the same life when it is elected: a log that was heard
// of has not been cut or lost since.

import type { BrokerId, LeaderEpoch, Offset, PartitionId, Uuid } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { isInUse } from "./directories.ts";
import type { MetadataImage, PartitionImage, TopicImage } from "../image/image.ts";
import { changeOf } from "./replication.ts";
import type { Decision } from "../home/store.ts";

/** How far the log of a replica goes, as its broker says. */
export interface HeardReplica {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly brokerId: BrokerId;
  /** By which it lived then. */
  readonly brokerEpoch: Int64;
  readonly leaderEpoch: LeaderEpoch;
  readonly endOffset: Offset;
}

/** A partition that nobody leads. */
export interface LeaderlessPartition {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
}

/** Those that all who were eligible last are back of, so that their logs can be compared. */
export function recoverable(image: MetadataImage): LeaderlessPartition[] {
  return image.topics().flatMap((topic) =>
    topic.partitions.filter((partition) => isRecoverable(image, partition))
      .map((partition) => ({ topic, partition }))
  );
}

function isRecoverable(image: MetadataImage, partition: PartitionImage): boolean {
  const { leader, isr, elr, lastKnownElr } = partition;
  return leader < 0 && isr.length + elr.length === 0 && lastKnownElr.length > 0 &&
    lastKnownElr.every((id) => lives(image, partition, id));
}

function lives(
  image: MetadataImage,
  { replicas, directories }: PartitionImage,
  id: BrokerId,
): boolean {
  const broker = image.broker(id);
  const directory = directories[replicas.indexOf(id)];
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown &&
    (directory === undefined || isInUse(broker, directory));
}

/** Of those who were heard of a partition, and still live that life, who goes furthest. */
export function furthest(
  image: MetadataImage,
  { topic, partition }: LeaderlessPartition,
  heard: readonly HeardReplica[],
): BrokerId | undefined {
  let best: HeardReplica | undefined;
  for (const each of heard) {
    if (each.topicId !== topic.id || each.partition !== partition.id) continue;
    if (image.broker(each.brokerId)?.epoch !== each.brokerEpoch) continue;
    if (!lives(image, partition, each.brokerId)) continue;
    const order = best === undefined ? 1 : furtherBy(each, best);
    if (order > 0) best = each;
  }
  return best?.brokerId;
}

export interface LogPosition {
  readonly leaderEpoch: LeaderEpoch;
  readonly endOffset: Offset;
}

/** Which of two logs goes further: positive, the first. */
export function furtherBy(a: LogPosition, b: LogPosition): number {
  return a.leaderEpoch - b.leaderEpoch || a.endOffset - b.endOffset;
}

/**
 * Elects where all that has to be heard was; responds with who leads what now. `isPatient` says
 * whether there is time to wait for replicas, too, that were not eligible last.
 */
export function decideRecovery(
  image: MetadataImage,
  heard: readonly HeardReplica[],
  isPatient: (of: LeaderlessPartition) => boolean,
): Decision<readonly { readonly partition: string; readonly leader: BrokerId }[]> {
  const elected = recoverable(image).flatMap((found) => {
    const { topic, partition } = found;
    const of = heard.filter((each) =>
      each.topicId === topic.id && each.partition === partition.id &&
      image.broker(each.brokerId)?.epoch === each.brokerEpoch
    );
    const wanted = isPatient(found) ? partition.replicas : partition.lastKnownElr;
    const isWhole = wanted.every((id) => of.some(({ brokerId }) => brokerId === id));
    const candidate = isWhole ? furthest(image, found, of) : undefined;
    if (candidate === undefined) return [];
    const record = changeOf(image, found, { type: "unclean", candidate });
    const name = `${topic.name}-${partition.id}`;
    return record === undefined ? [] : [{ record, partition: name, leader: candidate }];
  });
  const response = elected.map(({ partition, leader }) => ({ partition, leader }));
  return { records: elected.map(({ record }) => record), response };
}
