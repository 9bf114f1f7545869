// Records on the command line: what `produce` takes, `consume` gives again, and chooses among.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Client, Producer } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { CommandLine } from "../harness/command_line.ts";

const all = "--from earliest --until latest";

Deno.test("what consume prints as JSON, produce copies, whatever is in it", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  for (const name of ["orders", "copies"]) {
    await ottla.out(
      `topics create ${name} --partitions 3 --config message.timestamp.type=CreateTime`,
    );
  }
  const lines = [
    { key: "a", value: "first", headers: [["h", "1"], ["h", null]], partition: 2, timestamp: 7 },
    { key: null, value: { base64: "/wA=" }, headers: [], partition: 0, timestamp: 8 },
    { key: { base64: "gA==" }, value: null, headers: [], partition: 0, timestamp: 9 },
  ];
  const input = lines.map((line) => JSON.stringify(line) + "\n").join("");
  await ottla.out("produce orders --format json", input);
  const printed = await ottla.out(`consume orders ${all} --format json`);
  const records = printed.trimEnd().split("\n").map((line) => JSON.parse(line));
  const byTime = records.toSorted((one, other) => one.timestamp - other.timestamp);
  assertEquals(byTime.map(({ topic: _, offset: __, ...rest }) => rest), lines);
  await ottla.out("produce copies --format json", printed);
  const copied = await ottla.out(`consume copies ${all} --format json`);
  assertEquals(
    copied.replaceAll("copies", "orders").split("\n").sort(),
    printed.split("\n").sort(),
  );

  const half = await ottla.run("produce copies --format json", '{"value":"good"}\n{"value":\n{}\n');
  assertEquals(half.code, 1);
  assertStringIncludes(
    half.stderr,
    "Sent 1 record to copies.\nottla: line 2 is no record: it is no JSON",
  );
});

Deno.test("files, keys, tombstones and times are produced, and printed by a template", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const folder = await Deno.makeTempDir();
  try {
    const bytes = new Uint8Array([0xff, 0x0a, 0x00]);
    await Deno.writeFile(`${folder}/picture`, bytes);
    await ottla.out("topics create orders --partitions 1");
    await ottla.out(["produce", "orders", `${folder}/picture`, "--header", "type=image/png"]);
    await ottla.out("produce orders --record-key 7 --timestamp 2026-01-31T08:00:00Z", "paid\n");
    await ottla.out("produce orders --record-key 7 --tombstone --timestamp @5");
    await ottla.out("produce orders --key-separator : --null-marker NULL", "8:NULL\nNULL:9\n");
    const template = "%o|%k|%V|%h";
    assertEquals(
      (await ottla.out(["consume", "orders", ...all.split(" "), "-f", template])).split("\n"),
      [
        "0|null|3|type=image/png",
        "1|7|4|",
        "2|7|-1|",
        "3|8|-1|",
        "4|null|1|",
        "",
      ],
    );
    assertEquals(
      await ottla.out(["consume", "orders", "--from", "1", "--until", "3", "-f", "%T %D"]),
      "1769846400000 2026-01-31T08:00:00.000Z\n5 1970-01-01T00:00:00.005Z\n",
    );
    const raw = await ottla.out("consume orders --from 0 --until 1 --format raw");
    assertEquals(raw, "\ufffd\n\0");
    const gone = await ottla.run(["produce", "orders", `${folder}/none`]);
    assertEquals(gone.code, 1);
    assertStringIncludes(gone.stderr, `ottla: cannot read ${folder}/none: `);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("records are read from and until a place, of topics that a pattern names", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  for (const name of ["orders-a", "orders-b", "bills"]) {
    await ottla.out(`topics create ${name} --partitions 1`);
    const lines = Array.from(
      { length: 6 },
      (_, i) => `{"value":"${name} ${i}","timestamp":${i + 1}}\n`,
    );
    await ottla.out(`produce ${name} --format json`, lines.join(""));
  }
  const values = async (words: string) =>
    (await ottla.out(`consume ${words}`)).split("\n").filter((line) => line !== "").sort();
  assertEquals(await values("orders-* --from -2 --until latest"), [
    "orders-a 4",
    "orders-a 5",
    "orders-b 4",
    "orders-b 5",
  ]);
  assertEquals(await values("bills --from @3 --until @5"), ["bills 2", "bills 3"]);
  assertEquals(await values("bills --from -99 --until -5"), ["bills 0"]);
  assertEquals(await values("bills --from latest --until latest"), []);
  const none = await ottla.run("consume x-* --until latest");
  assertEquals([none.code, none.stdout], [1, ""]);
  assertStringIncludes(none.stderr, "no topic is like x-*. See: ottla topics list");
  const shared = await ottla.run("consume bills --group readers --until latest");
  assertEquals(shared.code, 2);
  assertStringIncludes(shared.stderr, "a group shares the partitions itself");
});

Deno.test("records are chosen, and counted at the end", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const lines = Array.from({ length: 2_000 }, (_, i) =>
    JSON.stringify({
      key: `customer-${i % 10}`,
      value: JSON.stringify({ order: { id: i, status: i % 500 === 499 ? "paid" : "open" } }),
      headers: [["source", i < 5 ? "import" : "shop"]],
    }) + "\n");
  await ottla.out("produce orders --format json", lines.join(""));
  const paid = await ottla.run(`consume orders ${all} --match-json order.status=paid -f %o`);
  assertEquals(paid.stderr, "Read 4 records.\n");
  assertEquals(paid.stdout.trim().split("\n").length, 4);
  const one = `consume orders ${all} --match-key customer-3 --match-header source=imp* -f %k`;
  assertEquals(await ottla.out(one), "customer-3\n");
  const few = await ottla.run(`consume orders ${all} --match-key customer-7 -n 3 --keys`);
  assertEquals(few.stderr, "Read 3 records.\n");
});

