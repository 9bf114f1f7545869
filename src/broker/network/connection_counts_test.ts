import { assertEquals } from "@std/assert";
import { ConnectionCounts, parseOverrides } from "./connection_counts.ts";

Deno.test("connections are bounded in all and by address, for some by another number", () => {
  let overrides = "10.0.0.1:3";
  const counts = new ConnectionCounts({
    connectionsMax: () => 5,
    descriptorsMax: Infinity,
    listenerMax: (listener) => listener === "NARROW" ? 1 : 100,
    isProtected: (listener) => listener === "BROKERS",
    perAddressMax: () => 1,
    overrides: () => overrides,
  });
  counts.add("10.0.0.2", "OUTSIDE");
  assertEquals(counts.reachedBy("10.0.0.2", "OUTSIDE"), { key: "max.connections.per.ip", max: 1 });
  for (let i = 0; i < 3; i++) {
    assertEquals(counts.reachedBy("10.0.0.1", "OUTSIDE"), undefined);
    counts.add("10.0.0.1", "OUTSIDE");
  }
  assertEquals(counts.reachedBy("10.0.0.1", "OUTSIDE"), { key: "max.connections.per.ip", max: 3 });
  assertEquals(counts.reachedBy("10.0.0.3", "OUTSIDE"), undefined);
  counts.add("10.0.0.3", "OUTSIDE");
  assertEquals(counts.reachedBy("10.0.0.4", "OUTSIDE"), { key: "max.connections", max: 5 });
  counts.remove("10.0.0.2", "OUTSIDE");
  assertEquals(counts.reachedBy("10.0.0.2", "OUTSIDE"), undefined);
  overrides = "10.0.0.1:4";
  assertEquals(counts.reachedBy("10.0.0.1", "OUTSIDE"), undefined);
});

Deno.test("a listener has a bound of its own, and that of brokers none of the others'", () => {
  const counts = new ConnectionCounts({
    connectionsMax: () => 2,
    descriptorsMax: Infinity,
    listenerMax: (listener) => listener === "NARROW" ? 1 : 100,
    isProtected: (listener) => listener === "BROKERS",
    perAddressMax: () => 100,
    overrides: () => "",
  });
  counts.add("10.0.0.1", "NARROW");
  assertEquals(counts.reachedBy("10.0.0.1", "NARROW"), { key: "max.connections", max: 1 });
  counts.add("10.0.0.1", "OUTSIDE");
  assertEquals(counts.reachedBy("10.0.0.1", "OUTSIDE"), { key: "max.connections", max: 2 });
  assertEquals(counts.reachedBy("10.0.0.1", "BROKERS"), undefined);
  assertEquals(counts.isExceeded, false);
  counts.add("10.0.0.1", "BROKERS");
  assertEquals(counts.isExceeded, true);
  counts.remove("10.0.0.1", "NARROW");
  assertEquals(counts.isExceeded, false);
  assertEquals(counts.reachedBy("10.0.0.1", "NARROW"), { key: "max.connections", max: 2 });
});

Deno.test("connections leave files for the logs, whatever the configuration says", () => {
  const counts = new ConnectionCounts({
    connectionsMax: () => 100,
    descriptorsMax: 1,
    listenerMax: () => 100,
    isProtected: (listener) => listener === "BROKERS",
    perAddressMax: () => 100,
    overrides: () => "",
  });
  counts.add("10.0.0.1", "OUTSIDE");
  const reached = { key: "openFilesLimitLeaves", max: 1 };
  assertEquals(counts.reachedBy("10.0.0.2", "OUTSIDE"), reached);
  assertEquals(counts.reachedBy("10.0.0.2", "BROKERS"), undefined);
  counts.add("10.0.0.2", "BROKERS");
  assertEquals(counts.isExceeded, true);
});

Deno.test("limits are for addresses of both families", () => {
  assertEquals(parseOverrides(" 10.0.0.7:20, [::1]:5 ,fe80::1:7,"), {
    overrides: new Map([["10.0.0.7", 20], ["::1", 5], ["fe80::1", 7]]),
  });
  for (const wrong of ["host", "host:5", "10.0.0.7", "10.0.0.7:x", ":", "::1"]) {
    const problem = `"${wrong}" is not of the form ADDRESS:COUNT`;
    assertEquals(parseOverrides(wrong), { problem });
  }
});
