// Data folders that other tools wrote, and the questions that a learner's tester asks of a server
// that is started on one, with the server.properties that such a tester hands over.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import {
  ApiVersions,
  DescribeTopicPartitions,
  ErrorCode,
  Fetch,
  Produce,
  type RequestInput,
} from "../../src/protocol/mod.ts";
import { encodeMetadataRecord } from "../../src/cluster/mod.ts";
import { buildBatch, readAllRecords } from "../../src/records/mod.ts";
import { zlibCodecs } from "../../src/runtime/codecs.ts";
import {
  foreignBatches,
  foreignDirectoryId,
  foreignMetaProperties,
  type ForeignTopic,
  writeForeignFolder,
} from "../harness/foreign_folder.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { batchOf } from "../harness/raw_requests.ts";
import { ottlaCommand, targetFromEnvironment } from "../harness/targets.ts";
import { run } from "../harness/process_lines.ts";

const zeroId = "AAAAAAAAAAAAAAAAAAAAAA";
const mango: ForeignTopic = {
  name: "mango",
  // With the two characters in it that the alphabets of base64 spell differently.
  id: "caWaUYloT4uTfuljHk-_Mw",
  partitions: [["pear grape banana"]],
};
const lemon: ForeignTopic = {
  name: "lemon",
  id: "AAAAAAAAQACAAAAAAAAAcQ",
  partitions: [[], ["one", "two", "three"], []],
};

const client = { clientSoftwareName: "learner", clientSoftwareVersion: "1" };

interface Served {
  readonly folder: string;
  readonly program: OttlaProgram;
  connect(): Promise<RawClient>;
}

/** Starts the program on a folder by nothing but a server.properties. */
async function serve(
  topics: readonly ForeignTopic[] | undefined,
  ask: (served: Served) => Promise<void>,
): Promise<void> {
  const base = await Deno.makeTempDir({ prefix: "foreign-folder-" });
  try {
    const folder = `${base}/kraft-combined-logs`;
    await writeForeignFolder(folder, topics);
    await onFolder(folder, ask);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

async function onFolder(folder: string, ask: (served: Served) => Promise<void>): Promise<void> {
  await using program = await startOn(folder);
  const { port } = await program.ready();
  const connect = () => RawClient.connect({ host: "127.0.0.1", port });
  await ask({ folder, program, connect });
  await program.stop();
}

async function startOn(folder: string, more = ""): Promise<OttlaProgram> {
  const file = `${folder}.properties`;
  await Deno.writeTextFile(
    file,
    "process.roles=broker,controller\nnode.id=1\n" +
      "controller.quorum.voters=1@localhost:9093\n" +
      "listeners=PLAINTEXT://:0,CONTROLLER://:9093\n" +
      "controller.listener.names=CONTROLLER\n" +
      "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL," +
      `SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL\nlog.dirs=${folder}${more}`,
  );
  return await OttlaProgram.run({ target: targetFromEnvironment(), args: ["--config", file] });
}

/** As testers write it: a session of its own, any number of bytes. */
function fetchOf(topicId: string, partition = 0): RequestInput<typeof Fetch> {
  const maxBytes = 0x7fff_ffff;
  const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: maxBytes }];
  const topics = [{ topicId, partitions }];
  return {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: 0,
    topics,
    forgottenTopicsData: [],
    rackId: "",
  };
}

