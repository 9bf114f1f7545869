// Our tables against Apache Kafka's own generated classes, byte for byte, both ways:
//
//   theirs   Golden.java makes random messages and writes them;  we read each and write it again
//   ours     we make random messages from the tables and write them;  Kafka reads and writes again
//
// for every message, version and direction that a release of Kafka has: 3.9 for the versions that
// KIP-896 removed, 4.3 also for the records that only a broker has, and the clients of 4.4.
//
//   deno task golden [--seed N] [--each 130]     needs Java and Maven; --each: per version and way
//   deno task golden --vectors 2                 also writes tests/golden/vectors.gz anew
//
// Invariant: each version of each table is compared, both ways, save what no release has (`ahead`).

import fc from "fast-check";
import { bytesEqual, BytesReader, BytesWriter } from "../../../src/base/bytes.ts";
import { everyTable, type NamedTable } from "../../../scripts/every_table.ts";
import { anyMessage } from "../../fuzz/decode_messages.ts";
import { difference, disagreement, encoded } from "../../golden/disagreement.ts";
import { type Frame, readFrames, writeFrame } from "../../golden/frames.ts";
import { fetchJars, type KafkaRelease } from "../java/fetch.ts";
import { taskFlags } from "../../../scripts/task_flags.ts";

const releases: readonly KafkaRelease[] = ["4.4", "4.3", "3.9"];
const program = new URL("Golden.java", import.meta.url).pathname;
const vectorsPath = new URL("../../golden/vectors.gz", import.meta.url);
const jvm = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const shownMax = 20;
/** Messages that no release has yet: of kafka-metadata 4.4. */
const ahead: ReadonlySet<string> = new Set(["UnregisterControllerRecord"]);
/** What a run must compare to be called a full one. */
const fullCount = 200_000;

/** Messages of a release that a later one changed without a new version: they were not stable. */
const unstable: Readonly<Record<KafkaRelease, ReadonlySet<string>>> = {
  "4.4": new Set(),
  "4.3": new Set(),
  // Share groups were in early access.
  "3.9": new Set(["ReadShareGroupStateSummaryResponse", "ShareGroupMetadataValue"]),
};

const tables = new Map(everyTable().map((each) => [each.name, each]));

/** What has been compared so far. */
interface Tally {
  readonly failures: string[];
  /** By "FetchRequest v12 theirs". */
  readonly counts: Map<string, number>;
}

