// The broker's configuration, with Kafka's own key names. Which keys exist, with type, default,
// bounds and a sentence each: broker_table.ts.
//
//   flags, environment, file --sources--> layers of text --in_force--> typed values
//                                               |
//   a topic's overrides ----------------topics--+--> the configuration of that topic's logs
//                                               +--> describe: DescribeConfigs
//
// values.ts reads and checks one text, properties.ts a file, listeners.ts the listener lists, and
// layers.ts says what overrides what.

export { BrokerConfig, type BrokerValue } from "./in_force.ts";
export { describeClusterDefault, type DescribedConfig } from "./describe.ts";
export { dynamicLayers } from "./dynamic.ts";
export { ConfigSource } from "./layers.ts";
export { type ConfigInput, keyOfVariable, loadConfig, type ProgramOptions } from "./sources.ts";
export { brokerKeys, topicKeys } from "./broker_table.ts";
export {
  topicConfigWarnings,
  type TopicOverrides,
  topicValue,
  validateTopicConfigs,
} from "./topics.ts";
