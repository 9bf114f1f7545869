// A comparison as a table for the terminal and as docs/performance.md.
//
// A cell is the median of the rounds, least and most beside it; a ratio is the median of the
// rounds' own ratios, so that a machine that slows down meanwhile moves it less.

import { firstOf, itemAt } from "../../src/base/items.ts";
import type { Load, Moved } from "./comparison_loads.ts";
import type { Contender } from "./contenders.ts";
import { median } from "./statistics.ts";

/** One measured run of a load on a broker. */
export interface Sample extends Moved {
  readonly round: number;
  readonly userSeconds: number;
  readonly kernelSeconds: number;
}

/** All of a load's, by the broker's name; why it did not run where there are none. */
export interface Measured {
  readonly load: Load;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly absent?: string;
}

/** What a broker is, before and after the loads. */
export interface Standing {
  readonly name: string;
  readonly about: string;
  readonly startMs: number;
  readonly idleBytes: number;
  readonly endBytes: number;
}

/** Everything that was measured. */
export interface Comparison {
  readonly machine: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly measured: readonly Measured[];
  readonly standings: readonly Standing[];
}

const header = ["", "throughput", "least - most", "CPU", "user + system", "p50 / p99 / p99.9 ms"];

/** The rows of one load. */
export function rowsOf({ load, samples }: Measured, baseline: string): string[][] {
  const ratioHeader = `throughput, CPU : ${baseline}`;
  const base = samples.get(baseline);
  const rows = [...samples].map(([name, own]) => {
    const rates = own.map(rateOf).sort((a, b) => a - b);
    const cpu = (part: (sample: Sample) => number) => cpuText(load, median(own.map(part)));
    const latencies = own.flatMap(({ latenciesMs }) => latenciesMs ?? []);
    const latency = (key: "p50" | "p99" | "p999") =>
      median(latencies.map((each) => each[key])).toFixed(1);
    return [
      name,
      `${rateText(load, median(rates))} ${load.unit === "bytes" ? "MB/s" : "/s"}`,
      `${rateText(load, firstOf(rates))} - ${rateText(load, rates.at(-1)!)}`,
      `${cpu(cpuOf)} ${load.unit === "bytes" ? "s/GB" : "us each"}`,
      `${cpu(userOf)} + ${cpu(systemOf)}`,
      latencies.length === 0 ? "" : (["p50", "p99", "p999"] as const).map(latency).join(" / "),
      base === undefined || name === baseline ? "" : ratios(own, base),
    ];
  });
  return [[...header, ratioHeader], ...rows];
}

function ratios(own: readonly Sample[], base: readonly Sample[]): string {
  const ratio = (part: (sample: Sample) => number) => {
    const each = own.flatMap((sample) => {
      const other = base.find(({ round }) => round === sample.round);
      return other === undefined ? [] : [part(sample) / part(other)];
    });
    return median(each).toFixed(2);
  };
  return `${ratio(rateOf)}, ${ratio(cpuOf)}`;
}

const rateOf = (sample: Sample): number => sample.amount / sample.seconds;
const userOf = (sample: Sample): number => sample.userSeconds / sample.amount;
const systemOf = (sample: Sample): number => sample.kernelSeconds / sample.amount;
const cpuOf = (sample: Sample): number => userOf(sample) + systemOf(sample);

function rateText({ unit }: Load, perSecond: number): string {
  return (unit === "bytes" ? perSecond / 1e6 : perSecond).toFixed(0);
}

function cpuText({ unit }: Load, secondsEach: number): string {
  return unit === "bytes" ? (secondsEach * 1e9).toFixed(2) : (secondsEach * 1e6).toFixed(1);
}

