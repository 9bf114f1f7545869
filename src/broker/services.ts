// What handlers may ask of the broker: each service as narrow as they use it, so that a handler's
// types tell what it can do, and a test can give it just that.
//
//   type Context = RequestContext<"groups" | "metadata">;   a handler that sees these two, no more
//
// Here are types alone. wiring.ts makes the services and is imported by broker.ts alone, and that
// by those who start a broker: what a part needs it is given, it never looks for the whole.

import type { BrokerId, Uuid } from "../base/ids.ts";
import type { ChangeQueue, MetadataStore } from "../cluster/mod.ts";
import type { Slices } from "../log/mod.ts";
import type { Clock, Codecs, Digests, Logger, Random } from "../runtime/ports.ts";
import type { AuditLog } from "./access/audit.ts";
import type { TlsListeners } from "./authentication/tls_listeners.ts";
import type { DelegationTokens } from "./authentication/delegation_tokens.ts";
import type { Authorizer } from "./access/authorizer.ts";
import type { BrokerConfig } from "./config/mod.ts";
import type { Coordinators } from "./coordination/coordinators.ts";
import type { DataFolderState } from "./logs/data_folder_states.ts";
import type { Garbage } from "./limits/garbage.ts";
import type { GroupMemory } from "./coordination/group_memory.ts";
import type { GroupProtocols, Groups } from "./coordination/groups.ts";
import type { MemoryBudget } from "./limits/memory_budget.ts";
import type { Partition } from "./logs/partition.ts";
import type { Partitions } from "./logs/partitions.ts";
import type { ProducerIds } from "./transactions/producer_ids.ts";
import type { Purgatory } from "./fetch/purgatory.ts";
import type { FetchSessions } from "./fetch/sessions.ts";
import type { ClientQuotas } from "./limits/quotas.ts";
import type { Gathering } from "./replication/gathering.ts";
import type { LogEnds } from "./replication/log_ends.ts";
import type { ReplicationThrottle } from "./replication/throttles.ts";
import type { Regexes } from "./coordination/regexes.ts";
import type { ShareGroupStates } from "./share/group_states.ts";
import type { SharePersister } from "./share/persister.ts";
import type { SharePartitions } from "./share/share_partitions.ts";
import type { ShareSessions } from "./share/share_sessions.ts";
import type { Telemetry } from "./metrics/telemetry.ts";
import type { Topics } from "./topics.ts";
import type { TransactionMarkers } from "./transactions/transaction_markers.ts";
import type { TransactionCoordinator } from "./transactions/transaction_verification.ts";
import type { Transactions } from "./transactions/transactions.ts";

/** All that a broker offers to its handlers. */
export interface Services {
  readonly nodeId: BrokerId;
  readonly clusterId: string;
  readonly config: Pick<
    BrokerConfig,
    "get" | "protocolOf" | "describeTopic" | "describeBroker" | "describeGroup"
  >;
  /** The metadata as it is now. */
  readonly metadata: Pick<MetadataStore, "image" | "leaderEpoch" | "controllerId">;
  /** Who may do what; undefined: everybody may do everything. */
  readonly authorizer: Authorizer | undefined;
  /** Through it go all changes of the metadata. */
  readonly change: ChangeQueue;
  readonly partitions: Pick<Partitions, "get" | "find" | "all" | "isOffline">;
  readonly topics: TopicServices;
  /** Whoever keeps state in a topic of the cluster's own, and who coordinates what. */
  readonly coordinators: Pick<Coordinators, "of" | "ofKeyType">;
  readonly groups: Pick<Groups, "of" | "all" | "locate">;
  readonly groupProtocols: GroupProtocols;
  /** What members of groups may leave behind. */
  readonly groupMemory: Pick<GroupMemory, "admit">;
  readonly regexes: Pick<Regexes, "load" | "compile">;
  /** The share coordinator, for what is kept here. */
  readonly shareStates: SharePersister;
  /** What share groups have under way in the partitions that this broker leads. */
  readonly sharePartitions: Pick<SharePartitions, "findAll" | "get" | "terms">;
  readonly shareSessions: Pick<ShareSessions, "fetch" | "acknowledge" | "end" | "isCurrent">;
  /** What is asked of share groups, for the share coordinator wherever it is. */
  readonly shareGroupStates: Pick<ShareGroupStates, "alter" | "forget" | "summarise">;
  readonly producerIds: Pick<ProducerIds, "next">;
  /** The transaction coordinator: who may write where, in which transaction. */
  readonly transactions: Pick<
    Transactions,
    "of" | "all" | "initProducerId" | "end" | "add" | "verify"
  >;
  /** The same wherever a transaction is coordinated: for who leads one of its partitions. */
  readonly transactionClaims: TransactionCoordinator;
  /** Writes the ends of transactions into partitions. */
  readonly transactionMarkers: Pick<TransactionMarkers, "write">;
  readonly purgatory: Pick<Purgatory, "wait">;
  readonly fetchSessions: Pick<FetchSessions, "begin" | "withhold">;
  readonly quotas: Pick<ClientQuotas, "meter">;
  /** In a cluster. */
  readonly replication:
    | {
      readonly leaderThrottle: Pick<ReplicationThrottle, "note" | "holds">;
      readonly gathering: Pick<Gathering, "more">;
      readonly logEnds: Pick<LogEnds, "of">;
    }
    | undefined;
  /** Undefined where nobody wants to know. */
  readonly audit: Pick<AuditLog, "answered" | "created"> | undefined;
  readonly tlsListeners: Pick<TlsListeners, "problemWith">;
  readonly delegationTokens: Pick<DelegationTokens, "areEnabled" | "hmacOf" | "find">;
  /** Clients' own metrics; loaded when a client first asks. */
  readonly telemetry: () => Promise<Telemetry>;
  /** What clients make us hold, all together. */
  readonly memory: MemoryBudget;
  /** Who leaves much garbage behind says so. */
  readonly garbage: Pick<Garbage, "begin" | "end">;
  /** Long work is done in these. */
  readonly slices: Slices;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly digests: Digests;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether the broker has begun to close: waits should end. */
  readonly isClosing: boolean;
  /**
   * Throws ConnectionFault while others in the cluster take this broker for dead: what it knows of
   * who leads is old, and its client is to ask another.
   */
  checkNotFenced(): void;
  /** Id of the folder that holds the metadata log. */
  readonly metadataDirectoryId: Uuid;
  /** The data folders, with the room on their disks. */
  dataFolders(): readonly DataFolderState[];
  /** A partition's log could not be read: said in the log, not to the client. */
  noteUnreadable(partition: Partition, reason: unknown): void;
  /** What ApiVersions tells of APIs. */
  supportedVersions(): readonly ApiRange[];
  /** Features with the levels that this broker can serve. */
  supportedFeatures(): readonly FeatureRange[];
  /** A fresh one, random. */
  newUuid(): Uuid;
}

/** What is decided about topics, and what holds for their logs. */
export type TopicServices = Pick<
  Topics,
  | "autoCreates"
  | "create"
  | "createMissing"
  | "createPartitions"
  | "delete"
  | "isInternal"
  | "logConfig"
  | "minInSyncReplicas"
>;

/** An API's honoured versions, in the words of ApiVersions. */
export interface ApiRange {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** A feature's levels, in the words of ApiVersions. */
export interface FeatureRange {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
}
