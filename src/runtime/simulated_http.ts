// HTTP between simulated machines: questions and answers as frames on simulated connections, so
// that delays, cuts, partitions and stopped processes are those of their network.
//
//   question:  frame(JSON: path, body, headers)
//   answer:    frame(JSON: status) frame(bytes) ... frame()          int32 length | bytes
//
// Invariant: as of the real port, an answer is in memory up to `bytesMax` and waited for up to
// `msMax`.

import { concatBytes, fromUtf8, utf8 } from "../base/bytes.ts";
import { isPlatformFault, PlatformFault } from "../base/faults.ts";
import { int32At } from "../base/items.ts";
import type {
  Address,
  HttpAnswer,
  HttpClient,
  HttpQuestion,
  HttpStream,
  Listener,
  Network,
  Socket,
  Timers,
} from "./ports.ts";

/** A question as a simulated server gets it. */
export interface SimulatedQuestion {
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a simulated server says: all at once, or by and by until the asker goes. */
export type SimulatedAnswer =
  | { readonly status: number; readonly body: string }
  | { readonly status: number; readonly follow: (follower: SimulatedFollower) => void };

/** Who follows an answer without an end. */
export interface SimulatedFollower {
  send(text: string): void;
  end(): void;
  /** Resolves once nobody listens any more. */
  readonly gone: Promise<void>;
}

/** Serves a machine's HTTP; what is asked is not answered while `answer` waits. */
export function serveSimulatedHttp(
  network: Network,
  address: Address,
  answer: (question: SimulatedQuestion) => SimulatedAnswer | Promise<SimulatedAnswer>,
): Promise<Listener> {
  const serve = async (socket: Socket) => {
    const asked = await new FrameReader(socket).next();
    if (asked === null) return socket.close();
    const said = await answer(JSON.parse(fromUtf8(asked)) as SimulatedQuestion);
    await socket.write(frame(utf8(JSON.stringify({ status: said.status }))));
    if ("body" in said) {
      await socket.write(frame(utf8(said.body)));
      await socket.write(frame(new Uint8Array()));
      // The asker closes it, once it has all.
      return;
    }
    const gone = Promise.withResolvers<void>();
    let last: Promise<unknown> = Promise.resolve();
    const write = (bytes: Uint8Array) => {
      last = last.then(() => socket.write(bytes)).catch(() => gone.resolve());
    };
    said.follow({
      send: (text) => write(frame(utf8(text))),
      end: () => write(frame(new Uint8Array())),
      gone: gone.promise,
    });
    // Nothing more is sent this way: a read ends with the connection.
    await new FrameReader(socket).next().catch(() => null);
    gone.resolve();
    socket.close();
  };
  return network.listen(address, (socket) => {
    serve(socket).catch((error) => {
      socket.close();
      if (!isPlatformFault(error, "Closed")) throw error;
    });
  });
}

/** The client of one process. */
export function simulatedHttpClient(network: Network, timers: Timers): HttpClient {
  return new SimulatedHttpClient(network, timers);
}

/** An answer whose head has come. */
interface Begun {
  readonly status: number;
  readonly reader: FrameReader;
  /** Rejects once the time is over. */
  readonly late: Promise<never>;
  readonly fault: (reason: string) => PlatformFault;
  /** Time does not count any more. */
  readonly inTime: () => void;
  readonly drop: () => void;
}

class SimulatedHttpClient implements HttpClient {
  readonly #network: Network;
  readonly #timers: Timers;
  readonly #open = new Set<() => void>();
  #isClosed = false;

  constructor(network: Network, timers: Timers) {
    this.#network = network;
    this.#timers = timers;
  }

  async ask(url: string, question: HttpQuestion): Promise<HttpAnswer> {
    const { status, reader, late, inTime, drop, fault } = await this.#begin(url, question);
    try {
      const chunks: Uint8Array[] = [];
      for (let length = 0;;) {
        const chunk = await Promise.race([reader.next(), late]);
        if (chunk === null) throw fault("it hung up");
        if (chunk.length === 0) return { status, body: concatBytes(chunks) };
        chunks.push(chunk);
        length += chunk.length;
        if (length > question.bytesMax) throw fault(`more than ${question.bytesMax} bytes`);
      }
    } finally {
      inTime();
      drop();
    }
  }

  async follow(url: string, question: HttpQuestion): Promise<HttpStream> {
    const { status, reader, inTime, drop } = await this.#begin(url, question);
    inTime();
    return {
      status,
      close: drop,
      async read() {
        const chunk = await reader.next();
        return chunk === null || chunk.length === 0 ? null : chunk;
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const drop of this.#open) drop();
  }

  async #begin(url: string, question: HttpQuestion): Promise<Begun> {
    if (this.#isClosed) throw new PlatformFault("Closed", "the HTTP client is closed");
    const target = new URL(url);
    const fault = (reason: string) =>
      new PlatformFault("Io", `cannot ask ${target.origin}${target.pathname}: ${reason}`);
    const late = Promise.withResolvers<never>();
    let socket: Socket | undefined;
    const drop = () => {
      this.#open.delete(drop);
      socket?.close();
    };
    this.#open.add(drop);
    const deadline = this.#timers.after(question.msMax, () => {
      late.reject(fault("no answer in time"));
      drop();
    });
    const head = async () => {
      socket = await this.#network.connect({ host: target.hostname, port: Number(target.port) });
      const { json: body = "", headers = {} } = question;
      await socket.write(frame(utf8(JSON.stringify({ path: target.pathname, body, headers }))));
      const reader = new FrameReader(socket);
      const bytes = await reader.next();
      if (bytes === null) throw fault("it hung up");
      const { status } = JSON.parse(fromUtf8(bytes)) as { status: number };
      return { status, reader };
    };
    // Whichever comes second is of no interest.
    late.promise.catch(() => {});
    const came = head();
    came.catch(() => {});
    const inTime = () => deadline.cancel();
    try {
      const begun = await Promise.race([came, late.promise]);
      return { ...begun, late: late.promise, fault, inTime, drop };
    } catch (error) {
      inTime();
      drop();
      throw error;
    }
  }
}

function frame(bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(4 + bytes.length);
  new DataView(framed.buffer).setInt32(0, bytes.length);
  framed.set(bytes, 4);
  return framed;
}

/** As much as comes at once. */
const chunkBytes = 16 * 1024;

class FrameReader {
  readonly #socket: Socket;
  readonly #chunk = new Uint8Array(chunkBytes);
  #rest: Uint8Array = new Uint8Array();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The next frame; null at the end of the connection. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#rest.length >= 4) {
        const end = 4 + int32At(this.#rest, 0);
        if (this.#rest.length >= end) {
          const bytes = this.#rest.slice(4, end);
          this.#rest = this.#rest.slice(end);
          return bytes;
        }
      }
      const count = await this.#socket.read(this.#chunk);
      if (count === null) return null;
      this.#rest = concatBytes([this.#rest, this.#chunk.subarray(0, count)]);
    }
  }
}
