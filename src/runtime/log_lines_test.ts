import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatLine, type LogLine } from "./log_lines.ts";

const line: LogLine = {
  timeMs: Date.UTC(2026, 2, 1, 9, 30, 0, 125),
  level: "info",
  part: "broker",
  message: "Listening.",
  fields: { address: "127.0.0.1:9092", tls: false, node: 1, rack: null, absent: undefined },
};

Deno.test("a line for people has time, level, part, sentence and fields", () => {
  assertEquals(
    formatLine(line, "text", false),
    "2026-03-01T09:30:00.125Z INFO  broker  Listening. " +
      "address=127.0.0.1:9092 tls=false node=1 rack=null\n",
  );
});

Deno.test("a line for machines is one JSON object", () => {
  assertEquals(JSON.parse(formatLine(line, "json", false)), {
    time: "2026-03-01T09:30:00.125Z",
    level: "info",
    part: "broker",
    message: "Listening.",
    address: "127.0.0.1:9092",
    tls: false,
    node: 1,
    rack: null,
  });
});

Deno.test("a field never overwrites what a JSON line always has", () => {
  const fields = { level: "x", time: "y", lag: Infinity };
  const parsed = JSON.parse(formatLine({ ...line, fields }, "json", false));
  assertEquals([parsed.level, parsed._level, parsed._time, parsed.lag], [
    "info",
    "x",
    "y",
    "Infinity",
  ]);
});

Deno.test("a long value is cut and says how long it was", () => {
  const text = formatLine({ ...line, fields: { id: "x".repeat(1_000_000) } }, "text", false);
  assert(text.length < 2_200);
  assert(text.endsWith('… (1000000 characters)"\n'), text.slice(-60));
});

Deno.test("no field and no sentence can start a line or steer a terminal", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (value) => {
    for (const format of ["text", "json"] as const) {
      const said = { ...line, message: `Hello ${value}`, fields: { value } };
      const text = formatLine(said, format, false);
      assertEquals(text.indexOf("\n"), text.length - 1);
      assert(!/[\p{C}\u2028\u2029]/u.test(text.slice(0, -1)), text);
      if (format === "json") assertEquals(JSON.parse(text).value, value);
    }
  }));
});
