// The broker's configuration, with Kafka's own key names. Which keys exist, with type, default,
// bounds and a sentence each: config_table.ts.
//
//   flags, environment, file --config_sources--> layers of text --config_broker--> typed values
//                                                      |
//   a topic's overrides ----------------config_topics--+--> the configuration of that topic's logs
//                                                      +--> config_describe: DescribeConfigs
//
// config_values.ts reads and checks one text, config_properties.ts a file, config_listeners.ts the
// listener lists, and config_layers.ts says what overrides what.

export { BrokerConfig, type BrokerValue } from "./config_broker.ts";
export {
  describeClusterDefault,
  type DescribedConfig,
  type DescribedSynonym,
} from "./config_describe.ts";
export { dynamicLayers } from "./config_dynamic.ts";
export { type ConfigLayer, ConfigSource } from "./config_layers.ts";
export { type ListenerAddress } from "./config_listeners.ts";
export {
  type ConfigInput,
  keyOfVariable,
  loadConfig,
  type LoadedConfig,
  type StartFlags,
} from "./config_sources.ts";
export { type BrokerKeyName, brokerKeys, type TopicKeyName, topicKeys } from "./config_table.ts";
export {
  topicConfigWarnings,
  type TopicOverrides,
  topicValue,
  validateTopicConfigs,
} from "./config_topics.ts";
export { type ConfigKey, type ConfigType, type ConfigValue } from "./config_values.ts";
