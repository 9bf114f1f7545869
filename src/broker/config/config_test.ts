import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageFault } from "../../base/faults.ts";
import {
  BrokerConfig,
  brokerKeys,
  ConfigSource,
  keyOfVariable,
  loadConfig,
  topicConfigWarnings,
  topicKeys,
  topicValue,
  validateTopicConfigs,
} from "./mod.ts";
import { authorizerTermsOf } from "./authorizer_terms.ts";
import { type ConfigKey, nearestName, parseValue } from "./values.ts";

const none: ReadonlyMap<string, string> = new Map();

function problemsOf(input: Parameters<typeof loadConfig>[0]): string {
  return assertThrows(() => loadConfig(input), UsageFault).message;
}

Deno.test("flags win over the environment, which wins over the file and the defaults", () => {
  const { config, sources, warnings } = loadConfig({
    flags: { port: 19092, set: ["num.partitions=6"] },
    environment: { KAFKA_NUM_PARTITIONS: "4", KAFKA_LOG_RETENTION_MS: "3600000", PATH: "/bin" },
    file: {
      name: "server.properties",
      text: "num.partitions=2\nlog.retention.ms=1\nfetch.max.bytes=2048",
    },
  });
  assertEquals(config.get("num.partitions"), 6);
  assertEquals(config.get("log.retention.ms"), 3_600_000);
  assertEquals(config.get("fetch.max.bytes"), 2048);
  assertEquals(config.get("message.max.bytes"), 1_048_588);
  assertEquals(config.listeners, [{ name: "PLAINTEXT", host: "", port: 19092 }]);
  assertEquals(Object.fromEntries(sources), {
    "num.partitions": "--set",
    "log.retention.ms": "KAFKA_LOG_RETENTION_MS",
    "fetch.max.bytes": "server.properties",
    "listeners": "--port",
  });
  assertEquals(warnings, []);
});

Deno.test("a start without configuration has Kafka's defaults and its own data folder", () => {
  const { config } = loadConfig();
  assertEquals(config.nodeId, 1);
  assertEquals(config.dataFolders, ["ottla-data"]);
  assertEquals(config.ephemeral, false);
  assertEquals(config.get("group.initial.rebalance.delay.ms"), 3000);
  assertEquals(config.get("broker.rack"), null);
  assertEquals(config.get("process.roles"), ["broker", "controller"]);
  assertEquals(config.advertised("PLAINTEXT"), undefined);
});

Deno.test("every default is a valid value of its own key", () => {
  const keys: [string, ConfigKey][] = [...Object.entries(brokerKeys), ...Object.entries(topicKeys)];
  for (const [name, key] of keys) {
    if (key.default === null) continue;
    const parsed = parseValue(key, key.default);
    assertEquals("text" in parsed ? parsed.text : parsed.problem, key.default, name);
    assert(key.doc.endsWith(".") || key.doc.endsWith(")"), `${name} is documented by a sentence`);
    assert(key.ignored === undefined || key.refused === undefined, name);
  }
});

Deno.test("a topic key's default is what its synonyms give without any configuration", () => {
  const { config } = loadConfig();
  for (const name of Object.keys(topicKeys) as (keyof typeof topicKeys)[]) {
    const key: ConfigKey = topicKeys[name];
    if (key.internal) continue;
    const described = config.describeTopic(none).find((entry) => entry.name === name)!;
    assertEquals(described.value, key.default, name);
    assertEquals(described.configSource, ConfigSource.DEFAULT, name);
  }
});

Deno.test("the configuration file that Kafka ships for one node starts, with warnings", () => {
  const text = `
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
`;
  const { config, warnings } = loadConfig({ file: { name: "server.properties", text } });
  assertEquals(config.listeners, [{ name: "PLAINTEXT", host: "", port: 9092 }]);
  assertEquals(config.advertised("PLAINTEXT")?.host, "localhost");
  assertEquals(config.dataFolders, ["/tmp/kraft-combined-logs"]);
  assert(warnings.includes(
    "num.io.threads (server.properties) has no effect: one event loop does the work of Kafka's " +
      "thread pools",
  ));
  assert(!warnings.some((warning) => warning.startsWith("share.coordinator.")));
  assert(!warnings.some((warning) => warning.startsWith("log.")));
});

