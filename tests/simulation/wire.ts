// What goes over the wire between clients and the broker. Each request is told, and each answer
// with its request, to those who watch over the laws: they need to know no client. And chance may
// have a request fare badly:
//
//   passes       sent, answered
//   lost         the connection breaks before it is sent
//   unanswered   the connection breaks when its answer is there: the client never sees it
//   late         as lost, but it arrives after all, when nobody waits for it any more
//   twice        passes, and arrives once more, later, by another connection
//
// Invariant: what is told as answered, the client has been given; frames arrive whole.

import { BytesReader, concatBytes } from "../../src/base/bytes.ts";
import {
  type AnyApi,
  decodeRequestHeader,
  decodeResponse,
  type RequestOf,
  type ResponseOf,
} from "../../src/protocol/mod.ts";
import type { Address, Network, Receiver, Runtime, Socket } from "../../src/runtime/ports.ts";

export type Fate = "passes" | "lost" | "unanswered" | "late" | "twice";

/** A request that a client has sent. */
export interface Asked<A extends AnyApi = AnyApi> {
  /** The client and which of its lives, such as "sender.1". */
  readonly who: string;
  readonly api: A;
  readonly version: number;
  readonly request: RequestOf<A>;
  readonly sentMs: number;
  readonly fate: Fate;
}

/** The same with its answer. */
export interface Answered<A extends AnyApi = AnyApi> extends Asked<A> {
  readonly response: ResponseOf<A>;
  readonly answeredMs: number;
}

/** The exchange, if it is one of `api`. */
export function askedOf<A extends AnyApi>(asked: Asked, api: A): Asked<A> | undefined {
  return asked.api === api ? asked as unknown as Asked<A> : undefined;
}

export function answeredOf<A extends AnyApi>(answered: Answered, api: A): Answered<A> | undefined {
  return answered.api === api ? answered as unknown as Answered<A> : undefined;
}

export interface WireOptions {
  /** What the broker serves, by key. */
  readonly apis: ReadonlyMap<number, AnyApi>;
  readonly nowMs: () => number;
  readonly fateOf: (asked: Omit<Asked, "fate">) => Fate;
  /** How long a request that is late is on its way. */
  readonly lateMs: () => number;
  readonly onAsked: (asked: Asked) => void;
  readonly onAnswered: (answered: Answered) => void;
  /** Carries what is late: a machine that nobody kills. */
  readonly carrier: Pick<Runtime, "network" | "timers">;
}

/** `network` as the client `who` has it. */
export function watchedNetwork(network: Network, who: string, options: WireOptions): Network {
  return {
    ...network,
    connect: async (address) =>
      new WatchedSocket(await network.connect(address), { address, who, ...options }),
  };
}

interface Pending {
  readonly asked: Asked;
  readonly correlationId: number;
}

type WatchedOptions = WireOptions & { readonly who: string; readonly address: Address };

class WatchedSocket implements Socket {
  readonly #inner: Socket;
  readonly #options: WatchedOptions;
  readonly #pending: Pending[] = [];
  /** Bytes of a frame that is not whole, each way. */
  #out: Uint8Array = new Uint8Array(0);
  #in: Uint8Array = new Uint8Array(0);

  constructor(inner: Socket, options: WatchedOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  get local(): Address {
    return this.#inner.local;
  }

  get remote(): Address {
    return this.#inner.remote;
  }

  get closed(): Promise<void> {
    return this.#inner.closed;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { frames, rest } = cut(concatBytes([this.#out, bytes]));
    this.#out = rest;
    for (const frame of frames) await this.#send(frame);
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const count = await this.#inner.read(into);
    if (count === null) return null;
    const { frames, rest } = cut(concatBytes([this.#in, into.subarray(0, count)]));
    this.#in = rest;
    const answers = frames.map((frame, i) => ({ frame, pending: this.#pending[i] }));
    if (answers.some(({ pending }) => pending?.asked.fate === "unanswered")) {
      this.#inner.close();
      return null;
    }
    this.#pending.splice(0, answers.length);
    for (const { frame, pending } of answers) if (pending !== undefined) this.#tell(frame, pending);
    return count;
  }

  receive(into: Uint8Array<ArrayBuffer>, receiver: Receiver): void {
    this.read(into).then(
      (count) => receiver.onReceived(count),
      (fault) => receiver.onBroken(fault),
    );
  }

  watch(): void {
    this.#inner.watch();
  }

  holdProcess(isHeld: boolean): void {
    this.#inner.holdProcess(isHeld);
  }

  closeWrite(): Promise<void> {
    return this.#inner.closeWrite();
  }

  close(): void {
    this.#inner.close();
  }

  async #send(frame: Uint8Array): Promise<void> {
    const { apis, who, nowMs, fateOf, onAsked, lateMs } = this.#options;
    const body = frame.subarray(4);
    const { apiKey, apiVersion, correlationId, bodyPosition } = decodeRequestHeader(
      body,
      (key) => apis.get(key),
    );
    const api = apis.get(apiKey);
    if (api === undefined) throw new Error(`the broker serves no API with key ${apiKey}`);
    const reader = new BytesReader(body);
    reader.position = bodyPosition;
    const request = api.request.decode(reader, apiVersion);
    const sent = { who, api, version: apiVersion, request, sentMs: nowMs() };
    const asked = { ...sent, fate: fateOf(sent) };
    onAsked(asked);
    if (asked.fate === "late" || asked.fate === "twice") this.#carry(frame, lateMs());
    if (asked.fate === "late" || asked.fate === "lost") return this.#inner.close();
    this.#pending.push({ asked, correlationId });
    await this.#inner.write(frame);
  }

  /** Brings `frame` to the broker later; nobody hears of its answer. */
  #carry(frame: Uint8Array, afterMs: number): void {
    const { address, carrier: { network, timers } } = this.#options;
    timers.after(afterMs, () => {
      network.connect(address).then(async (socket) => {
        await socket.write(frame);
        timers.after(afterMs, () => socket.close());
      }).catch(() => {/* The broker is away: it is lost after all. */});
    });
  }

  #tell(frame: Uint8Array, { asked, correlationId }: Pending): void {
    const answer = decodeResponse(asked.api, asked.version, frame.subarray(4));
    if (answer.correlationId !== correlationId) throw new Error("an answer out of turn");
    const { nowMs, onAnswered } = this.#options;
    onAnswered({ ...asked, response: answer.message, answeredMs: nowMs() });
  }
}

/** The whole frames in `bytes`, sizes included, each with memory of its own, and what is left. */
function cut(bytes: Uint8Array): { frames: Uint8Array[]; rest: Uint8Array } {
  const frames: Uint8Array[] = [];
  let start = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (bytes.length - start >= 4) {
    const end = start + 4 + view.getInt32(start);
    if (end > bytes.length) break;
    frames.push(bytes.slice(start, end));
    start = end;
  }
  return { frames, rest: bytes.slice(start) };
}
