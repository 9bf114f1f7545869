// The command line as a person uses it, each command a process of its own, against a broker in
// another: what it prints, where, and with which exit code.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Client, commitOffsets, Producer } from "../../src/client/mod.ts";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { ShareGroupHeartbeat } from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import { StreamsGroupHeartbeat } from "../../src/protocol/apis/88_streams_group_heartbeat.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { readingOnly, streamsRequest } from "../harness/streams_script.ts";
import { CommandLine } from "../harness/command_line.ts";
import { within } from "../harness/deadline.ts";

Deno.test("a topic is created, listed, described, grown and deleted", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const created = await ottla.run(
    "topics create orders --partitions 3 --config retention.ms=60000",
  );
  assertEquals([created.code, created.stderr], [0, "Created topic orders.\n"]);
  assertMatch(
    await ottla.out("topics list"),
    /^NAME +PARTITIONS +REPLICAS +ID\norders +3 +1 +\S+\n$/,
  );
  const described = await ottla.out("topics describe orders");
  assertMatch(described, /PARTITION +LEADER +REPLICAS +ISR +FIRST OFFSET +END OFFSET/);
  assertMatch(described, /retention\.ms +60000 +topic/);
  await ottla.out("topics alter orders --partitions 5");
  const [listed] = JSON.parse(await ottla.out("topics list --json"));
  assertEquals([listed.name, listed.partitions, listed.replicationFactor], ["orders", 5, 1]);
  const again = await ottla.run("topics create orders");
  assertEquals(again.code, 1);
  assertStringIncludes(again.stderr, "TOPIC_ALREADY_EXISTS");
  assertEquals((await ottla.run("topics create orders --if-missing")).code, 0);
  await ottla.out("topics delete orders");
  const gone = await ottla.run("topics describe orders");
  assertEquals(gone.code, 1);
  assertStringIncludes(gone.stderr, "ottla: there is no topic orders. See: ottla topics list");
});

Deno.test("lines go in as records and come out again, with keys and headers", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 1");
  const headers = "--header source=test --header trace=1 --header trace=2";
  const words = `produce orders --key-separator : ${headers}`;
  const produced = await ottla.run(words, "7:paid\n8:shipped\nno key\n");
  assertEquals(produced.stderr, "Sent 3 records to orders.\n");
  for (const type of ["gzip", "snappy", "lz4", "zstd"]) {
    await ottla.out(`produce orders --compression ${type}`, `by ${type}\n`);
  }
  const all = "consume orders --from-beginning --max-messages 7";
  const values = ["paid", "shipped", "no key", "by gzip", "by snappy", "by lz4", "by zstd"];
  assertEquals((await ottla.out(all)).trimEnd().split("\n"), values);
  const [first] = (await ottla.out(`${all} --format json`)).split("\n");
  const { timestamp, ...record } = JSON.parse(first);
  assert(timestamp > 1e12);
  assertEquals(record, {
    topic: "orders",
    partition: 0,
    offset: 0,
    key: "7",
    value: "paid",
    headers: [["source", "test"], ["trace", "1"], ["trace", "2"]],
  });
  const one = "consume orders --partition 0 --from 1 --max-messages 1 --keys";
  assertEquals(await ottla.out(one), "8\tshipped\n");
  assertEquals(await ottla.out("consume orders --timeout-ms 300"), "", "only new ones by default");
});

Deno.test("an offset that a partition does not have is said, and the nearer end read", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("produce orders", "a\nb\n");
  const late = await ottla.run("consume orders --partition 0 --from 99 --timeout-ms 100");
  assertEquals([late.code, late.stdout], [0, ""]);
  assertEquals(
    late.stderr,
    "orders-0 has the offsets 0 to 2: taking 2.\nRead 0 records.\n",
  );
  const there = await ottla.run("consume orders --partition 0 --from 1 --max-messages 1");
  assertEquals([there.stdout, there.stderr], ["b\n", "Read 1 record.\n"]);
});

