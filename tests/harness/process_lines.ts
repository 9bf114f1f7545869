// A child process whose output is read as lines while it runs, and never left to fill its pipe.
//
//   stdout ─┐
//           ├─> onLine(line, source), and the newest 256 KB kept for error messages
//   stderr ─┘
//
// Invariant: only this child is ever signalled, by its own handle.

import { within } from "./deadline.ts";

const keptOutputMax = 256 * 1024;
/** Generous: a process in the middle of a sync ends when the disk has done its work. */
const killedWithinMs = 60_000;

export interface ProcessOptions {
  command: string;
  args: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Text for stdin, which is then closed; without it stdin is empty. */
  input?: string;
  /** Keeps stdin open for `send`, until `endInput`. */
  interactive?: boolean;
  onLine?: (line: string, source: "stdout" | "stderr") => void;
}

export interface Finished {
  code: number;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export class ProcessLines {
  readonly #child: Deno.ChildProcess;
  readonly #title: string;
  readonly #kept = { stdout: "", stderr: "" };
  readonly #onLine: ProcessOptions["onLine"];
  /** Settles when the process has ended and its output is read to the end. Never rejects. */
  readonly finished: Promise<Finished>;
  #ended = false;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;

  constructor(options: ProcessOptions) {
    this.#title = [options.command, ...options.args].join(" ");
    this.#onLine = options.onLine;
    this.#child = new Deno.Command(options.command, {
      args: [...options.args],
      env: options.env,
      cwd: options.cwd,
      stdin: options.input === undefined && !options.interactive ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (options.interactive) this.#input = this.#child.stdin.getWriter();
    this.finished = this.#follow(options.input);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What it wrote lately, for an error message. */
  get output(): string {
    return `$ ${this.#title}\n${this.#kept.stdout}${this.#kept.stderr}`;
  }

  /** Writes a line to an interactive program; one that has ended does not hear it. */
  send(line: string): void {
    this.#input?.write(new TextEncoder().encode(`${line}\n`)).catch(ignoreBrokenPipe);
  }

  /** An interactive program reads the end of its input. */
  endInput(): void {
    this.#input?.close().catch(ignoreBrokenPipe);
  }

  signal(name: Deno.Signal): void {
    if (this.#ended) return;
    try {
      this.#child.kill(name);
    } catch (error) {
      // It ended between the check and the call.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Asks it to end with a signal and waits; kills it, and fails, when it has not ended in time. */
  async stop(withinMs: number, signal: Deno.Signal = "SIGTERM"): Promise<Finished> {
    this.signal(signal);
    try {
      return await within(this.finished, {
        ms: withinMs,
        what: () => `end of process ${this.pid} after ${signal}\n${this.output}`,
      });
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Kills it and waits; fails when it has not ended, or somebody else holds its output. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await within(this.finished, {
      ms: killedWithinMs,
      what: () => `end of process ${this.pid} after SIGKILL\n${this.output}`,
    });
  }

  async #follow(input: string | undefined): Promise<Finished> {
    const [status] = await Promise.all([
      this.#child.status,
      this.#read("stdout"),
      this.#read("stderr"),
      input === undefined ? undefined : this.#feed(input),
    ]);
    this.#ended = true;
    return { code: status.code, signal: status.signal, ...this.#kept };
  }

  async #read(source: "stdout" | "stderr"): Promise<void> {
    let partial = "";
    for await (const text of this.#child[source].pipeThrough(new TextDecoderStream())) {
      this.#kept[source] = (this.#kept[source] + text).slice(-keptOutputMax);
      const lines = (partial + text).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) this.#onLine?.(line, source);
    }
    if (partial !== "") this.#onLine?.(partial, source);
  }

  async #feed(input: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(input));
      await writer.close();
    } catch (error) {
      ignoreBrokenPipe(error);
    }
  }
}

/** It ended without reading all; its exit code and stderr tell the story. */
function ignoreBrokenPipe(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}

/** Runs a program to its end and fails, with its output, when its exit code is not 0. */
export async function run(options: ProcessOptions & { withinMs: number }): Promise<Finished> {
  const child = new ProcessLines(options);
  try {
    const finished = await within(child.finished, {
      ms: options.withinMs,
      what: () => `end of\n${child.output}`,
    });
    if (finished.code !== 0) throw new Error(`exit code ${finished.code} from\n${child.output}`);
    return finished;
  } finally {
    await child.kill();
  }
}
