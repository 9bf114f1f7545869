// What a group knows of its members and they of it: one that dies is missed, a static one is waited
// for, and a commit carries its metadata.

import { assert, assertEquals } from "@std/assert";
import type { Member } from "../driver.ts";
import { GroupWatch } from "../group_watch.ts";
import type { Scenario, Session } from "../scenario.ts";
import { partitionCount, sampleRecords, sessionTimeoutMs, spread, uniqueName } from "./samples.ts";

/** Of members that are to miss it. */
const shortSessionMs = 4000;

export const membershipScenarios: readonly Scenario[] = [
  { name: "takes over from a member that was killed", run: takeOver },
  { name: "comes back as a static member, and nothing is rebalanced", run: staticMember },
  { name: "commits with metadata and reads it back", run: commitMetadata },
  { name: "lists, describes and deletes a group", run: deleteGroup },
];

async function takeOver(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("taken", { partitions: partitionCount });
  const watch = new GroupWatch();
  const group = uniqueName("taking-over");
  const options = { group, topic, watch, sessionTimeoutMs: shortSessionMs };
  const stays = await driver.join!("stays", options);
  try {
    const dies = await driver.join!("dies", { ...options, apart: true });
    await watch.untilShared(["stays", "dies"], partitionCount);
    await dies.kill!();
    watch.left("dies");
    await watch.untilShared(["stays"], partitionCount);
    const records = spread(sampleRecords(30));
    await driver.produce(topic, records, {});
    await watch.untilSeen(records.map(({ value }) => value!));
  } finally {
    await stays.leave();
  }
}

async function staticMember(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("static", { partitions: partitionCount });
  const watch = new GroupWatch();
  const options = { group: uniqueName("static"), topic, watch, sessionTimeoutMs };
  const two = { ...options, instanceId: "instance-two", apart: true };
  const members: Member[] = [await driver.join!("one", { ...options, instanceId: "instance-one" })];
  try {
    const killed = await driver.join!("two", two);
    await watch.untilShared(["one", "two"], partitionCount);
    // Who gave partitions up is told what it has once more, maybe after the other one. Who has read
    // was told.
    const records = spread(sampleRecords(30));
    await driver.produce(topic, records, {});
    await watch.untilSeen(records.map(({ value }) => value!));
    const held = watch.heldBy("two");
    const changes = watch.changesOf("one");
    await killed.kill!();
    watch.left("two");

    members.push(await driver.join!("two", two));
    await watch.untilShared(["one", "two"], partitionCount);
    assertEquals(watch.heldBy("two"), held);
    assertEquals(watch.changesOf("one"), changes, "the other member was left alone");
  } finally {
    await Promise.all(members.map((member) => member.leave()));
  }
}

async function commitMetadata(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("annotated", { partitions: 2 });
  const group = uniqueName("annotating");
  await driver.produce(topic, spread(sampleRecords(20)), {});
  await driver.commit!(group, { topic, partition: 1, offset: 7, metadata: "as far as seven" });
  const committed = await driver.committed!(group, { topic, partitions: 2 });
  assertEquals(committed[1], { offset: 7, metadata: "as far as seven" });
  assertEquals(committed[0]!.offset, -1);
}

async function deleteGroup(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("placed");
  const group = uniqueName("placed");
  await driver.commit!(group, { topic, partition: 0, offset: 0, metadata: "" });
  assert((await driver.listGroups!()).includes(group), "the group is listed");
  assertEquals(await driver.describeGroup!(group), { state: "Empty", memberCount: 0 });
  await driver.deleteGroup!(group);
  assert(!(await driver.listGroups!()).includes(group), "the deleted group is gone");
}