Deno.test("numbers past 2^53 are printed to the last digit, and taken", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const [time, offset] = ["1700000000000000001", "9223372036854775807"];
  await ottla.out(`topics create orders --config message.timestamp.after.max.ms=${offset}`);
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  const producer = new Producer(client);
  await producer.send({ topic: "orders", partition: 0, value: "a", timestamp: BigInt(time) });
  await producer.close();
  const offsets = [{ topic: "orders", partition: 0, offset: BigInt(offset) }];
  await commitOffsets(client, "late", { offsets });
  client.close();

  const all = "--partition 0 --max-messages 1 --format json";
  const record = JSON.parse(await ottla.out(`consume orders ${all} --from 0`));
  assertEquals([record.offset, record.timestamp], [0, time]);
  const beyond = await ottla.run(`consume orders ${all} --from ${offset} --timeout-ms 10`);
  assertStringIncludes(beyond.stderr, "orders-0 has the offsets 0 to 1: taking 1.");
  const wrong = await ottla.run(`consume orders ${all} --from 9223372036854775808`);
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, "--from takes earliest, latest, an offset");

  assertMatch(await ottla.out("groups describe late"), new RegExp(`orders +0 +${offset} +1 +0 `));
  const described = JSON.parse(await ottla.out("groups describe late --json"));
  assertEquals([described.partitions[0].committed, described.partitions[0].lag], [offset, 0]);
  const reset = await ottla.run(`groups reset late --topic orders --to ${offset}`);
  assertStringIncludes(reset.stderr, "orders-0 has the offsets 0 to 1: taking 1.");
});

Deno.test("a group shares a topic, remembers where it was, and can be sent back", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 2");
  await ottla.out("produce orders", "a\nb\nc\n");
  const read = "consume orders --group billing --from-beginning";
  assertEquals((await ottla.out(`${read} --max-messages 3`)).split("\n").length, 4);
  await ottla.out("produce orders", "d\n");
  const described = JSON.parse(await ottla.out("groups describe billing --json"));
  assertEquals([described.state, described.members], ["Empty", []]);
  const lag = described.partitions.reduce(
    (sum: number, each: { lag: number }) => sum + each.lag,
    0,
  );
  assertEquals(lag, 1);
  assertEquals(await ottla.out(`${read} --max-messages 1`), "d\n");
  await ottla.out("groups reset billing --topic orders --to earliest");
  const misspelt = await ottla.run("groups reset biling --topic orders --to 9 --dry-run");
  assertStringIncludes(misspelt.stderr, "There is no group biling yet");
  assertStringIncludes(misspelt.stderr, "orders-0 has the offsets");
  const again = await ottla.out(`${read} --max-messages 4`);
  assertEquals(again.trimEnd().split("\n").sort(), ["a", "b", "c", "d"]);
  assertMatch(await ottla.out("groups list"), /billing +Empty +classic +consumer/);
  await ottla.out("groups delete billing");
  const gone = await ottla.run("groups describe billing");
  assertEquals(gone.stderr, "ottla: there is no group billing. See: ottla groups list\n");
});

/** Of a broker on which members are waited for, however long each command takes here. */
function patient(kind: "consumer" | "share"): Record<string, string> {
  return {
    [`group.${kind}.max.session.timeout.ms`]: "600000",
    [`group.${kind}.session.timeout.ms`]: "600000",
  };
}

Deno.test("a group of the consumer protocol is listed and described with its epoch", async () => {
  await using broker = await BrokerProcess.start({ settings: patient("consumer") });
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 2");
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  await commitOffsets(client, "billing", {
    offsets: [{ topic: "orders", partition: 0, offset: 0 }],
  });
  const joined = await client.request(ConsumerGroupHeartbeat, {
    groupId: "billing",
    memberId: "m-1",
    memberEpoch: 0,
    rebalanceTimeoutMs: 30_000,
    subscribedTopicNames: ["orders"],
    topicPartitions: [],
  }, { to: "any" });
  assertEquals(joined.errorCode, 0);
  assertMatch(await ottla.out("groups list"), /billing +Stable +consumer +consumer/);
  const described = await ottla.out("groups describe billing");
  assertMatch(described, /^Group billing: Stable, 1 member, uniform, epoch \d+ of the consumer/);
  assertMatch(described, /orders +1 .* m-1 /);
  const members = await ottla.out("groups describe billing --members");
  assertMatch(members, /^m-1 +\S+ +127\.0\.0\.1 +orders 0-1$/m);
  const moved = await ottla.run("groups reset billing --topic orders --to latest");
  assertStringIncludes(moved.stderr, "group billing has 1 member");
  client.close();
});

