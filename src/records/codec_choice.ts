// Which codec a stored batch has: the one that its producer chose, or the topic's own
// (compression.type). And which one must be loaded before a payload is looked into.

import { compressionOf, magicOf } from "./batch.ts";
import { type CompressionType, isCompressionLoaded } from "./compression.ts";

/** A topic's compression.type: "producer" keeps what the producer chose. */
export type TopicCompression = CompressionType | "producer";

/** How what came as `source` is stored in a topic. */
export function storedCompression(
  topic: TopicCompression,
  source: CompressionType,
): CompressionType {
  return topic === "producer" ? source : topic;
}

/** Attributes stand behind the magic in an old message, behind the CRC in a v2 batch. */
const attributesAt = { message: 17, batch: 22 } as const;

/** How a producer's payload says that it is compressed; undefined where that cannot be told. */
function payloadCompression(payload: Uint8Array): CompressionType | undefined {
  if (payload.length <= attributesAt.batch) return undefined;
  return compressionOf(payload[magicOf(payload) === 2 ? attributesAt.batch : attributesAt.message]);
}

/** A codec to load before `payload` can be judged and stored; undefined when there is none. */
export function codecToLoad(
  payload: Uint8Array,
  topic: TopicCompression,
): CompressionType | undefined {
  const source = payloadCompression(payload) ?? "none";
  if (!isCompressionLoaded(source)) return source;
  const stored = storedCompression(topic, source);
  return isCompressionLoaded(stored) ? undefined : stored;
}
