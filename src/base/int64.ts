// A 64-bit integer as a peer may choose it: every value exact, at the price of a number.
//
//   within ±(2^53 - 1)   a number
//   beyond               a bigint
//
// JavaScript compares the two kinds by value (`5 < 2n ** 60n`), and since each value has one form
// here, `===`, a Map's keys and a switch see equal values as equal, too. Arithmetic does not mix
// them, and the type checker says so: `a + b` of two Int64 does not compile. Whoever calculates
// narrows first (a log's own offsets and our clocks are numbers), or takes a function from here.
// Invariant: what is decoded, added or parsed is in this form; an encoder takes any bigint of 64
// bits.

import { DecodeFault } from "./faults.ts";

/** An integer of 64 bits: a number where it is safe, a bigint elsewhere. */
export type Int64 = number | bigint;

/** Kafka's Long.MAX_VALUE and Long.MIN_VALUE. */
export const INT64_MAX = 2n ** 63n - 1n;
export const INT64_MIN = -(2n ** 63n);

const safeMax = Number.MAX_SAFE_INTEGER;

/** The low 64 bits of `value`, in the form of an Int64. */
export function toInt64(value: bigint): Int64 {
  const wrapped = BigInt.asIntN(64, value);
  return wrapped >= -safeMax && wrapped <= safeMax ? Number(wrapped) : wrapped;
}

/** The Int64 of its two halves, `high` with the sign, `low` without. */
export function int64Of(high: number, low: number): Int64 {
  const value = high * 0x1_0000_0000 + low;
  return value >= -safeMax && value <= safeMax ? value : wideOf(high, low);
}

// What is rare stands apart, so that the common way stays small enough to be inlined.

function wideOf(high: number, low: number): bigint {
  return BigInt(high) << 32n | BigInt(low);
}

function wideSum(a: Int64, b: Int64): Int64 {
  return toInt64(BigInt(a) + BigInt(b));
}

/** Whether `value` is an Int64, or a bigint that can be written as one. */
export function isInt64(value: unknown): value is Int64 {
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value;
  return Number.isSafeInteger(value);
}

/** The sum, which wraps as Java's does. */
export function addInt64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (sum >= -safeMax && sum <= safeMax) return sum;
  }
  return wideSum(a, b);
}

/** The difference, which wraps as Java's does. */
export function subtractInt64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (difference >= -safeMax && difference <= safeMax) return difference;
  }
  return wideSum(a, -BigInt(b));
}

/** The larger of two. */
export function maxInt64<T extends Int64>(a: T, b: T): T {
  return a > b ? a : b;
}

/** The smaller of two. */
export function minInt64<T extends Int64>(a: T, b: T): T {
  return a < b ? a : b;
}

/** The nearest safe integer: for a value that is compared only with such. */
export function saturated(value: Int64): number {
  if (typeof value === "number") return value;
  return value > 0n ? safeMax : -safeMax;
}

/**
 * `value` where only a number makes sense, such as an offset that a log itself has counted: 285
 * years at a million a second. Throws DecodeFault for another.
 */
export function safeInt64(value: Int64): number {
  if (typeof value === "number") return value;
  throw new DecodeFault(`${value} is past what a log can count to`);
}

/** The Int64 that decimal `text` names; undefined when it names none. */
export function parseInt64(text: string): Int64 | undefined {
  if (!/^[+-]?\d{1,30}$/.test(text)) return undefined;
  const exact = BigInt(text.replace("+", ""));
  return isInt64(exact) ? toInt64(exact) : undefined;
}

/** The Int64 whose zig-zag form is `high * 2^28 + low`; what lies above 64 bits is dropped. */
export function fromZigZag(high: number, low: number): Int64 {
  if (high < 2 ** 25) {
    const value = high * 2 ** 28 + low;
    const half = Math.floor(value / 2);
    return value % 2 === 0 ? half : -half - 1;
  }
  const value = BigInt.asUintN(64, BigInt(high) << 28n | BigInt(low));
  return toInt64((value >> 1n) ^ -(value & 1n));
}

/** The zig-zag form of `value`, unsigned: a number where it is a safe one. */
export function toZigZag(value: Int64): Int64 {
  if (typeof value === "number" && value >= -(2 ** 52) && value < 2 ** 52) {
    return value >= 0 ? value * 2 : -value * 2 - 1;
  }
  const exact = BigInt(value);
  const zigZag = BigInt.asUintN(64, (exact << 1n) ^ (exact >> 63n));
  return zigZag <= safeMax ? Number(zigZag) : zigZag;
}
