// The application of Streams.java as a process, with a folder for its state.
//
//   start ──> running ──"done"──> all results are there ──endInput──> ends, and leaves its group
//
// Invariant: after its end, or `close`, the process and the folder are gone.

import { ProcessLines } from "../../harness/process_lines.ts";
import { fetchJars } from "./fetch.ts";

const log4j = new URL("log4j2.properties", import.meta.url).pathname;
const program = new URL("Streams.java", import.meta.url).pathname;

/** What runs one of Kafka's classes, or a program: `java` with these words before it. */
export async function javaWords(): Promise<string[]> {
  const jars = await fetchJars();
  return [
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "--enable-native-access=ALL-UNNAMED",
    `-Dlog4j2.configurationFile=${log4j}`,
    "-cp",
    `${jars}*`,
  ];
}

export interface ApplicationOptions {
  readonly bootstrap: string;
  readonly protocol: "classic" | "streams";
  /** Three words and a join for each. */
  readonly keys: number;
  /** Hears each line that it tells. */
  readonly onLine?: (line: string) => void;
}

export class StreamsApplication implements AsyncDisposable {
  readonly process: ProcessLines;
  /** All results are there. */
  readonly done: Promise<void>;
  readonly #state: string;

  private constructor(options: ApplicationOptions, words: readonly string[], state: string) {
    const { bootstrap, protocol, keys, onLine } = options;
    this.#state = state;
    const done = Promise.withResolvers<void>();
    this.done = done.promise;
    this.process = new ProcessLines({
      command: "java",
      args: [...words, program, bootstrap, protocol, String(keys), state],
      interactive: true,
      onLine(line) {
        if (line === "done") done.resolve();
        onLine?.(line);
      },
    });
    this.process.finished.then(() => done.reject(new Error(this.process.output)));
    done.promise.catch(() => {}); // Who waits for it is told.
  }

  static async start(options: ApplicationOptions): Promise<StreamsApplication> {
    const state = await Deno.makeTempDir({ prefix: "streams-state-" });
    return new StreamsApplication(options, await javaWords(), state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.kill();
    await Deno.remove(this.#state, { recursive: true });
  }
}
