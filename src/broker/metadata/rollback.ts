// A broker whose logs know of later leaders than the metadata does: its home has gone back, by a
// backup that was restored. It does not serve by what is no longer so: records that others have
// acknowledged since would be cut off.
//
//   before it registers: what its logs know of is later --> it ends, unless that is accepted
//   accepted: registered, logs are open --> it waits for the brokers that its operator names, and
//             all take the word of who has the most --> it serves
//
// It is looked before a broker registers, since registrations move leader epochs on.
// Invariant: where it is accepted nothing is cut off a log, and nobody leads, before all of them
// have been heard.

import { UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import {
  decideRollback,
  type LogEnd,
  type MetadataImage,
  type MetadataStore,
  type RememberedHome,
} from "../../cluster/mod.ts";
import { latestEpochIn, type PartitionLog } from "../../log/mod.ts";
import type { Logger } from "../../runtime/ports.ts";
import type { Storage } from "../logs/storage.ts";

const shownMax = 3;
/** To look at a log's checkpoint takes about as much work as looking at so many bytes. */
const logWeight = 16 * 1024;

/** Throws UsageFault where logs are of a later leader than the metadata knows of. */
export async function checkLogsAreNotAhead(storage: Storage, image: MetadataImage): Promise<void> {
  const ahead: string[] = [];
  for (const folder of storage.folders) {
    for (const { topic, partition } of folder.partitionNames()) {
      storage.slices.spend(logWeight);
      if (storage.slices.isOver) await storage.slices.next();
      const known = image.topic(topic);
      const { leaderEpoch } = known?.partitions[partition] ?? {};
      if (leaderEpoch === undefined || known?.id !== folder.topicIdOf(topic, partition)) continue;
      const seen = latestEpochIn(storage.files, `${folder.path}/${topic}-${partition}`) ?? -1;
      if (seen <= leaderEpoch) continue;
      ahead.push(`${topic}-${partition} (${seen}, known is ${leaderEpoch})`);
    }
  }
  if (ahead.length === 0) return;
  const shown = ahead.slice(0, shownMax).join(", ");
  const more = ahead.length > shownMax ? ` and ${ahead.length - shownMax} more` : "";
  throw new UsageFault(
    `the metadata has gone back: logs here are of later leader epochs: ${shown}${more}. Was etcd ` +
      "restored from a backup? docs/cluster.md says how to go on (--accept-metadata-rollback)",
  );
}

export interface RollbackOptions {
  readonly brokerId: BrokerId;
  readonly metadata: MetadataStore;
  /** Those that are open. */
  readonly logs: Iterable<PartitionLog>;
  /** The brokers that are to be heard. */
  readonly heard: readonly BrokerId[];
  readonly logger: Logger;
}

/** Goes on with metadata that has gone back, once all of `heard` have told of their logs. */
export async function acceptRollback(options: RollbackOptions): Promise<void> {
  const { metadata: { change }, brokerId, heard, logger, logs } = options;
  const remembered = rememberedBy(options);
  await remembered.compare(endsOf(logs), heard, async (reports) => {
    const partitions = await change((image) => decideRollback(image, reports));
    logger.log("warn", "logs have said who is in sync, in place of metadata that has gone back", {
      partitions,
    });
  });
  logger.log("warn", "metadata that has gone back is accepted", {
    broker: brokerId,
    advice: "start without --accept-metadata-rollback from now on",
  });
}

function rememberedBy({ metadata, brokerId, heard }: RollbackOptions): RememberedHome {
  if (metadata.remembered !== undefined && heard.includes(brokerId)) return metadata.remembered;
  throw new UsageFault(
    "--accept-metadata-rollback names the brokers of a cluster in etcd that are to be heard, " +
      `this one among them: ${brokerId} is not in ${heard.join(",")}`,
  );
}

function endsOf(logs: Iterable<PartitionLog>): LogEnd[] {
  return Array.from(logs, (log) => {
    const { topicId, partition, logEndOffset: endOffset } = log;
    return { topicId, partition, leaderEpoch: log.epochOfOffset(endOffset) ?? -1, endOffset };
  });
}
