// A driver whose client is a program in any language (clients/), spoken to in lines of JSON.
//
//   stdin   {"id":1,"op":"produce","topic":"t","records":[...],"codec":"gzip"}
//   stdout  {"event":"ready","version":"franz-go 1.22.2"}          first of all
//           {"id":1,"result":...}  or  {"id":1,"error":"what the client said"}
//           {"event":"assigned","member":"one","partitions":[0,3]}  at any time, as are
//           {"event":"saw","member":"one","value":"..."} and {"event":"failed",...,"message":"..."}
//
// The operations are the methods of Driver: `op` is the method's name, its arguments are fields.
// Invariant: a program answers each line once, and ends when its stdin does.

import { patienceMs, within } from "../harness/deadline.ts";
import { ProcessLines } from "../harness/process_lines.ts";
import type {
  CommittedOffset,
  ConsumedRecord,
  Delivery,
  Driver,
  FenceOptions,
  GroupDescription,
  GroupReports,
  JoinOptions,
  Member,
  ProduceOptions,
  Reached,
  ReadOptions,
  TestRecord,
  TransactedPart,
  WorkOptions,
} from "./driver.ts";

/** How a client program is started; its arguments end with its broker's address and the way in. */
export interface ClientProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/** A line that a program writes. */
type Said =
  | { id: number; result?: unknown; error?: string }
  | { event: "ready"; version: string }
  | { event: "assigned"; member: string; partitions: number[] }
  | { event: "saw"; member: string; value: string }
  | { event: "failed"; member: string; message: string };

export class ProcessDriver implements Driver {
  readonly #program: ClientProgram;
  readonly #at: Reached;
  readonly #process: ProcessLines;
  readonly #ready = Promise.withResolvers<void>();
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #watches = new Map<string, GroupReports>();
  #version = "";
  #lastId = 0;

  private constructor(program: ClientProgram, at: Reached) {
    this.#program = program;
    this.#at = at;
    this.#process = new ProcessLines({
      command: program.command,
      args: [...program.args, at.bootstrap, ...at.way ? [JSON.stringify(at.way)] : []],
      interactive: true,
      onLine: (line, source) => {
        if (source === "stdout") this.#onSaid(JSON.parse(line));
      },
    });
    this.#process.finished.then(({ code, stderr }) => {
      const reason = new Error(`the client ended with code ${code}\n${stderr}`);
      this.#ready.reject(reason);
      for (const asked of this.#asked.values()) asked.reject(reason);
      for (const [member, watch] of this.#watches) watch.failed(member, reason.message);
    });
  }

  /** Starts the program; resolves once it takes commands. */
  static async start(
    program: ClientProgram,
    at: Reached,
  ): Promise<ProcessDriver> {
    const driver = new ProcessDriver(program, at);
    const what = () => `start of\n${driver.#process.output}`;
    await within(driver.#ready.promise, { ms: patienceMs, what });
    return driver;
  }

  get version(): string {
    return this.#version;
  }

  async createTopic(
    topic: string,
    options: { partitions: number; configs: Record<string, string> },
  ): Promise<void> {
    await this.#ask("createTopic", { topic, ...options });
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#ask("deleteTopic", { topic });
  }

  listTopics(): Promise<string[]> {
    return this.#ask("listTopics", {});
  }

  describeTopic(topic: string): Promise<number> {
    return this.#ask("describeTopic", { topic });
  }

  topicConfigs(topic: string): Promise<Record<string, string>> {
    return this.#ask("topicConfigs", { topic });
  }

  async alterTopicConfigs(topic: string, configs: Record<string, string>): Promise<void> {
    await this.#ask("alterTopicConfigs", { topic, configs });
  }

  async produce(
    topic: string,
    records: readonly TestRecord[],
    { codec = "none", idempotent = false, era }: ProduceOptions,
  ): Promise<void> {
    await this.#ask("produce", { topic, records, codec, idempotent, era });
  }

  async transact(transactionalId: string, parts: readonly TransactedPart[]): Promise<void> {
    await this.#ask("transact", { transactionalId, parts });
  }

  fence(transactionalId: string, options: FenceOptions): Promise<string | null> {
    return this.#ask("fence", { transactionalId, ...options });
  }

  read(topic: string, options: ReadOptions): Promise<ConsumedRecord[]> {
    return this.#ask("read", { topic, ...options });
  }

  offsets(topic: string, o: { partitions: number; timestamp: number }): Promise<number[]> {
    return this.#ask("offsets", { topic, ...o });
  }

  async commit(
    group: string,
    options: { topic: string; partition: number; offset: number; metadata: string },
  ): Promise<void> {
    await this.#ask("commit", { group, ...options });
  }

  committed(
    group: string,
    options: { topic: string; partitions: number },
  ): Promise<CommittedOffset[]> {
    return this.#ask("committed", { group, ...options });
  }

  listGroups(): Promise<string[]> {
    return this.#ask("listGroups", {});
  }

  describeGroup(group: string): Promise<GroupDescription> {
    return this.#ask("describeGroup", { group });
  }

  async deleteGroup(group: string): Promise<void> {
    await this.#ask("deleteGroup", { group });
  }

  async askForVersions(options: { version: number }): Promise<void> {
    await this.#ask("askForVersions", options);
  }

  async join(name: string, { watch, apart, ...options }: JoinOptions): Promise<Member> {
    if (apart) return await joinApart(name, { ...options, watch }, this.#program, this.#at);
    this.#watches.set(name, watch);
    await this.#ask("join", { member: name, ...options });
    return {
      leave: async () => {
        await this.#ask("leave", { member: name });
        this.#watches.delete(name);
      },
    };
  }

  workOff(group: string, options: WorkOptions): Promise<Delivery[]> {
    return this.#ask("workOff", { group, ...options });
  }

  async close(): Promise<void> {
    this.#watches.clear();
    this.#process.endInput();
    await within(this.#process.finished, {
      ms: patienceMs,
      what: () => `end of\n${this.#process.output}`,
    }).finally(() => this.#process.kill());
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#watches.clear();
    await this.#process.kill();
  }

  #ask<T>(op: string, fields: Record<string, unknown>): Promise<T> {
    const id = ++this.#lastId;
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(id, asked);
    asked.promise.catch(() => {}); // Reported to whoever waits; nobody else need hear of it.
    this.#process.send(JSON.stringify({ id, op, ...fields }));
    const what = () => `answer to ${op}`;
    return within(asked.promise, { ms: patienceMs, what }) as Promise<T>;
  }

  #onSaid(said: Said): void {
    if ("id" in said) {
      const asked = this.#asked.get(said.id);
      this.#asked.delete(said.id);
      if (said.error === undefined) asked?.resolve(said.result);
      else asked?.reject(new Error(said.error));
    } else if (said.event === "ready") {
      this.#version = said.version;
      this.#ready.resolve();
    } else {
      const watch = this.#watches.get(said.member);
      if (said.event === "assigned") watch?.assigned(said.member, said.partitions);
      else if (said.event === "saw") watch?.saw(said.member, said.value);
      else watch?.failed(said.member, said.message);
    }
  }
}

/** A member in a process of its own, which can be killed. */
export async function joinApart(
  name: string,
  options: JoinOptions,
  program: ClientProgram,
  at: Reached,
): Promise<Member> {
  const driver = await ProcessDriver.start(program, at);
  const member = await driver.join(name, options);
  return {
    leave: async () => {
      await member.leave();
      await driver.close();
    },
    kill: () => driver.kill(),
  };
}
