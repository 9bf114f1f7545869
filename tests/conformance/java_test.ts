// Apache Kafka's own console tools, from Maven: the Java clients with their newest versions and all
// their checks (CRCs, leader epochs, idempotence by default, DescribeTopicPartitions, fetch
// sessions).
//
// A tool is a JVM of its own (java/fetch.ts brings the jars); group members are
// VerifiableConsumers, which report each assignment and record as a line of JSON.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BrokerProcess } from "../harness/broker_process.ts";
import { type Finished, ProcessLines, run } from "../harness/process_lines.ts";
import type { GroupWatch } from "./group_watch.ts";
import { fetchJars } from "./java/fetch.ts";
import { reasonToSkip } from "./java/installed.ts";
import {
  clientTests,
  conformanceTest,
  type ConsumedRecord,
  type Driver,
  type JoinOptions,
  type Member,
  partitionCount,
  type ProduceOptions,
  sampleRecords,
  sessionTimeoutMs,
  type TestRecord,
  uniqueName,
} from "./suite.ts";

const withinMs = 90_000;
const log4j = new URL("java/log4j2.properties", import.meta.url).pathname;

const tools = "org.apache.kafka.tools";
const topicTool = `${tools}.TopicCommand`;
const groupTool = `${tools}.consumer.group.ConsumerGroupCommand`;
const configTool = "kafka.admin.ConfigCommand";

/** What VerifiableConsumer reports; the fields that are there depend on the name. */
interface ConsumerEvent {
  name: string;
  partitions?: { topic: string; partition: number }[];
  value?: string;
}

interface ToolOptions {
  input?: string;
}

class JavaDriver implements Driver {
  readonly #broker: BrokerProcess;
  readonly #jvm: string[];
  /** For what a tool wants in a file. */
  readonly folder: string;

  constructor(broker: BrokerProcess, { jars, folder }: { jars: string; folder: string }) {
    this.#broker = broker;
    this.folder = folder;
    this.#jvm = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    this.#jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${jars}*`);
  }

  /** Runs a tool to its end; it must succeed. */
  tool(name: string, args: string[], { input }: ToolOptions = {}): Promise<Finished> {
    return run({ command: "java", args: this.command(name, args), input, withinMs });
  }