Deno.test("a learner's server answers ApiVersions: one, many, wrong, at once", async () => {
  await serve(undefined, async ({ connect }) => {
    using one = await connect();
    await one.send(request(ApiVersions, 4, client, 7));
    const { errorCode, apiKeys, throttleTimeMs } = await one.answer(ApiVersions, 4, 7);
    assertEquals([errorCode, throttleTimeMs], [ErrorCode.NONE, 0]);
    const range = (key: number) => apiKeys.find(({ apiKey }) => apiKey === key)!;
    assertEquals(range(18).minVersion, 0);
    assert(range(18).maxVersion >= 4);
    assertEquals([range(75).minVersion, range(75).maxVersion], [0, 0]);
    assert(range(1).maxVersion >= 16 && range(0).maxVersion >= 11);

    // A version that nobody knows: the answer is in version 0's form, and the connection goes on.
    const wrong = request(ApiVersions, 4, client, 0x0101);
    new DataView(wrong.buffer, wrong.byteOffset).setInt16(6, 1234);
    await one.send(wrong);
    const refused = await one.answer(ApiVersions, 0, 0x0101);
    assertEquals(refused.errorCode, ErrorCode.UNSUPPORTED_VERSION);

    for (let i = 0; i < 4; i++) {
      assertEquals((await one.ask(ApiVersions, 4, client)).errorCode, ErrorCode.NONE);
    }
    const clients = await Promise.all([connect(), connect(), connect()]);
    for (const [i, each] of clients.entries()) {
      await each.send(request(ApiVersions, 4, client, 100 + i));
    }
    for (const [i, each] of [...clients.entries()].reverse()) {
      assertEquals((await each.answer(ApiVersions, 4, 100 + i)).errorCode, ErrorCode.NONE);
      each[Symbol.dispose]();
    }
  });
});

Deno.test("a learner's server describes the topics that it finds on disk", async () => {
  await serve([mango, lemon], async ({ connect }) => {
    using raw = await connect();
    const describe = (names: readonly string[], responsePartitionLimit: number) =>
      raw.ask(DescribeTopicPartitions, 0, {
        topics: names.map((name) => ({ name })),
        responsePartitionLimit,
        cursor: null,
      });
    const unknown = await describe(["UNKNOWN_TOPIC_7"], 1);
    assertEquals(unknown.nextCursor, null);
    const [none] = unknown.topics;
    assertEquals(
      [none.errorCode, none.name, none.topicId, none.partitions],
      [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "UNKNOWN_TOPIC_7", zeroId, []],
    );
    for (const topics of [[mango], [lemon], [lemon, mango]]) {
      const limit = topics.flatMap(({ partitions }) => partitions).length;
      const told = await describe(topics.map(({ name }) => name).sort(), limit);
      assertEquals(told.nextCursor, null);
      const byName = [...topics].sort((a, b) => a.name < b.name ? -1 : 1);
      assertEquals(told.topics.map(({ name, topicId }) => [name, topicId]), [
        ...byName.map(({ name, id }) => [name, id]),
      ]);
      for (const [i, { errorCode, isInternal, partitions }] of told.topics.entries()) {
        assertEquals([errorCode, isInternal], [ErrorCode.NONE, false]);
        const expected = byName[i].partitions.map((_, partitionIndex) => ({
          errorCode: ErrorCode.NONE,
          partitionIndex,
          leaderId: 1,
          replicaNodes: [1],
          isrNodes: [1],
          offlineReplicas: [],
        }));
        assertEquals(
          partitions.map(({ eligibleLeaderReplicas, lastKnownElr, leaderEpoch, ...rest }) => {
            assertEquals([eligibleLeaderReplicas ?? [], lastKnownElr ?? []], [[], []]);
            assert(leaderEpoch >= 0);
            return rest;
          }),
          expected,
        );
      }
    }
  });
});

