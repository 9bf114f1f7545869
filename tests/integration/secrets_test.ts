// Secrets are planted wherever one may be given to a broker or to a command, and looked for in all
// that anybody else may read: the broker's log, a trace, the audit log, answers, metrics, what
// commands say, what refused starts say, and files that other users of the machine may open.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../mod.ts";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { Client, loadUserAdmin } from "../../src/client/mod.ts";
import { ResourceType } from "../../src/cluster/mod.ts";
import { CreateAcls } from "../../src/protocol/apis/30_create_acls.ts";
import { DescribeConfigs } from "../../src/protocol/apis/32_describe_configs.ts";
import { AlterConfigs } from "../../src/protocol/apis/33_alter_configs.ts";
import { CreateDelegationToken } from "../../src/protocol/apis/38_create_delegation_token.ts";
import { DescribeDelegationToken } from "../../src/protocol/apis/41_describe_delegation_token.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { AlterClientQuotas } from "../../src/protocol/apis/49_alter_client_quotas.ts";
import { type AnyApi, CreateTopics, type RequestInput } from "../../src/protocol/mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { alice, ca, renewed, server } from "../harness/certificates.ts";
import {
  audience,
  goodClaims,
  issuer,
  jwksOf,
  newKey,
  tokenOf,
} from "../harness/identity_provider.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { run } from "../harness/process_lines.ts";
import { ottlaCommand, type Target, targetsHere } from "../harness/targets.ts";

/** Each is planted in one place where it may be, and must be in no other. */
const secrets = {
  adminsPassword: "planted-password-of-admin",
  guess: "planted-guess-of-a-stranger",
  carlsPassword: "planted-password-of-carl",
  newPassword: "planted-new-password-of-carl",
  tokenKey: "planted-key-of-delegation-tokens",
  keystorePassword: "planted-password-of-a-keystore",
  jaas: "planted-password-of-a-login-module",
  metricsToken: "planted-token-of-the-metrics",
  privateKey: server.key.split("\n")[2]!,
  metricsPrivateKey: renewed.key.split("\n")[2]!,
  otherPrivateKey: alice.key.split("\n")[2]!,
};

/** Contents of records, which a trace is there to show, and nothing else tells. */
const records = { key: "planted-key-of-a-record", value: "planted-value-of-a-record" };

const plainModule = "org.apache.kafka.common.security.plain.PlainLoginModule";

function settingsIn(folder: string): Record<string, string> {
  return {
    "listener.security.protocol.map": "PLAINTEXT:SASL_SSL",
    "ssl.keystore.key": server.key,
    "ssl.keystore.certificate.chain": server.chain,
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    "listener.name.plaintext.plain.sasl.jaas.config":
      `${plainModule} required user_admin="${secrets.adminsPassword}";`,
    "sasl.oauthbearer.jwks.endpoint.url": `file://${folder}/jwks.json`,
    "sasl.oauthbearer.expected.issuer": issuer,
    "sasl.oauthbearer.expected.audience": audience,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:admin",
    "delegation.token.secret.key": secrets.tokenKey,
    "ottla.metrics.port": "0",
    "ottla.metrics.token": secrets.metricsToken,
    "ottla.metrics.certificate.file": `${folder}/metrics.pem`,
    "ottla.metrics.key.file": `${folder}/metrics.pem`,
    "ottla.audit.log": `${folder}/audit.log`,
  };
}

const trace = "the broker's trace";

/** What anybody might get to see, by where. */
class Seen {
  readonly texts = new Map<string, string>();
  /** Those that are made on the way. */
  readonly secrets: string[] = [];

  add(place: string, text: string): void {
    this.texts.set(place, `${this.texts.get(place) ?? ""}${text}\n`);
  }

  check(): void {
    const planted = [...Object.values(secrets), ...this.secrets];
    for (const [place, text] of this.texts) {
      assert(text.trim() !== "", `${place} says nothing`);
      for (const secret of place === trace ? planted : [...planted, ...Object.values(records)]) {
        const forms = [secret, btoa(secret).slice(0, 24), encodeURIComponent(secret)];
        for (const form of forms) assert(!text.includes(form), `${secret} is in ${place}: ${text}`);
      }
    }
  }
}

function textOf(answer: unknown): string {
  return JSON.stringify(answer, (_, value) => {
    if (typeof value === "bigint") return String(value);
    return value instanceof Uint8Array ? fromUtf8(value) : value;
  });
}

/** Files below `folder` with their contents, if others than their owner could read them. */
function* openToOthers(folder: string): Generator<[path: string, text: string]> {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    const isOpen = (Deno.statSync(path).mode! & 0o077) !== 0;
    if (!isOpen) continue;
    if (isDirectory) yield* openToOthers(path);
    if (isFile) yield [path, new TextDecoder("latin1").decode(Deno.readFileSync(path))];
  }
}

