// Quotas over the wire: who is over one is told for how long to pause, gets the answer all the
// same, and has to wait with the next request (KIP-219). Others do not notice.

import { assert, assertEquals, assertLess } from "@std/assert";
import { AlterClientQuotas } from "../../src/protocol/apis/49_alter_client_quotas.ts";
import { encodeRequest, ErrorCode, Fetch, Metadata, Produce } from "../../src/protocol/mod.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchRequest, makeTopic, produceRequest } from "../harness/raw_requests.ts";
import { beginSharing, ShareMember } from "../harness/share_member.ts";
import { simulated, type SimulatedScene } from "../harness/simulated_broker.ts";

// Windows of one second, of which two may be used at once: pauses are short, and tests quick.
const settings = { "quota.window.num": "3" };
const burstSeconds = 2;

const application = "raw-client";

async function setQuota(client: RawClient, key: string, value: number, entityName = application) {
  const entity = [{ entityType: "client-id", entityName }];
  const ops = [{ key, value, remove: value === 0 }];
  const { entries } = await client.ask(AlterClientQuotas, 1, {
    entries: [{ entity, ops }],
    validateOnly: false,
  });
  assertEquals(entries[0].errorCode, ErrorCode.NONE);
}

/** What `work` gave, and when it was begun and ended in the time of `scene`. */
async function timed<T>(
  scene: SimulatedScene,
  work: Promise<T>,
): Promise<{ result: T; beganMs: number; endedMs: number }> {
  const beganMs = scene.nowMs();
  const result = await work;
  return { result, beganMs, endedMs: scene.nowMs() };
}

/** More than a request and its answer spend in the simulated network and disk. */
const roundTripMs = 20;

Deno.test("a producer over its quota is answered at once, and its next request waits", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    using other = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const records = batchOf(["x".repeat(10_000)]);
    await setQuota(client, "producer_byte_rate", 4_000);
    const request = produceRequest({ topic, records, acks: -1 });
    const { result: produced, beganMs, endedMs } = await timed(
      scene,
      client.ask(Produce, 9, request),
    );
    assertEquals(produced.responses[0].partitionResponses[0].errorCode, ErrorCode.NONE);
    assertLess(endedMs - beganMs, roundTripMs);
    // 10 KB and a bit, of which 8 KB may be used at once: the rest costs half a second and more.
    const pauseMs = produced.throttleTimeMs;
    assert(pauseMs >= 500 - roundTripMs && pauseMs <= 700, `${pauseMs} ms`);
    const metadata = { topics: [{ name: topic }] };
    const [own, others] = await Promise.all([
      timed(scene, client.ask(Metadata, 9, metadata)),
      timed(scene, metadataAs(other, "somebody-else", metadata)),
    ]);
    assertBetween(own.endedMs - beganMs, [pauseMs, pauseMs + 2 * roundTripMs]);
    assertEquals(own.result.throttleTimeMs, 0);
    assertLess(others.endedMs - others.beganMs, roundTripMs);
  }));

function assertBetween(value: number, [min, max]: readonly [number, number]): void {
  assert(value >= min && value <= max, `${value} is not between ${min} and ${max}`);
}

/** Metadata from a client of another name. */
async function metadataAs(
  client: RawClient,
  clientId: string,
  message: { topics: { name: string }[] },
) {
  const origin = { correlationId: 7, clientId };
  await client.send(concatBytes(encodeRequest(Metadata, 9, origin, message)));
  return await client.answer(Metadata, 9);
}

Deno.test("a producer that wants no answer has to wait as well", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    await setQuota(client, "producer_byte_rate", 4_000);
    const records = batchOf(["x".repeat(10_000)]);
    const origin = { correlationId: 1, clientId: application };
    const silent = encodeRequest(Produce, 9, origin, produceRequest({ topic, records, acks: 0 }));
    await client.send(concatBytes(silent));
    const { beganMs, endedMs } = await timed(scene, client.ask(Metadata, 9, { topics: [] }));
    assertBetween(endedMs - beganMs, [500 - roundTripMs, 700]);
  }));

Deno.test("a consumer over its quota gets an empty answer, then its records", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    for (let i = 0; i < 3; i++) {
      const records = batchOf(["x".repeat(5_000)]);
      await client.ask(Produce, 9, produceRequest({ topic, records, acks: 1 }));
    }
    await setQuota(client, "consumer_byte_rate", 4_000);
    const fetch = async (offset: number) => {
      const request = client.ask(Fetch, 12, fetchRequest({ topic, offset }));
      const { result, ...times } = await timed(scene, request);
      const bytes = result.responses[0]?.partitions[0].records?.length;
      return { bytes, pauseMs: result.throttleTimeMs, ...times };
    };
    // At most what may be used at once is given, in whole batches.
    const first = await fetch(0);
    assertBetween(first.bytes!, [5_000, burstSeconds * 4_000]);
    assertEquals(first.pauseMs, 0);
    const second = await fetch(1);
    assertEquals(second.bytes, undefined);
    assert(second.pauseMs > 0);
    for (let pause = second;;) {
      const again = await fetch(1);
      assertBetween(again.endedMs - pause.beganMs, [pause.pauseMs, pause.pauseMs + roundTripMs]);
      if (again.bytes !== undefined) break;
      pause = again;
    }
  }));

