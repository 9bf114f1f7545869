// The part of the ports suite about peers that are gone without a word: a reset at each moment of a
// connection's life costs that connection, and nothing else.
//
//   before accept | before a byte | mid-frame | unread | mid-answer | behind either end | at close
//
// Whatever the moment: reads end or reject with Closed, writes reject with Closed, `close` may be
// called as often as one likes, and the listener serves the next one. What is thrown outside of a
// promise fails the run of the test's runtime.

import assert from "node:assert/strict";
import type { Listener, Runtime, Socket } from "../../src/runtime/ports.ts";
import {
  check,
  echo,
  endOf,
  fails,
  pattern,
  readBytes,
  type RudePeer,
  sameBytes,
  type SubjectOptions,
  wait,
} from "./subject.ts";

const anyPort = { host: "127.0.0.1", port: 0 };

/** More than an adapter queues, and less than it and the kernel hold together. */
const unreadBytes = 700_000;

/** More than the kernels of both sides hold. */
const endlessBytes = 64 * 1024 * 1024;

interface Met {
  readonly runtime: Runtime;
  readonly peer: RudePeer;
  readonly server: Socket;
}

/** What happens until the peer resets, and what the server's side must show of it. */
interface Moment {
  readonly name: string;
  run(met: Met): Promise<void>;
}

const moments: readonly Moment[] = [
  {
    name: "before a byte was sent",
    async run({ peer, server }) {
      const reading = endOf(server);
      peer.reset();
      assert.equal(await reading, "Closed");
    },
  },
  {
    name: "in the middle of a frame",
    async run({ runtime, peer, server }) {
      await peer.write(pattern(3));
      sameBytes(await readBytes(server, 3), pattern(3));
      const reading = fails("Closed", () => readBytes(server, 10));
      await peer.write(pattern(4));
      await runtime.timers.turn();
      peer.reset();
      await reading;
    },
  },
  {
    name: "while nobody reads, and somebody watches",
    async run({ peer, server }) {
      await peer.write(pattern(3));
      sameBytes(await readBytes(server, 3), pattern(3));
      server.watch();
      peer.reset();
      await server.closed;
    },
  },
  {
    name: "while somebody watches, behind much that was read",
    async run({ peer, server }) {
      const sending = peer.write(pattern(unreadBytes));
      sameBytes(await readBytes(server, unreadBytes), pattern(unreadBytes));
      await sending;
      server.watch();
      peer.reset();
      await server.closed;
    },
  },
  {
    name: "behind bytes that came while somebody watched",
    async run({ runtime, peer, server }) {
      server.watch();
      for (let i = 0; i < 3; i++) {
        await peer.write(pattern(20));
        await wait(runtime, 5);
      }
      peer.reset();
      await server.closed;
    },
  },
  {
    name: "with bytes that nobody has read",
    async run({ peer, server }) {
      await peer.write(pattern(unreadBytes));
      await server.read(new Uint8Array(1));
      peer.reset();
      await endOf(server);
    },
  },
  {
    name: "in the middle of an answer",
    async run({ peer, server }) {
      const writing = fails("Closed", () => server.write(new Uint8Array(endlessBytes)));
      await peer.write(pattern(1));
      await readBytes(server, 1);
      peer.reset();
      await writing;
      await endOf(server);
    },
  },
  {
    name: "in the middle of an answer, while nobody reads",
    async run({ peer, server }) {
      await peer.write(pattern(1));
      const writing = fails("Closed", () => server.write(new Uint8Array(endlessBytes)));
      peer.reset();
      await writing;
    },
  },
  {
    name: "behind our end",
    async run({ peer, server }) {
      await server.closeWrite();
      peer.reset();
      await endOf(server);
    },
  },
  {
    name: "behind its own end, which we have read",
    async run({ runtime, peer, server }) {
      peer.end();
      assert.equal(await endOf(server), "end");
      peer.reset();
      await fails("Closed", () => writeUntilItFails(runtime, server));
    },
  },
  {
    name: "while we close",
    async run({ peer, server }) {
      const reading = endOf(server);
      peer.reset();
      server.close();
      await reading;
    },
  },
  {
    name: "while we end our side, and close",
    async run({ peer, server }) {
      peer.reset();
      const ending = server.closeWrite();
      server.close();
      await ending;
      await endOf(server);
    },
  },
];

export function resetSuite(options: SubjectOptions): void {
  for (const { name, run } of moments) {
    check(`a reset ${name} costs one connection`, options, async (subject) => {
      const { runtime } = subject;
      const { listener, accepted } = await listen(runtime);
      for (let round = 0; round < 5; round++) {
        const peer = await subject.connectRudely(listener.address);
        const server = await accepted();
        await run({ runtime, peer, server });
        await isGone(server);
      }
      await isServed(runtime, { listener, accepted });
    });
  }

  check("a peer that closes with bytes unread lets no write wait", options, async ({ runtime }) => {
    const { listener, accepted } = await listen(runtime);
    const client = await runtime.network.connect(listener.address);
    const server = await accepted();
    const writing = fails("Closed", () => server.write(new Uint8Array(endlessBytes)));
    await client.read(new Uint8Array(1));
    // Until every buffer on the way is full.
    await wait(runtime, 50);
    client.close();
    await writing;
    await endOf(server);
    await isGone(server);
    await listener.close();
  });

  for (const bytes of [0, 5]) {
    const sentence = `resets before accept, behind ${bytes} bytes, cost one connection each`;
    check(sentence, options, async (subject) => {
      const { runtime } = subject;
      const { listener, accepted } = await listen(runtime);
      await subject.resetEarly(listener.address, { count: 50, bytes });
      const gone = await isServed(runtime, { listener, accepted });
      for (const socket of gone) {
        await endOf(socket);
        await isGone(socket);
      }
    });
  }
}

interface Listening {
  readonly listener: Listener;
  /** The next connection, in the order in which they were accepted. */
  readonly accepted: () => Promise<Socket>;
}

async function listen({ network }: Runtime): Promise<Listening> {
  const sockets: Socket[] = [];
  let wake = () => {};
  const listener = await network.listen(anyPort, (socket) => {
    sockets.push(socket);
    wake();
  });
  const accepted = async () => {
    while (sockets.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return sockets.shift()!;
  };
  return { listener, accepted };
}

/** One with manners is served, and the listener closes; gives those that were accepted before. */
async function isServed({ network }: Runtime, { listener, accepted }: Listening) {
  const client = await network.connect(listener.address);
  const before: Socket[] = [];
  let server = await accepted();
  while (server.remote.port !== client.local.port) {
    before.push(server);
    server = await accepted();
  }
  const serving = echo(server);
  await client.write(pattern(9));
  sameBytes(await readBytes(client, 9), pattern(9));
  await client.closeWrite();
  await serving;
  await listener.close();
  return before;
}

/** Asserts that a connection that was lost can be asked about, written to and closed. */
async function isGone(socket: Socket): Promise<void> {
  for (const { host, port } of [socket.local, socket.remote]) {
    assert.equal(typeof host, "string");
    assert.ok(host !== "" && Number.isInteger(port), `${host}:${port}`);
  }
  socket.close();
  socket.close();
  await fails("Closed", () => socket.write(pattern(1)));
  await endOf(socket);
  await socket.closed;
}

async function writeUntilItFails(runtime: Runtime, socket: Socket): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    await socket.write(pattern(1_000));
    await runtime.timers.turn();
  }
}
