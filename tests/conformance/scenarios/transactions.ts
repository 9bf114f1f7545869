// Transactions: what was committed is read, what was aborted is not, be it records or a place in a
// group that goes with them; and of two producers of one transactional id the later one is right.

import { assert, assertEquals } from "@std/assert";
import type { Scenario, Session } from "../scenario.ts";
import { sampleRecords, uniqueName } from "./samples.ts";

export const transactionScenarios: readonly Scenario[] = [
  {
    name: "commits transactions and aborts one, and reads what was committed",
    run: commitAndAbort,
  },
  { name: "is told that another producer has taken its transactional id", run: fenced },
  { name: "sends records on together with its place in a group, or neither", run: sendOn },
];

async function commitAndAbort(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("transacted", { partitions: 1 });
  const kept = [sampleRecords(40, "kept"), sampleRecords(20, "kept-too")];
  await driver.transact!(uniqueName("transactional"), [
    { topic, records: kept[0]!, end: "commit" },
    { topic, records: sampleRecords(30, "aborted"), end: "abort" },
    { topic, records: kept[1]!, end: "commit" },
  ]);
  const expected = kept.flat().map(({ value }) => value);
  const options = { from: [[0, 0]], count: expected.length, committed: true } as const;
  const read = await driver.read(topic, options);
  assertEquals(read.map(({ value }) => value), expected);
}

async function fenced(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("fenced", { partitions: 1 });
  const second = sampleRecords(10, "second");
  const first = sampleRecords(10, "first");
  const told = await driver.fence!(uniqueName("fenced"), { topic, first, second });
  assert(told !== null && told !== "", "the first producer has committed");
  const options = { from: [[0, 0]], count: second.length, committed: true } as const;
  const read = await driver.read(topic, options);
  assertEquals(read.map(({ value }) => value), second.map(({ value }) => value));
}

async function sendOn(session: Session): Promise<void> {
  const { driver } = session;
  const from = await session.makeTopic("sent", { partitions: 1 });
  const topic = await session.makeTopic("sent-on", { partitions: 1 });
  const records = sampleRecords(60, "sent");
  await driver.produce(from, records, {});
  const group = uniqueName("senders-on");
  const part = (start: number, offset: number, end: "commit" | "abort") => {
    return {
      topic,
      records: records.slice(start, offset),
      place: { group, topic: from, offset },
      end,
    };
  };
  const place = async () => {
    const committed = await driver.committed!(group, { topic: from, partitions: 1 });
    return committed.map(({ offset }) => offset);
  };
  const first = uniqueName("sending-on");
  await driver.transact!(first, [part(0, 40, "commit"), part(40, 60, "abort")]);
  assertEquals(await place(), [40]);
  // Under an id of its own: not every client can come back as a new producer under the same one.
  const second = uniqueName("sending-on");
  await driver.transact!(second, [part(40, 60, "commit")]);
  assertEquals(await place(), [60]);
  const options = { from: [[0, 0]], count: records.length, committed: true } as const;
  const read = await driver.read(topic, options);
  assertEquals(read.map(({ value }) => value), records.map(({ value }) => value));
}
