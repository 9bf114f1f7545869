// One large group of which many members leave and many come at once: how long until it is at rest
// again, every partition being somebody's.

import { BrokerProcess } from "../../tests/harness/broker_process.ts";
import { createTopic, pass, until } from "./idle_groups.ts";
import { LoadMember, type Protocol } from "./member.ts";

const topic = "shared";
const group = "changing";

export interface ChangingOptions {
  readonly members: number;
  readonly partitions: number;
  /** So many leave, and as many come. */
  readonly changing: number;
  readonly protocol: Protocol;
  readonly heartbeatMs: number;
}

/** Prints how long it took; returns it in milliseconds. */
export async function measureChangingGroup(options: ChangingOptions): Promise<number> {
  const { members, partitions, changing, protocol, heartbeatMs } = options;
  await using broker = await BrokerProcess.start({
    settings: {
      "group.consumer.min.heartbeat.interval.ms": `${Math.min(heartbeatMs, 5_000)}`,
      "group.consumer.heartbeat.interval.ms": `${heartbeatMs}`,
    },
  });
  await createTopic(broker, { topic, partitionCount: partitions });
  const enter = () =>
    LoadMember.enter(broker, { protocol, group, topic, partitionCount: partitions, heartbeatMs });
  const all = await Promise.all(Array.from({ length: members }, enter));
  const firstMs = await timeToRest(all, partitions);
  await pass(2 * heartbeatMs);
  const leaving = all.splice(0, changing);
  const left = Promise.all(leaving.map((member) => member.leave()));
  const come = Promise.all(Array.from({ length: changing }, enter));
  await left;
  all.push(...await come);
  const tookMs = await timeToRest(all, partitions);
  console.log(
    `${protocol}: ${members} members over ${partitions} partitions, a heartbeat each ` +
      `${heartbeatMs} ms: at rest within ${seconds(firstMs)} s; after ${changing} had left and ` +
      `${changing} come, within ${seconds(tookMs)} s`,
  );
  await Promise.all(all.map((member) => member.end()));
  return tookMs;
}

/** How long until every partition is held by one member, and nobody has anything to do. */
async function timeToRest(members: readonly LoadMember[], partitions: number): Promise<number> {
  const startMs = performance.now();
  await until(() => {
    if (!members.every(({ isSettled }) => isSettled)) return false;
    const held = members.flatMap((member) => [...member.held]);
    return held.length === partitions && new Set(held).size === partitions;
  }, 120_000);
  return performance.now() - startMs;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
