// Which codec a stored batch has: the one that its producer chose, or the topic's own
// (compression.type). And which one must be loaded before a payload is looked into.

import { type CompressionType, isCompressionLoaded } from "./compression.ts";
import type { FramedPayload } from "./framing.ts";

/** A topic's compression.type: "producer" keeps what the producer chose. */
export type TopicCompression = CompressionType | "producer";

/** How what came as `source` is stored in a topic. */
export function storedCompression(
  topic: TopicCompression,
  source: CompressionType,
): CompressionType {
  return topic === "producer" ? source : topic;
}

/** A codec to load before `payload` can be judged and stored; undefined when there is none. */
export function codecToLoad(
  { compression: source = "none" }: FramedPayload,
  topic: TopicCompression,
): CompressionType | undefined {
  if (!isCompressionLoaded(source)) return source;
  const stored = storedCompression(topic, source);
  return isCompressionLoaded(stored) ? undefined : stored;
}
