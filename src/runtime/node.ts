// The Node adapter (24 and up, which strips types). Node has no call for flock, so a folder is held
// by its lock record alone.

import * as fs from "node:fs";
import { Socket } from "node:net";
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

/** Node's own handle of a TCP socket. */
interface TcpHandle {
  open(descriptor: number): number;
}

interface OlderNode {
  binding(name: "tcp_wrap"): {
    TCP: new (kind: number) => TcpHandle;
    constants: { SOCKET: number };
  };
}

/**
 * Node has no foreign functions, and of a pipe that it writes to it does not listen to the other
 * end. Taken for a socket, which is read as well, the pipe fails as soon as nobody has that end.
 * Where a later Node has no such handle any more, nobody is told.
 */
function onStdoutUnread(run: () => void): () => void {
  if (process.platform === "win32" || !fs.fstatSync(1).isFIFO()) return () => {};
  let handle: TcpHandle;
  try {
    const { TCP, constants } = (process as unknown as OlderNode).binding("tcp_wrap");
    handle = new TCP(constants.SOCKET);
    if (handle.open(1) !== 0) return () => {};
  } catch {
    return () => {};
  }
  const socket = new Socket({ handle } as ConstructorParameters<typeof Socket>[0]);
  socket.once("error", run).resume();
  return () => socket.off("error", run).on("error", () => {}).destroy();
}

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
  process: nodeProcess({ logging, collectGarbage: collectV8Garbage, onStdoutUnread }),
  memoryFiles: () => memoryFiles({ clock: webClock }),
  codecs: zlibCodecs,
  digests: builtinDigests,
  logger: logging.logger,
};

/** Node as a runtime. */
export function nodeRuntime(): Runtime {
  return runtime;
}
