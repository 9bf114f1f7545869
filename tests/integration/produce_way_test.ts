// The way of a batch through the code, as ARCHITECTURE.md draws it: read off the stack at the
// moment when it is written to its file.

import { assert, assertEquals } from "@std/assert";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const root = new URL("../..", import.meta.url);

/** The files of src on the stack, the outermost first, each run of one file once. */
function filesOnStack(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = limit;
  const files = stack.split("\n").reverse().flatMap((line) => {
    const name = line.match(/\/(src\/[^:)]+\.ts):/)?.[1];
    return name === undefined ? [] : [name];
  });
  return files.filter((name, i) => name !== files[i - 1]);
}

/** What the adapter of the socket calls: bytes are handled in the turn in which they come. */
function behindSocket(files: readonly string[]): string[] {
  return files.slice(files.findIndex((file) => !file.startsWith("src/runtime/")));
}

const folderOf = (file: string) => file.slice(0, file.lastIndexOf("/"));

/** The lines of a drawing in ARCHITECTURE.md, from `first` on, as files of src. */
async function drawn(first: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("ARCHITECTURE.md", root));
  const drawing = text.split("```").find((part) => part.startsWith(`\n${first}`));
  if (drawing === undefined) throw new Error(`ARCHITECTURE.md draws no way from ${first}`);
  return drawing.trim().split("\n").map((line) => line.trim().split(" ")[0]);
}

async function wayOfABatch(): Promise<string[]> {
  const ways: string[][] = [];
  const disk = memoryFiles({ clock: { now: () => 0, monotonic: () => 0 } });
  const files = watchedFiles(disk, (change) => {
    if (/^append .*\/topic-[^/]*\/\d+\.log$/.test(change)) ways.push(behindSocket(filesOnStack()));
  });
  await simulated({ files }, async ({ connect }) => {
    using client = await connect();
    const { name: topic } = await makeTopic(client);
    await produceTo(client, { topic, records: batchOf(["x"]), acks: 1 });
  });
  assertEquals(ways.length, 1, "a batch is one write");
  return ways[0];
}

Deno.test("a batch goes through eight folders to its file, and enters none twice", async () => {
  const between = (await wayOfABatch()).map(folderOf);
  const entered = between.filter((folder, i) => folder !== between[i - 1]);
  assertEquals(new Set(entered).size, entered.length, entered.join(" > "));
  // The adapters of the socket and of the file are of src/runtime: one before them, one after.
  assert(entered.length + 2 <= 8, entered.join(" > "));
});

Deno.test("ARCHITECTURE.md draws the way of a batch, file by file", async () => {
  const way = await wayOfABatch();
  const names = way.map((file) => file.replace(/^src\/(broker\/)?/, "").replace(/\.ts$/, ""));
  const lines = await drawn("runtime   ");
  assertEquals(lines.filter((line) => names.includes(line)), names);
});
