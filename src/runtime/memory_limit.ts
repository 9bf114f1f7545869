// How much memory Linux lets this process have: what the machine has, or less where a control group
// says so, as containers do.
//
//   /proc/meminfo                                             MemTotal, in kB
//   /sys/fs/cgroup/<group>/memory.max                         version 2: bytes, or "max"
//   /sys/fs/cgroup/memory/<group>/memory.limit_in_bytes       version 1: bytes, huge for no limit
//
// A group's parents bound it, too. In a container the group's own path may not be there, since the
// file system begins at the group: then its files lie at the root.

import type { ReadText } from "./proc_files.ts";

/** Bytes of memory for this process; undefined where nothing tells. */
export function memoryLimit(readText: ReadText): number | undefined {
  const limits: number[] = [];
  const total = /^MemTotal:\s+(\d+) kB/m.exec(readText("/proc/meminfo") ?? "");
  if (total !== null) limits.push(Number(total[1]) * 1024);
  for (const path of limitFiles(readText("/proc/self/cgroup") ?? "")) {
    const text = readText(path)?.trim();
    if (text !== undefined && /^\d+$/.test(text)) limits.push(Number(text));
  }
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Where limits may stand for the groups of `cgroup`: lines of "number:controllers:path". */
function limitFiles(cgroup: string): string[] {
  const paths: string[] = [];
  for (const line of cgroup.split("\n")) {
    const [, controllers, group] = line.match(/^\d+:([^:]*):(.*)$/) ?? [];
    const isMemory = controllers === "" || controllers?.split(",").includes("memory");
    if (group === undefined || !isMemory) continue;
    const [root, file] = controllers === ""
      ? ["/sys/fs/cgroup", "memory.max"]
      : ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"];
    const parts = group.split("/").filter((part) => part !== "");
    for (let depth = parts.length; depth >= 0; depth--) {
      paths.push([root, ...parts.slice(0, depth), file].join("/"));
    }
  }
  return paths;
}
