// New partitions as records: replicas given by hand are checked, and each gets its first state.
//
//   leader = first active replica that has room, ISR = active replicas, leader epoch 0,
//   partition epoch 0
//
// A replica's data folder is recorded when its broker has exactly one; with several the broker
// picks, and until then the folder is "unassigned", the zero UUID (KIP-858).

import { type BrokerId, type PartitionId, type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { MetadataImage } from "../image/image.ts";
import { hasRoom } from "../replicas/directories.ts";
import type { PlaceableBroker } from "./placement.ts";
import type { MetadataRecordInput } from "../records/records.ts";

/** The registered brokers as placement sees them. */
export function placeableBrokers(image: MetadataImage): PlaceableBroker[] {
  return image.brokers().map(({ id, rack }) => ({ id, rack, active: isActive(image, id) }));
}

/** Whether a broker is neither fenced nor shutting down. */
export function isActive(image: MetadataImage, id: BrokerId): boolean {
  const broker = image.broker(id);
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
}

/** What is wrong with replicas given by hand, if anything. */
export function assignmentProblem(
  image: MetadataImage,
  brokerIds: readonly BrokerId[],
  expected: { readonly partitionIndex: PartitionId; readonly replicationFactor: number },
): string | undefined {
  const start = "The manual partition assignment includes";
  if (brokerIds.length === 0) return `${start} an empty replica list.`;
  for (const [index, id] of brokerIds.entries()) {
    if (image.broker(id) === undefined) {
      return `${start} broker ${id}, but no such broker is registered.`;
    }
    if (brokerIds.indexOf(id) < index) return `${start} the broker ${id} more than once.`;
  }
  if (brokerIds.length !== expected.replicationFactor) {
    return `${start} a partition with ${brokerIds.length} replica(s), but this is not consistent ` +
      `with previous partitions, which have ${expected.replicationFactor} replica(s).`;
  }
  if (brokerIds.some((id) => isActive(image, id))) return undefined;
  return "All brokers specified in the manual partition assignment for partition " +
    `${expected.partitionIndex} are fenced or in controlled shutdown.`;
}

/** PartitionRecords of new partitions, `first` and up. */
export function partitionRecords(
  image: MetadataImage,
  replicas: readonly (readonly BrokerId[])[],
  topic: { readonly topicId: Uuid; readonly first: PartitionId; readonly version: number },
): MetadataRecordInput[] {
  const { topicId, first, version } = topic;
  const isAlone = image.brokers().length === 1;
  return replicas.map((brokerIds, index) => {
    const isr = brokerIds.filter((id) => isActive(image, id));
    const directories = version < 1 ? [] : brokerIds.map((id) => directoryOf(image, id));
    const leader = isr.find((id) => {
      const broker = image.broker(id);
      return broker !== undefined && hasRoom(broker, directoryOf(image, id));
    }) ?? isr[0];
    const fields = {
      partitionId: first + index,
      topicId,
      replicas: brokerIds,
      isr,
      removingReplicas: [],
      addingReplicas: [],
      leader,
      leaderEpoch: 0,
      // Alone nobody compares it, and Kafka reads what it knows.
      leaderBrokerEpoch: isAlone ? -1 : image.broker(leader ?? -1)?.epoch ?? -1,
      partitionEpoch: 0,
      directories,
    };
    return { type: "PartitionRecord", version, fields };
  });
}

function directoryOf(image: MetadataImage, id: BrokerId): Uuid {
  const [only = ZERO_UUID, ...more] = image.broker(id)?.directories ?? [];
  return more.length === 0 ? only : ZERO_UUID;
}
