// What Linux tells about processes in /proc, read as text files.
//
// /proc/<pid>/stat is one line, "pid (name) state ppid …", where the name may hold anything, so
// fields count from the last ")". Times in it are in clock ticks of 1/100 s, since boot or of CPU.
// Elsewhere, and in a bare chroot without /proc, everything here is undefined and callers fall
// back.

/** Reads a small text file; undefined when that fails, whyever. */
export type ReadText = (path: string) => string | undefined;

const ticksPerSecond = 100;

function statFields(pid: number | "self", readText: ReadText): string[] | undefined {
  const line = readText(`/proc/${pid}/stat`);
  return line?.slice(line.lastIndexOf(")") + 2).split(" ");
}

/**
 * When process `pid` began, in ticks since boot; undefined when it is not there, or no /proc is.
 */
export function startTicks(pid: number | "self", readText: ReadText): number | undefined {
  const field = statFields(pid, readText)?.[19];
  return field === undefined ? undefined : Number(field);
}

/** CPU seconds that this process used so far, user and system, all threads. */
export function cpuSeconds(readText: ReadText): number | undefined {
  const fields = statFields("self", readText);
  return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** How long ago this process began, in milliseconds, to about 10 ms. */
export function ageMs(readText: ReadText): number | undefined {
  const start = startTicks("self", readText);
  const uptime = readText("/proc/uptime");
  if (start === undefined || uptime === undefined) return undefined;
  return Math.max(0, (Number(uptime.split(" ")[0]) - start / ticksPerSecond) * 1000);
}

/**
 * The process that holds a POSIX lock (fcntl) on a file, as Java programs do; undefined when none
 * does, or nothing tells. A line of /proc/locks has the file as "fe:00:10037210": device numbers in
 * hex, inode.
 */
export function posixLockHolder(
  file: { readonly device: number; readonly inode: number },
  readText: ReadText,
): number | undefined {
  const major = Math.floor(file.device / 256) & 0xfff;
  const minor = (file.device & 0xff) | (Math.floor(file.device / 4096) & 0xfff00);
  const hex = (number: number) => number.toString(16).padStart(2, "0");
  const name = `${hex(major)}:${hex(minor)}:${file.inode}`;
  for (const line of readText("/proc/locks")?.split("\n") ?? []) {
    const [, kind, , , pid, locked] = line.trim().split(/\s+/);
    if (kind === "POSIX" && locked === name) return Number(pid);
  }
  return undefined;
}

/** How many files and sockets this process may have open; undefined where nothing tells. */
export function openFilesMax(readText: ReadText): number | undefined {
  const line = /^Max open files\s+(\d+)/m.exec(readText("/proc/self/limits") ?? "");
  return line === null ? undefined : Number(line[1]);
}

/** An identity of this boot of the machine. */
export function bootId(readText: ReadText): string | undefined {
  return readText("/proc/sys/kernel/random/boot_id")?.trim();
}
