// `ottla log strays`: what was set aside in a data folder, and how large it is.

import { UsageFault } from "../../base/faults.ts";
import { type FolderAside, foldersAside, withoutEnd } from "../../log/mod.ts";
import { type CliContext, exitCode } from "../context.ts";
import { counted } from "../counted.ts";
import { renderJson, renderTable } from "../table.ts";
import { sizeText } from "./dirs.ts";

/** Prints them; a broker may run meanwhile. */
export function showStrays(
  context: CliContext,
  options: { readonly folder: string; readonly json: boolean },
): number {
  const { files } = context.runtime;
  const folder = withoutEnd(options.folder, files);
  if (files.stat(folder)?.isDirectory !== true) {
    throw new UsageFault(`there is no data folder ${folder}`);
  }
  const found = foldersAside(files, folder);
  if (options.json) {
    context.out(renderJson(found.map((each) => ({ ...each, since: sinceOf(each) ?? null }))));
    return exitCode.ok;
  }
  const rows = found.map((each) => [
    each.topic,
    each.partition,
    sizeText(each.bytes),
    sinceOf(each),
    each.name,
  ]);
  if (rows.length > 0) {
    context.out(renderTable(["topic", "partition", "size", "since", "folder"], rows));
  }
  const bytes = found.reduce((sum, each) => sum + each.bytes, 0);
  context.note(
    found.length === 0
      ? `nothing is set aside in ${folder}`
      : `${counted(found.length, "folder")}, ${sizeText(bytes)}: no broker reads them. ` +
        "Remove those that nobody misses; ottla log dump shows what is in them",
  );
  return exitCode.ok;
}

function sinceOf({ sinceMs }: FolderAside): string | undefined {
  return sinceMs === undefined ? undefined : new Date(sinceMs).toISOString();
}
