// The command line as a person uses it: each command a process of its own.

import { assertEquals } from "@std/assert";
import type { BrokerProcess } from "./broker_process.ts";
import { within } from "./deadline.ts";
import { type Finished, ProcessLines } from "./process_lines.ts";
import { ottlaCommand } from "./targets.ts";

/** What follows `ottla`: words with a space between them, or a list where some have spaces. */
export type Words = string | readonly string[];

/** `ottla` with the broker under test as its bootstrap. */
export class CommandLine {
  readonly #broker: Pick<BrokerProcess, "target" | "bootstrap">;

  constructor(broker: Pick<BrokerProcess, "target" | "bootstrap">) {
    this.#broker = broker;
  }

  async start(
    words: Words,
    options: { input?: string; onLine?: (line: string) => void } = {},
  ): Promise<ProcessLines> {
    const { target } = this.#broker;
    const [command, ...prefix] = await ottlaCommand(target === "kafka" ? "deno" : target);
    return new ProcessLines({
      command,
      args: [...prefix, ...typeof words === "string" ? words.split(" ") : words],
      env: { OTTLA_BOOTSTRAP: this.#broker.bootstrap },
      ...options,
    });
  }

  /** Runs to the end, whatever the exit code. */
  async run(words: Words, input?: string): Promise<Finished> {
    const process = await this.start(words, { input });
    try {
      const what = () => `the end of ottla ${words}\n${process.output}`;
      return await within(process.finished, { ms: 120_000, what });
    } finally {
      await process.kill();
    }
  }

  /** Runs to a good end and returns what it printed. */
  async out(words: Words, input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(words, input);
    assertEquals(code, 0, `ottla ${words}: ${stderr}`);
    return stdout;
  }
}
