// A group with its members, as tools are told of it, whichever its kind.

import type { BrokerId } from "../../base/ids.ts";
import type { TopicPartition } from "../topic_partition.ts";

/** A member of a group. */
export interface DescribedMember {
  /** The id that the group gave it. */
  readonly memberId: string;
  /** Its name as a static member (KIP-345). */
  readonly groupInstanceId: string | null;
  /** What the client calls itself. */
  readonly clientId: string;
  /** The address that it comes from. */
  readonly clientHost: string;
  /** Empty when it has none, or speaks another protocol than those for which that is known. */
  readonly partitions: readonly TopicPartition[];
}

/** A group with its members. */
export interface DescribedGroup {
  /** Its name. */
  readonly groupId: string;
  /** Kafka's words: classic, consumer (KIP-848), share (KIP-932), or streams (KIP-1071). */
  readonly type: string;
  /**
   * Of a share group Empty or Stable; of a classic one also PreparingRebalance or
   * CompletingRebalance; of others also Assigning or Reconciling, and NotReady of a streams group
   * that cannot be run.
   */
  readonly state: string;
  /** The group epoch; undefined for a classic one. */
  readonly epoch: number | undefined;
  /** "consumer", "connect", "share", "streams" or another use of groups; "" for none. */
  readonly protocolType: string;
  /** The assignor in use. */
  readonly protocol: string;
  /** The broker that coordinates it. */
  readonly coordinator: BrokerId;
  /** Who is in it. */
  readonly members: readonly DescribedMember[];
}
