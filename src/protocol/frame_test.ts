// Frames against bytes worked out by hand from the protocol's definition.

import { assertEquals, assertThrows } from "@std/assert";
import { BytesReader, concatBytes } from "../base/bytes.ts";
import { DecodeFault, EncodeFault } from "../base/faults.ts";
import { ApiVersions, Heartbeat, Metadata, Produce } from "./apis/mod.ts";
import {
  decodeCorrelationId,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from "./frame.ts";

/** "0004 6b61" and so on as bytes; text in quotes as its characters. */
function wire(text: string): Uint8Array {
  const hex = text.replaceAll(/'([^']*)'/g, (_, quoted: string) => {
    return Array.from(quoted, (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  }).replaceAll(/\s/g, "");
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

Deno.test("a request is its size, a header with the client id, and the body", () => {
  const chunks = encodeRequest(Heartbeat, 0, { correlationId: 7, clientId: "me" }, {
    groupId: "g",
    generationId: 3,
    memberId: "m1",
  });
  assertEquals(
    concatBytes(chunks),
    wire("00000017  000c 0000 00000007 0002 'me'  0001 'g' 00000003 0002 'm1'"),
  );
});

Deno.test("a flexible request has compact strings and tags, but not in its client id", () => {
  const chunks = encodeRequest(ApiVersions, 3, { correlationId: 1, clientId: "me" }, {
    clientSoftwareName: "ottla",
    clientSoftwareVersion: "1",
  });
  const frame = concatBytes(chunks).subarray(4);
  assertEquals(frame, wire("0012 0003 00000001 0002 'me' 00  06 'ottla' 02 '1' 00"));
  const header = decodeRequestHeader(frame);
  assertEquals(header, {
    apiKey: 18,
    apiVersion: 3,
    correlationId: 1,
    clientId: "me",
    bodyPosition: 13,
  });
  assertEquals(ApiVersions.request.decode(new BytesReader(frame, header.bodyPosition), 3), {
    clientSoftwareName: "ottla",
    clientSoftwareVersion: "1",
    clusterId: null,
    nodeId: -1,
  });
});

Deno.test("ApiVersions responses have a header without tags in every version", () => {
  const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 4 }];
  const v0 = encodeResponse(ApiVersions, 0, 9, { errorCode: 35, apiKeys });
  assertEquals(concatBytes(v0), wire("00000010 00000009 0023 00000001 0012 0000 0004"));
  const v3 = encodeResponse(ApiVersions, 3, 9, { errorCode: 0, apiKeys, throttleTimeMs: 1 });
  assertEquals(
    concatBytes(v3),
    wire("00000013 00000009  0000 02 0012 0000 0004 00 00000001 00"),
  );
});

Deno.test("other flexible responses have a header with tags", () => {
  const chunks = encodeResponse(Heartbeat, 4, 5, { errorCode: 27 });
  assertEquals(concatBytes(chunks), wire("0000000c 00000005 00  00000000 001b 00"));
  const frame = concatBytes(chunks).subarray(4);
  assertEquals(decodeCorrelationId(frame), 5);
  assertEquals(decodeResponse(Heartbeat, 4, frame), {
    correlationId: 5,
    message: { throttleTimeMs: 0, errorCode: 27 },
  });
});

Deno.test("Metadata v1 asks for all topics with a null list", () => {
  const all = encodeRequest(Metadata, 1, { correlationId: 2, clientId: null }, { topics: null });
  assertEquals(concatBytes(all), wire("0000000e 0003 0001 00000002 ffff ffffffff"));
  assertThrows(
    () => encodeRequest(Metadata, 0, { correlationId: 2, clientId: null }, { topics: null }),
    EncodeFault,
    "Metadata request.topics is null in version 0",
  );
});

Deno.test("Produce v9 carries batches as bytes with a compact length", () => {
  const chunks = encodeRequest(Produce, 9, { correlationId: 3, clientId: null }, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1500,
    topicData: [{
      name: "t",
      partitionData: [{ index: 2, records: wire("aabbcc") }],
    }],
  });
  assertEquals(
    concatBytes(chunks),
    wire(`00000021 0000 0009 00000003 ffff 00
      00 ffff 000005dc  02 02 't'  02 00000002 04 aabbcc 00  00  00`),
  );
});

Deno.test("a header cut short is a decode fault", () => {
  const whole = wire("0012 0003 00000001 0002 'me' 00");
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => decodeRequestHeader(whole.subarray(0, length)), DecodeFault);
  }
});

Deno.test("the header of an unknown API reads up to its client id", () => {
  assertEquals(decodeRequestHeader(wire("7fff 0001 00000005 0001 'x' dead")), {
    apiKey: 0x7fff,
    apiVersion: 1,
    correlationId: 5,
    clientId: "x",
    bodyPosition: 11,
  });
});

Deno.test("a response with bytes left over is a decode fault", () => {
  assertThrows(
    () => decodeResponse(Heartbeat, 0, wire("00000005 001b 00")),
    DecodeFault,
    "1 bytes too many",
  );
});
