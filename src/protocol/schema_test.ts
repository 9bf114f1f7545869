// The engine on small tables of its own: versions, tags, nulls, and the bounds on what it believes.

import { type Int64, INT64_MAX, INT64_MIN } from "../base/int64.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BytesReader, BytesWriter } from "../base/bytes.ts";
import { DecodeFault, EncodeFault } from "../base/faults.ts";
import {
  type AnyMessage,
  api,
  array,
  between,
  boolean,
  bytes,
  defaultsTo,
  essential,
  float64,
  from,
  int16,
  int32,
  int64,
  int8,
  type MessageInput,
  type MessageOf,
  neverCompact,
  nullable,
  nullableFrom,
  nullableString,
  nullableUntil,
  orNull,
  record,
  type RequestInput,
  type RequestOf,
  string,
  struct,
  tagged,
  uint16,
  uint32,
  until,
  uuid,
} from "./schema.ts";

const Order = record({
  name: "Order",
  versions: "0-3",
  flexible: "2+",
  fields: {
    id: int32,
    customer: string,
    coupon: from(1, nullableString),
    lines: array({ product: string, count: defaultsTo(1, int16) }),
    gift: tagged(0, 2, defaultsTo(true, boolean)),
    note: tagged(3, 3, nullableString),
  },
});

function encode(table: AnyMessage, message: unknown, version = 0): number[] {
  const writer = new BytesWriter();
  table.encode(writer, message as never, version);
  return Array.from(writer.finish());
}

function decode(table: AnyMessage, bytes: readonly number[], version = 0): unknown {
  const reader = new BytesReader(Uint8Array.from(bytes));
  const message = table.decode(reader, version);
  assertEquals(reader.remaining, 0);
  return message;
}

function one<const F extends Parameters<typeof record>[0]["fields"]>(
  fields: F,
  flexible = "none",
): AnyMessage {
  return record({ name: "One", versions: "0-9", flexible, fields });
}

Deno.test("one type stands for all versions: a field that a version lacks has its default", () => {
  const order: MessageInput<typeof Order> = {
    id: 7,
    customer: "ada",
    lines: [{ product: "tea" }],
  };
  assertEquals(
    encode(Order, order, 0),
    [0, 0, 0, 7, 0, 3, 97, 100, 97, 0, 0, 0, 1, 0, 3, 116, 101, 97, 0, 1],
  );
  const decoded: MessageOf<typeof Order> = Order.decode(
    new BytesReader(Uint8Array.from(encode(Order, order, 0))),
    0,
  );
  assertEquals(decoded, {
    id: 7,
    customer: "ada",
    coupon: null,
    lines: [{ product: "tea", count: 1 }],
    gift: true,
    note: null,
  });
});

Deno.test("types follow from the table", () => {
  const Example = api({
    key: 99,
    name: "Example",
    versions: "0-1",
    flexible: "1+",
    request: { name: string, limit: defaultsTo(10, int32), label: nullable(string) },
    response: { errorCode: int16 },
  });
  const input: RequestInput<typeof Example> = { name: "a", label: null };
  // @ts-expect-error: a field without a default has to be given
  const missing: RequestInput<typeof Example> = { name: "a" };
  const decoded: RequestOf<typeof Example> = { name: "a", limit: 10, label: null };
  // @ts-expect-error: what is decoded has every field
  const partial: RequestOf<typeof Example> = { name: "a", label: null };
  const text: string | null = decoded.label;
  assertEquals([input.name, missing.name, partial.name, text], ["a", "a", "a", null]);
});

Deno.test("flexible versions have compact lengths and end each struct with tags", () => {
  const order = { id: 1, customer: "b", coupon: null, lines: [{ product: "c", count: 2 }] };
  const compact = [0, 0, 0, 1, 2, 98, 0, 2, 2, 99, 0, 2, 0];
  assertEquals(encode(Order, order, 2), [...compact, 0]);
  assertEquals(encode(Order, { ...order, gift: false }, 2), [...compact, 1, 0, 1, 0]);
  assertEquals(
    encode(Order, { ...order, gift: false, note: "d" }, 3),
    [...compact, 2, 0, 1, 0, 3, 2, 2, 100],
  );
});

