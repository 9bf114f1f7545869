// The part of the ports suite about TLS. Not for the simulated network, which speaks none.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { connect as connectByNode, type SecureContextOptions } from "node:tls";
import type {
  Address,
  Runtime,
  SecureSocket,
  Socket,
  TlsMaterial,
  TlsServerRules,
  TlsTerms,
} from "../../src/runtime/ports.ts";
import {
  alice,
  ca,
  expired,
  future,
  renewed,
  server,
  serverPkcs12,
  stranger,
  timesCa,
} from "../harness/certificates.ts";
import {
  check,
  echo,
  fails,
  pattern,
  readBytes,
  sameBytes,
  type SubjectOptions,
} from "./subject.ts";

const anyPort = { host: "127.0.0.1", port: 0 };
const unnamed: Address = { host: "nobody", port: 0 };
const trusting: TlsMaterial = { trusted: ca };

/** Terms that nobody minds. */
const usual: TlsTerms = {
  material: { identity: server, trusted: ca },
  versions: ["TLSv1.2", "TLSv1.3"],
  suites: [],
  clientAuth: "none",
};

const lenient = { handshakeMsMax: 10_000, handshakesMax: 3 };

interface Listening extends Partial<TlsTerms> {
  readonly handshakeMsMax?: number;
}

/** A listener that echoes, and what it has seen. */
async function listen(runtime: Runtime, options: Listening = {}) {
  const { handshakeMsMax = 10_000, ...terms } = options;
  const sockets: SecureSocket[] = [];
  const serving: Promise<void>[] = [];
  const failed: string[] = [];
  const failedPeers: Address[] = [];
  let onFailed: () => void = () => {};
  const failure = new Promise<void>((resolve) => onFailed = resolve);
  const listener = await runtime.network.listenTls(anyPort, {
    terms: { ...usual, ...terms },
    rules: {
      handshakeMsMax,
      handshakesMax: 3,
      onFailed(peer, reason) {
        failed.push(reason);
        failedPeers.push(peer);
        onFailed();
      },
    },
  }, (socket) => {
    sockets.push(socket);
    // A peer that is refused in the end may be heard of before.
    serving.push(echo(socket).catch(() => {}));
  });
  const close = async () => {
    await Promise.all(serving);
    await listener.close();
  };
  return { listener, sockets, failed, failedPeers, failure, close };
}

/** Sends some bytes, takes them back, and ends. */
async function talk(socket: SecureSocket): Promise<void> {
  const sent = pattern(100_000);
  const received = readBytes(socket, sent.length);
  await socket.write(sent);
  sameBytes(await received, sent);
  await socket.closeWrite();
  assert.equal(await socket.read(new Uint8Array(1)), null);
}

/** By TLS 1.3 a client hears at its first read that it is not let in. */
async function isKeptOut(connect: () => Promise<SecureSocket>): Promise<void> {
  await assert.rejects(async () => {
    const socket = await connect();
    if (await socket.read(new Uint8Array(1)) === null) throw new Error("it has ended");
  });
}

/** What a client comes to that asks for this; undefined: to nothing. */
function handshake({ host, port }: Address, asked: SecureContextOptions) {
  const { promise, resolve } = Promise.withResolvers<
    { version: string | null; suite: string } | undefined
  >();
  const client = connectByNode({ ...asked, host, port, ca, servername: "" }, () => {
    resolve({ version: client.getProtocol(), suite: client.getCipher().name });
    client.destroy();
  });
  client.on("error", () => resolve(undefined));
  client.on("close", () => resolve(undefined));
  return promise;
}

async function versionOf(address: Address, asked: SecureContextOptions) {
  return (await handshake(address, asked))?.version;
}

