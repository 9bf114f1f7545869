// Apache Kafka's own console tools, from Maven: the Java clients with their newest versions and all
// their checks (CRCs, leader epochs, idempotence by default, DescribeTopicPartitions, fetch
// sessions).
//
// A tool is a JVM of its own (java/fetch.ts brings the jars); group members are
// VerifiableConsumers, which report each assignment and record as a line of JSON.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { patienceMs } from "../harness/deadline.ts";
import { type Finished, ProcessLines, type ProcessOptions, run } from "../harness/process_lines.ts";
import type { Brokers } from "./brokers.ts";
import { clientProperties } from "./java/client_properties.ts";
import { fetchJars } from "./java/fetch.ts";
import { javaAbsence } from "./java/installed.ts";
import {
  type CommittedOffset,
  type ConsumedRecord,
  type Driver,
  endOfLog,
  type GroupReports,
  type Header,
  type JoinOptions,
  type Member,
  type ProduceOptions,
  type ReadOptions,
  startOfLog,
  type TestRecord,
  type Way,
} from "./driver.ts";
import { partitionCount, sampleRecords, uniqueName } from "./scenarios/samples.ts";
import { clientTests, conformanceTest } from "./suite.ts";

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

type ToolOptions = Pick<ProcessOptions, "input" | "onLine">;

/** Stands for null on the way in and out. */
const nullWord = "<null>";

class JavaDriver implements Driver {
  readonly version: string;
  readonly #broker: Brokers;
  readonly #jvm: string[];
  readonly canPlace = false;
  /** For what a tool wants in a file. */
  readonly folder: string;

  readonly #config: readonly string[];

  constructor(
    broker: Brokers,
    o: { jars: string; folder: string; version: string; way: Way | undefined },
  ) {
    this.#broker = broker;
    this.folder = o.folder;
    this.version = o.version;
    this.#jvm = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    this.#jvm.push(`-Dlog4j2.configurationFile=${log4j}`, "-cp", `${o.jars}*`);
    const { way } = o;
    this.#config = way === undefined ? [] : ["--command-config", `${o.folder}/way.properties`];
    if (way?.logIn?.mechanism !== "OAUTHBEARER") return;
    const url = `file://${way.logIn.tokenFile}`;
    this.#jvm.unshift(`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${url}`);
  }

  /** Runs a tool to its end; it must succeed. */
  tool(name: string, args: string[], options: ToolOptions = {}): Promise<Finished> {
    return run({
      command: "java",
      args: this.command(name, args),
      ...options,
      withinMs: patienceMs,
    });
  }

