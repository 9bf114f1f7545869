// The broker under test as a process of its own: started, stopped, killed and started again on the
// same port and data folder, so that clients find it where it was.
//
//   start() ──> running ──stop(), kill()──> down ──restart()──> running
//
// Invariant: after `close` (or the end of an `await using` block) the process has ended, and a data
// folder that was made here is gone. A secret of its settings that it has told fails `close`.
// targets.ts says which program it is.

import { missing } from "../../src/base/items.ts";
import { Confidence } from "./confidence.ts";
import { within } from "./deadline.ts";
import { ProcessLines } from "./process_lines.ts";
import { type Launch, launch, type Target, targetFromEnvironment } from "./targets.ts";

export interface BrokerOptions {
  /** Kafka's own keys. Added to what every test wants: no wait before a group's first rebalance. */
  settings?: Record<string, string>;
  /** Otherwise what OTTLA_TARGET says. */
  target?: Target;
  /** Otherwise a temporary folder, removed by `close`. */
  dataDir?: string;
  /** Otherwise any free one. */
  port?: number;
  /** Further arguments of `ottla start`, such as `--ephemeral`. */
  flags?: readonly string[];
  /** A program with its arguments that runs the broker in its own place, as setpriv does. */
  wrapper?: readonly string[];
  /** As {@link LaunchOptions.forLoad}. */
  forLoad?: boolean;
  /** Hears every line of its output. */
  onLine?: (line: string) => void;
}

export class BrokerProcess implements AsyncDisposable {
  readonly target: Target;
  readonly dataDir: string;
  readonly #folder: string | undefined;
  readonly #settings: Record<string, string>;
  readonly #flags: readonly string[];
  readonly #wrapper: readonly string[];
  readonly #forLoad: boolean;
  readonly #listeners = new Set<(line: string) => void>();
  readonly #confidence: Confidence;
  #process: ProcessLines | undefined;
  #port: number;
  #stopWithinMs = 0;

  private constructor(options: BrokerOptions, folder: string | undefined) {
    this.target = options.target ?? targetFromEnvironment();
    this.#folder = folder;
    this.dataDir = options.dataDir ?? `${folder}/data`;
    this.#settings = { "group.initial.rebalance.delay.ms": "0", ...options.settings };
    this.#confidence = new Confidence(this.#settings);
    this.#flags = options.flags ?? [];
    this.#wrapper = options.wrapper ?? [];
    this.#forLoad = options.forLoad ?? false;
    if (options.onLine) this.#listeners.add(options.onLine);
    this.#port = options.port ?? 0;
  }

  /** A broker that is ready for clients. */
  static async start(options: BrokerOptions = {}): Promise<BrokerProcess> {
    const folder = options.dataDir === undefined
      ? await Deno.makeTempDir({ prefix: "broker-under-test-" })
      : undefined;
    const broker = new BrokerProcess(options, folder);
    try {
      await broker.restart();
    } catch (error) {
      await broker.close();
      throw error;
    }
    return broker;
  }

  readonly host = "127.0.0.1";

  get port(): number {
    return this.#port;
  }

  get bootstrap(): string {
    return `${this.host}:${this.#port}`;
  }

  get pid(): number {
    return this.#running().pid;
  }

  /** What it wrote lately, for an error message. */
  get output(): string {
    return this.#process?.output ?? "";
  }

  /** The folder that holds `<topic>-<partition>`. */
  get logFolder(): string {
    return this.target === "kafka" ? `${this.dataDir}/logs` : this.dataDir;
  }

  /** The first line of its output, past or to come, that `matches`. */
  async said(matches: (line: string) => boolean): Promise<string> {
    const past = this.output.split("\n").find(matches);
    if (past !== undefined) return past;
    const heard = Promise.withResolvers<string>();
    const listener = (line: string) => matches(line) && heard.resolve(line);
    this.#listeners.add(listener);
    try {
      const what = () => `a line that matches ${matches}\n${this.output}`;
      return await within(heard.promise, { ms: 60_000, what });
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** A signal, and the wait for the end. Fails when it takes too long. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<{ code: number }> {
    const { code } = await this.#running().stop(this.#stopWithinMs, signal);
    return { code };
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#running().kill();
  }

  /** Starts it again where it was; stops it first if it runs. */
  async restart(): Promise<void> {
    if (this.#process && !this.#process.ended) await this.stop();
    const { plan, process, ready } = await this.#launch();
    const exit = process.finished.then(({ code }) => {
      throw new Error(`the broker ended with code ${code} before it was ready\n${process.output}`);
    });
    exit.catch(() => {}); // An end after the ready line is no news here.
    const match = await within(Promise.race([ready, exit]), {
      ms: plan.readyWithinMs,
      what: () => `the broker's ready line ${plan.ready}\n${process.output}`,
    });
    this.#port = plan.port ?? Number(match.at(-1));
  }

  /** Starts it where it was and kills it `afterMs` later, ready or not. */
  async killWhileStarting(afterMs: number): Promise<void> {
    const { process } = await this.#launch();
    await new Promise((go) => setTimeout(go, afterMs));
    await process.kill();
  }

  async close(): Promise<void> {
    if (this.#process && !this.#process.ended) await this.#process.kill();
    if (this.#folder) await Deno.remove(this.#folder, { recursive: true });
    this.#confidence.check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #launch(): Promise<
    { plan: Launch; process: ProcessLines; ready: Promise<RegExpMatchArray> }
  > {
    await Deno.mkdir(this.dataDir, { recursive: true });
    const plan = await launch(this.target, {
      dataDir: this.dataDir,
      port: this.#port,
      settings: this.#settings,
      flags: this.#flags,
      forLoad: this.#forLoad,
    });
    this.#stopWithinMs = plan.stopWithinMs;
    const ready = Promise.withResolvers<RegExpMatchArray>();
    const [command = missing(), ...args] = [...this.#wrapper, plan.command, ...plan.args];
    const process = new ProcessLines({
      command,
      args,
      onLine: (line) => {
        const match = line.match(plan.ready);
        if (match) ready.resolve(match);
        if (this.target !== "kafka") this.#confidence.hear(line);
        for (const listener of this.#listeners) listener(line);
      },
    });
    this.#process = process;
    return { plan, process, ready: ready.promise };
  }

  #running(): ProcessLines {
    if (!this.#process || this.#process.ended) throw new Error("the broker does not run");
    return this.#process;
  }
}
