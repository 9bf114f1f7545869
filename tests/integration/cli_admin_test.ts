// The command line for who looks after a cluster: topics, groups, configs, quotas, disks.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { LocalCluster } from "../../mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { CommandLine } from "../harness/command_line.ts";
import { targetFromEnvironment } from "../harness/targets.ts";

Deno.test("patterns name topics, and delete nothing before it is said twice", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const created = await ottla.run(
    "topics create orders-a orders-b bills -p 2 --replication-factor 1",
  );
  assertEquals(created.stderr.split("\n").slice(0, 2), [
    "--replication-factor is --replicas here.",
    "Created topic orders-a.",
  ]);
  const names = async (words: string) =>
    JSON.parse(await ottla.out(`topics list ${words}--json`))
      .map(({ name }: { name: string }) => name);
  assertEquals(await names("orders-* "), ["orders-a", "orders-b"]);
  assertEquals(await names("bills none-* "), ["bills"]);
  const described = JSON.parse(await ottla.out("topics describe orders-* --json"));
  assertEquals(described.map(({ name }: { name: string }) => name), ["orders-a", "orders-b"]);
  const shown = await ottla.run("topics delete orders-*");
  assertEquals([shown.code, shown.stdout], [1, "NAME\norders-a\norders-b\n"]);
  assertStringIncludes(shown.stderr, "Nothing was deleted. Delete these with --yes.");
  await ottla.out("topics delete orders-* --yes");
  assertEquals(await names(""), ["bills"]);
});

Deno.test("configs of a topic, brokers and a group are set, shown and taken back", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders bills");
  await ottla.out(
    "topics alter orders bills --config retention.ms=1000 --config cleanup.policy=compact",
  );
  const own = "configs describe --topic orders --json";
  const pairs = async (words: string) =>
    JSON.parse(await ottla.out(words))
      .map(({ name, value }: { name: string; value: string }) => `${name}=${value}`);
  assertEquals(await pairs(own), ["cleanup.policy=compact", "retention.ms=1000"]);
  await ottla.out("topics alter orders --unset cleanup.policy --partitions 3");
  assertEquals(await pairs(own), ["retention.ms=1000"]);
  assertEquals(await pairs("configs describe --topic orders cleanup.policy --json"), [
    "cleanup.policy=delete",
  ]);
  await ottla.out("configs alter --topic orders --set segment.bytes=1048576 --unset retention.ms");
  assertMatch(await ottla.out("configs describe --topic orders"), /segment\.bytes +1048576 +topic/);
  await ottla.out("configs alter --brokers --set log.retention.ms=86400000");
  assertEquals(await pairs("configs describe --brokers log.retention.ms --json"), [
    "log.retention.ms=86400000",
  ]);
  await ottla.out("configs alter --group billing --set consumer.session.timeout.ms=46000");
  assertEquals(await pairs("configs describe --group billing --json"), [
    "consumer.session.timeout.ms=46000",
  ]);
  const wrong = await ottla.run("configs alter --topic orders --set retention.ms=soon");
  assertEquals(wrong.code, 1);
  assertStringIncludes(wrong.stderr, "(INVALID_CONFIG)");
  const both = await ottla.run("configs describe --topic orders --brokers");
  assertEquals(both.code, 2);
  assertStringIncludes(both.stderr, "say of what: one of --topic NAME");
  const gone = await ottla.run("configs alter --topic nowhere --set retention.ms=1");
  assertStringIncludes(gone.stderr, "there is no topic nowhere");
});

Deno.test("a topic is trimmed up to a place, once that is confirmed", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders -p 1");
  await ottla.out("produce orders", "a\nb\nc\nd\n");
  const shown = await ottla.run("topics trim orders --to -1");
  assertMatch(shown.stdout, /orders +0 +0 +3 +3\n/);
  assertStringIncludes(shown.stderr, "Nothing was deleted.");
  await ottla.out("topics trim orders --to -1 --yes");
  assertEquals(await ottla.out("consume orders --from earliest --until latest"), "d\n");
  const [row] = JSON.parse(await ottla.out("topics trim orders --to latest --yes --json"));
  assertEquals([row.first, row.to, row.records], [3, 4, 1]);
  assertEquals(await ottla.out("consume orders --from earliest --until latest"), "");
  const empty = await ottla.run("topics trim orders --to latest");
  assertStringIncludes(empty.stderr, "There is nothing to delete.");
});

