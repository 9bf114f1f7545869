// Apache Kafka's administration tools against a broker: what they set is set, and what one node
// cannot do is refused with a sentence that the tool shows.
//
// Each tool is a JVM of its own, so a command stands for a whole API.

import { assertEquals, assertMatch } from "@std/assert";
import { BrokerProcess } from "../harness/broker_process.ts";
import { run } from "../harness/process_lines.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";

const withinMs = 90_000;
const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;
const tools = "org.apache.kafka.tools";
const configs = "kafka.admin.ConfigCommand";

/** A command line, and what the tool must say. `fails`: the tool ends with an error. */
interface Command {
  readonly tool: string;
  readonly args: string;
  readonly says: RegExp;
  readonly fails?: boolean;
}

const commands: readonly Command[] = [
  { tool: `${tools}.TopicCommand`, args: "--create --topic t --partitions 2", says: /Created/ },
  {
    tool: configs,
    args: "--alter --entity-type topics --entity-name t " +
      "--add-config retention.ms=100000,cleanup.policy=[compact,delete]",
    says: /Completed updating config for topic t/,
  },
  {
    tool: configs,
    args: "--describe --entity-type topics --entity-name t",
    says: /cleanup.policy=compact,delete .*\n.*retention.ms=100000 .*DYNAMIC_TOPIC_CONFIG/,
  },
  {
    tool: configs,
    args: "--alter --entity-type brokers --entity-default --add-config message.max.bytes=2000000",
    says: /Completed updating default config/,
  },
  {
    tool: configs,
    args: "--alter --entity-type brokers --entity-name 1 --add-config log.retention.ms=5000000",
    says: /Completed updating config for broker 1/,
  },
  {
    tool: configs,
    args: "--describe --entity-type brokers",
    says: /broker 1 are:\n.*log.retention.ms=5000000[^]*cluster are:\n.*message.max.bytes=2000000/,
  },
  {
    tool: configs,
    args: "--alter --entity-type brokers --entity-name 1 --add-config log.dirs=/elsewhere",
    says: /Cannot update these configs dynamically: \[log.dirs\]/,
    fails: true,
  },
  {
    tool: configs,
    args: "--alter --entity-type clients --entity-name app " +
      "--add-config producer_byte_rate=1000,request_percentage=50",
    says: /Completed updating config for client app/,
  },
  {
    tool: configs,
    args: "--describe --entity-type clients",
    says: /client-id 'app' are .*producer_byte_rate=1000/,
  },
  {
    tool: configs,
    args: "--alter --entity-type users --entity-name alice " +
      "--add-config SCRAM-SHA-256=[iterations=8192,password=p],SCRAM-SHA-512=[password=p]",
    says: /Completed updating config for user alice/,
  },
  {
    tool: configs,
    args: "--describe --entity-type users",
    says: /'alice' are (?=.*SCRAM-SHA-256=iterations=8192).*SCRAM-SHA-512=iterations=4096/,
  },
  {
    tool: `${tools}.ClientMetricsCommand`,
    args: "--alter --name m --metrics org.apache.kafka.producer. --interval 1000",
    says: /Altered client metrics config for m/,
  },
  { tool: `${tools}.ClientMetricsCommand`, args: "--list", says: /^m$/m },
  {
    tool: `${tools}.LogDirsCommand`,
    args: "--describe",
    says: /"partition":"t-[01]","size":0,"offsetLag":0/,
  },
  {
    tool: `${tools}.LeaderElectionCommand`,
    args: "--election-type preferred --topic t --partition 0",
    says: /Valid replica already elected for partitions t-0/,
  },
  {
    tool: `${tools}.reassign.ReassignPartitionsCommand`,
    args: "--list",
    says: /No partition reassignments found/,
  },
  {
    tool: `${tools}.FeatureCommand`,
    args: "describe",
    says: /Feature: metadata.version\s.*FinalizedVersionLevel: [34]\./,
  },
  {
    tool: `${tools}.MetadataQuorumCommand`,
    args: "describe --status",
    says: /LeaderId:\s+1\n[^]*MaxFollowerLag:\s+0\n/,
  },
  {
    tool: `${tools}.ClusterTool`,
    args: "unregister --id 7",
    says: /Broker ID 7 is not currently registered/,
    fails: true,
  },
  {
    tool: `${tools}.AclCommand`,
    args: "--list",
    says: /SecurityDisabledException: No Authorizer is configured/,
    fails: true,
  },
];

const skipped = await reasonToSkip();
if (skipped !== undefined) console.log(`Kafka's administration tools are skipped: ${skipped}`);

Deno.test({
  name: "Kafka's administration tools set, describe and understand refusals",
  ignore: skipped !== undefined,
  fn: async (t) => {
    const jars = await fetchJars();
    const jvm = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`);
    await using broker = await BrokerProcess.start();
    for (const { tool, args, says, fails = false } of commands) {
      await t.step(`${tool.split(".").at(-1)} ${args}`, async () => {
        const words = args.split(" ");
        // A tool with subcommands wants its options behind them.
        const at = words.findIndex((word) => word.startsWith("--"));
        const subcommand = words.slice(0, at < 0 ? words.length : at);
        const options = ["--bootstrap-server", broker.bootstrap, ...words.slice(subcommand.length)];
        const placed = tool.endsWith("ClusterTool")
          ? [...subcommand, ...options]
          : ["--bootstrap-server", broker.bootstrap, ...words];
        const command = { command: "java", args: [...jvm, tool, ...placed], withinMs };
        const { said, failed } = await run(command).then(
          ({ stdout, stderr }) => ({ said: stdout + stderr, failed: false }),
          (error: Error) => ({ said: error.message, failed: true }),
        );
        assertMatch(said, says);
        assertEquals(failed, fails, said);
      });
    }
  },
});