Deno.test("a tagged field that equals its default is not on the wire", () => {
  const order = { id: 1, customer: "", coupon: null, lines: [] };
  assertEquals(
    encode(Order, { ...order, gift: true, note: null }, 3),
    encode(Order, order, 3),
  );
  const Nested = one({ place: tagged(0, 0, struct({ x: defaultsTo(-1, int8) })) }, "0+");
  assertEquals(encode(Nested, { place: { x: -1 } }), [0]);
  assertEquals(encode(Nested, { place: {} }), [0]);
  assertEquals(encode(Nested, { place: { x: 0 } }), [1, 0, 2, 0, 0]);
  assertEquals(decode(Nested, [0]), { place: { x: -1 } });
});

Deno.test("unknown tags are stepped over, in the message and in its structs", () => {
  const withTags = [0, 0, 0, 1, 1, 0, 2, 2, 99, 0, 2, 1, 9, 3, 1, 2, 3, 2, 1, 0, 77, 2, 1, 1];
  const order = { id: 1, customer: "", coupon: null, lines: [{ product: "c", count: 2 }] };
  assertEquals(decode(Order, withTags, 2), { ...order, gift: true, note: null });
});

Deno.test("a tag whose content has another size is a decode fault", () => {
  const Nested = one({ gift: tagged(0, 0, int16) }, "0+");
  assertEquals(decode(Nested, [1, 0, 2, 0, 5]), { gift: 5 });
  assertThrows(() => decode(Nested, [1, 0, 3, 0, 5, 0]), DecodeFault, "tag 0 holds 2 bytes, not 3");
  assertThrows(() => decode(Nested, [1, 0, 1, 5]), DecodeFault);
  assertThrows(() => decode(Nested, [1, 0, 9, 5]), DecodeFault);
});

Deno.test("null is read and written where the version allows it, and a fault elsewhere", () => {
  const Text = one({ text: nullableFrom(1, string) });
  assertEquals(decode(Text, encode(Text, { text: null }, 1), 1), { text: null });
  assertThrows(() => encode(Text, { text: null }), EncodeFault, "One.text is null in version 0");
  assertThrows(() => decode(Text, [255, 255]), DecodeFault, "null string");
  const Old = one({ text: nullableUntil(0, string) });
  assertEquals(decode(Old, encode(Old, { text: null })), { text: null });
  assertThrows(() => encode(Old, { text: null }, 1), EncodeFault, "One.text is null in version 1");
  assertThrows(() => decode(one({ list: array(int8) }), [255, 255, 255, 255]), DecodeFault, "null");
  assertThrows(() => decode(one({ data: bytes }, "0+"), [0, 0]), DecodeFault, "null bytes");
});

Deno.test("a struct that may be null has a byte in front", () => {
  const Place = one({ place: orNull(struct({ x: int8 })) });
  assertEquals(encode(Place, { place: { x: 5 } }), [1, 5]);
  assertEquals(encode(Place, {}), [255]);
  assertEquals(decode(Place, [255]), { place: null });
  assertEquals(decode(Place, [1, 5]), { place: { x: 5 } });
});

Deno.test("the byte in front of a tagged struct that may be null is 0 or 1", () => {
  const Place = one({ place: tagged(0, 0, nullable(struct({ x: int8 }))) }, "0+");
  assertEquals(encode(Place, { place: null }), [1, 0, 1, 0]);
  assertEquals(encode(Place, { place: { x: 5 } }), [1, 0, 3, 1, 5, 0]);
  assertEquals(decode(Place, [1, 0, 1, 0]), { place: null });
  assertEquals(decode(Place, [1, 0, 3, 1, 5, 0]), { place: { x: 5 } });
  assertEquals(decode(Place, [0]), { place: { x: 0 } });
});

Deno.test("an essential field is never lost in silence; others are dropped", () => {
  const Ask = one({
    check: from(2, essential(boolean)),
    hint: from(2, string),
    old: until(0, essential(defaultsTo(-1, int32))),
  });
  assertEquals(encode(Ask, { hint: "x" }, 1), []);
  assertEquals(encode(Ask, { check: false, old: -1 }, 1), []);
  assertThrows(
    () => encode(Ask, { check: true }, 1),
    EncodeFault,
    "One.check does not exist in version 1",
  );
  assertThrows(() => encode(Ask, { old: 5 }, 1), EncodeFault, "One.old does not exist");
});

