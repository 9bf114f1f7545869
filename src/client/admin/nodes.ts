// The brokers of a cluster, and which replicas are where, for tools: told and changed. Loaded when
// it is asked for.

import { EncodeFault, UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import {
  AlterPartitionReassignments,
} from "../../protocol/apis/45_alter_partition_reassignments.ts";
import { ElectLeaders } from "../../protocol/apis/43_elect_leaders.ts";
import { ListPartitionReassignments } from "../../protocol/apis/46_list_partition_reassignments.ts";
import { UnregisterBroker } from "../../protocol/apis/64_unregister_broker.ts";
import { DescribeCluster, ErrorCode, errorName } from "../../protocol/mod.ts";
import { onController } from "./topics.ts";
import type { Client } from "../client.ts";
import { checkCode } from "../faults.ts";
import type { TopicMetadata } from "../metadata.ts";
import { byTopic, nameOf, type TopicPartition } from "../topic_partition.ts";
import { sleep } from "../retry.ts";

/** How often it is looked how far a move is. */
const lookMs = 200;

/** So long a move may be neither under way nor done: a broker may not have heard of it yet. */
const hearsayMs = 10_000;

/** A broker and what it has. */
export interface ClusterNode {
  readonly id: BrokerId;
  /** Absent where nobody tells. */
  readonly place?: { readonly host: string; readonly port: number };
  readonly rack: string | null;
  /**
   * `fenced`: it is registered, and shut out for now. `gone`: partitions name it, and it is not
   * among the brokers; of Kafka before 4.0 one that is fenced looks so.
   */
  readonly state: "serves" | "fenced" | "gone";
  /** Of how many partitions it is the leader. */
  readonly leads: number;
  /** Of how many it is to have a replica. */
  readonly replicas: number;
  /** Of how many of these it has all that was acknowledged. */
  readonly inSync: number;
}

/** The brokers by id, and what they have of `topics`. */
export async function describeNodes(
  client: Client,
  topics: readonly TopicMetadata[],
): Promise<ClusterNode[]> {
  const nodes = new Map<BrokerId, Omit<ClusterNode, "leads" | "replicas" | "inSync">>();
  for (const { brokerId: id, host, port, rack, isFenced } of await brokersOf(client)) {
    nodes.set(id, { id, place: { host, port }, rack, state: isFenced ? "fenced" : "serves" });
  }
  const partitions = topics.flatMap((topic) => topic.partitions);
  for (const id of partitions.flatMap(({ replicas }) => replicas)) {
    if (!nodes.has(id)) nodes.set(id, { id, rack: null, state: "gone" });
  }
  const count = (id: BrokerId, of: "replicas" | "isr") =>
    partitions.reduce((sum, each) => each[of].includes(id) ? sum + 1 : sum, 0);
  return [...nodes.values()].sort((a, b) => a.id - b.id).map((node) => ({
    ...node,
    leads: partitions.reduce((sum, { leader }) => leader === node.id ? sum + 1 : sum, 0),
    replicas: count(node.id, "replicas"),
    inSync: count(node.id, "isr"),
  }));
}

async function brokersOf(client: Client) {
  const ask = (includeFencedBrokers: boolean) =>
    client.request(DescribeCluster, {
      includeClusterAuthorizedOperations: false,
      includeFencedBrokers,
    }, { to: "any" });
  const { errorCode, errorMessage, brokers } = await ask(true).catch((error) => {
    // Before version 2 nobody can be asked for those.
    if (!(error instanceof EncodeFault)) throw error;
    return ask(false);
  });
  checkCode(errorCode, "describe the cluster", errorMessage);
  return brokers;
}

/** A partition that is on its way to other brokers. */
export interface MovingPartition extends TopicPartition {
  /** Who has it, or is to have it, now. */
  readonly replicas: readonly BrokerId[];
  /** Those of them that have yet to copy it. */
  readonly adding: readonly BrokerId[];
  /** Those of them that lose it in the end. */
  readonly removing: readonly BrokerId[];
}

/** All that moves now. */
export async function listMoving(client: Client): Promise<MovingPartition[]> {
  return await onController(client, async () => {
    const question = { topics: null, timeoutMs: client.options.requestTimeoutMs };
    const answer = await client.request(ListPartitionReassignments, question, { to: "controller" });
    checkCode(answer.errorCode, "list what moves", answer.errorMessage);
    return answer.topics.flatMap(({ name: topic, partitions }) =>
      partitions.map((each) => ({
        topic,
        partition: each.partitionIndex,
        replicas: each.replicas,
        adding: each.addingReplicas,
        removing: each.removingReplicas,
      }))
    );
  });
}

/** Where a partition is to be; null: where it was before it began to move. */
export interface Move extends TopicPartition {
  readonly replicas: readonly BrokerId[] | null;
}

/**
 * Has partitions move to other brokers, which takes as long as the copying does (KIP-455). Each
 * succeeds by itself; the first that is refused is thrown: INVALID_REPLICA_ASSIGNMENT,
 * NO_REASSIGNMENT_IN_PROGRESS and the like.
 */
export async function movePartitions(client: Client, moves: readonly Move[]): Promise<void> {
  await onController(client, async () => {
    const topics = [...byTopic(moves)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, replicas }) => ({
        partitionIndex: partition,
        replicas: replicas && [...replicas],
      })),
    }));
    const question = { timeoutMs: client.options.requestTimeoutMs, topics };
    const answer = await client.request(AlterPartitionReassignments, question, {
      to: "controller",
    });
    checkCode(answer.errorCode, "move partitions", answer.errorMessage);
    for (const { name, partitions } of answer.responses) {
      for (const { partitionIndex, errorCode, errorMessage } of partitions) {
        checkCode(errorCode, `move ${name}-${partitionIndex}`, errorMessage);
      }
    }
  });
}

