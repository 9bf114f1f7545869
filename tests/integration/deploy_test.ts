// What deploy/ has for those who run a cluster: files of other programs' forms, which name our
// commands, keys and metrics. Each is held against ours, and against its own program where that is
// installed.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse, parseAll } from "@std/yaml";
import { loadConfig } from "../../src/broker/mod.ts";
import { parseEtcdAddress } from "../../src/etcd/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { runCommand } from "../harness/command_in_process.ts";

// deno-lint-ignore no-explicit-any -- files of other programs' forms, of which this asserts a part.
type Json = any;

const deploy = new URL("../../deploy/", import.meta.url).pathname;

function textOf(path: string): string {
  return Deno.readTextFileSync(deploy + path);
}

/** The options that `ottla WORDS --help` names. */
async function optionsOf(...words: readonly string[]): Promise<string> {
  const { code, stdout } = await runCommand(denoRuntime(), [...words, "--help"]);
  assertEquals(code, 0);
  return stdout;
}

/** Fails where a command line of ours has an option that the command does not know. */
async function checkOptions(line: readonly string[], commandWords: number): Promise<void> {
  const help = await optionsOf(...line.slice(0, commandWords));
  for (const word of line.filter((each) => each.startsWith("--"))) {
    const [option = ""] = word.split("=");
    assert(help.includes(`${option} `), `${line.join(" ")}: no option ${option}`);
  }
}

/** Fails where a broker would warn of its configuration; returns it. */
function checkConfig(input: Parameters<typeof loadConfig>[0]) {
  const { config, warnings } = loadConfig(input);
  assertEquals(warnings, []);
  const { endpoints, name } = parseEtcdAddress(config.get("ottla.cluster")!);
  assertEquals([endpoints.length, name], [3, "main"]);
  assertEquals(config.get("min.insync.replicas"), 2);
  assertEquals(config.get("default.replication.factor"), 3);
  return config;
}

/** What another program says of a file of ours; undefined: it is not here. */
async function said(command: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`${command} is not here: what it would say of deploy/ is not looked at`);
    return undefined;
  }
}

Deno.test("the compose file has brokers that our configuration understands", async () => {
  const { services, volumes } = parse(textOf("compose/compose.yaml")) as Json;
  const environments = [1, 2, 3].map((id) => services[`broker${id}`].environment);
  const configs = environments.map((environment) => checkConfig({ environment }));
  assertEquals(configs.map(({ nodeId }) => nodeId), [1, 2, 3]);
  for (const [i, config] of configs.entries()) {
    const name = `broker${i + 1}`;
    assertEquals(config.advertised("PLAINTEXT"), { name: "PLAINTEXT", host: name, port: 9092 });
    const { port } = config.advertised("HOST")!;
    assertEquals(services[name].ports, [`127.0.0.1:${port}:${port}`]);
    assertEquals(config.listeners.map((each) => each.port), [9092, port]);
    assertEquals(services[name].volumes, [`${name}:/data`]);
  }
  const endpoints = environments[0].KAFKA_OTTLA_CLUSTER.matchAll(/etcd\d/g);
  for (const [name] of endpoints) {
    const { environment } = services[name];
    assertEquals(environment.ETCD_NAME, name);
    assert(environment.ETCD_INITIAL_CLUSTER.includes(`${name}=http://${name}:2380`));
  }
  for (const service of Object.values(services) as Json[]) {
    const wanted = service.depends_on ?? [];
    const names: string[] = Array.isArray(wanted) ? wanted : Object.keys(wanted);
    for (const name of names) assert(name in services, `there is no service ${name}`);
    for (const volume of service.volumes ?? []) {
      const [from] = volume.split(":");
      if (from.startsWith("../")) Deno.statSync(`${deploy}compose/${from}`);
      else assert(from in volumes, `there is no volume ${from}`);
    }
  }
  await checkOptions(services.topic.command, 2);
  await checkOptions(services.consumer.command, 1);
});