/** What `openssl s_client` says, which ends behind its input; undefined: there is none here. */
function openssl(
  { host, port }: Address,
  { args, input = "Q\n" }: { readonly args: readonly string[]; readonly input?: string },
): Promise<string | undefined> {
  const all = ["s_client", ...args, "-connect", `${host}:${port}`];
  const client = spawn("openssl", all, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  const hear = (text: unknown) => {
    said += text;
    if (/Verify return code/.test(said) && client.stdin.writable) client.stdin.end(input);
  };
  client.stdout.on("data", hear);
  client.stderr.on("data", hear);
  // One that is refused may have ended before it reads its input.
  client.stdin.on("error", () => {});
  return new Promise((resolve) => {
    client.on("error", () => {
      console.log("there is no openssl here: what it would ask is left out");
      resolve(undefined);
    });
    client.on("close", () => resolve(said));
  });
}

/** Registers them for one runtime. */
export function tlsSuite(options: SubjectOptions): void {
  check("bytes go there and come back behind TLS", options, async ({ runtime }) => {
    const { listener, sockets, close } = await listen(runtime);
    await talk(await runtime.network.connectTls(listener.address, trusting));
    assert.equal(sockets[0]?.peerCertificate, undefined);
    await close();
  });

  check("a peer that half-closes behind TLS gets its answer", options, async ({ runtime }) => {
    const { network } = runtime;
    const terms = { terms: usual, rules: { ...lenient, onFailed: () => {} } };
    const listener = await network.listenTls(anyPort, terms, async (socket) => {
      sameBytes(await readBytes(socket, 100), pattern(5));
      assert.equal(await socket.read(new Uint8Array(1)), null);
      await socket.write(pattern(50_000));
      await socket.closeWrite();
    });
    const client = await network.connectTls(listener.address, trusting);
    await client.write(pattern(5));
    await client.closeWrite();
    sameBytes(await readBytes(client, 100_000), pattern(50_000));
    await listener.close();
  });

  check("an https server is asked whom these certificates trust", options, async ({ runtime }) => {
    const { network, http } = runtime;
    const rules: TlsServerRules = { ...lenient, onFailed: () => {} };
    const listener = await network.listenTls(anyPort, { terms: usual, rules }, async (socket) => {
      await socket.read(new Uint8Array(10_000));
      const answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nkeys";
      await socket.write(new TextEncoder().encode(answer));
      await socket.closeWrite();
    });
    const ask = (trusted: string | undefined, host: string) =>
      http.ask(`https://${host}:${listener.address.port}/`, {
        msMax: 10_000,
        bytesMax: 100,
        trusted,
      });
    const { status, body } = await ask(ca, "127.0.0.1");
    assert.deepEqual([status, new TextDecoder().decode(body)], [200, "keys"]);
    await fails("Denied", () => ask(undefined, "127.0.0.1"));
    await fails("Denied", () => ask(stranger.chain, "127.0.0.1"));
    await listener.close();
  });

  check("a key store of PKCS12 does as well", options, async ({ runtime }) => {
    const pkcs12 = Uint8Array.from(atob(serverPkcs12), (each) => each.charCodeAt(0));
    const material = { identity: { pkcs12, password: "hush" } };
    const { listener, close } = await listen(runtime, { material });
    await talk(await runtime.network.connectTls(listener.address, trusting));
    await close();
    const wrong = { identity: { pkcs12, password: "loud" } };
    await fails("Denied", () => listen(runtime, { material: wrong }));
  });

  check("a client's certificate is told, whole", options, async ({ runtime }) => {
    const { listener, sockets, close } = await listen(runtime, { clientAuth: "required" });
    const shown = { trusted: ca, identity: alice };
    await talk(await runtime.network.connectTls(listener.address, shown));
    const der = alice.chain.replace(/-----[^-]+-----|\s/g, "");
    const expected = Uint8Array.from(atob(der), (each) => each.charCodeAt(0));
    assert.deepEqual(sockets[0]?.peerCertificate, expected);
    await close();
  });

  check("who has to show one and does not is kept out", options, async ({ runtime }) => {
    const { listener, sockets, failed, failure, close } = await listen(runtime, {
      clientAuth: "required",
    });
    for (const identity of [undefined, stranger]) {
      // By TLS 1.3 a client hears of it at its first read.
      await assert.rejects(async () => {
        const socket = await runtime.network.connectTls(listener.address, {
          trusted: ca,
          identity,
        });
        if (await socket.read(new Uint8Array(1)) === null) throw new Error("it has ended");
      });
    }
    await failure;
    assert.ok(failed.length > 0);
    assert.deepEqual(sockets, []);
    await close();
  });

  check("who may show one shows one that is trusted, or none", options, async ({ runtime }) => {
    const { listener, sockets, failure, close } = await listen(runtime, {
      clientAuth: "requested",
    });
    await talk(await runtime.network.connectTls(listener.address, trusting));
    assert.equal(sockets[0]?.peerCertificate, undefined);
    await assert.rejects(async () => {
      const shown = { trusted: ca, identity: stranger };
      const socket = await runtime.network.connectTls(listener.address, shown);
      if (await socket.read(new Uint8Array(1)) === null) throw new Error("it has ended");
    });
    await failure;
    assert.equal(sockets.length, 1);
    await close();
  });

  check("a server that is not trusted is refused", options, async ({ runtime }) => {
    const { listener, close } = await listen(runtime, { material: { identity: stranger } });
    const told = await fails(
      "Denied",
      () => runtime.network.connectTls(listener.address, trusting),
    );
    assert.match(told, /its certificate is refused/);
    await close();
  });

  check("a server of another name is refused", options, async ({ runtime }) => {
    const material = { identity: alice };
    const { listener, close } = await listen(runtime, { material });
    const { port } = listener.address;
    // Alice's certificate is for 127.0.0.1, too, and not for 127.0.0.2.
    await talk(await runtime.network.connectTls({ host: "127.0.0.1", port }, trusting));
    await close();
    const other = await runtime.network.listenTls({ host: "127.0.0.2", port: 0 }, {
      terms: { ...usual, material },
      rules: {
        handshakeMsMax: 10_000,
        handshakesMax: 3,
        onFailed() {},
      },
    }, (socket) => socket.close());
    await fails("Denied", () => runtime.network.connectTls(other.address, trusting));
    await other.close();
  });

  check("new certificates hold from the next connection on", options, async ({ runtime }) => {
    const { listener, close } = await listen(runtime);
    const before = await runtime.network.connectTls(listener.address, trusting);
    listener.renew({ ...usual, material: { identity: renewed, trusted: ca } });
    const after = await runtime.network.connectTls(listener.address, trusting);
    assert.notDeepEqual(after.peerCertificate, before.peerCertificate);
    await talk(before);
    await talk(after);
    for (const [key, chain] of [["no", "key"], [server.key, renewed.chain]] as const) {
      const material = { identity: { key, chain } };
      await fails("Denied", () => listener.renew({ ...usual, material }));
      await fails("Denied", () => listen(runtime, { material }));
      const shown = { trusted: ca, identity: { key, chain } };
      await fails("Denied", () => runtime.network.connectTls(listener.address, shown));
    }
    await talk(await runtime.network.connectTls(listener.address, trusting));
    await close();
  });

  check("other terms hold from the next handshake on", options, async ({ runtime }) => {
    const { listener, sockets, close } = await listen(runtime);
    const { network } = runtime;
    const shown = { trusted: ca, identity: alice };
    const before = await network.connectTls(listener.address, trusting);
    listener.renew({ ...usual, clientAuth: "required", versions: ["TLSv1.3", "TLSv1.3"] });
    await isKeptOut(() => network.connectTls(listener.address, trusting));
    assert.equal(await versionOf(listener.address, { maxVersion: "TLSv1.2" }), undefined);
    const after = await network.connectTls(listener.address, shown);
    await talk(after);
    assert.notEqual(sockets[1]?.peerCertificate, undefined);
    listener.renew({ ...usual, versions: ["TLSv1.2", "TLSv1.2"] });
    assert.equal(await versionOf(listener.address, {}), "TLSv1.2");
    await talk(await network.connectTls(listener.address, trusting));
    await talk(before);
    await close();
  });

  check("cipher suites are those that are named, or refused", options, async ({ runtime }) => {
    const { network, name } = runtime;
    const of13 = [
      "TLS_AES_128_GCM_SHA256",
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
    ] as const;
    const one12 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
    const old12 = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256";
    const chosenOf = async (suites: TlsTerms["suites"], asked: SecureContextOptions = {}) => {
      const { listener, close } = await listen(runtime, { suites });
      const got = await handshake(listener.address, asked);
      await close();
      return got;
    };
    // A version of which none is named is not spoken, on any runtime.
    assert.equal((await chosenOf(of13))?.version, "TLSv1.3");
    assert.equal(await chosenOf(of13, { maxVersion: "TLSv1.2" }), undefined);
    const refused: Record<string, readonly (readonly [TlsTerms["suites"], RegExp])[]> = {
      deno: [
        [[of13[0]], /Deno chooses among those of TLSv1\.3 itself: name all of them/],
        [[one12], /Deno chooses among those of TLSv1\.2 itself: name all of them/],
        [[old12], /Deno does not speak TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256/],
      ],
      bun: [
        [[of13[0]], /Bun chooses among those of TLSv1\.3 itself: name all of them/],
        [["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"], /Bun does not speak/],
      ],
      node: [],
    };
    for (const [suites, told] of refused[name] ?? []) {
      const terms = { ...usual, suites };
      assert.match(await fails("Denied", () => network.checkTls(terms)), told);
      assert.match(await fails("Denied", () => listen(runtime, { suites })), told);
    }
    const only13 = { suites: [one12], versions: ["TLSv1.3", "TLSv1.3"] } as const;
    assert.match(
      await fails("Denied", () => listen(runtime, only13)),
      /none of those that are named is of TLSv1\.3|does not speak/,
    );
    if (name === "deno") return;
    assert.deepEqual(await chosenOf([one12]), {
      version: "TLSv1.2",
      suite: "ECDHE-ECDSA-CHACHA20-POLY1305",
    });
    const asking = { ciphers: "ECDHE-ECDSA-AES128-SHA256" };
    assert.equal((await chosenOf([old12], asking))?.suite, asking.ciphers);
    const other = { ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384", maxVersion: "TLSv1.2" } as const;
    assert.equal(await chosenOf([one12], other), undefined);
    if (name === "bun") return;
    for (const suite of of13) assert.equal((await chosenOf([suite]))?.suite, suite);
  });

  check("a client that does not shake hands is dropped in time", options, async ({ runtime }) => {
    const { listener, failed, failure, close } = await listen(runtime, { handshakeMsMax: 50 });
    const silent = await runtime.network.connect(listener.address);
    await failure;
    await silent.read(new Uint8Array(1)).catch(() => null);
    assert.match(failed[0] ?? "", /timeout/i);
    // On a loaded machine others may be too slow as well, before one is served.
    const isServed = () =>
      runtime.network.connectTls(listener.address, trusting).then(talk).then(
        () => true,
        () => false,
      );
    while (!await isServed());
    await close();
  });

  check("who fails at a handshake is named, whatever it fails at", options, async ({ runtime }) => {
    const { network } = runtime;
    const garbage = async (address: Address) => {
      const socket = await network.connect(address);
      await socket.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
      await socket.read(new Uint8Array(1)).catch(() => null);
      socket.close();
    };
    const silent = (address: Address) => network.connect(address);
    const distrusting = (address: Address) =>
      network.connectTls(address, { trusted: timesCa }).catch(() => undefined);
    for (const attempt of [garbage, silent, distrusting]) {
      const { listener, failedPeers, failure, close } = await listen(runtime, {
        handshakeMsMax: attempt === silent ? 50 : 3_600_000,
      });
      const left = await attempt(listener.address);
      await failure;
      const [{ host, port } = unnamed] = failedPeers;
      assert.equal(host, "127.0.0.1", attempt.name);
      assert.ok(port > 0);
      left?.close();
      await close();
    }
  });

  check("who shakes hands with a listener that closes is dropped", options, async ({ runtime }) => {
    const { listener, sockets, failed, close } = await listen(runtime, {
      handshakeMsMax: 3_600_000,
    });
    const silent = await runtime.network.connect(listener.address);
    // Whoever comes behind it and is in: it has been accepted as well.
    await talk(await runtime.network.connectTls(listener.address, trusting));
    await close();
    assert.equal(await silent.read(new Uint8Array(1)).catch(() => null), null);
    assert.deepEqual([sockets.length, failed], [1, []]);
  });

  check(
    "a server that does not shake hands is waited for so long",
    options,
    async ({ runtime }) => {
      const accepted: Socket[] = [];
      const listener = await runtime.network.listen(anyPort, (socket) => accepted.push(socket));
      const dialling = runtime.network.connectTls(listener.address, trusting, { msMax: 50 });
      assert.match(await fails("Io", () => dialling), /no TLS handshake within 50 ms/);
      // Nothing is left of it: the other side hears of its end.
      while (accepted.length === 0) await runtime.timers.turn();
      for (const socket of accepted) {
        const rest = new Uint8Array(4_096);
        while (await socket.read(rest).catch(() => null) !== null);
        socket.close();
      }
      await listener.close();
    },
  );

  check("of too many that shake hands the slowest makes room", options, async ({ runtime }) => {
    const { listener, failed, close } = await listen(runtime);
    const silent = [];
    for (let i = 0; i < 20; i++) {
      silent.push(await runtime.network.connect(listener.address));
      // However many say nothing, who shakes hands comes in.
      if (i % 5 === 4) await talk(await runtime.network.connectTls(listener.address, trusting));
    }
    const slow = "too many handshakes at a time, and this is the slowest";
    const count = failed.filter((reason) => reason === slow).length;
    assert.ok(count >= 17, `${count} made room`);
    for (const socket of silent) socket.close();
    await close();
  });

  check("a certificate is of no use before its time, or after it", options, async (subject) => {
    const { network } = subject.runtime;
    for (const identity of [expired, future]) {
      const material = { identity, trusted: timesCa };
      const { listener, close } = await listen(subject.runtime, { material });
      const refusing = network.connectTls(listener.address, { trusted: timesCa });
      const told = await fails("Denied", () => refusing);
      if (identity === expired) assert.match(told, /expired/);
      await close();
      const own = { identity: server, trusted: timesCa };
      const asking = await listen(subject.runtime, { material: own, clientAuth: "required" });
      const shown = { trusted: ca, identity };
      const met = network.connectTls(asking.listener.address, shown);
      // By TLS 1.3 a client is in before it is refused.
      const socket = await met.catch(() => undefined);
      if (socket !== undefined) {
        const ended = socket.read(new Uint8Array(1)).then((count) => count === null, () => true);
        assert.ok(await ended, "a client came in by a certificate out of its time");
        socket.close();
      }
      assert.equal(asking.sockets.length, 0);
      await asking.close();
    }
  });

  check("nobody has it shake hands once more", options, async ({ runtime }) => {
    const { listener, close } = await listen(runtime);
    // The handshake is done: it is asked for another one, once.
    const said = await openssl(listener.address, { args: ["-tls1_2"], input: "R\n" });
    if (said !== undefined) {
      assert.match(said, /RENEGOTIATING/);
      assert.match(said, /no renegotiation/);
    }
    await close();
  });

  check("a session begun elsewhere lets nobody past other terms", options, async (subject) => {
    const { runtime, folder } = subject;
    const open = await listen(runtime);
    const asking = await listen(runtime, { clientAuth: "required" });
    const strange = await listen(runtime, {
      clientAuth: "required",
      material: { identity: server, trusted: stranger.chain },
    });
    const session = `${folder}/session`;
    await writeFile(`${folder}/alice`, alice.key + alice.chain);
    const shown = ["-cert", `${folder}/alice`, "-key", `${folder}/alice`];
    /** Whether a client with these arguments comes in. */
    const comesIn = async (to: typeof open, args: readonly string[]) => {
      const [before, failedBefore] = [to.sockets.length, to.failed.length];
      if (await openssl(to.listener.address, { args }) === undefined) return undefined;
      while (to.sockets.length === before && to.failed.length === failedBefore) {
        await runtime.timers.turn();
      }
      return to.sockets.length > before;
    };
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const begin = [version, "-sess_out", session];
      const resume = [version, "-sess_in", session];
      if (await comesIn(open, begin) === undefined) break;
      assert.equal(await comesIn(asking, resume), false, "in without a certificate");
      assert.equal(await comesIn(asking, [...begin, ...shown]), true);
      assert.equal(await comesIn(strange, [...resume, ...shown]), false, "in by others' trust");
      assert.equal(await comesIn(asking, [...resume, ...shown]), true);
      assert.notEqual(asking.sockets.at(-1)?.peerCertificate, undefined);
    }
    for (const { close } of [open, asking, strange]) await close();
  });

  check("a client that speaks no TLS is dropped", options, async ({ runtime }) => {
    const { listener, failure, close } = await listen(runtime);
    const plain = await runtime.network.connect(listener.address);
    await plain.write(pattern(100));
    await failure;
    while (await plain.read(new Uint8Array(100)).catch(() => null) !== null);
    await close();
  });
}
