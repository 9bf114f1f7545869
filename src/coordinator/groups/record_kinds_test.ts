// Records of __consumer_offsets against bytes as Kafka writes them.

import { assertEquals, assertThrows } from "@std/assert";
import { DecodeFault } from "../../base/faults.ts";
import { ZERO_UUID } from "../../base/ids.ts";
import {
  decode,
  encodeKey,
  encodeValue,
  type GroupCoordinatorRecord,
  groupIdOf,
  groupTypeOf,
} from "./record_kinds.ts";

const commit = {
  type: "OffsetCommit",
  key: { group: "g", topic: "t", partition: 2 },
  value: {
    offset: 5,
    leaderEpoch: 1,
    metadata: "m",
    commitTimestamp: 256,
    expireTimestamp: -1,
    topicId: ZERO_UUID,
  },
} satisfies GroupCoordinatorRecord;

Deno.test("a committed offset is keyed by group, topic and partition", () => {
  assertEquals(Array.from(encodeKey(commit)), [0, 1, 0, 1, 103, 0, 1, 116, 0, 0, 0, 2]);
  assertEquals(
    Array.from(encodeValue(commit) ?? []),
    [0, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 1, 109, 0, 0, 0, 0, 0, 0, 1, 0],
  );
  assertEquals(decode(encodeKey(commit), encodeValue(commit)), commit);
});

Deno.test("an offset that expires at a time of its own is written in version 1", () => {
  const value = { ...commit.value, metadata: "", commitTimestamp: 1, expireTimestamp: 2 };
  const bytes = encodeValue({ ...commit, value });
  assertEquals(
    Array.from(bytes ?? []),
    [0, 1, ...[0, 0, 0, 0, 0, 0, 0, 5], 0, 0, ...[0, 0, 0, 0, 0, 0, 0, 1], 0, 0, 0, 0, 0, 0, 0, 2],
  );
});

Deno.test("an offset with a topic id is written in version 4, where it has a place", () => {
  const topicId = "AAAAAAAAAAAAAAAAAAAAAQ";
  const value = { ...commit.value, topicId };
  const bytes = encodeValue({ ...commit, value });
  assertEquals(bytes?.[1], 4);
  assertEquals(decode(encodeKey(commit), bytes), {
    ...commit,
    value,
  });
});

Deno.test("a key without a value is a tombstone", () => {
  const tombstone = { ...commit, value: null } as const;
  assertEquals(encodeValue(tombstone), null);
  assertEquals(decode(encodeKey(commit), null), tombstone);
});

Deno.test("a key of type 0 is an offset as well", () => {
  const key = encodeKey(commit);
  key[1] = 0;
  assertEquals(decode(key, null), { ...commit, value: null });
});

Deno.test("a group keeps its members' protocol metadata and assignment", () => {
  const group: GroupCoordinatorRecord = {
    type: "GroupMetadata",
    key: { group: "g" },
    value: {
      protocolType: "consumer",
      generation: 4,
      protocol: "range",
      leader: "m1",
      currentStateTimestamp: 99,
      members: [{
        memberId: "m1",
        groupInstanceId: "static",
        clientId: "c",
        clientHost: "/127.0.0.1",
        rebalanceTimeout: 300_000,
        sessionTimeout: 10_000,
        subscription: Uint8Array.of(1, 2),
        assignment: Uint8Array.of(3),
      }],
    },
  };
  assertEquals(Array.from(encodeKey(group)), [0, 2, 0, 1, 103]);
  assertEquals(encodeValue(group)?.[1], 3);
  for (const version of [3, 4]) {
    assertEquals(decode(encodeKey(group), encodeValue(group, version)), group);
  }
});

Deno.test("records of unknown kinds are told apart and left alone", () => {
  assertEquals(decode(Uint8Array.of(0, 99, 0, 1, 103), Uint8Array.of(0, 0, 0)), undefined);
});

Deno.test("a record of a group names its group, and the type of group it is of", () => {
  const stored = decode(Uint8Array.of(0, 3, 0, 1, 103), null);
  if (stored === undefined) throw new Error("not decoded");
  assertEquals([stored.type, groupIdOf(stored)], ["ConsumerGroupMetadata", "g"]);
  assertEquals([groupTypeOf(stored), groupTypeOf(commit)], ["consumer", undefined]);
});

Deno.test("damaged keys and values, and newer versions, are decode faults", () => {
  const key = encodeKey(commit);
  const value = encodeValue(commit) ?? new Uint8Array();
  for (let length = 0; length < key.length; length++) {
    assertThrows(() => decode(key.subarray(0, length), null), DecodeFault);
  }
  for (let length = 0; length < value.length; length++) {
    assertThrows(() => decode(key, value.subarray(0, length)), DecodeFault);
  }
  assertThrows(() => decode(key, Uint8Array.of(0, 5)), DecodeFault, "no version 5");
  assertThrows(() => decode(Uint8Array.of(...key, 0), null), DecodeFault, "1 bytes too many");
});