Deno.test("each type keeps its extreme values", () => {
  const extremes: [AnyMessage, unknown[]][] = [
    [one({ value: boolean }), [true, false]],
    [one({ value: int8 }), [-128, 127]],
    [one({ value: int16 }), [-32768, 32767]],
    [one({ value: uint16 }), [0, 65535]],
    [one({ value: int32 }), [-2147483648, 2147483647]],
    [one({ value: uint32 }), [0, 4294967295]],
    [one({ value: int64 }), [Number.MIN_SAFE_INTEGER, -1, Number.MAX_SAFE_INTEGER]],
    [one({ value: int64 }), [-(2n ** 63n), -(2n ** 53n), 2n ** 53n, 2n ** 63n - 1n]],
    [one({ value: float64 }), [Number.MIN_VALUE, -Infinity, 0.1]],
    [one({ value: uuid }), ["AAAAAAAAAAAAAAAAAAAAAA", "_____________________w"]],
    [one({ value: string }), ["", "a".repeat(32767), "\u{1f600}\u00e9"]],
  ];
  for (const [table, values] of extremes) {
    for (const value of values) assertEquals(decode(table, encode(table, { value })), { value });
  }
});

Deno.test("a number out of its type's range is an encode fault, never other bytes", () => {
  const wrong: [AnyMessage, unknown[]][] = [
    [one({ value: int8 }), [-129, 128, 0.5, NaN]],
    [one({ value: int16 }), [-32769, 32768]],
    [one({ value: uint16 }), [-1, 65536]],
    [one({ value: int32 }), [-2147483649, 2147483648, Infinity]],
    [one({ value: uint32 }), [-1, 4294967296]],
    [one({ value: int64 }), [2 ** 53, -(2 ** 53), 1.5]],
    [one({ value: int64 }), [2n ** 63n, -(2n ** 63n) - 1n]],
  ];
  for (const [table, values] of wrong) {
    for (const value of values) {
      assertThrows(() => encode(table, { value }), EncodeFault, `One.value is ${value}, not`);
    }
  }
});

Deno.test("text that is no UUID is an encode fault", () => {
  for (const value of ["", "orders", "AAAAAAAAAAAAAAAAAAAAAB"]) {
    assertThrows(() => encode(one({ value: uuid }), { value }), EncodeFault, "not a UUID");
  }
});

Deno.test("an int64 is a number where that is exact, and a bigint elsewhere", () => {
  const table = one({ value: int64 });
  const edges: [number[], Int64][] = [
    [[0, 31, 255, 255, 255, 255, 255, 255], Number.MAX_SAFE_INTEGER],
    [[0, 32, 0, 0, 0, 0, 0, 0], 2n ** 53n],
    [[255, 224, 0, 0, 0, 0, 0, 1], Number.MIN_SAFE_INTEGER],
    [[255, 224, 0, 0, 0, 0, 0, 0], -(2n ** 53n)],
    [[127, 255, 255, 255, 255, 255, 255, 255], INT64_MAX],
    [[128, 0, 0, 0, 0, 0, 0, 0], INT64_MIN],
  ];
  for (const [bytes, value] of edges) {
    assertEquals(decode(table, bytes), { value });
    assertEquals(encode(table, { value }), bytes);
  }
  assertEquals(encode(table, { value: 5n }), encode(table, { value: 5 }));
});

Deno.test("a string is at most 32,767 bytes long", () => {
  const Text = one({ text: string }, "1+");
  assertThrows(() => encode(Text, { text: "a".repeat(32768) }), EncodeFault, "32768 bytes");
  assertThrows(() => encode(Text, { text: "\u00e9".repeat(16384) }), EncodeFault, "32768 bytes");
  const long = [129, 128, 2, ...new Array(32768).fill(97), 0];
  assertThrows(() => decode(Text, long, 1), DecodeFault, "string of 32768 bytes");
});

