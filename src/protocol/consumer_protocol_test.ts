// Subscriptions and assignments against bytes as clients write them.

import { assertEquals, assertThrows } from "@std/assert";
import { DecodeFault } from "../base/faults.ts";
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from "./consumer_protocol.ts";

Deno.test("a subscription has its version in front", () => {
  const subscription = { topics: ["t"], userData: null };
  assertEquals(
    Array.from(encodeSubscription(subscription, 0)),
    [0, 0, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255],
  );
  const whole = { ...subscription, ownedPartitions: [], generationId: -1, rackId: null };
  for (const version of [0, 1, 2, 3]) {
    assertEquals(decodeSubscription(encodeSubscription(subscription, version)), whole);
  }
});

Deno.test("an assignment lists partitions by topic", () => {
  const assignment = {
    assignedPartitions: [{ topic: "t", partitions: [0, 3] }],
    userData: Uint8Array.of(9),
  };
  assertEquals(
    Array.from(encodeAssignment(assignment, 1)),
    [0, 1, 0, 0, 0, 1, 0, 1, 116, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 9],
  );
  assertEquals(decodeAssignment(encodeAssignment(assignment)), assignment);
});

Deno.test("a newer version is read as the newest known one", () => {
  const bytes = Uint8Array.of(...encodeSubscription({ topics: ["t"] }), 1, 2, 3);
  bytes[1] = 7;
  assertEquals(decodeSubscription(bytes).topics, ["t"]);
});

Deno.test("what is no consumer protocol is a decode fault", () => {
  assertThrows(() => decodeSubscription(Uint8Array.of()), DecodeFault);
  assertThrows(() => decodeSubscription(Uint8Array.of(255, 255)), DecodeFault, "version -1");
  assertThrows(() => decodeAssignment(Uint8Array.of(0, 0, 0, 0, 0, 9)), DecodeFault, "array");
});
