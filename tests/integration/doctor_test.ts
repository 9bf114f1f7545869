// Broken set-ups, and what `ottla doctor` says of each.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Finding } from "../../src/client/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { ca, server, stranger } from "../harness/certificates.ts";
import { CommandLine } from "../harness/command_line.ts";

const tls = {
  "listener.security.protocol.map": "PLAINTEXT:SSL",
  "ssl.keystore.type": "PEM",
};

const login = {
  "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
  "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
  "listener.name.plaintext.plain.sasl.jaas.config":
    'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="a-secret";',
};

/** What the doctor finds by these options; the first of them that is a fault. */
async function ailment(
  broker: BrokerProcess,
  options: readonly string[] = [],
): Promise<{ code: number; fault: Finding | undefined; findings: readonly Finding[] }> {
  const { code, stdout } = await new CommandLine(broker).run(["doctor", "--json", ...options]);
  const findings: Finding[] = JSON.parse(stdout);
  return { code, findings, fault: findings.find(({ level }) => level === "fault") };
}

async function assertFault(
  found: ReturnType<typeof ailment>,
  { text, fix }: { readonly text: string; readonly fix: string },
): Promise<void> {
  const { code, fault } = await found;
  assertEquals(code, 1);
  assertStringIncludes(fault?.text ?? "", text);
  assertStringIncludes(fault?.fix ?? "", fix);
}

Deno.test("a cluster without a fault is found so, with what others would notice", async () => {
  await using broker = await BrokerProcess.start();
  const ottla = new CommandLine(broker);
  await ottla.out("topics create orders -p 3");
  const { code, findings } = await ailment(broker);
  assertEquals([code, findings.map(({ level }) => level)], [0, ["ok", "warning", "ok"]]);
  assertStringIncludes(findings[1]!.text, "only clients on its own machine get there");
  assertStringIncludes(findings[2]!.text, "all 3 partitions have a leader");
  const told = await ottla.run("doctor");
  assertEquals(told.stderr, "A client works with this cluster.\n");
  assertStringIncludes(told.stdout, "warning  broker 1 tells clients to dial ");
});

Deno.test("an address without a broker: no such name, nothing there, something else", async () => {
  await using broker = await BrokerProcess.start({ flags: ["--metrics-port", "0"] });
  const line = await broker.said((each) => each.includes("metrics and health are served"));
  const [, http = ""] = /http:\/\/([^/\s"]+)/.exec(line) ?? [];
  const at = (address: string) => ailment(broker, ["-b", address]);
  await assertFault(at("nowhere.invalid:9092"), {
    text: "no machine is known by the name nowhere.invalid",
    fix: "DNS",
  });
  await assertFault(at("127.0.0.1:1"), {
    text: "nothing listens at 127.0.0.1:1",
    fix: "ottla start",
  });
  await assertFault(at(http), { text: "speaks HTTP", fix: "mend the port" });
  await assertFault(ailment(broker, ["--tls"]), { text: "speaks plain text", fix: "drop --tls" });
});

Deno.test("a disk that takes no records", async () => {
  const settings = { "ottla.log.dirs.free.bytes.min": String(Number.MAX_SAFE_INTEGER) };
  await using broker = await BrokerProcess.start({ settings });
  await assertFault(ailment(broker), { text: "of broker 1 is full: ", fix: "make room" });
});

Deno.test("a port that speaks TLS: not asked for, not trusted, of another name", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/ca`, ca);
    await Deno.writeTextFile(`${folder}/stranger`, stranger.chain);
    await Deno.writeTextFile(`${folder}/keystore`, server.key + server.chain);
    const settings = { ...tls, "ssl.keystore.location": `${folder}/keystore` };
    await using broker = await BrokerProcess.start({ settings });
    await assertFault(ailment(broker), { text: "speaks TLS, and you do not", fix: "--ca FILE" });
    await assertFault(ailment(broker, ["--ca", `${folder}/stranger`]), {
      text: "is not trusted",
      fix: "--ca FILE",
    });
    const { fault } = await ailment(broker, ["--ca", `${folder}/ca`]);
    assertEquals(fault, undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a port that asks for a login: none given, a wrong one, another way", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/password`, "a-secret");
    await Deno.writeTextFile(`${folder}/wrong`, "b-secret");
    await using broker = await BrokerProcess.start({ settings: login });
    const as = (file: string, mechanism: string) =>
      ailment(broker, [
        ...["--user", "alice", "--password-file", `${folder}/${file}`],
        ...["--sasl-mechanism", mechanism],
      ]);
    await assertFault(ailment(broker), {
      text: "asks for a login, by PLAIN, SCRAM-SHA-512",
      fix: "--user NAME --password-file FILE",
    });
    await assertFault(as("wrong", "PLAIN"), {
      text: "does not take that name",
      fix: "ottla users",
    });
    await assertFault(as("password", "SCRAM-SHA-256"), {
      text: "SCRAM-SHA-256",
      fix: "--sasl-mechanism",
    });
    const { fault, findings } = await as("password", "PLAIN");
    assertEquals(fault, undefined);
    assertStringIncludes(findings[0]!.text, "lets you in by PLAIN");
    assert(!JSON.stringify(findings).includes("a-secret"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an address that is advertised and leads nowhere, or to another cluster", async () => {
  await using other = await BrokerProcess.start();
  const advertising = (address: string) =>
    BrokerProcess.start({ settings: { "advertised.listeners": `PLAINTEXT://${address}` } });
  const fix = "set advertised.listeners of the broker";
  await using lost = await advertising("nowhere.invalid:9092");
  await assertFault(ailment(lost), {
    text: "broker 1 tells clients to dial nowhere.invalid:9092, and no machine is known",
    fix,
  });
  await using wrong = await advertising(other.bootstrap);
  await assertFault(ailment(wrong), { text: "where a broker of another cluster answers", fix });
});