Deno.test("an unknown key is refused with the nearest known one, all problems at once", () => {
  const message = problemsOf({
    flags: { set: ["log.retentoin.ms=5", "num.partitions=0", "oops", "segment.bytes=5"] },
  });
  assertEquals(message.split("\n").sort(), [
    "--set oops: write it as --set key=value",
    "--set: there is no configuration key log.retentoin.ms: did you mean log.retention.ms?",
    "--set: there is no configuration key segment.bytes of a broker: set log.segment.bytes, its " +
    "default for all topics",
    "Invalid value 0 for num.partitions (--set): Value must be at least 1",
  ]);
});

Deno.test("an unknown key in a file is passed over with a warning, as in Kafka", () => {
  const text = "my.plugin.path=/opt\nnum.partition=3\nnum.partitions=2\n";
  const { config, warnings } = loadConfig({ file: { name: "a.properties", text } });
  assertEquals(config.get("num.partitions"), 2);
  assertEquals(warnings, [
    "my.plugin.path (a.properties) is ignored: there is no configuration key my.plugin.path",
    "num.partition (a.properties) is ignored: there is no configuration key num.partition: did " +
    "you mean num.partitions?",
  ]);
});

Deno.test("of the keys of TLS secrets are hidden, and what the runtime decides is named", () => {
  const { config, warnings } = loadConfig({
    environment: { KAFKA_SSL_KEYSTORE_PASSWORD: "hush", KAFKA_SSL_PROVIDER: "SunJSSE" },
  });
  assertEquals(warnings, [
    "ssl.provider (KAFKA_SSL_PROVIDER) has no effect: TLS is the runtime's",
  ]);
  const described = config.describeBroker().find(({ name }) => name === "ssl.keystore.password")!;
  assertEquals([described.value, described.isSensitive, described.readOnly], [null, true, false]);
  assertEquals(described.synonyms.map(({ value }) => value), [null]);
});

Deno.test("access is checked as Kafka's own class does it, and by no other", () => {
  const standard = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
  const authorizer = `authorizer.class.name=${standard}`;
  const set = [authorizer, "super.users=User:admin; User:CN=a,O=b ;"];
  assertEquals(authorizerTermsOf(loadConfig({ flags: { set } }).config), {
    superUsers: new Set(["User:admin", "User:CN=a,O=b"]),
    isOpenWithoutRules: false,
  });
  assertEquals(authorizerTermsOf(loadConfig().config), undefined);
  assertEquals(
    problemsOf({ flags: { set: ["authorizer.class.name=org.example.Mine"] } }),
    "authorizer.class.name: org.example.Mine cannot be loaded, as no Java class can: set " +
      `${standard}, whose rules are understood here, or nothing`,
  );
  assertEquals(
    problemsOf({ flags: { set: [authorizer, "super.users=admin"] } }),
    'super.users: "admin" is not TYPE:NAME, such as User:admin; semicolons lie between them',
  );
});

Deno.test("what would be a false promise is refused, what has no effect is named", () => {
  assertEquals(
    problemsOf({ flags: { set: ["principal.builder.class=org.example.Builder"] } }),
    "principal.builder.class=org.example.Builder (--set) cannot be honoured: " +
      "Java classes cannot be loaded here",
  );
  assertMatch(
    problemsOf({ flags: { set: ["ssl.cipher.suites=TLS_RSA_WITH_NULL_MD5"] } }),
    /must be one of: TLS_AES_256_GCM_SHA384, .*, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA$/,
  );
  assertEquals(
    problemsOf({ flags: { set: ["ottla.metrics.token="] } }),
    "ottla.metrics.token (--set) is empty: give it a value, or leave it out",
  );
  assertEquals(loadConfig({ flags: { set: ["zookeeper.connect=zk:2181"] } }).warnings, [
    "zookeeper.connect (--set) has no effect: ZooKeeper has no part here",
  ]);
});

Deno.test("a listener has mechanisms and users of its own, and its secrets are never told", () => {
  const jaas = "PlainLoginModule required user_alice=hush;";
  const { config, warnings } = loadConfig({
    options: {
      "listeners": "INSIDE://:9092,OUTSIDE://:9093",
      "listener.security.protocol.map": "INSIDE:PLAINTEXT,OUTSIDE:SASL_PLAINTEXT",
      "sasl.enabled.mechanisms": "SCRAM-SHA-256",
      "listener.name.outside.sasl.enabled.mechanisms": "PLAIN",
      "listener.name.outside.plain.sasl.jaas.config": jaas,
      "listener.name.outside.plain.connections.max.reauth.ms": "7000",
    },
  });
  assertEquals(warnings, []);
  const outside = { listener: "OUTSIDE", mechanism: "PLAIN" };
  assertEquals(config.protocolOf("OUTSIDE"), "SASL_PLAINTEXT");
  assertEquals(config.ofListener("sasl.enabled.mechanisms", outside), ["PLAIN"]);
  assertEquals(config.ofListener("sasl.enabled.mechanisms", { listener: "INSIDE" }), [
    "SCRAM-SHA-256",
  ]);
  assertEquals(config.ofListener("sasl.jaas.config", outside), jaas);
  assertEquals(config.ofListener("connections.max.reauth.ms", outside), 7_000);
  assertEquals(config.ofListener("connections.max.reauth.ms", { listener: "OUTSIDE" }), 0);
  assert(!JSON.stringify(config.describeBroker()).includes("hush"));
});

