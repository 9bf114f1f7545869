// What new partitions have to get past, be they of a new topic or of one that grows: how many a
// request may make, its client's quota, the disks, and the brokers that are to have them.

import { ErrorCode } from "../../protocol/mod.ts";
import type { MetadataImage } from "../image/image.ts";
import { placeableBrokers } from "./partition_records.ts";
import { type PlacementRequest, placeReplicas } from "./placement.ts";
import { type Refusal, refusal } from "../refusal.ts";

/** More records than this are not appended as one (KAFKA-13410). */
export const recordsPerRequestMax = 10_000;

/** Whether the client's quota allows so many partitions to be made or deleted; they count if so. */
export type TakePartitions = (partitionCount: number) => boolean;

/** Where there is room for new partitions. */
export interface Admission {
  /** Why so many more partitions have no room, which then do not count; undefined: they have. */
  readonly roomProblem: (partitionCount: number) => string | undefined;
  readonly take?: TakePartitions;
}

/** Why so many more may not be made; undefined where they may, and then they count. */
export function admissionProblem(
  partitionCount: number,
  { take, roomProblem }: Admission,
): Refusal | undefined {
  if (take?.(partitionCount) === false) return quotaExceeded();
  const problem = roomProblem(partitionCount);
  return problem === undefined ? undefined : refusal(ErrorCode.KAFKA_STORAGE_ERROR, problem);
}

/** The client's quota of changes is used up (KIP-599). */
export function quotaExceeded(): Refusal {
  return refusal(
    ErrorCode.THROTTLING_QUOTA_EXCEEDED,
    "The throttling quota has been exceeded.",
  );
}

/** Why a request that has come to so many records may not go on; undefined where it may. */
export function sizeProblem(recordCount: number): Refusal | undefined {
  if (recordCount <= recordsPerRequestMax) return undefined;
  return refusal(
    ErrorCode.POLICY_VIOLATION,
    `Unable to perform excessively large batch operation: at most ${recordsPerRequestMax} ` +
      "partitions can be created by one request.",
  );
}

/** The replicas of new partitions, or why there can be none. */
export function replicasFor(
  image: MetadataImage,
  request: PlacementRequest,
): readonly (readonly number[])[] | Refusal {
  const placement = placeReplicas(placeableBrokers(image), request);
  if ("replicas" in placement) return placement.replicas;
  return refusal(
    ErrorCode.INVALID_REPLICATION_FACTOR,
    `Unable to replicate the partition ${request.replicationFactor} time(s): ${placement.problem}`,
  );
}
