// Decisions about who leads and who is in sync, for a home that several brokers share: what a
// broker says of itself, a leader of its followers, and what the controller makes of who lives.
//
//   registers --> fenced, out of every ISR --> has its logs open --> serves --> may lead
//       ^                                                              |--> stops: leads no more
//       └──── starts again ──── fenced by the controller <── is gone ──┘
//
// All of it is decided by the image as it is when it is appended, so that nobody's word on an older
// one counts. The controller's part is level-triggered: what is to be done is read off the image
// and who lives, never off an event, so that nothing is lost where events are.
// Invariant: every state of a partition in here comes out of `transition`.

import {
  type BrokerId,
  type LeaderEpoch,
  type PartitionId,
  type Uuid,
  ZERO_UUID,
} from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { type BrokerRegistration, decideFenceBroker, decideRegisterBroker } from "../brokers.ts";
import {
  decideFullDirectories,
  decideWorkingDirectories,
  hasRoom,
  isInUse,
} from "./directories.ts";
import { recordVersions } from "../feature_levels.ts";
import {
  type BrokerImage,
  type MetadataImage,
  type PartitionImage,
  ResourceType,
  type TopicImage,
} from "../image/image.ts";
import {
  alterProblem,
  type InSyncReplica,
  partitionChange,
  type PartitionEvent,
  type PartitionView,
  transition,
} from "./partition_state.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import { brokerRecord } from "../image/image_records.ts";
import type { Decision } from "../home/store.ts";

const minIsrKey = "min.insync.replicas";

/** What topics are configured by. */
type Settings = Pick<MetadataImage, "configs" | "topicConfigs">;

/** What is set for a topic, or for all of them. */
function topicSetting(image: Settings, topic: string, name: string): string | undefined {
  return image.topicConfigs(topic).get(name) ??
    image.configs(ResourceType.BROKER, "").get(name);
}

/** How many replicas of a topic's partitions must be in sync for acks=all. */
export function minInSyncReplicas(image: Settings, topic: string): number {
  return Number(topicSetting(image, topic, minIsrKey) ?? 1);
}

/** Brokers as they will be once the records of a decision are in the image. */
type Brokers = (id: BrokerId) => BrokerImage | undefined;

/** What decisions go by where a topic says nothing. */
export interface ElectionDefaults {
  /** Whether who lacks records may lead where nobody else can. */
  readonly allowsUnclean: boolean;
}

/** What transitions of a topic's partitions look at. */
function viewOf(
  image: MetadataImage,
  topic: string,
  brokers: Brokers,
  defaults: ElectionDefaults = { allowsUnclean: false },
): PartitionView {
  const unclean = topicSetting(image, topic, "unclean.leader.election.enable");
  const isAlone = image.brokers().length === 1;
  return {
    isActive(id, folder) {
      const broker = brokers(id);
      return broker !== undefined && !broker.fenced && !broker.inControlledShutdown &&
        isInUse(broker, folder);
    },
    hasRoom(id, folder) {
      const broker = brokers(id);
      return broker === undefined || hasRoom(broker, folder);
    },
    // Alone nobody compares it.
    epochOf: (id) => isAlone ? -1 : brokers(id)?.epoch ?? -1,
    minIsr: minInSyncReplicas(image, topic),
    allowsUnclean: unclean === undefined ? defaults.allowsUnclean : unclean === "true",
  };
}

/** Records for what `event` makes of each partition, brokers being as `brokers` has them. */
function inAll(
  image: MetadataImage,
  event: PartitionEvent | ((partition: PartitionImage, topic: TopicImage) => PartitionEvent),
  { brokers = (id) => image.broker(id), defaults }: {
    readonly brokers?: Brokers;
    readonly defaults?: ElectionDefaults;
  } = {},
): MetadataRecordInput[] {
  const records: MetadataRecordInput[] = [];
  for (const topic of image.topics()) {
    const view = viewOf(image, topic.name, brokers, defaults);
    for (const partition of topic.partitions) {
      const due = typeof event === "function" ? event(partition, topic) : event;
      const after = transition(partition, due, view);
      if (after !== partition) records.push(partitionChange(topic.id, partition, after));
    }
  }
  return records;
}

/** What `event` makes of one partition; no record where that is nothing. */
export function changeOf(
  image: MetadataImage,
  { topic, partition }: { readonly topic: TopicImage; readonly partition: PartitionImage },
  event: PartitionEvent,
): MetadataRecordInput | undefined {
  const view = viewOf(image, topic.name, (id) => image.broker(id));
  const after = transition(partition, event, view);
  return after === partition ? undefined : partitionChange(topic.id, partition, after);
}

/**
 * A broker of a cluster registers: fenced until it serves, and in sync nowhere. `isSuspect` says of
 * a partition whether its log there may lack what it has acknowledged. Responds with its broker
 * epoch.
 */