  command(name: string, args: string[]): string[] {
    return [...this.#jvm, name, "--bootstrap-server", this.#broker.bootstrap, ...args];
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    const size = ["--partitions", `${partitions}`, "--replication-factor", "1"];
    await this.tool(topicTool, ["--create", "--topic", topic, ...size]);
  }

  async listTopics(): Promise<string[]> {
    return linesOf(await this.tool(topicTool, ["--list"]));
  }

  async describeTopic(topic: string): Promise<number> {
    const { stdout } = await this.tool(topicTool, ["--describe", "--topic", topic]);
    const leaders = [...stdout.matchAll(/Partition: \d+\s+Leader: (\d+)/g)];
    assertEquals(Number(stdout.match(/PartitionCount: (\d+)/)?.[1]), leaders.length);
    return leaders.length;
  }

  async produce(topic: string, records: TestRecord[], options: ProduceOptions): Promise<void> {
    const lines = records.map(({ headers, key, value }) => {
      const named = Object.entries(headers).map(([name, header]) => `${name}:${header}`);
      return `${named.join(",")}\t${key}\t${value}\n`;
    });
    const args = ["--topic", topic, "--compression-codec", options.codec];
    args.push("--reader-property", "parse.key=true", "--reader-property", "parse.headers=true");
    args.push("--command-property", `enable.idempotence=${options.idempotent}`);
    const { stderr } = await this.tool(`${tools}.ConsoleProducer`, args, { input: lines.join("") });
    // It logs a record that was refused, and ends with 0 all the same.
    assert(!stderr.includes("ERROR"), stderr);
  }

  async consume(topic: string, count: number): Promise<ConsumedRecord[]> {
    const args = ["--topic", topic, "--from-beginning", "--max-messages", `${count}`];
    for (const field of ["partition", "offset", "headers", "key"]) {
      args.push("--formatter-property", `print.${field}=true`);
    }
    const lines = linesOf(await this.tool(`${tools}.consumer.ConsoleConsumer`, args));
    return lines.map(consumed);
  }

  join(name: string, { group, topic, watch }: JoinOptions): Promise<Member> {
    const args = [
      "--topic",
      topic,
      "--group-id",
      group,
      "--verbose",
      "--session-timeout",
      `${sessionTimeoutMs}`,
    ];
    args.push("--command-config", `${this.folder}/consumer.properties`);
    const child = new ProcessLines({
      command: "java",
      args: this.command(`${tools}.VerifiableConsumer`, args),
      onLine: (line, source) => {
        if (source === "stdout") report(JSON.parse(line), { name, watch });
      },
    });
    return Promise.resolve({
      leave: async () => {
        const { code } = await child.stop(withinMs);
        // A JVM that ends by SIGTERM, after its shutdown hooks, says 143.
        assertEquals(code, 143, child.output);
        assertStringIncludes(child.output, "shutdown_complete");
      },
    });
  }

  async endOffsets(topic: string, partitions: number): Promise<number> {
    const offsets = await this.offsets(topic, "-1");
    assertEquals(offsets.length, partitions);
    return offsets.reduce((sum, offset) => sum + offset, 0);
  }

  /** The offset of each partition at a timestamp, or at one of the special ones. */
  async offsets(topic: string, time: string): Promise<number[]> {
    const args = ["--topic", topic, "--time", time];
    const lines = linesOf(await this.tool(`${tools}.GetOffsetShell`, args));
    return lines.map((line) => Number(line.split(":")[2]));
  }

  async committedOffsets(group: string, topic: string): Promise<number> {
    const described = await this.tool(groupTool, ["--describe", "--group", group, "--offsets"]);
    // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...
    const rows = linesOf(described).map((line) => line.split(/\s+/));
    const ours = rows.filter((row) => row[0] === group && row[1] === topic && row[3] !== "-");
    return ours.reduce((sum, row) => sum + Number(row[3]), 0);
  }

  async listGroups(): Promise<string[]> {
    return linesOf(await this.tool(groupTool, ["--list"]));
  }

  async describeGroup(group: string) {
    const described = await this.tool(groupTool, ["--describe", "--group", group, "--state"]);
    // GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE #MEMBERS, the strategy empty with the group
    const row = linesOf(described).find((line) => line.startsWith(`${group} `))!;
    const [memberCount, state] = row.trim().split(/\s+/).reverse();
    return { state: state!, memberCount: Number(memberCount) };
  }

  async close(): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

function report(
  event: ConsumerEvent,
  { name, watch }: { name: string; watch: GroupWatch },
): void {
  if (event.name === "record_data") watch.saw(name, event.value!);
  if (event.name === "partitions_revoked") watch.assigned(name, []);
  if (event.name !== "partitions_assigned") return;
  watch.assigned(name, event.partitions!.map(({ partition }) => partition));
}

function linesOf({ stdout }: Finished): string[] {
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

/** A line such as `Partition:0\tOffset:5\ta:1,b:2\tkey\tvalue`. */
function consumed(line: string): ConsumedRecord {
  const [partition, offset, headers, key, value] = line.split("\t");
  return {
    partition: Number(partition!.split(":")[1]),
    offset: Number(offset!.split(":")[1]),
    headers: Object.fromEntries(headers!.split(",").map((header) => header.split(":"))),
    key: key!,
    value: value!,
  };
}

const skip = await reasonToSkip();

const session = clientTests({
  client: "Java",
  codecs: ["none", "gzip", "snappy", "lz4", "zstd"],
  connect: async (broker) => {
    const folder = await Deno.makeTempDir({ prefix: "java-tools-" });
    const consumer = "heartbeat.interval.ms=200\nfetch.max.wait.ms=100\n";
    await Deno.writeTextFile(`${folder}/consumer.properties`, consumer);
    return new JavaDriver(broker, { jars: await fetchJars(), folder });
  },
  skip,
});

function java(): JavaDriver {
  return session.driver as JavaDriver;
}

conformanceTest({ name: "Java asks for the broker's versions", skip }, async () => {
  const { stdout } = await java().tool(`${tools}.BrokerApiVersionsCommand`, []);
  assertStringIncludes(stdout, `${session.broker.bootstrap} (id: `);
  for (const api of ["Produce(0)", "Fetch(1)", "ApiVersions(18)"]) {
    // usable: the highest version that both have.
    assert(new RegExp(`${api.replace(/[()]/g, "\\$&")}: .*usable: \\d+`).test(stdout), stdout);
  }
});

conformanceTest({ name: "Java reads a topic's configuration", skip }, async () => {
  const topic = uniqueName("configured");
  const config = ["--config", "retention.ms=3600000"];
  await java().tool(topicTool, ["--create", "--topic", topic, "--partitions", "1", ...config]);
  const entity = ["--entity-type", "topics", "--entity-name", topic];
  const set = await java().tool(configTool, ["--describe", ...entity]);
  assertStringIncludes(set.stdout, "retention.ms=3600000");
  const all = await java().tool(configTool, ["--describe", "--all", ...entity]);
  assertStringIncludes(all.stdout, "cleanup.policy=delete");
});

conformanceTest({ name: "Java adds partitions and deletes the topic", skip }, async () => {
  const topic = uniqueName("growing");
  await java().createTopic(topic, 2);
  await java().tool(topicTool, ["--alter", "--topic", topic, "--partitions", "5"]);
  assertEquals(await java().describeTopic(topic), 5);
  await java().tool(topicTool, ["--delete", "--topic", topic]);
  assert(!(await java().listTopics()).includes(topic), "the deleted topic is gone");
});

conformanceTest({ name: "Java deletes records below an offset", skip }, async () => {
  const topic = uniqueName("trimmed");
  await java().createTopic(topic, 1);
  await java().produce(topic, sampleRecords(20), { codec: "none", idempotent: true });
  const file = `${java().folder}/${topic}.json`;
  const partitions = [{ topic, partition: 0, offset: 12 }];
  await Deno.writeTextFile(file, JSON.stringify({ version: 1, partitions }));
  const deleted = await java().tool(`${tools}.DeleteRecordsCommand`, ["--offset-json-file", file]);
  assertStringIncludes(deleted.stdout, "low_watermark: 12");
  assertEquals(await java().offsets(topic, "-2"), [12]);
  const rest = await java().consume(topic, 8);
  assertEquals(rest.map(({ offset }) => offset), [12, 13, 14, 15, 16, 17, 18, 19]);
});

conformanceTest(
  { name: "Java finds offsets by timestamp, the highest included", skip },
  async () => {
    const topic = uniqueName("dated");
    await java().createTopic(topic, 1);
    // Recent, lest retention deletes the records as soon as they are there.
    const from = Date.now() - 60_000;
    const args = ["--topic", topic, "--max-messages", "50", "--message-create-time", `${from}`];
    const produced = await java().tool(`${tools}.VerifiableProducer`, args);
    assertEquals(produced.stdout.match(/"producer_send_success"/g)?.length, 50);
    assertEquals(await java().offsets(topic, `${from}`), [0]);
    // -3 is the record with the highest timestamp.
    assertEquals(await java().offsets(topic, "-3"), [49]);
  },
);

conformanceTest(
  { name: "Java resets a group's offsets, then deletes the group", skip },
  async () => {
    const topic = uniqueName("placed");
    const group = uniqueName("placed");
    await java().createTopic(topic, partitionCount);
    await java().produce(topic, sampleRecords(30), { codec: "none", idempotent: true });
    const target = ["--group", group, "--topic", topic, "--execute"];
    await java().tool(groupTool, ["--reset-offsets", "--to-latest", ...target]);
    assertEquals(await java().committedOffsets(group, topic), 30);
    await java().tool(groupTool, ["--delete-offsets", "--group", group, "--topic", topic]);
    assertEquals(await java().committedOffsets(group, topic), 0);
    await java().tool(groupTool, ["--reset-offsets", "--to-earliest", ...target]);
    const deleted = await java().tool(groupTool, ["--delete", "--group", group]);
    assertStringIncludes(deleted.stdout, "was successful");
    assert(!(await java().listGroups()).includes(group), "the deleted group is gone");
  },
);
