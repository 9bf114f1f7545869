// The files part of the ports suite on the files in memory.

import { denoRuntime } from "../../src/runtime/deno.ts";
import { realSubject } from "./real_subject.ts";
import { filesSuite } from "./suite_files.ts";

const real = realSubject(denoRuntime());

filesSuite({
  name: "memory",
  run: (body) =>
    real.run((subject) => {
      const files = subject.runtime.memoryFiles();
      files.makeFolder("/data");
      return body({ ...subject, runtime: { ...subject.runtime, files }, folder: "/data" });
    }),
});
