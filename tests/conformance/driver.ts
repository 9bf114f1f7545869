// How a real client does what the scenarios ask: the seam between scenarios/ (what is asked, the
// same of every client) and the clients (one driver each, in process or behind process_driver.ts).
//
// Keys, values and headers are text, since a scenario is about what arrives and not about bytes
// that no text has. What a client has no means for is a method left out, and a reason in `lacks`.

import type { Codec } from "./stored_codec.ts";

export type Header = readonly [name: string, value: string];

export interface TestRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly Header[];
  /** Otherwise the time of sending. */
  readonly timestamp?: number;
  /** Otherwise the client's choice. */
  readonly partition?: number;
}

export interface ConsumedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly Header[];
}

/** Where a client finds its broker, and how it comes in. */
export interface Reached {
  readonly bootstrap: string;
  /** Absent: as everybody. */
  readonly way?: Way | undefined;
}

/** How a client comes in behind TLS. What is text of a certificate or a key lies in a PEM file. */
export interface Way {
  /** Whom it trusts. */
  readonly ca: string;
  /** Its own certificate and key, where it is asked for them. */
  readonly cert?: string;
  readonly key?: string;
  readonly logIn?: LogIn;
}

/** Who it says it is. */
export type LogIn =
  | {
    readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
    readonly username: string;
    readonly password: string;
  }
  | { readonly mechanism: "OAUTHBEARER"; readonly token: string; readonly tokenFile: string };

/** The release of Kafka that a client is told to expect, so that it speaks the versions of then. */
export type Era = "0.9" | "0.10" | "0.11";

export interface ProduceOptions {
  readonly codec?: Codec;
  readonly idempotent?: boolean;
  readonly era?: Era;
}

export interface ReadOptions {
  /** Where to begin, for each partition that is read. */
  readonly from: readonly (readonly [partition: number, offset: number])[];
  readonly count: number;
  readonly era?: Era;
  /** Of transactions those alone that were committed. */
  readonly committed?: boolean;
  /** Null is not to be taken for empty, at whatever cost; there is one partition. */
  readonly tellsNull?: boolean;
}

/** How far a group has come in partition 0 of a topic. */
export interface Place {
  readonly group: string;
  readonly topic: string;
  readonly offset: number;
}

/** What a producer sends within one transaction, and how that ends. */
export interface TransactedPart {
  readonly topic: string;
  readonly records: readonly TestRecord[];
  /** What a group has read for it, and commits along with it. */
  readonly place?: Place;
  readonly end: "commit" | "abort";
}

/** What a member of a group tells; GroupWatch listens. */
export interface GroupReports {
  /** `member` now holds exactly these partitions. */
  assigned(member: string, partitions: readonly number[]): void;
  saw(member: string, value: string): void;
  /** `member` cannot go on. */
  failed(member: string, message: string): void;
}

export interface JoinOptions {
  readonly group: string;
  readonly topic: string;
  readonly watch: GroupReports;
  readonly sessionTimeoutMs: number;
  /** Makes it a static member. */
  readonly instanceId?: string;
  /** In a process of its own, so that it can be killed. */
  readonly apart?: boolean;
  /** "consumer": partitions are shared out by the broker (KIP-848). */
  readonly protocol?: "consumer";
}

export interface Member {
  /** Commits what it saw and leaves the group; resolves once it is gone. */
  leave(): Promise<void>;
  /** kill -9, for members apart. */
  kill?(): Promise<void>;
}

export interface GroupDescription {
  state: string;
  memberCount: number;
}

export interface FenceOptions {
  readonly topic: string;
  readonly first: readonly TestRecord[];
  readonly second: readonly TestRecord[];
}

/** What a member of a share group makes of records: those of neither list are accepted. */
export interface WorkOptions {
  readonly topic: string;
  /** So many deliveries, then it leaves. */
  readonly count: number;
  /** Values that it gives back when it is handed them for the first time. */
  readonly release: readonly string[];
  /** Values that nobody is to be handed again. */
  readonly reject: readonly string[];
}

/** A record that a member of a share group was handed. */
export interface Delivery {
  readonly value: string;
  /** As the broker counts, this time included. */
  readonly deliveryCount: number;
}

export interface CommittedOffset {
  readonly offset: number;
  readonly metadata?: string;
}

/** Asks for the end offset, or for the start offset, where a timestamp is expected. */
export const endOfLog = -1;
export const startOfLog = -2;

export interface Driver {
  /** The version of the client, and of what it is built on. */
  readonly version: string;
  /** false: what it sends goes to partitions that it does not choose. */
  readonly canPlace?: boolean;
  /** false: what it sends has the time of sending. */
  readonly canDate?: boolean;
  /** Resolves once the topic's partitions take records. */
  createTopic(
    topic: string,
    options: { partitions: number; configs: Record<string, string> },
  ): Promise<void>;
  /** All topics' names. */
  listTopics(): Promise<string[]>;
  /** The number of partitions. */
  describeTopic(topic: string): Promise<number>;
  /** Resolves when all are acknowledged, rejects when one is not. */
  produce(topic: string, records: readonly TestRecord[], options: ProduceOptions): Promise<void>;
  /** The first `count` records from the given offsets, outside of any lasting group. */
  read(topic: string, options: ReadOptions): Promise<ConsumedRecord[]>;
  /** One producer of this transactional id sends each part within a transaction of its own. */
  transact?(transactionalId: string, parts: readonly TransactedPart[]): Promise<void>;
  /**
   * One producer has sent `first` within a transaction; another of the same id commits `second`.
   * Resolves with what the first is told when it commits then; null: that it has.
   */
  fence?(transactionalId: string, options: FenceOptions): Promise<string | null>;
  deleteTopic?(topic: string): Promise<void>;
  topicConfigs?(topic: string): Promise<Record<string, string>>;
  alterTopicConfigs?(topic: string, configs: Record<string, string>): Promise<void>;
  /** The offset of each partition at a timestamp, -1 where there is none that late. */
  offsets?(topic: string, options: { partitions: number; timestamp: number }): Promise<number[]>;
  commit?(
    group: string,
    options: { topic: string; partition: number; offset: number; metadata: string },
  ): Promise<void>;
  /** For each partition; an offset of -1 where nothing is committed. */
  committed?(
    group: string,
    options: { topic: string; partitions: number },
  ): Promise<CommittedOffset[]>;
  listGroups?(): Promise<string[]>;
  describeGroup?(group: string): Promise<GroupDescription>;
  deleteGroup?(group: string): Promise<void>;
  /** Asks which versions the broker serves, by that version of ApiVersions, for better or worse. */
  askForVersions?(options: { version: number }): Promise<void>;
  /** Joins from the earliest offset where none is committed; reports under `name`. */
  join?(name: string, options: JoinOptions): Promise<Member>;
  /**
   * Works records off as a member of a share group, says of each what becomes of it, and leaves
   * once the broker has heard that. Resolves with what it was handed, in order.
   */
  workOff?(group: string, options: WorkOptions): Promise<Delivery[]>;
  close?(): Promise<void>;
}
