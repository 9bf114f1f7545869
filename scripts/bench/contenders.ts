// The brokers that are compared: each started on a folder of its own, and measured from outside.
//
//   kafka    Apache Kafka, as its own scripts start it, with a heap of 1 GB (needs Java and Maven)
//   binary   dist/ottla (deno task compile)
//   deno, node   from source
//   others   by a command line, with {port} and {folder} where it wants them

import { firstOf, missing } from "../../src/base/items.ts";
import { BrokerProcess } from "../../tests/harness/broker_process.ts";
import { ProcessLines } from "../../tests/harness/process_lines.ts";
import { type Usage, usageOf } from "./program.ts";
import { dial, freePort, metadataRequest } from "./start.ts";

const root = new URL("../../", import.meta.url).pathname;
const answeredWithinMs = 60_000;

/** A broker to be compared. */
export interface Contender {
  readonly name: string;
  /** What starts it, for the page. */
  readonly about: string;
  start(): Promise<Running>;
}

/** One that runs. */
export interface Running {
  readonly name: string;
  readonly port: number;
  /** From the creation of its process to its first answer. */
  readonly startMs: number;
  usage(): Usage;
  close(): Promise<void>;
}

const targets = {
  kafka: "Apache Kafka 4.3.1, G1 and a heap of 1 GB as in kafka-server-start.sh",
  binary: "dist/ottla start",
  deno: "deno run -A --no-check src/main.ts start",
  node: "the library in a program under Node 24",
} as const;

type TargetName = keyof typeof targets;

/** What all of them are told. */
const settings = { "log.segment.delete.delay.ms": "500" };

function isTarget(name: string): name is TargetName {
  return Object.hasOwn(targets, name);
}

/** The contenders of these names, and those of `commands` (`name=command`). */
export function contendersOf(names: readonly string[], commands: readonly string[]): Contender[] {
  const own = names.map((name) => {
    if (isTarget(name)) return { name, about: targets[name], start: () => startTarget(name) };
    throw new Error(`--brokers ${name}: it must be one of ${Object.keys(targets).join(", ")}`);
  });
  const others = commands.map((text) => {
    const [name = missing(), ...rest] = text.split("=");
    const about = rest.join("=");
    if (about === "") throw new Error(`--with ${text}: it must be NAME=COMMAND`);
    return { name, about, start: () => startCommand(name, about) };
  });
  return [...own, ...others];
}

async function startTarget(name: TargetName): Promise<Running> {
  if (name === "binary" && !Deno.env.get("OTTLA_BINARY")) {
    Deno.env.set("OTTLA_BINARY", `${root}dist/ottla`);
  }
  const [startedMs, port] = [performance.now(), freePort()];
  const broker = await BrokerProcess.start({ target: name, settings, port, forLoad: true });
  await answered(broker.port);
  return {
    name,
    port: broker.port,
    startMs: performance.now() - startedMs,
    usage: () => usageOf(broker.pid),
    close: () => broker.close(),
  };
}

async function startCommand(name: string, text: string): Promise<Running> {
  const [startedMs, port] = [performance.now(), freePort()];
  const folder = await Deno.makeTempDir({ prefix: "ottla-bench-" });
  const words = text.split(" ").map((word) =>
    word.replaceAll("{port}", String(port)).replaceAll("{folder}", folder)
  );
  const program = new ProcessLines({ command: firstOf(words), args: words.slice(1), cwd: folder });
  const close = async () => {
    await program.kill();
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await answered(port);
  } catch (error) {
    await close();
    throw new Error(`${name} does not answer\n${program.output}`, { cause: error });
  }
  const startMs = performance.now() - startedMs;
  return { name, port, startMs, usage: () => usageOf(program.pid), close };
}

async function answered(port: number): Promise<void> {
  const connection = await dial(port, performance.now() + answeredWithinMs);
  try {
    await connection.write(metadataRequest());
    if (await connection.read(new Uint8Array(4096)) === null) throw new Error("it hung up");
  } finally {
    connection.close();
  }
}
