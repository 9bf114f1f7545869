// Every metric, once: name, type, labels, what it says, and where it is read. docs/monitoring.md
// is written from here.
//
//   readMetrics(sources) --> families of samples --> src/http makes text of them
//
// Names are Prometheus's way: base units (seconds, bytes), `_total` for what only grows, and
// `process_` for what every program has. Invariant: the number of samples is bounded. Labels are
// APIs, error codes, states, data directories, and for `partitionsMax` partitions at most their
// topic and id; nothing that a client chooses besides.
// A data table: exempt from the size rule.

import type { Histogram } from "../../base/histogram.ts";
import { programVersion } from "../../base/version.ts";
import { apiName, type ErrorCode, errorName } from "../../protocol/mod.ts";
import type { HomeRequests, MetadataStore } from "../../cluster/mod.ts";
import type { Runtime } from "../../runtime/ports.ts";
import type { Acceptor } from "../network/acceptor.ts";
import type { Cleaner } from "../logs/cleaner.ts";
import type { EventLoopDelay } from "./event_loop_delay.ts";
import { type DataFolderState, strayBytes } from "../logs/data_folder_states.ts";
import { countGroups, type Groups } from "../coordination/groups.ts";
import type { FetchSessions } from "../fetch/sessions.ts";
import type { MemoryBudget } from "../limits/memory_budget.ts";
import type { Partition } from "../logs/partition.ts";
import type { Partitions } from "../logs/partitions.ts";
import { type ConnectionCountsByClient, countByClient } from "../network/connection_list.ts";
import type { ApiCounters, RequestMetrics } from "../network/request_metrics.ts";
import type { ReplicationCounters, ReplicationMeasures } from "../replication/measures.ts";
import type { Replication } from "../replication/replication.ts";
import type { SharePartitions } from "../share/share_partitions.ts";
import type { ShareSessions } from "../share/share_sessions.ts";
import type { Storage } from "../logs/storage.ts";
import { countTransactionsByState, type Transactions } from "../transactions/transactions.ts";
import type { UnreadablePartitions } from "../logs/unreadable.ts";

/** Partitions that are told of one by one. */
const partitionsMax = 1_000;

/** Values of a metric's labels, in their order, and its value. */
export type Sample = readonly [labels: readonly string[], value: number | Histogram];

/** What a metric says, apart from its value. */
interface Described {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels?: readonly string[];
  readonly doc: string;
}

