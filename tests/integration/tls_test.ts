// Listeners behind TLS, as an operator meets them: what a start refuses, and new certificates while
// the broker runs.

import tls from "node:tls";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "../../mod.ts";
import { Client } from "../../src/client/mod.ts";
import { DescribeConfigs } from "../../src/protocol/apis/32_describe_configs.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { alice, ca, server, stranger } from "../harness/certificates.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { targetsHere } from "../harness/targets.ts";

/** A folder with a key store, and settings that name it. */
async function rig(text: string | Uint8Array) {
  const folder = await Deno.makeTempDir();
  const keystore = `${folder}/keystore`;
  const write = (content: string | Uint8Array) =>
    typeof content === "string"
      ? Deno.writeTextFile(keystore, content)
      : Deno.writeFile(keystore, content);
  await write(text);
  return {
    folder,
    keystore,
    write,
    settings: {
      "listener.security.protocol.map": "PLAINTEXT:SSL",
      "ssl.keystore.location": keystore,
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Sets keys of the one listener of `admin`'s broker, and tells what is said of it. */
function altering(admin: Client) {
  return async (values: Record<string, string | null>) => {
    const configs = Object.entries(values).map(([name, value]) => ({
      name: `listener.name.plaintext.${name}`,
      configOperation: value === null ? 1 : 0,
      value,
    }));
    const { responses } = await admin.request(IncrementalAlterConfigs, {
      resources: [{ resourceType: 4, resourceName: "1", configs }],
      validateOnly: false,
    }, { to: "any" });
    return responses.map(({ errorCode, errorMessage }) => [errorCode, errorMessage ?? ""]);
  };
}

Deno.test("a start whose key cannot be used is refused, and says what to do", async () => {
  const cases: readonly (readonly [content: string | Uint8Array, told: RegExp])[] = [
    [server.chain, /holds no private key: a PEM file for ssl\.keystore\.location has both/],
    [server.key, /holds no certificate/],
    [server.key + alice.chain, /the key is not the certificate's/],
    [new Uint8Array([0xfe, 0xed, 0xfe, 0xed, 0, 0]), /JKS key store.*\n.*keytool -importkeystore/],
    [new Uint8Array([1, 2, 3, 4]), /the key, its certificates or the password do not fit/],
  ];
  for (const [content, told] of cases) {
    await using given = await rig(content);
    const settings = Object.entries(given.settings).flatMap((pair) => ["--set", pair.join("=")]);
    const args = ["--data-dir", `${given.folder}/data`, "--port", "0", ...settings];
    await using program = await OttlaProgram.run({ target: "deno", args });
    const { code, stderr } = await program.ended();
    assertEquals(code, 1);
    assertMatch(stderr, told);
    await assertRejects(() => Deno.stat(`${given.folder}/data`), Deno.errors.NotFound);
  }
});

Deno.test("new certificates are taken over while clients are served", async () => {
  await using given = await rig(server.key + server.chain);
  const tookOver = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<void>();
  await using broker = await BrokerProcess.start({
    settings: given.settings,
    onLine(line) {
      if (line.includes("took over a listener's new certificates")) tookOver.resolve();
      if (line.includes("new certificates cannot be used; the old ones hold on")) refused.resolve();
    },
  });
  const { bootstrap } = broker;
  const trusting = (trusted: string) => connect({ bootstrap, tls: { ca: trusted } });
  await using before = await trusting(ca);
  await given.write("not a key at all");
  await within(refused.promise, { ms: 60_000, what: () => broker.output });
  await using still = await trusting(ca);
  await given.write(stranger.key + stranger.chain);
  await within(tookOver.promise, { ms: 60_000, what: () => broker.output });
  await using after = await trusting(stranger.chain);
  for (const cluster of [before, still, after]) await cluster.admin.listTopics();
});

Deno.test("clients set new certificates while others are served, if they can be used", async () => {
  await using given = await rig(server.key + server.chain);
  await using broker = await BrokerProcess.start({ settings: given.settings });
  const { bootstrap } = broker;
  const runtime = await detectRuntime();
  const admin = await Client.connect(runtime, { bootstrap, tls: { ca } });
  await using before = await connect({ bootstrap, tls: { ca } });
  const alter = altering(admin);
  const refused = await alter({
    "ssl.keystore.key": server.key,
    "ssl.keystore.certificate.chain": stranger.chain,
  });
  const told = "listener PLAINTEXT: the key, its certificates or the password do not fit: the " +
    "key is not the certificate's";
  assertEquals(refused, [[ErrorCode.INVALID_REQUEST, told]]);
  const missing = await alter({ "ssl.keystore.location": "/nowhere/at.all" });
  assertMatch(String(missing[0]?.[1]), /there is no file/);
  await using still = await connect({ bootstrap, tls: { ca } });

  const inline = {
    "ssl.keystore.key": stranger.key,
    "ssl.keystore.certificate.chain": stranger.chain,
  };
  assertEquals(await alter(inline), [[ErrorCode.NONE, ""]]);
  await using after = await connect({ bootstrap, tls: { ca: stranger.chain } });
  await assertRejects(() => connect({ bootstrap, tls: { ca } }), Error, "certificate is refused");
  for (const cluster of [before, still, after]) await cluster.admin.listTopics();
  const described = await admin.request(DescribeConfigs, {
    resources: [{ resourceType: 4, resourceName: "1", configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: false,
  }, { to: "any" });
  const ofListener = described.results[0]?.configs
    .filter(({ name }) => name.startsWith("listener.name."))
    .map(({ name, value, isSensitive }) => [name, value, isSensitive]);
  assertEquals(ofListener, [
    ["listener.name.plaintext.ssl.keystore.certificate.chain", null, true],
    ["listener.name.plaintext.ssl.keystore.key", null, true],
  ]);
  assertEquals(await alter({ "ssl.keystore.key": null, "ssl.keystore.certificate.chain": null }), [
    [ErrorCode.NONE, ""],
  ]);
  await using again = await connect({ bootstrap, tls: { ca } });
  await again.admin.listTopics();
  admin.close();
});

for (const target of await targetsHere()) {
  const way =
    `whom an open listener asks for a certificate, and what it speaks, changes on ${target}`;
  Deno.test(way, async () => {
    await using given = await rig(server.key + server.chain);
    await using broker = await BrokerProcess.start({
      target,
      settings: { ...given.settings, "ssl.truststore.certificates": ca },
    });
    const { bootstrap } = broker;
    const runtime = await detectRuntime();
    const admin = await Client.connect(runtime, { bootstrap, tls: { ca } });
    const alter = altering(admin);
    await using before = await connect({ bootstrap, tls: { ca } });
    const taken = [[ErrorCode.NONE, ""]];
    assertEquals(await alter({ "ssl.client.auth": "required" }), taken);
    await assertRejects(() => connect({ bootstrap, tls: { ca }, retryTimeoutMs: 0 }));
    const shown = { ca, cert: alice.chain, key: alice.key };
    await using after = await connect({ bootstrap, tls: shown });
    assertEquals(await alter({ "ssl.client.auth": null }), taken);
    await using open = await connect({ bootstrap, tls: { ca } });

    const speaks = async (version: "TLSv1.2" | "TLSv1.3") => {
      const [host = "", port] = bootstrap.split(":");
      const asked = { minVersion: version, maxVersion: version } as const;
      const handle = tls.connect({ host, port: Number(port), ca, ...asked });
      const answered = Promise.withResolvers<boolean>();
      handle.on("secureConnect", () => answered.resolve(true));
      handle.on("error", () => answered.resolve(false));
      const does = await answered.promise;
      handle.destroy();
      return does;
    };
    assertEquals([await speaks("TLSv1.2"), await speaks("TLSv1.3")], [true, true]);
    assertEquals(await alter({ "ssl.enabled.protocols": "TLSv1.3" }), taken);
    assertEquals([await speaks("TLSv1.2"), await speaks("TLSv1.3")], [false, true]);
    const all12 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    const [[code, told] = []] = await alter({ "ssl.cipher.suites": all12 });
    assertEquals(code, ErrorCode.INVALID_REQUEST);
    assertMatch(String(told), /listener PLAINTEXT: the cipher suites cannot be kept to: none of/);
    const [[unknown, known] = []] = await alter({ "ssl.cipher.suites": "SSL_RSA_WITH_NULL_MD5" });
    assertEquals(unknown, ErrorCode.INVALID_REQUEST);
    assertMatch(String(known), /must be one of: TLS_AES_256_GCM_SHA384, /);
    const all13 = "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256";
    assertEquals(
      await alter({ "ssl.enabled.protocols": null, "ssl.cipher.suites": all13 }),
      taken,
    );
    assertEquals([await speaks("TLSv1.2"), await speaks("TLSv1.3")], [false, true]);
    assertEquals(await alter({ "ssl.cipher.suites": null, "ssl.protocol": "TLSv1.2" }), taken);
    assertEquals([await speaks("TLSv1.2"), await speaks("TLSv1.3")], [true, false]);
    for (const cluster of [before, after, open]) await cluster.admin.listTopics();
    admin.close();
  });
}
