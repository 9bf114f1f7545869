// The quorum that keeps a cluster's metadata, for tools (KIP-595, KIP-836). Loaded when it is asked
// for.

import { DescribeQuorum } from "../../protocol/apis/55_describe_quorum.ts";
import type { BrokerId, Offset } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import type { Client } from "../client.ts";
import { checkCode, onlyAnswer } from "../faults.ts";

/** A node that has the metadata. */
export interface QuorumNode {
  /** The node. */
  readonly id: BrokerId;
  /** Whether it votes, or only follows. */
  readonly role: "leader" | "voter" | "observer";
  /** Where its log ends; undefined where nobody knows. */
  readonly logEndOffset: Offset | undefined;
  /** How many records it lacks of what the leader has; undefined where nobody knows. */
  readonly lag: number | undefined;
  /** When it last had everything, in ms since the Unix epoch; undefined where nobody knows. */
  readonly caughtUpMs: number | undefined;
}

/** Who keeps the metadata. */
export interface MetadataQuorum {
  /** Who leads; -1 is nobody. */
  readonly leader: BrokerId;
  /** Grows with each election. */
  readonly leaderEpoch: number;
  /** Where what most voters have ends. */
  readonly highWatermark: Offset;
  /** All of them: the leader first, then who votes, then who follows. */
  readonly nodes: readonly QuorumNode[];
}

/** Who keeps the cluster's metadata. */
export async function describeQuorum(client: Client): Promise<MetadataQuorum> {
  const about = "describe the quorum";
  const topicName = "__cluster_metadata";
  const answer = await client.request(DescribeQuorum, {
    topics: [{ topicName, partitions: [{ partitionIndex: 0 }] }],
  }, { to: "any" });
  checkCode(answer.errorCode, about, answer.errorMessage);
  const partition = onlyAnswer(onlyAnswer(answer.topics, about).partitions, about);
  checkCode(partition.errorCode, about, partition.errorMessage);
  const { leaderId, leaderEpoch, highWatermark, currentVoters, observers } = partition;
  const led = currentVoters.find(({ replicaId }) => replicaId === leaderId);
  const end = saturated(led?.logEndOffset ?? highWatermark);
  const nodesOf = (replicas: typeof observers, role: "voter" | "observer"): QuorumNode[] =>
    replicas.map(({ replicaId: id, lastCaughtUpTimestamp, ...replica }) => {
      const toldEnd = saturated(replica.logEndOffset);
      const logEndOffset = toldEnd < 0 ? undefined : toldEnd;
      const caughtUpMs = saturated(lastCaughtUpTimestamp);
      return {
        id,
        role: id === leaderId ? "leader" : role,
        logEndOffset,
        lag: logEndOffset && Math.max(0, end - logEndOffset),
        caughtUpMs: caughtUpMs < 0 ? undefined : caughtUpMs,
      };
    });
  const voters = nodesOf(currentVoters, "voter")
    .sort((a, b) => Number(b.role === "leader") - Number(a.role === "leader") || a.id - b.id);
  const nodes = [...voters, ...nodesOf(observers, "observer").sort((a, b) => a.id - b.id)];
  return { leader: leaderId, leaderEpoch, highWatermark: saturated(highWatermark), nodes };
}
