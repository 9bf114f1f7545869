// Partition reassignments (KIP-455): moving replicas to other brokers.
//
//   wanted replicas are in sync already -> they are the replicas from now on, in that order
//   some have to copy the log first     -> all are, old and new, until the new ones are in sync
//   one of those does not run           -> refused: nobody can tell when it will have copied
//
// A single node has nobody to copy: there a reassignment is over when it is answered, unless the
// folder comes from a cluster that stopped within one. That is listed, and can be cancelled.

import type { BrokerId, PartitionId } from "../../base/ids.ts";
import { ErrorCode, errorMessage, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import type {
  AlterPartitionReassignments,
} from "../../protocol/apis/45_alter_partition_reassignments.ts";
import type {
  ListPartitionReassignments,
} from "../../protocol/apis/46_list_partition_reassignments.ts";
import type { MetadataImage, PartitionImage, TopicImage } from "../image/image.ts";
import { assignmentProblem, isActive } from "../topics/partition_records.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import { changeOf } from "./replication.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Decision } from "../home/store.ts";

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
  const away = replicas.filter((id) => !partition.replicas.includes(id) && !isActive(image, id));
  if (away.length > 0) {
    return refusal(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Brokers ${away.join(",")} would have to copy the log, and do not run`,
    );
  }
  const isKept = [...isr, ...partition.elr].some((id) => replicas.includes(id));
  const isCopied = replicas.some((id) => !before.includes(id));
  if (!isKept && !isCopied) {
    return refusal(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `None of the replicas ${replicas.join(",")} is in sync`,
    );
  }
  return changeOf(image, { topic, partition }, { type: "reassign", replicas: wanted });
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