/** One metric, read. */
export interface MetricFamily extends Described {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/** What a broker has to tell of. */
export interface MetricSources {
  readonly runtime: Runtime;
  readonly partitions: Partitions;
  readonly topicCount: number;
  readonly groups: Groups;
  readonly transactions: Transactions;
  readonly storage: Storage;
  readonly acceptor: Acceptor;
  readonly memory: MemoryBudget;
  readonly fetchSessions: FetchSessions;
  readonly sharePartitions: SharePartitions;
  readonly shareSessions: ShareSessions;
  readonly cleaner: Cleaner;
  readonly unreadable: UnreadablePartitions;
  /** Undefined, as the next one: not asked for when the broker was started. */
  readonly requests: RequestMetrics | undefined;
  readonly eventLoopDelay: EventLoopDelay | undefined;
  readonly openedInMs: number;
  readonly segmentsExpired: number;
  /** In a cluster. */
  readonly replication: Replication | undefined;
  readonly metadata: Pick<MetadataStore, "image" | "counters">;
}

/** The sources, and what one pass over all partitions has found. */
interface View extends MetricSources {
  readonly folders: readonly DataFolderState[];
  readonly usage: { readonly residentBytes: number; readonly cpuSeconds: number };
  readonly onlineCount: number;
  readonly sizeBytes: number;
  readonly checkedCount: number;
  readonly checkedBytes: number;
  /** Undefined on a single node. */
  readonly replicated:
    | (ReplicationMeasures & { readonly counters: ReplicationCounters })
    | undefined;
  /** The first ones, to be told one by one. */
  readonly listed: readonly Partition[];
  readonly damaged: readonly { readonly partition: Partition; readonly foundWhen: string }[];
  readonly byClient: ConnectionCountsByClient;
}

/** A metric of the table: a number, or samples by labels. */
interface Metric extends Described {
  readonly read: (view: View) => number | Iterable<Sample>;
}

export const metrics: Readonly<Record<string, Metric>> = {
  // Requests.
  ottla_requests_total: {
    type: "counter",
    labels: ["api"],
    doc: "Requests that were taken up.",
    read: (view) => byApi(view, ({ requests }) => requests),
  },
  ottla_request_errors_total: {
    type: "counter",
    labels: ["api", "error"],
    doc: "Error codes in answers. An answer has one for each partition that failed. Some are " +
      "usual: MEMBER_ID_REQUIRED when a consumer joins.",
    read: ({ requests }) =>
      (requests?.apis ?? []).flatMap(({ apiKey, errors }) =>
        [...errors].map(([code, count]) => [[apiName(apiKey), errorName(code as ErrorCode)], count])
      ),
  },
  ottla_request_duration_seconds: {
    type: "histogram",
    labels: ["api"],
    doc: "From a request that has come in whole to its answer. A Fetch waits for records in " +
      "between, a JoinGroup for other members.",
    read: (view) => byApi(view, ({ seconds }) => seconds),
  },
  ottla_request_bytes_total: {
    type: "counter",
    labels: ["api"],
    doc: "Bytes of requests.",
    read: (view) => byApi(view, ({ requestBytes }) => requestBytes),
  },
  ottla_response_bytes_total: {
    type: "counter",
    labels: ["api"],
    doc: "Bytes of answers.",
    read: (view) => byApi(view, ({ responseBytes }) => responseBytes),
  },
  ottla_throttled_requests_total: {
    type: "counter",
    doc: "Answers that told a client over its quota to pause.",
    read: ({ requests }) => requests?.throttled ?? [],
  },
  ottla_throttle_seconds_total: {
    type: "counter",
    doc: "Those pauses together.",
    read: ({ requests }) => requests === undefined ? [] : requests.throttledMs / 1000,
  },

  // Connections.
  ottla_connections: {
    type: "gauge",
    doc: "Open connections of clients.",
    read: ({ acceptor }) => acceptor.connectionCount,
  },
  ottla_client_connections: {
    type: "gauge",
    labels: ["listener", "principal", "client_id"],
    doc: "Open connections of the hundred clients that have most. A client id longer than 64 " +
      "characters is cut; it is empty before the first request.",
    read: ({ byClient }) => byClient.clients,
  },
  ottla_client_connections_not_listed: {
    type: "gauge",
    doc: "Open connections of all other clients.",
    read: ({ byClient }) => byClient.notListed,
  },
  ottla_connections_accepted_total: {
    type: "counter",
    doc: "Connections that were accepted.",
    read: ({ acceptor }) => acceptor.acceptedCount,
  },
  ottla_connections_refused_total: {
    type: "counter",
    doc: "Connections that max.connections kept out.",
    read: ({ acceptor }) => acceptor.refusedCount,
  },
  ottla_connections_slow_total: {
    type: "counter",
    doc: "Connections that were closed because others waited for memory that was held for them.",
    read: ({ acceptor }) => acceptor.slowCount,
  },

  // Memory.
  ottla_memory_budget_bytes: {
    type: "gauge",
    doc: "What requests and answers may hold together: ottla.memory.bytes.max, or what it " +
      "comes to here.",
    read: ({ memory }) => memory.bytesMax,
  },
  ottla_memory_bytes: {
    type: "gauge",
    labels: ["share"],
    doc: "Claimed of it: small requests being received (buffers), large ones (frames), answers " +
      "to consumers that are read or not yet taken (answers), records being unpacked and " +
      "converted (work).",
    read: ({ memory }) => memory.shares.map(([name, { bytes }]) => [[name], bytes]),
  },
  ottla_memory_waiting: {
    type: "gauge",
    labels: ["share"],
    doc: "Requests that wait for memory.",
    read: ({ memory }) => memory.shares.map(([name, { waiting }]) => [[name], waiting]),
  },
  ottla_memory_waits_total: {
    type: "counter",
    labels: ["share"],
    doc: "Requests that had to wait for memory.",
    read: ({ memory }) => memory.shares.map(([name, { waits }]) => [[name], waits]),
  },

  // Fetch sessions.
  ottla_fetch_sessions: {
    type: "gauge",
    doc: "Fetch sessions kept; bounded by max.incremental.fetch.session.cache.slots.",
    read: ({ fetchSessions }) => fetchSessions.count,
  },
  ottla_fetch_session_partitions: {
    type: "gauge",
    doc: "The partitions in them.",
    read: ({ fetchSessions }) => fetchSessions.partitionCount,
  },
  ottla_fetch_sessions_evicted_total: {
    type: "counter",
    doc: "Fetch sessions that gave way to others. Where it grows, raise that key.",
    read: ({ fetchSessions }) => fetchSessions.evictedCount,
  },

  // Share groups.
  ottla_share_sessions: {
    type: "gauge",
    doc: "Share sessions of members of share groups; bounded by group.share.max.share.sessions.",
    read: ({ shareSessions }) => shareSessions.count,
  },
  ottla_share_session_partitions: {
    type: "gauge",
    doc: "The partitions in them.",
    read: ({ shareSessions }) => shareSessions.partitionCount,
  },
  ottla_share_partitions: {
    type: "gauge",
    doc: "Partitions that share groups read here, counted once for each group.",
    read: ({ sharePartitions }) => sharePartitions.count,
  },
  ottla_share_records_in_flight: {
    type: "gauge",
    doc: "Offsets that share groups have under way: from the first that is not done with to the " +
      "last that was handed out. Where it stays high, members hold records for long.",
    read: ({ sharePartitions }) => sharePartitions.counters.inFlight,
  },
  ottla_share_acquired_records_total: {
    type: "counter",
    doc: "Records handed out to members of share groups, each as often as it was.",
    read: ({ sharePartitions }) => sharePartitions.counters.acquired,
  },
  ottla_share_acknowledged_records_total: {
    type: "counter",
    labels: ["type"],
    doc: "Records that members of share groups have acknowledged, by what they said of them.",
    read: ({ sharePartitions }) =>
      Object.entries(sharePartitions.counters.acknowledged).map(([type, count]) => [[type], count]),
  },
  ottla_share_lock_timeouts_total: {
    type: "counter",
    doc: "Records whose lock ran out before anybody acknowledged them.",
    read: ({ sharePartitions }) => sharePartitions.counters.lockTimeouts,
  },

  // Records.
  ottla_appended_records_total: {
    type: "counter",
    doc: "Records that were appended, those of committed offsets among them.",
    read: ({ partitions }) => partitions.appended.records,
  },
  ottla_appended_batches_total: {
    type: "counter",
    doc: "The batches that they came in; a message set of an old client is one.",
    read: ({ partitions }) => partitions.appended.batches,
  },
  ottla_appended_bytes_total: {
    type: "counter",
    doc: "The bytes of those batches, compressed where they are.",
    read: ({ partitions }) => partitions.appended.bytes,
  },

  // Topics and partitions.
  ottla_topics: {
    type: "gauge",
    doc: "Topics, internal ones among them.",
    read: ({ topicCount }) => topicCount,
  },
  ottla_partitions: {
    type: "gauge",
    labels: ["state"],
    doc: "Partitions: online, or offline, which answer KAFKA_STORAGE_ERROR.",
    read: ({ onlineCount, partitions }) => [
      [["online"], onlineCount],
      [["offline"], partitions.offlineCount],
    ],
  },
  ottla_log_size_bytes: {
    type: "gauge",
    doc: "Bytes in the segments of all online partitions.",
    read: ({ sizeBytes }) => sizeBytes,
  },
  ottla_partition_log_size_bytes: {
    type: "gauge",
    labels: ["topic", "partition"],
    doc: `Bytes in a partition's segments. Told, as the next two, of ${partitionsMax} partitions ` +
      "at most.",
    read: (view) => byPartition(view, ({ log }) => log.sizeBytes),
  },
  ottla_partition_log_start_offset: {
    type: "gauge",
    labels: ["topic", "partition"],
    doc: "The first offset that can be read.",
    read: (view) => byPartition(view, ({ log }) => log.logStartOffset),
  },
  ottla_partition_log_end_offset: {
    type: "gauge",
    labels: ["topic", "partition"],
    doc: "The offset that the next record gets. Its rate is that of records into the partition.",
    read: (view) => byPartition(view, ({ log }) => log.logEndOffset),
  },
  ottla_partitions_not_listed: {
    type: "gauge",
    doc: "Online partitions that were not told of one by one, because there are too many.",
    read: ({ onlineCount, listed }) => onlineCount - listed.length,
  },

  // Damage.
  ottla_damaged_partitions: {
    type: "gauge",
    doc: "Partitions of which a part cannot be read. Alert when it is not 0.",
    read: ({ damaged }) => damaged.length,
  },
  ottla_partition_damaged: {
    type: "gauge",
    labels: ["topic", "partition", "found"],
    doc: `1 for each of them, ${partitionsMax} at most. Found at the start: it takes no records ` +
      "until it is repaired. Found by a read: see the log.",
    read: ({ damaged }) =>
      damaged.slice(0, partitionsMax).map(({ partition: { topic, id }, foundWhen }) => [
        [topic, `${id}`, foundWhen],
        1,
      ]),
  },
  ottla_unreadable_reads_total: {
    type: "counter",
    doc: "Reads by consumers that failed because of damage, or of the disk.",
    read: ({ unreadable }) => unreadable.reads,
  },

  // Data directories.
  ottla_log_dir_online: {
    type: "gauge",
    labels: ["dir"],
    doc: "1 while a data directory works, 0 from its failure until the next start. Alert on 0.",
    read: (view) => byFolder(view, ({ isOffline }) => isOffline ? 0 : 1),
  },
  ottla_log_dir_full: {
    type: "gauge",
    labels: ["dir"],
    doc: "1 while a data directory refuses records because too little is free. Alert on 1.",
    read: (view) => byFolder(view, ({ isFull }) => isFull ? 1 : 0),
  },
  ottla_log_dir_free_bytes: {
    type: "gauge",
    labels: ["dir"],
    doc: "Bytes that are free for us on its disk.",
    read: (view) => byFolder(view, ({ freeBytes }) => freeBytes),
  },
  ottla_log_dir_total_bytes: {
    type: "gauge",
    labels: ["dir"],
    doc: "The size of its disk.",
    read: (view) => byFolder(view, ({ totalBytes }) => totalBytes),
  },
  ottla_log_dir_stray_bytes: {
    type: "gauge",
    labels: ["dir"],
    doc: "Bytes in folders that were set aside (`-stray`). Nothing reads or removes them but an " +
      "operator: `ottla log strays`.",
    read: ({ storage: { files, folders } }) =>
      folders.map(({ path }) => [[path], strayBytes(path, files)]),
  },
  ottla_log_dir_unsynced_bytes: {
    type: "gauge",
    labels: ["dir"],
    doc: "Bytes that were appended and are not yet synced.",
    read: (view) => byFolder(view, ({ unsyncedBytes }) => unsyncedBytes),
  },

  // Syncs, recovery, retention, compaction.
  ottla_sync_duration_seconds: {
    type: "histogram",
    doc: "What it took to sync one partition's log once; appends share syncs.",
    read: ({ storage }) => [[[], storage.counters.syncSeconds]],
  },
  ottla_sync_failures_total: {
    type: "counter",
    doc: "Syncs that failed; each takes its data directory offline.",
    read: ({ storage }) => storage.counters.syncsFailed,
  },
  ottla_recovery_partitions: {
    type: "gauge",
    doc: "Partitions whose batches were checked when they were opened, after an unclean stop.",
    read: ({ checkedCount }) => checkedCount,
  },
  ottla_recovery_bytes: {
    type: "gauge",
    doc: "The bytes that were checked there.",
    read: ({ checkedBytes }) => checkedBytes,
  },
  ottla_open_logs_seconds: {
    type: "gauge",
    doc: "What opening all logs took at the start, with their recovery.",
    read: ({ openedInMs }) => openedInMs / 1000,
  },
  ottla_retention_segments_total: {
    type: "counter",
    doc: "Segments that were deleted for their age or the log's size.",
    read: ({ segmentsExpired }) => segmentsExpired,
  },
  ottla_compaction_runs_total: {
    type: "counter",
    doc: "Logs that were compacted, each as often as it was.",
    read: ({ cleaner }) => cleaner.counters.runs,
  },
  ottla_compaction_failures_total: {
    type: "counter",
    doc: "Attempts that failed; the log says why.",
    read: ({ cleaner }) => cleaner.counters.failures,
  },
  ottla_compaction_read_bytes_total: {
    type: "counter",
    doc: "Bytes of the segments that compaction has written anew.",
    read: ({ cleaner }) => cleaner.counters.bytesRead,
  },
  ottla_compaction_written_bytes_total: {
    type: "counter",
    doc: "What was left of them.",
    read: ({ cleaner }) => cleaner.counters.bytesWritten,
  },

  // Replication, in a cluster.
  ottla_led_partitions: {
    type: "gauge",
    doc: "Partitions that this broker leads. Told, as the next ones, by brokers of a cluster.",
    read: (view) => ofCluster(view, ({ led }) => led),
  },
  ottla_under_replicated_partitions: {
    type: "gauge",
    doc: "Of those, the ones of which not every replica is in sync. Alert when it stays above 0.",
    read: (view) => ofCluster(view, ({ underReplicated }) => underReplicated),
  },
  ottla_under_min_isr_partitions: {
    type: "gauge",
    doc: "Of those, the ones with fewer replicas in sync than min.insync.replicas: acks=all is " +
      "refused. Alert when it is not 0.",
    read: (view) => ofCluster(view, ({ underMinIsr }) => underMinIsr),
  },
  ottla_at_min_isr_partitions: {
    type: "gauge",
    doc: "Of those, the ones that can lose no replica more without that.",
    read: (view) => ofCluster(view, ({ atMinIsr }) => atMinIsr),
  },
  ottla_reassigning_partitions: {
    type: "gauge",
    doc: "Of those, the ones whose replicas move to other brokers.",
    read: (view) => ofCluster(view, ({ reassigning }) => reassigning),
  },
  ottla_not_preferred_partitions: {
    type: "gauge",
    doc: "Partitions that others lead, or nobody, though this broker is their first replica.",
    read: (view) => ofCluster(view, ({ notPreferred }) => notPreferred),
  },
  ottla_replica_lag_records: {
    type: "gauge",
    labels: ["follower"],
    doc: "Records by which each other broker is behind in what it follows here: of the " +
      "partition where they are most.",
    read: ({ replicated }) =>
      [...replicated?.lagByFollower ?? []].map(([id, lag]) => [[`${id}`], lag]),
  },
  ottla_isr_shrinks_total: {
    type: "counter",
    doc: "Times that a replica left the ISR of a partition that this broker leads.",
    read: (view) => ofCluster(view, ({ counters }) => counters.isrShrinks),
  },
  ottla_isr_expands_total: {
    type: "counter",
    doc: "Times that one joined it.",
    read: (view) => ofCluster(view, ({ counters }) => counters.isrExpands),
  },
  ottla_leader_elections_total: {
    type: "counter",
    doc: "Times that this broker came to lead a partition that another led, or nobody.",
    read: (view) => ofCluster(view, ({ counters }) => counters.elections),
  },
  ottla_unclean_leader_elections_total: {
    type: "counter",
    doc: "Of those, the ones without all records. Alert when it grows.",
    read: (view) => ofCluster(view, ({ counters }) => counters.uncleanElections),
  },
  ottla_replica_copied_bytes_total: {
    type: "counter",
    doc: "Bytes of batches that this broker has copied from leaders.",
    read: (view) => ofCluster(view, ({ counters }) => counters.copiedBytes),
  },
  ottla_replica_failed_fetches_total: {
    type: "counter",
    doc: "Its fetches from leaders that came to nothing: a leader that is gone, or refuses it.",
    read: (view) => ofCluster(view, ({ counters }) => counters.failedFetches),
  },
  ottla_replica_cuts_total: {
    type: "counter",
    doc: "Logs here that were cut back to agree with their leader's.",
    read: (view) => ofCluster(view, ({ counters }) => counters.cuts),
  },
  ottla_replica_losses_total: {
    type: "counter",
    doc: "Of those, the ones that lost what consumers may have seen. Alert when it grows.",
    read: (view) => ofCluster(view, ({ counters }) => counters.losses),
  },

  // The cluster and its etcd.
  ottla_controller: {
    type: "gauge",
    doc: "1 on the controller, 0 on other brokers of a cluster. Alert when the sum is not 1.",
    read: (view) => ofCluster(view, ({ cluster }) => cluster === undefined ? 0 : 1),
  },
  ottla_fenced: {
    type: "gauge",
    doc: "1 while others take this broker for dead, or it has not come to serve yet.",
    read: (view) => ofCluster(view, ({ isFenced }) => isFenced ? 1 : 0),
  },
  ottla_offline_partitions: {
    type: "gauge",
    doc: "Partitions without a leader, told by the controller. Alert when it is not 0.",
    read: (view) => ofCluster(view, ({ cluster }) => cluster?.withoutLeader),
  },
  ottla_brokers: {
    type: "gauge",
    labels: ["state"],
    doc: "Brokers that are registered: active or fenced, told by the controller.",
    read: ({ replicated }) =>
      replicated?.cluster === undefined ? [] : [
        [["active"], replicated.cluster.active],
        [["fenced"], replicated.cluster.fenced],
      ],
  },
  ottla_metadata_revision: {
    type: "gauge",
    doc: "How far this broker has seen the metadata's changes. Brokers that stay behind others " +
      "hear nothing of etcd.",
    read: ({ metadata }) => metadata.image.lastOffset,
  },
  ottla_etcd_request_duration_seconds: {
    type: "histogram",
    labels: ["call"],
    doc: "From a request to etcd to its answer.",
    read: (view) => byCall(view, ({ seconds }) => seconds),
  },
  ottla_etcd_unanswered_requests_total: {
    type: "counter",
    labels: ["call"],
    doc: "Requests to etcd without an answer in time.",
    read: (view) => byCall(view, ({ unanswered }) => unanswered),
  },
  ottla_etcd_member_changes_total: {
    type: "counter",
    doc: "Times that another member of etcd was turned to.",
    read: ({ metadata: { counters } }) => counters?.memberChanges ?? [],
  },
  ottla_etcd_watch_restarts_total: {
    type: "counter",
    doc: "Times that the watch of etcd has ended and was begun anew.",
    read: ({ metadata: { counters } }) => counters?.watchRestarts ?? [],
  },

  // Groups.
  ottla_groups: {
    type: "gauge",
    labels: ["type", "state"],
    doc:
      "Groups that are coordinated here, by type and state, as `ottla groups list` shows them. " +
      "Where the type does not matter: `sum by (state) (ottla_groups)`.",
    read: ({ groups }) =>
      countGroups(groups).map(({ type, state, groups }) => [[type, state], groups]),
  },
  ottla_group_members: {
    type: "gauge",
    labels: ["type", "state"],
    doc: "The members in them. Where many stay in a state that is not Stable, they do not read.",
    read: ({ groups }) =>
      countGroups(groups).map(({ type, state, members }) => [[type, state], members]),
  },
  ottla_group_records_passed_over_total: {
    type: "counter",
    doc: "Stored records of groups that could not be decoded: each costs its group an offset, or " +
      "its members. The log says which. Alert when it is not 0.",
    read: ({ groups }) => groups.recordsPassedOver,
  },

  // Transactions.
  ottla_transactions: {
    type: "gauge",
    labels: ["state"],
    doc:
      "Transactional ids by the state of their transaction. One that stays in PrepareCommit or " +
      "PrepareAbort waits for a partition that cannot be written to; the log says which.",
    read: ({ transactions }) =>
      [...countTransactionsByState(transactions)].map(([state, count]) => [[state], count]),
  },
  ottla_transaction_records_passed_over_total: {
    type: "counter",
    doc:
      "Stored records of transactions that could not be decoded. The log says which. Alert when " +
      "it is not 0.",
    read: ({ transactions }) => transactions.recordsPassedOver,
  },

  // The process.
  ottla_event_loop_delay_seconds: {
    type: "histogram",
    doc:
      "How late a timer is, looked at ten times a second: everything waits as long. One or two " +
      "milliseconds are the timer's own.",
    read: ({ eventLoopDelay }) =>
      eventLoopDelay === undefined ? [] : [[[], eventLoopDelay.seconds]],
  },
  process_resident_memory_bytes: {
    type: "gauge",
    doc: "Memory of the process.",
    read: ({ usage }) => usage.residentBytes,
  },
  process_cpu_seconds_total: {
    type: "counter",
    doc: "Time on the processor, of user and system.",
    read: ({ usage }) => usage.cpuSeconds,
  },
  process_start_time_seconds: {
    type: "gauge",
    doc: "When the process began, since the Unix epoch.",
    read: ({ runtime }) => runtime.process.startedAtMs / 1000,
  },
  ottla_build_info: {
    type: "gauge",
    labels: ["version", "runtime", "runtime_version"],
    doc: "Always 1; the labels say what runs.",
    read: ({ runtime: { name, version } }) => [[[programVersion, name, version], 1]],
  },
};

/** All metrics, as they are now. */
export function readMetrics(sources: MetricSources): MetricFamily[] {
  const view = viewOf(sources);
  return Object.entries(metrics).map(([name, { type, labels, doc, read }]) => {
    const value = read(view);
    const samples: Sample[] = typeof value === "number" ? [[[], value]] : [...value];
    return { name, type, labels, doc, samples };
  });
}

/** One pass over the partitions, however many metrics ask. */
function viewOf(sources: MetricSources): View {
  const { partitions, unreadable, storage, runtime, replication, acceptor } = sources;
  const listed: Partition[] = [];
  const damaged: View["damaged"][number][] = [];
  let [onlineCount, sizeBytes, checkedCount, checkedBytes] = [0, 0, 0, 0];
  for (const partition of partitions.all()) {
    const { log } = partition;
    onlineCount++;
    sizeBytes += log.sizeBytes;
    checkedBytes += log.bytesChecked;
    if (log.bytesChecked > 0) checkedCount++;
    if (listed.length < partitionsMax) listed.push(partition);
    if (log.isDamaged) damaged.push({ partition, foundWhen: "start" });
    else if (unreadable.has(partition)) damaged.push({ partition, foundWhen: "read" });
  }
  return {
    ...sources,
    folders: storage.describeFolders(),
    usage: runtime.process.usage(),
    onlineCount,
    sizeBytes,
    checkedCount,
    checkedBytes,
    listed,
    damaged,
    byClient: countByClient(acceptor.sessions()),
    replicated: replication && { ...replication.measures(), counters: replication.counters },
  };
}

/** What only brokers of a cluster tell. */
function ofCluster(
  { replicated }: View,
  read: (of: NonNullable<View["replicated"]>) => number | undefined,
): Sample[] {
  const value = replicated && read(replicated);
  return value === undefined ? [] : [[[], value]];
}

function byCall(
  { metadata: { counters } }: View,
  read: (requests: HomeRequests) => number | Histogram,
): Sample[] {
  return [...counters?.byCall ?? []].map(([call, requests]) => [[call], read(requests)]);
}

function byApi(
  { requests }: View,
  read: (counters: ApiCounters) => number | Histogram,
): Sample[] {
  return (requests?.apis ?? []).map((counters) => [[apiName(counters.apiKey)], read(counters)]);
}

function byPartition({ listed }: View, read: (partition: Partition) => number): Sample[] {
  return listed.map((partition) => [[partition.topic, `${partition.id}`], read(partition)]);
}

/** Numbers below zero stand for what is not known, and are left out. */
function byFolder({ folders }: View, read: (folder: DataFolderState) => number): Sample[] {
  return folders.flatMap((folder) => {
    const value = read(folder);
    return value < 0 ? [] : [[[folder.path], value]];
  });
}
