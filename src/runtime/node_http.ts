// HTTP by node:http, on Deno and Bun as well. Their own servers bound neither the connections nor
// the time of a request, and Bun's node:http does not know of a connection on which nothing came:
// so node:net accepts here, and hands each connection over; behind TLS, to a handshake first.
//
//   connection --3 s--> head, 16 KiB at most --10 s--> answered --10 s--> the next one, or closed
//         `--10 s--> its handshake is done, and it is a connection as above
//
// The modules are fetched at the first call: most brokers serve no HTTP. Invariant: at most
// `connectionsMax` connections are open and as many shake hands, each has a deadline, and `close`
// leaves none.

import type * as Http from "node:http";
import type * as Net from "node:net";
import { formatAddress } from "../base/address.ts";
import { messageOf } from "../base/faults.ts";
import { webTimers } from "./event_loop.ts";
import { askByNode, nodeHttpClient } from "./node_http_client.ts";
import { platformFault } from "./platform_faults.ts";
import type { Address, HttpPort, HttpServer, Timer } from "./ports.ts";
import { plainAddress } from "./socket_address.ts";
import { TlsServer } from "./tls_server.ts";

const connectionsMax = 32;
const headBytesMax = 16 * 1024;
const handshakeMsMax = 10_000;
const headMsMax = 3_000;
const answerMsMax = 10_000;
const idleMsMax = 10_000;

type Answer = (request: Request) => Response | Promise<Response>;

/** HTTP on Deno, Bun and Node. */
export const nodeHttp: HttpPort = {
  ask: askByNode,
  client: nodeHttpClient,

  async serve(address, answer) {
    const serving = new Serving(answer);
    const listener = await listen(address, (socket) => serving.take(socket));
    return serverOf(listener, { serving, drop: () => serving.close() });
  },

  async serveTls(address, { terms, onFailed }, answer) {
    const serving = new Serving(answer);
    const rules = { handshakeMsMax, handshakesMax: connectionsMax, onFailed };
    const onSecured = (socket: Net.Socket) => serving.take(socket);
    const handshakes = new TlsServer({ terms, rules, onSecured });
    const listener = await listen(address, (socket) => handshakes.take(socket));
    const drop = () => {
      handshakes.close();
      serving.close();
    };
    const server = serverOf(listener, { serving, drop });
    return { ...server, renew: (terms) => handshakes.renew(terms) };
  },
};

/** Answers the requests of the connections that it is given. */
class Serving {
  readonly #connections = new Connections();
  readonly #server: Http.Server;

  constructor(answer: Answer) {
    const http: typeof Http = process.getBuiltinModule("node:http");
    const bounds = { maxHeaderSize: headBytesMax, keepAliveTimeout: idleMsMax };
    this.#server = http.createServer(bounds);
    // Deno drops a connection behind its answer where the server does not listen itself: a next
    // request that is on its way would be lost.
    Object.defineProperty(this.#server, "listening", { value: true });
    this.#server.on("request", (incoming, outgoing) => {
      const { socket } = incoming;
      this.#connections.allow(socket, answerMsMax);
      outgoing.on("finish", () => this.#connections.allow(socket, idleMsMax));
      reply(answer, { incoming, outgoing }).catch(() => socket.destroy());
    });
  }

  take(socket: Net.Socket): void {
    if (this.#connections.add(socket)) this.#server.emit("connection", socket);
  }

  /** Of connections that come from now on. */
  holdProcess(isHeld: boolean): void {
    this.#connections.holdProcess(isHeld);
  }

  close(): void {
    this.#connections.close();
  }
}

function listen(address: Address, onAccepted: (socket: Net.Socket) => void): Promise<Net.Server> {
  const net: typeof Net = process.getBuiltinModule("node:net");
  const listener = net.createServer(onAccepted);
  return new Promise((resolve, reject) => {
    listener.once("error", (error) => {
      reject(platformFault(`listen on ${formatAddress(address)}`, error));
    });
    listener.listen({ host: address.host, port: address.port }, () => {
      listener.on("error", () => {
        // A failed accept, out of file descriptors: the connection is refused, we listen on.
      });
      resolve(listener);
    });
  });
}

/** The open connections, each with the time that it has left. */
class Connections {
  readonly #open = new Map<Net.Socket, Timer>();
  #holdsProcess = true;

  /** Takes one in, or drops it when there are too many. */
  add(socket: Net.Socket): boolean {
    if (this.#open.size >= connectionsMax) {
      socket.destroy();
      return false;
    }
    if (!this.#holdsProcess) socket.unref();
    this.#open.set(socket, this.#deadline(socket, headMsMax));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#open.get(socket)?.cancel();
      this.#open.delete(socket);
    });
    return true;
  }

  /** Of those that are added from now on. */
  holdProcess(isHeld: boolean): void {
    this.#holdsProcess = isHeld;
  }

  /** From now on it has so much time. */
  allow(socket: Net.Socket, ms: number): void {
    const deadline = this.#open.get(socket);
    if (deadline === undefined) return;
    deadline.cancel();
    this.#open.set(socket, this.#deadline(socket, ms));
  }

  /** Drops all of them. */
  close(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #deadline(socket: Net.Socket, ms: number): Timer {
    const holdsProcess = this.#holdsProcess;
    return webTimers.after(ms, () => socket.destroy(), { holdsProcess });
  }
}

function serverOf(
  listener: Net.Server,
  { serving, drop }: { readonly serving: Serving; readonly drop: () => void },
): HttpServer {
  const bound = listener.address() as Net.AddressInfo;
  return {
    address: plainAddress(bound.address, bound.port),
    holdProcess(isHeld) {
      if (isHeld) listener.ref();
      else listener.unref();
      serving.holdProcess(isHeld);
    },
    close() {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      drop();
      return closed;
    },
  };
}

async function reply(
  answer: Answer,
  { incoming, outgoing }: { incoming: Http.IncomingMessage; outgoing: Http.ServerResponse },
): Promise<void> {
  const request = requestOf(incoming);
  const response = request === undefined
    ? new Response("this is no request that can be understood\n", { status: 400 })
    : await answerOf(answer, request);
  const body = new Uint8Array(await response.arrayBuffer());
  // What a request may still send as its body is not waited for.
  if (incoming.method !== "GET" && incoming.method !== "HEAD") {
    outgoing.setHeader("connection", "close");
  }
  response.headers.forEach((value, name) => outgoing.setHeader(name, value));
  outgoing.setHeader("content-length", body.length);
  outgoing.statusCode = response.status;
  outgoing.end(incoming.method === "HEAD" ? undefined : body);
}

async function answerOf(answer: Answer, request: Request): Promise<Response> {
  try {
    return await answer(request);
  } catch (error) {
    return new Response(`${messageOf(error)}\n`, { status: 500 });
  }
}

/** Undefined for what the web platform has no words for, such as CONNECT or a Host of two words. */
function requestOf({ url, method, headers }: Http.IncomingMessage): Request | undefined {
  try {
    const named = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    return new Request(new URL(url ?? "/", `http://${headers.host ?? "localhost"}`), {
      method,
      headers: named as [string, string][],
    });
  } catch {
    return undefined;
  }
}