Deno.test("the units of systemd start what there is", async () => {
  const unit = textOf("systemd/ottla.service");
  const [, line = ""] = /^ExecStart=\/usr\/local\/bin\/ottla (.*)$/m.exec(unit) ?? [];
  await checkOptions(line.split(" "), 1);
  const text = textOf("systemd/server.properties");
  const config = checkConfig({ file: { name: "server.properties", text } });
  assertEquals(config.advertised("PLAINTEXT")?.port, config.listeners[0]?.port);
  const etcd = parse(textOf("systemd/etcd.conf.yml")) as Json;
  assert(etcd["initial-cluster"].includes(`${etcd.name}=${etcd["initial-advertise-peer-urls"]}`));
  // What flags have by default a file has to say: without the one it has no door for brokers, and
  // without the other it does not start (3.4).
  assertEquals(etcd["enable-grpc-gateway"], true);
  assertEquals(etcd["auto-compaction-mode"], "periodic");
  const folder = await Deno.makeTempDir({ prefix: "units-" });
  try {
    for (const name of ["ottla.service", "etcd.service"]) {
      // What is started need not be on the machine that looks at the unit, nor who it runs as.
      const installed = textOf(`systemd/${name}`)
        .replace(/^ExecStart=\S+/m, "ExecStart=/bin/sh")
        .replace(/^(User|Group)=.*$/gm, "$1=root");
      await Deno.writeTextFile(`${folder}/${name}`, installed);
      // What it says of the machine, such as that nothing is mounted there, is another matter.
      const text = await said("systemd-analyze", "verify", "--man=no", `${folder}/${name}`) ?? "";
      const faults = /Unknown (key|section|lvalue)|Failed to parse|Invalid|Missing '='/;
      assertEquals(text.split("\n").filter((line) => faults.test(line)), []);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the manifests of Kubernetes make brokers whose ids are their places", async () => {
  const all = ["etcd.yaml", "ottla.yaml"].flatMap((name) =>
    parseAll(textOf(`kubernetes/${name}`)) as Json[]
  );
  const of = (kind: string, name: string) =>
    all.find((each) => each.kind === kind && each.metadata.name === name);
  for (const set of all.filter(({ kind }) => kind === "StatefulSet")) {
    const { name } = set.metadata;
    const { selector, serviceName, template, volumeClaimTemplates, replicas } = set.spec;
    assertEquals(replicas, 3);
    assertEquals(selector.matchLabels, template.metadata.labels);
    const headless = of("Service", serviceName).spec;
    assertEquals([headless.clusterIP, headless.selector], ["None", selector.matchLabels]);
    assertEquals(of("PodDisruptionBudget", name).spec.selector, selector);
    assertEquals(of("PodDisruptionBudget", name).spec.maxUnavailable, 1);
    const [{ ports, readinessProbe, volumeMounts }] = template.spec.containers;
    assertEquals(
      headless.ports.map(({ name, port }: Json) => [name, port]),
      ports.map(({ name, containerPort }: Json) => [name, containerPort]),
    );
    assert(ports.some((port: Json) => port.name === readinessProbe.httpGet.port));
    assertEquals(volumeMounts[0].name, volumeClaimTemplates[0].metadata.name);
  }
  const { args, env } = of("StatefulSet", "ottla").spec.template.spec.containers[0];
  const values: Record<string, string> = {
    POD_NAME: "ottla-0",
    POD_NAMESPACE: "n",
    POD_INDEX: "0",
  };
  assertEquals(env.map(({ name }: Json) => name), Object.keys(values));
  const words: string[] = args.map((arg: string) =>
    arg.replace(/\$\((\w+)\)/g, (_, name) => values[name]!)
  );
  await checkOptions(words, 1);
  const given = (option: string) =>
    words.flatMap((word) => word.startsWith(`--${option}=`) ? [word.slice(option.length + 3)] : []);
  const config = checkConfig({
    flags: {
      cluster: given("cluster")[0],
      nodeId: Number(given("node-id")[0]),
      set: given("set"),
      metricsPort: Number(given("metrics-port")[0]),
    },
  });
  assertEquals(config.nodeId, 0);
  assertEquals(config.advertised("PLAINTEXT")?.host, "ottla-0.ottla.n.svc");
});

Deno.test("dashboard and alert rules ask for metrics that there are", async () => {
  const documented = new Map(
    [
      ...Deno.readTextFileSync(`${deploy}../docs/monitoring.md`)
        .matchAll(/^\| `(ottla_\w+)` \| (\w+) \| ([^|]*)\|/gm),
    ]
      .map(([, name = "", type = "", labels = ""]) => [name, { type, labels }]),
  );
  const rules = (parse(textOf("prometheus/ottla.rules.yml")) as Json).groups
    .flatMap(({ rules }: Json) => rules);
  const { panels } = JSON.parse(textOf("grafana/ottla.json"));
  const queries: string[] = [
    ...rules.map(({ expr }: Json) => expr),
    ...panels.flatMap(({ targets }: Json) => targets ?? []).map(({ expr }: Json) => expr),
  ];
  assert(queries.length > 40);
  for (const query of queries) {
    for (const [name] of query.matchAll(/ottla_\w+/g)) {
      const base = name.replace(/_(bucket|sum|count)$/, "");
      const metric = documented.get(name) ??
        (documented.get(base)?.type === "histogram" ? documented.get(base) : undefined);
      if (metric === undefined) throw new Error(`${name} is no metric of ours: ${query}`);
      if (metric.type !== "gauge") assert(/rate\(|increase\(/.test(query), `a rate: ${query}`);
    }
  }
  const alerts = rules.map(({ alert }: Json) => alert);
  assertEquals(new Set(alerts).size, alerts.length);
  for (const { annotations: { summary }, expr, labels } of rules) {
    assert(["page", "ticket"].includes(labels.severity));
    for (const [, label = ""] of summary.matchAll(/\$labels\.(\w+)/g)) {
      const isLost = /^(max|sum)\(/.test(expr);
      assert(!isLost, `${label} is not left by ${expr}`);
    }
  }
  const ids = panels.map(({ id }: Json) => id);
  assertEquals(new Set(ids).size, ids.length);
  const text = await said("promtool", "check", "rules", `${deploy}prometheus/ottla.rules.yml`);
  if (text !== undefined) assertStringIncludes(text, `SUCCESS: ${rules.length} rules found`);
});

Deno.test("each alert fires where it should, and none in a cluster that is well", async () => {
  const path = "prometheus/ottla.rules.test.yml";
  const { tests } = parse(textOf(path)) as Json;
  const firing = tests.flatMap(({ promql_expr_test }: Json) => promql_expr_test)
    .flatMap(({ exp_samples }: Json) => exp_samples)
    .map(({ labels }: Json) => /"(\w+)"/.exec(labels)?.[1]);
  const { groups } = parse(textOf("prometheus/ottla.rules.yml")) as Json;
  const alerts = groups.flatMap(({ rules }: Json) => rules).map(({ alert }: Json) => alert);
  assertEquals(firing.toSorted(), alerts.toSorted());
  const text = await said("promtool", "test", "rules", deploy + path);
  if (text !== undefined) assertStringIncludes(text, "SUCCESS");
});