Deno.test("a count is believed only up to what the remaining bytes can hold", () => {
  const Numbers = one({ list: array(int32) }, "1+");
  assertEquals(decode(Numbers, [0, 0, 0, 1, 0, 0, 0, 9]), { list: [9] });
  assertThrows(() => decode(Numbers, [0, 0, 0, 2, 0, 0, 0, 9]), DecodeFault, "array of 2 elements");
  assertThrows(() => decode(Numbers, [127, 255, 255, 255, 0]), DecodeFault, "2147483647 elements");
  assertThrows(() => decode(Numbers, [255, 255, 255, 255, 15, 0], 1), DecodeFault, "elements");
  const Nothing = one({ list: array({ later: from(5, int32) }) });
  assertThrows(() => decode(Nothing, [0, 0, 0, 3, 0, 0]), DecodeFault, "array of 3 elements");
});

Deno.test("an array has at most 1,000,000 elements, however many bytes there are", () => {
  const Flags = one({ list: array(boolean) });
  const input = new Uint8Array(4 + 1_000_001);
  new DataView(input.buffer).setInt32(0, 1_000_000);
  const message = Flags.decode(new BytesReader(input), 0) as { list: boolean[] };
  assertEquals(message.list.length, 1_000_000);
  new DataView(input.buffer).setInt32(0, 1_000_001);
  assertThrows(() => Flags.decode(new BytesReader(input), 0), DecodeFault, "1000001 elements");
});

Deno.test("a struct has at most 10,000 tags, however many bytes there are", () => {
  const Empty = one({}, "0+");
  const tags = (
    count: number,
  ) => [count & 0x7f | 0x80, count >> 7, ...new Array(2 * count).fill(0)];
  assertEquals(decode(Empty, tags(10_000)), {});
  assertThrows(() => decode(Empty, tags(10_001)), DecodeFault, "10001 tagged fields");
});

Deno.test("bytes decode to a view of the input, not to a copy", () => {
  const input = Uint8Array.of(0, 0, 0, 2, 8, 9);
  const message = one({ data: bytes }).decode(new BytesReader(input), 0) as { data: Uint8Array };
  assert(message.data.buffer === input.buffer);
  assertEquals(message.data, Uint8Array.of(8, 9));
});

Deno.test("large bytes are handed on by reference, in a tag too", () => {
  const data = new Uint8Array(20_000).fill(7);
  const writer = new BytesWriter();
  one({ data: tagged(0, 0, bytes) }, "0+").encode(writer, { data }, 0);
  const chunks = writer.chunks();
  assert(chunks.some((chunk) => chunk.buffer === data.buffer));
});

Deno.test("a field can keep its fixed-size length in flexible versions", () => {
  assertEquals(encode(one({ id: neverCompact(string) }, "0+"), { id: "a" }), [0, 1, 97, 0]);
});

Deno.test("a version outside the table is a fault on both sides", () => {
  assertThrows(() => decode(Order, [], 4), DecodeFault, "Order has no version 4");
  assertThrows(() => encode(Order, {}, -1), EncodeFault, "Order has no version -1");
});

Deno.test("a decode fault names the message and its version", () => {
  assertThrows(() => decode(Order, [0, 0], 1), DecodeFault, "Order v1: needs 4 bytes");
});

Deno.test("messages share no default that one of them could change", () => {
  const List = one({
    list: from(1, array(int8)),
    place: from(1, struct({ names: array(string) })),
  });
  const first = decode(List, []) as { list: number[]; place: { names: string[] } };
  first.list.push(1);
  first.place.names.push("x");
  assertEquals(decode(List, []), { list: [], place: { names: [] } });
});

Deno.test("a field of some versions between is in those alone", () => {
  const Between = one({ a: int8, b: between(1, 2, int8), c: int8 });
  for (const version of [0, 3]) {
    assertEquals(encode(Between, { a: 1, b: 2, c: 3 }, version), [1, 3]);
  }
  for (const version of [1, 2]) {
    assertEquals(encode(Between, { a: 1, b: 2, c: 3 }, version), [1, 2, 3]);
  }
});
