// The test kit's face: a whole Kafka in a test, which the test may ask, disturb and copy.

export { Broker, Snapshot, type TestBrokerOptions, TestClock } from "./test_broker.ts";
export type { Duration } from "./durations.ts";
export { Fault, type FaultFilter, Faults, type KafkaErrorName } from "./faults.ts";
export type { LogLine } from "./log_lines.ts";
export type { RecordsOptions, TestGroup, TestOffset, TestRecord } from "./reading.ts";
export type { KafkaRelease } from "./releases_table.ts";
export { type KafkaRequest, type RequestFilter, Requests } from "./requests.ts";
export {
  type GroupGoal,
  type RecordsGoal,
  type RequestsGoal,
  type WaitOptions,
  WaitTimeout,
} from "./waiting.ts";
