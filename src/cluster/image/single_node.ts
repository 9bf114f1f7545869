// A cluster's metadata as that of one of its brokers, which is to go on alone.
//
//   partitions: it alone has them, in sync     brokers: nobody, it registers when it starts
//   min.insync.replicas: 1 at most             all else stays
//
// Invariant: nothing that was acknowledged is given up: a partition that this broker has no
// complete copy of is named, and nothing is carried.

import type { BrokerId } from "../../base/ids.ts";
import { recordVersions } from "../feature_levels.ts";
import { type MetadataImage, type PartitionImage, ResourceType } from "./image.ts";
import { imageRecords, partitionRecord } from "./image_records.ts";
import type { MetadataRecordInput } from "../records/records.ts";

/** What a broker alone begins with. */
export interface SingleNode {
  readonly records: readonly MetadataRecordInput[];
  /** Partitions of which it lacks what others may have. */
  readonly lacking: readonly string[];
  /** Topics that asked for more replicas in sync than there will be; "": what holds for all. */
  readonly lowered: readonly string[];
}

const minInSync = "min.insync.replicas";

/** The metadata as broker `id` may have it alone. */
export function asSingleNode(image: MetadataImage, id: BrokerId): SingleNode {
  const versions = recordVersions(image);
  const records: MetadataRecordInput[] = [];
  const lacking: string[] = [];
  const lowered: string[] = [];
  for (const record of imageRecords(image)) {
    switch (record.type) {
      case "RegisterBrokerRecord":
        break;
      case "PartitionRecord": {
        const { topicId, partitionId = 0 } = record.fields;
        const topic = image.topicById(topicId);
        const partition: PartitionImage | undefined = topic?.partitions[partitionId];
        if (partition === undefined) break;
        const hasAll = [...partition.isr, ...partition.elr].includes(id);
        if (!hasAll) lacking.push(`${topic?.name}-${partitionId}`);
        else records.push(partitionRecord(alone(partition, id), { topicId, versions }));
        break;
      }
      case "ConfigRecord": {
        const { resourceType, resourceName, name, value } = record.fields;
        const isOthers = resourceType === ResourceType.BROKER && resourceName !== "" &&
          resourceName !== String(id);
        if (isOthers) break;
        const isTooMany = name === minInSync && Number(value) > 1;
        if (isTooMany) lowered.push(resourceName);
        records.push(
          isTooMany ? { ...record, fields: { ...record.fields, value: "1" } } : record,
        );
        break;
      }
      default:
        records.push(record);
    }
  }
  return { records, lacking, lowered };
}

function alone(partition: PartitionImage, id: BrokerId): PartitionImage {
  const { leader, leaderEpoch, partitionEpoch, replicas, directories } = partition;
  const directory = directories[replicas.indexOf(id)];
  return {
    ...partition,
    leader: id,
    leaderEpoch: leader === id ? leaderEpoch : leaderEpoch + 1,
    leaderBrokerEpoch: -1,
    partitionEpoch: partitionEpoch + 1,
    replicas: [id],
    isr: [id],
    addingReplicas: [],
    removingReplicas: [],
    elr: [],
    lastKnownElr: [],
    directories: directory === undefined ? [] : [directory],
    recovering: false,
  };
}