Deno.test("a listener that would let nobody in is refused at the start", () => {
  const problemOf = (options: Record<string, string>) =>
    problemsOf({ options: { "listeners": "SASL_PLAINTEXT://:9092", ...options } });
  const plain = { "sasl.enabled.mechanisms": "PLAIN" };
  const jaasKey = "listener.name.sasl_plaintext.plain.sasl.jaas.config";
  assertEquals(
    problemOf({ "sasl.enabled.mechanisms": "GSSAPI,PLAIN" }),
    "sasl.enabled.mechanisms: GSSAPI is not offered: listener SASL_PLAINTEXT may have PLAIN, " +
      "SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER",
  );
  const tokens = { "sasl.enabled.mechanisms": "OAUTHBEARER" };
  const urlKey = "sasl.oauthbearer.jwks.endpoint.url";
  const tokenPrefix = "listener.name.sasl_plaintext.oauthbearer.";
  assertEquals(
    problemOf(tokens),
    `${urlKey}: listener SASL_PLAINTEXT offers OAUTHBEARER and has no keys to check tokens by: ` +
      "name the file: or https: URL of its provider's keys",
  );
  assertEquals(
    problemOf({ ...tokens, [urlKey]: "ldap://x" }),
    `${urlKey}: "ldap://x" is no file:, https: or http: URL`,
  );
  const unsecured = "OAuthBearerLoginModule required unsecuredValidatorRequiredScope=a;";
  assertEquals(
    problemOf({
      ...tokens,
      [urlKey]: "https://x/keys",
      [`${tokenPrefix}sasl.jaas.config`]: unsecured,
    }),
    `${urlKey}: listener SASL_PLAINTEXT is to take unsigned tokens, too: drop one of them`,
  );
  assertEquals(
    problemOf({
      ...tokens,
      [urlKey]: "https://x/keys",
      [`${tokenPrefix}sasl.server.callback.handler.class`]: "com.acme.Tokens",
    }),
    `${tokenPrefix}sasl.server.callback.handler.class: Tokens cannot be loaded here: tokens are ` +
      "checked as by OAuthBearerValidatorCallbackHandler or " +
      "OAuthBearerUnsecuredValidatorCallbackHandler",
  );
  assertEquals(
    problemOf({ ...plain, [jaasKey]: "PlainLoginModule required username=a password=hush;" }),
    `${jaasKey}: it names no user: add user_NAME="PASSWORD"`,
  );
  assertEquals(
    problemOf({ ...plain, [jaasKey]: "ScramLoginModule required user_a=hush;" }),
    `${jaasKey}: PLAIN takes its users from a PlainLoginModule, not from a ScramLoginModule`,
  );
  assertEquals(
    problemOf({ ...plain, [jaasKey]: 'PlainLoginModule required user_a="hush' }),
    `${jaasKey}: a quote is not closed`,
  );
  assertEquals(
    problemOf({ "listener.name.sasl_plaintext.connections.max.reauth.ms": "soon" }),
    "Invalid value soon for listener.name.sasl_plaintext.connections.max.reauth.ms (the " +
      "program's options): Not a number of type LONG",
  );
});

Deno.test("variables of the container image and of Kubernetes are not taken for keys", () => {
  const { warnings, config } = loadConfig({
    environment: {
      KAFKA_OPTS: "-Dx",
      KAFKA_HEAP_OPTS: "-Xmx1g",
      KAFKA_JMX_PORT: "9999",
      KAFKA_LOG4J_ROOT_LOGLEVEL: "INFO",
      KAFKA_PORT: "tcp://10.0.0.1:9092",
      KAFKA_PORT_9092_TCP_ADDR: "10.0.0.1",
      KAFKA_SERVICE_HOST: "10.0.0.1",
      KAFKA_NUM_PARTITION: "3",
      KAFKA_BROKER_RACK: "",
      CLUSTER_ID: "MkU3OEVBNTcwNTJENDM2Qk",
    },
  });
  assertEquals(warnings, [
    "num.partition (KAFKA_NUM_PARTITION) is ignored: there is no configuration key " +
    "num.partition: did you mean num.partitions?",
  ]);
  assertEquals(config.get("cluster.id"), "MkU3OEVBNTcwNTJENDM2Qk");
  assertEquals(config.get("broker.rack"), null);
  assertEquals(keyOfVariable("KAFKA_A_B__C___D"), "a.b_c-d");
});