/** Uses all that has to do with a secret, as admin, and hears every answer. */
async function useAll(broker: BrokerProcess, seen: Seen): Promise<void> {
  const { bootstrap } = broker;
  const sasl = { mechanism: "PLAIN", username: "admin", password: secrets.adminsPassword } as const;
  const admin = await Client.connect(await detectRuntime(), { bootstrap, tls: { ca }, sasl });
  const ask = async <A extends AnyApi>(api: A, message: RequestInput<A>) => {
    const answer = await admin.request(api, message, { to: "any" });
    if (api.name !== "CreateDelegationToken" && api.name !== "DescribeDelegationToken") {
      seen.add("answers", textOf(answer));
    }
    return answer;
  };
  const { setPassword } = await loadUserAdmin();
  await setPassword(admin, { name: "carl", password: secrets.carlsPassword });
  const made = await ask(CreateDelegationToken, {
    ownerPrincipalType: null,
    ownerPrincipalName: null,
    renewers: [],
    maxLifetimeMs: -1,
  });
  seen.secrets.push(btoa(String.fromCharCode(...made.hmac)));
  await ask(DescribeDelegationToken, { owners: null });
  const configs = [
    { name: "ssl.keystore.password", value: secrets.keystorePassword },
    {
      name: "listener.name.other.plain.sasl.jaas.config",
      value: `${plainModule} required user_dora="${secrets.jaas}";`,
    },
    { name: "listener.name.plaintext.ssl.keystore.key", value: alice.key },
    { name: "listener.name.plaintext.ssl.keystore.certificate.chain", value: alice.chain },
    // None of them can be set, and each is told why.
    { name: "delegation.token.secret.key", value: secrets.tokenKey },
    { name: "ssl.keystore.key", value: secrets.privateKey },
  ];
  for (const each of configs) {
    const entry = { ...each, configOperation: 0 };
    const resources = [{
      resourceType: ResourceType.BROKER,
      resourceName: "1",
      configs: [entry],
    }];
    await ask(IncrementalAlterConfigs, { resources, validateOnly: false });
    await ask(IncrementalAlterConfigs, { resources, validateOnly: true });
  }
  await ask(AlterConfigs, {
    resources: [{
      resourceType: ResourceType.BROKER,
      resourceName: "1",
      configs: [{ name: "ssl.key.password", value: secrets.keystorePassword }],
    }],
    validateOnly: false,
  });
  const named = { resourceType: ResourceType.BROKER, resourceName: "1", configurationKeys: null };
  await ask(DescribeConfigs, {
    resources: [named],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  const entity = [{ entityType: "user", entityName: "carl" }];
  const ops = [{ key: "producer_byte_rate", value: 1e9, remove: false }];
  await ask(AlterClientQuotas, { entries: [{ entity, ops }], validateOnly: false });
  await ask(CreateAcls, {
    creations: [{
      resourceType: 2,
      resourceName: "orders",
      resourcePatternType: 3,
      principal: "User:carl",
      host: "*",
      operation: 4,
      permissionType: 3,
    }],
  });
  await ask(CreateTopics, {
    topics: [{
      name: "orders",
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }],
    timeoutMs: 10_000,
    validateOnly: false,
  });
  admin.close();
}

/** Everybody logs in, in each way, rightly and wrongly. */
async function logIn(
  { bootstrap }: BrokerProcess,
  { seen, folder }: { readonly seen: Seen; readonly folder: string },
): Promise<void> {
  const as = async (sasl: Parameters<typeof connect>[0]["sasl"]) => {
    try {
      await using cluster = await connect({ bootstrap, tls: { ca }, sasl });
      await cluster.producer().send({ topic: "orders", ...records });
      await cluster.admin.createTopic({ name: "bills" });
    } catch (error) {
      seen.add("our client's errors", `${error}`);
    }
  };
  for (const mechanism of ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const) {
    await as({ mechanism, username: "carl", password: secrets.carlsPassword });
    await as({ mechanism, username: "carl", password: secrets.guess });
    await as({ mechanism, username: "nobody", password: secrets.guess });
  }
  const key = await newKey("one");
  await Deno.writeTextFile(`${folder}/jwks.json`, await jwksOf([key]));
  const tokens = [
    await tokenOf(key, goodClaims({ sub: "carl" })),
    await tokenOf(key, goodClaims({ exp: 1 })),
  ];
  for (const token of tokens) {
    seen.secrets.push(token, token.split(".")[2]!);
    await as({ mechanism: "OAUTHBEARER", token });
  }
}

async function command(
  target: Target,
  { seen, args }: { readonly seen: Seen; readonly args: readonly string[] },
): Promise<void> {
  const [program, ...before] = await ottlaCommand(target);
  const told = await run({ command: program!, args: [...before, ...args], withinMs: 60_000 }).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: Error) => error.message,
  );
  seen.add("what commands say", told);
}