export function decideRegisterMember(
  image: MetadataImage,
  registration: BrokerRegistration,
  { isSuspect }: { readonly isSuspect: (partition: PartitionImage, topic: TopicImage) => boolean },
): Decision<Int64> {
  const { brokerId: id } = registration;
  const { records: [register], response } = decideRegisterBroker(image, registration);
  const others: Brokers = (each) => each === id ? undefined : image.broker(each);
  const left = inAll(image, (partition, topic) => {
    const isEligible = partition.isr.includes(id) || partition.elr.includes(id);
    return { type: "registered", id, isSuspect: isEligible && isSuspect(partition, topic) };
  }, { brokers: others });
  return { records: [register!, ...left], response };
}

/** A replica, as its log names it. */
export interface ReplicaName {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
}

/**
 * A broker has found that logs of its lack records: it is neither in sync nor eligible for what
 * another has besides. What nobody else has it leads nevertheless, and serves what is left.
 */
export function decideDamaged(
  image: MetadataImage,
  { brokerId: id, brokerEpoch }: BrokerLife,
  damaged: readonly ReplicaName[],
): Decision<void> {
  const records: MetadataRecordInput[] = [];
  const known = image.broker(id)?.epoch === brokerEpoch ? damaged : [];
  for (const { topicId, partition: partitionId } of known) {
    const topic = image.topicById(topicId);
    const partition = topic?.partitions[partitionId];
    if (topic === undefined || partition === undefined) continue;
    if (![...partition.isr, ...partition.elr].some((each) => each !== id)) continue;
    const event = { type: "registered", id, isSuspect: true } as const;
    const record = changeOf(image, { topic, partition }, event);
    if (record !== undefined) records.push(record);
  }
  return { records, response: undefined };
}

/** One life of a broker. */
export interface BrokerLife {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: Int64;
}

/**
 * A broker has its logs open and serves at `endPoints`: it may lead. False: it has registered anew
 * since.
 */
export function decideServe(
  image: MetadataImage,
  life: BrokerLife,
  endPoints: BrokerRegistration["endPoints"],
): Decision<boolean> {
  const broker = image.broker(life.brokerId);
  const { records, response } = decideStanding(image, life, { fenced: false });
  if (broker === undefined || !response) return { records, response };
  // Ports that the system has chosen are known by now.
  return { records: [brokerRecord({ ...broker, endPoints }, image), ...records], response };
}

/** A broker is about to stop: others lead, and it leaves the ISRs. */
export function decideControlledShutdown(
  image: MetadataImage,
  life: BrokerLife,
): Decision<boolean> {
  return decideStanding(image, life, { inControlledShutdown: true });
}

function decideStanding(
  image: MetadataImage,
  { brokerId, brokerEpoch }: BrokerLife,
  standing: Partial<Pick<BrokerImage, "fenced" | "inControlledShutdown">>,
): Decision<boolean> {
  const broker = image.broker(brokerId);
  if (broker === undefined || broker.epoch !== brokerEpoch) return { records: [], response: false };
  const changed = { ...broker, ...standing };
  const brokers: Brokers = (id) => id === brokerId ? changed : image.broker(id);
  const fields = {
    brokerId,
    brokerEpoch,
    fenced: standing.fenced === false ? -1 : 0,
    inControlledShutdown: standing.inControlledShutdown === true ? 1 : 0,
  };
  const version = recordVersions(image).registrationChange;
  const change = { type: "BrokerRegistrationChangeRecord", version, fields } as const;
  return { records: [change, ...inAll(image, { type: "settle" }, { brokers })], response: true };
}

/** Of a member of a cluster only these directories are left: others lead what lay in the rest. */
export function decideLostDirectories(
  image: MetadataImage,
  working: { readonly brokerId: BrokerId; readonly directories: readonly Uuid[] },
): Decision<void> {
  const { records, response } = decideWorkingDirectories(image, working);
  const broker = image.broker(working.brokerId);
  if (broker === undefined || records.length === 0) return { records, response };
  const changed = { ...broker, directories: working.directories };
  const brokers: Brokers = (id) => id === working.brokerId ? changed : image.broker(id);
  return { records: [...records, ...inAll(image, { type: "settle" }, { brokers })], response };
}

/** What comes of what a broker leads in directories that are full. */
export interface FullDirectoriesOutcome {
  /** Whether this is news. */
  readonly isNew: boolean;
  /** Partitions that another broker leads from now on. */
  readonly handedOver: number;
  /** Those that nobody else in sync has room for: they refuse records. */
  readonly kept: number;
}

/**
 * Of a member of a cluster these directories are full: what it leads there is led by another one
 * in sync that has room, with the same change, and where nobody has, all stays as it is.
 */
