// The Java clients of Kafka 0.9 and 0.10, which know message sets only, beside a client of today:
// each reads what the other wrote, in every codec that the old ones have, and the broker's trace
// tells that they used the versions of then.

import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import { buildBatch, loadCompression, readAllRecords } from "../../src/records/mod.ts";
import { zlibCodecs as codecs } from "../../src/runtime/codecs.ts";
import { run } from "../harness/process_lines.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { fetchFrom, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { sharedBroker } from "../harness/shared_broker.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";
import { RequestLog } from "./request_log.ts";

const program = new URL("java/OldClient.java", import.meta.url).pathname;
const oldTypes = ["none", "gzip", "snappy", "lz4"] as const;
const count = 100;

const skip = await reasonToSkip();
if (skip !== undefined) console.log(`the Java clients of 0.9 and 0.10 are skipped: ${skip}`);
const log = new RequestLog();
const options = { flags: ["--trace"], onLine: (line: string) => log.onLine(line) };
const shared = skip === undefined ? sharedBroker(options) : undefined;
/** What these releases know of, and so all that they use. */
const versions = { "0.10": { Produce: [2], Fetch: [3] }, "0.9": { Produce: [1], Fetch: [1] } };
for (const type of oldTypes) await loadCompression(type);

const key = (i: number) => `key-${i}`;
const value = (i: number) => `value-${i}`;

/** Sends a batch as a client of today does, with headers that old consumers do not know. */
async function produceToday(
  client: RawClient,
  topic: string,
  compression: typeof oldTypes[number],
) {
  const records = Array.from({ length: count }, (_, i) => {
    return { key: utf8(key(i)), value: utf8(value(i)), headers: [{ key: "h", value: null }] };
  });
  const batch = buildBatch({ records, compression, timestamp: Date.now() }, codecs);
  await produceTo(client, { topic, records: batch });
}

for (const release of ["0.10", "0.9"] as const) {
  Deno.test({
    name: `the Java clients of Kafka ${release} and a client of today read each other`,
    ignore: skip !== undefined,
    async fn() {
      const jars = await fetchJars(release);
      const { broker } = shared!;
      using client = await shared!.connect();
      const today: string[] = [];
      const old: string[] = [];
      for (const compression of oldTypes) {
        today.push((await makeTopic(client)).name);
        old.push((await makeTopic(client)).name);
        await produceToday(client, today[today.length - 1], compression);
      }
      await log.take([broker]);
      const { stdout } = await run({
        command: "java",
        args: [
          "-Xmx128m",
          "-cp",
          `${jars}*`,
          program,
          broker.bootstrap,
          ...old.map((topic, i) => `produce:${topic}:${oldTypes[i]}:${count}`),
          ...[...old, ...today].map((topic) => `consume:${topic}:${count}`),
        ],
        withinMs: 90_000,
      });
      const lines = stdout.split("\n").filter((line) => /^(produced|consumed) /.test(line));
      const all = Array.from({ length: count }, (_, i) => i);
      assertEquals(lines, [
        ...old.flatMap((topic) => all.map((i) => `produced ${topic} ${i}`)),
        ...[...old, ...today].flatMap((topic) =>
          all.map((i) => `consumed ${topic} ${i} ${key(i)} ${value(i)}`)
        ),
      ]);
      const used = await log.take([broker]);
      const { Produce, Fetch } = versions[release];
      assertEquals([used.get("Produce"), used.get("Fetch")], [new Set(Produce), new Set(Fetch)]);
      for (const topic of old) {
        const { records } = await fetchFrom(client, { topic });
        assertEquals(
          readAllRecords(records!, { codecs }).map((record) => [record.offset, record.value]),
          all.map((i) => [i, utf8(value(i))]),
        );
      }
    },
  });
}