/** Runs Golden.java on `input`; what it writes. */
async function kafka(
  release: KafkaRelease,
  { args, input }: { args: string[]; input: Uint8Array<ArrayBuffer> },
): Promise<Uint8Array> {
  const jars = await fetchJars(release);
  const child = new Deno.Command("java", {
    args: [...jvm, "-cp", `${jars}*`, program, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const feed = new Blob([input]).stream().pipeTo(child.stdin);
  const output = new Response(child.stdout).bytes();
  await feed;
  const bytes = await output;
  const { success } = await child.status;
  if (!success) throw new Error(`Golden.java ${args[0]} failed with Kafka ${release}`);
  return bytes;
}

/** Kafka's messages of one release. */
async function theirs(
  release: KafkaRelease,
  { seed, each }: { seed: number; each: number },
): Promise<Frame[]> {
  const plan = [...tables.values()].filter(({ name }) => !unstable[release].has(name))
    .map(({ name, table: { versions } }) => `${name} ${versions.min} ${versions.max} ${each}\n`);
  const input = new TextEncoder().encode(plan.join(""));
  return [...readFrames(await kafka(release, { args: ["generate", `${seed}`], input }))];
}

/** Our messages, of every table and version. */
function ours({ seed, each }: { seed: number; each: number }): Frame[] {
  const frames: Frame[] = [];
  for (const { name, table } of tables.values()) {
    for (let version = table.versions.min; version <= table.versions.max; version++) {
      const arbitrary = anyMessage(table.fields, version);
      for (const message of fc.sample(arbitrary, { seed: seed + version, numRuns: each })) {
        frames.push({ name, version, body: encoded(table, message, version) });
      }
    }
  }
  return frames;
}

function checkTheirs(
  release: KafkaRelease,
  { frames, tally }: { frames: readonly Frame[]; tally: Tally },
): void {
  for (const frame of frames) {
    count(tally, frame, "theirs");
    const found = disagreement(tables.get(frame.name)!.table, frame);
    if (found !== undefined) tally.failures.push(`${found} (theirs, ${release})`);
  }
}

/** Has Kafka read and write our frames; those of versions that it lacks do not come back. */
async function checkOurs(
  release: KafkaRelease,
  { frames, tally }: { frames: readonly Frame[]; tally: Tally },
): Promise<void> {
  const writer = new BytesWriter(1 << 20);
  const stable = frames.filter(({ name }) => !unstable[release].has(name));
  for (const frame of stable) writeFrame(writer, frame);
  const input = new Uint8Array(writer.finish());
  let next = 0;
  for (const answer of readFrames(await kafka(release, { args: ["rewrite"], input }))) {
    while (titleOf(stable[next]) !== titleOf(answer)) next++;
    const { body: sent } = stable[next++];
    count(tally, answer, "ours");
    const found = compareOurs(tables.get(answer.name)!, answer, sent);
    if (found !== undefined) tally.failures.push(`${found} (ours, ${release})`);
  }
}

function compareOurs({ table }: NamedTable, answer: Frame, sent: Uint8Array): string | undefined {
  if (bytesEqual(answer.body, sent)) return undefined;
  const found = disagreement(table, answer);
  if (found !== undefined) return found;
  const message = table.decode(new BytesReader(answer.body), answer.version);
  return difference(table, { ...answer, message, ours: sent });
}

function titleOf({ name, version }: Frame): string {
  return `${name} v${version}`;
}

function count({ counts }: Tally, frame: Frame, way: string): void {
  const key = `${titleOf(frame)} ${way}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Versions of our tables that were not compared in one of the two ways. */
function uncovered({ counts }: Tally): string[] {
  const missing: string[] = [];
  for (const { name, table } of tables.values()) {
    if (ahead.has(name)) continue;
    for (let version = table.versions.min; version <= table.versions.max; version++) {
      const title = `${name} v${version}`;
      for (const way of ["theirs", "ours"]) {
        if (!counts.has(`${title} ${way}`)) missing.push(`${title} ${way}: never compared`);
      }
    }
  }
  return missing;
}

/** Keeps `each` short messages of every version, from the first release that has it. */
async function writeVectors(frames: readonly Frame[], each: number): Promise<void> {
  const groups = Map.groupBy(frames, titleOf);
  const writer = new BytesWriter(1 << 20);
  let kept = 0;
  for (const title of [...groups.keys()].sort()) {
    const bySize = groups.get(title)!.toSorted((a, b) => a.body.length - b.body.length);
    // Neither the emptiest nor the longest ones: they say more than the first, in fewer bytes.
    const middle = Math.floor(bySize.length / 2);
    for (const frame of bySize.slice(middle, middle + each)) {
      writeFrame(writer, frame);
      kept++;
    }
  }
  const raw = new Blob([new Uint8Array(writer.finish())]).stream();
  const packed = await new Response(raw.pipeThrough(new CompressionStream("gzip"))).bytes();
  await Deno.writeFile(vectorsPath, packed);
  console.log(`${kept} vectors in ${packed.length} bytes`);
}

async function main(): Promise<void> {
  const options = taskFlags(Deno.args, { string: ["seed", "each", "vectors"] });
  const seed = Number(options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] >>> 1);
  const each = Number(options.each ?? 130);
  console.log(`seed ${seed}, ${each} messages of each version and way`);
  const tally: Tally = { failures: [], counts: new Map() };
  const frames = ours({ seed, each });
  const vectors: Frame[] = [];
  for (const release of releases) {
    const generated = await theirs(release, { seed, each });
    const known = new Set(vectors.map(titleOf));
    vectors.push(...generated.filter((frame) => !known.has(titleOf(frame))));
    checkTheirs(release, { frames: generated, tally });
    await checkOurs(release, { frames, tally });
    const total = tally.counts.values().reduce((sum, one) => sum + one, 0);
    console.log(`after Kafka ${release}: ${total} compared, ${tally.failures.length} differ`);
  }
  if (options.vectors !== undefined) await writeVectors(vectors, Number(options.vectors));
  report(tally, { seed, full: options.each === undefined });
}

function report(tally: Tally, { seed, full }: { seed: number; full: boolean }): void {
  const total = tally.counts.values().reduce((sum, one) => sum + one, 0);
  const problems = [...tally.failures, ...uncovered(tally)];
  if (full && total < fullCount) problems.push(`${total} compared, less than ${fullCount}`);
  for (const problem of problems.slice(0, shownMax)) console.log(problem);
  if (problems.length > shownMax) console.log(`and ${problems.length - shownMax} more`);
  console.log(
    `seed ${seed}: ${total} messages of ${tables.size} tables compared, ` +
      `${tally.failures.length} differ`,
  );
  if (problems.length > 0) Deno.exit(1);
}

if (import.meta.main) await main();