Deno.test("groups are moved by place, by steps and by a file, and seen to be behind", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const folder = await Deno.makeTempDir();
  try {
    for (const topic of ["orders", "bills"]) {
      await ottla.out(`topics create ${topic} -p 1`);
      await ottla.out(`produce ${topic}`, "a\nb\nc\nd\n");
    }
    const moved = async (words: string) =>
      JSON.parse(await ottla.out(`groups reset billing ${words} --json`))
        .map((each: { topic: string; offset: number }) => `${each.topic}:${each.offset}`).sort();
    assertEquals(await moved("-t orders -t bills --to 1"), ["bills:1", "orders:1"]);
    assertEquals(await moved("--all-topics --to latest --dry-run"), ["bills:4", "orders:4"]);
    assertEquals(await moved("--all-topics --to @0 --dry-run"), ["bills:0", "orders:0"]);
    assertEquals(await moved("--topic orders --shift 2"), ["orders:3"]);
    assertEquals(await moved("--all-topics --shift -2"), ["bills:0", "orders:1"]);
    await Deno.writeTextFile(`${folder}/places.csv`, '"orders",0,2\nbills,0,99\n');
    assertEquals(await moved(`--file ${folder}/places.csv`), ["bills:4", "orders:2"]);
    const exported = await ottla.out("groups describe billing --export");
    assertEquals(exported, "bills,0,4\norders,0,2\n");
    await Deno.writeTextFile(`${folder}/exported.csv`, exported);
    assertEquals(await moved(`--file ${folder}/exported.csv`), ["bills:4", "orders:2"]);
    const lag = await ottla.out("groups lag");
    assertMatch(lag, /^GROUP +TOPIC +PARTITIONS +LAG +LARGEST LAG\n/);
    assertMatch(lag, /\nbilling +bills +1 +0 +0\nbilling +orders +1 +2 +2\n$/);
    assertEquals(JSON.parse(await ottla.out("groups list --state Empty --json")).length, 1);
    assertEquals(await ottla.out("groups list --type share"), "");
    const deleted = await ottla.run("groups delete-offsets billing --topic bills");
    assertEquals([deleted.code, deleted.stderr], [0, "Deleted 1 offset of group billing.\n"]);
    assertEquals(JSON.parse(await ottla.out("groups lag billing --json")).length, 1);
    await Deno.writeTextFile(`${folder}/broken.csv`, "orders,0,2\norders;0\n");
    const wrong: [words: string, reason: string][] = [
      [`--file ${folder}/broken.csv`, "broken.csv line 2 is not topic,partition,offset"],
      ["--to latest", "say where: --topic TOPIC, or --all-topics"],
      ["--topic orders --to soon", "--to takes earliest, latest, an offset, -5, a time or 5m ago"],
      ["--topic orders --to 1 --shift 1", "give --to or --shift, not both"],
      ["--topic bills --shift 1", "group billing has committed nothing there"],
      ["--topic orders --partition 7 --to 1", "topic orders has no partition 7, only 0"],
    ];
    for (const [words, reason] of wrong) {
      const refused = await ottla.run(`groups reset billing ${words}`);
      assert(refused.code > 0, words);
      assertStringIncludes(refused.stderr, reason);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("groups that a pattern names are deleted once that is confirmed", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders -p 1");
  for (const group of ["test-a", "test-b", "billing"]) {
    await ottla.out(`groups reset ${group} --topic orders --to latest`);
  }
  const shown = await ottla.run("groups delete test-*");
  assertEquals([shown.code, shown.stdout], [1, "GROUP\ntest-a\ntest-b\n"]);
  assertStringIncludes(shown.stderr, "Nothing was deleted. Delete these with --yes.");
  const deleted = await ottla.run("groups delete test-* --yes");
  assertEquals(deleted.stderr, "Deleted group test-a.\nDeleted group test-b.\n");
  const left = JSON.parse(await ottla.out("groups list --json"));
  assertEquals(left.map(({ groupId }: { groupId: string }) => groupId), ["billing"]);
  const none = await ottla.run("groups delete test-* --yes");
  assertEquals(none.code, 1);
  assertStringIncludes(none.stderr, "no group is like test-*. See: ottla groups list");
});

Deno.test("partitions of a new topic are put where they are wanted", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3 });
  const ottla = new CommandLine({ target: targetFromEnvironment(), bootstrap: cluster.bootstrap });
  await ottla.out("topics create orders --assign 3:1,2:3");
  const { partitions } = JSON.parse(await ottla.out("topics describe orders --json"));
  assertEquals(
    partitions.map(({ replicas, leader }: { replicas: number[]; leader: number }) =>
      [leader, ...replicas].join()
    ),
    ["3,3,1", "2,2,3"],
  );
  const refusals: [words: string, code: number, said: string][] = [
    ["--assign 1:2 -p 1", 2, "--assign says how many: drop --partitions and --replicas"],
    ["--assign 1;2", 2, '--assign takes brokers as in 1:2,2:3, not "1;2"'],
    ["--replica-assignment 1:9", 1, "INVALID_REPLICA_ASSIGNMENT"],
  ];
  for (const [words, code, said] of refusals) {
    const refused = await ottla.run(`topics create bills ${words}`);
    assertStringIncludes(refused.stderr, said);
    assertEquals(refused.code, code);
  }
});

