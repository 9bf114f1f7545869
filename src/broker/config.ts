// The broker's configuration, with Kafka's own key names. Which keys exist, with type, default, bounds
// and a sentence each: config_table.ts.
//
//   flags, environment, file --config_sources--> layers of text --config_layers--> typed values
//                                                        |
//   a topic's overrides ------------------config_topics--+--> the log's configuration of that topic
//                                                        +--> config_describe: DescribeConfigs
//
// config_values.ts reads and checks one text, config_properties.ts a file, config_listeners.ts the
// listener lists.

export * from "./config_describe.ts";
export * from "./config_layers.ts";
export { type ListenerAddress } from "./config_listeners.ts";
export * from "./config_sources.ts";
export { type BrokerKeyName, brokerKeys, type TopicKeyName, topicKeys } from "./config_table.ts";
export * from "./config_topics.ts";
export { type ConfigKey, type ConfigType, type ConfigValue } from "./config_values.ts";
