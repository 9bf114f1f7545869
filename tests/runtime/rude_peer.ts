// A peer without manners, by node:net, which has what the ports lack on purpose: it resets.
//
//   rude_peer.ts HOST PORT COUNT BYTES      as a program: connects, sends, resets, COUNT times
//
// A runtime that waits for the program cannot accept meanwhile, so that every one of those
// connections has been reset before it is accepted.

import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import type { Address } from "../../src/runtime/ports.ts";
import { pattern, type RudePeer } from "./subject.ts";

/** Connects, and reads nothing. */
export async function connectRudely(address: Address): Promise<RudePeer> {
  const socket = await connected(address);
  return {
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}

async function connected({ host, port }: Address): Promise<Socket> {
  const socket = connectTcp({ host, port, allowHalfOpen: true });
  socket.pause();
  await once(socket, "connect");
  socket.on("error", () => {});
  return socket;
}

if (import.meta.main) {
  const [host, port, count, bytes] = process.argv.slice(2);
  for (let i = 0; i < Number(count); i++) {
    const peer = await connectRudely({ host, port: Number(port) });
    if (Number(bytes) > 0) await peer.write(pattern(Number(bytes)));
    peer.reset();
  }
}
