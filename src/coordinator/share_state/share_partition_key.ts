// The name of what the share coordinator keeps: a partition as one share group reads it.

import type { PartitionId, Uuid } from "../../base/ids.ts";

/** A partition in a share group. */
export interface SharePartitionKey {
  readonly groupId: string;
  readonly topicId: Uuid;
  readonly partition: PartitionId;
}

/** The share partition as the share coordinator is looked up by. */
export function sharePartitionText({ groupId, topicId, partition }: SharePartitionKey): string {
  return `${groupId}:${topicId}:${partition}`;
}
