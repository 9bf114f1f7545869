// Whether a log still has what a consumer has read of it, asked of each new leader (KIP-320): one
// that was elected without being in sync may have lost records, and has others in their place.
//
//   epoch of the last record fetched --OffsetForLeaderEpoch--> where that epoch ends here:
//       at the place fetched, or behind it       the log is the same
//       before it, or there is no such epoch     the logs part there

import type { BrokerId, LeaderEpoch } from "../../base/ids.ts";
import { safeInt64 } from "../../base/int64.ts";
import { OffsetForLeaderEpoch } from "../../protocol/apis/23_offset_for_leader_epoch.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { byTopic, nameOf } from "../topic_partition.ts";
import type { PartitionReader } from "./partition_reader.ts";

/** A partition, under the leader that is to be asked. */
export interface Doubt {
  readonly reader: PartitionReader;
  readonly leaderEpoch: LeaderEpoch;
}

/** What became of a doubt. */
export interface Checked extends Doubt {
  readonly errorCode: ErrorCode;
  /** Where the log differs from what was fetched; undefined where it does not. */
  readonly parting: { readonly offset: number; readonly epoch: LeaderEpoch } | undefined;
}

/** Asks `leader` of all of them; what it leaves out is asked again. */
export async function checkLogs(
  client: Client,
  doubts: readonly Doubt[],
  { leader, lane }: { leader: BrokerId; lane: string },
): Promise<Checked[]> {
  const asked = doubts.map((doubt) => {
    const { topic, partition, fetchOffset, fetchEpoch } = doubt.reader;
    return { ...doubt, topic, partition, fetchOffset, fetchEpoch };
  });
  const answer = await client.request(OffsetForLeaderEpoch, {
    replicaId: -1,
    topics: [...byTopic(asked)].map(([topic, partitions]) => ({
      topic,
      partitions: partitions.map(({ partition, leaderEpoch, fetchEpoch }) => ({
        partition,
        currentLeaderEpoch: leaderEpoch,
        leaderEpoch: fetchEpoch,
      })),
    })),
  }, { to: leader, lane, holdsProcess: false });
  const byName = new Map(asked.map((each) => [nameOf(each), each]));
  return answer.topics.flatMap(({ topic, partitions }) =>
    partitions.flatMap(({ partition, errorCode, leaderEpoch: epoch, endOffset }) => {
      const doubt = byName.get(nameOf({ topic, partition }));
      if (doubt === undefined) return [];
      const { reader, leaderEpoch, fetchOffset } = doubt;
      const offset = safeInt64(endOffset);
      const isSame = errorCode !== ErrorCode.NONE || epoch >= 0 && offset >= fetchOffset;
      return [{ reader, leaderEpoch, errorCode, parting: isSame ? undefined : { offset, epoch } }];
    })
  );
}
