// The part of the ports suite about TLS. Not for the simulated network, which speaks none.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type {
  Runtime,
  SecureSocket,
  TlsMaterial,
  TlsServerRules,
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
const trusting: TlsMaterial = { trusted: ca };

interface Listening {
  readonly material?: TlsMaterial;
  readonly clientAuth?: TlsServerRules["clientAuth"];
  readonly handshakeMsMax?: number;
}

/** A listener that echoes, and what it has seen. */
async function listen(runtime: Runtime, options: Listening = {}) {
  const { clientAuth = "none", handshakeMsMax = 10_000 } = options;
  const sockets: SecureSocket[] = [];
  const serving: Promise<void>[] = [];
  const failed: string[] = [];
  let onFailed: () => void = () => {};
  const failure = new Promise<void>((resolve) => onFailed = resolve);
  const listener = await runtime.network.listenTls(anyPort, {
    material: options.material ?? { identity: server, trusted: ca },
    rules: {
      versions: ["TLSv1.2", "TLSv1.3"],
      clientAuth,
      handshakeMsMax,
      handshakesMax: 3,
      onFailed(_, reason) {
        failed.push(reason);
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
  return { listener, sockets, failed, failure, close };
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

/** Registers them for one runtime. */
export function tlsSuite(options: SubjectOptions): void {
  check("bytes go there and come back behind TLS", options, async ({ runtime }) => {
    const { listener, sockets, close } = await listen(runtime);
    await talk(await runtime.network.connectTls(listener.address, trusting));
    assert.equal(sockets[0]?.peerCertificate, undefined);
    await close();
  });

  check("an https server is asked whom these certificates trust", options, async ({ runtime }) => {
    const { network, http } = runtime;
    const rules: TlsServerRules = {
      versions: ["TLSv1.2", "TLSv1.3"],
      clientAuth: "none",
      handshakeMsMax: 10_000,
      handshakesMax: 3,
      onFailed: () => {},
    };
    const listening = { material: { identity: server }, rules };
    const listener = await network.listenTls(anyPort, listening, async (socket) => {
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
      material,
      rules: {
        versions: ["TLSv1.2", "TLSv1.3"],
        clientAuth: "none",
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
    listener.renew({ identity: renewed, trusted: ca });
    const after = await runtime.network.connectTls(listener.address, trusting);
    assert.notDeepEqual(after.peerCertificate, before.peerCertificate);
    await talk(before);
    await talk(after);
    for (const [key, chain] of [["no", "key"], [server.key, renewed.chain]] as const) {
      await fails("Denied", () => listener.renew({ identity: { key, chain } }));
      await fails("Denied", () => listen(runtime, { material: { identity: { key, chain } } }));
      const shown = { trusted: ca, identity: { key, chain } };
      await fails("Denied", () => runtime.network.connectTls(listener.address, shown));
    }
    await talk(await runtime.network.connectTls(listener.address, trusting));
    await close();
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

  check("of too many that shake hands the slowest makes room", options, async ({ runtime }) => {
    const { listener, failed, close } = await listen(runtime);
    const silent = [];
    for (let i = 0; i < 20; i++) {
      silent.push(await runtime.network.connect(listener.address));
      // However many say nothing, who shakes hands comes in.
      if (i % 5 === 4) await talk(await runtime.network.connectTls(listener.address, trusting));
    }
    const slow = "too many shake hands at a time, and it is the slowest";
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
      await fails("Denied", () => network.connectTls(listener.address, { trusted: timesCa }));
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
    const { host, port } = listener.address;
    const args = ["s_client", "-tls1_2", "-connect", `${host}:${port}`];
    const client = spawn("openssl", args, { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    const hear = (text: unknown) => {
      said += text;
      // The handshake is done: it is asked for another one, once.
      if (/Verify return code/.test(said) && client.stdin.writable) client.stdin.end("R\n");
    };
    client.stdout.on("data", hear);
    client.stderr.on("data", hear);
    const isMissing = await new Promise<boolean>((resolve) => {
      client.on("error", () => resolve(true));
      client.on("close", () => resolve(false));
    });
    if (isMissing) console.log("there is no openssl here to ask for a second handshake");
    else {
      assert.match(said, /RENEGOTIATING/);
      assert.match(said, /no renegotiation/);
    }
    await close();
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
