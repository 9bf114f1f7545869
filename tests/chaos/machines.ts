// Machines of a real cluster on one computer: each a network namespace of its own on one bridge,
// with an address, processes and a disk of a few megabytes in memory. Needs root and Linux.
//
//   this process (10.x.y.254) ──┐
//   broker-1     (10.x.y.1) ────┼── bridge      cut(a, b): a has no way to b any more
//   etcd-1       (10.x.y.4) ────┘
//
// Invariant: after `close` no namespace, bridge or mount of ours is left.

import { run } from "../harness/process_lines.ts";

const ipMsMax = 30_000;
/** What comes in while a disk is measured still has room. */
const roomKilobytes = 512;
const roomKilobytesMax = 32 * roomKilobytes;

async function ip(...args: readonly string[]): Promise<void> {
  await run({ command: "ip", args, withinMs: ipMsMax });
}

export class Machines implements AsyncDisposable {
  readonly #names: readonly string[];
  readonly #tag: string;
  readonly #net: string;
  readonly #folder: string;
  readonly #mounts: string[] = [];
  readonly #megabytes = new Map<string, number>();
  readonly #cuts = new Set<string>();

  private constructor(names: readonly string[], { folder, net }: { folder: string; net?: string }) {
    this.#names = names;
    this.#folder = folder;
    this.#tag = `oc${Deno.pid}`;
    // Others may have machines of their own.
    this.#net = net ?? `10.${64 + Deno.pid % 128}.${Math.floor(Deno.pid / 128) % 256}`;
  }

  /** `net`: the first three numbers of every address, for who has the network to himself. */
  static async make(
    names: readonly string[],
    { net }: { readonly net?: string } = {},
  ): Promise<Machines> {
    const folder = await Deno.makeTempDir({ prefix: "chaos-" });
    const machines = new Machines(names, { folder, net });
    try {
      await machines.#make();
    } catch (error) {
      await machines.close();
      throw error;
    }
    return machines;
  }

  async #make(): Promise<void> {
    await ip("link", "add", this.#tag, "type", "bridge");
    await ip("addr", "add", `${this.#net}.254/24`, "dev", this.#tag);
    await ip("link", "set", this.#tag, "up");
    for (const [i, name] of this.#names.entries()) {
      const space = this.#space(name);
      const [outer, inner] = [`${this.#tag}v${i}`, `${this.#tag}p${i}`];
      await ip("netns", "add", space);
      await ip("link", "add", outer, "type", "veth", "peer", "name", inner);
      await ip("link", "set", inner, "netns", space);
      await ip("link", "set", outer, "master", this.#tag);
      await ip("link", "set", outer, "up");
      await ip("-n", space, "addr", "add", `${this.address(name)}/24`, "dev", inner);
      await ip("-n", space, "link", "set", inner, "up");
      await ip("-n", space, "link", "set", "lo", "up");
    }
  }

  #space(name: string): string {
    return `${this.#tag}-${name}`;
  }

  address(name: string): string {
    return `${this.#net}.${this.#names.indexOf(name) + 1}`;
  }

  /** The words before a command that is to run on a machine. */
  on(name: string): readonly string[] {
    return ["ip", "netns", "exec", this.#space(name)];
  }

  /** A disk of so many megabytes, in memory; where it is. */
  async disk(name: string, megabytes: number): Promise<string> {
    const path = `${this.#folder}/${name}`;
    await Deno.mkdir(path);
    const args = ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path];
    await run({ command: "mount", args, withinMs: ipMsMax });
    this.#mounts.push(path);
    this.#megabytes.set(path, megabytes);
    return path;
  }

  /** Leaves a machine's disk no room but for a few kilobytes: it has shrunk to what is on it. */
  async fill(name: string): Promise<void> {
    const path = `${this.#folder}/${name}`;
    const words = ["--output=used", "--block-size=1K", path];
    for (let room = roomKilobytes; room <= roomKilobytesMax; room *= 2) {
      const { stdout } = await run({ command: "df", args: words, withinMs: ipMsMax });
      // It cannot be smaller than what is on it, which may have grown meanwhile.
      if (await this.#resize(path, `${Number(stdout.trim().split("\n").at(-1)) + room}k`)) return;
    }
  }

  /** It is as large as it was. */
  async empty(name: string): Promise<void> {
    const path = `${this.#folder}/${name}`;
    await this.#resize(path, `${this.#megabytes.get(path)}m`);
  }

  async #resize(path: string, size: string): Promise<boolean> {
    const args = ["-o", `remount,size=${size}`, path];
    return (await new Deno.Command("mount", { args, stderr: "null" }).output()).success;
  }

  /** Nothing from `a` reaches `b`. */
  async cut(a: string, b: string): Promise<void> {
    const key = `${a} ${b}`;
    if (this.#cuts.has(key)) return;
    this.#cuts.add(key);
    await ip("-n", this.#space(a), "route", "add", "blackhole", `${this.address(b)}/32`);
  }

  async mend(a: string, b: string): Promise<void> {
    if (!this.#cuts.delete(`${a} ${b}`)) return;
    await ip("-n", this.#space(a), "route", "del", "blackhole", `${this.address(b)}/32`);
  }

  async mendAll(): Promise<void> {
    for (const key of [...this.#cuts]) {
      const [a = "", b = ""] = key.split(" ");
      await this.mend(a, b);
    }
  }

  /** Takes all of it away: what runs there has ended. */
  async close(): Promise<void> {
    for (const path of this.#mounts.splice(0)) {
      await run({ command: "umount", args: ["-l", path], withinMs: ipMsMax });
    }
    const { stdout } = await run({ command: "ip", args: ["netns", "list"], withinMs: ipMsMax });
    for (const name of this.#names) {
      // The end of a link in a namespace goes with it, and takes the other along.
      if (stdout.includes(this.#space(name))) await ip("netns", "del", this.#space(name));
    }
    const links = await run({ command: "ip", args: ["link"], withinMs: ipMsMax });
    if (links.stdout.includes(`${this.#tag}:`)) await ip("link", "del", this.#tag);
    await Deno.remove(this.#folder, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
