// Runs one of Apache Kafka's tools by its class, and holds it to what it must say.
//
// Each is a JVM of its own, so a command stands for a whole API.

import { assertEquals, assertMatch } from "@std/assert";
import type { BrokerProcess } from "../../harness/broker_process.ts";
import { patienceMs } from "../../harness/deadline.ts";
import { run } from "../../harness/process_lines.ts";
import { RawClient } from "../../harness/raw_client.ts";
import { fetchJars } from "./fetch.ts";

const log4j = new URL("log4j2.properties", import.meta.url).pathname;
const jvm = [
  "-Xmx128m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  `-Dlog4j2.configurationFile=${log4j}`,
];

/** A command line, and what the tool must say. `fails`: the tool ends with an error. */
export interface ToolCommand {
  readonly tool: string;
  readonly args: string;
  readonly says: RegExp;
  readonly fails?: boolean;
}

export function titleOf({ tool, args }: ToolCommand): string {
  return `${tool.split(".").at(-1)} ${args}`;
}

/** Runs it against the broker. */
export async function runTool(
  { bootstrap }: Pick<BrokerProcess, "bootstrap">,
  { tool, args, says, fails = false }: ToolCommand,
): Promise<void> {
  const words = args.split(" ");
  // A tool with subcommands wants its options behind them.
  const at = words.findIndex((word) => word.startsWith("--"));
  const subcommand = words.slice(0, at < 0 ? words.length : at);
  const server = ["--bootstrap-server", bootstrap];
  const placed = tool.endsWith("ClusterTool")
    ? [...subcommand, ...server, ...words.slice(subcommand.length)]
    : [...server, ...words];
  const classPath = `${await fetchJars()}*`;
  const command = {
    command: "java",
    args: [...jvm, "-cp", classPath, tool, ...placed],
    withinMs: patienceMs,
  };
  const { said, failed } = await run(command).then(
    ({ stdout, stderr }) => ({ said: stdout + stderr, failed: false }),
    (error: Error) => ({ said: error.message, failed: true }),
  );
  assertMatch(said, says);
  assertEquals(failed, fails, said);
}

/** What a tool is asked about a group, and a member of it. */
interface GroupTool {
  readonly tool: string;
  readonly whileRead: readonly Omit<ToolCommand, "tool">[];
  readonly whileEmpty: readonly Omit<ToolCommand, "tool">[];
  readonly join: (client: RawClient) => Promise<{
    /** Keeps the member in its group for another while. */
    stay(): Promise<void>;
    leave(): Promise<void>;
  }>;
}

/** Runs a tool about a group that a member reads in, and about what is left when it is gone. */
export async function runGroupTool(
  t: Deno.TestContext,
  broker: BrokerProcess,
  { tool, whileRead, whileEmpty, join }: GroupTool,
): Promise<void> {
  using client = await RawClient.connect(broker);
  const member = await join(client);
  const step = (command: Omit<ToolCommand, "tool">) =>
    t.step(titleOf({ tool, ...command }), () => runTool(broker, { tool, ...command }));
  for (const command of whileRead) {
    await step(command);
    await member.stay();
  }
  await member.leave();
  for (const command of whileEmpty) await step(command);
}
