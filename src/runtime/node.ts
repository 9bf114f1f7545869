// The Node adapter (24 and up, which strips types). Node has no call for flock, so a folder is held
// by its lock record alone.

import process from "node:process";
import { zlibCodecs } from "./codecs.ts";
import { builtinDigests } from "./digests.ts";
import { immediateTimers, webClock, webRandom } from "./event_loop.ts";
import { createLogging } from "./logging.ts";
import { memoryFiles } from "./memory_files.ts";
import { nodeFiles } from "./node_files.ts";
import { nodeHttp } from "./node_http.ts";
import { nodeNetwork } from "./node_network.ts";
import { nodeProcess, stderrHasColor, writeStderr } from "./node_process.ts";
import type { Runtime } from "./ports.ts";
import { collectV8Garbage } from "./v8_garbage.ts";

const logging = createLogging({ clock: webClock, write: writeStderr, hasColor: stderrHasColor });

const runtime: Runtime = {
  name: "node",
  version: process.versions.node,
  clock: webClock,
  timers: immediateTimers,
  random: webRandom,
  network: nodeNetwork,
  http: nodeHttp,
  files: nodeFiles({ kernelLock: () => undefined }),
  process: nodeProcess({ logging, collectGarbage: collectV8Garbage }),
  memoryFiles: () => memoryFiles({ clock: webClock }),
  codecs: zlibCodecs,
  digests: builtinDigests,
  logger: logging.logger,
};

/** Node as a runtime. */
export function nodeRuntime(): Runtime {
  return runtime;
}
