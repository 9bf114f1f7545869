// The comparison must be able to fail, and to say where.

import { assertEquals } from "@std/assert";
import {
  array,
  int16,
  int32,
  nullable,
  record,
  string,
  struct,
  tagged,
} from "../../src/protocol/schema.ts";
import { disagreement, encoded, fieldAt } from "./disagreement.ts";

const Order = record({
  name: "Order",
  versions: "0-1",
  flexible: "1+",
  fields: {
    id: int32,
    lines: array({ product: string, count: int16 }),
    place: nullable(struct({ city: string })),
    gift: tagged(0, 1, int16),
  },
});

const order = {
  id: 7,
  lines: [{ product: "tea", count: 1 }, { product: "milk", count: 2 }],
  place: { city: "Oslo" },
  gift: 3,
};

Deno.test("bytes that our table writes the same way are no disagreement", () => {
  for (const version of [0, 1]) {
    const body = encoded(Order, order, version);
    assertEquals(disagreement(Order, { name: "Order", version, body }), undefined);
  }
});

Deno.test("the first byte that differs is named with its field", () => {
  const body = encoded(Order, { ...order, gift: 0 }, 1);
  // A tag with its default value, which Kafka and we leave out.
  const withDefault = Uint8Array.from([...body.subarray(0, -1), 1, 0, 2, 0, 0]);
  assertEquals(
    disagreement(Order, { name: "Order", version: 1, body: withDefault }),
    `Order v1: byte ${body.length - 1} is 00 here, 01 in Kafka, at the tagged fields`,
  );
});

Deno.test("what cannot be read, is too long or was refused is told", () => {
  const body = encoded(Order, order, 0);
  const told = (bytes: Uint8Array, refusal?: string) =>
    disagreement(Order, { name: "Order", version: 0, body: bytes, refusal });
  assertEquals(told(body.subarray(0, 3)), "Order v0: Order v0: needs 4 bytes at 0, 3 remain");
  assertEquals(told(Uint8Array.from([...body, 9])), "Order v0: 1 bytes are left over");
  assertEquals(told(body, "NullPointerException"), "Order v0: NullPointerException");
});

Deno.test("each position of a message has a field", () => {
  const at = (version: number, position: number) =>
    fieldAt(Order.fields, { version, flexible: version === 1, message: order, position });
  assertEquals([0, 3, 4, 7].map((position) => at(0, position)), [
    "id",
    "id",
    "lines.length",
    "lines.length",
  ]);
  assertEquals([8, 12, 13, 15].map((position) => at(0, position)), [
    "lines[0].product",
    "lines[0].product",
    "lines[0].count",
    "lines[1].product",
  ]);
  const bytes = encoded(Order, order, 1);
  const oslo = new TextDecoder().decode(bytes).indexOf("Oslo");
  assertEquals([oslo - 2, oslo - 1, oslo].map((position) => at(1, position)), [
    "place",
    "place.city",
    "place.city",
  ]);
  assertEquals(at(1, bytes.length - 1), "the tagged fields");
});
