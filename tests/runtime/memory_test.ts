// The files part of the ports suite on the files in memory.

import { denoRuntime } from "../../src/runtime/deno.ts";
import { filesSuite } from "./suite_files.ts";

filesSuite({
  name: "memory",
  run(body) {
    const runtime = denoRuntime();
    const files = runtime.memoryFiles();
    files.makeFolder("/data");
    return body({ runtime: { ...runtime, files }, folder: "/data" });
  },
});
