import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../base/bytes.ts";
import { DecodeFault } from "../../base/faults.ts";
import { countMetrics } from "./otlp_metrics.ts";

/** A field with a length, in protobuf. */
function field(number: number, value: Uint8Array | readonly number[]): number[] {
  return [(number << 3) | 2, value.length, ...value];
}

const metric = (name: string) => field(2, field(1, utf8(name)));

function metricsData(...names: string[]): Uint8Array {
  const scope = field(2, [...field(1, utf8("a scope")), ...names.flatMap(metric)]);
  return new Uint8Array(field(1, scope));
}

Deno.test("pushed metrics are found within resources and scopes", () => {
  assertEquals(countMetrics(metricsData("org.apache.kafka.a", "org.apache.kafka.b")), 2);
  assertEquals(countMetrics(new Uint8Array([...metricsData("a"), ...metricsData("b", "c")])), 3);
  assertEquals(countMetrics(new Uint8Array(0)), 0);
});

Deno.test("fields of other types are passed over", () => {
  const around = [(1 << 3) | 0, 0xac, 0x02, (2 << 3) | 1, ...new Array(8).fill(7)];
  const fixed32 = [(3 << 3) | 5, 1, 2, 3, 4];
  const pushed = new Uint8Array([...around, ...metricsData("m"), ...fixed32]);
  assertEquals(countMetrics(pushed), 1);
});

Deno.test("what is cut short or of an unknown type is a fault", () => {
  const pushed = metricsData("org.apache.kafka.a");
  assertThrows(() => countMetrics(pushed.subarray(0, 9)), DecodeFault);
  assertThrows(() => countMetrics(new Uint8Array([0x0f])), DecodeFault);
  const endless = new Uint8Array(20).fill(0x80);
  endless[0] = 0x08;
  assertThrows(() => countMetrics(endless), DecodeFault);
});

Deno.test("any bytes are read to their end or refused", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      assertEquals(countMetrics(bytes) <= bytes.length / 2, true);
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
    }
  }));
});