Deno.test("what was not committed is left out, where that is asked", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 1");
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  const producer = new Producer(client, { transactionalId: "payments" });
  await producer.transaction((tx) => void tx.send({ topic: "orders", value: "paid" }));
  await assertRejects(() =>
    producer.transaction(async (tx) => {
      await tx.send({ topic: "orders", value: "taken back" });
      throw new Error("thought better of it");
    })
  );
  await producer.close();
  client.close();
  assertEquals(await ottla.out(`consume orders ${all}`), "paid\ntaken back\n");
  const committed = `consume orders ${all} --isolation-level read_committed`;
  assertEquals(await ottla.out(committed), "paid\n");
});

Deno.test("options of other tools are understood, and told what they are called here", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const address = broker.bootstrap;
  await ottla.out("produce orders", "a\nb\n");
  const read = await ottla.run(
    `consume --bootstrap-server ${address} --topic orders --offset 1 -n 1`,
  );
  assertEquals([read.code, read.stdout], [0, "b\n"]);
  assertEquals(read.stderr.split("\n"), [
    "--bootstrap-server is --bootstrap here.",
    "--topic may be left out: ottla consume TOPIC...",
    "--offset is --from here.",
    "Read 1 record.",
    "",
  ]);
});

Deno.test("all of an input goes into one transaction, or none of it", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders --partitions 1");
  const given = "produce orders --format json --transactional-id import";
  const lines = (count: number) =>
    Array.from({ length: count }, (_, i) => `{"value":"${i}"}\n`).join("");
  const whole = await ottla.run(given, lines(3));
  assertEquals(whole.stderr, "Sent 3 records to orders, in one transaction.\n");
  const half = await ottla.run(given, lines(2) + "no JSON\n");
  assertEquals(half.code, 1);
  assertStringIncludes(half.stderr, "The transaction is aborted: nobody who reads committed");
  assertStringIncludes(half.stderr, "ottla: line 3 is no record");
  const committed = `consume orders ${all} --isolation-level read_committed`;
  assertEquals(await ottla.out(committed), "0\n1\n2\n");
  const [listed] = JSON.parse(await ottla.out("transactions list --json"));
  assertEquals([listed.transactionalId, listed.state], ["import", "CompleteAbort"]);

  const wrong = await ottla.run("produce orders --transactional-id import --acks 1", "a\n");
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, "a transaction waits for all: drop --acks");
});

Deno.test("records of a share group are printed once each, unless given back", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create jobs --partitions 1");
  await ottla.out("configs alter --group workers --set share.auto.offset.reset=earliest");
  await ottla.out("produce jobs", "one\ntwo\nthree\n");
  const member = (words: string) => ottla.out(`consume jobs --share-group workers ${words}`);
  // Given back, and so handed out again.
  assertEquals(await member("--max-messages 1 --acknowledge release"), "one\n");
  const first = JSON.parse(await member("--max-messages 1 --format json"));
  assertEquals([first.value, first.deliveryCount], ["one", 2]);
  assertEquals(await member("--max-messages 1 --format %o:%v"), "1:two\n");
  assertEquals(await member("--max-messages 1 --acknowledge reject"), "three\n");
  await ottla.out("produce jobs", "four\n");
  assertEquals(await member("--max-messages 1"), "four\n");
  assertEquals(await member("--timeout-ms 300"), "");
  const wrong: [words: string, reason: string][] = [
    ["--from 0", "the brokers say what a share group reads"],
    ["--from-beginning", "--set share.auto.offset.reset=earliest"],
    ["--match-key a", "what a filter left out would be lost"],
    ["--acknowledge maybe", '--acknowledge takes accept, release, reject, not "maybe"'],
  ];
  for (const [words, reason] of wrong) {
    const refused = await ottla.run(`consume jobs --share-group workers ${words}`);
    assertEquals(refused.code, 2, words);
    assertStringIncludes(refused.stderr, reason);
  }
});
