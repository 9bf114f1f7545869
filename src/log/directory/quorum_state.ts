// quorum-state in the folder of __cluster_metadata: who leads the metadata quorum, in which epoch.
// Kafka's raft client reads it at a start, and begins an epoch above the one that it finds.
//
//   {"clusterId":"","leaderId":1,"leaderEpoch":3,"votedId":-1,"appliedOffset":0,
//    "currentVoters":[{"voterId":1}],"data_version":0}
//   {"leaderId":1,"leaderEpoch":3,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA",
//    "data_version":1}                          once kraft.version is 1 (KIP-853)
//
// Invariant: an epoch is in the file, durably, before a record of that epoch is in the log.

import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { type BrokerId, type LeaderEpoch, ZERO_UUID } from "../../base/ids.ts";
import type { Files } from "../../runtime/ports.ts";
import { readWholeFile, writeWholeFileDurably } from "../files/whole_file.ts";

const name = "quorum-state";

/** What the file says. A node without a quorum is its own leader. */
export interface QuorumState {
  readonly leaderEpoch: LeaderEpoch;
  /** The form that it is written in: 1 where the voters are in the log (KIP-853), otherwise 0. */
  readonly dataVersion: 0 | 1;
}

/** The state in `folder`; undefined when there is none, or it cannot be read. */
export function readQuorumState(files: Files, folder: string): QuorumState | undefined {
  const bytes = readWholeFile(files, `${folder}/${name}`);
  if (bytes === undefined) return undefined;
  let found: { leaderEpoch?: unknown; data_version?: unknown };
  try {
    found = JSON.parse(fromUtf8(bytes));
  } catch (error) {
    // The log has the epoch as well.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { leaderEpoch, data_version } = found;
  if (typeof leaderEpoch !== "number" || !Number.isInteger(leaderEpoch)) return undefined;
  return { leaderEpoch, dataVersion: data_version === 1 ? 1 : 0 };
}

/** Says durably that `leaderId`, the only voter, leads in an epoch. */
export async function writeQuorumState(
  files: Files,
  folder: string,
  state: QuorumState & { readonly leaderId: BrokerId },
): Promise<void> {
  const { leaderId, leaderEpoch, dataVersion } = state;
  const text = dataVersion === 1
    ? JSON.stringify({
      leaderId,
      leaderEpoch,
      votedId: -1,
      votedDirectoryId: ZERO_UUID,
      data_version: 1,
    })
    : JSON.stringify({
      clusterId: "",
      leaderId,
      leaderEpoch,
      votedId: -1,
      appliedOffset: 0,
      currentVoters: [{ voterId: leaderId }],
      data_version: 0,
    });
  await writeWholeFileDurably(files, { folder, name, bytes: utf8(text) });
}