/** What came of an election: `kept` where the leader is the one that it would get. */
export interface ElectionResult extends TopicPartition {
  readonly outcome: "elected" | "kept" | "refused";
  /** Why it was refused. */
  readonly reason?: string;
}

const electionTypes = { preferred: 0, unclean: 1 } as const;

/**
 * Has leaders of partitions elected anew (KIP-460): `preferred`, the first replica of each, where
 * it is in sync; `unclean`, where nobody leads, a replica that may lack records. Each succeeds by
 * itself; what is refused is told.
 */
export async function electLeaders(
  client: Client,
  type: keyof typeof electionTypes,
  partitions: readonly TopicPartition[],
): Promise<ElectionResult[]> {
  return await onController(client, async () => {
    const topicPartitions = [...byTopic(partitions)].map(([topic, each]) => ({
      topic,
      partitions: each.map(({ partition }) => partition),
    }));
    const timeoutMs = client.options.requestTimeoutMs;
    const question = { electionType: electionTypes[type], topicPartitions, timeoutMs };
    const answer = await client.request(ElectLeaders, question, { to: "controller" });
    checkCode(answer.errorCode, "elect leaders");
    return answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
      partitionResult.map(({ partitionId: partition, errorCode, errorMessage }): ElectionResult => {
        if (errorCode === ErrorCode.NOT_CONTROLLER) checkCode(errorCode, "elect leaders");
        if (errorCode === ErrorCode.NONE) return { topic, partition, outcome: "elected" };
        if (errorCode === ErrorCode.ELECTION_NOT_NEEDED) {
          return { topic, partition, outcome: "kept" };
        }
        const reason = errorMessage ?? errorName(errorCode);
        return { topic, partition, outcome: "refused", reason };
      })
    );
  });
}

/** Where a partition is to be in the end. */
export interface Arrival extends TopicPartition {
  readonly replicas: readonly BrokerId[];
}

/**
 * Resolves when partitions that were asked to move are where they are to be, or deleted. Throws
 * UsageFault when one moves no more and is elsewhere: somebody has sent it there, or has cancelled.
 */
export async function untilMoved(client: Client, arrivals: readonly Arrival[]): Promise<void> {
  const { clock, timers } = client.ports;
  const names = [...byTopic(arrivals).keys()];
  let heardMs = clock.monotonic();
  for (;;) {
    const [moving, { topics }] = await client.retrying(() =>
      Promise.all([listMoving(client), client.fetchMetadata(names)])
    );
    const underWay = new Set(moving.map(nameOf));
    const left = arrivals.filter((each) =>
      underWay.has(nameOf(each)) || !isThere(topics.find(({ name }) => name === each.topic), each)
    );
    const [next] = left;
    if (next === undefined) return;
    if (left.some((each) => underWay.has(nameOf(each)))) heardMs = clock.monotonic();
    if (clock.monotonic() - heardMs > hearsayMs) {
      const replicas = next.replicas.join(",");
      throw new UsageFault(
        `${nameOf(next)} moves no more, and is not on ${replicas}: see where ` +
          "its replicas are, and ask again",
      );
    }
    await sleep(timers, lookMs);
  }
}

/** Whether a partition is on exactly these brokers, in this order, or gone with its topic. */
function isThere(topic: TopicMetadata | undefined, { partition, replicas }: Arrival): boolean {
  const found = topic?.partitions.find((each) => each.partition === partition);
  if (found === undefined) return topic?.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return found.replicas.join() === replicas.join();
}

/** Has a broker forgotten that will not come back (KIP-500): BROKER_ID_NOT_REGISTERED and more. */
export async function unregisterBroker(client: Client, brokerId: BrokerId): Promise<void> {
  await onController(client, async () => {
    const answer = await client.request(UnregisterBroker, { brokerId }, { to: "controller" });
    checkCode(answer.errorCode, `forget broker ${brokerId}`, answer.errorMessage);
  });
}
