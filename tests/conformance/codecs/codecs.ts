// Our decoders against Apache Kafka's own: thousands of seeded variants of packed records, each
// read by both. What a Java consumer reads is taken, with the same content; all else is refused.
//
//   deno task golden:codecs [--seed N] [--each 3000]   needs Java and Maven; --each: per codec
//   deno task golden:codecs --only lz4                 one codec alone
//   deno task golden:codecs --record 2                 also writes tests/golden/codecs.gz anew
//
// Invariant: every class of difference is mended, or stands in `declared` with its reason.

import { bytesEqual } from "../../../src/base/bytes.ts";
import { crc32c } from "../../../src/base/crc.ts";
import { loadCompression } from "../../../src/records/compression.ts";
import { zlibCodecs } from "../../../src/runtime/codecs.ts";
import {
  type Judged,
  ourVerdict,
  readVerdicts,
  type Verdict,
  writeJudged,
  writeVariants,
} from "../../golden/codec_frames.ts";
import { fetchJars } from "../java/fetch.ts";
import { Chance, spoil, type Variant } from "./chance.ts";
import { gzipVariant } from "./gzip_variants.ts";
import { lz4Variant } from "./lz4_variants.ts";
import { snappyVariant } from "./snappy_variants.ts";
import { zstdVariant } from "./zstd_variants.ts";
import { taskFlags } from "../../../scripts/task_flags.ts";