Deno.test("a group tells how many of its members have nothing to read, and which", async () => {
  await using broker = await BrokerProcess.start({ settings: patient("consumer") });
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 1");
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  const offsets = [{ topic: "orders", partition: 0, offset: 0 }];
  await commitOffsets(client, "billing", { offsets });
  const beat = async (memberId: string, instanceId: string, memberEpoch: number) => {
    const answer = await client.request(ConsumerGroupHeartbeat, {
      groupId: "billing",
      memberId,
      memberEpoch,
      instanceId,
      rebalanceTimeoutMs: 30_000,
      subscribedTopicNames: ["orders"],
      topicPartitions: [],
    }, { to: "any" });
    assertEquals(answer.errorCode, 0);
    return answer.memberEpoch;
  };
  const epochs = { a: await beat("m-1", "a", 0), b: await beat("m-2", "b", 0) };
  for (let told = ""; !told.includes("1 of them has nothing to read.\n");) {
    epochs.a = await beat("m-1", "a", epochs.a);
    epochs.b = await beat("m-2", "b", epochs.b);
    told = await ottla.out("groups describe billing");
  }
  const members = await ottla.out("groups describe billing --members");
  assertMatch(members, /^MEMBER +INSTANCE +CLIENT +HOST +READS\n/m);
  assertMatch(members, /^m-[12] +[ab] .* orders 0$/m);
  assertMatch(members, /^m-[12] +[ab] .* -$/m);
  client.close();
});

Deno.test("a share group is listed, described with who shares what, and moved", async () => {
  await using broker = await BrokerProcess.start({ settings: patient("share") });
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 1");
  await ottla.out("produce orders", "a\nb\nc\n");
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  await commitOffsets(client, "warm-up", {
    offsets: [{ topic: "orders", partition: 0, offset: 0 }],
  });
  const beat = async (memberId: string, memberEpoch: number) => {
    const subscribedTopicNames = memberEpoch === 0 ? ["orders"] : null;
    const member = { groupId: "tasks", memberId, memberEpoch, rackId: null, subscribedTopicNames };
    const answer = await client.request(ShareGroupHeartbeat, member, { to: "any" });
    assertEquals(answer.errorCode, 0, answer.errorMessage ?? "");
    return answer;
  };
  await beat("m-1", 0);
  assertMatch(await ottla.out("groups list"), /tasks +Stable +share +share/);
  // Once its state is kept, who shares the partition is told.
  for (let epoch = 0, described = ""; !/orders +0 .* 2$/m.test(described);) {
    epoch = (await beat("m-1", epoch)).memberEpoch;
    await beat("m-2", 0);
    described = await ottla.out("groups describe tasks");
    assertMatch(described, /^Group tasks: Stable, . members?, simple, epoch \d+ of the share/);
  }
  const members = await ottla.out("groups describe tasks --members");
  assertMatch(members, /^MEMBER +CLIENT +HOST +READS\nm-1 .* orders 0\nm-2 .* orders 0$/m);
  const { partitions } = JSON.parse(await ottla.out("groups describe tasks --json"));
  assertEquals(partitions[0].memberId, "m-1,m-2");
  const busy = await ottla.run("groups reset-offsets tasks --topic orders --to earliest");
  assertStringIncludes(busy.stderr, "group tasks has 2 members");
  await beat("m-1", -1);
  await beat("m-2", -1);
  await ottla.out("groups reset-offsets tasks --topic orders --to 1");
  assertMatch(await ottla.out("groups describe tasks"), /orders +0 +1 +3 +2 /);
  await ottla.run("groups delete tasks");
  assertEquals(/tasks/.test(await ottla.out("groups list")), false);
  client.close();
});

Deno.test("a streams group is listed and described with what its tasks read", async () => {
  await using broker = await BrokerProcess.start({
    settings: { "group.streams.initial.rebalance.delay.ms": "0" },
  });
  const ottla = new CommandLine(broker);
  await ottla.out("topics create words --partitions 2");
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  await commitOffsets(client, "counting", {
    offsets: [{ topic: "words", partition: 0, offset: 0 }],
  });
  const joined = await client.request(StreamsGroupHeartbeat, {
    ...streamsRequest({ groupId: "counting", memberId: "m-1", rebalanceTimeoutMs: 30_000 }),
    topology: { epoch: 0, subtopologies: [readingOnly("words")] },
    activeTasks: [],
    standbyTasks: [],
    warmupTasks: [],
    processId: "p",
  }, { to: "any" });
  assertEquals(joined.errorCode, 0);
  assertMatch(await ottla.out("groups list"), /counting +Stable +streams +streams/);
  const described = await ottla.out("groups describe counting");
  assertMatch(described, /^Group counting: Stable, 1 member, sticky, epoch \d+ of the streams/);
  assertMatch(described, /words +1 .* m-1 /);
  const busy = await ottla.run("groups delete counting");
  assertStringIncludes(busy.stderr, "counting");
  assertEquals(busy.code, 1);
  client.close();
});

