// ElectLeaders (KIP-183, KIP-460), and what a broker that leaves for good changes: who leads.
//
//   preferred (0)   the first replica, when it is in sync and alive, and its disk is not full
//   unclean   (1)   a partition without leader gets any replica that is alive, though it may lack
//                   records; it is marked as recovering and its ISR is itself alone
//
// With one broker the only partitions that need either are those of a folder that comes from a
// larger cluster.

import { type BrokerId, ZERO_UUID } from "../../base/ids.ts";
import { ErrorCode, errorMessage, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import type { ElectLeaders } from "../../protocol/apis/43_elect_leaders.ts";
import type { UnregisterBroker } from "../../protocol/apis/64_unregister_broker.ts";
import type { MetadataImage, PartitionImage, TopicImage } from "../image/image.ts";
import { isActive } from "../topics/partition_records.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import { hasRoom } from "./directories.ts";
import { furthest, type HeardReplica, type LeaderlessPartition } from "./recovery.ts";
import { changeOf } from "./replication.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Decision } from "../home/store.ts";

type Request = RequestOf<typeof ElectLeaders>;
type Response = ResponseInput<typeof ElectLeaders>;
type PartitionResult = Response["replicaElectionResults"][number]["partitionResult"][number];

const electionType = { PREFERRED: 0, UNCLEAN: 1 } as const;
const noLeader: BrokerId = -1;

/**
 * Answers ElectLeaders. Asked about all partitions, it tells of those that needed an election.
 * Where replicas lack records, the one leads that was `heard` to go furthest.
 */
export function decideElectLeaders(
  image: MetadataImage,
  request: Request,
  heard: readonly HeardReplica[] = [],
): Decision<Response> {
  const { electionType: type, topicPartitions } = request;
  const records: MetadataRecordInput[] = [];
  const isKnownType = Object.values<number>(electionType).includes(type);
  const electIn = (name: string, partitionId: number): PartitionResult => {
    const elected = isKnownType
      ? elect(image, { name, partitionId, type, heard })
      : refusal(ErrorCode.INVALID_REQUEST, `Unknown election type ${type}`);
    if ("errorCode" in elected) return { partitionId, ...elected };
    records.push(elected);
    return { partitionId, errorCode: ErrorCode.NONE, errorMessage: null };
  };
  const all = isKnownType ? image.topics() : [];
  const named = topicPartitions ?? all.map(({ name: topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ id }) => id),
  }));
  const results = named.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((id) => electIn(topic, id)).filter((result) =>
      topicPartitions !== null || result.errorCode !== ErrorCode.ELECTION_NOT_NEEDED
    ),
  }));
  const errorCode = isKnownType ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST;
  return { records, response: { errorCode, replicaElectionResults: results } };
}

/** What an unclean election that is asked for would find nobody leading. */
export function leaderlessIn(image: MetadataImage, request: Request): LeaderlessPartition[] {
  if (request.electionType !== electionType.UNCLEAN) return [];
  const asked = request.topicPartitions?.map(({ topic, partitions }) =>
    [topic, new Set(partitions)] as const
  );
  const wanted = asked === undefined ? undefined : new Map(asked);
  return image.topics().flatMap((topic) =>
    topic.partitions.filter(({ id, leader }) =>
      leader === noLeader && (wanted === undefined || wanted.get(topic.name)?.has(id) === true)
    ).map((partition) => ({ topic, partition }))
  );
}

function elect(
  image: MetadataImage,
  { name, partitionId, type, heard }: {
    name: string;
    partitionId: number;
    type: number;
    heard: readonly HeardReplica[];
  },
): MetadataRecordInput | Refusal {
  const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const topic = image.topic(name);
  if (topic === undefined) return refusal(unknown, `No such topic as ${name}`);
  const partition: PartitionImage | undefined = topic.partitions[partitionId];
  if (partition === undefined) {
    return refusal(unknown, `No such partition as ${name}-${partitionId}`);
  }
  const { leader, replicas } = partition;
  const isPreferred = type === electionType.PREFERRED;
  if (isPreferred ? leader === replicas[0] : leader !== noLeader) {
    const message = "Leader election not needed for topic partition.";
    return refusal(ErrorCode.ELECTION_NOT_NEEDED, message);
  }
  const found = { topic, partition };
  const change = changeOf(
    image,
    found,
    isPreferred
      ? { type: "prefer" }
      : { type: "unclean", candidate: furthest(image, found, heard) },
  );
  if (change !== undefined) return change;
  const code = isPreferred
    ? ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
    : ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE;
  const first = image.broker(replicas[0] ?? noLeader);
  const isFull = isPreferred && first !== undefined &&
    !hasRoom(first, partition.directories[0] ?? ZERO_UUID);
  return refusal(code, isFull ? `The disk of broker ${first.id} is full.` : errorMessage(code));
}

type UnregisterResponse = ResponseInput<typeof UnregisterBroker>;

/**
 * Answers UnregisterBroker: the broker leaves every ISR that has another member.
 * Differs from Kafka: UnregisterBroker refuses to forget a broker that is running.
 */
export function decideUnregisterBroker(
  image: MetadataImage,
  request: RequestOf<typeof UnregisterBroker>,
  options: { readonly self: BrokerId },
): Decision<UnregisterResponse> {
  const { brokerId } = request;
  const broker = image.broker(brokerId);
  if (broker === undefined) {
    const message = `Broker ID ${brokerId} is not currently registered`;
    return { records: [], response: refusal(ErrorCode.BROKER_ID_NOT_REGISTERED, message) };
  }
  if (brokerId === options.self || !broker.fenced) {
    const message = `Broker ${brokerId} is running: stop it before it is unregistered`;
    return { records: [], response: refusal(ErrorCode.INVALID_REQUEST, message) };
  }
  const records: MetadataRecordInput[] = [];
  for (const topic of image.topics()) {
    for (const partition of topic.partitions) {
      const record = withoutBroker(image, { topic, partition, brokerId });
      if (record !== undefined) records.push(record);
    }
  }
  const fields = { brokerId, brokerEpoch: broker.epoch };
  records.push({ type: "UnregisterBrokerRecord", version: 0, fields });
  return { records, response: { errorCode: ErrorCode.NONE, errorMessage: null } };
}

function withoutBroker(
  image: MetadataImage,
  o: { topic: TopicImage; partition: PartitionImage; brokerId: BrokerId },
): MetadataRecordInput | undefined {
  const { id: partitionId, isr, leader } = o.partition;
  const rest = isr.filter((id) => id !== o.brokerId);
  if (rest.length === isr.length && leader !== o.brokerId) return undefined;
  const successor = rest.find((id) => isActive(image, id)) ?? noLeader;
  const fields = {
    partitionId,
    topicId: o.topic.id,
    // The last in-sync replica stays: it alone has every record.
    ...(rest.length > 0 ? { isr: rest } : {}),
    ...(leader === o.brokerId ? { leader: successor } : {}),
  };
  return { type: "PartitionChangeRecord", version: 0, fields };
}
