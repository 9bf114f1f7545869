import { assertEquals } from "@std/assert";
import { Ledger } from "./ledger.ts";

/** A history in which all is well, but for what is put in place of some of it. */
function judged({ lines = [], records = [], committed = [], ends = 4, position = 1 }: {
  lines?: readonly string[];
  records?: readonly (readonly [offset: number, value: string])[];
  committed?: readonly (readonly [place: string, offset: number, value: string])[];
  ends?: number;
  position?: number;
}): string {
  const ledger = new Ledger();
  for (const line of lines) assertEquals(ledger.take(line), true, line);
  for (const [offset, value] of records) ledger.onRecord("sales-0", offset, value);
  for (const each of committed) ledger.onCommittedRecord(...each);
  ledger.close({
    groups: ["readers"],
    ends: new Map([["sales-0", ends]]),
    positions: new Map([["teller", position]]),
  });
  return ledger.verdict;
}

const lines = [
  "acked sender.1 sales-0 0 1 2",
  "acked sender.2 sales-0 0 0 3",
  "moved readers one.1 sales-0",
  "polled readers one.1 sales-0 0 1",
  "committed readers sales-0 2",
  "moved readers two.1 sales-0",
  "polled readers two.1 sales-0 2 3",
  "ended teller.1 0 aborted",
  "ended teller.1 1 committed",
];
const records = [[0, "sender.1:0"], [1, "other.1:0"], [2, "sender.1:1"], [
  3,
  "sender.2:0",
]] as const;
const committed = [
  ["withdrawals-0", 5, "teller.1#1:0/3"],
  ["deposits-0", 7, "teller.1#1:1/3"],
  ["withdrawals-0", 6, "teller.1#1:2/3"],
] as const;
const well = { lines, records, committed };

Deno.test("a ledger finds nothing where all is well", () => {
  assertEquals(judged(well), "no anomaly");
});

Deno.test("a ledger finds what was acknowledged and is not there", () => {
  const more = [...lines, "acked sender.2 sales-0 1 4 9", "ended teller.1 2 committed"];
  assertEquals(judged({ ...well, lines: more }), "2 x lost write");
});

Deno.test("a ledger finds what is there twice, or in another order", () => {
  const twice = [...records, [4, "sender.1:1"]] as const;
  assertEquals(judged({ ...well, records: twice }), "1 x duplicate");
  const turned = [[0, "sender.1:1"], [1, "other.1:0"], [2, "sender.1:0"], records[3]] as const;
  assertEquals(judged({ ...well, records: turned }), "1 x nonmonotonic send");
  const again = [...committed, ["deposits-0", 9, "teller.1#1:1/3"]] as const;
  assertEquals(judged({ ...well, committed: again }), "1 x duplicate");
});

Deno.test("a ledger finds readers that skip or go back", () => {
  const skipping = records.filter(([offset]) => offset !== 1);
  assertEquals(judged({ ...well, records: skipping }), "1 x skipped poll");
  const back = [...records, [2, "other.1:1"]] as const;
  assertEquals(judged({ ...well, records: back }), "1 x nonmonotonic poll");
});

Deno.test("a ledger finds groups that skip, or go back behind what they have committed", () => {
  const said = (line: string, instead: string) => ({
    ...well,
    lines: lines.map((each) => each === line ? instead : each),
  });
  const last = "polled readers two.1 sales-0 2 3";
  assertEquals(judged(said(last, "polled readers two.1 sales-0 3 3")), "1 x skipped poll");
  assertEquals(judged(said(last, "polled readers two.1 sales-0 1 3")), "1 x position went back");
  assertEquals(
    judged(said("moved readers two.1 sales-0", "polled readers one.1 sales-0 1 3")),
    "1 x nonmonotonic poll",
  );
});

Deno.test("a ledger finds parts of transactions, and aborted ones that are there", () => {
  assertEquals(judged({ ...well, committed: committed.slice(1) }), "1 x torn transaction");
  const aborted = lines.map((line) => line.replace("1 committed", "1 aborted"));
  assertEquals(judged({ ...well, lines: aborted }), "1 x aborted read");
  assertEquals(judged({ ...well, position: 0 }), "1 x torn transaction");
});
