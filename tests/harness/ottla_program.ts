// `ottla start` with a command line, an environment and files of the test's own, to see what it
// makes of them: either it gets ready, or it ends and says why.
//
// Invariant: nothing of this process's environment that could configure a broker reaches it, and
// after the end of an `await using` block it has ended, having told no secret of its settings.

import { firstOf, itemAt } from "../../src/base/items.ts";
import { Confidence } from "./confidence.ts";
import { within } from "./deadline.ts";
import { type Finished, ProcessLines } from "./process_lines.ts";
import { ottlaCommand, type Target } from "./targets.ts";

export interface ProgramOptions {
  readonly target: Target;
  /** What follows `ottla start`. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const readyMs = 120_000;

export class OttlaProgram implements AsyncDisposable {
  readonly #process: ProcessLines;
  readonly #confidence: Confidence;
  /** Lines of both outputs, in the order of their arrival. */
  readonly lines: { readonly source: "stdout" | "stderr"; readonly text: string }[] = [];
  /** Where brokers listen, as ready lines say, in their order. */
  readonly #listening: { host: string; port: number }[] = [];
  #onListening = () => {};
  #onLineOf = (_: string) => {};

  private constructor(command: readonly string[], options: ProgramOptions) {
    this.#confidence = Confidence.ofArguments(options.args);
    this.#process = new ProcessLines({
      command: firstOf(command),
      args: [...command.slice(1), "start", ...options.args],
      env: options.env,
      onLine: (text, source) => this.#onLine(text, source),
    });
  }

  /** Runs it; `ready` or `ended` tells what becomes of it. */
  static async run(options: ProgramOptions): Promise<OttlaProgram> {
    return new OttlaProgram(await ottlaCommand(options.target), options);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Where it listens, as its ready line says. Fails when it ends before. */
  async ready(): Promise<{ host: string; port: number }> {
    return firstOf(await this.allReady(1));
  }

  /** Where `count` brokers listen, as their ready lines say. Fails when it ends before. */
  async allReady(count: number): Promise<{ host: string; port: number }[]> {
    const ready = Promise.withResolvers<boolean>();
    this.#onListening = () => {
      if (this.#listening.length >= count) ready.resolve(true);
    };
    this.#onListening();
    const ended = this.#process.finished.then(() => false);
    const isReady = await within(Promise.race([ready.promise, ended]), {
      ms: readyMs,
      what: () => `${count} ready lines\n${this.#process.output}`,
    });
    if (!isReady) throw new Error(`it ended instead:\n${this.#process.output}`);
    return this.#listening.slice(0, count);
  }

  /** Resolves once a line has `part` in it. */
  async said(part: string): Promise<void> {
    const said = Promise.withResolvers<void>();
    this.#onLineOf = (text) => text.includes(part) && said.resolve();
    for (const { text } of this.lines) this.#onLineOf(text);
    const what = () => `a line with ${part}\n${this.#process.output}`;
    await within(said.promise, { ms: readyMs, what });
  }

  /** How it ended, by itself. */
  ended(): Promise<Finished> {
    const what = () => `its end\n${this.#process.output}`;
    return within(this.#process.finished, { ms: readyMs, what });
  }

  stop(): Promise<Finished> {
    return this.#process.stop(60_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill();
    this.#confidence.check();
  }

  #onLine(text: string, source: "stdout" | "stderr"): void {
    this.#confidence.hear(text);
    this.lines.push({ source, text });
    this.#onLineOf(text);
    const match = /listening on \[?([^\s\]]+)\]?:(\d+)/.exec(text);
    if (match === null) return;
    this.#listening.push({ host: itemAt(match, 1), port: Number(match[2]) });
    this.#onListening();
  }
}
