// Any integer of 64 bits, for properties: numbers, bigints, and as often those where the two meet.

import fc from "fast-check";
import { type Int64, INT64_MAX, INT64_MIN, toInt64 } from "../../src/base/int64.ts";

const edges = [0n, 2n ** 31n, -(2n ** 31n), 2n ** 53n, -(2n ** 53n), INT64_MAX, INT64_MIN];

export const anyInt64: fc.Arbitrary<Int64> = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: INT64_MIN, max: INT64_MAX }).map(toInt64),
  fc.tuple(fc.constantFrom(...edges), fc.bigInt({ min: -3n, max: 3n }))
    .map(([edge, step]) => toInt64(edge + step)),
);
