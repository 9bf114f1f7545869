// The binary runs with its shared libraries and nothing else: the container's root file system,
// laid out in a temporary folder and entered with chroot as the user that the image runs as.

import { assertEquals, assertMatch } from "@std/assert";
import { layOutRootFs } from "../../scripts/rootfs.ts";
import { within } from "../harness/deadline.ts";
import { ProcessLines, run } from "../harness/process_lines.ts";

const root = new URL("../..", import.meta.url).pathname;

/**
 * Enters a folder as a container engine would: with /proc, in mounts of its own. chroot lives in an
 * sbin folder, which is not on everybody's PATH.
 */
const enterScript = 'PATH="$PATH:/usr/sbin:/sbin"; mount --rbind /proc "$0/proc" && ' +
  'exec chroot $CHROOT_FLAGS "$0" "$@"';

/** How to enter a folder here, or why it cannot be done. */
function chrootCommand(): { words: string[]; flags: string } | { reason: string } {
  if (Deno.build.os !== "linux") return { reason: "chroot needs Linux" };
  const isRoot = Deno.uid() === 0;
  const words = ["unshare", "--mount", ...(isRoot ? [] : ["--map-root-user"]), "sh", "-c"];
  const [command, ...args] = [...words, "mount --rbind /proc /proc"];
  try {
    if (new Deno.Command(command, { args }).outputSync().success) {
      return { words: [...words, enterScript], flags: isRoot ? "--userspec=65532:65532" : "" };
    }
  } catch {
    // unshare is not installed: the reason below covers it.
  }
  return { reason: "chroot with /proc needs root, or a kernel that grants user namespaces" };
}

/** The binary under test: the given one, or one built now with Bun. */
async function binaryPath(): Promise<string> {
  const given = Deno.env.get("OTTLA_BINARY");
  if (given) return await Deno.realPath(given);
  const args = ["run", "-A", `${root}scripts/compile.ts`, "--with", "bun"];
  await run({ command: Deno.execPath(), args, cwd: root, withinMs: 300_000 });
  return `${root}dist/ottla`;
}

const chroot = chrootCommand();
if ("reason" in chroot) console.log(`chroot_test is skipped: ${chroot.reason}`);

Deno.test({
  name: "the binary alone with its libraries takes a record and gives it back",
  ignore: "reason" in chroot,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "ottla-rootfs-" });
    const { words, flags } = "words" in chroot ? chroot : { words: [], flags: "" };
    const enter = (...args: string[]) => ({
      command: words[0],
      args: [...words.slice(1), folder, "/usr/local/bin/ottla", ...args],
      env: { HOME: "/", TMPDIR: "/tmp", CHROOT_FLAGS: flags },
      withinMs: 30_000,
    });
    let broker: ProcessLines | undefined;
    try {
      // The image's user must be able to reach the files.
      await Deno.chmod(folder, 0o755);
      await layOutRootFs(folder, await binaryPath());
      const ready = Promise.withResolvers<string>();
      broker = new ProcessLines({
        ...enter("start", "--host", "127.0.0.1", "--port", "0", "--data-dir", "/data"),
        onLine: (line) => {
          const match = /listening on (\S+:\d+)/.exec(line);
          if (match) ready.resolve(match[1]);
        },
      });
      const bootstrap = await within(
        Promise.race([ready.promise, broker.finished.then(() => "it ended")]),
        { ms: 30_000, what: () => `the ready line\n${broker?.output}` },
      );
      assertMatch(bootstrap, /:\d+$/, broker.output);
      const at = ["--bootstrap", bootstrap];
      await run(enter("topics", "create", "greetings", ...at));
      await run({ ...enter("produce", "greetings", ...at), input: "hello from the root\n" });
      const consume = ["consume", "greetings", "--from-beginning", "--max-messages", "1"];
      const { stdout } = await run(enter(...consume, ...at));
      assertMatch(stdout, /hello from the root/);
      assertEquals((await broker.stop(5_000)).code, 0);
    } finally {
      await broker?.kill();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
