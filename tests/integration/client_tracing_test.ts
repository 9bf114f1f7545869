// Spans of the client as OpenTelemetry's own SDK makes them: what they are called, what they tell,
// and how those who read are linked to those who sent.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { type Cluster, connect, type ConsumerRecord, textHeaders } from "../../client.ts";
import { Broker } from "../../testing.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** A broker with orders, a client whose spans are kept, and the spans. */
async function traced(
  run: (
    at: { cluster: Cluster; spans: () => ReadableSpan[]; provider: BasicTracerProvider },
  ) => Promise<void>,
): Promise<void> {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  await using broker = await Broker.start({ topics: { orders: {} } });
  const tracer = provider.getTracer("shop");
  await using cluster = await connect({ bootstrap: broker.bootstrap, clientId: "shop", tracer });
  await run({ cluster, spans: () => exporter.getFinishedSpans(), provider });
}

async function firstOf(cluster: Cluster): Promise<ConsumerRecord> {
  const consumer = cluster.consumer({ autoOffsetReset: "earliest" });
  consumer.assign([{ topic: "orders", partition: 0 }]);
  return (await consumer.records().next()).value;
}

Deno.test("a record carries the trace of its send to whoever processes it", async () => {
  await traced(async ({ cluster, spans, provider }) => {
    const tracer = provider.getTracer("program");
    const checkout = tracer.startSpan("checkout");
    await context.with(
      trace.setSpan(context.active(), checkout),
      () => cluster.producer().send({ topic: "orders", key: "7", value: "paid" }),
    );
    const [sent] = spans();
    assertEquals(sent.name, "send orders");
    assertEquals(sent.kind, 3);
    assertEquals(sent.spanContext().traceId, checkout.spanContext().traceId, "below who is active");
    assertEquals(sent.attributes, {
      "messaging.system": "kafka",
      "messaging.client.id": "shop",
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      "messaging.destination.name": "orders",
      "messaging.kafka.message.key": "7",
      "messaging.destination.partition.id": "0",
      "messaging.kafka.offset": 0,
    });

    const consumer = cluster.consumer({ groupId: "billing", autoOffsetReset: "earliest" });
    consumer.subscribe(["orders"]);
    const { value: record } = await consumer.records().next();
    const { traceId, spanId } = sent.spanContext();
    assertEquals(textHeaders(record), { traceparent: `00-${traceId}-${spanId}-01` });
    const doubled = await consumer.process(record, () => {
      tracer.startSpan("charge").end();
      return Promise.resolve(2);
    });
    assertEquals(doubled, 2);
    const [, charge, processed] = spans();
    assertEquals(charge.parentSpanContext?.spanId, processed.spanContext().spanId);
    assertEquals([processed.name, processed.kind], ["process orders", 4]);
    const links = processed.links.map((link) => [link.context.traceId, link.context.spanId]);
    assertEquals(links, [[traceId, spanId]]);
    assertEquals(processed.attributes["messaging.consumer.group.name"], "billing");
    assertEquals(processed.attributes["messaging.kafka.offset"], 0);
  });
});

Deno.test("a list is one span, which each record carries; a poll links to them", async () => {
  await traced(async ({ cluster, spans }) => {
    await cluster.producer().send([
      { topic: "orders", value: "a", headers: { traceparent: "00-old", kind: "paid" } },
      { topic: "orders", value: "b" },
    ]);
    const [sent] = spans();
    assertEquals(sent.attributes["messaging.batch.message_count"], 2);
    const consumer = cluster.consumer({ autoOffsetReset: "earliest" });
    consumer.assign([{ topic: "orders", partition: 0 }]);
    const records = await consumer.poll({ timeoutMs: 60_000 });
    assertEquals(records.length, 2);
    const { traceId, spanId } = sent.spanContext();
    const traceparent = `00-${traceId}-${spanId}-01`;
    assertEquals(records.map(textHeaders), [{ kind: "paid", traceparent }, { traceparent }]);
    const [, polled] = spans();
    assertEquals([polled.name, polled.kind], ["poll orders", 2]);
    assertEquals(polled.links.map((link) => link.context.spanId), [spanId, spanId]);
    assertEquals(polled.attributes["messaging.operation.type"], "receive");
  });
});

Deno.test("what goes wrong is told of its span, and what is no record has none", async () => {
  await traced(async ({ cluster, spans }) => {
    const producer = cluster.producer();
    await assertRejects(() => producer.send({ topic: "orders", partition: 7, value: null }));
    await assertRejects(() => producer.send(null as unknown as { topic: string }));
    await producer.send({ topic: "orders", value: "paid" });
    const record = await firstOf(cluster);
    const consumer = cluster.consumer();
    await assertRejects(() =>
      consumer.process(record, () => {
        throw new RangeError("too much");
      })
    );
    const [refused, , failed, ...others] = spans();
    assertEquals(others, []);
    assertEquals(refused.attributes["error.type"], "UNKNOWN_TOPIC_OR_PARTITION");
    assertEquals(refused.attributes["messaging.kafka.message.tombstone"], true);
    assertEquals(refused.status.code, 2);
    assertEquals(failed.attributes["error.type"], "RangeError");
    assertEquals(failed.status, { code: 2, message: "too much" });
  });
});

Deno.test("a tracer that records nothing leaves records as they are", async () => {
  await using broker = await Broker.start({ topics: { orders: {} } });
  const tracer = trace.getTracer("nobody listens");
  await using cluster = await connect({ bootstrap: broker.bootstrap, tracer });
  await cluster.producer().send({ topic: "orders", value: "paid" });
  const record = await firstOf(cluster);
  assertEquals(record.headers, []);
  assert(await cluster.consumer().process(record, () => true));
});
