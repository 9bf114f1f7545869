// `ottla log dirs`: where brokers keep their partitions, and how large these are.

import { saturated } from "../../base/int64.ts";
import { type Client, loadLogDirAdmin } from "../../client/mod.ts";
import { type CliContext, exitCode } from "../context.ts";
import { renderJson, renderTable } from "../table.ts";

/** Prints the log directories of every broker, and the partitions in them where asked for. */
export async function showLogDirs(
  context: CliContext,
  client: Client,
  options: { readonly partitions: boolean; readonly json: boolean },
): Promise<number> {
  const dirs = await (await loadLogDirAdmin()).describeLogDirs(client);
  if (options.json) context.out(renderJson(dirs));
  else if (options.partitions) {
    const rows = dirs.flatMap(({ broker, path, partitions }) =>
      partitions.map((each) => [
        broker,
        each.topic,
        each.partition,
        sizeText(saturated(each.sizeBytes)),
        each.offsetLag,
        path,
      ])
    );
    context.out(renderTable(["broker", "topic", "partition", "size", "behind", "path"], rows));
  } else {
    const rows = dirs.map(({ broker, path, trouble, partitions, totalBytes, usableBytes }) => [
      broker,
      path,
      partitions.length,
      sizeText(partitions.reduce((sum, each) => sum + saturated(each.sizeBytes), 0)),
      spaceText(saturated(usableBytes)),
      spaceText(saturated(totalBytes)),
      trouble,
    ]);
    const header = ["broker", "path", "partitions", "size", "free", "of", "trouble"];
    context.out(renderTable(header, rows));
  }
  return dirs.some(({ trouble }) => trouble !== undefined) ? exitCode.failed : exitCode.ok;
}

function spaceText(bytes: number): string | undefined {
  return bytes < 0 ? undefined : sizeText(bytes);
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1.5 GiB`. */
export function sizeText(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
