// `ottla version`: the program, the runtime, and the versions of each API that the broker serves.
// `ottla --version` is its first line.

import { programVersion } from "../base/version.ts";
import { escaped } from "../base/visible.ts";
import type { Runtime } from "../runtime/ports.ts";
import { command, jsonOption } from "./arguments.ts";
import { exitCode } from "./context.ts";
import { renderJson, renderTable } from "./table.ts";

/** The program and what it runs on, in a line. */
export function versionLine({ name, version }: Runtime): string {
  return `ottla ${programVersion} (${name} ${version})`;
}

const version = command({
  name: "version",
  operands: [],
  about: "print versions: of the program, the runtime, the protocol",
  options: { ...jsonOption },
  examples: [["version", "for people"], ["version --json", "for machines"]],
  run: async (context, { options }) => {
    const { name, version } = context.runtime;
    const { allHandlers } = await import("../broker/mod.ts");
    const served = (await allHandlers()).map(({ api, serves }) => ({
      key: api.key,
      api: api.name,
      min: serves.min,
      max: serves.max,
    }));
    if (options.json) {
      const runtime = { name, version };
      context.out(renderJson({ version: programVersion, runtime, protocol: served }));
    } else {
      context.out(`${escaped(versionLine(context.runtime))}\n\n`);
      const rows = served.map(({ key, api, min, max }) => [key, api, `${min}-${max}`]);
      context.out(renderTable(["key", "api", "versions"], rows));
    }
    return exitCode.ok;
  },
});

export const commands = [version];
