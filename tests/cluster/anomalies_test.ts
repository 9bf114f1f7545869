// Each anomaly is planted in a history that has none, and found.

import { assert, assertEquals } from "@std/assert";
import { anomaliesOf, type Anomaly, anomalyKinds } from "./anomalies.ts";
import type { Found, Operation, Position, ReadRecord, Send, TransactionEnd } from "./operations.ts";

/** A history that can be spoilt. */
interface Draft {
  readonly operations: Operation[];
  readonly all: Map<string, ReadRecord[]>;
  readonly committed: Map<string, ReadRecord[]>;
  readonly positions: Map<string, number>;
  starts?: Map<string, number>;
  ids?: Map<string, string>;
  settledMs?: number;
}

function send(value: string, offset: number, transaction?: string): Send {
  const who = value.slice(0, value.indexOf(":"));
  const place = transaction === undefined ? "orders-0" : "debits-0";
  const told = { begunMs: offset, isAcknowledged: true, offset };
  return {
    kind: "send",
    who,
    place,
    value,
    ...transaction !== undefined && { transaction },
    ...told,
  };
}

function end(transaction: string, outcome: TransactionEnd["outcome"], offset: number) {
  const position = { group: "ledger", place: "orders-0", offset };
  return { kind: "end", transaction, position, outcome } as TransactionEnd;
}

function position(kind: Position["kind"], offset: number, begunMs: number): Position {
  const group = "readers";
  return { kind, group, place: "orders-0", offset, begunMs, endedMs: begunMs + 1 };
}

const orders = ["a:0", "b:0", "a:1", "b:1", "a:2"];
const debits = ["t:0", "t:1", "t:2", "t:3"];

/** Two producers, transactions of which one is aborted, readers, a group. */
function whole(): Draft {
  const records = (values: readonly string[]) => values.map((value, offset) => ({ offset, value }));
  const inOrders = records(orders);
  const inDebits = records(debits);
  const committed = inDebits.slice(0, 2);
  return {
    operations: [
      ...orders.map((value, offset) => send(value, offset)),
      send("t:0", 0, "t1"),
      send("t:1", 1, "t1"),
      end("t1", "committed", 7),
      send("t:2", 2, "t2"),
      send("t:3", 3, "t2"),
      end("t2", "aborted", 8),
      poll("reader", inOrders.slice(0, 2)),
      poll("reader", inOrders.slice(2)),
      poll("member", inOrders.slice(0, 3)),
      position("commit", 3, 100),
      position("look", 3, 102),
      { kind: "move", who: "member" },
      poll("member", inOrders.slice(3)),
      position("commit", 5, 110),
      position("look", 5, 112),
      poll("auditor", committed),
    ],
    all: new Map([["orders-0", inOrders], ["debits-0", inDebits]]),
    committed: new Map([["orders-0", inOrders], ["debits-0", committed]]),
    positions: new Map([["readers in orders-0", 5], ["ledger in orders-0", 7]]),
  };
}

function poll(who: string, records: readonly ReadRecord[]): Operation {
  const isCommitted = who === "auditor";
  const place = isCommitted ? "debits-0" : "orders-0";
  const group = who === "member" ? { group: "readers" } : {};
  return { kind: "poll", who, place, isCommitted, records, ...group };
}

function judged({ operations, ...found }: Draft): Anomaly[] {
  const end: Found = found;
  return anomaliesOf(operations, end);
}

/** What is wrong with the history once `spoil` has been at it. */
function kindsAfter(spoil: (draft: Draft) => void): Set<Anomaly["kind"]> {
  const draft = whole();
  spoil(draft);
  return new Set(judged(draft).map(({ kind }) => kind));
}

Deno.test("nothing is wrong with a history in which all is well", () => {
  assertEquals(judged(whole()), []);
});

Deno.test("what nobody knows counts neither way", () => {
  const draft = whole();
  const unsure = { ...send("a:9", 9), isAcknowledged: false, offset: undefined };
  const sent = { ...send("t:9", 9, "t9"), isAcknowledged: false, offset: undefined };
  draft.operations.push(unsure, sent, end("t9", "unknown", 9));
  draft.operations.push({ ...position("commit", 2, 200), endedMs: undefined });
  assertEquals(judged(draft), []);
});

/** An operator had the first record of the orders deleted. */
function trim(draft: Draft, start: number): void {
  draft.operations.push({ kind: "trim", place: "orders-0", offset: 1, isAcknowledged: true });
  draft.starts = new Map([["orders-0", start]]);
  for (const found of [draft.all, draft.committed]) {
    found.set("orders-0", found.get("orders-0")!.filter(({ offset }) => offset >= start));
  }
}

Deno.test("what was deleted need not be there", () => {
  const draft = whole();
  trim(draft, 1);
  assertEquals(judged(draft), []);
});

/** Drafts were sent, the topic was made anew, more were sent, and all was well from 100 ms on. */
function remake(draft: Draft, there: readonly string[]): void {
  const draftOf = (value: string, begunMs: number): Send => ({
    ...send(value, 0),
    place: "drafts-0",
    begunMs,
    endedMs: begunMs + 1,
  });
  draft.operations.push(
    draftOf("d:old", 10),
    { kind: "doom", topic: "drafts" },
    { kind: "life", topic: "drafts", id: "B", begunMs: 20, endedMs: 30 },
    draftOf("d:between", 40),
    draftOf("d:new", 110),
  );
  const found = there.map((value, offset) => ({ offset, value }));
  draft.all.set("drafts-0", found);
  draft.committed.set("drafts-0", found);
  draft.ids = new Map([["drafts", "B"]]);
  draft.settledMs = 100;
}

