// What many consumers do with records besides their work: pass over those that are not for them,
// and put aside those that they cannot process.

import { fromUtf8 } from "../../base/bytes.ts";
import { messageOf } from "../../base/faults.ts";
import type { ConsumerRecord } from "./partition_reader.ts";
import type { ProducerRecord } from "../producer/producer_record.ts";

/** What a header must be: its text, an expression that its text matches, or a look at its bytes. */
export type HeaderMatch = string | RegExp | ((value: Uint8Array | null) => boolean);

/**
 * A filter for consumers: records whose headers match all of `wanted`. Of several headers of one
 * name the last one counts, as Kafka's own clients read them.
 */
export function byHeaders(
  wanted: Readonly<Record<string, HeaderMatch>>,
): (record: ConsumerRecord) => boolean {
  const matches = Object.entries(wanted);
  return ({ headers }) =>
    matches.every(([name, match]) => {
      const header = headers.findLast(({ key }) => key === name);
      if (header === undefined) return false;
      if (typeof match === "function") return match(header.value);
      if (header.value === null) return false;
      const text = fromUtf8(header.value);
      return typeof match === "string" ? text === match : match.test(text);
    });
}

/** A producer, or a transaction of one. */
export interface RecordSink {
  /** Resolves when the record is acknowledged. */
  send(record: ProducerRecord): Promise<unknown>;
}

/** Where records go that cannot be processed. */
export interface DeadLetterOptions {
  /** One topic for all, or one for each record. */
  readonly topic: string | ((record: ConsumerRecord) => string);
}

/**
 * Puts records aside: sends each to another topic with its key, value and headers, and with headers
 * that say where it was and what went wrong, by the names that Kafka Connect gives them. The new
 * record has the old one's time. Resolves when it is there: only then go on.
 *
 *     const putAside = deadLetters(producer, { topic: "orders.failed" });
 *     for await (const record of consumer) {
 *       await process(record).catch((error) => putAside(record, error));
 *     }
 */
export function deadLetters(
  sink: RecordSink,
  options: DeadLetterOptions,
): (record: ConsumerRecord, cause: unknown) => Promise<void> {
  return async (record, cause) => {
    const { topic, partition, offset, key, value, headers, timestamp } = record;
    await sink.send({
      topic: typeof options.topic === "function" ? options.topic(record) : options.topic,
      key,
      value,
      timestamp,
      headers: [
        ...headers.map(({ key, value }) => [key, value] as const),
        ["__connect.errors.topic", topic],
        ["__connect.errors.partition", `${partition}`],
        ["__connect.errors.offset", `${offset}`],
        ["__connect.errors.exception.class.name", cause instanceof Error ? cause.name : "Error"],
        ["__connect.errors.exception.message", messageOf(cause)],
      ],
    });
  };
}
