import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../base/bytes.ts";
import { DecodeFault } from "../../base/faults.ts";
import { metricNames } from "./otlp_metrics.ts";

/** A field with a length, in protobuf. */
function field(number: number, value: Uint8Array | readonly number[]): number[] {
  return [(number << 3) | 2, value.length, ...value];
}

const metric = (name: string) => field(2, field(1, utf8(name)));

function metricsData(...names: string[]): Uint8Array {
  const scope = field(2, [...field(1, utf8("a scope")), ...names.flatMap(metric)]);
  return new Uint8Array(field(1, scope));
}

Deno.test("the names of pushed metrics are found within resources and scopes", () => {
  const pushed = metricsData("org.apache.kafka.a", "org.apache.kafka.b");
  assertEquals(metricNames(pushed, { namesMax: 10 }), {
    names: ["org.apache.kafka.a", "org.apache.kafka.b"],
    count: 2,
  });
  assertEquals(metricNames(pushed, { namesMax: 1 }).names.length, 1);
  assertEquals(metricNames(new Uint8Array(0), { namesMax: 1 }), { names: [], count: 0 });
});

Deno.test("fields of other types are passed over", () => {
  const around = [(1 << 3) | 0, 0xac, 0x02, (2 << 3) | 1, ...new Array(8).fill(7)];
  const fixed32 = [(3 << 3) | 5, 1, 2, 3, 4];
  const pushed = new Uint8Array([...around, ...metricsData("m"), ...fixed32]);
  assertEquals(metricNames(pushed, { namesMax: 9 }).names, ["m"]);
});

Deno.test("what is cut short or of an unknown type is a fault", () => {
  const pushed = metricsData("org.apache.kafka.a");
  assertThrows(() => metricNames(pushed.subarray(0, 9), { namesMax: 9 }), DecodeFault);
  assertThrows(() => metricNames(new Uint8Array([0x0f]), { namesMax: 9 }), DecodeFault);
  const endless = new Uint8Array(20).fill(0x80);
  endless[0] = 0x08;
  assertThrows(() => metricNames(endless, { namesMax: 9 }), DecodeFault);
});

Deno.test("any bytes are read to their end or refused", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      assertEquals(metricNames(bytes, { namesMax: 5 }).names.length <= 5, true);
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
    }
  }));
});
