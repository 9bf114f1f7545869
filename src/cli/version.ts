// `ottla version`: the program, the runtime, and the versions of each API that the broker serves.

import { programVersion } from "../base/version.ts";
import { escaped } from "../base/visible.ts";
import { allHandlers } from "../broker/mod.ts";
import { command, jsonOption } from "./arguments.ts";
import { exitCode } from "./context.ts";
import { renderJson, renderTable } from "./table.ts";

const version = command({
  name: "version",
  operands: [],
  about: "print versions: of the program, the runtime, the protocol",
  options: { ...jsonOption },
  examples: [["version", "for people"], ["version --json", "for machines"]],
  run: async (context, { options }) => {
    const { name, version } = context.runtime;
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
      context.out(`${escaped(`ottla ${programVersion} (${name} ${version})`)}\n\n`);
      const rows = served.map(({ key, api, min, max }) => [key, api, `${min}-${max}`]);
      context.out(renderTable(["key", "api", "versions"], rows));
    }
    return exitCode.ok;
  },
});

export const commands = [version];
