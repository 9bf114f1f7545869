// One large group of which many members leave and many come at once: how long until it is at rest
// again, every partition being somebody's.

import { GroupMember, type MemberWorld, type Protocol } from "./group_member.ts";

export interface ChangingOptions {
  readonly topic: string;
  readonly members: number;
  readonly partitions: number;
  /** So many leave, and as many come. */
  readonly changing: number;
  readonly protocol: Protocol;
  readonly heartbeatMs: number;
}

/** How long it took until the group was at rest, in milliseconds. */
export interface Changed {
  readonly firstMs: number;
  /** After the change. */
  readonly againMs: number;
}

const group = "changing";
const withinMs = 120_000;

export async function changeGroup(
  world: MemberWorld,
  { topic, members, partitions, changing, protocol, heartbeatMs }: ChangingOptions,
): Promise<Changed> {
  const enter = () =>
    GroupMember.enter(world, { protocol, group, topic, partitionCount: partitions, heartbeatMs });
  const all = await Promise.all(Array.from({ length: members }, enter));
  const firstMs = await timeToRest(world, { members: all, partitions });
  await world.pass(2 * heartbeatMs);
  const leaving = all.splice(0, changing);
  const left = Promise.all(leaving.map((member) => member.leave()));
  const come = Promise.all(Array.from({ length: changing }, enter));
  await left;
  all.push(...await come);
  const againMs = await timeToRest(world, { members: all, partitions });
  await Promise.all(all.map((member) => member.end()));
  return { firstMs, againMs };
}

/** How long until every partition is held by one member, and nobody has anything to do. */
async function timeToRest(
  world: MemberWorld,
  { members, partitions }: {
    readonly members: readonly GroupMember[];
    readonly partitions: number;
  },
): Promise<number> {
  const startMs = world.nowMs();
  const isAtRest = () => {
    if (!members.every(({ isSettled }) => isSettled)) return false;
    const held = members.flatMap((member) => [...member.held]);
    return held.length === partitions && new Set(held).size === partitions;
  };
  while (!isAtRest()) {
    if (world.nowMs() - startMs > withinMs) throw new Error(`not at rest within ${withinMs} ms`);
    await world.pass(20);
  }
  return world.nowMs() - startMs;
}
