// What members say of records, as ShareFetch and ShareAcknowledge bring it: looked at, done for
// each partition, and answered with a code for each.

import type { PartitionId, Uuid } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { mapSliced } from "../../base/pieces.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { May } from "../access/authorizer.ts";
import type { Services } from "../services.ts";
import { type Acknowledgement, acknowledgeTypes } from "./share_partition.ts";

/** As a request has it. */
interface SaidTopic {
  readonly topicId: Uuid;
  readonly partitions: readonly {
    readonly partitionIndex: PartitionId;
    readonly acknowledgementBatches: readonly SaidBatch[];
  }[];
}

interface SaidBatch {
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly acknowledgeTypes: readonly number[];
}

export interface AcknowledgingRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly topics: readonly SaidTopic[];
  /** Whether renewing is known in this version, and whether the request says that it renews. */
  readonly canRenew: boolean;
  readonly isRenewing: boolean;
  readonly may: May;
}

/** What became of what was said of a partition. */
export interface AcknowledgedPartition {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly errorCode: ErrorCode;
}

/** What answers tell of who leads, where that is not in question; Kafka's zeros. */
export const noLeader = { leaderId: 0, leaderEpoch: 0 } as const;

/** Whether a request says anything of any record. */
export function saysAnything(topics: readonly SaidTopic[]): boolean {
  return topics.some(({ partitions }) =>
    partitions.some(({ acknowledgementBatches }) => acknowledgementBatches.length > 0)
  );
}

/** Does all that was said. Resolves once it is stored, with a code for each partition of it. */
export async function acknowledgeAll(
  services: Pick<Services, "metadata" | "sharePartitions" | "slices">,
  request: AcknowledgingRequest,
): Promise<AcknowledgedPartition[]> {
  const { groupId, memberId, may } = request;
  const saying: Promise<AcknowledgedPartition>[] = [];
  for (const { topicId, partitions } of request.topics) {
    const name = services.metadata.image.topicById(topicId)?.name;
    const say = (partition: PartitionId, said: readonly SaidBatch[]) => {
      if (name === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
      if (!may("read", { type: "topic", name })) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
      const batches = soundBatches(said, request);
      if (typeof batches === "number") return batches;
      const led = services.sharePartitions.get({ groupId, topicId, partition });
      return led?.acknowledge({ memberId, batches }) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    };
    // Of all partitions it is said before any of it is stored: that is waited for once.
    await mapSliced(partitions, services.slices, ({ partitionIndex, acknowledgementBatches }) => {
      if (acknowledgementBatches.length === 0) return;
      const errorCode = say(partitionIndex, acknowledgementBatches);
      saying.push(
        Promise.resolve(errorCode).then((errorCode) => ({
          topicId,
          partition: partitionIndex,
          errorCode,
        })),
      );
    });
  }
  return await Promise.all(saying);
}

/** In order, without overlaps, with a known type for all of a batch or for each of its offsets. */
function soundBatches(
  said: readonly SaidBatch[],
  { canRenew, isRenewing }: Pick<AcknowledgingRequest, "canRenew" | "isRenewing">,
): Acknowledgement[] | ErrorCode {
  const { reject, renew } = acknowledgeTypes;
  const typeMax = canRenew ? renew : reject;
  const batches: Acknowledgement[] = [];
  let before = -1;
  for (const { firstOffset, lastOffset, acknowledgeTypes: types } of said) {
    if (typeof firstOffset !== "number" || typeof lastOffset !== "number") {
      return ErrorCode.INVALID_REQUEST;
    }
    const isInOrder = firstOffset <= lastOffset && firstOffset >= before;
    const isTyped = types.length === 1 || types.length === lastOffset - firstOffset + 1;
    const isKnown = types.every((type) => type >= 0 && type <= typeMax);
    const isSaid = isRenewing || !types.includes(renew);
    if (!isInOrder || !isTyped || !isKnown || !isSaid) return ErrorCode.INVALID_REQUEST;
    // Of one record two things are said.
    if (firstOffset === before) return ErrorCode.INVALID_RECORD_STATE;
    batches.push({ firstOffset, lastOffset, types });
    before = lastOffset;
  }
  return batches;
}
