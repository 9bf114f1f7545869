// The program `ottla`: the one place where a runtime's adapter meets the command line.

import { runCli } from "./cli/mod.ts";
import { detectRuntime } from "./runtime/detect.ts";

const runtime = await detectRuntime();
runtime.process.exit(await runCli(runtime));
