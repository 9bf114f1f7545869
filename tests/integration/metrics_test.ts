// What an operator sees over HTTP: numbers that move when clients work, damage, a disk that failed,
// and whether the broker is ready.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { PlatformFault } from "../../src/base/faults.ts";
import { loadConfig } from "../../src/broker/mod.ts";
import { Client, Consumer, createTopic, Producer } from "../../src/client/mod.ts";
import { startMonitoredBroker } from "../../src/http/mod.ts";
import { FindCoordinator, Heartbeat } from "../../src/protocol/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import { alice, ca, server } from "../harness/certificates.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { within } from "../harness/deadline.ts";
import { watchedFiles } from "../harness/watched_files.ts";

const runtime = denoRuntime();

type Options = Readonly<Record<string, string | number>>;

/** A broker of this process, with what its log says and where its monitor is. */
function start(options: Options, on: Runtime = runtime) {
  const { config } = loadConfig({
    flags: { port: 0, host: "127.0.0.1", metricsPort: 0 },
    options: { "group.initial.rebalance.delay.ms": 0, ...options },
  });
  const url = Promise.withResolvers<string>();
  const logger = {
    enabled: () => true,
    log: (_level: string, _message: string, fields: { url?: unknown } = {}) => {
      if (fields.url !== undefined) url.resolve(String(fields.url));
    },
    child: () => logger,
  };
  return { started: startMonitoredBroker({ runtime: on, config, logger }), url: url.promise };
}

/** A broker with a client of it, in a folder that goes with it. */
async function rig(options: Options = {}, on: Runtime = runtime) {
  const folder = await Deno.makeTempDir({ prefix: "metrics-" });
  const open = async () => {
    const { started, url } = start({ "log.dirs": `${folder}/a`, ...options }, on);
    const broker = await started;
    const bootstrap = `127.0.0.1:${broker.address.port}`;
    const client = await Client.connect(runtime, { bootstrap, retryTimeoutMs: 5_000 });
    const close = async () => {
      client.close();
      await broker.close();
    };
    return { broker, client, url: await url, close };
  };
  return { folder, open, end: () => Deno.remove(folder, { recursive: true }) };
}