Deno.test("a consumer leaves its group at Ctrl-C, having committed what it printed", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 1");
  await ottla.out("produce orders", "a\n");
  const printed = Promise.withResolvers<void>();
  const consumer = await ottla.start("consume orders --group billing --from-beginning", {
    onLine: (line) => line === "a" && printed.resolve(),
  });
  const what = () => `a record\n${consumer.output}`;
  await within(printed.promise, { ms: 30_000, what });
  const busy = await ottla.run("groups reset billing --topic orders --to latest");
  assertEquals(busy.code, 1);
  assertStringIncludes(busy.stderr, "group billing has 1 member");
  Deno.kill(consumer.pid, "SIGINT");
  assertEquals((await within(consumer.finished, { ms: 5000, what })).code, 0);
  const described = JSON.parse(await ottla.out("groups describe billing --json"));
  assertEquals([described.state, described.partitions[0].committed], ["Empty", 1]);
});

Deno.test("a measurement that is interrupted takes its topic away with it", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const bench = await ottla.start("bench --records 100000000 --record-bytes 100");
  const what = () => `the end of a measurement\n${bench.output}`;
  const isUnderWay = (async () => {
    while (!(await ottla.out("topics list")).includes("ottla-bench-"));
  })();
  await within(isUnderWay, { ms: 30_000, what });
  Deno.kill(bench.pid, "SIGINT");
  const { code, stdout, stderr } = await within(bench.finished, { ms: 10_000, what });
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "Interrupted");
  assertEquals(await ottla.out("topics list"), "");
});

Deno.test("mistakes are named with the way out, and told apart by the exit code", async () => {
  const settings = { "auto.create.topics.enable": "false" };
  await using broker = await BrokerProcess.start({ settings });
  const ottla = new CommandLine(broker);
  const file = await Deno.makeTempFile();
  const unmade = `${file}-new`;
  const cases: [words: string, code: number, stderr: string][] = [
    ["topcs list", 2, 'unknown command "topcs". Did you mean topics?\nSee: ottla --help'],
    ["topics lst", 2, 'unknown command "topics lst". Did you mean list?\nSee: ottla topics --help'],
    ["topics list --jsn", 2, "Did you mean --json?\nSee: ottla topics list --help"],
    ["consume orders --format xml", 2, 'not "xml"\nSee: ottla consume --help'],
    ["topics create", 2, "ottla: topics create needs TOPIC"],
    [
      "start --port 99999",
      2,
      "--port takes a whole number up to 65535, not 99999\nSee: ottla start",
    ],
    ["start --metrics-port 65536", 2, "--metrics-port takes a whole number up to 65535"],
    ["consume nowhere", 1, "there is no topic nowhere. See: ottla topics list"],
    [
      "topics list --bootstrap 127.0.0.1:1",
      1,
      "Is the broker running? Start one with: ottla start",
    ],
    [`start --host 127.0.0.1 --ephemeral --port ${broker.port}`, 1, "Choose another port"],
    [
      `start --host 127.0.0.1 --data-dir ${unmade} --port ${broker.port}`,
      1,
      "Choose another port",
    ],
    [
      `start --host 127.0.0.1 --ephemeral --port 0 --metrics-port ${broker.port}`,
      1,
      "Choose another port with --metrics-port",
    ],
    [`start --port 0 --data-dir ${file}`, 1, "Choose another folder with --data-dir"],
    ["topics delete nowhere", 1, "there is no topic nowhere. See: ottla topics list\n"],
    ["start --set log.retention.hour=1", 1, "did you mean log.retention.hours?"],
    ["start --config nowhere.properties", 1, "cannot read --config nowhere.properties"],
  ];
  const lost = await ottla.run("produce nowhere", "a\n");
  assertEquals(lost.code, 1);
  assertStringIncludes(lost.stderr, "Sent 0 records to nowhere.");
  assertStringIncludes(lost.stderr, "or: ottla topics create nowhere");
  await ottla.out("topics create orders --partitions 3");
  const elsewhere = await ottla.run("produce orders --partition 7", "a\n");
  assertEquals(elsewhere.code, 2);
  assertStringIncludes(elsewhere.stderr, "topic orders has no partition 7, only 0 to 2");
  const line = await ottla.run("produce orders --format json", '{"value":"a","partition":7}\n');
  assertEquals(line.code, 1);
  assertStringIncludes(line.stderr, "send to orders-7: the topic has partitions 0 to 2");
  for (const [words, code, stderr] of cases) {
    const finished = await ottla.run(words);
    assertStringIncludes(finished.stderr, stderr);
    assertEquals([finished.code, finished.stdout], [code, ""], words);
  }
  await Deno.remove(file);
  // A start that is refused for its port leaves no folder behind.
  await assertRejects(() => Deno.stat(unmade), Deno.errors.NotFound);
});

