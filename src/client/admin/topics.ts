// Topics, for tools: list, describe, create, delete, grow. One topic a call; what the broker
// refuses is thrown as a KafkaError with the broker's own message.

import type { BrokerId, Uuid } from "../../base/ids.ts";
import { CreatePartitions, CreateTopics, DeleteTopics, ErrorCode } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { configsOf } from "./configs.ts";
import { checkCode, KafkaError, onlyAnswer } from "../faults.ts";
import type { TopicMetadata } from "../metadata.ts";
import type { TopicConfigs } from "./topic_configs_table.ts";

/** A topic to create. */
export interface NewTopic {
  /** Its name. */
  readonly name: string;
  /** Default: the broker's `num.partitions`. */
  readonly partitions?: number;
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** The brokers of each partition, the first of which leads; instead of how many of both. */
  readonly assignments?: readonly (readonly BrokerId[])[];
  /** Kafka's topic configs by name, such as `retention.ms`. */
  readonly configs?: TopicConfigs;
}

/** All topics by name; Kafka's own (`__consumer_offsets`) are marked `isInternal`. */
export async function listTopics(client: Client): Promise<TopicMetadata[]> {
  const { topics } = await client.fetchMetadata(null);
  return [...topics].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Fresh metadata of one topic. Throws UNKNOWN_TOPIC_OR_PARTITION when there is none. */
export async function describeTopic(client: Client, name: string): Promise<TopicMetadata> {
  const { topics } = await client.fetchMetadata([name]);
  const topic = topics.find((each) => each.name === name);
  const about = `describe topic ${name}`;
  if (topic === undefined) throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, about);
  checkCode(topic.errorCode, about);
  return topic;
}

/** Creates a topic and returns its id. Throws TOPIC_ALREADY_EXISTS and the like. */
export async function createTopic(client: Client, topic: NewTopic): Promise<Uuid> {
  return await onController(client, async () => {
    const answer = await client.request(CreateTopics, {
      topics: [{
        name: topic.name,
        numPartitions: topic.partitions ?? -1,
        replicationFactor: topic.replicationFactor ?? -1,
        assignments: (topic.assignments ?? []).map((brokerIds, partitionIndex) => (
          { partitionIndex, brokerIds: [...brokerIds] }
        )),
        configs: configsOf(topic.configs),
      }],
      timeoutMs: client.options.requestTimeoutMs,
    }, { to: "controller" });
    const about = `create topic ${topic.name}`;
    const result = onlyAnswer(answer.topics, about);
    checkCode(result.errorCode, about, result.errorMessage);
    return result.topicId;
  });
}

/** Deletes a topic with all its records. */
export async function deleteTopic(client: Client, name: string): Promise<void> {
  await onController(client, async () => {
    const answer = await client.request(DeleteTopics, {
      topicNames: [name],
      timeoutMs: client.options.requestTimeoutMs,
    }, { to: "controller" });
    const about = `delete topic ${name}`;
    const result = onlyAnswer(answer.responses, about);
    checkCode(result.errorCode, about, result.errorMessage);
  });
  client.refreshTopic(name);
}

/** Grows a topic to `count` partitions. Keys may move: they are placed by the new count. */
export async function createPartitions(
  client: Client,
  grown: { topic: string; count: number },
): Promise<void> {
  await onController(client, async () => {
    const answer = await client.request(CreatePartitions, {
      topics: [{ name: grown.topic, count: grown.count, assignments: null }],
      timeoutMs: client.options.requestTimeoutMs,
      validateOnly: false,
    }, { to: "controller" });
    const about = `grow topic ${grown.topic} to ${grown.count} partitions`;
    const result = onlyAnswer(answer.results, about);
    checkCode(result.errorCode, about, result.errorMessage);
  });
  client.refreshTopic(grown.topic);
}

/** Runs `ask`, once more after a look for the controller when that has moved. */
export async function onController<T>(client: Client, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const hasMoved = error instanceof KafkaError && error.errorCode === ErrorCode.NOT_CONTROLLER;
    if (!hasMoved) throw error;
    await client.fetchMetadata([]);
    return await ask();
  }
}
