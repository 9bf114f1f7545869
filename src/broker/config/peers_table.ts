// Keys of Kafka for clusters, transactions, plug-ins and Kafka's own metrics: known, so that files
// written for Kafka start and tools see them, and without effect here for the reason beside each.
// A data table.

import type { ConfigKey } from "./values.ts";
import { withoutIt } from "./reasons.ts";

const java = "Java classes cannot be loaded here";
const metadata = "the metadata log lies in the first data folder";
const reporters = "metrics are served over HTTP, by ottla.metrics.port";
const tiered = "tiered storage is not there yet";
const unmoved = "logs stay in the directory where they were made";

export const peerKeys = {
  "add.partitions.to.txn.retry.backoff.max.ms": {
    type: "int",
    default: "100",
    doc: "Longest pause before AddPartitionsToTxn is tried again on behalf of a producer.",
  },
  "add.partitions.to.txn.retry.backoff.ms": {
    type: "int",
    default: "20",
    doc: "First pause before AddPartitionsToTxn is tried again on behalf of a producer.",
  },
  "alter.log.dirs.replication.quota.window.num": {
    type: "int",
    default: "11",
    ignored: unmoved,
    doc: "Windows over which the moving of logs between directories is measured.",
  },
  "alter.log.dirs.replication.quota.window.size.seconds": {
    type: "int",
    default: "1",
    ignored: unmoved,
    doc: "Length of such a window.",
  },
  "client.quota.callback.class": {
    type: "class",
    default: null,
    refused: java,
    doc: "A class that decides which quota holds for a client.",
  },
  "config.providers": {
    type: "list",
    default: "",
    update: "cluster-wide",
    refused: "values are taken literally: ${provider:key} is not read",
    doc: "Classes that resolve ${provider:key} in values.",
  },
  "connection.failed.authentication.delay.ms": {
    type: "int",
    default: "100",
    min: 0,
    doc: "How long the answer to a failed authentication is held back.",
  },
  "connections.max.reauth.ms": {
    type: "long",
    default: "0",
    doc: "How long a session lasts before its client has to authenticate again; 0 is for ever.",
  },
  "controller.quorum.append.linger.ms": {
    type: "int",
    default: "25",
    ignored: withoutIt,
    doc: "How long the controller gathers metadata records before it writes them.",
  },
  "controller.quorum.auto.join.enable": {
    type: "boolean",
    default: "false",
    ignored: withoutIt,
    doc: "Whether a controller joins the quorum by itself.",
  },
  "controller.quorum.election.backoff.max.ms": {
    type: "int",
    default: "1000",
    ignored: withoutIt,
    doc: "Longest pause between elections of a controller.",
  },
  "controller.quorum.election.timeout.ms": {
    type: "int",
    default: "1000",
    ignored: withoutIt,
    doc: "How long an election of a controller may take.",
  },
  "controller.quorum.fetch.max.bytes": {
    type: "int",
    default: "1048576",
    ignored: withoutIt,
    doc: "Most bytes of metadata that one fetch between controllers brings.",
  },
  "controller.quorum.fetch.snapshot.max.bytes": {
    type: "int",
    default: "1048576",
    ignored: withoutIt,
    doc: "Most bytes of a metadata snapshot that one fetch brings.",
  },
  "controller.quorum.fetch.timeout.ms": {
    type: "int",
    default: "2000",
    ignored: withoutIt,
    doc: "How long a controller waits for its leader before it calls an election.",
  },
  "controller.quorum.request.timeout.ms": {
    type: "int",
    default: "2000",
    ignored: withoutIt,
    doc: "How long a controller waits for the answer of another.",
  },
  "controller.quorum.retry.backoff.ms": {
    type: "int",
    default: "20",
    ignored: withoutIt,
    doc: "Pause before a request between controllers is sent again.",
  },
  "controller.quota.window.num": {
    type: "int",
    default: "11",
    min: 1,
    doc: "Windows over which changes of topics are measured.",
  },
  "controller.quota.window.size.seconds": {
    type: "int",
    default: "1",
    min: 1,
    doc: "Length of such a window.",
  },
  "controller.socket.timeout.ms": {
    type: "int",
    default: "30000",
    ignored: withoutIt,
    doc: "How long a broker waits for its controller.",
  },
  "cordoned.log.dirs": {
    type: "list",
    default: "",
    update: "per-broker",
    ignored: "every directory that works gets new partitions",
    doc: "Data directories that get no new partitions.",
  },
  "early.start.listeners": {
    type: "list",
    default: null,
    ignored: withoutIt,
    doc: "Listeners that are opened before the broker is ready.",
  },
  "follower.fetch.last.tiered.offset.enable": {
    type: "boolean",
    default: "false",
    update: "cluster-wide",
    ignored: tiered,
    doc: "Whether a new follower begins at the last offset that lies in remote storage.",
  },
  "initial.broker.registration.timeout.ms": {
    type: "int",
    default: "60000",
    doc: "How long a broker of a cluster waits for etcd at its start before it gives up.",
  },
  "kafka.metrics.polling.interval.secs": {
    type: "int",
    default: "10",
    ignored: reporters,
    doc: "How often the metrics reporters are called.",
  },
  "kafka.metrics.reporters": {
    type: "list",
    default: "",
    ignored: reporters,
    doc: "Classes that report metrics.",
  },
  "leader.imbalance.check.interval.seconds": {
    type: "long",
    default: "300",
    doc: "How often leadership is looked at for balance.",
  },
  "metadata.log.dir": {
    type: "string",
    default: null,
    ignored: metadata,
    doc: "The directory of the metadata log. Here it is the first data directory.",
  },
  "metadata.log.max.record.bytes.between.snapshots": {
    type: "long",
    default: "20971520",
    min: 1,
    doc: "Bytes of metadata records after which a snapshot is written.",
  },
  "metadata.log.max.snapshot.interval.ms": {
    type: "long",
    default: "3600000",
    min: 0,
    doc: "Longest time between two snapshots while there is something new.",
  },
  "metadata.log.segment.bytes": {
    type: "int",
    default: "1073741824",
    min: 8388608,
    doc: "Size at which a segment of the metadata log is closed.",
  },
  "metadata.log.segment.ms": {
    type: "long",
    default: "604800000",
    min: 1,
    doc: "Age at which a segment of the metadata log is closed.",
  },
  "metadata.max.idle.interval.ms": {
    type: "int",
    default: "500",
    ignored: withoutIt,
    doc: "How often an idle controller writes a record that says it is alive.",
  },
  "metadata.max.retention.bytes": {
    type: "long",
    default: "104857600",
    min: -1,
    doc: "Bytes of old metadata segments and snapshots that are kept.",
  },
  "metadata.max.retention.ms": {
    type: "long",
    default: "604800000",
    min: -1,
    doc: "How long old metadata segments and snapshots are kept.",
  },
  "metric.reporters": {
    type: "list",
    default: "org.apache.kafka.common.metrics.JmxReporter",
    update: "cluster-wide",
    ignored: reporters,
    doc: "Classes that report metrics.",
  },
  "metrics.num.samples": {
    type: "int",
    default: "2",
    ignored: reporters,
    doc: "Samples from which a metric is computed.",
  },
  "metrics.recording.level": {
    type: "string",
    default: "INFO",
    ignored: reporters,
    doc: "How much is measured.",
  },
  "metrics.sample.window.ms": {
    type: "long",
    default: "30000",
    ignored: reporters,
    doc: "How long a sample of a metric lasts.",
  },
  "num.replica.alter.log.dirs.threads": {
    type: "int",
    default: null,
    ignored: unmoved,
    doc: "Threads that move logs between directories.",
  },
  "num.replica.fetchers": {
    type: "int",
    default: "1",
    update: "cluster-wide",
    ignored: withoutIt,
    doc: "Threads that fetch from each other broker.",
  },
  "replica.fetch.backoff.ms": {
    type: "int",
    default: "1000",
    doc: "Pause of a follower after a fetch that failed.",
  },
  "replica.fetch.max.bytes": {
    type: "int",
    default: "1048576",
    doc: "Bytes of one partition that a follower asks for at a time.",
  },
  "replica.fetch.min.bytes": {
    type: "int",
    default: "1",
    doc: "Bytes that must be there before a follower is answered.",
  },
  "replica.fetch.response.max.bytes": {
    type: "int",
    default: "10485760",
    doc: "Bytes of all partitions that a follower asks for at a time.",
  },
  "replica.fetch.wait.max.ms": {
    type: "int",
    default: "500",
    doc: "How long a follower's fetch waits for data.",
  },
  "replica.high.watermark.checkpoint.interval.ms": {
    type: "long",
    default: "5000",
    ignored: withoutIt,
    doc: "How often high watermarks are written to disk.",
  },
  "replica.lag.time.max.ms": {
    type: "long",
    default: "30000",
    doc: "How long a follower may lag before it counts as out of sync.",
  },
  "replica.selector.class": {
    type: "string",
    default: null,
    oneOf: [
      "org.apache.kafka.common.replica.LeaderSelector",
      "org.apache.kafka.common.replica.RackAwareReplicaSelector",
    ],
    doc:
      "Which replica a consumer reads from (KIP-392): its leader, as without it, or one in sync " +
      "whose broker.rack is the consumer's client.rack.",
  },
  "replica.socket.receive.buffer.bytes": {
    type: "int",
    default: "65536",
    ignored: withoutIt,
    doc: "Size of a follower's receive buffer.",
  },
  "replica.socket.timeout.ms": {
    type: "int",
    default: "30000",
    doc:
      "How long a broker waits for another one's answer. A follower gives its fetch up sooner: " +
      "5 s after the leader was to answer, or after twice the time that the last answer took.",
  },
  "replication.quota.window.num": {
    type: "int",
    default: "11",
    min: 1,
    doc: "Windows over which replication is measured for its throttles.",
  },
  "replication.quota.window.size.seconds": {
    type: "int",
    default: "1",
    doc: "Length of such a window.",
  },
  "security.providers": {
    type: "string",
    default: null,
    ignored: java,
    doc: "Classes that provide security algorithms.",
  },
  "socket.connection.setup.timeout.max.ms": {
    type: "long",
    default: "30000",
    ignored: withoutIt,
    doc: "Longest wait for a connection to another broker.",
  },
  "socket.connection.setup.timeout.ms": {
    type: "long",
    default: "10000",
    ignored: withoutIt,
    doc: "First wait for a connection to another broker.",
  },
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": {
    type: "int",
    default: "10000",
    doc: "How often transactions that have timed out are looked for and aborted.",
  },
  "transaction.partition.verification.enable": {
    type: "boolean",
    default: "true",
    update: "cluster-wide",
    doc: "Whether a transactional batch is checked against the partitions that its transaction " +
      "has added.",
  },
  "transaction.remove.expired.transaction.cleanup.interval.ms": {
    type: "int",
    default: "3600000",
    doc: "How often transactional ids that have expired are removed.",
  },
  "transaction.state.log.load.buffer.size": {
    type: "int",
    default: "5242880",
    ignored: "loading reads in steps of its own",
    doc: "Bytes read at a time while transactions are loaded.",
  },
  "transaction.two.phase.commit.enable": {
    type: "boolean",
    default: "false",
    ignored: "two-phase commit is not served",
    doc: "Whether a transaction may be prepared and left to another coordinator.",
  },
} as const satisfies Readonly<Record<string, ConfigKey>>;
