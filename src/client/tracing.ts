// Spans of what a client does, by the names of OpenTelemetry's conventions for messaging, and the
// trace that goes with a record in its headers (W3C Trace Context).
//
//   send orders ──traceparent──> record ──link──> poll orders
//                                       └─link──> process orders
//
// Invariant: without a tracer nothing of this costs anything. What a tracer throws is its program's
// to hear: a record is not sent without its span. The interfaces are those parts of OpenTelemetry's
// that are used here, so that its tracers fit, and none is needed.

import { OttlaError } from "../base/faults.ts";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import type { RecordHeader } from "../records/mod.ts";
import type { ConsumerRecord } from "./consumer/partition_reader.ts";
import type { ProducerRecord, RecordMetadata } from "./producer/producer_record.ts";

/** Which span it is among all traces: as OpenTelemetry's `SpanContext`. */
export interface SpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** 1: the trace is recorded. */
  readonly traceFlags: number;
  /** Came from elsewhere. */
  readonly isRemote?: boolean;
  /** What vendors keep with the trace. */
  readonly traceState?: { serialize(): string };
}

/** What is told of a span: names of OpenTelemetry's conventions, and their values. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** How a span begins. */
export interface SpanOptions {
  /** OpenTelemetry's numbers: 2 is a client, 3 a producer, 4 a consumer. */
  readonly kind: number;
  /** What is known at its beginning. */
  readonly attributes: Record<string, string | number | boolean>;
  /** The spans that it comes of. */
  readonly links?: { context: SpanContextOf }[];
  /** Milliseconds since the Unix epoch; now by default. */
  readonly startTime?: number;
}

/** A context that was read from a record's headers. */
export type SpanContextOf = Pick<SpanContext, "traceId" | "spanId" | "traceFlags" | "isRemote">;

/** Something that takes a while: as OpenTelemetry's `Span`. */
export interface Span {
  /** Which one it is. */
  spanContext(): SpanContext;
  /** Tells something of it. */
  setAttribute(name: string, value: string | number | boolean): unknown;
  /** 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** It is over. */
  end(): void;
}

/** What makes spans: as OpenTelemetry's `Tracer`, as `trace.getTracer("shop")` gives one. */
export interface Tracer {
  /** A span below the one that is active. */
  startSpan(name: string, options: SpanOptions): Span;
  /** The same, active while `run` goes on. */
  startActiveSpan<T>(name: string, options: SpanOptions, run: (span: Span) => T): T;
}

const kinds = { client: 2, producer: 3, consumer: 4 } as const;
const errorStatus = 2;
/** A poll of more records links to the first of them. */
const linksMax = 128;
const parentHeader = "traceparent";
const stateHeader = "tracestate";
const traceparent = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/;
const noTrace = /^0+$/;

/** Makes the spans of one client. */
export class Tracing {
  readonly #tracer: Tracer;
  readonly #common: SpanAttributes;

  constructor(tracer: Tracer, { clientId }: { clientId: string }) {
    this.#tracer = tracer;
    this.#common = { "messaging.system": "kafka", "messaging.client.id": clientId };
  }

  /** Sends a record, which carries the span of it along. */
  sendOne(
    record: ProducerRecord,
    send: (record: ProducerRecord) => Promise<RecordMetadata>,
  ): Promise<RecordMetadata> {
    const { topic } = record;
    const span = this.#sending(topic, keyOf(record));
    return settled(span, async () => {
      const sent = await send(carrying(record, span.spanContext()));
      for (const [name, value] of Object.entries(placeOf(sent))) span.setAttribute(name, value);
      return sent;
    });
  }

  /** Sends records, all of which carry the one span of them along. */
  sendMany(
    records: readonly ProducerRecord[],
    send: (records: readonly ProducerRecord[]) => Promise<RecordMetadata[]>,
  ): Promise<RecordMetadata[]> {
    const count = { "messaging.batch.message_count": records.length };
    const span = this.#sending(commonTopic(records), count);
    return settled(span, () => {
      const context = span.spanContext();
      return send(records.map((each) => carrying(each, context)));
    });
  }