/** What is printed of the metadata's log, and of one that is damaged where a secret is. */
async function tellOfLogs(
  target: Target,
  { seen, dataDir }: { readonly seen: Seen; readonly dataDir: string },
): Promise<void> {
  const metadata = `${dataDir}/__cluster_metadata-0`;
  const logs = [...Deno.readDirSync(metadata)].map(({ name }) => `${metadata}/${name}`)
    .filter((path) => path.endsWith(".log"));
  const [log = ""] = logs;
  const bytes = await Deno.readFile(log);
  const at = new TextDecoder("latin1").decode(bytes).indexOf(secrets.keystorePassword);
  assert(at > 0, "the log holds no secret, so that this shows nothing");
  await command(target, { seen, args: ["log", "dump", "--records", ...logs] });
  bytes[at] ^= 1;
  await Deno.writeFile(log, bytes);
  await command(target, { seen, args: ["log", "dump", "--records", ...logs] });
  await command(target, { seen, args: ["start", "--data-dir", dataDir, "--port", "0"] });
  assertMatch(seen.texts.get("what commands say")!, /damage|checksum|CRC/i);
}

for (const target of await targetsHere()) {
  Deno.test(`no secret is where others may read it, on ${target}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/jwks.json`, await jwksOf([await newKey("one")]));
      await Deno.writeTextFile(`${folder}/ca`, ca);
      await Deno.writeTextFile(`${folder}/metrics.pem`, renewed.key + renewed.chain);
      await Deno.writeTextFile(`${folder}/admin`, secrets.adminsPassword, { mode: 0o600 });
      await Deno.writeTextFile(`${folder}/new`, secrets.newPassword, { mode: 0o600 });
      const seen = new Seen();
      {
        await using broker = await BrokerProcess.start({
          target,
          dataDir: `${folder}/data`,
          onLine: (line) => seen.add(/^\d\d:\d\d:/.test(line) ? trace : "the broker's log", line),
          settings: settingsIn(folder),
          flags: ["--trace"],
        });
        await useAll(broker, seen);
        await logIn(broker, { seen, folder });
        const server = ["--bootstrap", broker.bootstrap, "--ca", `${folder}/ca`];
        const who = ["--user", "admin", "--password-file", `${folder}/admin`];
        const args = ["users", "add", "eve", "--new-password-file", `${folder}/new`];
        await command(target, { seen, args: [...args, ...server, ...who] });
        await command(target, { seen, args: ["topics", "list", ...server, ...who] });
        const wrong = ["--user", "admin", "--password-file", `${folder}/new`];
        await command(target, { seen, args: ["topics", "list", ...server, ...wrong] });
        const line = await broker.said((line) => line.includes("metrics and health are served"));
        const [url] = /https:[^\s"]+/.exec(line) ?? [];
        using client = Deno.createHttpClient({ caCerts: [ca] });
        for (const [bearer, status] of [[secrets.metricsToken, 200], [secrets.guess, 401]]) {
          const headers = { authorization: `Bearer ${bearer}` };
          const answer = await fetch(`${url}/metrics`, { headers, client });
          assertEquals(answer.status, status);
          seen.add("metrics", await answer.text());
        }
        await broker.stop();
      }
      const audit = await Deno.readTextFile(`${folder}/audit.log`);
      assert(audit.includes('"event":"change"') && audit.includes('"outcome":"refused"'), audit);
      seen.add("the audit log", audit);
      for (const [path, text] of openToOthers(`${folder}/data`)) seen.add(path, text || "empty");
      await tellOfLogs(target, { seen, dataDir: `${folder}/data` });
      seen.check();
      assertEquals(Deno.statSync(`${folder}/data/__cluster_metadata-0`).mode! & 0o777, 0o700);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("a start that is refused does not repeat the secrets that it was given", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const secret = "planted-in-a-bad-setting";
    const jaasKey = "listener.name.plaintext.plain.sasl.jaas.config";
    const inSasl = ["listener.security.protocol.map=PLAINTEXT:SASL_SSL"];
    const withKey = [`ssl.keystore.certificate.chain=${server.chain}`];
    const cases: readonly (readonly string[])[] = [
      [`delegation.token.secret.kye=${secret}`],
      [...inSasl, "sasl.enabled.mechanisms=PLAIN", `${jaasKey}=${plainModule} user_a="${secret}"`],
      [...inSasl, "sasl.enabled.mechanisms=PLAIN", `${jaasKey}=${secret}`],
      [...inSasl, ...withKey, `ssl.keystore.key=${secret}`],
      [...inSasl, ...withKey, `ssl.keystore.key=${server.key.slice(0, 60)}${secret}`],
      [...inSasl, `ssl.keystore.location=${folder}/none`, `ssl.keystore.password=${secret}`],
    ];
    const seen = new Seen();
    seen.secrets.push(secret);
    for (const [i, settings] of cases.entries()) {
      const args = settings.flatMap((each) => ["--set", each]);
      await using program = await OttlaProgram.run({
        target: "deno",
        args: ["--data-dir", `${folder}/data`, "--port", "0", ...args],
      });
      const { code, stdout, stderr } = await program.ended();
      assert(code !== 0, `case ${i} has started`);
      seen.add(`what start ${i} says`, stdout + stderr);
    }
    seen.check();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
