import { assertEquals } from "@std/assert";
import { memoryLimit } from "./memory_limit.ts";

const mebi = 1024 * 1024;

/** A machine of 8 GiB with these files. */
function limitOf(files: Record<string, string>): number | undefined {
  const all: Record<string, string> = { "/proc/meminfo": "MemTotal:  8388608 kB\n", ...files };
  return memoryLimit((path) => all[path]);
}

Deno.test("the limit of a control group of version 2 is found, its parents' too", () => {
  const group = { "/proc/self/cgroup": "0::/kube/pod\n" };
  const own = "/sys/fs/cgroup/kube/pod/memory.max";
  assertEquals(limitOf({ ...group, [own]: "536870912\n" }), 512 * mebi);
  assertEquals(limitOf({ ...group, [own]: "max\n" }), 8192 * mebi);
  const parent = { "/sys/fs/cgroup/kube/memory.max": "268435456\n" };
  assertEquals(limitOf({ ...group, ...parent, [own]: "536870912\n" }), 256 * mebi);
});

Deno.test("the limit of a control group of version 1 is found", () => {
  const group = { "/proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n" };
  const own = "/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes";
  assertEquals(limitOf({ ...group, [own]: "1073741824\n" }), 1024 * mebi);
  assertEquals(limitOf({ ...group, [own]: "9223372036854771712\n" }), 8192 * mebi);
});

Deno.test("in a container the group's files lie at the root", () => {
  const group = { "/proc/self/cgroup": "4:memory:/docker/1\n" };
  const root = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
  assertEquals(limitOf({ ...group, [root]: "134217728\n" }), 128 * mebi);
  const newer = { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "67108864" };
  assertEquals(limitOf(newer), 64 * mebi);
});

Deno.test("without groups it is the machine's memory, and without /proc nobody knows", () => {
  assertEquals(limitOf({}), 8192 * mebi);
  assertEquals(memoryLimit(() => undefined), undefined);
});
