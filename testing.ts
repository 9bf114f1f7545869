// A whole Kafka in a test: a broker with topics, records and groups from the start, whose records,
// groups and requests a test can look at, that can be disturbed, moved through time and copied.
//
//   import { Broker } from "./testing.ts";
//   await using broker = await Broker.start({ topics: { orders: { partitions: 3 } } });
//   ... the program under test, with any Kafka client, at broker.bootstrap ...
//   const [paid] = await broker.waitFor({ topic: "orders", records: 1 });
//
// docs/testing.md has examples.

export * from "./src/testing/mod.ts";
export type {
  Declaration,
  Seeded,
  SeedGroup,
  SeedOffset,
  SeedRecord,
  SeedTopic,
} from "./src/seed/mod.ts";
export type {
  ConfigValue,
  KnownBrokerConfigs,
  KnownGroupConfigs,
  KnownTopicConfigs,
} from "./src/client/mod.ts";
export type { DescribedMember, TopicPartition } from "./src/client/mod.ts";
export type { BrokerOptions } from "./src/library/start.ts";
export { KafkaError } from "./src/client/faults.ts";
export { ConnectionFault, OttlaError, PlatformFault, UsageFault } from "./src/base/faults.ts";
export type { Int64 } from "./src/base/int64.ts";
export type { Address, LogLevel } from "./src/runtime/ports.ts";