Deno.test("--host and --port move the first listener for clients and leave the others", () => {
  const file = { name: "f", text: "listeners=CONTROLLER://:9093,OUT://h:1\n" };
  const text = file.text + "listener.security.protocol.map=OUT:PLAINTEXT";
  const { config } = loadConfig({ flags: { port: 0, host: "::1" }, file: { name: "f", text } });
  assertEquals(config.listeners, [{ name: "OUT", host: "::1", port: 0 }]);
  assertEquals(config.get("listeners"), ["CONTROLLER://:9093", "OUT://[::1]:0"]);
  assertEquals(
    problemsOf({ flags: { port: 70000 } }),
    "--port 70000: a port is a whole number from 0 to 65535",
  );
});

Deno.test("keys that contradict each other are told apart from wrong values", () => {
  const message = problemsOf({
    options: {
      "node.id": 1,
      "broker.id": 2,
      "process.roles": "broker",
      "controller.quorum.voters": "1@a:9093,2@b:9093",
      "log.dirs": "/a,/a",
      "log.retention.hours": 0,
      "advertised.listeners": "PLAINTEXT://0.0.0.0:9092",
      "group.min.session.timeout.ms": 3_000_000,
    },
  });
  const starts = message.split("\n").map((line) => line.split(" ")[0]);
  assertEquals(starts, [
    "node.id",
    "process.roles",
    "controller.quorum.voters",
    "log.dirs",
    "advertised.listeners:",
    "log.retention.hours",
    "group.min.session.timeout.ms",
  ]);
  assertEquals(loadConfig({ options: { "broker.id": -1 } }).config.nodeId, 1);
  assert(problemsOf({ flags: { ephemeral: true, dataDir: "x" } }).startsWith("--ephemeral"));
});

Deno.test("either name of a node's id says both", () => {
  for (const name of ["node.id", "broker.id"]) {
    const { config } = loadConfig({ options: { [name]: 7 } });
    assertEquals([config.nodeId, config.get("node.id"), config.get("broker.id")], [7, 7, 7]);
  }
});

Deno.test("a topic's log takes overrides first, then the broker's key in its own unit", () => {
  const { config } = loadConfig({ options: { "log.retention.hours": 24, "log.roll.ms": 5000 } });
  const log = config.topicLogConfig(new Map([["cleanup.policy", "compact, delete"]]));
  assertEquals(log.retentionMs, 86_400_000);
  assertEquals(log.segmentMs, 5000);
  assertEquals(log.cleanupPolicy, ["compact", "delete"]);
  assertEquals(log.flushMessages, Number.MAX_SAFE_INTEGER);
  assertEquals(log.flushMs, Number.MAX_SAFE_INTEGER);
  assertEquals(config.topicLogConfig(new Map([["retention.ms", "-1"]])).retentionMs, -1);
  assertEquals(
    config.topicLogConfig(new Map([["internal.segment.bytes", "99"]])).segmentBytes,
    99,
  );
  // Stored by a Kafka that allowed it, or damaged: the topic opens.
  assertEquals(config.topicLogConfig(new Map([["segment.bytes", "100"]])).segmentBytes, 100);
  assertEquals(config.topicLogConfig(new Map([["segment.ms", "soon"]])).segmentMs, 5000);
});

