// The coordinators' face: the machines, each for one partition of its topic, and what they hand to
// their shell (src/broker), which appends records, delivers answers and keeps the time.

export {
  type ConsumerGroupConfig,
  type GroupConfig,
  groupConfigDefaults,
  type ModernGroupSettings,
  type ShareGroupConfig,
  type StreamsGroupConfig,
} from "./group_config.ts";
export { type GroupDecision, GroupTable, type GroupTableOptions } from "./group_table.ts";
export {
  type Answer,
  type Append,
  type Asked,
  type At,
  carryOut,
  type Decision,
  type Machine,
  type Note,
  type TransactionProducer,
} from "./machine.ts";
export {
  decode,
  encodeKey,
  encodeValue,
  type GroupCoordinatorRecord,
  groupIdOf,
} from "./record_kinds.ts";
export {
  decodeShareState,
  encodeShareStateKey,
  encodeShareStateValue,
  type ShareStateRecord,
} from "./share_state/record_codec.ts";
export {
  type SharePartitionKey,
  sharePartitionText,
  type ShareStateAnswer,
  type ShareStateConfig,
  ShareStateTable,
} from "./share_state/state_table.ts";
export type { BadRegex, NameMatcher, RegexEngine } from "./modern/regex.ts";
export type { GroupTopic, GroupTopics } from "./modern/topics.ts";
export type {
  StateStepResponse,
  StatesWanted,
  StatesWantedResponse,
} from "./share/states_wanted.ts";
export type { TopicPartitions } from "./modern/assignment.ts";
export type { InternalTopic as StreamsInternalTopic } from "./streams/configured.ts";
export type { StreamsHeartbeatResult } from "./streams/heartbeat_result.ts";
export type { GroupResponse } from "./turn.ts";

export * from "./transactions/mod.ts";

/** The tables of every kind of record in the coordinators' topics, for those who print them. */
export const loadStoredRecords = () => import("./stored_records.ts");