Deno.test("a learner's server gives the messages that are on disk, byte for byte", async () => {
  await serve([mango, lemon], async ({ connect }) => {
    using raw = await connect();
    const nothing = await raw.ask(Fetch, 16, { ...fetchOf(mango.id), topics: [] });
    assertEquals([nothing.errorCode, nothing.throttleTimeMs, nothing.responses], [0, 0, []]);

    const stranger = "AAAAAAAAQACAAAAAAAAAkg";
    const fetchAnswer = async (topicId: string, partition = 0) => {
      const answer = await raw.ask(Fetch, 16, fetchOf(topicId, partition));
      assertEquals([answer.errorCode, answer.throttleTimeMs], [ErrorCode.NONE, 0]);
      assertEquals(answer.responses.map((each) => each.topicId), [topicId]);
      const [{ partitions: [told] }] = answer.responses;
      assertEquals(told.partitionIndex, partition);
      return told;
    };
    assertEquals((await fetchAnswer(stranger)).errorCode, ErrorCode.UNKNOWN_TOPIC_ID);
    for (const topic of [mango, lemon]) {
      for (const [partition, values] of topic.partitions.entries()) {
        const told = await fetchAnswer(topic.id, partition);
        assertEquals(told.errorCode, ErrorCode.NONE);
        assertEquals([told.logStartOffset, told.highWatermark], [0, values.length]);
        assertEquals(told.records ?? new Uint8Array(), concatBytes(foreignBatches(values)));
      }
    }
  });
});

Deno.test("a learner's server stores what is produced where a tester looks for it", async () => {
  await serve([mango, lemon], async ({ connect, folder }) => {
    using raw = await connect();
    const ask = async (data: { name: string; partitions: Map<number, string[]> }[]) => {
      const answer = await raw.ask(Produce, 11, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 30_000,
        topicData: data.map(({ name, partitions }) => ({
          name,
          partitionData: [...partitions].map(([index, values]) => ({
            index,
            records: batchOf(values, { producerId: 0, producerEpoch: 0, baseSequence: 0 }),
          })),
        })),
      });
      assertEquals(answer.throttleTimeMs, 0);
      assertEquals(answer.responses.map(({ name }) => name), data.map(({ name }) => name));
      return answer.responses.map(({ partitionResponses }) => partitionResponses);
    };
    const wrong = [{ name: "mango", partition: 563 }, { name: "UNKNOWN_TOPIC_7", partition: 0 }];
    for (const { name, partition } of wrong) {
      const [[told]] = await ask([{ name, partitions: new Map([[partition, ["no"]]]) }]);
      assertEquals(
        [told.index, told.errorCode, told.baseOffset, told.logAppendTimeMs, told.logStartOffset],
        [partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1, -1],
      );
    }
    const ok = { errorCode: ErrorCode.NONE, baseOffset: 0, logAppendTimeMs: -1, logStartOffset: 0 };
    const two = new Map([[0, ["a", "b", "c"]], [2, ["d"]]]);
    const answers = await ask([{ name: "lemon", partitions: two }]);
    assertEquals(
      answers[0].map(({ index, errorCode, baseOffset, logAppendTimeMs, logStartOffset }) => ({
        index,
        errorCode,
        baseOffset,
        logAppendTimeMs,
        logStartOffset,
      })),
      [{ index: 0, ...ok }, { index: 2, ...ok }],
    );
    for (const [partition, values] of two) {
      const path = `${folder}/lemon-${partition}/00000000000000000000.log`;
      const records = readAllRecords(await Deno.readFile(path), { codecs: zlibCodecs });
      assertEquals(records.map(({ value }) => value), values.map((value) => utf8(value)));
    }
  });
});

Deno.test("what other tools wrote stays as it is, start after start", async () => {
  const base = await Deno.makeTempDir({ prefix: "foreign-folder-" });
  try {
    const folder = `${base}/logs`;
    await writeForeignFolder(folder, [mango]);
    const kept = ["meta.properties", "mango-0/partition.metadata"];
    const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
    const before = await Promise.all(kept.map(read));
    for (const offset of [0, 1, 2]) {
      await onFolder(folder, async ({ connect, program }) => {
        using raw = await connect();
        const { responses: [{ partitions: [told] }] } = await raw.ask(Fetch, 16, fetchOf(mango.id));
        assertEquals([told.errorCode, told.highWatermark], [ErrorCode.NONE, 1], `start ${offset}`);
        const bad = program.lines.filter(({ text }) => / (WARN|ERROR) /.test(text));
        // The listener is that of the tool's file, open to every address.
        assertEquals(bad.filter(({ text }) => !text.includes("may do everything")), []);
      });
      assertEquals(await Promise.all(kept.map(read)), before);
    }
    assertEquals(before[0], foreignMetaProperties);
    const [command, ...words] = await ottlaCommand(targetFromEnvironment());
    const repair = [...words, "log", "repair", folder];
    const { stderr } = await run({ command, args: repair, withinMs: 30_000 });
    assertStringIncludes(stderr, "no damage in 2 partitions");
  } finally {
    await Deno.remove(base, { recursive: true });
  }
});

