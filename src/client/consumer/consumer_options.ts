// How a consumer reads: its options, what they are by default, and which do not go together.

import { UsageFault } from "../../base/faults.ts";
import { checkOptions, type OptionKinds, show } from "../../base/options.ts";
import { type AssignorName, assignorNames } from "./classic_membership.ts";
import type { TopicPartition } from "../topic_partition.ts";
import type { ConsumerRecord } from "./partition_reader.ts";

/**
 * Where a consumer without an offset begins: at the first record, at the end, or at the records of
 * so many milliseconds ago (KIP-1106). With `none`, `poll` rejects with OFFSET_OUT_OF_RANGE
 * instead.
 */
export type OffsetReset = "earliest" | "latest" | "none" | { readonly byDurationMs: number };

/** How to read. */
export interface ConsumerOptions {
  /** The consumer group to join, and to commit offsets for. Without one nothing is committed. */
  readonly groupId?: string;
  /** Makes this a static member, which keeps its partitions through a restart (KIP-345). */
  readonly groupInstanceId?: string;
  /**
   * Where to begin without a committed offset, or with one that the log does not have any more.
   * Default `latest`.
   */
  readonly autoOffsetReset?: OffsetReset;
  /**
   * How often offsets are committed, during polls; also on close. 0 leaves committing to the
   * caller. Default 5,000.
   */
  readonly autoCommitIntervalMs?: number;
  /** Leaves out records of aborted and open transactions. Default false. */
  readonly readCommitted?: boolean;
  /** How long a broker may wait until it has `fetchBytesMin`. Default 500. */
  readonly fetchWaitMsMax?: number;
  /** How many bytes a broker waits for before it answers. Default 1. */
  readonly fetchBytesMin?: number;
  /** How many bytes one answer of a broker has at most. Default 16,777,216. */
  readonly fetchBytesMax?: number;
  /** Nothing more is fetched while this many bytes wait to be handed out. Default 67,108,864. */
  readonly bufferBytesMax?: number;
  /**
   * The rack of this consumer: where brokers have a `replica.selector.class`, records come from a
   * replica whose `broker.rack` is the same (KIP-392), and assignors may heed it (KIP-881).
   */
  readonly clientRack?: string;
  /**
   * How many bytes of one partition an answer has at most. Default 1,048,576; a larger batch is
   * fetched all the same.
   */
  readonly partitionBytesMax?: number;
  /**
   * The protocol of the group: `classic`, in which one of the members assigns the partitions, or
   * `consumer`, in which the broker does (KIP-848; Kafka 4). Default `classic`.
   */
  readonly groupProtocol?: "classic" | "consumer";
  /**
   * With the protocol `consumer`: the broker's assignor, `uniform` or `range`. Default: the
   * broker's choice.
   */
  readonly groupRemoteAssignor?: string;
  /**
   * A member that is silent for this long is put out of its group. Default 45,000. For the protocol
   * `classic`; for `consumer` the broker sets it.
   */
  readonly sessionTimeoutMs?: number;
  /** A reader that does not poll for this long loses its partitions. Default 300,000. */
  readonly rebalanceTimeoutMs?: number;
  /**
   * How often a member tells its group that it is alive. Default 3,000. For the protocol `classic`;
   * for `consumer` the broker sets it.
   */
  readonly heartbeatIntervalMs?: number;
  /**
   * How partitions are assigned with the protocol `classic`: the first one that all members name is
   * used. Default range, roundrobin. If all members name `cooperative-sticky` alone, they keep
   * partitions through a rebalance (KIP-429).
   */
  readonly assignors?: readonly AssignorName[];
  /** Lets subscribing create a topic, where the broker allows that. Default true, as Kafka's. */
  readonly allowAutoCreateTopics?: boolean;
  /**
   * When records count as processed. `at-least-once`, the default: when the reader comes for the
   * next ones. `at-most-once`: they are committed before they are handed out, and what a crash
   * interrupts is not read again; needs a `groupId`.
   */
  readonly delivery?: "at-least-once" | "at-most-once";
  /** Records for which this returns false are skipped: see {@link byHeaders}. */
  readonly filter?: (record: ConsumerRecord) => boolean;
  /**
   * Called after each rebalance with the partitions that are new, before their records come.
   * Partitions that stay are not named again, where the protocol lets them stay. A promise is
   * awaited, as with the next two.
   */
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => unknown;
  /**
   * Called before partitions are given up, while they can still be committed; what was handed out
   * is committed by then, where committing is automatic.
   */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => unknown;
  /**
   * Called when partitions were given to another member already, since this one was put out of the
   * group: nothing can be committed any more. Default: as `onRevoked`.
   */
  readonly onLost?: (partitions: readonly TopicPartition[]) => unknown;
  /**
   * Called when records cannot be had for a reason that may pass, such as a broker that is away or
   * a topic that was deleted, once for each reason; and with null when they can be had again.
   */
  readonly onTrouble?: (trouble: Error | null) => void;
}

