// A program under measurement: started, found by its "listening on" line, measured from outside,
// ended.

import { missing } from "../../src/base/items.ts";

/** CPU time and memory of a process so far, from /proc (Linux). */
export interface Usage {
  readonly userSeconds: number;
  /** What the kernel spent for it. */
  readonly kernelSeconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** A running program. */
export interface Program {
  readonly port: number;
  usage(): Usage;
  signal(name: Deno.Signal): void;
  stop(): Promise<void>;
}

const clockTicksPerSecond = 100;

/** Starts `command` and waits until it says where it listens. `onText` hears all that it says. */
export async function startProgram(
  command: readonly string[],
  onText: (text: string) => void = () => {},
): Promise<Program> {
  const [executable = missing(), ...args] = command;
  const child = new Deno.Command(executable, { args, stdout: "piped", stderr: "piped" }).spawn();
  const port = await Promise.any([portOf(child.stdout, onText), portOf(child.stderr, onText)]);
  return {
    port,
    usage: () => usageOf(child.pid),
    signal: (name) => child.kill(name),
    async stop() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

async function portOf(
  stdout: ReadableStream<Uint8Array>,
  onText: (text: string) => void,
): Promise<number> {
  const decoder = new TextDecoder();
  const reader = stdout.getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the program ended before it listened: ${text}`);
    const more = decoder.decode(value, { stream: true });
    onText(more);
    text += more;
    const found = /listening on (?:\S+:)?(\d+)/.exec(text);
    if (found === null) continue;
    drain(reader, onText);
    return Number(found[1]);
  }
}

async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  onText: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onText(decoder.decode(value, { stream: true }));
  }
}

/** What process `pid` has used. */
export function usageOf(pid: number): Usage {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const seconds = (field: number) => Number(fields[field]) / clockTicksPerSecond;
  const [userSeconds, kernelSeconds] = [seconds(11), seconds(12)];
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const bytes = (name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
  return {
    userSeconds,
    kernelSeconds,
    cpuSeconds: userSeconds + kernelSeconds,
    residentBytes: bytes("VmRSS"),
  };
}

/** Memory of process `pid`, where what several processes share is shared out among them. */
export function proportionalBytesOf(pid: number): number {
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024;
}