Deno.test("topic overrides are refused in Kafka's words", () => {
  const check = (name: string, value: string | null) => validateTopicConfigs([{ name, value }]);
  assertEquals(check("retention.ms", "-1"), undefined);
  assertEquals(check("cleanup.policy", ""), undefined);
  assertEquals(check("nope", "1"), "Unknown topic config name: nope");
  assertEquals(check("toString", "1"), "Unknown topic config name: toString");
  assertEquals(check("nope", null), "Null value not supported for topic configs: nope");
  assertEquals(
    check("retention.ms", "abc"),
    "Invalid value abc for configuration retention.ms: Not a number of type LONG",
  );
  assertEquals(
    check("segment.bytes", "100"),
    "Invalid value 100 for configuration segment.bytes: Value must be at least 1048576",
  );
  assertEquals(
    check("compression.gzip.level", "0"),
    "Invalid value 0 for configuration compression.gzip.level: " +
      "Value must be between 1 and 9 or equal to -1",
  );
  assertEquals(
    check("message.timestamp.type", "logappendtime"),
    "Invalid value logappendtime for configuration message.timestamp.type: " +
      "String must be one of: CreateTime, LogAppendTime",
  );
  assertEquals(
    check("cleanup.policy", "delete,shred"),
    "Invalid value delete,shred for configuration cleanup.policy: " +
      "Each element must be one of: compact, delete",
  );
  assertEquals(
    check("remote.storage.enable", "true"),
    "remote.storage.enable=true cannot be honoured: tiered storage is not there yet",
  );
  assertEquals(
    validateTopicConfigs([
      { name: "min.compaction.lag.ms", value: "9" },
      { name: "max.compaction.lag.ms", value: "8" },
    ]),
    "min.compaction.lag.ms (9) must not be above max.compaction.lag.ms (8)",
  );
  assertEquals(topicConfigWarnings([{ name: "compression.lz4.level", value: "3" }]).length, 1);
  assertEquals(topicConfigWarnings([{ name: "retention.ms", value: "5" }]), []);
});

Deno.test("a described value tells where it comes from and what would take its place", () => {
  const config = new BrokerConfig([
    { source: ConfigSource.DYNAMIC_DEFAULT_BROKER, values: new Map([["log.retention.ms", "70"]]) },
    { source: ConfigSource.STATIC_BROKER, values: new Map([["log.retention.hours", "24"]]) },
  ]);
  const described = config.describeTopic(new Map([["retention.ms", "5"]]));
  const retention = described.find(({ name }) => name === "retention.ms");
  assertEquals(retention, {
    name: "retention.ms",
    value: "5",
    readOnly: false,
    configSource: 1,
    isDefault: false,
    isSensitive: false,
    synonyms: [
      { name: "retention.ms", value: "5", source: 1 },
      { name: "log.retention.ms", value: "70", source: 3 },
      { name: "log.retention.hours", value: "24", source: 4 },
      { name: "log.retention.hours", value: "168", source: 5 },
    ],
    configType: 5,
    documentation: topicKeys["retention.ms"].doc,
  });
  const all = config.describeTopic(none);
  assertEquals(all.length, 34, "33 of Kafka's and one of our own");
  assertEquals(all.find(({ name }) => name === "retention.ms")?.value, "70");
  assertEquals(
    all.find(({ name }) => name === "flush.messages")?.value,
    "9223372036854775807",
    "int64 bounds keep their digits",
  );
});

Deno.test("the broker's description has what tools look for, without internal keys", () => {
  const { config } = loadConfig({ options: { "delete.topic.enable": false } });
  const described = config.describeBroker();
  const names = described.map(({ name }) => name);
  assertEquals(names, [...names].sort());
  const find = (name: string) => described.find((entry) => entry.name === name);
  assertEquals(find("delete.topic.enable")?.value, "false");
  assertEquals(find("delete.topic.enable")?.configSource, ConfigSource.STATIC_BROKER);
  assertEquals(find("inter.broker.protocol.version")?.value, "3.9-IV0");
  assertEquals(find("log.retention.ms")?.value, null);
  assertEquals(find("message.max.bytes")?.readOnly, false);
  assertEquals(find("num.partitions")?.readOnly, true);
  assertEquals(find("producer.id.expiration.check.interval.ms"), undefined);
});

Deno.test("any text is either parsed into bounds or refused, and never throws", () => {
  const names = fc.constantFrom(...Object.keys(topicKeys) as (keyof typeof topicKeys)[]);
  const text = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.bigInt().map(String),
    fc.double().map(String),
    fc.constantFrom("true", " 7 ", "+1", "0x10", "1e3", "delete", "9223372036854775807"),
  );
  const { config } = loadConfig();
  fc.assert(fc.property(names, text, (name, value) => {
    const problem = validateTopicConfigs([{ name, value }]);
    const key: ConfigKey = topicKeys[name];
    const got = topicValue(config.layers, { name, overrides: new Map([[name, value]]) });
    if (problem !== undefined || typeof got !== "number") return;
    assert(Number.isFinite(got));
    if (got !== key.orNumber) assert(got >= (key.min ?? got) && got <= (key.max ?? got));
  }));
});

Deno.test("the nearest name is near, or there is none", () => {
  assertEquals(
    nearestName("num.partitons", ["num.partitions", "num.io.threads"]),
    "num.partitions",
  );
  assertEquals(nearestName("x", ["abcdef"]), undefined);
});
