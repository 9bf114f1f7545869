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
    where: /^ApiVersions .*(supported|finalized)Features\[/,
    why: "features that are not there are not told",
  },
];

const accessAllowances: readonly Allowance[] = [
  {
    where: /^CreateAcls v\d: rules that can be, and others: 2\. /,
    why: "a rule about any or an unknown kind of thing is refused alone; Kafka fails all",
  },
  {
    where: /^DescribeUserScramCredentials v0: who may .*\.user: Kafka "", /,
    why: "whom the refusal is about is told; Kafka leaves the name empty",
  },
  {
    where: /^AlterShareGroupOffsets v0: who may do all but topic read: .*topicId: /,
    why: "Kafka tells the id of a topic that the client may not read, and so that there is one",
  },
];

const configAllowances: readonly Allowance[] = [
  {
    where: /(a topic's configuration|generated \d+): .*synonyms\[\d\]: Kafka nothing/,
    why: "synonyms in another unit are listed",
  },
  {
    where: /the broker's configuration: .*configs\.[\w.]+: Kafka nothing, Ottla \{/,
    why: "keys that Kafka gives to other parts of itself",
  },
  {
    where: /the broker's configuration: .*configs\.sasl\.enabled\.mechanisms\./,
    why: "there is no Kerberos here",
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
    where: /the broker's configuration: .*configs\.share\.coordinator\.state\.topic/,
    why: "the two brokers are set up differently",
  },
  {
    where: /the broker's configuration: .*configs\.listener[\w.]+\.readOnly: Kafka false/,
    why: "listeners are those of the start",
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
    where: /^Produce v\d+: an idempotent producer: duplicates.*: Kafka (45|-1), Ottla \d$/,
    why: "fifteen batches of a producer are remembered; Kafka knows five, and has another error",
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
    where:
      /^StreamsGroupDescribe v0: streams groups in requests about other groups: 23\. .*generation/,
    why:
      "a classic group in the place of another one begins behind its epochs; Kafka's begins anew",
  },
  {
    where: /^JoinGroup v\d: what cannot be: 8\. .*protocolName/,
    why: "a protocol may have an empty name; Kafka takes it for none",
  },
  {
    where: /^ShareAcknowledge v\d: what cannot be acknowledged: 16\. .*: Kafka 0, Ottla 121/,
    why: "what is done with is not acknowledged again",
  },
];

const sizeAllowances: readonly Allowance[] = [
  {
    where: /^CreateTopics v\d: too much, twice, and null: 7\. CreateTopics v\d.topics\[0\]/,
    why: "of too many partitions the first topics are created; Kafka refuses all of the request",
  },
  {
    where: /^CreatePartitions v\d: too many.*errorCode: Kafka -1, Ottla 44$/,
    why: "too many partitions are a POLICY_VIOLATION, as in CreateTopics; Kafka fails over them",
  },
];

const changeAllowances: readonly Allowance[] = [
  {
    where: /AlterConfigs v\d: generated \d+: \d+\. .*errorCode: Kafka (0|40), Ottla 42$/,
    why: "a broker's key that is not known is refused; Kafka stores it for a plugin",
  },
  {
    where: /^IncrementalAlterConfigs v\d: keys of a topic.*: 25\. .*errorCode: Kafka -1, Ottla 42/,
    why: "an operation that is none is an INVALID_REQUEST; Kafka has UNKNOWN_SERVER_ERROR",
  },
  {
    where: /^IncrementalAlterConfigs v\d: lists: 1[3-6]\. /,
    why: "elements of lists are trimmed, and empty ones are none; Kafka takes them as they are",
  },
  {
    where:
      /^IncrementalAlterConfigs v\d: what is not set: 2\. .*throttled\.replicas: .*Ottla nothing/,
    why: "subtracting from what is not set leaves it so; Kafka sets an empty list",
  },
  {
    where: /^IncrementalAlterConfigs v\d: keys of a subscription to client metrics: (2|11)\. /,
    why: "the list of metrics takes APPEND; Kafka does not know that it is a list",
  },
];

const principalAllowances: readonly Allowance[] = [
  {
    where: /^AlterClientQuotas v\d: entities and values .*: 18\. /,
    why: "NaN is refused; Kafka stores it",
  },
  {
    where: /^AlterUserScramCredentials v0: what can and cannot be: 10\. .*errorCode: Kafka -1/,
    why: "an empty salted password is unacceptable; Kafka fails over it",
  },
  {
    where: /^AlterUserScramCredentials v0: both mechanisms of a user at once: /,
    why: "both mechanisms of a user may be set at once, as kafka-configs offers",
  },
  {
    where: /^DescribeAcls v\d: without an authorizer: [34]\. /,
    why: "an unknown operation is answered; Kafka closes the connection",
  },
];

const clusterAllowances: readonly Allowance[] = [
  {
    where: /^AlterPartitionReassignments v1: generated .*Change: Kafka true, Ottla false$/,
    why: "what the request said is said again; Kafka tells its default when no topic is named",
  },
  {
    where: /^ElectLeaders v\d: .*: 20\. ElectLeaders v\d.errorCode: Kafka 0, Ottla 42$/,
    why: "a type of election that is none is refused, though no partition is named",
  },
];

const streamsAllowances: readonly Allowance[] = [
  {
    where: /^StreamsGroupHeartbeat v0: a second member gets its share: 7\. .*Tasks: Kafka null/,
    why: "who says that it has other tasks than it was given is told again what those are",
  },
];

const heartbeatAllowances: readonly Allowance[] = [
  {
    where: /^ConsumerGroupHeartbeat v\d: generated \d+: .*memberEpoch: Kafka 1, Ottla 2$/,
    why: "a member that subscribes to nothing is a change of a new group, too",
  },
  {
    where: /^\w+GroupHeartbeat v\d: .*\.heartbeatIntervalMs: Kafka 5000, Ottla \d{3,4}$/,
    why: "who waits for partitions, or for targets that are put off, is told to come back sooner",
  },
];

export const allowances: readonly Allowance[] = [
  ...topicAllowances,
  ...accessAllowances,
  ...configAllowances,
  ...produceAllowances,
  ...readAllowances,
  ...sizeAllowances,
  ...changeAllowances,
  ...principalAllowances,
  ...clusterAllowances,
  ...streamsAllowances,
  ...heartbeatAllowances,
];