  #sending(topic: string | undefined, attributes: SpanAttributes): Span {
    return this.#tracer.startSpan(nameOf("send", topic), {
      kind: kinds.producer,
      attributes: { ...this.#attributes("send", "send", topic), ...attributes },
    });
  }

  /** Tells of records that were fetched since `startMs`. */
  polled(records: readonly ConsumerRecord[], of: { groupId?: string; startMs: number }): void {
    const topic = commonTopic(records);
    const links: { context: SpanContextOf }[] = [];
    for (const { headers } of records) {
      const context = links.length < linksMax ? contextOf(headers) : undefined;
      if (context !== undefined) links.push({ context });
    }
    this.#tracer.startSpan(nameOf("poll", topic), {
      kind: kinds.client,
      attributes: {
        ...this.#attributes("poll", "receive", topic),
        ...groupOf(of.groupId),
        "messaging.batch.message_count": records.length,
      },
      links,
      startTime: of.startMs,
    }).end();
  }

  /** `run`, in a span that is active meanwhile. */
  process<T>(
    record: ConsumerRecord,
    of: { groupId?: string; run: () => Promise<T> | T },
  ): Promise<T> {
    const context = contextOf(record.headers);
    const options = {
      kind: kinds.consumer,
      attributes: {
        ...this.#attributes("process", "process", record.topic),
        ...groupOf(of.groupId),
        ...keyOf(record),
        ...placeOf(record),
      },
      links: context === undefined ? [] : [{ context }],
    };
    const name = nameOf("process", record.topic);
    return this.#tracer.startActiveSpan(name, options, (span) => settled(span, of.run));
  }

  #attributes(name: string, type: string, topic: string | undefined) {
    return {
      ...this.#common,
      "messaging.operation.name": name,
      "messaging.operation.type": type,
      ...topic !== undefined && { "messaging.destination.name": topic },
    };
  }
}

/**
 * The text headers of a record as an object: what `propagation.extract(context.active(), …)` of
 * OpenTelemetry takes, for programs that go on with the sender's trace rather than link to it.
 */
export function textHeaders(
  { headers }: Pick<ConsumerRecord, "headers">,
): Record<string, string> {
  return Object.fromEntries(headers.map(({ key, value }) => [key, fromUtf8(value ?? noBytes)]));
}

const noBytes = new Uint8Array(0);

function nameOf(operation: string, topic: string | undefined): string {
  return topic === undefined ? operation : `${operation} ${topic}`;
}

function groupOf(groupId: string | undefined): SpanAttributes {
  return groupId === undefined ? {} : { "messaging.consumer.group.name": groupId };
}

function keyOf({ key, value }: Pick<ProducerRecord, "key" | "value">): SpanAttributes {
  return {
    ...typeof key === "string" && { "messaging.kafka.message.key": key },
    ...key instanceof Uint8Array && { "messaging.kafka.message.key": fromUtf8(key) },
    ...(value === null || value === undefined) && { "messaging.kafka.message.tombstone": true },
  };
}

function placeOf({ partition, offset }: { partition: number; offset: number }): SpanAttributes {
  return {
    "messaging.destination.partition.id": `${partition}`,
    ...offset >= 0 && { "messaging.kafka.offset": offset },
  };
}

/** What `run` comes to, of which its span tells. */
async function settled<T>(span: Span, run: () => Promise<T> | T): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const isError = error instanceof Error;
    const type = error instanceof OttlaError ? error.code : isError ? error.name : "_OTHER";
    span.setAttribute("error.type", type);
    span.setStatus({ code: errorStatus, ...isError && { message: error.message } });
    throw error;
  } finally {
    span.end();
  }
}

/** The topic of all of them; undefined where there are several. */
function commonTopic(records: readonly { readonly topic: string }[]): string | undefined {
  const [first] = records;
  return records.every(({ topic }) => topic === first?.topic) ? first?.topic : undefined;
}

/** The record with the trace among its headers, in place of one that it had. */
function carrying(record: ProducerRecord, context: SpanContext): ProducerRecord {
  const { traceId, spanId, traceFlags, traceState } = context;
  // A tracer that records nothing anywhere has no trace.
  if (noTrace.test(traceId) || noTrace.test(spanId)) return record;
  const { headers = [] } = record;
  const given = Array.isArray(headers)
    ? headers as readonly (readonly [string, Uint8Array | string | null])[]
    : Object.entries(headers);
  const flags = traceFlags.toString(16).padStart(2, "0");
  const state = traceState?.serialize() ?? "";
  const kept = given.filter(([name]) => name !== parentHeader && name !== stateHeader);
  return {
    ...record,
    headers: [
      ...kept,
      [parentHeader, utf8(`00-${traceId}-${spanId}-${flags}`)],
      ...state === "" ? [] : [[stateHeader, utf8(state)] as const],
    ],
  };
}

/** Where the record was sent, as its headers tell; undefined where they do not. */
function contextOf(headers: readonly RecordHeader[]): SpanContextOf | undefined {
  const value = headers.findLast(({ key }) => key === parentHeader)?.value;
  const [, traceId, spanId, flags] = traceparent.exec(fromUtf8(value ?? noBytes)) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (noTrace.test(traceId) || noTrace.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
}