/** Columns that line up. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = firstOf(rows).map((_, column) =>
    Math.max(...rows.map((row) => itemAt(row, column).length))
  );
  return rows.map((row) =>
    "  " + row.map((cell, column) => cell.padEnd(itemAt(widths, column))).join("   ").trimEnd()
  ).join("\n");
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = firstOf(rows).map((_, column) =>
    Math.max(3, ...rows.map((row) => itemAt(row, column).length))
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(itemAt(widths, column))).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(firstOf(rows)), rule, ...rows.slice(1).map(line)].join("\n");
}

/** The rows about starts and memory. */
export function standingRows(standings: readonly Standing[]): string[][] {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    ["", "first answer after", "memory then", "memory after all loads", "started by"],
    ...standings.map(({ name, about, startMs, idleBytes, endBytes }) => [
      name,
      `${startMs.toFixed(0)} ms`,
      megabytes(idleBytes),
      megabytes(endBytes),
      about,
    ]),
  ];
}

/** By profiles, and the decisions that go further: what a broker's time goes into. */
const limits = `## What limits it

- **One thread.** Batches are checked where they arrive (decision 17): a broker takes one core and a
  little. Of what 100 KB batches cost a third to a half is the kernel's, which copies them from the
  socket and into the page cache.
- **Single records with \`acks=all\`.** One sync of a journal is for all producers that wait
  (decision 16), so a request is the socket's read and write, the append, and a place in a round. A
  round takes as long as the disk does: where others keep it busy, requests a second are the disk's.
- **Large batches with \`acks=all\`.** Each is on the disk before its answer, in the log itself: the
  sync of a file that has just grown costs a write of the file system's own journal, too. Kafka
  answers from the page cache, unless it is told to flush.
- **zstd and gzip.** Each batch is unpacked to be checked, by the runtime's zlib, which makes a
  decoder and an array for what comes out each time.
- **Consumers.** A client unpacks what it takes: franz-go spends 0.75 to 1.0 s of CPU a GB on that,
  more than twice what a broker does, so on two processors it is the client that is measured. Of a
  broker's own time most is the kernel's, from the page cache to the socket; a program in C that
  does nothing else takes 0.2 s a GB with sendfile, and 0.36 without (decision 26).
- **Latency.** Work is cut into slices of two milliseconds; what is longer is one call of a codec,
  or the collector's. \`deno task bench --only stalls\` prints the longest stretches.`;

/** docs/performance.md. */
export function pageOf(comparison: Comparison, baseline: string): string {
  const { machine, rounds, seconds, bytes, measured, standings } = comparison;
  const sections = measured.map((each) =>
    each.absent === undefined
      ? `### ${each.load.name}\n\n${each.load.about}.\n\n${markdown(rowsOf(each, baseline))}`
      : `### ${each.load.name}\n\nNot measured: ${each.absent}.`
  );
  const parts = [
    "# How fast it is\n\n" +
    "Written by `deno task bench:kafka --write`. Every broker and its load run on one machine,\n" +
    "all brokers are up while one of them works, and they take turns, load by load and round by\n" +
    "round. Pages of the page cache are touched beforehand, what is unwritten is synced between\n" +
    "runs, and a first round warms up and is not counted. Figures are medians; the ratios are\n" +
    `medians of each round's own. CPU is the broker's process alone. Ottla answers \`acks=all\`\n` +
    "after a sync, Kafka before one.",
    machine.map((line) => `- ${line}`).join("\n"),
    `Rounds: ${rounds}. Raw senders for ${seconds} s each, clients ${(bytes / 1e6).toFixed(0)} MB` +
    " of values each.",
    `## Loads\n\n${sections.join("\n\n")}`,
    `## Starts and memory\n\n${markdown(standingRows(standings))}`,
    limits,
    "## What is not measured\n\n" +
    "More than one machine, replication, TLS, a network with latency, disks that are not\n" +
    "cached, and what hours of load do. The load takes a part of the same processors, so\n" +
    "throughput is a lower bound, and CPU per GB the steadier figure. A sender's throughput is\n" +
    "also its own: where two brokers are equally fast, ask what they spend.",
  ];
  return parts.join("\n\n") + "\n";
}

/** The contenders' names and what they are, for who reads along. */
export function introduction(contenders: readonly Contender[]): string {
  return contenders.map(({ name, about }) => `  ${name}: ${about}`).join("\n");
}
