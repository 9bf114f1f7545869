import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { subscription } from "../../../../tests/harness/scenario_script.ts";
import { topicsOfSubscription } from "./subscription.ts";

Deno.test("the topics of a subscription are read, whatever follows them", () => {
  const metadata = subscription(["orders", "payments"]);
  assertEquals(topicsOfSubscription(metadata), ["orders", "payments"]);
  assertEquals(topicsOfSubscription(Uint8Array.of(...metadata, 1, 2, 3)), ["orders", "payments"]);
});

Deno.test("what is not a subscription has no topics that could be told", () => {
  const whole = subscription(["orders"]);
  assertEquals(topicsOfSubscription(new Uint8Array(0)), undefined);
  assertEquals(topicsOfSubscription(whole.subarray(0, 10)), undefined);
  assertEquals(topicsOfSubscription(Uint8Array.of(0xff, 0xff, 0, 0, 0, 0)), undefined);
  assertEquals(topicsOfSubscription(Uint8Array.of(0, 0, 0x7f, 0xff, 0xff, 0xff)), undefined);
});

Deno.test("arbitrary metadata never breaks the coordinator", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (metadata) => {
    const topics = topicsOfSubscription(metadata);
    assertEquals(topics === undefined || topics.length * 2 <= metadata.length, true);
  }));
});
