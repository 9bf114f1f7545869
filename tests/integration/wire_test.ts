// What arrives at the port and is no proper request: garbage, lies about lengths, unknown APIs. The
// connection that sent it ends, or gets error 35; a log line names the peer; nobody else notices.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ApiVersions, decodeResponse, Metadata } from "../../src/protocol/mod.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient, request } from "../harness/raw_client.ts";

function int32(value: number): number[] {
  return [value >> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
}

function frame(...bytes: number[]): Uint8Array {
  return new Uint8Array([...int32(bytes.length), ...bytes]);
}

const header = (apiKey: number, version: number) => [0, apiKey, 0, version, 0, 0, 0, 7, 0xff, 0xff];

const fatal: readonly { name: string; bytes: Uint8Array; closeWrite?: boolean; log: RegExp }[] = [
  {
    name: "a garbage frame",
    bytes: frame(...Array.from({ length: 64 }, (_, i) => (i * 37 + 91) & 0xff)),
    log: /closed a connection/,
  },
  {
    name: "a text protocol",
    bytes: new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    log: /request length 1195725856 .*It looks like HTTP/,
  },
  {
    name: "a TLS client's greeting",
    bytes: new Uint8Array([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    log: /request length 369295618 .*It looks like TLS, and this listener has none/,
  },
  {
    name: "the PROXY protocol, as text",
    bytes: new TextEncoder().encode("PROXY TCP4 192.0.2.1 192.0.2.2 40000 9092\r\n"),
    log: /request length 1347571544 .*It looks like the PROXY protocol/,
  },
  {
    name: "the PROXY protocol, as bytes",
    bytes: new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n"),
    log: /request length 218762506 .*It looks like the PROXY protocol/,
  },
  {
    name: "a 2 GB length prefix",
    bytes: new Uint8Array([...int32(0x7fffffff), 0, 3]),
    log: /request length 2147483647/,
  },
  {
    name: "a negative length",
    bytes: new Uint8Array(int32(-5)),
    log: /request length -5/,
  },
  {
    name: "a frame too short for a header",
    bytes: frame(0, 3),
    log: /not a Kafka request/,
  },
  {
    name: "a request that ends in the middle of the frame",
    bytes: new Uint8Array([...int32(100), ...header(3, 9), 1, 2, 3]),
    closeWrite: true,
    log: /bytes into a request/,
  },
  {
    name: "a request whose body is cut short",
    bytes: frame(...header(3, 1), 0, 0, 0, 5, 0, 9),
    log: /malformed Metadata version 1 request/,
  },
  {
    name: "an array of 2 billion elements",
    bytes: frame(...header(3, 1), 0x7f, 0xff, 0xff, 0xff),
    log: /malformed Metadata version 1 request/,
  },
  {
    name: "an API key that Kafka does not have",
    bytes: frame(...[0x27, 0x0f], ...header(0, 0).slice(2)),
    log: /9999/,
  },
  {
    name: "an API between brokers",
    bytes: frame(...header(4, 0)),
    log: /not served/,
  },
  {
    name: "a version that the API does not have",
    bytes: frame(...header(3, 99), 0),
    log: /Metadata version 99 is not served/,
  },
  {
    name: "a version that an API has not whose handler is not loaded yet",
    bytes: frame(...header(44, 9), 0),
    log: /IncrementalAlterConfigs version 9 is not served/,
  },
  {
    name: "a body cut short for a handler that is not loaded yet",
    bytes: frame(...header(33, 0), 0, 0, 0, 5, 2),
    log: /malformed AlterConfigs version 0 request/,
  },
];

Deno.test("an improper request ends its connection, with a log line, and no other", async (t) => {
  await using broker = await BrokerProcess.start();
  using healthy = await RawClient.connect(broker);
  for (const { name, bytes, closeWrite, log } of fatal) {
    await t.step(name, async () => {
      using bad = await RawClient.connect(broker);
      await bad.send(bytes);
      if (closeWrite) await bad.closeWrite();
      await bad.assertClosed();
      await healthy.assertServed();
      const line = await broker.said((each) => each.includes(bad.name));
      assertMatch(line, log);
    });
  }
});

Deno.test("an unknown ApiVersions version gets error 35 and the range that is served", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  await client.send(frame(...header(18, 77), 0));
  const { message } = decodeResponse(ApiVersions, 0, (await client.receive())!);
  assertEquals(message.errorCode, 35);
  assertEquals(message.apiKeys.map(({ apiKey, minVersion }) => [apiKey, minVersion]), [[18, 0]]);
  assert(message.apiKeys[0].maxVersion >= 4);
  await client.assertServed();
});

Deno.test("pipelined requests are answered in order, small and large alike", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  const names = Array.from({ length: 500 }, (_, i) => i);
  const topics = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `t-${i}` }));
  const frames = names.map((i) =>
    request(Metadata, 9, { topics: topics(i % 100), allowAutoTopicCreation: false }, i)
  );
  const sending = client.send(concatBytes(frames));
  for (const i of names) {
    const answer = await client.receive(`answer ${i}`);
    const { correlationId, message } = decodeResponse(Metadata, 9, answer!);
    assertEquals(correlationId, i);
    assertEquals(message.topics.length, i % 100);
  }
  await sending;
});
