// What is true once the home of the metadata has gone back, as by a backup that was restored: it
// names leaders, and replicas in sync, of a time that is over. Logs tell of it: their batches carry
// leader epochs that the metadata does not know yet.
//
//   each broker says how far its logs go ──> of a partition's replicas the one that has the latest
//                                            epoch, and of it the most, is in sync, as are its
//                                            equals; a leader epoch above all of them
//
// Who was in sync last had every acknowledged record, and no log of a later epoch lacks one: so
// the furthest of all lacks none, if one that was in sync is among those that were heard.
// Invariant: a partition that nobody has told of stays as it is.

import type { BrokerId } from "../../base/ids.ts";
import { recordVersions } from "../feature_levels.ts";
import type { MetadataImage, PartitionImage } from "../image/image.ts";
import { partitionRecord } from "../image/image_records.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import type { LogEnd, LogReports } from "./remembered_home.ts";
import { furtherBy } from "../replicas/recovery.ts";
import type { Decision } from "./store.ts";

/** So many producer ids are passed over: those that were given out since the backup was made. */
const producerIdsPassed = 1_000_000_000;

/** Takes the logs' word; responds with how many partitions they have told of. */
export function decideRollback(
  image: MetadataImage,
  reports: LogReports,
): Decision<number> {
  const furthest = new Map<string, { readonly end: LogEnd; readonly brokers: BrokerId[] }>();
  for (const [id, ends] of reports) {
    for (const end of ends) {
      const name = `${end.topicId} ${end.partition}`;
      const before = furthest.get(name);
      const order = before === undefined ? 1 : furtherBy(end, before.end);
      if (order > 0) furthest.set(name, { end, brokers: [id] });
      else if (order === 0) before?.brokers.push(id);
    }
  }
  const versions = recordVersions(image);
  const records = [...furthest.values()].flatMap(({ end, brokers }): MetadataRecordInput[] => {
    const { topicId, partition, leaderEpoch } = end;
    const known: PartitionImage | undefined = image.topicById(topicId)?.partitions[partition];
    const isr = known?.replicas.filter((id) => brokers.includes(id)) ?? [];
    if (known === undefined || isr.length === 0) return [];
    const after: PartitionImage = {
      ...known,
      leader: -1,
      leaderBrokerEpoch: -1,
      leaderEpoch: Math.max(known.leaderEpoch, leaderEpoch) + 1,
      partitionEpoch: known.partitionEpoch + 1,
      isr,
      elr: [],
      lastKnownElr: [],
      recovering: false,
    };
    return [partitionRecord(after, { topicId, versions })];
  });
  const response = records.length;
  const nextProducerId = Number(image.nextProducerId) + producerIdsPassed;
  const fields = { brokerId: -1, brokerEpoch: -1, nextProducerId };
  records.push({ type: "ProducerIdsRecord", version: 0, fields });
  return { records, response };
}