Deno.test("each of several topics or groups is deleted, whatever befalls another", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  for (const name of ["a", "b"]) await ottla.out(`topics create ${name}`);
  const topics = await ottla.run("topics delete a nowhere b");
  assertEquals([topics.code, topics.stderr.trim().split("\n")], [1, [
    "Deleted topic a.",
    "ottla: there is no topic nowhere. See: ottla topics list",
    "Deleted topic b.",
  ]]);
  await ottla.out("topics create orders");
  await ottla.out("groups reset one --topic orders --to latest");
  await ottla.out("groups reset-offsets two --topic orders --to latest");
  const groups = await ottla.run("groups delete one none two");
  assertEquals([groups.code, groups.stderr.trim().split("\n")], [1, [
    "Deleted group one.",
    "ottla: there is no group none. See: ottla groups list",
    "Deleted group two.",
  ]]);
});

Deno.test("consume says that it waits, that there is trouble, and when it is over", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("produce orders", "a\n");
  const lines: string[] = [];
  const heard = new Map<string, () => void>();
  const consumer = await ottla.start("consume orders --from-beginning", {
    onLine: (line) => {
      lines.push(line);
      for (const [start, resolve] of heard) if (line.startsWith(start)) resolve();
    },
  });
  const line = (start: string) => {
    const come = new Promise<void>((resolve) => heard.set(start, resolve));
    if (lines.some((each) => each.startsWith(start))) heard.get(start)!();
    return within(come, { ms: 60_000, what: () => `${start}\n${consumer.output}` });
  };
  await line("Waiting for records of orders.");
  await broker.kill();
  await line("Nothing can be read for now: ");
  await broker.restart();
  await line("Reading again.");
  await ottla.out("produce orders", "b\n");
  await line("b");
  await ottla.out("topics delete orders");
  await line("Nothing can be read for now: fetch from orders-0");
  await consumer.kill();
});

Deno.test("produce says that nobody takes its records, and Ctrl-C that it waits", async () => {
  const settings = { "advertised.listeners": "PLAINTEXT://127.0.0.1:1" };
  await using broker = await BrokerProcess.start({ settings });
  const ottla = new CommandLine(broker);
  const told = Promise.withResolvers<void>();
  const waits = Promise.withResolvers<void>();
  const producer = await ottla.start("produce orders", {
    input: "a\n",
    onLine: (line) => {
      const isTold = line.startsWith("No broker has taken 1 record yet: cannot reach broker 1 at ");
      if (isTold && line.includes("(advertised.listeners): connection refused.")) told.resolve();
      if (line.startsWith("Waiting for 1 record; Ctrl-C again")) waits.resolve();
    },
  });
  const what = () => `what is said of silence\n${producer.output}`;
  await within(told.promise, { ms: 60_000, what });
  producer.signal("SIGINT");
  await within(waits.promise, { ms: 60_000, what });
  await producer.kill();
});

Deno.test("a port where HTTP is spoken is told apart from a broker that is not there", async () => {
  await using broker = await BrokerProcess.start({ flags: ["--metrics-port", "0"] });
  const ottla = new CommandLine(broker);
  const line = await broker.said((each) => each.includes("metrics and health are served"));
  const [, address] = /http:\/\/([^/\s"]+)/.exec(line)!;
  const { code, stderr } = await ottla.run(`topics list --bootstrap ${address}`);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    `ottla: cannot reach ${address}: what listens there speaks HTTP, not Kafka's\n`,
  );
});

Deno.test("help and version print to standard output", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  assertStringIncludes(await ottla.out("--help"), "ottla topics create orders --partitions 6");
  assertStringIncludes(await ottla.out("topics --help"), "Usage: ottla topics COMMAND");
  assertStringIncludes(await ottla.out("start --help"), "--data-dir FOLDER");
  assertStringIncludes(await ottla.out("help produce"), "--key-separator TEXT");
  const version = JSON.parse(await ottla.out("version --json"));
  const fetch = version.protocol.find((each: { api: string }) => each.api === "Fetch");
  assertEquals([fetch.key, fetch.max], [1, 18]);
  assertEquals(await ottla.out("--version"), (await ottla.out("version")).split("\n\n")[0] + "\n");
});

Deno.test("the broker ends at SIGTERM with clients connected", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 1");
  await ottla.out("produce orders", "a\n");
  const printed = Promise.withResolvers<void>();
  const consumer = await ottla.start("consume orders --group billing --from-beginning", {
    onLine: (line) => line === "a" && printed.resolve(),
  });
  await within(printed.promise, { ms: 30_000, what: () => `a record\n${consumer.output}` });
  const { code } = await broker.stop();
  assertEquals(code, 0, broker.output);
  await consumer.kill();
});
