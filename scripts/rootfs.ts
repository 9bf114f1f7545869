// Lays out the container's root file system in a folder: the one binary, the shared libraries that
// it names, and nothing else. deno task rootfs FOLDER [--binary dist/ottla]
//
//   FOLDER/usr/local/bin/ottla
//   FOLDER/lib/x86_64-linux-gnu/libc.so.6, ...    what `ldd` lists, at the same paths
//   FOLDER/lib64/ld-linux-x86-64.so.2             the loader
//   FOLDER/data                                   the volume, owned by user 65532
//   FOLDER/tmp
//   FOLDER/proc                                   where an engine mounts it: a Bun binary aborts
//                                                 without /proc
//
// The Dockerfile copies this folder into an empty image; tests/integration/chroot_test.ts runs the
// binary in it with chroot. There is no shell, no libc tool and no certificate store inside.

import { taskFlags } from "./task_flags.ts";

/** The user that the image runs as, as in other images without a shell. */
const userId = 65532;

/** Paths of the shared libraries in what `ldd` printed; the kernel's own one has no path. */
export function librariesIn(lddOutput: string): string[] {
  const paths = lddOutput.split("\n").map((line) => /(\/\S+) \(0x/.exec(line)?.[1]);
  return paths.filter((path) => path !== undefined);
}

/** Copies `binary` and what it needs into `folder`. Returns the paths inside of it. */
export async function layOutRootFs(folder: string, binary: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("ldd", { args: [binary] }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const isStatic = printed.includes("not a dynamic executable");
  if (!success && !isStatic) throw new Error(`ldd ${binary}: ${printed.trim()}`);
  const copies = new Map([[binary, "/usr/local/bin/ottla"]]);
  if (!isStatic) { for (const path of librariesIn(printed)) copies.set(path, path); }
  for (const [from, to] of copies) {
    await Deno.mkdir(`${folder}${to.slice(0, to.lastIndexOf("/"))}`, { recursive: true });
    await Deno.copyFile(from, `${folder}${to}`);
    await Deno.chmod(`${folder}${to}`, 0o755);
  }
  await Deno.mkdir(`${folder}/data`, { recursive: true });
  await Deno.mkdir(`${folder}/proc`, { recursive: true });
  await Deno.mkdir(`${folder}/tmp`, { recursive: true });
  await Deno.chmod(`${folder}/tmp`, 0o1777);
  if (Deno.uid() === 0) await Deno.chown(`${folder}/data`, userId, userId);
  return [...copies.values(), "/data", "/proc", "/tmp"];
}

if (import.meta.main) {
  const options = taskFlags(Deno.args, { string: ["binary"] });
  const folder = options._[0];
  if (folder === undefined) {
    console.error("Name the folder to fill: deno task rootfs FOLDER [--binary dist/ottla]");
    Deno.exit(2);
  }
  const paths = await layOutRootFs(String(folder), options.binary ?? "dist/ottla");
  console.log(paths.map((path) => `${folder}${path}`).join("\n"));
}
