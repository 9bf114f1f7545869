// A connection between two simulated machines: what waits in the broker's memory while a client
// sends requests and does not read the answers.

import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../../base/bytes.ts";
import { itemAt } from "../../base/items.ts";
import { simulate } from "../../runtime/simulated.ts";
import type { Runtime, Socket } from "../../runtime/ports.ts";
import { MemoryShare } from "../../base/memory_share.ts";
import type { WorkSlices } from "../../base/pieces.ts";
import { Slices } from "../../log/mod.ts";
import { Connection, type Dispatched } from "./connection.ts";
import { FrameBuffers } from "./frame_buffers.ts";
import type { Session } from "./session.ts";

const answerBytes = 300 * 1024;
const requestCount = 50;
const unbounded = () => new MemoryShare(() => Infinity);

/** Requests of four bytes, the last of which is the request's number. */
const requests = new Uint8Array(
  Array.from({ length: requestCount }, (_, i) => [0, 0, 0, 4, 0, 0, 0, i]).flat(),
);

/** Serves with `dispatch` at port 9092, and counts the bytes that the kernel has not yet taken. */
async function serve(
  runtime: Runtime,
  dispatch: (frame: Uint8Array, session: Session) => Dispatched,
  { buffers, slices = new Slices(runtime) }: { buffers?: FrameBuffers; slices?: WorkSlices } = {},
) {
  const memory = { heldBytes: 0, heldBytesMax: 0, ofAnswers: new MemoryShare(() => 0) };
  const ended = Promise.withResolvers<void>();
  await runtime.network.listen({ host: "server", port: 9092 }, (socket) => {
    const connection = new Connection(socket, {
      listener: { name: "PLAINTEXT", advertised: socket.local },
      timers: runtime.timers,
      monotonic: () => runtime.clock.monotonic(),
      logger: runtime.logger({ format: "text", level: "info" }),
      requestBytesMax: 1024 * 1024,
      answers: memory.ofAnswers,
      slices,
      buffers: buffers ?? new FrameBuffers({ buffers: unbounded(), frames: unbounded() }),
      dispatch: (frame, session) => {
        memory.heldBytes += answerBytes;
        memory.heldBytesMax = Math.max(memory.heldBytesMax, memory.heldBytes);
        return dispatch(frame, session);
      },
      isClosing: () => false,
      onSent: (chunk) => memory.heldBytes -= chunk.length,
      sendsFileParts: true,
      onBug: (error) => ended.reject(error),
    });
    connection.run().then(ended.resolve);
  });
  return { memory, ended: ended.promise };
}

async function sent(socket: Socket, bytes: Uint8Array): Promise<void> {
  await socket.write(bytes);
}

function answerTo(frame: Uint8Array): Uint8Array[] {
  return [new Uint8Array(answerBytes).fill(itemAt(frame, 3))];
}

const dispatches: readonly { name: string; dispatch: (frame: Uint8Array) => Dispatched }[] = [
  {
    name: "at once",
    dispatch: (frame) => ({ reply: answerTo(frame), pipelined: false }),
  },
  {
    name: "later",
    dispatch: (frame) => ({ reply: Promise.resolve(answerTo(frame)), pipelined: false }),
  },
];

for (const { name, dispatch } of dispatches) {
  Deno.test(`requests answered ${name} wait while their client does not read`, async () => {
    const world = simulate(1);
    const server = await world.drive(serve(world.start("server"), dispatch));
    const client = world.start("client");
    const socket = await world.drive(client.network.connect({ host: "server", port: 9092 }));
    await world.drive(sent(socket, requests));
    await world.run(60_000);
    const { heldBytesMax } = server.memory;
    assert(heldBytesMax <= 2 * answerBytes, `${heldBytesMax} bytes of answers were held`);

    // Nothing is lost by it: whoever reads at last finds every answer, in order.
    const reading = (async () => {
      const buffer = new Uint8Array(answerBytes);
      let total = 0;
      for (;;) {
        const count = await socket.read(buffer);
        if (count === null) return total;
        for (const byte of buffer.subarray(0, count)) {
          assertEquals(byte, Math.floor(total++ / answerBytes));
        }
      }
    })();
    await world.drive(socket.closeWrite());
    assertEquals(await world.drive(reading), requestCount * answerBytes);
    await world.drive(server.ended);
    assertEquals(server.memory.heldBytes, 0);
    assertEquals(server.memory.ofAnswers.bytes, 0);
  });
}

Deno.test("a large answer leaves in a slice of its own, and a small one at once", async () => {
  const world = simulate(1);
  const slice = Promise.withResolvers<void>();
  const weights: number[] = [];
  const slices = {
    isOver: true,
    spend: (weight: number) => void weights.push(weight),
    async next() {
      await slice.promise;
      slices.isOver = false;
    },
  };
  const dispatch = (frame: Uint8Array) => {
    return { reply: [new Uint8Array(frame[3] === 0 ? 1_000 : answerBytes)], pipelined: false };
  };
  const server = await world.drive(serve(world.start("server"), dispatch, { slices }));
  const client = world.start("client");
  const socket = await world.drive(client.network.connect({ host: "server", port: 9092 }));
  let received = 0;
  const reading = (async () => {
    const buffer = new Uint8Array(answerBytes);
    for (;;) {
      const count = await socket.read(buffer);
      if (count === null) return;
      received += count;
    }
  })();
  await world.drive(sent(socket, requests.subarray(0, 16)));
  await world.run(1_000);
  assertEquals([received, weights.length], [1_000, 0], "the other one waits");
  slice.resolve();
  await world.drive(socket.closeWrite());
  await world.drive(reading);
  await world.drive(server.ended);
  assertEquals([received, weights.length], [1_000 + answerBytes, 1]);
  assertEquals(server.memory.ofAnswers.bytes, 0);
});

