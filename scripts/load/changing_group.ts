// A large group that changes, on a broker of its own.

import { BrokerProcess } from "../../tests/harness/broker_process.ts";
import { changeGroup, type ChangingOptions } from "../../tests/harness/changing_group.ts";
import { realMembers } from "../../tests/harness/group_member.ts";
import { createTopic } from "./idle_groups.ts";

const topic = "shared";

/** Prints how long it took. */
export async function measureChangingGroup(options: Omit<ChangingOptions, "topic">): Promise<void> {
  const { members, partitions, changing, protocol, heartbeatMs } = options;
  await using broker = await BrokerProcess.start({
    settings: {
      "group.consumer.min.heartbeat.interval.ms": `${Math.min(heartbeatMs, 5_000)}`,
      "group.consumer.heartbeat.interval.ms": `${heartbeatMs}`,
    },
  });
  await createTopic(broker, { topic, partitionCount: partitions });
  const { firstMs, againMs } = await changeGroup(realMembers(broker), { ...options, topic });
  console.log(
    `${protocol}: ${members} members over ${partitions} partitions, a heartbeat each ` +
      `${heartbeatMs} ms: at rest within ${seconds(firstMs)} s; after ${changing} had left and ` +
      `${changing} come, within ${seconds(againMs)} s`,
  );
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
