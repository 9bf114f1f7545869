// What most tests over a raw connection do first: make a topic, put records in, read them back.
// Each is one request at a version that every broker of the last years has; a test that is about
// one of these requests writes it out itself.

import { assertEquals } from "@std/assert";
import { fromUtf8, utf8 } from "../../src/base/bytes.ts";
import type { Int64 } from "../../src/base/int64.ts";
import { firstOf, missing } from "../../src/base/items.ts";
import {
  CreateTopics,
  ErrorCode,
  Fetch,
  Produce,
  type RequestInput,
  type ResponseOf,
} from "../../src/protocol/mod.ts";
import { type BatchInput, buildBatch, readAllRecords } from "../../src/records/mod.ts";
import type { RawClient } from "./raw_client.ts";
import { freshName } from "./shared_broker.ts";

export type ProduceAnswer = ResponseOf<
  typeof Produce
>["responses"][number]["partitionResponses"][number];
export type FetchAnswer = ResponseOf<typeof Fetch>["responses"][number]["partitions"][number];

/** A topic that a test has made. */
export interface MadeTopic {
  readonly name: string;
  readonly topicId: string;
}

/** Creates a topic with a name of its own. */
export async function makeTopic(
  client: RawClient,
  options: { partitions?: number; configs?: Record<string, string> } = {},
): Promise<MadeTopic> {
  const { partitions = 1, configs = {} } = options;
  const name = freshName("topic");
  const { topics: [topic = missing()] } = await client.ask(CreateTopics, 7, {
    topics: [{
      name,
      numPartitions: partitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    }],
    validateOnly: false,
  });
  assertEquals([topic.errorCode, topic.errorMessage], [ErrorCode.NONE, null]);
  return { name, topicId: topic.topicId };
}

/** A batch of one record for each value, stamped now. */
export function batchOf(
  values: readonly string[],
  options: Partial<BatchInput> = {},
): Uint8Array {
  const records = values.map((value) => ({ key: null, value: utf8(value), headers: [] }));
  return buildBatch({ records, timestamp: Date.now(), ...options });
}

/** What to send where. */
export interface ProduceOptions {
  readonly topic: string;
  readonly partition?: number;
  readonly records: Uint8Array | null;
  readonly acks?: number;
  readonly transactionalId?: string | null;
}

/** A Produce request for one partition, by topic name. */
export function produceRequest(
  { topic, partition = 0, records, acks = -1, transactionalId = null }: ProduceOptions,
): RequestInput<typeof Produce> {
  return {
    transactionalId,
    acks,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  };
}

/** Sends records to one partition and returns its answer. */
export async function produceTo(
  client: RawClient,
  options: ProduceOptions & { version?: number },
): Promise<ProduceAnswer> {
  const { responses } = await client.ask(Produce, options.version ?? 9, produceRequest(options));
  assertEquals(responses.map(({ name }) => name), [options.topic]);
  assertEquals(firstOf(responses).partitionResponses.length, 1);
  return firstOf(firstOf(responses).partitionResponses);
}

/** What to read from where. */
export interface FetchOptions {
  readonly topic: string;
  readonly partition?: number;
  readonly offset?: Int64;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly isolationLevel?: number;
  readonly currentLeaderEpoch?: number;
}

/** A Fetch request for one partition, by topic name. It does not wait unless told to. */
export function fetchRequest(o: FetchOptions): RequestInput<typeof Fetch> {
  const { currentLeaderEpoch } = o;
  return {
    maxWaitMs: o.maxWaitMs ?? 0,
    minBytes: o.minBytes ?? 1,
    maxBytes: o.maxBytes ?? 1 << 20,
    isolationLevel: o.isolationLevel ?? 0,
    topics: [{
      topic: o.topic,
      partitions: [{
        partition: o.partition ?? 0,
        fetchOffset: o.offset ?? 0,
        partitionMaxBytes: o.partitionMaxBytes ?? 1 << 20,
        ...(currentLeaderEpoch === undefined ? {} : { currentLeaderEpoch }),
      }],
    }],
    forgottenTopicsData: [],
  };
}

/** Reads from one partition and returns its answer. */
export async function fetchFrom(
  client: RawClient,
  options: FetchOptions & { version?: number },
): Promise<FetchAnswer> {
  const { responses } = await client.ask(Fetch, options.version ?? 12, fetchRequest(options));
  assertEquals(responses.map(({ topic }) => topic), [options.topic]);
  assertEquals(firstOf(responses).partitions.length, 1);
  return firstOf(firstOf(responses).partitions);
}

/** Offset and value of each record of uncompressed batches. */
export function recordsOf(answer: { records: Uint8Array | null }): [number, string][] {
  return [...readAllRecords(answer.records!)].map(({ offset, value }) => [
    offset,
    fromUtf8(value!),
  ]);
}
