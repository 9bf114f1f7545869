import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageFault } from "../base/faults.ts";
import { ErrorCode } from "../protocol/mod.ts";
import { parseBootstrap } from "./network/address.ts";
import { KafkaError } from "./faults.ts";
import { backoffOf, retrying } from "./retry.ts";

/** Time that passes only when somebody sleeps. */
function ports() {
  let nowMs = 0;
  return {
    clock: { now: () => nowMs, monotonic: () => nowMs },
    timers: {
      after: (delayMs: number, run: () => void) => {
        nowMs += delayMs;
        queueMicrotask(run);
        return { cancel: () => {} };
      },
      turn: () => Promise.resolve(),
    },
    random: { uint32: () => 2 ** 31, bytes: (length: number) => new Uint8Array(length) },
  };
}

const passing = () => new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, "try");

Deno.test("what may pass is tried again until it has", async () => {
  let attempts = 0;
  const result = await retrying(
    () => ++attempts < 4 ? Promise.reject(passing()) : Promise.resolve("done"),
    ports(),
    { timeoutMs: 10_000 },
  );
  assertEquals([result, attempts], ["done", 4]);
});

Deno.test("the last failure is thrown when the time is over", async () => {
  let attempts = 0;
  const failing = () => {
    attempts++;
    return Promise.reject(passing());
  };
  await assertRejects(() => retrying(failing, ports(), { timeoutMs: 2000 }), KafkaError);
  assert(attempts > 2 && attempts < 10, `${attempts} attempts`);
});

Deno.test("what cannot pass is thrown at once", async () => {
  let attempts = 0;
  const failing = () => {
    attempts++;
    return Promise.reject(new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, "try"));
  };
  await assertRejects(() => retrying(failing, ports(), { timeoutMs: 2000 }), KafkaError);
  assertEquals(attempts, 1);
});

Deno.test("pauses double up to a bound and are spread by a fifth", () => {
  const lowest = { uint32: () => 0, bytes: (length: number) => new Uint8Array(length) };
  const pauses = [1, 2, 3, 100].map((attempt) => backoffOf(attempt, { random: lowest }));
  assertEquals(pauses, [40, 80, 160, 800]);
});

Deno.test("bootstrap addresses are read as people write them", () => {
  assertEquals(parseBootstrap("kafka"), [{ host: "kafka", port: 9092 }]);
  assertEquals(parseBootstrap("a:1, [::1]:2"), [{ host: "a", port: 1 }, { host: "::1", port: 2 }]);
  for (const text of ["", "a:0", "a:70000", "a:b", "http://a"]) {
    let isRefused = false;
    try {
      parseBootstrap(text);
    } catch (error) {
      isRefused = error instanceof UsageFault;
    }
    assert(isRefused, text);
  }
});
