// Values of a program as bytes, and back: of JSON, of text, or by what a schema registry has.
//
//   typed(producer, { value: json<Order>() }).send({ topic, key, value: order })
//   for await (const { value } of decoded(consumer, { value: json<Order>() })) ...
//
// Invariant: null stays null, which deletes a key's record: it is never handed to a serializer.
// Producer and consumer know nothing of this: it stands in front of the one and behind the other.

import { fromUtf8, utf8 } from "../base/bytes.ts";
import { type CallOptions, signalOf, unlessAborted } from "./aborting.ts";
import type { ConsumerRecord } from "./consumer/partition_reader.ts";
import type { ProducerRecord, RecordMetadata } from "./producer/producer_record.ts";

/** Where a value is: a registry has a schema for each. */
export interface SerializedPart {
  /** The topic. */
  readonly topic: string;
  /** Which part of the record it is. */
  readonly part: "key" | "value";
}

/**
 * How values become bytes, and bytes values again. Each may take its time, as one does that asks a
 * registry for a schema. What is thrown rejects the `send`, or ends the loop.
 */
export interface Serializer<T> {
  /** The bytes of `value`. */
  serialize(value: T, at: SerializedPart): Uint8Array | Promise<Uint8Array>;
  /** The value of `bytes`. */
  deserialize(bytes: Uint8Array, at: SerializedPart): T | Promise<T>;
}

/** UTF-8 text. */
export const text: Serializer<string> = { serialize: utf8, deserialize: fromUtf8 };

/** JSON as UTF-8 text. The type is the program's word: nothing looks whether it is kept. */
export function json<T>(): Serializer<T> {
  return {
    serialize: (value) => utf8(JSON.stringify(value)),
    deserialize: (bytes) => JSON.parse(fromUtf8(bytes)),
  };
}

/** Serializers of both parts; a part without one stays bytes, or text that is sent. */
export interface Serializers<K, V> {
  /** Of keys. */
  readonly key?: Serializer<K>;
  /** Of values. */
  readonly value?: Serializer<V>;
}

/** A record with values of the program in place of bytes. */
export type TypedRecord<K, V> = Omit<ProducerRecord, "key" | "value"> & {
  /** As {@link ProducerRecord.key}. */
  readonly key?: K | null;
  /** As {@link ProducerRecord.value}. */
  readonly value?: V | null;
};

/** What sends records whose parts are bytes: a producer, or a transaction. */
export interface ByteSink {
  /** Resolves when the record is acknowledged. */
  send(record: ProducerRecord, options?: CallOptions): Promise<RecordMetadata>;
  /** Resolves when all are. */
  send(records: readonly ProducerRecord[], options?: CallOptions): Promise<RecordMetadata[]>;
}

/** What sends records whose parts are values of the program. */
export interface TypedSink<K, V> {
  /**
   * Serializes the record and sends it. Records keep the order of the calls; of a serializer that
   * takes its time, only where the calls are awaited.
   */
  send(record: TypedRecord<K, V>, options?: CallOptions): Promise<RecordMetadata>;
  /** Serializes and sends many. Where one cannot be serialized, none is sent. */
  send(records: readonly TypedRecord<K, V>[], options?: CallOptions): Promise<RecordMetadata[]>;
}

/** `sink`, for values of the program. */
export function typed<K = Uint8Array | string, V = Uint8Array | string>(
  sink: ByteSink,
  serializers: Serializers<K, V>,
): TypedSink<K, V> {
  const bytesOf = (record: TypedRecord<K, V>) => {
    const { topic } = record;
    const key = serialized(record.key, serializers.key, { topic, part: "key" });
    const value = serialized(record.value, serializers.value, { topic, part: "value" });
    // What is there at once goes at once, and so in the order of the calls.
    if (!(key instanceof Promise) && !(value instanceof Promise)) return { ...record, key, value };
    return Promise.all([key, value]).then(([key, value]) => ({ ...record, key, value }));
  };
  async function send(record: TypedRecord<K, V>, options?: CallOptions): Promise<RecordMetadata>;
  async function send(
    records: readonly TypedRecord<K, V>[],
    options?: CallOptions,
  ): Promise<RecordMetadata[]>;
  async function send(
    given: TypedRecord<K, V> | readonly TypedRecord<K, V>[],
    options?: CallOptions,
  ): Promise<unknown> {
    const signal = signalOf("send", options);
    if (isMany(given)) {
      const records = given.map(bytesOf);
      const isReady = !records.some((each) => each instanceof Promise);
      const ready = isReady ? records : await unlessAborted(Promise.all(records), signal);
      return await unlessAborted(sink.send(ready as ProducerRecord[], options), signal);
    }
    const record = bytesOf(given);
    const ready = record instanceof Promise ? await unlessAborted(record, signal) : record;
    return await unlessAborted(sink.send(ready, options), signal);
  }
  return { send };
}

function isMany<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given);
}

/** A record that was received, with values of the program in place of bytes. */
export type DecodedRecord<K, V> = Omit<ConsumerRecord, "key" | "value"> & {
  /** As {@link ConsumerRecord.key}. */
  readonly key: K | null;
  /** As {@link ConsumerRecord.value}. */
  readonly value: V | null;
};

/** The records of a consumer, or of anything like one, with values of the program in them. */
export async function* decoded<K = Uint8Array, V = Uint8Array>(
  records: AsyncIterable<ConsumerRecord>,
  serializers: Serializers<K, V>,
): AsyncGenerator<DecodedRecord<K, V>, void> {
  for await (const record of records) {
    const { topic } = record;
    const key = await deserialized(record.key, serializers.key, { topic, part: "key" });
    const value = await deserialized(record.value, serializers.value, { topic, part: "value" });
    yield { ...record, key, value };
  }
}

function serialized<T>(
  value: T | null | undefined,
  serializer: Serializer<T> | undefined,
  at: SerializedPart,
): Uint8Array | string | null | Promise<Uint8Array> {
  if (value === null || value === undefined) return null;
  // Without a serializer T is what the producer takes.
  return serializer === undefined ? value as Uint8Array | string : serializer.serialize(value, at);
}

function deserialized<T>(
  bytes: Uint8Array | null,
  serializer: Serializer<T> | undefined,
  at: SerializedPart,
): T | null | Promise<T> {
  if (bytes === null) return null;
  return serializer === undefined ? bytes as T : serializer.deserialize(bytes, at);
}
