// Consumer groups over time: members share, leave and join; what was committed is where reading
// goes on, also when the broker ended in between.

import { assert, assertEquals } from "@std/assert";
import { ConsumerGroupDescribe } from "../../../src/protocol/apis/69_consumer_group_describe.ts";
import { firstOf } from "../../../src/base/items.ts";
import { patienceMs, within } from "../../harness/deadline.ts";
import { RawClient } from "../../harness/raw_client.ts";
import type { Driver, Member, TestRecord } from "../driver.ts";
import { GroupWatch } from "../group_watch.ts";
import type { Scenario, Session } from "../scenario.ts";
import { assertPartitionOrder } from "./records.ts";
import {
  fromTheBeginning,
  partitionCount,
  sampleRecords,
  sessionTimeoutMs,
  spread,
  uniqueName,
  valuesOf,
} from "./samples.ts";

export const groupScenarios: readonly Scenario[] = [
  {
    name: "shares a topic in a group of three, one leaving and one joining",
    run: (session) => groupOfThree(session),
  },
  {
    name: "shares a topic as the broker has it (KIP-848), one leaving and one joining",
    run: (session) => groupOfThree(session, "consumer"),
  },
  { name: "commits, and resumes where its group left off", run: (it) => commitAndResume(it) },
  {
    name: "finds its records and its place after the broker was stopped and came back",
    run: (session) => comeBack(session, "stop"),
  },
  {
    name: "finds its records and its place after the broker was killed and came back",
    run: (session) => comeBack(session, "kill"),
  },
];

async function groupOfThree(session: Session, protocol?: "consumer"): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("shared", { partitions: partitionCount });
  const group = uniqueName("three");
  const watch = new GroupWatch();
  const members = new Map<string, Member>();
  const options = { group, topic, watch, sessionTimeoutMs, ...protocol && { protocol } };
  const sent: string[] = [];
  const sendMore = async (prefix: string) => {
    const records = spread(sampleRecords(200, prefix));
    await driver.produce(topic, records, {});
    sent.push(...valuesOf(records));
    await watch.untilSeen(sent);
  };
  try {
    await Promise.all(["one", "two", "three"].map(async (name) => {
      members.set(name, await driver.join!(name, options));
    }));
    await watch.untilShared(["one", "two", "three"], partitionCount);
    await sendMore("three-members");

    await members.get("two")!.leave();
    members.delete("two");
    watch.left("two");
    await watch.untilShared(["one", "three"], partitionCount);
    await sendMore("one-left");

    members.set("four", await driver.join!("four", options));
    await watch.untilShared(["one", "three", "four"], partitionCount);
    await sendMore("one-joined");

    assertEquals(watch.values, new Set(sent));
    if (protocol === undefined) await assertStableGroup(driver, group);
    else await assertConsumerGroup(session, group);
  } finally {
    await Promise.all([...members.values()].map((member) => member.leave()));
  }
}

async function assertStableGroup(driver: Driver, group: string): Promise<void> {
  if (driver.listGroups) {
    assert((await driver.listGroups()).includes(group), "the group is listed");
  }
  if (driver.describeGroup) {
    assertEquals(await driver.describeGroup(group), { state: "Stable", memberCount: 3 });
  }
}

/** The broker says so, whatever the client has means for, once members have said what they hold. */
async function assertConsumerGroup({ broker }: Session, group: string): Promise<void> {
  using raw = await RawClient.connect(await broker.coordinatorOf(group));
  const described = async () => {
    for (;;) {
      const { groups } = await raw.ask(ConsumerGroupDescribe, 1, {
        groupIds: [group],
        includeAuthorizedOperations: false,
      });
      if (firstOf(groups).groupState === "Stable") return firstOf(groups).members;
    }
  };
  const members = await within(described(), { ms: patienceMs, what: () => `${group} at rest` });
  assertEquals(members.map(({ memberType }) => memberType), [1, 1, 1]);
}

/** Reads and commits, has something happen, and must then see what is new and nothing else. */
async function commitAndResume(
  session: Session,
  between: (topic: string, before: TestRecord[]) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const topic = await session.makeTopic("resumed", { partitions: partitionCount });
  const group = uniqueName("resuming");
  const before = spread(sampleRecords(90, "before"));
  const after = spread(sampleRecords(60, "after"));

  const first = await readInGroup(session.driver, { group, topic, records: before });
  assertEquals(first, valuesOf(before));
  await assertCommitted(session.driver, { group, topic, count: before.length });
  await between(topic, before);

  const second = await readInGroup(session.driver, { group, topic, records: after });
  assertEquals(second, valuesOf(after));
  await assertCommitted(session.driver, { group, topic, count: before.length + after.length });
}

async function comeBack(session: Session, end: "stop" | "kill"): Promise<void> {
  await commitAndResume(session, async (topic, before) => {
    await session.restart(end);
    assertEquals(await session.driver.describeTopic(topic), partitionCount);
    const kept = await session.driver.read(topic, {
      from: fromTheBeginning(partitionCount),
      count: before.length,
    });
    assertEquals(valuesOf(kept), valuesOf(before));
    assertPartitionOrder(kept);
  });
}

/** Sends the records, and what a member of the group received until it had them all. */
async function readInGroup(
  driver: Driver,
  { group, topic, records }: { group: string; topic: string; records: TestRecord[] },
): Promise<Set<string>> {
  const watch = new GroupWatch();
  await driver.produce(topic, records, {});
  const member = await driver.join!("reader", { group, topic, watch, sessionTimeoutMs });
  try {
    await watch.untilSeen([...valuesOf(records)]);
  } finally {
    await member.leave();
  }
  return watch.values;
}

async function assertCommitted(
  driver: Driver,
  { group, topic, count }: { group: string; topic: string; count: number },
): Promise<void> {
  if (driver.committed) {
    const committed = await driver.committed(group, { topic, partitions: partitionCount });
    assertEquals(committed.reduce((sum, { offset }) => sum + Math.max(0, offset), 0), count);
  }
  if (driver.describeGroup) {
    assertEquals(await driver.describeGroup(group), { state: "Empty", memberCount: 0 });
  }
}
