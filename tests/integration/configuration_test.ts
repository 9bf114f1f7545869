// `ottla start` and what it is told: by flags, by the environment of Kafka's container image, by a
// file; what it answers to mistakes; which address it tells to whom; and what it writes.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  ApiVersions,
  DescribeCluster,
  DescribeConfigs,
  ErrorCode,
  FindCoordinator,
  Metadata,
  Produce,
} from "../../src/protocol/mod.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { batchOf, produceRequest } from "../harness/raw_requests.ts";
import { type Target, targetsHere } from "../harness/targets.ts";

const local = ["--host", "127.0.0.1", "--port", "0", "--ephemeral"];

/** The broker's own configuration, by key. */
async function brokerConfig(client: RawClient): Promise<Map<string, string | null>> {
  const { brokers } = await client.ask(Metadata, 1, { topics: [] });
  const { results } = await client.ask(DescribeConfigs, 1, {
    resources: [
      { resourceType: 4, resourceName: String(brokers[0].nodeId), configurationKeys: null },
    ],
  });
  assertEquals(results[0].errorCode, ErrorCode.NONE);
  return new Map(results[0].configs.map(({ name, value }) => [name, value]));
}

/** Every address that a client learns from the broker it has reached at `at`. */
async function toldTo(at: { host: string; port: number }): Promise<string[]> {
  using client = await RawClient.connect(at);
  const { brokers: [fromMetadata] } = await client.ask(Metadata, 12, { topics: [] });
  const coordinator = await client.ask(FindCoordinator, 3, { key: "group" });
  const { brokers: [fromCluster] } = await client.ask(DescribeCluster, 0, {
    includeClusterAuthorizedOperations: false,
  });
  return [fromMetadata, coordinator, fromCluster].map(({ host, port }) => `${host} ${port}`);
}

