// The part of the ports suite about the network: every sentence of `Network`, `Listener` and
// `Socket`.

import assert from "node:assert/strict";
import { platform } from "node:os";
import { PlatformFault } from "../../src/base/faults.ts";
import type { Runtime, Socket } from "../../src/runtime/ports.ts";
import {
  check,
  echo,
  endOf,
  fails,
  pattern,
  readBytes,
  sameBytes,
  send,
  type SubjectOptions,
  wait,
} from "./subject.ts";

const anyPort = { host: "127.0.0.1", port: 0 };

/** A connected pair, and how to stop listening. */
async function pair(runtime: Runtime) {
  let accept: (socket: Socket) => void = () => {};
  const accepted = new Promise<Socket>((resolve) => accept = resolve);
  const listener = await runtime.network.listen(anyPort, accept);
  const client = await runtime.network.connect(listener.address);
  return { listener, client, server: await accepted };
}

export function networkSuite(options: SubjectOptions): void {
  check("bytes go there and come back", options, async ({ runtime }) => {
    const serving: Promise<void>[] = [];
    const listener = await runtime.network.listen(anyPort, (s) => serving.push(echo(s)));
    assert.equal(listener.address.host, "127.0.0.1");
    assert.ok(listener.address.port > 0);
    const socket = await runtime.network.connect(listener.address);
    for (const length of [1, 10, 100_000]) {
      const sent = pattern(length);
      const received = readBytes(socket, length);
      await socket.write(sent);
      sameBytes(await received, sent);
    }
    await socket.closeWrite();
    assert.equal(await socket.read(new Uint8Array(1)), null);
    await Promise.all(serving);
    await listener.close();
  });

  check("a read delivers as soon as bytes are there", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    const bytes = new Uint8Array(1_000_000);
    const reading = server.read(bytes);
    await client.write(pattern(3));
    assert.equal(await reading, 3);
    sameBytes(bytes.subarray(0, 3), pattern(3));
    const whole = readBytes(server, 10);
    await client.write(pattern(4));
    await wait(runtime, 5);
    await client.write(pattern(6, 1));
    assert.equal((await whole).length, 10);
    client.close();
    await listener.close();
    server.close();
  });

  check("who receives is told after the call, and asks again", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    const sent = pattern(300_000);
    const received: number[] = [];
    const into = new Uint8Array(7_000);
    const ended = new Promise<void>((resolve, reject) => {
      const receiveNext = () => {
        let isCalled = true;
        server.receive(into, {
          onReceived(count) {
            if (isCalled) return reject(new Error("told within the call"));
            if (count === null) return resolve();
            for (let i = 0; i < count; i++) received.push(into[i]);
            receiveNext();
          },
          onBroken: reject,
        });
        isCalled = false;
      };
      receiveNext();
    });
    await client.write(sent);
    await client.closeWrite();
    await ended;
    sameBytes(Uint8Array.from(received), sent);
    server.close();
    client.close();
    await listener.close();
  });

  check("who receives is told of a close, then and later", options, async ({ runtime }) => {
    const receive = (socket: Socket) =>
      new Promise<number | null>((onReceived, onBroken) => {
        socket.receive(new Uint8Array(10), { onReceived, onBroken });
      });
    const { listener, client, server } = await pair(runtime);
    const waiting = receive(server);
    await wait(runtime, 5);
    server.close();
    assert.equal(await waiting, null);
    assert.equal(await receive(server), null);
    client.close();
    await listener.close();
  });

  check("who receives is told once of a connection that breaks", options, async (subject) => {
    const { runtime, connectRudely } = subject;
    let accept: (socket: Socket) => void = () => {};
    const accepted = new Promise<Socket>((resolve) => accept = resolve);
    const listener = await runtime.network.listen(anyPort, accept);
    const peer = await connectRudely(listener.address);
    const server = await accepted;
    const told: unknown[] = [];
    const ended = new Promise<void>((resolve) => {
      const note = (what: unknown) => {
        told.push(what);
        resolve();
      };
      server.receive(new Uint8Array(10), { onReceived: note, onBroken: note });
    });
    peer.reset();
    await ended;
    await wait(runtime, 5);
    server.close();
    assert.equal(told.length, 1);
    const isClosed = told[0] instanceof PlatformFault && told[0].kind === "Closed";
    assert.ok(told[0] === null || isClosed, `${told[0]}`);
    await listener.close();
  });

  check("what comes while it is watched is read later, in order", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    server.watch();
    server.watch();
    let sent = 0;
    for (const length of [1, 100, 511, 512, 513, 5_000, 3]) {
      const bytes = pattern(length, sent++);
      // Before it is read, while it is, and after it was.
      await client.write(bytes.subarray(0, length >> 1));
      await wait(runtime, 5);
      server.watch();
      const reading = readBytes(server, length);
      await client.write(bytes.subarray(length >> 1));
      sameBytes(await reading, bytes);
      server.watch();
    }
    await client.write(pattern(3));
    await client.closeWrite();
    await wait(runtime, 5);
    server.watch();
    sameBytes(await readBytes(server, 10), pattern(3));
    server.watch();
    assert.equal(await server.read(new Uint8Array(1)), null);
    await server.write(pattern(7));
    sameBytes(await readBytes(client, 7), pattern(7));
    await server.closeWrite();
    await server.closed;
    client.close();
    await listener.close();
  });

  check("both sides send and read at the same time", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    const sent = pattern(300_000);
    const sending = [client, server].map((socket) => send(socket, sent));
    const received = [client, server].map((socket) => readBytes(socket, sent.length));
    for (const bytes of await Promise.all(received)) sameBytes(bytes, sent);
    await Promise.all(sending);
    client.close();
    server.close();
    await listener.close();
  });

  check("bytes may be overwritten once their write has settled", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    const bytes = pattern(2_000_000);
    let isOverwritten = false;
    const writing = send(server, bytes).then(() => {
      bytes.fill(0);
      isOverwritten = true;
    });
    const received = await readBytes(client, bytes.length);
    await writing;
    assert.ok(isOverwritten);
    sameBytes(received, pattern(2_000_000));
    client.close();
    server.close();
    await listener.close();
  });

  check("each side knows both addresses", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    assert.deepEqual(client.remote, listener.address);
    assert.deepEqual(server.local, listener.address);
    assert.deepEqual(server.remote, client.local);
    client.close();
    server.close();
    await listener.close();
  });

  check("a listener on every address tells the one that was reached", options, async (subject) => {
    const { network } = subject.runtime;
    for (const host of ["0.0.0.0", "::"]) {
      let accept: (socket: Socket) => void = () => {};
      const accepted = new Promise<Socket>((resolve) => accept = resolve);
      const listener = await network.listen({ host, port: 0 }, accept);
      const { port } = listener.address;
      const client = await network.connect({ host: "127.0.0.1", port });
      const server = await accepted;
      assert.deepEqual(server.local, { host: "127.0.0.1", port });
      assert.equal(server.remote.host, "127.0.0.1");
      client.close();
      server.close();
      await listener.close();
    }
  });

  check("an address in use, nobody there, no such host", options, async ({ runtime }) => {
    const { network } = runtime;
    const listener = await network.listen(anyPort, () => {});
    const { host, port } = listener.address;
    const used = await fails("AddressInUse", () => network.listen(listener.address, () => {}));
    assert.ok(used.includes(`${host}:${port}`), used);
    await listener.close();
    const refused = await fails("Refused", () => network.connect(listener.address));
    assert.ok(refused.includes(`${host}:${port}`), refused);
    const nowhere = { host: "no.such.host.invalid", port: 1 };
    await fails("NotFound", () => network.connect(nowhere));
    await fails("NotFound", () => network.listen(nowhere, () => {}));
    const again = await network.listen(listener.address, () => {});
    assert.equal(again.address.port, port);
    await again.close();
  });

  check("connections outlive their listener", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    await listener.close();
    const serving = echo(server);
    await client.write(pattern(9));
    sameBytes(await readBytes(client, 9), pattern(9));
    await client.closeWrite();
    await serving;
  });

  check("fifty connections at once keep their bytes apart", options, async ({ runtime }) => {
    const serving: Promise<void>[] = [];
    const listener = await runtime.network.listen(anyPort, (s) => serving.push(echo(s)));
    await Promise.all(Array.from({ length: 50 }, async (_, i) => {
      const socket = await runtime.network.connect(listener.address);
      for (let round = 0; round < 5; round++) {
        const sent = pattern(200 + i * 100, i + round);
        const received = readBytes(socket, sent.length);
        await socket.write(sent);
        sameBytes(await received, sent);
      }
      await socket.closeWrite();
      assert.equal(await socket.read(new Uint8Array(1)), null);
    }));
    await Promise.all(serving);
    assert.equal(serving.length, 50);
    await listener.close();
  });

  pressureSuite(options);
  endingSuite(options);
}

