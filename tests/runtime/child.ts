// A program for the process tests, run in a process of its own on the runtime under test.
//
//   child.ts write | log | signal | input | lock <folder> | garbage

import { PlatformFault } from "../../src/base/faults.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";

const { process, files, logger, timers } = await detectRuntime();
const [command, folder] = process.arguments;

switch (command) {
  case "write":
    for (let i = 0; i < 50; i++) process.stdout(`${i} ${"x".repeat(20_000)}\n`);
    process.stderr("written\n");
    process.exit(3);
    break;
  case "log": {
    const early = logger({ level: "info", format: "json" }).child("log");
    early.log("info", "First.", { path: "/data", count: 2, absent: undefined });
    early.log("debug", "Nobody sees this.");
    await timers.turn();
    await new Promise<void>((resolve) => timers.after(200, resolve));
    early.child("recovery").log("warn", "Second.");
    logger({ level: "info", format: "text" }).log("error", "Third.", { text: "a\nb" });
    process.exit(0);
    break;
  }
  case "log and exit":
    logger({ level: "info", format: "text" }).log("info", "Last words.");
    process.exit(0);
    break;
  case "signal":
    process.onSignal("SIGTERM", () => {
      process.stdout("stopping\n");
      process.exit(0);
    });
    process.stdout("ready\n");
    timers.after(60_000, () => {});
    break;
  case "input":
    try {
      for await (const chunk of process.stdin()) process.stdout(chunk);
    } catch (error) {
      if (!(error instanceof PlatformFault)) throw error;
      process.stdout(`${error.about}: ${error.message}\n`);
    }
    break;
  case "garbage": {
    const seen = Array.from({ length: 1_000 }, (_, i) => new WeakRef({ i }));
    // Until the job that made them has ended, they are not weak.
    await new Promise<void>((resolve) => timers.after(1, resolve));
    process.collectGarbage();
    process.stdout(`${seen.filter((each) => each.deref() === undefined).length}`);
    break;
  }
  case "lock":
    files.lock(folder);
    process.stdout(`locked by ${process.id}\n`);
    timers.after(60_000, () => {});
    break;
}