Deno.test("what a connection held is given back when it is dropped", async () => {
  const world = simulate(1);
  const { dispatch } = itemAt(dispatches, 1);
  const server = await world.drive(serve(world.start("server"), dispatch));
  const client = world.start("client");
  const socket = await world.drive(client.network.connect({ host: "server", port: 9092 }));
  await world.drive(sent(socket, requests));
  await world.run(60_000);
  assert(server.memory.ofAnswers.bytes > 0);
  world.kill("client");
  await world.drive(server.ended);
  assertEquals(server.memory.ofAnswers.bytes, 0);
});

Deno.test("a client that resets ends its connection, whatever it was waiting for", async () => {
  const world = simulate(1);
  const reply = new Promise<never>(() => {});
  const dispatch = () => ({ reply, pipelined: false });
  const server = await world.drive(serve(world.start("server"), dispatch));
  const client = world.start("client");
  const socket = await world.drive(client.network.connect({ host: "server", port: 9092 }));
  await world.drive(sent(socket, requests.subarray(0, 8)));
  await world.run(60_000);
  world.reset(socket);
  await world.drive(server.ended);
});

/** A frame of `length` bytes, all of them `fill`. */
function frameOf(length: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(4 + length).fill(fill);
  new DataView(bytes.buffer).setInt32(0, length);
  return bytes;
}

const lending = {
  "that a handler says it needs": (session: Session, until: Promise<void>) => {
    session.keepFrame(until);
    return {};
  },
  "that is lent to a handler": (_: Session, until: Promise<void>) => ({ frameUsed: until }),
};

for (const [name, lend] of Object.entries(lending)) {
  Deno.test(`a frame ${name} is nobody else's, though its client is gone`, async () => {
    const frames = unbounded();
    const buffers = new FrameBuffers({ buffers: unbounded(), frames });
    const use = Promise.withResolvers<void>();
    const seen: Uint8Array[] = [];
    const dispatch = (frame: Uint8Array, session: Session): Dispatched => {
      seen.push(frame);
      const reply = use.promise.then(() => null);
      return { reply, pipelined: false, ...lend(session, use.promise) };
    };
    const world = simulate(1);
    await world.drive(serve(world.start("server"), dispatch, { buffers }));
    const large = 600_000;
    for (const fill of [7, 8]) {
      const client = world.start(`client-${fill}`);
      const socket = await world.drive(client.network.connect({ host: "server", port: 9092 }));
      world.drive(sent(socket, frameOf(large, fill)));
      await world.run(1_000);
      world.kill(`client-${fill}`);
      await world.run(1_000);
    }
    assertEquals(seen.map((frame) => [frame.length, frame[0], frame.at(-1)]), [
      [large, 7, 7],
      [large, 8, 8],
    ]);
    assert(frames.bytes >= 2 * large, `${frames.bytes} bytes are claimed for what is looked at`);
    use.resolve();
    await world.run(1_000);
    assertEquals(frames.bytes, 0);
  });
}

Deno.test("a large request waits for a slice of its own, and a small one does not", async () => {
  const world = simulate(1);
  const slice = Promise.withResolvers<void>();
  const slices = {
    isOver: true,
    spend: () => {},
    async next() {
      await slice.promise;
      slices.isOver = false;
    },
  };
  const seen: number[] = [];
  const dispatch = (frame: Uint8Array): Dispatched => {
    seen.push(frame.length);
    return { reply: null, pipelined: true };
  };
  await world.drive(serve(world.start("server"), dispatch, { slices }));
  const client = world.start("client");
  const socket = await world.drive(client.network.connect({ host: "server", port: 9092 }));
  const requests = [10, 600_000, 20].map((length) => frameOf(length, 7));
  world.drive(sent(socket, concatBytes(requests)));
  await world.run(1_000);
  assertEquals(seen, [10]);
  slice.resolve();
  await world.run(1_000);
  assertEquals(seen, [10, 600_000, 20]);
});

Deno.test("a large frame gives its memory back as soon as it was looked at", async () => {
  const frames = unbounded();
  const buffers = new FrameBuffers({ buffers: unbounded(), frames });
  const use = Promise.withResolvers<void>();
  const dispatch = (): Dispatched => {
    return { reply: new Promise(() => {}), pipelined: false, frameUsed: use.promise };
  };
  const world = simulate(1);
  await world.drive(serve(world.start("server"), dispatch, { buffers }));
  const client = world.start("client");
  const socket = await world.drive(client.network.connect({ host: "server", port: 9092 }));
  world.drive(sent(socket, frameOf(600_000, 7)));
  await world.run(1_000);
  assert(frames.bytes >= 600_000, `${frames.bytes} bytes`);
  use.resolve();
  await world.run(1_000);
  assertEquals(frames.bytes, 0);
});