Deno.test("nobody waits for more than the quota, or the bound of the answer, lets through", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    using producer = await scene.connect();
    const produce = () => {
      const records = batchOf(["x".repeat(5_000)]);
      return producer.ask(Produce, 9, produceRequest({ topic, records, acks: 1 }));
    };
    const fetch = async (maxBytes: number) => {
      const request = fetchRequest({ topic, minBytes: 1 << 20, maxBytes, maxWaitMs: 30_000 });
      const { result, beganMs, endedMs } = await timed(scene, client.ask(Fetch, 12, request));
      const { records } = result.responses[0].partitions[0];
      return { bytes: records!.length, ms: endedMs - beganMs };
    };
    await produce();
    // A second one will not fit: there is nothing to wait for once it is there.
    const waiting = fetch(8_000);
    await scene.pass(500);
    await produce();
    const bounded = await waiting;
    assertBetween(bounded.bytes, [5_000, 5_200]);
    assertBetween(bounded.ms, [500, 500 + 2 * roundTripMs]);
    await setQuota(client, "consumer_byte_rate", 4_000);
    const metered = await fetch(1 << 20);
    assertBetween(metered.bytes, [5_000, burstSeconds * 4_000]);
    assertLess(metered.ms, roundTripMs);
  }));

Deno.test("a session of a consumer over its quota goes on as if the answer had not been made", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic } = await makeTopic(client);
    const produce = async () => {
      const records = batchOf(["x".repeat(5_000)]);
      await client.ask(Produce, 9, produceRequest({ topic, records, acks: 1 }));
    };
    await produce();
    await produce();
    await setQuota(client, "consumer_byte_rate", 4_000);
    const request = fetchRequest({ topic, offset: 0 });
    const full = await client.ask(Fetch, 12, { ...request, sessionEpoch: 0 });
    assertEquals([full.throttleTimeMs, full.responses.length], [0, 1]);
    const { sessionId } = full;
    const goOn = { ...request, topics: [], sessionId };
    for (let sessionEpoch = 1, throttled = 0;; sessionEpoch++) {
      const { throttleTimeMs, responses, ...answer } = await client.ask(Fetch, 12, {
        ...goOn,
        sessionEpoch,
      });
      assertEquals([answer.errorCode, answer.sessionId], [0, sessionId]);
      if (throttleTimeMs === 0) {
        assertEquals(responses[0].partitions[0].highWatermark, 2);
        assert(throttled > 0);
        break;
      }
      assertEquals(responses, []);
      throttled++;
    }
    const other = await client.ask(Fetch, 12, { ...request, sessionEpoch: 0 });
    assert(other.throttleTimeMs > 0);
    assertEquals([other.responses, other.sessionId], [[], 0], "no session of an answer like that");
  }));

Deno.test("a member of a share group keeps what it was given, and pauses after it", () =>
  simulated({ settings }, async (scene) => {
    using client = await scene.connect();
    const { name: topic, topicId } = await makeTopic(client);
    await beginSharing(client, { groupId: "g", topicId });
    for (let i = 0; i < 4; i++) {
      const records = batchOf(["x".repeat(5_000)]);
      await client.ask(Produce, 9, produceRequest({ topic, records, acks: 1 }));
    }
    await setQuota(client, "consumer_byte_rate", 4_000);
    const member = new ShareMember(client, { groupId: "g", topicId, memberId: "member" });
    const fetch = async () => {
      const { result, ...times } = await timed(scene, member.ask({ maxRecords: 10 }));
      const [partition] = result.responses[0]?.partitions ?? [];
      const offsets = partition?.acquiredRecords.map(({ firstOffset, lastOffset }) =>
        `${firstOffset}-${lastOffset}`
      );
      return {
        offsets,
        bytes: partition?.records?.length,
        pauseMs: result.throttleTimeMs,
        ...times,
      };
    };
    // At most what may be used at once is given, in whole batches.
    const first = await fetch();
    assertEquals([first.offsets, first.pauseMs], [["0-0"], 0]);
    assertBetween(first.bytes!, [5_000, burstSeconds * 4_000]);
    const second = await fetch();
    assertEquals(second.offsets, ["1-1"], "it would be locked, and nobody would have it");
    assertLess(second.endedMs - second.beganMs, roundTripMs);
    assert(second.pauseMs > 0);
    const third = await fetch();
    assertBetween(third.endedMs - second.beganMs, [
      second.pauseMs,
      second.pauseMs + 2 * roundTripMs,
    ]);
    assertEquals(third.offsets, ["2-2"]);
  }));

Deno.test("a quota of the event loop's time holds for every kind of request", async () => {
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  await setQuota(client, "request_percentage", 0.001);
  const message = { topics: [{ name: topic }] };
  let pauseMs = 0;
  for (let i = 0; i < 20 && pauseMs === 0; i++) {
    pauseMs = (await client.ask(Metadata, 9, message)).throttleTimeMs;
  }
  assert(pauseMs > 0 && pauseMs <= 1_000, `${pauseMs} ms`);
  await setQuota(client, "request_percentage", 0);
  assertEquals((await client.ask(Metadata, 9, message)).throttleTimeMs, 0);
});

Deno.test("a broker with paused clients stops without waiting for them", async () => {
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  await setQuota(client, "producer_byte_rate", 10);
  const records = batchOf(["x".repeat(10_000)]);
  const { throttleTimeMs } = await client.ask(Produce, 9, produceRequest({ topic, records }));
  assert(throttleTimeMs > 60_000);
  const { code } = await broker.stop();
  assertEquals(code, 0, broker.output);
});