const program = new URL("Codecs.java", import.meta.url).pathname;
const recordedPath = new URL("../../golden/codecs.gz", import.meta.url);
const jvm = ["-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
/** So many variants go to one run of Java. */
const atOnce = 1_000;
const shownMax = 20;
/** Larger ones are not recorded. */
const recordedBytesMax = 250;

const makers = {
  gzip: gzipVariant,
  snappy: snappyVariant,
  lz4: lz4Variant,
  zstd: zstdVariant,
} as const;

type Codec = keyof typeof makers;

/** What we made of a variant, and Kafka's classes. */
interface Compared {
  readonly variant: Variant;
  readonly verdict: Verdict;
  readonly ours: Uint8Array | string;
}

/** Differences that stay. */
const declared: readonly { why: string; holds: (compared: Compared) => boolean }[] = [
  {
    why: "a block of no content: a Java consumer stumbles or not, as its reads happen to fall",
    holds: ({ ours }) => ours === "lz4 block of no content",
  },
  {
    why: "a match nearer to a block's end than the format allows: liblz4's fast loop takes some",
    holds: ({ ours }) => typeof ours === "string" && /^lz4 block has a/.test(ours),
  },
  {
    why: "a further header that is damaged: Kafka's reader ends or goes on, as its reads fall",
    holds: ({ ours }) => ours === "snappy header is damaged",
  },
  {
    why: "a frame that is cut behind whole ones: Kafka's reader may take it for the end",
    holds: ({ variant: { codec }, ours }) =>
      codec === "zstd" && typeof ours === "string" && ours.endsWith("unexpected end of data"),
  },
  {
    why: "a wrong content size: Kafka's reader takes some, by its buffers and the kind of block",
    // Where there is room for all of it, libzstd itself finds that out.
    holds: ({ variant: { kind }, ours }) =>
      typeof ours === "string" &&
      (ours.endsWith("content size is wrong") || kind.includes("content size wrong")),
  },
  {
    why: "a record's negative length, null for Kafka unless it is -1: refused in every codec alike",
    holds: ({ ours }) => typeof ours === "string" && ours.endsWith("does not fit its length"),
  },
];

function variantsOf(codec: Codec, { seed, each }: { seed: number; each: number }): Variant[] {
  return Array.from({ length: each }, (_, i) => {
    const chance = new Chance(seed, `${codec} ${i}`);
    const made = makers[codec](chance, chance.content());
    const { kind, packed } = spoil(made.packed, chance);
    const magic = codec === "lz4" && chance.once(0.15) ? 0 : 2;
    return { ...made, codec, magic, kind: made.kind + kind, packed };
  });
}

/** What Codecs.java says to `variants`. */
async function kafkaVerdicts(variants: readonly Variant[]): Promise<Verdict[]> {
  const jars = await fetchJars();
  const child = new Deno.Command("java", {
    args: [...jvm, "-cp", `${jars}*`, program],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const feed = new Blob([writeVariants(variants)]).stream().pipeTo(child.stdin);
  const output = new Response(child.stdout).bytes();
  await feed;
  const bytes = await output;
  const { success } = await child.status;
  if (!success) throw new Error("Codecs.java failed");
  return [...readVerdicts(bytes)];
}

/** How the two differ; undefined when they do not. */
function difference({ verdict, ours }: Compared): string | undefined {
  if (typeof ours === "string") return verdict.consumer ? `refused here: ${ours}` : undefined;
  if (!verdict.consumer) return `read here; with Kafka: ${verdict.reason}`;
  if (verdict.content === undefined || bytesEqual(ours, verdict.content)) return undefined;
  return `${ours.length} other bytes than Kafka's ${verdict.content.length}`;
}

async function compare(codec: Codec, options: { seed: number; each: number }) {
  const variants = variantsOf(codec, options);
  const all: Compared[] = [];
  for (let at = 0; at < variants.length; at += atOnce) {
    const some = variants.slice(at, at + atOnce);
    const verdicts = await kafkaVerdicts(some);
    some.forEach((variant, i) => {
      all.push({ variant, verdict: verdicts[i], ours: ourVerdict(variant, zlibCodecs) });
    });
  }
  return all;
}

/** `each` small ones of every kind and verdict, without those of a declared difference. */
async function record(all: readonly Compared[], each: number): Promise<void> {
  const same = all.filter((one) =>
    difference(one) === undefined && one.variant.packed.length <= recordedBytesMax
  );
  const groups = Map.groupBy(
    same,
    ({ variant: { codec, magic, kind }, verdict }) =>
      `${codec} ${magic} ${kind} ${verdict.consumer}`,
  );
  const judged = [...groups.keys()].sort().flatMap((title) =>
    groups.get(title)!.slice(0, each).map(({ variant, verdict }): Judged => ({
      variant,
      consumer: verdict.consumer,
      contentLength: verdict.content?.length ?? -1,
      contentCrc: verdict.content === undefined ? 0 : crc32c(verdict.content),
    }))
  );
  const raw = new Blob([writeJudged(judged)]).stream();
  const packed = await new Response(raw.pipeThrough(new CompressionStream("gzip"))).bytes();
  await Deno.writeFile(recordedPath, packed);
  console.log(`${judged.length} recorded in ${packed.length} bytes`);
}

/** Prints what differs; whether that is nothing but what is declared. */
function report(all: readonly Compared[]): boolean {
  const differing = all.filter((one) => difference(one) !== undefined);
  const reasonOf = (one: Compared) => declared.find(({ holds }) => holds(one))?.why;
  for (const [why, some] of Map.groupBy(differing, reasonOf)) {
    if (why !== undefined) console.log(`declared, ${some.length} times: ${why}`);
  }
  const open = differing.filter((one) => reasonOf(one) === undefined);
  for (const one of open.slice(0, shownMax)) {
    const { codec, magic, kind } = one.variant;
    console.log(`${codec}, magic ${magic}, ${kind}: ${difference(one)}`);
  }
  return open.length === 0;
}

async function main(): Promise<void> {
  const options = taskFlags(Deno.args, { string: ["seed", "each", "only", "record"] });
  const seed = Number(options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] >>> 1);
  const each = Number(options.each ?? 3_000);
  console.log(`seed ${seed}, ${each} variants of each codec`);
  await loadCompression("snappy");
  await loadCompression("lz4");
  const all: Compared[] = [];
  for (const codec of Object.keys(makers) as Codec[]) {
    if (options.only !== undefined && options.only !== codec) continue;
    const some = await compare(codec, { seed, each });
    const read = some.filter(({ verdict }) => verdict.consumer).length;
    console.log(`${codec}: a Java consumer reads ${read}, refuses ${some.length - read}`);
    all.push(...some);
  }
  if (options.record !== undefined) await record(all, Number(options.record));
  const isSame = report(all);
  console.log(isSame ? `${all.length} passed, 0 failed` : `seed ${seed}: decoders differ`);
  if (!isSame) Deno.exit(1);
}

if (import.meta.main) await main();