Deno.test("topics that have a replica out of sync are told from the others", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3 });
  const ottla = new CommandLine({ target: targetFromEnvironment(), bootstrap: cluster.bootstrap });
  await ottla.out("topics create everywhere -p 1 -r 3");
  const calm = await ottla.run("topics list --under-replicated");
  assertEquals([calm.code, calm.stdout, calm.stderr], [0, "", "All replicas are in sync.\n"]);
  await cluster.stop(2);
  await ottla.out("topics create elsewhere -p 1 -r 2");
  const behind = JSON.parse(await ottla.out("topics list --under-replicated --json"));
  assertEquals(behind.map(({ name }: { name: string }) => name), ["everywhere"]);
});

Deno.test("quotas are set, listed and removed", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("quotas set producer_byte_rate=1048576 consumer_byte_rate=2048 --for user=alice");
  await ottla.out("quotas set request_percentage=50.5 --for user=alice --for client-id");
  const quotas = JSON.parse(await ottla.out("quotas list --json"));
  assertEquals(quotas, [
    { user: "alice", quota: "consumer_byte_rate", value: 2048 },
    { user: "alice", quota: "producer_byte_rate", value: 1048576 },
    { "user": "alice", "client-id": null, "quota": "request_percentage", "value": 50.5 },
  ]);
  assertMatch(await ottla.out("quotas list"), /alice +\(default\) +- +request_percentage +50\.5/);
  await ottla.out("quotas remove request_percentage --for user=alice --for client-id");
  assertEquals(JSON.parse(await ottla.out("quotas list --json")).length, 2);
  const wrong = await ottla.run("quotas set producer_byte_rate=much --for user=alice");
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, '"producer_byte_rate=much" is not QUOTA=NUMBER');
});

