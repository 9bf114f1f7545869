// The topics and partitions that a command line names, or draws by a pattern.

import { UsageFault } from "../base/faults.ts";
import { type Client, describeTopic, listTopics, type TopicPartition } from "../client/mod.ts";
import { noPartition, onUnknownTopic } from "./failures.ts";
import { isGlob, namesOf } from "./globs.ts";

/** Names as they are, whether they are there or not; what a pattern draws, but for Kafka's own. */
export async function topicsNamed(client: Client, words: readonly string[]): Promise<string[]> {
  if (!words.some(isGlob)) return [...new Set(words)];
  const known = (await listTopics(client)).filter(({ isInternal }) => !isInternal);
  const names = namesOf(words, known.map(({ name }) => name));
  if (names.length > 0) return names;
  throw new UsageFault(`no topic is like ${words.join(", ")}. See: ottla topics list`);
}

/** The partitions of a topic, or the one that is named. Throws where it is not there. */
export async function partitionsOf(
  client: Client,
  of: { readonly topic: string; readonly partition: number | undefined },
): Promise<TopicPartition[]> {
  const { topic, partition: only } = of;
  const { partitions } = await describeTopic(client, topic)
    .catch((error) => onUnknownTopic(error, topic));
  if (only !== undefined && only >= partitions.length) {
    throw noPartition(topic, { partition: only, count: partitions.length });
  }
  return partitions.filter(({ partition }) => only === undefined || partition === only)
    .map(({ partition }) => ({ topic, partition }));
}
