// The coordinators' face: the machines, each for one partition of its topic, and what they hand to
// their shell (src/broker), which appends records, delivers answers and keeps the time.
//
// Invariant: nothing that is imported from here brings a machine with it (coordinator.ts).

export type { AnyCoordinator, Coordinator, MachineWorld } from "./coordinator.ts";
export { coordinatorOn, coordinators, isInternalTopic, storedDecoder } from "./coordinators.ts";
export {
  type ConsumerGroupConfig,
  type GroupConfig,
  groupConfigDefaults,
  type ModernGroupSettings,
  type ShareGroupConfig,
  type StreamsGroupConfig,
} from "./groups/group_config.ts";
export { groupCoordinator, offsetsTopic } from "./groups/coordinator.ts";
export type { GroupDecision, GroupTable } from "./groups/group_table.ts";
export {
  type Answer,
  type Append,
  type Asked,
  type At,
  carryOut,
  type Decision,
  type ImageChange,
  type Machine,
  type Note,
  type TransactionProducer,
} from "./machine.ts";
export type { GroupCoordinatorRecord } from "./groups/record_kinds.ts";
export { shareCoordinator } from "./share_state/coordinator.ts";
export type { ShareStateRecord } from "./share_state/record_codec.ts";
export { type SharePartitionKey, sharePartitionText } from "./share_state/share_partition_key.ts";
export type {
  InitializeInput,
  ReadInput,
  ShareState,
  ShareStateAnswer,
  ShareStateConfig,
  ShareStateQuestion,
  ShareStateTable,
  WriteInput,
} from "./share_state/state_table.ts";
export type { BadRegex, NameMatcher, RegexEngine } from "./groups/modern/regex.ts";
export type { GroupTopic, GroupTopics } from "./groups/modern/topics.ts";
export type {
  StateStepResponse,
  StatesWanted,
  StatesWantedResponse,
} from "./groups/share/states_wanted.ts";
export type { TopicPartitions } from "./groups/modern/assignment.ts";
export type { InternalTopic as StreamsInternalTopic } from "./groups/streams/configured.ts";
export type { StreamsHeartbeatResult } from "./groups/streams/heartbeat_result.ts";
export type { GroupResponse } from "./groups/turn.ts";

export * from "./transactions/mod.ts";