for (const there of [["d:new"], ["d:new", "d:between"]]) {
  Deno.test(`a topic that was made anew may have ${there.join(" and ")}`, () => {
    const draft = whole();
    remake(draft, there);
    assertEquals(judged(draft), []);
  });
}

const drop = (records: ReadRecord[], value: string) =>
  records.splice(records.findIndex((each) => each.value === value), 1);

const planted: Record<string, [Anomaly["kind"], (draft: Draft) => void]> = {
  "what was given to a reader is gone, though nobody was told that it would stay": [
    "lost write",
    ({ operations, all, committed }) => {
      const unsure = { ...send("b:1", 3), isAcknowledged: false, offset: undefined };
      operations[3] = unsure;
      for (const found of [all, committed]) {
        found.set("orders-0", found.get("orders-0")!.filter(({ value }) => value !== "b:1"));
      }
    },
  ],
  "two readers are given different records at one offset": [
    "inconsistent offset",
    ({ operations, all }) => {
      operations.push(poll("other", [{ offset: 1, value: "a:1" }]));
      all.get("orders-0")!;
    },
  ],
  "a record is acknowledged at an offset that another has": [
    "inconsistent offset",
    ({ operations }) => void operations.push({ ...send("a:3", 4), begunMs: 9 }),
  ],
  "a record that was acknowledged is not there, and later ones are": [
    "lost write",
    ({ all }) => drop(all.get("orders-0")!, "a:1"),
  ],
  "the last record that was acknowledged is never seen": [
    "unseen",
    ({ operations }) => void operations.push(send("a:3", 5)),
  ],
  "a record is there twice": [
    "duplicate",
    ({ all }) => void all.get("orders-0")!.push({ offset: 5, value: "a:0" }),
  ],
  "a record is read that nobody sent": [
    "phantom",
    ({ all }) => void all.get("orders-0")!.push({ offset: 5, value: "c:0" }),
  ],
  "a record lies where it was not sent to": [
    "phantom",
    ({ operations, all }) => {
      operations.push({ ...send("a:3", 5), isAcknowledged: false, offset: undefined });
      all.get("debits-0")!.push({ offset: 4, value: "a:3" });
    },
  ],
  "a producer's records lie the other way about": [
    "nonmonotonic send",
    ({ operations }) => {
      const [first, third] = [operations[0]!, operations[2]!];
      operations[0] = third;
      operations[2] = first;
    },
  ],
  "a reader goes back": [
    "nonmonotonic poll",
    ({ operations }) => void operations.push(poll("reader", [{ offset: 4, value: "a:2" }])),
  ],
  "a reader passes a record over": [
    "skipped poll",
    ({ operations }) => {
      operations.push(poll("other", [{ offset: 0, value: "a:0" }]));
      operations.push(poll("other", [{ offset: 2, value: "a:1" }]));
    },
  ],
  "a group commits what none of it was given": [
    "skipped poll",
    ({ operations }) =>
      void operations.splice(operations.findLastIndex((each) => each.kind === "move") + 1, 1),
  ],
  "a reader of committed records has one of an aborted transaction": [
    "aborted read",
    ({ operations }) => {
      const read = { ...poll("auditor", [{ offset: 2, value: "t:2" }]), who: "inspector" };
      operations.push(read as Operation);
    },
  ],
  "half of a transaction is committed": [
    "torn transaction",
    ({ committed, operations }) => {
      drop(committed.get("debits-0")!, "t:1");
      operations.pop();
    },
  ],
  "an aborted transaction is committed": [
    "torn transaction",
    ({ committed, all }) => committed.set("debits-0", [...all.get("debits-0")!]),
  ],
  "the records of a transaction are committed, and its position is not": [
    "torn transaction",
    ({ positions }) => void positions.set("ledger in orders-0", 6),
  ],
  "a group's position is less than what was committed": [
    "position went back",
    ({ positions }) => void positions.set("readers in orders-0", 3),
  ],
  "more is deleted than was to be": ["wrong start", (draft) => trim(draft, 2)],
  "what was deleted is there again": ["wrong start", (draft) => trim(draft, 0)],
  "what was in a topic that was deleted is in the one after it": [
    "risen",
    (draft) => remake(draft, ["d:new", "d:old"]),
  ],
  "what was sent to a topic that was made anew is not there": [
    "unseen",
    (draft) => remake(draft, []),
  ],
  "a later look finds less": [
    "position went back",
    ({ operations }) => void operations.push(position("look", 3, 120)),
  ],
};

for (const [name, [kind, spoil]] of Object.entries(planted)) {
  Deno.test(`found in a history: ${name}`, () => {
    assert(kindsAfter(spoil).has(kind), [...kindsAfter(spoil)].join(", ") || "nothing is found");
  });
}

Deno.test("each kind of anomaly is planted", () => {
  assertEquals(new Set(Object.values(planted).map(([kind]) => kind)), new Set(anomalyKinds));
});