const consumerOptionKinds: OptionKinds<ConsumerOptions> = {
  groupId: "text",
  groupInstanceId: "text",
  autoOffsetReset: "any",
  autoCommitIntervalMs: "count",
  readCommitted: "flag",
  fetchWaitMsMax: "count",
  fetchBytesMin: "count",
  clientRack: "text",
  fetchBytesMax: "count",
  bufferBytesMax: "count",
  partitionBytesMax: "count",
  groupProtocol: ["classic", "consumer"],
  groupRemoteAssignor: "text",
  sessionTimeoutMs: "count",
  rebalanceTimeoutMs: "count",
  heartbeatIntervalMs: "count",
  assignors: "list",
  allowAutoCreateTopics: "flag",
  delivery: ["at-least-once", "at-most-once"],
  filter: "function",
  onAssigned: "function",
  onRevoked: "function",
  onLost: "function",
  onTrouble: "function",
};

/** The options with their defaults; what has none may be absent. */
export type ConsumerSettings =
  & Required<Omit<ConsumerOptions, Optional>>
  & Pick<ConsumerOptions, Optional>;

type Optional =
  | "groupId"
  | "groupInstanceId"
  | "groupRemoteAssignor"
  | "filter"
  | "onAssigned"
  | "onRevoked"
  | "onLost"
  | "onTrouble";

/** What is given, with defaults for the rest. Throws a UsageFault for what does not fit. */
export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  const given = checkOptions("a consumer", options, consumerOptionKinds);
  if (given.delivery === "at-most-once" && given.groupId === undefined) {
    throw new UsageFault("a consumer: at-most-once needs a groupId, to commit for");
  }
  checkReset(given.autoOffsetReset);
  for (const name of given.assignors ?? []) {
    if (!assignorNames.includes(name)) {
      throw new UsageFault(
        `a consumer: assignors are ${assignorNames.join(", ")}, not ${show(name)}`,
      );
    }
  }
  return {
    clientRack: "",
    autoOffsetReset: "latest",
    autoCommitIntervalMs: 5000,
    readCommitted: false,
    fetchWaitMsMax: 500,
    fetchBytesMin: 1,
    fetchBytesMax: 16 * 1024 * 1024,
    bufferBytesMax: 64 * 1024 * 1024,
    partitionBytesMax: 1024 * 1024,
    groupProtocol: "classic",
    sessionTimeoutMs: 45_000,
    rebalanceTimeoutMs: 300_000,
    heartbeatIntervalMs: 3000,
    assignors: ["range", "roundrobin"],
    allowAutoCreateTopics: true,
    delivery: "at-least-once",
    ...given,
  };
}

function checkReset(reset: OffsetReset | undefined): void {
  if (reset === undefined || reset === "earliest" || reset === "latest" || reset === "none") return;
  const isDuration = typeof reset === "object" && reset !== null && reset.byDurationMs >= 0;
  if (isDuration) return;
  const wanted = '"earliest", "latest", "none" or { byDurationMs }';
  throw new UsageFault(`a consumer: autoOffsetReset must be ${wanted}, not ${show(reset)}`);
}
