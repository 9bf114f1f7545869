// Clients that are told which Kafka to expect: they speak the versions of then, and the broker says
// that they did. Below 0.11 records travel in message sets, which are converted both ways.

import { assert, assertEquals } from "@std/assert";
import type { Era } from "../driver.ts";
import type { UsedVersions } from "../request_log.ts";
import type { Codec } from "../stored_codec.ts";
import type { Scenario, Session } from "../scenario.ts";
import { sampleRecords } from "./samples.ts";

export const eraScenarios: readonly Scenario[] = (["0.11", "0.10", "0.9"] as const).map((era) => ({
  name: `sends and reads as with Kafka ${era}`,
  run: (session) => asInEra(session, era),
}));

/** The highest versions that the last broker of each release knew. */
const newest: Record<Era, { Produce: number; Fetch: number }> = {
  "0.11": { Produce: 3, Fetch: 5 },
  "0.10": { Produce: 2, Fetch: 3 },
  "0.9": { Produce: 1, Fetch: 1 },
};

/** Before 0.11 a record had no headers. */
function recordsNamed(prefix: string, count: number) {
  const records = sampleRecords(count, prefix);
  return records.map((record) => ({ ...record, headers: [], partition: 0 }));
}

async function asInEra(session: Session, era: Era): Promise<void> {
  await session.watched(async ({ driver, makeTopic }, requests) => {
    const topic = await makeTopic(`as-in-${era}`);
    const then = recordsNamed("then", 20);
    const today = recordsNamed("today", 5);
    await requests();
    for (const codec of ["none", "gzip"] satisfies Codec[]) {
      const sent = codec === "none" ? then.slice(0, 10) : then.slice(10);
      await driver.produce(topic, sent, { codec, era, idempotent: false });
    }
    assertUsed(await requests(), { api: "Produce", era });
    await driver.produce(topic, today, {});

    const all = [...then, ...today].map(({ key, value }) => [key, value]);
    for (const reading of [{ era }, {}]) {
      const received = await driver.read(topic, { from: [[0, 0]], count: all.length, ...reading });
      assertEquals(received.map(({ offset }) => offset), all.map((_, offset) => offset));
      assertEquals(received.map(({ key, value }) => [key, value]), all);
      if (reading.era) assertUsed(await requests(), { api: "Fetch", era });
    }
  });
}

/** Where an era's requests were the only ones of their kind. */
function assertUsed(
  used: UsedVersions | undefined,
  { api, era }: { api: "Produce" | "Fetch"; era: Era },
): void {
  if (used === undefined) return;
  const versions = [...used.get(api) ?? []];
  const highest = Math.max(...versions);
  assert(
    versions.length > 0 && highest <= newest[era][api],
    `${api} was used in version ${versions}, of which Kafka ${era} knew up to ${newest[era][api]}`,
  );
}
