import { assertEquals } from "@std/assert";
import { momentOf, placeOf } from "./places.ts";

const nowMs = 1_000_000_000_000;

Deno.test("a place is an end, an offset, so many before the end, or a time", () => {
  const place = (text: string) => placeOf(text, nowMs);
  assertEquals([place("earliest"), place("beginning")], ["earliest", "earliest"]);
  assertEquals([place("latest"), place("end")], ["latest", "latest"]);
  assertEquals(place("41"), 41);
  assertEquals(place("-5"), { beforeEnd: 5 });
  assertEquals(place("1970-01-01T00:00:01Z"), { timestampMs: 1000 });
  assertEquals(place("1970-01-02"), { timestampMs: 86_400_000 });
  assertEquals(place("@1700000000000"), { timestampMs: 1_700_000_000_000 });
  assertEquals(place("5m ago"), { timestampMs: nowMs - 300_000 });
  const no = ["soon", "orders 7", "1.5", "0x10", "--5", "5m", "ago", "5 parsecs ago", "@", ""];
  for (const text of no) assertEquals(place(text), undefined, text);
  assertEquals(place("9223372036854775808"), undefined);
});

Deno.test("a moment is a time, or now", () => {
  assertEquals(momentOf("now", nowMs), nowMs);
  assertEquals(momentOf("1h30m ago", nowMs), nowMs - 5_400_000);
  assertEquals(momentOf("41", nowMs), undefined);
});
