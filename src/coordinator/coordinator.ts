// A coordinator as the broker runs it, whichever it is: the topic that it keeps its state in, and
// how it works: what the records there are, and the machine for each partition. coordinators.ts
// lists them all.
//
//   Coordinator ──load──> Workings ──newMachine──> Machine (machine.ts), one for each partition
//        │                   └─ encode, decode: records as bytes          that is led here
//        └─ created: the topic
//
// A broker at rest runs none of them, and they are a fifth of its program. So what works is loaded
// with the first partition of the topic that is led here.

import type { GroupConfig } from "./groups/group_config.ts";
import type { Machine } from "./machine.ts";
import type { RegexEngine } from "./groups/modern/regex.ts";
import type { GroupTopics } from "./groups/modern/topics.ts";
import type { RecordKind } from "./record_framing.ts";
import type { ShareStateConfig } from "./share_state/state_table.ts";
import type { TransactionConfig } from "./transactions/transaction_config.ts";

/** What machines are given of their broker: each takes what it needs, at each decision. */
export interface MachineWorld {
  readonly groups: () => GroupConfig;
  readonly transactions: () => TransactionConfig;
  readonly shareStates: () => ShareStateConfig;
  readonly topics: GroupTopics;
  readonly regexes: RegexEngine;
}

/**
 * What the topic is created with, once somebody needs it: Kafka's names of settings and values.
 * Differs from Kafka: internal topics accept batches of any size, since all records of one decision
 * are one batch; Kafka's accept batches up to message.max.bytes, and a larger group cannot be
 * stored.
 */
export interface TopicTerms {
  /** The setting of the broker that says how many partitions. */
  readonly partitionCount: string;
  /** The setting that says how many replicas, at most. */
  readonly replicationFactor: string;
  /** The topic's own settings: a value, or the broker's setting that says it. */
  readonly configs: Readonly<Record<string, string | { readonly setting: string }>>;
}

/** What is known of a coordinator before it works. */
export interface Coordinator<M extends Machine<Rec, Response>, Rec, Response> {
  /** As its lines in the log are called. */
  readonly name: string;
  readonly topic: string;
  readonly created: TopicTerms;
  /** As FindCoordinator asks for it; absent: nobody does. */
  readonly keyType?: number;
  /** Why this cannot be a key that it coordinates; absent: any text can. */
  keyProblem?(key: string): string | undefined;
  load(): Promise<Workings<M, Rec, Response>>;
}

/** Methods, so that one list can have all of them: whose records they are, the topic tells. */
export interface Workings<M extends Machine<Rec, Response>, Rec, Response> {
  /** Every kind of record in its topic, by the number that its keys begin with. */
  readonly kinds: ReadonlyMap<number, RecordKind>;
  newMachine(world: MachineWorld): M;
  /**
   * The record with these bytes, as the machine takes it; undefined for a kind that it does not
   * know. Throws DecodeFault when they do not parse.
   */
  decode(key: Uint8Array, value: Uint8Array | null): Rec | undefined;
  encodeKey(record: Rec): Uint8Array;
  /** Null for a tombstone. */
  encodeValue(record: Rec, world: MachineWorld): Uint8Array | null;
  /** Whose record it is, by its key, for the log. */
  namesIn(record: Rec): Readonly<Record<string, string | number>>;
}

/** One of which no more is known. */
export type AnyCoordinator = Coordinator<Machine<unknown, unknown>, unknown, unknown>;
