// Partition reassignments (KIP-455): moving replicas to other brokers.
//
//   wanted replicas are in sync already -> they are the replicas from now on, in that order
//   some would have to copy the log     -> refused: a broker that could copy is not there yet
//
// So a reassignment is over when it is answered, and none is ever in progress unless the folder
// comes from a cluster that stopped within one: that one is listed, and can be cancelled.

import { type BrokerId, type PartitionId, ZERO_UUID } from "../base/ids.ts";
import { ErrorCode, errorMessage, type RequestOf, type ResponseInput } from "../protocol/mod.ts";
import type {
  AlterPartitionReassignments,
} from "../protocol/apis/45_alter_partition_reassignments.ts";
import type {
  ListPartitionReassignments,
} from "../protocol/apis/46_list_partition_reassignments.ts";
import type { MetadataImage, PartitionImage, TopicImage } from "./image.ts";
import { assignmentProblem, isActive } from "./partition_records.ts";
import type { MetadataRecordInput } from "./records.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Decision } from "./store.ts";

type AlterRequest = RequestOf<typeof AlterPartitionReassignments>;
type AlterResponse = ResponseInput<typeof AlterPartitionReassignments>;
type ListRequest = RequestOf<typeof ListPartitionReassignments>;
type ListResponse = ResponseInput<typeof ListPartitionReassignments>;

/** Answers AlterPartitionReassignments. Each partition succeeds or fails by itself. */
export function decideAlterReassignments(
  image: MetadataImage,
  request: AlterRequest,
): Decision<AlterResponse> {
  const { allowReplicationFactorChange, topics } = request;
  const records: MetadataRecordInput[] = [];
  const responses = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => {
      const found = findPartition(image, { name, partitionIndex });
      const outcome = "errorCode" in found
        ? found
        : reassign(image, found, { replicas, allowReplicationFactorChange });
      if (outcome !== undefined && "errorCode" in outcome) return { partitionIndex, ...outcome };
      if (outcome !== undefined) records.push(outcome);
      return { partitionIndex, errorCode: ErrorCode.NONE, errorMessage: null };
    }),
  }));
  const errorCode = ErrorCode.NONE;
  const response = { allowReplicationFactorChange, errorCode, errorMessage: null, responses };
  return { records, response };
}

interface Found {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
}

function findPartition(
  image: MetadataImage,
  { name, partitionIndex }: { name: string; partitionIndex: PartitionId },
): Found | Refusal {
  const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const topic = image.topic(name);
  if (topic === undefined) return refusal(unknown, `Unable to find a topic named ${name}.`);
  const partition: PartitionImage | undefined = topic.partitions[partitionIndex];
  if (partition !== undefined) return { topic, partition };
  return refusal(unknown, `Unable to find partition ${name}:${partitionIndex}.`);
}

interface Wanted {
  /** null cancels the reassignment in progress. */
  readonly replicas: readonly BrokerId[] | null;
  readonly allowReplicationFactorChange: boolean;
}

/** The record to append, undefined for none, or why it cannot be. */
function reassign(
  image: MetadataImage,
  { topic, partition }: Found,
  { replicas: wanted, allowReplicationFactorChange }: Wanted,
): MetadataRecordInput | Refusal | undefined {
  const isMoving = isReassigning(partition);
  if (wanted === null && !isMoving) {
    const code = ErrorCode.NO_REASSIGNMENT_IN_PROGRESS;
    return refusal(code, errorMessage(code));
  }
  const before = partition.replicas.filter((id) => !partition.addingReplicas.includes(id));
  const replicas = wanted ?? before;
  const { id: partitionIndex, isr } = partition;
  const expected = { partitionIndex, replicationFactor: replicas.length };
  const problem = wanted === null ? undefined : assignmentProblem(image, replicas, expected);
  if (problem !== undefined) return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, problem);
  if (!allowReplicationFactorChange && replicas.length !== before.length) {
    return refusal(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `The replication factor is changed from ${before.length} to ${replicas.length}`,
    );
  }
  const isSame = replicas.length === partition.replicas.length &&
    replicas.every((id, i) => id === partition.replicas[i]);
  if (isSame && !isMoving) return undefined;
  const added = replicas.filter((id) => !partition.replicas.includes(id));
  if (added.length > 0) {
    return refusal(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Brokers ${added.join(",")} would have to copy the log, which brokers cannot do yet`,
    );
  }
  const kept = isr.filter((id) => replicas.includes(id));
  if (kept.length === 0) {
    return refusal(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `None of the replicas ${replicas.join(",")} is in sync`,
    );
  }
  return moved(image, { topic, partition }, { replicas, isr: kept });
}

function moved(
  image: MetadataImage,
  { topic, partition }: Found,
  to: { readonly replicas: readonly BrokerId[]; readonly isr: readonly BrokerId[] },
): MetadataRecordInput {
  const { id: partitionId, leader, directories } = partition;
  const successor = to.isr.find((id) => isActive(image, id)) ?? -1;
  const fields = {
    partitionId,
    topicId: topic.id,
    ...to,
    addingReplicas: [],
    removingReplicas: [],
    ...(to.isr.includes(leader) ? {} : { leader: successor }),
  };
  if (directories.length === 0) return { type: "PartitionChangeRecord", version: 0, fields };
  const folders = to.replicas.map((id) => directories[partition.replicas.indexOf(id)] ?? ZERO_UUID);
  return {
    type: "PartitionChangeRecord",
    version: 1,
    fields: { ...fields, directories: folders },
  };
}

function isReassigning({ addingReplicas, removingReplicas }: PartitionImage): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0;
}

/** Answers ListPartitionReassignments; unknown partitions are left out. */
export function listReassignments(image: MetadataImage, request: ListRequest): ListResponse {
  const wanted = request.topics ?? image.topics().map(({ name, partitions }) => ({
    name,
    partitionIndexes: partitions.map(({ id }) => id),
  }));
  const topics = wanted.map(({ name, partitionIndexes }) => {
    const known = image.topic(name)?.partitions ?? [];
    const moving = partitionIndexes.map((index): PartitionImage | undefined => known[index])
      .filter((partition) => partition !== undefined && isReassigning(partition));
    return {
      name,
      partitions: moving.map((partition) => ({
        partitionIndex: partition!.id,
        replicas: partition!.replicas,
        addingReplicas: partition!.addingReplicas,
        removingReplicas: partition!.removingReplicas,
      })),
    };
  }).filter(({ partitions }) => partitions.length > 0);
  return { errorCode: ErrorCode.NONE, errorMessage: null, topics };
}