/** Every sample of a scrape, by its name and labels as they are written. */
async function scrape(url: string): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`);
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const samples = new Map<string, number>();
  for (const line of (await response.text()).split("\n")) {
    if (line.startsWith("#") || line === "") continue;
    const match = /^(?<name>[a-z_]+(?:\{.*\})?) (?<value>\S+)$/.exec(line);
    const { name, value } = match?.groups ?? {};
    assert(name !== undefined && !Number.isNaN(Number(value)), line);
    samples.set(name, Number(value));
  }
  return samples;
}

async function healthOf(url: string): Promise<[number, unknown]> {
  const response = await fetch(`${url}/health`);
  return [response.status, await response.json()];
}

Deno.test("what clients do shows in the numbers", async () => {
  const { folder, open, end } = await rig();
  try {
    const { client, url, close } = await open();
    const before = await scrape(url);
    await createTopic(client, { name: "orders", partitions: 2 });
    const producer = new Producer(client);
    for (let i = 0; i < 10; i++) {
      await producer.send({ topic: "orders", partition: 1, value: "v".repeat(1_000) });
    }
    await producer.close();
    const consumer = new Consumer(client, { groupId: "shop", autoOffsetReset: "earliest" });
    consumer.subscribe(["orders"]);
    for (let read = 0; read < 10;) read += (await consumer.poll({ timeoutMs: 500 })).length;
    const after = await scrape(url);
    const moved = (name: string) => after.get(name)! - (before.get(name) ?? 0);

    assertEquals(moved('ottla_requests_total{api="Produce"}'), 10);
    assertEquals(moved('ottla_request_duration_seconds_count{api="Produce"}'), 10);
    assertEquals(moved('ottla_request_duration_seconds_bucket{api="Produce",le="+Inf"}'), 10);
    assert(moved('ottla_request_duration_seconds_sum{api="Produce"}') > 0);
    assert(moved('ottla_request_bytes_total{api="Produce"}') > 10_000);
    assert(moved('ottla_response_bytes_total{api="Fetch"}') > 10_000);
    assert(moved("ottla_appended_records_total") >= 10);
    assert(moved("ottla_appended_bytes_total") > 10_000);
    assert(moved("ottla_sync_duration_seconds_count") >= 10);
    assertEquals(after.get('ottla_partition_log_end_offset{topic="orders",partition="1"}'), 10);
    assertEquals(after.get('ottla_partition_log_end_offset{topic="orders",partition="0"}'), 0);
    assert(after.get('ottla_partition_log_size_bytes{topic="orders",partition="1"}')! > 10_000);
    assertEquals(after.get('ottla_groups{type="classic",state="Stable"}'), 1);
    assertEquals(after.get('ottla_group_members{type="classic",state="Stable"}'), 1);
    assertEquals(after.get("ottla_topics"), 2);
    assertEquals(after.get(`ottla_log_dir_online{dir="${folder}/a"}`), 1);
    assert(after.get(`ottla_log_dir_free_bytes{dir="${folder}/a"}`)! > 0);
    assert(after.get("ottla_connections")! >= 1);
    assert(after.has("ottla_event_loop_delay_seconds_count"));
    assert(after.get("process_resident_memory_bytes")! > 1e6);
    await consumer.close();
    await close();
  } finally {
    await end();
  }
});

Deno.test("who is connected is told one by one, and counted by client", async () => {
  const { open, end } = await rig();
  try {
    const { url, client, close } = await open();
    await createTopic(client, { name: "orders", partitions: 1 });
    const response = await fetch(`${url}/connections`);
    const { connections, notListed } = await response.json();
    assertEquals([response.status, notListed], [200, 0]);
    const one = connections.find(({ software }: { software?: string }) => software !== undefined);
    assertMatch(one.peer, /^127\.0\.0\.1:\d+$/);
    assertMatch(one.software, /^ottla /);
    const { listener, principal, clientId, isLoggingIn } = one;
    const told = { listener: "PLAINTEXT", principal: "User:ANONYMOUS", clientId: "ottla" };
    assertEquals({ listener, principal, clientId, isLoggingIn }, { ...told, isLoggingIn: false });
    const samples = await scrape(url);
    const labels = 'listener="PLAINTEXT",principal="User:ANONYMOUS",client_id="ottla"';
    assert(samples.get(`ottla_client_connections{${labels}}`)! > 0);
    assertEquals(samples.get("ottla_client_connections_not_listed"), 0);
    await close();
  } finally {
    await end();
  }
});

Deno.test("errors are counted by API and code", async () => {
  const { open, end } = await rig();
  try {
    const { client, url, close } = await open();
    const request = { groupId: "none", memberId: "nobody", generationId: 1 };
    await client.request(FindCoordinator, { coordinatorKeys: ["none"] }, { to: "any" });
    const { errorCode } = await client.request(Heartbeat, request, { to: "any" });
    assertEquals(errorCode, 25);
    const samples = await scrape(url);
    const name = 'ottla_request_errors_total{api="Heartbeat",error="UNKNOWN_MEMBER_ID"}';
    assertEquals(samples.get(name), 1);
    assertEquals(samples.get('ottla_requests_total{api="Heartbeat"}'), 1);
    await close();
  } finally {
    await end();
  }
});

Deno.test("a partition whose file was damaged shows, and each read that fails does", async () => {
  const { folder, open, end } = await rig();
  try {
    const first = await open();
    await createTopic(first.client, { name: "orders", partitions: 2 });
    const producer = new Producer(first.client);
    for (let i = 0; i < 3; i++) {
      await producer.send({ topic: "orders", partition: 1, value: "v".repeat(1_000) });
    }
    await producer.close();
    await first.close();

    const path = `${folder}/a/orders-1/00000000000000000000.log`;
    const bytes = await Deno.readFile(path);
    bytes[500] ^= 1;
    await Deno.writeFile(path, bytes);
    await Deno.remove(`${folder}/a/.kafka_cleanshutdown`);
    await Deno.remove(`${folder}/a/recovery-point-offset-checkpoint`);

    const { client, url, close } = await open();
    const damaged = 'ottla_partition_damaged{topic="orders",partition="1",found="start"}';
    const before = await scrape(url);
    assertEquals(before.get("ottla_damaged_partitions"), 1);
    assertEquals(before.get(damaged), 1);
    assertEquals(before.get("ottla_unreadable_reads_total"), 0);
    const consumer = new Consumer(client, { autoOffsetReset: "earliest" });
    consumer.assign([{ topic: "orders", partition: 1 }]);
    const errors = 'ottla_request_errors_total{api="Fetch",error="KAFKA_STORAGE_ERROR"}';
    let after = before;
    while ((after.get("ottla_unreadable_reads_total") ?? 0) === 0 || !after.has(errors)) {
      await consumer.poll({ timeoutMs: 300 }).catch(() => {});
      after = await scrape(url);
    }
    await consumer.close();
    assertEquals((await healthOf(url))[0], 200);
    await close();
  } finally {
    await end();
  }
});

Deno.test("health says starting, ready, degraded and closing", async () => {
  const gates = { open: Promise.withResolvers<void>(), close: Promise.withResolvers<void>() };
  let fails = false;
  const folder = await Deno.makeTempDir({ prefix: "metrics-" });
  const held: Runtime = {
    ...runtime,
    files: watchedFiles(runtime.files, (change) => {
      if (!fails || !change.startsWith(`sync ${folder}/b`)) return;
      throw new PlatformFault("Io", "input/output error (injected)");
    }),
    network: {
      ...runtime.network,
      async listen(...args) {
        await gates.open.promise;
        const listener = await runtime.network.listen(...args);
        const close = () => gates.close.promise.then(() => listener.close());
        return { address: listener.address, holdProcess() {}, close };
      },
    },
  };
  try {
    const { started, url: told } = start({ "log.dirs": `${folder}/a,${folder}/b` }, held);
    const url = await told;
    assertEquals(await healthOf(url), [503, { status: "starting" }]);
    const early = await fetch(`${url}/metrics`);
    assertEquals([early.status, await early.text()], [503, "the broker is starting\n"]);
    gates.open.resolve();
    const broker = await started;
    assertEquals(await healthOf(url), [200, { status: "ready" }]);

    const bootstrap = `127.0.0.1:${broker.address.port}`;
    const client = await Client.connect(runtime, { bootstrap, retryTimeoutMs: 1_000 });
    await createTopic(client, { name: "orders", partitions: 2 });
    fails = true;
    const producer = new Producer(client, { deliveryTimeoutMs: 1_000 });
    const sent = [0, 1].map((partition) =>
      producer.send({ topic: "orders", partition, value: "v" })
    );
    const results = await Promise.allSettled(sent);
    assertEquals(results.filter(({ status }) => status === "rejected").length, 1);
    await producer.close().catch(() => {});
    client.close();
    const offlineDirectories = [`${folder}/b`];
    assertEquals(await healthOf(url), [503, { status: "degraded", offlineDirectories }]);
    const samples = await scrape(url);
    assertEquals(samples.get("ottla_sync_failures_total"), 1);
    assertEquals(samples.get(`ottla_log_dir_online{dir="${folder}/a"}`), 1);
    assertEquals(samples.get(`ottla_log_dir_online{dir="${folder}/b"}`), 0);
    assertEquals(samples.get('ottla_partitions{state="offline"}'), 1);

    const closing = broker.close();
    assertEquals((await healthOf(url))[1], { status: "closing", offlineDirectories });
    gates.close.resolve();
    await closing;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a scrape of 10,000 partitions tells of a thousand and counts the others", async () => {
  const { started, url: told } = start({ "ottla.ephemeral": "true" });
  const broker = await started;
  const bootstrap = `127.0.0.1:${broker.address.port}`;
  const client = await Client.connect(runtime, { bootstrap });
  for (let i = 0; i < 4; i++) {
    await createTopic(client, { name: `wide-${i}`, partitions: 2_500 });
  }
  const url = await told;
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  const named = text.split("\n").filter((line) => line.includes("{topic="));
  assertEquals(named.length, 3 * 1_000);
  assert(text.length < 400_000, `${text.length} bytes`);
  const samples = await scrape(url);
  assertEquals(samples.get('ottla_partitions{state="online"}'), 10_000);
  assertEquals(samples.get("ottla_partitions_not_listed"), 9_000);
  client.close();
  await broker.close();
});

Deno.test("what is asked for wrongly is answered in a sentence", async () => {
  const { started, url: told } = start({ "ottla.ephemeral": "true" });
  const broker = await started;
  const url = await told;
  const ask = async (path: string, method: string) => {
    const response = await fetch(url + path, { method });
    return [response.status, await response.text()];
  };
  assertEquals(await ask("/", "GET"), [404, "there are /metrics, /connections and /health\n"]);
  assertEquals(await ask("/metrics", "POST"), [405, "only GET and HEAD\n"]);
  assertEquals(await ask("/health", "HEAD"), [200, ""]);
  await broker.close();
});

Deno.test("--metrics-port serves, and a connection that stays holds no end up", async () => {
  const args = ["--ephemeral", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"];
  await using program = await OttlaProgram.run({ target: "deno", args });
  await within(program.ready(), { ms: 30_000, what: () => "a ready line" });
  const line = program.lines.find(({ text }) => text.includes("metrics and health are served"));
  const port = Number(/url=http:\/\/127\.0\.0\.1:(\d+)/.exec(line?.text ?? "")?.[1]);
  const kept = await Deno.connect({ hostname: "127.0.0.1", port });
  await kept.write(new TextEncoder().encode("GET /health HTTP/1.1\r\nhost: x\r\n\r\n"));
  const buffer = new Uint8Array(1_000);
  const length = await kept.read(buffer);
  assert(new TextDecoder().decode(buffer.subarray(0, length ?? 0)).startsWith("HTTP/1.1 200"));
  const { code } = await program.stop();
  assertEquals(code, 0);
  kept.close();
});

Deno.test("metrics are for who shows the token, and health for everybody", async () => {
  const { open, end } = await rig({ "ottla.metrics.token": "a token of ours" });
  try {
    const { url, close } = await open();
    const status = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${url}${path}`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await status("/metrics", { authorization: "Bearer a token of ours" }), 200);
    assertEquals(await status("/metrics"), 401);
    assertEquals(await status("/metrics", { authorization: "Bearer a token of theirs" }), 401);
    assertEquals(await status("/metrics", { authorization: "Basic a token of ours" }), 401);
    assertEquals(await status("/connections"), 401);
    assertEquals(await status("/connections", { authorization: "Bearer a token of ours" }), 200);
    assertEquals(await status("/health"), 200);
    await close();
  } finally {
    await end();
  }
});