async function start(target: Target, args: readonly string[], env?: Record<string, string>) {
  const program = await OttlaProgram.run({ target, args, env });
  try {
    const { host, port } = await program.ready();
    return {
      program,
      host,
      port,
      connect: (to = "127.0.0.1") => RawClient.connect({ host: to, port }),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs a start that must fail, and returns what it says. */
async function refusal(target: Target, args: readonly string[], env?: Record<string, string>) {
  await using program = await OttlaProgram.run({ target, args, env });
  const { code, stderr, stdout } = await program.ended();
  assert(code === 1 || code === 2, `exit code ${code}`);
  assertEquals(stdout, "");
  assertEquals(/\n\s+at /.test(stderr), false, `a stack is no answer to a person:\n${stderr}`);
  return stderr;
}

async function withFile<T>(name: string, text: string, use: (path: string) => Promise<T>) {
  const folder = await Deno.makeTempDir({ prefix: "configuration-" });
  try {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return await use(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const target of await targetsHere()) {
  Deno.test(`a client is told the address that it has reached, on ${target}`, async () => {
    await using broker = await start(target, ["--port", "0", "--ephemeral"]);
    for (const host of ["127.0.0.1", "127.0.0.2"]) {
      const told = `${host} ${broker.port}`;
      assertEquals(await toldTo({ host, port: broker.port }), [told, told, told]);
    }
  });

  Deno.test(`a client of an IPv6 address is told that address, on ${target}`, async () => {
    await using broker = await start(target, ["--host", "::1", "--port", "0", "--ephemeral"]);
    const told = `::1 ${broker.port}`;
    assertEquals(await toldTo({ host: "::1", port: broker.port }), [told, told, told]);
  });

  Deno.test(`a listener on :: tells IPv4 clients an IPv4 address, on ${target}`, async () => {
    await using broker = await start(target, ["--host", "::", "--port", "0", "--ephemeral"]);
    for (const host of ["127.0.0.1", "::1"]) {
      const told = `${host} ${broker.port}`;
      assertEquals(await toldTo({ host, port: broker.port }), [told, told, told]);
    }
  });

  Deno.test(`a listener that names a host is known by it, as Kafka's, on ${target}`, async () => {
    await using broker = await start(target, ["--host", "localhost", "--port", "0", "--ephemeral"]);
    const told = `localhost ${broker.port}`;
    assertEquals(await toldTo({ host: "localhost", port: broker.port }), [told, told, told]);
  });

  Deno.test(`advertised.listeners says what clients are told instead, on ${target}`, async () => {
    const advertised = "advertised.listeners=PLAINTEXT://kafka.example.com:19092";
    await using broker = await start(target, [...local, "--set", advertised]);
    const told = "kafka.example.com 19092";
    assertEquals(await toldTo({ host: "127.0.0.1", port: broker.port }), [told, told, told]);
  });

  Deno.test(`flags come before the environment, that before the file, on ${target}`, async () => {
    const properties = "# as Kafka's own file\nnum.partitions=2\nlog.retention.hours: 3\n" +
      "log.segment.bytes = 2097152\ncontroller.listener.names=CONTROLLER\n";
    await withFile("server.properties", properties, async (path) => {
      await using broker = await start(
        target,
        [...local, "--config", path, "--set", "num.partitions=7"],
        { KAFKA_NUM_PARTITIONS: "5", KAFKA_LOG_SEGMENT_BYTES: "4194304" },
      );
      using client = await broker.connect();
      const config = await brokerConfig(client);
      assertEquals(config.get("num.partitions"), "7", "--set");
      assertEquals(config.get("log.segment.bytes"), "4194304", "KAFKA_LOG_SEGMENT_BYTES");
      assertEquals(config.get("log.retention.hours"), "3", "the file");
      assertEquals(config.get("log.index.interval.bytes"), "4096", "the default");
      const { topics } = await client.ask(Metadata, 9, { topics: [{ name: "made" }] });
      assertEquals(topics[0].partitions.length, 7, "and they are honoured");
    });
  });

  Deno.test(`a file may be JSON, on ${target}`, async () => {
    const text = JSON.stringify({ "num.partitions": 4, "auto.create.topics.enable": false });
    await withFile("broker.json", text, async (path) => {
      await using broker = await start(target, [...local, "--config", path]);
      using client = await broker.connect();
      const config = await brokerConfig(client);
      assertEquals(config.get("num.partitions"), "4");
      assertEquals(config.get("auto.create.topics.enable"), "false");
    });
  });

  Deno.test(`a key that there is not is named with the nearest one, on ${target}`, async () => {
    const flag = await refusal(target, [...local, "--set", "num.partition=3"]);
    assertMatch(flag, /num\.partition\b.*num\.partitions/);
    await withFile("server.properties", "log.retention.hour=1\n", async (path) => {
      const variables = { KAFKA_NUM_PARTITION: "3" };
      await using broker = await start(target, [...local, "--config", path], variables);
      const warning = (of: string) =>
        broker.program.lines.find(({ text }) => text.includes(of))?.text ?? "";
      assertMatch(warning("server.properties"), /WARN .*log\.retention\.hour\b.*retention\.hours/);
      assertMatch(warning("KAFKA_NUM_PARTITION"), /WARN .*num\.partitions/);
    });
  });

  Deno.test(`mistakes are named together, without a stack, on ${target}`, async () => {
    const said = await refusal(target, [
      ...local,
      "--set",
      "num.partitions=none",
      "--set",
      "log.retention.hours=x",
    ]);
    assertMatch(said, /num\.partitions/);
    assertMatch(said, /log\.retention\.hours/);
    assertMatch(await refusal(target, ["--config", "/nowhere/at.all"]), /\/nowhere\/at\.all/);
    assertMatch(await refusal(target, ["--prot", "9092"]), /--port/);
  });

  Deno.test(`a file that is no configuration starts no broker, on ${target}`, async () => {
    const prose = "Dear operator,\nthis is: prose.\n";
    for (const [text, why] of [["\x7fELF\0\0", "no text"], [prose, "no line key=value"]]) {
      await withFile("odd.properties", text, async (path) => {
        assertStringIncludes(await refusal(target, [...local, "--config", path]), why);
      });
    }
    // What Kafka opens goes on to open.
    await withFile("odd.properties", "num.partitions 3\n", async (path) => {
      await using broker = await start(target, [...local, "--config", path]);
      using client = await broker.connect();
      assertEquals((await brokerConfig(client)).get("num.partitions"), "3");
    });
  });

  Deno.test(`--log-format json writes a JSON object a line, on ${target}`, async () => {
    const beforeMs = Date.now();
    await using broker = await start(target, [...local, "--log-format", "json"]);
    using client = await broker.connect();
    await client.send(new Uint8Array([0x7f, 0, 0, 0]));
    await client.assertClosed();
    await broker.program.stop();
    const lines = broker.program.lines.filter(({ source }) => source === "stderr");
    const parsed = lines.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
    assert(parsed.length >= 3, "ready, a closed connection, closing");
    for (const { time, level, message } of parsed) {
      assert(typeof level === "string" && typeof message === "string");
      const atMs = Date.parse(String(time));
      assert(atMs >= beforeMs - 1_000 && atMs <= Date.now() + 1_000, String(time));
    }
    const about = parsed.find(({ message }) => message === "closed a connection");
    assertEquals(about?.peer, client.name);
  });

  Deno.test(`--trace writes requests and answers, a line each, on ${target}`, async () => {
    await using broker = await start(target, [...local, "--trace", "--log-level", "info"]);
    using client = await broker.connect();
    await client.ask(ApiVersions, 3, {
      clientSoftwareName: "tracer",
      clientSoftwareVersion: "1.0",
    });
    const fromTheFuture = request(ApiVersions, 3, {});
    fromTheFuture[7] = 99; // Behind the size and the API key stands the version.
    await client.send(fromTheFuture);
    await client.receive();
    await client.ask(Metadata, 12, { topics: [{ name: "orders" }] });
    await client.ask(Produce, 9, produceRequest({ topic: "orders", records: batchOf(["secret"]) }));
    await client.send(
      request(Produce, 9, produceRequest({ topic: "orders", records: batchOf(["x"]), acks: 0 })),
    );
    await client.assertServed();
    await broker.program.stop();
    const lines = broker.program.lines.filter(({ source }) => source === "stdout");
    const heads = lines.map(({ text }) =>
      text.match(/ ([<>]) (\w+ v\d+)/)?.slice(1).join(" ") ?? text.match(/ [+-] \w+/)?.[0]
    );
    assertEquals(heads, [
      " + connected",
      "> ApiVersions v3",
      "< ApiVersions v3",
      "> ApiVersions v99",
      "> Metadata v12",
      "< Metadata v12",
      "> Produce v9",
      "< Produce v9",
      "> Produce v9",
      "< Produce v9",
      "> Metadata v9",
      "< Metadata v9",
      " - disconnected",
    ]);
    for (const { text } of lines.slice(1)) {
      assert(text.slice("09:30:00.125".length).startsWith(` ${client.name} raw-client `), text);
      assert(text.length < 2000, "a line that a person can read");
    }
    assertMatch(lines[3].text, /unread: served are 0 to \d+$/);
    assertMatch(lines[4].text, /orders/);
    assertMatch(lines[9].text, /no answer/);
  });
}