  command(name: string, args: string[]): string[] {
    const server = ["--bootstrap-server", this.#broker.bootstrap, ...this.#config];
    return [...this.#jvm, name, ...server, ...args];
  }

  async createTopic(
    topic: string,
    { partitions, configs }: { partitions: number; configs: Record<string, string> },
  ): Promise<void> {
    const args = ["--partitions", `${partitions}`];
    for (const [name, value] of Object.entries(configs)) args.push("--config", `${name}=${value}`);
    await this.tool(topicTool, ["--create", "--topic", topic, ...args]);
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.tool(topicTool, ["--delete", "--topic", topic]);
  }

  async topicConfigs(topic: string): Promise<Record<string, string>> {
    const entity = ["--entity-type", "topics", "--entity-name", topic];
    const { stdout } = await this.tool(configTool, ["--describe", "--all", ...entity]);
    return Object.fromEntries(
      [...stdout.matchAll(/^ {2}(\S+?)=(\S*) /gm)].map(([, name, value]) => [name, value]),
    );
  }

  async alterTopicConfigs(topic: string, configs: Record<string, string>): Promise<void> {
    const entity = ["--entity-type", "topics", "--entity-name", topic];
    const changes = Object.entries(configs).map(([name, value]) => `${name}=${value}`).join(",");
    await this.tool(configTool, ["--alter", ...entity, "--add-config", changes]);
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

  /**
   * By ConsoleProducer, which cannot choose a partition: those that have one are for topics of one.
   * With timestamps by VerifiableProducer, which sends nothing but numbers from 0.
   */
  async produce(
    topic: string,
    records: readonly TestRecord[],
    { codec = "none", idempotent = false }: ProduceOptions,
  ): Promise<void> {
    if (records.some(({ timestamp }) => timestamp !== undefined)) {
      for (const record of records) await this.#produceDated(topic, record);
      return;
    }
    const lines = records.map(({ headers, key, value }) => {
      const named = headers.map(([name, header]) => `${name}:${header}`).join(",") || nullWord;
      return `${named}\t${key ?? nullWord}\t${value ?? nullWord}\n`;
    });
    const args = ["--topic", topic, "--compression-codec", codec, "--max-block-ms", "20000"];
    // It waits 1.5 s for an answer otherwise: three brokers on a busy machine take longer.
    args.push("--request-timeout-ms", "30000");
    for (const option of ["parse.key=true", "parse.headers=true", `null.marker=${nullWord}`]) {
      args.push("--reader-property", option);
    }
    args.push("--command-property", `enable.idempotence=${idempotent}`);
    args.push("--command-property", "max.request.size=16000000");
    const { stderr } = await this.tool(`${tools}.ConsoleProducer`, args, { input: lines.join("") });
    // It logs a record that was refused, and ends with 0 all the same.
    assert(!stderr.includes("ERROR"), stderr);
  }

  async #produceDated(topic: string, { key, value, timestamp }: TestRecord): Promise<void> {
    assertEquals([key, value], [null, "0"], "what VerifiableProducer sends first");
    const args = ["--topic", topic, "--max-messages", "1"];
    args.push("--message-create-time", `${timestamp}`);
    const { stdout } = await this.tool(`${tools}.VerifiableProducer`, args);
    assertStringIncludes(stdout, "producer_send_success");
  }

  /** From the beginning of all partitions; or, of each, from an offset to the end. */
  async read(topic: string, { from, count }: ReadOptions): Promise<ConsumedRecord[]> {
    if (from.every(([, offset]) => offset === 0)) {
      return await this.#console(topic, ["--from-beginning", "--max-messages", `${count}`]);
    }
    const partitions = await this.describeTopic(topic);
    const ends = await this.offsets(topic, { partitions, timestamp: endOfLog });
    const records: ConsumedRecord[] = [];
    for (const [partition, offset] of from) {
      const left = Math.max(1, ends[partition]! - offset);
      const args = ["--partition", `${partition}`, "--offset", `${offset}`];
      args.push("--max-messages", `${left}`, "--command-property", "auto.offset.reset=none");
      records.push(...await this.#console(topic, args));
    }
    return records;
  }

  async #console(topic: string, args: readonly string[]): Promise<ConsumedRecord[]> {
    const all = ["--topic", topic, ...args, "--formatter-property", `null.literal=${nullWord}`];
    for (const field of ["partition", "offset", "timestamp", "headers", "key"]) {
      all.push("--formatter-property", `print.${field}=true`);
    }
    // By lines, for what a finished process has kept is not all where records are large.
    const records: ConsumedRecord[] = [];
    const onLine = (line: string, source: string) => {
      if (source === "stdout") records.push(consumed(line));
    };
    const { stderr } = await this.tool(`${tools}.consumer.ConsoleConsumer`, all, { onLine });
    // It logs why it gave up, and ends with 0 all the same.
    assert(!stderr.includes("ERROR"), stderr);
    return records;
  }

  join(name: string, options: JoinOptions): Promise<Member> {
    const { group, topic, watch, sessionTimeoutMs, instanceId, protocol } = options;
    const args = ["--topic", topic, "--group-id", group, "--verbose"];
    if (protocol !== undefined) args.push("--group-protocol", protocol);
    else {
      args.push("--session-timeout", `${sessionTimeoutMs}`);
      args.push("--command-config", `${this.folder}/consumer.properties`);
    }
    const held = new Set<number>();
    if (instanceId !== undefined) args.push("--group-instance-id", instanceId);
    const child = new ProcessLines({
      command: "java",
      args: this.command(`${tools}.VerifiableConsumer`, args),
      onLine: (line, source) => {
        if (source === "stdout") report(JSON.parse(line), { name, watch, held });
      },
    });
    return Promise.resolve({
      leave: async () => {
        const { code } = await child.stop(patienceMs);
        // A JVM that ends by SIGTERM, after its shutdown hooks, says 143.
        assertEquals(code, 143, child.output);
        assertStringIncludes(child.output, "shutdown_complete");
      },
      kill: () => child.kill(),
    });
  }

  /** A partition that has nothing at that time is not printed. */
  async offsets(
    topic: string,
    { partitions, timestamp }: { partitions: number; timestamp: number },
  ): Promise<number[]> {
    const args = ["--topic", topic, "--time", `${timestamp}`];
    const found = new Array<number>(partitions).fill(-1);
    for (const line of linesOf(await this.tool(`${tools}.GetOffsetShell`, args))) {
      const [, partition, offset] = line.split(":");
      if (offset) found[Number(partition)] = Number(offset);
    }
    return found;
  }

  async committed(
    group: string,
    { topic, partitions }: { topic: string; partitions: number },
  ): Promise<CommittedOffset[]> {
    const described = await this.tool(groupTool, ["--describe", "--group", group, "--offsets"]);
    const found = new Array<CommittedOffset>(partitions).fill({ offset: -1 });
    // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...
    for (const row of linesOf(described).map((line) => line.split(/\s+/))) {
      if (row[0] !== group || row[1] !== topic || row[3] === "-") continue;
      found[Number(row[2])] = { offset: Number(row[3]) };
    }
    return found;
  }

  /** Without metadata: see what the tools lack. */
  async commit(
    group: string,
    { topic, partition, offset }: { topic: string; partition: number; offset: number },
  ): Promise<void> {
    const place = ["--topic", `${topic}:${partition}`, "--to-offset", `${offset}`];
    await this.tool(groupTool, ["--reset-offsets", "--group", group, ...place, "--execute"]);
  }

  async deleteGroup(group: string): Promise<void> {
    await this.tool(groupTool, ["--delete", "--group", group]);
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
  { name, watch, held }: { name: string; watch: GroupReports; held: Set<number> },
): void {
  if (event.name === "record_data") watch.saw(name, event.value!);
  const isAssigned = event.name === "partitions_assigned";
  if (!isAssigned && event.name !== "partitions_revoked") return;
  for (const { partition } of event.partitions!) held[isAssigned ? "add" : "delete"](partition);
  watch.assigned(name, [...held]);
}

function linesOf({ stdout }: Finished): string[] {
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

/** A line such as `CreateTime:170\tPartition:0\tOffset:5\ta:1,b:2\tkey\tvalue`. */
function consumed(line: string): ConsumedRecord {
  const [time, partition, offset, headers, key, value] = line.split("\t");
  const after = (field: string | undefined) => Number(field!.split(":")[1]);
  const pairs = headers === "NO_HEADERS" ? [] : headers!.split(",");
  return {
    timestamp: after(time),
    partition: after(partition),
    offset: after(offset),
    headers: pairs.map((pair) => pair.split(":") as unknown as Header),
    key: key === nullWord ? null : key!,
    value: value === nullWord ? null : value!,
  };
}

const absent = await javaAbsence();
const skip = absent?.reason;
const pom = await Deno.readTextFile(new URL("java/pom.xml", import.meta.url));
const version = pom.match(/<kafka.version>([^<]+)</)![1]!;

const session = clientTests({
  client: "Java's console tools",
  connect: async (broker, way) => {
    const folder = await Deno.makeTempDir({ prefix: "java-tools-" });
    const consumer = "heartbeat.interval.ms=200\nfetch.max.wait.ms=100\n";
    await Deno.writeTextFile(`${folder}/consumer.properties`, consumer);
    if (way !== undefined) {
      await Deno.writeTextFile(`${folder}/way.properties`, clientProperties(way));
    }
    return new JavaDriver(broker, { jars: await fetchJars(), folder, version, way });
  },
  lacks: [
    {
      because: "kafka-console-share-consumer accepts, releases or rejects all that it reads alike",
      scenarios: ["works a topic off in a share group (KIP-932): accepts, releases, rejects"],
    },
    {
      because:
        "kafka-producer-perf-test commits transactions of its own making; no tool aborts one",
      scenarios: [
        "commits transactions and aborts one, and reads what was committed",
        "is told that another producer has taken its transactional id",
        "sends records on together with its place in a group, or neither",
      ],
    },
    {
      because: "kafka-consumer-groups commits by --reset-offsets, which has no option for metadata",
      scenarios: ["commits with metadata and reads it back"],
    },
    {
      because: "no tool has an option that names a version; each takes the newest of both sides",
      scenarios: [
        "sends and reads as with Kafka 0.11",
        "sends and reads as with Kafka 0.10",
        "sends and reads as with Kafka 0.9",
        "is told that a version is not supported, and can go on",
      ],
    },
  ],
  absent,
});

function java(): JavaDriver {
  return session.driver as JavaDriver;
}

async function committedSum(group: string, topic: string): Promise<number> {
  const committed = await java().committed(group, { topic, partitions: partitionCount });
  return committed.reduce((sum, { offset }) => sum + Math.max(0, offset), 0);
}

conformanceTest({ name: "Java asks for the broker's versions", skip }, async () => {
  const { stdout } = await java().tool(`${tools}.BrokerApiVersionsCommand`, []);
  for (const { bootstrap } of session.broker.nodes) {
    assertStringIncludes(stdout, `${bootstrap} (id: `);
  }
  for (const api of ["Produce(0)", "Fetch(1)", "ApiVersions(18)"]) {
    // usable: the highest version that both have.
    assert(new RegExp(`${api.replace(/[()]/g, "\\$&")}: .*usable: \\d+`).test(stdout), stdout);
  }
});

conformanceTest({ name: "Java adds partitions and deletes the topic", skip }, async () => {
  const topic = uniqueName("growing");
  await java().createTopic(topic, { partitions: 2, configs: {} });
  await java().tool(topicTool, ["--alter", "--topic", topic, "--partitions", "5"]);
  assertEquals(await java().describeTopic(topic), 5);
  await java().tool(topicTool, ["--delete", "--topic", topic]);
  assert(!(await java().listTopics()).includes(topic), "the deleted topic is gone");
});

conformanceTest({ name: "Java deletes records below an offset", skip }, async () => {
  const topic = uniqueName("trimmed");
  await java().createTopic(topic, { partitions: 1, configs: {} });
  await java().produce(topic, sampleRecords(20), { idempotent: true });
  const file = `${java().folder}/${topic}.json`;
  const partitions = [{ topic, partition: 0, offset: 12 }];
  await Deno.writeTextFile(file, JSON.stringify({ version: 1, partitions }));
  const deleted = await java().tool(`${tools}.DeleteRecordsCommand`, ["--offset-json-file", file]);
  assertStringIncludes(deleted.stdout, "low_watermark: 12");
  assertEquals(await java().offsets(topic, { partitions: 1, timestamp: startOfLog }), [12]);
  const rest = await java().read(topic, { from: [[0, 12]], count: 8 });
  assertEquals(rest.map(({ offset }) => offset), [12, 13, 14, 15, 16, 17, 18, 19]);
});

conformanceTest(
  { name: "Java finds offsets by timestamp, the highest included", skip },
  async () => {
    const topic = uniqueName("dated");
    await java().createTopic(topic, { partitions: 1, configs: {} });
    // Recent, lest retention deletes the records as soon as they are there.
    const from = Date.now() - 60_000;
    const args = ["--topic", topic, "--max-messages", "50", "--message-create-time", `${from}`];
    const produced = await java().tool(`${tools}.VerifiableProducer`, args);
    assertEquals(produced.stdout.match(/"producer_send_success"/g)?.length, 50);
    assertEquals(await java().offsets(topic, { partitions: 1, timestamp: from }), [0]);
    // -3 is the record with the highest timestamp.
    assertEquals(await java().offsets(topic, { partitions: 1, timestamp: -3 }), [49]);
  },
);

conformanceTest(
  { name: "Java resets a group's offsets, then deletes the group", skip },
  async () => {
    const topic = uniqueName("placed");
    const group = uniqueName("placed");
    await java().createTopic(topic, { partitions: partitionCount, configs: {} });
    await java().produce(topic, sampleRecords(30), { idempotent: true });
    const target = ["--group", group, "--topic", topic, "--execute"];
    await java().tool(groupTool, ["--reset-offsets", "--to-latest", ...target]);
    assertEquals(await committedSum(group, topic), 30);
    await java().tool(groupTool, ["--delete-offsets", "--group", group, "--topic", topic]);
    assertEquals(await committedSum(group, topic), 0);
    await java().tool(groupTool, ["--reset-offsets", "--to-earliest", ...target]);
    const deleted = await java().tool(groupTool, ["--delete", "--group", group]);
    assertStringIncludes(deleted.stdout, "was successful");
    assert(!(await java().listGroups()).includes(group), "the deleted group is gone");
  },
);
