// What a broker refuses, told by the client in words that name the reason, and without harm to what
// comes after.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "../../../src/base/faults.ts";
import { endOfLog } from "../driver.ts";
import type { Scenario, Session } from "../scenario.ts";
import { noise, sampleRecords, uniqueName } from "./samples.ts";

export const refusalScenarios: readonly Scenario[] = [
  { name: "is told that a topic is unknown, and does not create it", run: unknownTopic },
  { name: "is told that a record is too large, and can go on", run: tooLarge },
  { name: "is told that an offset is out of range", run: outOfRange },
  { name: "is told that a version is not supported, and can go on", run: badVersion },
];

/** What a call that must fail says, the causes that it names included. */
async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return causesOf(error).join(": ");
  }
  throw new Error("nothing was refused");
}

function causesOf(error: unknown): string[] {
  const below = error instanceof AggregateError ? error.errors : [];
  const cause = error instanceof Error && error.cause !== undefined ? [error.cause] : [];
  return [messageOf(error), ...[...below, ...cause].flatMap(causesOf)];
}

async function unknownTopic({ driver }: Session): Promise<void> {
  const topic = uniqueName("unknown");
  const refusal = await refusalOf(driver.produce(topic, sampleRecords(1), {}));
  // Some clients ask again and again, and then say that they could not learn of the topic.
  assertMatch(refusal, /unknown.?topic|not (present|exist)|host this topic|update metadata/i);
  assert(!(await driver.listTopics()).includes(topic), "the topic was not created");
}

async function tooLarge(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("narrow", { configs: { "max.message.bytes": "20000" } });
  const record = { key: "k", headers: [], partition: 0 };
  const refusal = await refusalOf(driver.produce(topic, [{ ...record, value: noise(50_000) }], {}));
  assertMatch(refusal, /too.?large|larger than/i);
  await driver.produce(topic, [{ ...record, value: "small" }], {});
  const received = await driver.read(topic, { from: [[0, 0]], count: 1 });
  assertEquals(received.map(({ value }) => value), ["small"]);
  if (!driver.offsets) return;
  assertEquals(await driver.offsets(topic, { partitions: 1, timestamp: endOfLog }), [1]);
}

async function outOfRange(session: Session): Promise<void> {
  const { driver } = session;
  const topic = await session.makeTopic("short");
  const records = sampleRecords(5).map((record) => ({ ...record, partition: 0 }));
  await driver.produce(topic, records, {});
  const refusal = await refusalOf(driver.read(topic, { from: [[0, 100]], count: 1 }));
  // Told to reset nothing by itself, librdkafka says no more to some than that it would have to.
  assertMatch(refusal, /out.?of.?range|(outside|not within) the range|automatically reset/i);
}

/** Far above any that there is. */
const version = 99;

/** Of ApiVersions, the only request whose version is refused with an answer (KIP-511). */
async function badVersion(session: Session): Promise<void> {
  await session.watched(async ({ driver, makeTopic }, requests) => {
    const refusal = await refusalOf(driver.askForVersions!({ version }));
    assertMatch(
      refusal,
      /unsupported.?version|version of API is not supported|not know our .*version/i,
    );
    const used = await requests();
    if (used) assert(used.get("ApiVersions")?.has(version), "the broker saw the version");

    const topic = await makeTopic("after-all");
    await driver.produce(topic, [{ key: "k", value: "v", headers: [], partition: 0 }], {});
    const received = await driver.read(topic, { from: [[0, 0]], count: 1 });
    assertEquals(received.map(({ value }) => value), ["v"]);
  });
}