Deno.test("metrics are served over TLS, to whom a certificate is asked of, too", async () => {
  const folder = await Deno.makeTempDir({ prefix: "metrics-tls-" });
  try {
    const files = { certificate: server.chain, key: server.key, ca };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const key = (name: string) => `ottla.metrics.${name}.file`;
    const given = (names: readonly string[]) => ({
      "log.dirs": `${folder}/data`,
      ...Object.fromEntries(names.map((name) => [key(name), `${folder}/${name}`])),
    });
    const refused: readonly (readonly [Options, RegExp])[] = [
      [given(["certificate"]), /ottla\.metrics\.key\.file go together: one is missing/],
      [given(["ca"]), /ottla\.metrics\.key\.file go together: one is missing/],
      [{ ...given(["certificate"]), [key("key")]: `${folder}/none` }, /there is no file .*none$/],
      [{ ...given(["certificate"]), [key("key")]: `${folder}/ca` }, /holds no private key as PEM/],
      [
        { ...given(["key"]), [key("certificate")]: `${folder}/ca` },
        /^cannot serve metrics: .*the key is not the certificate's/,
      ],
    ];
    for (const [options, told] of refused) {
      const error = await assertRejects(() => start(options).started, Error);
      assertMatch(error.message, told);
      await assertRejects(() => Deno.stat(`${folder}/data`), Deno.errors.NotFound);
    }
    const { started, url } = start(given(["certificate", "key", "ca"]));
    const broker = await started;
    const { port } = new URL(await url);
    const status = async (identity: object) => {
      using client = Deno.createHttpClient({ caCerts: [ca], ...identity });
      const response = await fetch(`https://localhost:${port}/metrics`, { client });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals((await url).slice(0, 6), "https:");
    assertEquals(await status({ cert: alice.chain, key: alice.key }), 200);
    await assertRejects(() => status({}));
    await assertRejects(() => fetch(`http://localhost:${port}/metrics`));
    await broker.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
