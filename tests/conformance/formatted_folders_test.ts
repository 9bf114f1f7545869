// Data folders that Kafka's own StorageTool has formatted and nobody has used yet: Ottla is the
// first broker on them, then Kafka, then Ottla again, and each finds what the one before has left.
//
//   format (3.9 or 4.3, its options) --> Ottla: topics --list--> Kafka --list--> Ottla --list-->
//
// Needs Java and Maven; without them it is skipped with the reason.

import { assert, assertEquals } from "@std/assert";
import {
  DescribeUserScramCredentials,
} from "../../src/protocol/apis/50_describe_user_scram_credentials.ts";
import {
  ApiVersions,
  CreateTopics,
  DescribeTopicPartitions,
  ErrorCode,
} from "../../src/protocol/mod.ts";
import { parseProperties } from "../../src/base/properties.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { RawClient } from "../harness/raw_client.ts";
import { targetFromEnvironment } from "../harness/targets.ts";
import { reasonToSkip } from "./java/installed.ts";
import { formatFolder, type KafkaOptions, KafkaProcess } from "./migration/kafka_process.ts";

const skip = targetFromEnvironment() === "kafka"
  ? "the target is Kafka itself"
  : await reasonToSkip();
if (skip) console.log(`folders that Kafka has formatted are skipped: ${skip}`);

interface Formatted extends Pick<KafkaOptions, "release" | "voters"> {
  readonly what: string;
  readonly flags: readonly string[];
  /** metadata.version, where the flags name one. */
  readonly level?: number;
  /** What a tool of other days would not have written. */
  readonly without?: (folder: string) => Promise<void>;
}

const scram = ["--add-scram", "SCRAM-SHA-256=[name=alice,password=secret]"];

const formats: readonly Formatted[] = [
  {
    what: "by 3.9 for 3.3, without an id of the directory",
    release: "3.9",
    voters: "static",
    flags: ["--release-version", "3.3-IV3"],
    level: 7,
    without: async (folder) => {
      const path = `${folder}/meta.properties`;
      const text = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, text.replace(/^directory\.id=.*\n/m, ""));
    },
  },
  { what: "by 3.9 with a user", release: "3.9", voters: "static", flags: scram },
  { what: "by 4.3", release: "4.3", voters: "static", flags: [] },
  { what: "by 4.3 with its voters and a user", release: "4.3", voters: "dynamic", flags: scram },
  {
    what: "by 4.3, without bootstrap.checkpoint",
    release: "4.3",
    voters: "dynamic",
    flags: [],
    without: (folder) => Deno.remove(`${folder}/bootstrap.checkpoint`),
  },
];

for (const format of formats) {
  Deno.test({
    name: `a folder formatted ${format.what} goes from Ottla to Kafka and back`,
    ignore: skip !== undefined,
    fn: () => fromHandToHand(format),
  });
}

async function fromHandToHand(format: Formatted): Promise<void> {
  const { release, voters, flags, level, without } = format;
  const base = await Deno.makeTempDir({ prefix: "formatted-" });
  try {
    // Kafka has several directories from metadata.version 3.7 on (KIP-858).
    const folders = level === undefined ? [`${base}/one`, `${base}/two`] : [`${base}/one`];
    const settings = { "log.dirs": folders.join() };
    const options: KafkaOptions = { release, voters, folder: folders[0], nodeId: 4, settings };
    const properties = await formatFolder(options, flags);
    for (const folder of folders) await without?.(folder);
    const ids = await Promise.all(folders.map(propertiesOf));

    const first = await onOttla(properties, async (client) => {
      const { topics } = await client.ask(CreateTopics, 7, {
        topics: [{
          name: "orders",
          numPartitions: 4,
          replicationFactor: 1,
          assignments: [],
          configs: [],
        }],
        validateOnly: false,
      });
      assertEquals(topics[0].errorCode, ErrorCode.NONE);
      return await told(client);
    });
    if (level !== undefined) assertEquals(first.level, level);
    const users = flags.length > 0 && level === undefined ? ["alice"] : [];
    assertEquals(first.users, users);
    for (const [i, folder] of folders.entries()) {
      const now = await propertiesOf(folder);
      for (const [key, value] of ids[i]) assertEquals(now.get(key), value, key);
      assert(now.get("directory.id") !== undefined);
    }

    await using kafka = await KafkaProcess.start(options);
    const [host, port] = kafka.bootstrap.split(":");
    {
      using client = await RawClient.connect({ host, port: Number(port) });
      assertEquals(await told(client), first);
    }
    const output = await kafka.stop();
    const complaints = /FATAL|RECOVERING|publishing fault|offline|[Cc]orrupt/;
    assertEquals(output.split("\n").filter((line) => complaints.test(line)), []);
    assertEquals(await onOttla(properties, told), first);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

/** What a broker tells of what the folder holds. */
async function told(client: RawClient) {
  const software = { clientSoftwareName: "test", clientSoftwareVersion: "1" };
  const { finalizedFeatures } = await client.ask(ApiVersions, 3, software);
  const { results } = await client.ask(DescribeUserScramCredentials, 0, { users: null });
  const { topics } = await client.ask(DescribeTopicPartitions, 0, {
    topics: [{ name: "orders" }],
    cursor: null,
  });
  return {
    level: finalizedFeatures.find(({ name }) => name === "metadata.version")?.maxVersionLevel,
    users: results.map(({ user }) => user),
    topics: topics.map(({ name, topicId, errorCode, partitions }) => ({
      name,
      topicId,
      errorCode,
      partitions: partitions.map(({ partitionIndex, leaderId, offlineReplicas }) => ({
        partitionIndex,
        leaderId,
        offlineReplicas,
      })),
    })),
  };
}

async function onOttla<T>(file: string, work: (client: RawClient) => Promise<T>): Promise<T> {
  const text = await Deno.readTextFile(file);
  const own = `${file}.ottla`;
  await Deno.writeTextFile(
    own,
    text.replace(/^listeners=.*$/m, "listeners=PLAINTEXT://127.0.0.1:0"),
  );
  const args = ["--config", own];
  await using program = await OttlaProgram.run({ target: targetFromEnvironment(), args });
  const { port } = await program.ready();
  using client = await RawClient.connect({ host: "127.0.0.1", port });
  const result = await work(client);
  await program.stop();
  return result;
}

async function propertiesOf(folder: string): Promise<Map<string, string>> {
  return parseProperties(await Deno.readTextFile(`${folder}/meta.properties`));
}