function pressureSuite(options: SubjectOptions): void {
  check("a writer waits for a slow reader, and nothing is lost", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    const chunk = pattern(256 * 1024);
    const chunksMax = 256;
    let sentChunks = 0;
    let stalled = false;
    let writing = Promise.resolve();
    while (!stalled && sentChunks < chunksMax) {
      writing = send(server, chunk);
      sentChunks++;
      stalled = await Promise.race([
        writing.then(() => false),
        wait(runtime, 300).then(() => true),
      ]);
    }
    assert.ok(stalled, `${sentChunks} chunks went into nowhere`);
    const closing = writing.then(() => server.closeWrite());
    for (let i = 0; i < sentChunks; i++) {
      sameBytes(await readBytes(client, chunk.length), chunk);
    }
    assert.equal(await client.read(new Uint8Array(1)), null);
    await closing;
    client.close();
    server.close();
    await listener.close();
  });

  check("much that comes is whole, whatever is read of it at a time", options, async (subject) => {
    const { runtime } = subject;
    const { listener, client, server } = await pair(runtime);
    const sent = pattern(6_000_000);
    const sending = send(client, sent).then(() => client.closeWrite());
    const received = new Uint8Array(sent.length + 1);
    const sizes = [2_048, 900_000, 1, 262_144, 70_000];
    let at = 0;
    for (let reads = 0;; reads++) {
      const into = received.subarray(at, at + sizes[reads % sizes.length]!);
      const count = await server.read(into);
      if (count === null) break;
      at += count;
      if (reads % 3 === 0) await runtime.timers.turn();
      if (reads % 7 === 0) server.watch();
    }
    sameBytes(received.subarray(0, at), sent);
    await sending;
    await server.write(pattern(7));
    sameBytes(await readBytes(client, 7), pattern(7));
    client.close();
    server.close();
    await listener.close();
  });

  check("a file is sent as far as the kernel takes it", options, async (subject) => {
    const { runtime, folder } = subject;
    const { listener, client, server } = await pair(runtime);
    const content = pattern(40_000_000);
    const file = runtime.files.open(`${folder}/sent`, "append");
    file.append(content);
    const { kernelFile } = file;
    const isOffered = ["bun", "deno"].includes(runtime.name) && platform() === "linux";
    try {
      assert.equal(client.sendFile !== undefined && kernelFile !== undefined, isOffered);
      if (client.sendFile === undefined || kernelFile === undefined) return;
      assert.equal(kernelFile.isCached(0, content.length), true);
      assert.equal(kernelFile.isCached(content.length - 10, 100_000), false, "past its end");
      await client.write(pattern(7));
      const send = (position: number) =>
        client.sendFile!(kernelFile, { position, bytes: content.length - position });
      let sent = send(0);
      assert.ok(sent > 0 && sent < content.length, `${sent} bytes for who does not read`);
      const received = readBytes(server, 7 + content.length);
      while (sent < content.length) {
        await client.write(content.subarray(sent, sent + 1000));
        sent += Math.min(1000, content.length - sent);
        sent += send(sent);
      }
      const whole = await received;
      sameBytes(whole.subarray(0, 7), pattern(7));
      sameBytes(whole.subarray(7), content);
      client.close();
      assert.equal(send(0), 0, "a connection that is closed takes nothing");
    } finally {
      client.close();
      file.close();
      server.close();
      await listener.close();
    }
  });

  check("many small writes arrive whole and in order", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    const bytes = pattern(40_000);
    const reading = readBytes(server, bytes.length);
    for (let i = 0; i < bytes.length; i += 20) await client.write(bytes.subarray(i, i + 20));
    sameBytes(await reading, bytes);
    client.close();
    server.close();
    await listener.close();
  });
}

