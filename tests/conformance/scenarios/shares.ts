// Share groups (KIP-932): each record is one member's at a time, and done with once somebody has
// accepted or rejected it; what is released is handed out again.

import { assertEquals } from "@std/assert";
import { firstOf } from "../../../src/base/items.ts";
import {
  IncrementalAlterConfigs,
} from "../../../src/protocol/apis/44_incremental_alter_configs.ts";
import { RawClient } from "../../harness/raw_client.ts";
import type { Delivery } from "../driver.ts";
import type { Scenario, Session } from "../scenario.ts";
import { sampleRecords, spread, uniqueName } from "./samples.ts";

export const shareScenarios: readonly Scenario[] = [
  {
    name: "works a topic off in a share group (KIP-932): accepts, releases, rejects",
    run: workOff,
  },
];

/** The numbers of resources, in requests about configurations. */
const groupResource = 32;

async function workOff(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("worked-off", { partitions: 2 });
  const group = uniqueName("workers");
  await readFromTheBeginning(session, group);
  const records = spread(sampleRecords(40, "first"));
  await driver.produce(topic, records, {});
  const sent = records.map(({ value }) => value!);
  const release = [sent[3]!, sent[30]!];
  const reject = [sent[5]!];

  const count = sent.length + release.length;
  const handed = await driver.workOff!(group, { topic, count, release, reject });
  const again = release.map((value) => ({ value, deliveryCount: 2 }));
  const once = sent.map((value) => ({ value, deliveryCount: 1 }));
  assertEquals(inOrder(handed), inOrder([...once, ...again]));

  // Nothing of that comes again: whoever is next is handed what is new.
  const more = spread(sampleRecords(20, "second"));
  await driver.produce(topic, more, {});
  const nothing = { release: [], reject: [] };
  const next = await driver.workOff!(group, { topic, count: more.length, ...nothing });
  assertEquals(
    inOrder(next),
    inOrder(more.map(({ value }) => ({ value: value!, deliveryCount: 1 }))),
  );
}

/** Of partitions records are handed out in their order, of a topic in none. */
function inOrder(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ value, deliveryCount }) => `${value} x${deliveryCount}`).sort();
}

/** Without it a group begins with what comes after its first member. */
async function readFromTheBeginning({ broker }: Session, group: string): Promise<void> {
  using raw = await RawClient.connect(firstOf(broker.nodes));
  const settings = {
    "share.auto.offset.reset": "earliest",
    // As long as may be: whoever is slow must not be handed a record twice.
    "share.record.lock.duration.ms": "60000",
  };
  const configs = Object.entries(settings)
    .map(([name, value]) => ({ name, configOperation: 0, value }));
  const { responses } = await raw.ask(IncrementalAlterConfigs, 1, {
    resources: [{ resourceType: groupResource, resourceName: group, configs }],
    validateOnly: false,
  });
  const { errorCode, errorMessage } = firstOf(responses);
  if (errorCode !== 0) throw new Error(`${group}: ${errorCode} ${errorMessage}`);
}
