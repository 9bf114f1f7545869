import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { anyInt64 } from "../../tests/harness/any_int64.ts";
import { BytesReader, BytesWriter, varlongSize } from "./bytes.ts";
import { DecodeFault } from "./faults.ts";
import {
  addInt64,
  type Int64,
  INT64_MAX,
  INT64_MIN,
  isInt64,
  maxInt64,
  minInt64,
  parseInt64,
  safeInt64,
  saturated,
  subtractInt64,
  toInt64,
} from "./int64.ts";

/** Whether `value` has the one form that stands for it. */
function isOneForm(value: Int64): boolean {
  return typeof value === "number" ? Number.isSafeInteger(value) : !isSafe(value);
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

Deno.test("any int64 comes back from its eight bytes, in its one form", () => {
  fc.assert(fc.property(anyInt64, (value) => {
    const writer = new BytesWriter();
    writer.int64(value);
    const bytes = writer.finish();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    assertEquals(view.getBigInt64(0), BigInt(value));
    const read = new BytesReader(bytes).int64();
    assert(read === value && isOneForm(read));
  }));
});

Deno.test("any int64 comes back from its varlong, which takes the bytes that it says", () => {
  fc.assert(fc.property(anyInt64, (value) => {
    const writer = new BytesWriter();
    writer.varlong(value);
    const bytes = writer.finish();
    assertEquals(bytes.length, varlongSize(value));
    const reader = new BytesReader(bytes);
    const read = reader.varlong();
    assert(read === value && isOneForm(read) && reader.remaining === 0);
    assertThrows(() => new BytesReader(bytes, 0, bytes.length - 1).varlong(), DecodeFault);
  }));
});

Deno.test("sums and differences wrap as Java's do", () => {
  fc.assert(fc.property(anyInt64, anyInt64, (a, b) => {
    const sum = addInt64(a, b);
    const difference = subtractInt64(a, b);
    assert(sum === toInt64(BigInt(a) + BigInt(b)) && isOneForm(sum));
    assert(difference === toInt64(BigInt(a) - BigInt(b)) && isOneForm(difference));
    assert(addInt64(difference, b) === a);
  }));
});

Deno.test("both forms compare by value, and equal values are the same key", () => {
  fc.assert(fc.property(anyInt64, anyInt64, (a, b) => {
    assertEquals(a < b, BigInt(a) < BigInt(b));
    assertEquals(a === b, BigInt(a) === BigInt(b));
    assertEquals(new Set([a, b]).size, BigInt(a) === BigInt(b) ? 1 : 2);
    assertEquals([minInt64(a, b), maxInt64(a, b)], a < b ? [a, b] : [b, a]);
    // A log has fewer than 2^53 - 1 records: on which side of an offset a value lies stays true.
    const offset = 5;
    assertEquals([saturated(a) < offset, saturated(a) > offset], [a < offset, a > offset]);
  }));
});

Deno.test("text names an int64, or none", () => {
  fc.assert(fc.property(anyInt64, (value) => assert(parseInt64(`${value}`) === value)));
  assertEquals(parseInt64("+5"), 5);
  for (const text of ["", "5 ", "1e3", "0x10", "9223372036854775808", "-9223372036854775809"]) {
    assertEquals(parseInt64(text), undefined);
  }
});

Deno.test("what a log counted itself is a number, and anything larger is damage", () => {
  assertEquals(safeInt64(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  for (const value of [2n ** 53n, INT64_MAX, INT64_MIN]) {
    assertThrows(() => safeInt64(value), DecodeFault);
  }
});

Deno.test("an int64 is a safe number or a bigint of 64 bits, and nothing else", () => {
  for (const value of [0, -1, Number.MAX_SAFE_INTEGER, 5n, INT64_MAX, INT64_MIN]) {
    assert(isInt64(value));
  }
  for (const value of [0.5, 2 ** 53, NaN, INT64_MAX + 1n, INT64_MIN - 1n, "5", null]) {
    assert(!isInt64(value));
  }
});