Deno.test("the cluster and its disks are shown", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders -p 2");
  await ottla.out("produce orders", "a\n");
  const cluster = await ottla.out("cluster describe");
  assertMatch(
    cluster,
    /^Cluster \S+\n\nBROKER +ADDRESS +RACK +CONTROLLER\n +1 +\S+:\d+ +- +yes\n$/,
  );
  const versions = await ottla.out("cluster versions");
  assertMatch(versions, /^KEY +API +BROKER 1\n +0 +Produce +\d+-\d+\n +1 +Fetch +\d+-\d+\n/);
  const [served] = JSON.parse(await ottla.out("cluster versions --json"));
  const { protocol } = JSON.parse(await ottla.out("version --json"));
  const rangeOf = (apis: { key: number; min: number; max: number }[], of: number) =>
    apis.filter(({ key }) => key === of).map(({ min, max }) => [min, max]);
  assertEquals(rangeOf(served.apis, 3), rangeOf(protocol, 3));
  const quorum = await ottla.out("cluster quorum");
  assertMatch(quorum, /^Node 1 leads since epoch \d+, high watermark \d+\n\nNODE +ROLE +END +LAG /);
  assertMatch(quorum, / 1 +leader +\d+ +0 +20\S+Z\n$/);
  assertMatch(await ottla.out("log dirs"), /BROKER +PATH +PARTITIONS +SIZE +FREE +OF/);
  const [dir] = JSON.parse(await ottla.out("log dirs --json"));
  const orders = dir.partitions.filter(({ topic }: { topic: string }) => topic === "orders");
  assertEquals(orders.length, 2);
  assert(orders.some(({ sizeBytes }: { sizeBytes: number }) => sizeBytes > 0));
  assertMatch(await ottla.out("log dirs --partitions"), /orders +1 +\d+ B +0 /);
});

Deno.test("what clients are to measure is set, shown and taken back", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out(
    "configs alter --client-metrics all --set metrics=org.apache.kafka. --set interval.ms=30000",
  );
  const shown = await ottla.out("configs describe --client-metrics all");
  assertMatch(shown, /interval\.ms +30000 +clientMetrics\n/);
  assertMatch(shown, /metrics +org\.apache\.kafka\. +clientMetrics\n/);
  await ottla.out("configs alter --client-metrics all --unset interval.ms --unset metrics");
  const gone = await ottla.run("configs describe --client-metrics all");
  assertEquals([gone.stdout, gone.stderr], ["", "Nothing is set. See all with --all.\n"]);
});

Deno.test("features are listed, raised and, where nothing is lost, lowered", async () => {
  await using broker = await BrokerProcess.start({
    settings: { "ottla.metadata.version": "29" },
  });
  const ottla = new CommandLine(broker);
  const levels = async () =>
    Object.fromEntries(
      JSON.parse(await ottla.out("features list --json"))
        .map(({ name, level }: { name: string; level: number }) => [name, level]),
    );
  const before = await levels();
  assertEquals(before["metadata.version"], 29);
  const dry = await ottla.run("features upgrade metadata.version=30 --dry-run");
  assertEquals(
    dry.stderr,
    "It would work. Nothing was changed (--dry-run): metadata.version=30.\n",
  );
  assertEquals(await levels(), before);
  await ottla.out("features upgrade metadata.version=30");
  assertEquals(await levels(), { ...before, "metadata.version": 30 });
  assertMatch(await ottla.out("features list"), /metadata\.version +30 +7 +\d+\n/);
  const lower = await ottla.run("features downgrade metadata.version=29");
  assertEquals(lower.code, 1);
  assertStringIncludes(lower.stderr, "(INVALID_UPDATE_VERSION)");
  const wrong = await ottla.run("features upgrade metadata.version");
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, '"metadata.version" is not FEATURE=LEVEL');
});

Deno.test("a Streams program begins anew, without what it kept for itself", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  const own = ["app-counts-changelog", "app-by-key-repartition"];
  await ottla.out(`topics create orders ${own.join(" ")} -p 1`);
  for (const topic of ["orders", ...own]) await ottla.out(`produce ${topic}`, "a\nb\n");
  await ottla.out("groups reset app --topic orders --to latest");
  const moved = JSON.parse(await ottla.out("groups reset app --all-topics --to earliest --json"));
  assertEquals(moved, [{ topic: "orders", partition: 0, offset: 0 }]);
  await ottla.out("topics delete app-*-changelog app-*-repartition --yes");
  const left = JSON.parse(await ottla.out("topics list --json"));
  assertEquals(left.map(({ name }: { name: string }) => name), ["orders"]);
});
