// Where Ottla answers differently on purpose, or where the two brokers are set up differently. Each
// is matched against a line of the comparison,
//
//   Produce v9: a batch too large: 3. Produce v9.responses[0].x: Kafka 1, Ottla 2
//
// Invariant: each is needed; one that matches no line any more fails the test.

import type { Allowance } from "../differential.ts";

const topicAllowances: readonly Allowance[] = [
  {
    where: /^Metadata v\d+: topics by id: 3\. /,
    why: "Kafka fails as a whole over a topic with neither name nor id",
  },
  {
    where: /^DescribeTopicPartitions v0: limits and names that cannot be: 2\. /,
    why: "Kafka has UNKNOWN_SERVER_ERROR for names that no topic can have",
  },
  {
    where: /^DeleteTopics v6: by name and id: 7\. /,
    why: "a topic that is named by name and by id is refused under both; Kafka answers one",
  },
  {
    where: /^FindCoordinator .*errorMessage: Kafka "<sentence>", Ottla "<none>"/,
    why: "Kafka's sentence for no error is NONE",
  },
  {
    where: /^ApiVersions .*(supported|finalized)Features\[/,
    why: "features that are not there are not told",
  },
];

const configAllowances: readonly Allowance[] = [
  {
    where: /configs\.min\.insync\.replicas[.:]|^CreateTopics .*min\.insync\.replicas\.configSource/,
    why: "Kafka sets it as a dynamic default while eligible leader replicas are on",
  },
  {
    where: /a topic's configuration: .*synonyms\[\d\]: Kafka nothing/,
    why: "synonyms in another unit are listed",
  },
  {
    where: /the broker's configuration: .*configs\.[\w.]+: Kafka \{.*, Ottla nothing$/,
    why: "keys of what Ottla does not have",
  },
  {
    where: /the broker's configuration: .*configs\.[\w.]+: Kafka nothing, Ottla \{/,
    why: "keys that Kafka gives to other parts of itself, or of Ottla's own",
  },
  {
    where: /the broker's configuration: .*configs\.((node|broker)\.id|log\.dirs?|process\.roles)\./,
    why: "the two brokers are set up differently",
  },
  {
    where: /configs\.(transaction\.state\.log|offsets\.topic\.replication|controller|listener)/,
    why: "the two brokers are set up differently",
  },
  {
    where: /the broker's configuration: .*configs\.log\.cleaner\.[\w.]+\.readOnly: Kafka false/,
    why: "the cleaner's keys are read at the start alone",
  },
  {
    where: /configs\.group\.coordinator\.rebalance\.protocols/,
    why: "the newer group protocols are not served yet",
  },
];

const produceAllowances: readonly Allowance[] = [
  {
    where: /errorMessage: Kafka "<none>", Ottla "<sentence>"/,
    why: "a sentence more for people",
  },
  {
    where: /^Produce v\d+: bytes behind a batch: /,
    why: "bytes behind the batch are refused; Kafka drops what is no whole batch",
  },
  {
    where: /^Produce v\d+: a claim of the broker's time: /,
    why: "the claim is refused; Kafka clears it",
  },
  {
    where: /^Produce v\d+: a transaction without an id: .*errorCode/,
    why: "transactions are not served yet",
  },
  {
    where: /^Produce v\d+: codecs that are none: /,
    why: "INVALID_RECORD where Kafka has UNKNOWN_SERVER_ERROR",
  },
  {
    where: /^Produce v\d+: compressed bytes that do not unpack: /,
    why: "INVALID_RECORD where Kafka has UNKNOWN_SERVER_ERROR",
  },
  {
    where: /^Produce v\d+: the broker's time: .*recordErrors\[0\]: Kafka \{.*Ottla nothing/,
    why: "the claim of the broker's time is the batch's, not a record's",
  },
  {
    where: /^Produce v\d+: an idempotent producer: .*logAppendTimeMs: Kafka "<now>", Ottla -1/,
    why: "a duplicate is answered without a time where the topic has the producers' times",
  },
];

const readAllowances: readonly Allowance[] = [
  {
    where: /^Fetch .*(highWatermark|lastStableOffset|logStartOffset): Kafka -1, Ottla \d+$/,
    why: "a partition's offsets are told with its errors, too",
  },
  {
    where: /^Fetch v\d+: sizes: 1[678]\. .*(errorCode|records)/,
    why: "a negative size is none; Kafka fails",
  },
  {
    where: /^Fetch v\d+: a level of isolation that is not there: /,
    why: "an unknown level reads uncommitted records; Kafka fails",
  },
  {
    where: /^Fetch v\d+: sessions: 4\. .*sessionId/,
    why: "there are no sessions",
  },
  {
    where: /^ListOffsets v\d+: timestamps once records are deleted: 9\. /,
    why: "no record is left to have the largest timestamp",
  },
  {
    where: /^ListOffsets v\d+: read committed: [56]\. /,
    why: "an unknown level reads uncommitted records; Kafka fails",
  },
  {
    where: /^ListOffsets v\d+: leader epochs: 4\. /,
    why: "any negative epoch is unknown, as it is to Kafka's Fetch",
  },
  {
    where: /^JoinGroup v\d: what cannot be: 8\. .*protocolName/,
    why: "a protocol may have an empty name; Kafka takes it for none",
  },
];

export const allowances: readonly Allowance[] = [
  ...topicAllowances,
  ...configAllowances,
  ...produceAllowances,
  ...readAllowances,
];