export function decideFullMember(
  image: MetadataImage,
  { brokerId, brokerEpoch }: BrokerLife,
  directories: readonly Uuid[],
): Decision<FullDirectoriesOutcome> {
  const broker = image.broker(brokerId);
  const isOfNow = broker?.epoch === brokerEpoch;
  const told = isOfNow ? decideFullDirectories(image, { brokerId, directories }).records : [];
  if (broker === undefined || told.length === 0) {
    return { records: [], response: { isNew: false, handedOver: 0, kept: 0 } };
  }
  const changed = { ...broker, fullDirectories: directories };
  const brokers: Brokers = (id) => id === brokerId ? changed : image.broker(id);
  const settled = inAll(image, { type: "settle" }, { brokers });
  const isLedInFull = ({ leader, replicas, directories: folders }: PartitionImage) =>
    leader === brokerId && !hasRoom(changed, folders[replicas.indexOf(brokerId)] ?? ZERO_UUID);
  const led = image.topics().flatMap(({ partitions }) => partitions.filter(isLedInFull)).length;
  const handedOver = settled.filter(({ type, fields }) => {
    if (type !== "PartitionChangeRecord" || (fields.leader ?? -2) < 0) return false;
    const before = image.topicById(fields.topicId)?.partitions[fields.partitionId ?? -1];
    return before !== undefined && isLedInFull(before);
  }).length;
  const response = { isNew: true, handedOver, kept: led - handedOver };
  return { records: [...told, ...settled], response };
}

/** What a leader says of its ISR. */
export interface AlterPartition {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly leader: BrokerId;
  readonly brokerEpoch: Int64;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: number;
  readonly isr: readonly InSyncReplica[];
}

/** Takes a leader's word on its ISR; responds with why not, or NONE. */
export function decideAlterPartition(
  image: MetadataImage,
  asked: AlterPartition,
): Decision<ErrorCode> {
  const topic = image.topicById(asked.topicId);
  const partition: PartitionImage | undefined = topic?.partitions[asked.partition];
  if (topic === undefined || partition === undefined) {
    return { records: [], response: ErrorCode.UNKNOWN_TOPIC_ID };
  }
  const view = viewOf(image, topic.name, (id) => image.broker(id));
  const response = alterProblem(partition, asked, view);
  if (response !== ErrorCode.NONE) return { records: [], response };
  const after = transition(partition, { type: "alter", isr: asked.isr }, view);
  const records = after === partition ? [] : [partitionChange(topic.id, partition, after)];
  return { records, response };
}

/**
 * What the controller does: who is gone is fenced, and no partition is left as it should not be.
 * `alive`: the broker epoch by which a broker lives.
 */
export function decideControllerPass(
  image: MetadataImage,
  alive: (id: BrokerId) => Int64 | undefined,
  defaults?: ElectionDefaults,
): Decision<void> {
  const gone = new Map<BrokerId, BrokerImage>();
  const records: MetadataRecordInput[] = [];
  for (const broker of image.brokers()) {
    if (broker.fenced || alive(broker.id) === broker.epoch) continue;
    gone.set(broker.id, { ...broker, fenced: true });
    records.push(...decideFenceBroker(image, broker.id).records);
  }
  const brokers: Brokers = (id) => gone.get(id) ?? image.broker(id);
  records.push(...inAll(image, { type: "settle" }, { brokers, defaults }));
  return { records, response: undefined };
}

/**
 * What a change of configuration makes of partitions, to be appended with it: where
 * min.insync.replicas falls to what is in sync, the high watermark moves on by those alone, so
 * that from the same moment nobody else is eligible.
 */
export function eligibilityChanges(
  image: MetadataImage,
  changes: readonly MetadataRecordInput[],
): MetadataRecordInput[] {
  const set = new Map<string, string | null>();
  for (const { type, fields } of changes) {
    if (type !== "ConfigRecord" || fields.name !== minIsrKey) continue;
    set.set(settingOf(fields.resourceType, fields.resourceName), fields.value);
  }
  if (set.size === 0) return [];
  const minIsrOf = (resourceType: number, name: string) => {
    const changed = set.get(settingOf(resourceType, name));
    return changed === undefined ? image.configs(resourceType, name).get(minIsrKey) : changed;
  };
  const ofAll = minIsrOf(ResourceType.BROKER, "") ?? "1";
  return image.topics().flatMap((topic) => {
    const minIsr = Number(minIsrOf(ResourceType.TOPIC, topic.name) ?? ofAll);
    const view = { ...viewOf(image, topic.name, (id) => image.broker(id)), minIsr };
    return topic.partitions.flatMap((partition) => {
      const isConcerned = partition.elr.length + partition.lastKnownElr.length > 0;
      if (!isConcerned) return [];
      const after = transition(partition, { type: "minIsr" }, view);
      return after === partition ? [] : [partitionChange(topic.id, partition, after)];
    });
  });
}

function settingOf(resourceType: number, resourceName: string): string {
  return `${resourceType}:${resourceName}`;
}

/** Lets the first replicas lead again, where they are in sync and others do. */
export function decidePreferredLeaders(image: MetadataImage): Decision<number> {
  const records = inAll(image, { type: "prefer" });
  return { records, response: records.length };
}
