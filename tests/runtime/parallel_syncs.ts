// A program for the test of threads: syncs many files at once, and prints how many threads the
// process has had.
//
//   parallel_syncs.ts <folder>

import { readdirSync } from "node:fs";
import { detectRuntime } from "../../src/runtime/detect.ts";

const { process, files } = await detectRuntime();
const [folder = ""] = process.arguments;
const rounds = 20;

await Promise.all(Array.from({ length: 64 }, async (_, i) => {
  const file = files.open(`${folder}/${i}`, "create");
  for (let round = 0; round < rounds; round++) {
    file.append(new Uint8Array(100));
    await file.sync();
  }
  file.close();
}));
process.stdout(`${readdirSync("/proc/self/task").length}\n`);
process.exit(0);