function endingSuite(options: SubjectOptions): void {
  check("a half-closed peer still gets its answer", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    await client.write(pattern(5));
    await client.closeWrite();
    sameBytes(await readBytes(server, 100), pattern(5));
    await server.write(pattern(50_000));
    await server.closeWrite();
    sameBytes(await readBytes(client, 100_000), pattern(50_000));
    await listener.close();
  });

  check("close ends a pending read and rejects writes with Closed", options, async (subject) => {
    const { listener, client, server } = await pair(subject.runtime);
    const reading = client.read(new Uint8Array(10));
    await subject.runtime.timers.turn();
    client.close();
    client.close();
    assert.equal(await reading, null);
    await client.closed;
    assert.equal(await client.read(new Uint8Array(10)), null);
    await fails("Closed", () => client.write(pattern(1)));
    await endOf(server);
    await listener.close();
  });

  check("close rejects a pending write with Closed", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    const writing = fails("Closed", () => client.write(new Uint8Array(64 * 1024 * 1024)));
    await wait(runtime, 50);
    client.close();
    await writing;
    server.close();
    await listener.close();
  });

  check("a write to a peer that is gone rejects with Closed", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    client.close();
    await fails("Closed", async () => {
      for (let i = 0; i < 1_000; i++) {
        await server.write(pattern(1_000));
        await runtime.timers.turn();
      }
    });
    await endOf(server);
    server.close();
    await listener.close();
  });

  check("a peer that drops unread bytes ends our reads, or Closed", options, async (subject) => {
    const { listener, client, server } = await pair(subject.runtime);
    await client.write(pattern(1_000));
    await server.read(new Uint8Array(1));
    server.close();
    await endOf(client);
    client.close();
    await listener.close();
  });

  check("a connection that both sides have ended is closed", options, async ({ runtime }) => {
    const { listener, client, server } = await pair(runtime);
    await client.closeWrite();
    await server.closeWrite();
    for (const socket of [client, server]) {
      assert.equal(await endOf(socket), "end");
      await socket.closed;
    }
    await listener.close();
  });
}