/** Every file of a folder with its bytes, but for the lock. */
async function contentOf(folder: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (name === ".lock") continue;
    if (!isDirectory) content.set(path, (await Deno.readFile(path)).join());
    else for (const entry of await contentOf(path)) content.set(...entry);
  }
  return content;
}

Deno.test("a start that is refused leaves every byte of the folders as it was", async () => {
  const base = await Deno.makeTempDir({ prefix: "foreign-folder-" });
  try {
    const log = "__cluster_metadata-0/00000000000000000000.log";
    const changeLog = async (folder: string, change: (bytes: Uint8Array) => Uint8Array) => {
      const path = `${folder}/${log}`;
      await Deno.writeFile(path, change(await Deno.readFile(path)));
      await Deno.remove(`${folder}/.kafka_cleanshutdown`);
    };
    const spoil: Record<string, (folder: string) => Promise<string>> = {
      "a bit of the metadata is wrong": async (folder) => {
        await changeLog(folder, (bytes) => bytes.with(100, bytes[100] ^ 1));
        return "metadata cannot be stored: damaged";
      },
      "the metadata ends in the middle of a batch, and is of a version that nobody knows": async (
        folder,
      ) => {
        const future = { name: "metadata.version", featureLevel: 99 };
        const value = encodeMetadataRecord({
          type: "FeatureLevelRecord",
          version: 0,
          fields: future,
        });
        const batch = buildBatch({
          records: [{ key: null, value }],
          baseOffset: 4,
          partitionLeaderEpoch: 1,
        });
        await changeLog(folder, (bytes) => concatBytes([bytes, batch, batch.subarray(0, 40)]));
        return "metadata.version is 99";
      },
      "the metadata lies beside the data directories": async (folder) => {
        await Deno.mkdir(`${folder}/kept`);
        await Deno.rename(`${folder}/__cluster_metadata-0`, `${folder}/kept/__cluster_metadata-0`);
        return "add it to log.dirs";
      },
      "the directory belongs to another node": async (folder) => {
        const path = `${folder}/meta.properties`;
        const text = foreignMetaProperties.replace("node.id=1", "node.id=2");
        await Deno.writeTextFile(path, text);
        return "belongs to node 2";
      },
      "the directory has an id that cannot be read": async (folder) => {
        const path = `${folder}/meta.properties`;
        await Deno.writeTextFile(path, foreignMetaProperties.replace("==", "==x"));
        return "directory.id=";
      },
    };
    for (const [what, change] of Object.entries(spoil)) {
      const folder = `${base}/${what.replaceAll(/\W/g, "-")}`;
      // The other of two directories is good: it must not be touched either.
      const second = `${folder}-second`;
      await writeForeignFolder(folder, [mango]);
      const message = await change(folder);
      await writeForeignFolder(second);
      const other = foreignMetaProperties.replace(foreignDirectoryId, "EAAAAAAAQACAAAAAAAAAAg");
      await Deno.writeTextFile(`${second}/meta.properties`, other);
      const before = [await contentOf(folder), await contentOf(second)];
      const beside = what.includes("beside") ? `\nmetadata.log.dir=${folder}/kept` : "";
      await using program = await startOn(folder, `,${second}${beside}`);
      const { code, stderr } = await program.ended();
      assertEquals(code, 1, what);
      assertStringIncludes(stderr, message, what);
      assertEquals([await contentOf(folder), await contentOf(second)], before, what);
    }
  } finally {
    await Deno.remove(base, { recursive: true });
  }
});
