// One client connection: reads frames, has them answered, writes the answers in request order.
//
//   frames --> dispatch --> reply now   --> ordered queue --> socket
//                      \--> reply later --/
//
// Kafka handles one request per connection at a time, and clients match answers by order. So does
// this loop, except that requests marked pipelined (Produce waiting for its fdatasync) may overlap:
// their effects happen in order, before the wait. Replies that are ready together leave together.
//
// A client over its quota gets its answers, and its next request waits in the socket (KIP-219).
//
// Bounds: at most `inFlightMax` unanswered requests, at most `outBytesMax` unwritten bytes before
// the loop waits for the socket; then it stops reading, and TCP tells the client.

import {
  ConnectionFault,
  isPlatformFault,
  messageOf,
  PartitionFault,
  PlatformFault,
  ResignedFault,
} from "../../base/faults.ts";
import { formatAddress } from "../../base/address.ts";
import { type Chunk, type FilePart, isInMemory, type PartRange } from "../../base/file_part.ts";
import { itemAt } from "../../base/items.ts";
import type { Logger, Socket, Timers } from "../../runtime/ports.ts";
import type { MemoryShare } from "../../base/memory_share.ts";
import type { WorkSlices } from "../../base/pieces.ts";
import { SendQueue } from "../../base/send_queue.ts";
import type { LoginOptions } from "../authentication/login.ts";
import type { FrameBuffers } from "./frame_buffers.ts";
import { type FrameBound, FrameReader } from "./frame_reader.ts";
import { PeerPace } from "./peer_pace.ts";
import { type Principal, Session, type SessionListener, type SessionOptions } from "./session.ts";
import { writeFilePart } from "./part_sending.ts";

const inFlightMax = 64;
const outBytesMax = 256 * 1024;
/** So much is written at once, whatever else there is to do. */
const promptBytesMax = 128 * 1024;
/** How much heavier it is to write a byte than to look at it. */
const writeWeight = 2;
/** Of smaller requests a turn of the event loop has room for many. */
const largeFrameBytes = 16 * 1024;
/** While its peer has more than this still to take, a connection reads nothing. */
const readBehindBytesMax = 64 * 1024;

const done = Promise.resolve();

/** The chunks of a response frame; null for a request that is not answered. */
export type Reply = readonly Chunk[] | null;

/** What the connection needs to have a frame answered. */
export interface Dispatched {
  readonly reply: Reply | Promise<Reply>;
  readonly pipelined: boolean;
  /** Whether the handler may keep the bytes of the frame for good. */
  readonly keepsFrame?: boolean;
  /** Of a frame that it works with: it looks at its bytes no more. */
  readonly frameUsed?: Promise<void>;
}

/** Starts answering a frame. Throws ConnectionFault for one that ends the connection. */
export type Dispatch = (frame: Uint8Array, session: Session) => Dispatched;

/** The place of a reply in the order of the requests. */
interface Slot {
  reply: Reply | undefined;
}

export interface ConnectionOptions {
  readonly listener: SessionListener;
  /** Who its certificate says that the client is; absent: it has shown none. */
  readonly principal?: Principal;
  /** How the client has to say who it is; absent: it need not. */
  readonly login?: LoginOptions;
  /** As {@link SessionOptions.onLogin}. */
  readonly onLogin?: SessionOptions["onLogin"];
  readonly timers: Timers;
  readonly monotonic: () => number;
  readonly logger: Logger;
  readonly requestBytesMax: number;
  /** Told what answers hold. */
  readonly answers: MemoryShare;
  /** Large writes are begun in these. */
  readonly slices: WorkSlices;
  /** What requests are received in. */
  readonly buffers: FrameBuffers;
  readonly dispatch: Dispatch;
  /** Whether to take no more requests, and to end once those in progress are answered. */
  readonly isClosing: () => boolean;
  /** A chunk of a reply is with the kernel, or was copied: nobody here needs it any more. */
  readonly onSent: (chunk: Uint8Array) => void;
  /** Whether parts of files may be in answers, where the socket takes them. */
  readonly sendsFileParts: boolean;
  /** A bug of ours surfaced: the connection closes, the process may have to. */
  readonly onBug: (error: unknown, session: Session) => void;
}

/** Serves one socket until it ends. */
export class Connection {
  readonly session: Session;
  /** Whether a request has come since {@link noteIdle} was last called. */
  #isActive = true;
  #idleSinceMs = 0;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #frames: FrameReader;
  readonly #out: SendQueue;
  readonly #queue: Slot[] = [];
  /** Of who waits until nothing in the queue is unanswered. */
  #settled: PromiseWithResolvers<void> | undefined;
  #sentBytes = 0;
  /** Of the frame that was read last, where it was taken as it came: whether it is pipelined. */
  #taken: boolean | undefined;
  /** Until then somebody looks at the frame that was read last. */
  #lent: Promise<void> | undefined;
  readonly #sending = new PeerPace();
  readonly #taking = new PeerPace();
  #failure: unknown;
  /** Ends the pause that a quota has brought. */
  #resume: (() => void) | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    const { listener, principal, login, onLogin, requestBytesMax, buffers } = options;
    const { remote } = socket;
    const takesFileParts = options.sendsFileParts && socket.sendFile !== undefined;
    this.session = new Session({ remote, listener, principal, login, onLogin, takesFileParts });
    const bound = { bytes: requestBytesMax, key: "socket.request.max.bytes" };
    this.#frames = new FrameReader(socket, {
      bound: () => this.session.phase === "authenticating" ? boundOf(login) ?? bound : bound,
      buffers,
      takes: (frame) => this.#takesAtOnce(frame),
    });
    this.#out = new SendQueue({
      write: (bytes) =>
        bytes.length > promptBytesMax ? this.#writeInTurn(bytes) : socket.write(bytes),
      writeFilePart: (part, range) => this.#writeFilePart(part, range),
      onLeft: (bytes) => {
        this.#sentBytes += bytes;
        options.answers.give(bytes);
      },
      onReleased: (chunk) => isInMemory(chunk) ? options.onSent(chunk) : chunk.release(),
      onFailed: () => this.close(),
    });
    // Where the loop reads nothing, since an answer takes its time, this is how it hears that
    // nobody waits for that answer any more.
    socket.closed.then(() => {
      if (this.#queue.length > 0) this.close();
    });
  }

  get #closed(): boolean {
    return this.session.phase === "ended";
  }

  /** Whether a request is being answered right now, or the next one has to wait. */
  get isBusy(): boolean {
    return this.#queue.length > 0 || this.#resume !== undefined;
  }

  /** For how long nothing has come, as of the last call of {@link noteIdle}. */
  idleMs(nowMs: number): number {
    return this.#isActive || this.isBusy ? 0 : nowMs - this.#idleSinceMs;
  }

  /**
   * For how long nothing has come, as far as calls of this method can tell: requests leave a mark
   * only, since reading a clock for each would cost more than the rest of this class.
   */
  noteIdle(nowMs: number): number {
    if (this.#isActive || this.isBusy) this.#idleSinceMs = nowMs;
    this.#isActive = false;
    return nowMs - this.#idleSinceMs;
  }

  /**
   * Whether its peer is so slow to send what memory was claimed for that it must not hold up others
   * any longer. This and {@link isSlowToTake} are to be asked about once a second.
   */
  isSlowToSend(nowMs: number): boolean {
    const { received, isReceivingLarge } = this.#frames;
    return this.#sending.isStuck(isReceivingLarge ? received : undefined, nowMs);
  }

  /** The same of a peer that does not take its answers. */
  isSlowToTake(nowMs: number): boolean {
    return this.#taking.isStuck(this.#out.bytes > 0 ? this.#sentBytes : undefined, nowMs);
  }

  /** Serves until the peer leaves, a fault ends it, or `close`. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#serve();
    } catch (error) {
      this.#report(this.#failure ?? error);
    } finally {
      this.close();
    }
  }

  /** Lets the answers in progress go out, then drops the connection. Never rejects. */
  async finish(): Promise<void> {
    await this.#answered();
    await this.#out.drained();
    this.close();
  }

  /** Drops the connection at once. Never throws. */
  close(): void {
    if (this.#closed) return;
    this.session.end();
    this.#out.end();
    if (this.#lent === undefined) this.#frames.release();
    this.#resume?.();
    // A rebalance may take minutes, and a closed connection does not wait.
    this.#settled?.resolve();
    try {
      this.#socket.close();
    } catch (error) {
      // Nobody waits for this socket any more, and a broker that closes must get to its logs.
      this.#options.logger.log("error", "a connection could not be closed", {
        peer: formatAddress(this.#socket.remote),
        reason: messageOf(error),
      });
    }
  }

  /** Where many take much at once, others go in between: the kernel copies it in our time. */
  async #writeInTurn(bytes: Uint8Array): Promise<void> {
    const { slices } = this.#options;
    while (slices.isOver) await slices.next();
    slices.spend(bytes.length * writeWeight);
    await this.#socket.write(bytes);
  }

  #writeFilePart(part: FilePart, range: PartRange): Promise<void> | undefined {
    const { slices } = this.#options;
    if (range.bytes > promptBytesMax) {
      if (slices.isOver) return slices.next().then(() => this.#writeFilePart(part, range));
      slices.spend(range.bytes);
    }
    return writeFilePart(this.#socket, part, range);
  }

  /** A runtime may hand us one large request after the other before it looks at anything else. */
  async #turnFor(frame: Uint8Array): Promise<void> {
    const { slices } = this.#options;
    while (slices.isOver) await slices.next();
    slices.spend(frame.length * writeWeight);
  }

  async #serve(): Promise<void> {
    while (!this.#closed) {
      if (this.session.pausedUntilMs > 0) await this.#pause();
      let frame = this.#frames.buffered();
      if (frame === undefined) {
        this.#out.flush();
        if (this.#out.bytes > readBehindBytesMax) await this.#out.drained();
        frame = await this.#frames.read();
        if (frame === undefined) break;
      }
      let pipelined = this.#taken;
      this.#taken = undefined;
      if (pipelined === undefined) {
        if (frame.length >= largeFrameBytes) await this.#turnFor(frame);
        if (this.#closed || this.#options.isClosing()) break;
        pipelined = this.#take(frame);
      }
      // Nor is a frame held by who waits for the next one.
      frame = undefined;
      if (this.session.frameInUse !== undefined) {
        this.#out.flush();
        await this.#lend(this.session.frameInUse);
        this.session.releaseFrame();
      }
      if (this.#queue.length > 0 && (!pipelined || this.#queue.length >= inFlightMax)) {
        this.#out.flush();
        this.#socket.watch();
        await this.#answered();
      }
      // An answer that came later has gone to the socket already, and counts as well: the next
      // requests may be here, thousands of them, from a client that never reads.
      if (this.#out.bytes >= outBytesMax) await this.#out.drained();
      if (this.session.refusal !== undefined) await this.#dismiss(this.session.refusal);
    }
    await this.#answered();
    if (this.#failure !== undefined) throw this.#failure;
    await this.#out.drained();
    if (!this.#closed) await this.#socket.closeWrite();
  }

  /**
   * Has a frame answered in the turn in which it comes, if it is a small one; false where the loop
   * has something to do or to wait for before the next one.
   */
  #takesAtOnce(frame: Uint8Array): boolean {
    this.#isActive = true;
    if (frame.length >= largeFrameBytes || this.#closed || this.#options.isClosing()) return false;
    const pipelined = this.#take(frame);
    if (this.#mayReadOn(pipelined)) {
      if (this.#frames.isNextHere) return true;
      this.#out.flush();
      if (this.#out.bytes <= readBehindBytesMax) return true;
    }
    this.#taken = pipelined;
    return false;
  }

  /** Whether the next frame may be taken without a wait for anything but the socket. */
  #mayReadOn(pipelined: boolean): boolean {
    const { frameInUse, pausedUntilMs, refusal } = this.session;
    const isNext = this.#queue.length === 0 || (pipelined && this.#queue.length < inFlightMax);
    return isNext && frameInUse === undefined && pausedUntilMs === 0 && refusal === undefined &&
      this.#out.bytes < outBytesMax;
  }

  /** Has a frame answered, now or later; returns whether the next one may be taken before. */
  #take(frame: Uint8Array): boolean {
    const { reply, pipelined, keepsFrame, frameUsed } = this.#options.dispatch(frame, this.session);
    if (keepsFrame === true) this.#frames.keep();
    if (frameUsed !== undefined) {
      this.#lend(frameUsed).then(() => this.#frames.releaseFrame(frame));
    }
    this.#enqueue(reply);
    return pipelined;
  }

  /** A handler looks at the frame until then, even if the connection ends before. */
  async #lend(until: Promise<void>): Promise<void> {
    this.#lent = until;
    await until;
    if (this.#lent === until) this.#lent = undefined;
    if (this.#closed) this.#frames.release();
  }

  /** Throws, once the client has been told. */
  async #dismiss(reason: string): Promise<never> {
    this.#out.flush();
    await this.#out.drained();
    throw new ConnectionFault(reason);
  }

  /** Reads nothing for as long as a quota says; what has been answered goes out before. */
  async #pause(): Promise<void> {
    await this.#answered();
    this.#out.flush();
    const delayMs = this.session.takePause() - this.#options.monotonic();
    if (delayMs <= 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.timers.after(delayMs, resolve);
      this.#resume = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#resume = undefined;
  }

  /** Resolves once every request so far is answered, or the connection has ended. */
  #answered(): Promise<void> {
    if (this.#queue.length === 0 || this.#closed) return done;
    this.#settled ??= Promise.withResolvers();
    return this.#settled.promise;
  }

  /** Puts a reply behind those before it; the loop waits for `#answered` where order demands it. */
  #enqueue(reply: Reply | Promise<Reply>): void {
    if (!(reply instanceof Promise)) {
      if (this.#queue.length === 0) this.#send(reply);
      else this.#queue.push({ reply });
      return;
    }
    const slot: Slot = { reply: undefined };
    this.#queue.push(slot);
    reply.then((value) => {
      slot.reply = value;
      this.#drain();
    }).catch((error) => {
      // The loop may sit in a read: closing the socket wakes it, and it reports the first failure.
      this.#failure ??= error;
      this.close();
    });
  }

  #drain(): void {
    for (let [first] = this.#queue; first?.reply !== undefined; [first] = this.#queue) {
      this.#queue.shift();
      this.#send(first.reply);
    }
    this.#out.flush();
    if (this.#queue.length > 0) return;
    this.#settled?.resolve();
    this.#settled = undefined;
  }

  #send(reply: Reply): void {
    if (reply === null || this.#closed) return;
    for (let i = 0; i < reply.length; i++) {
      const chunk = itemAt(reply, i);
      if (!isInMemory(chunk)) chunk.hold();
      this.#out.add(chunk);
      this.#options.answers.add(chunk.length);
    }
  }

  #report(error: unknown): void {
    const peer = formatAddress(this.#socket.remote);
    if (error instanceof ConnectionFault || error instanceof ResignedFault) {
      this.#options.logger.log("warn", "closed a connection", { peer, reason: error.message });
    } else if (isPlatformFault(error, "Closed") || isPlatformFault(error, "Io")) {
      this.#options.logger.log("debug", "a connection was lost", {
        peer,
        reason: messageOf(error),
      });
    } else if (error instanceof PartitionFault || error instanceof PlatformFault) {
      this.#options.logger.log("error", "closed a connection: its request could not be stored", {
        peer,
        reason: messageOf(error),
      });
    } else {
      this.#options.onBug(error, this.session);
    }
  }
}

/** Largest frame of a client that has not said who it is. */
function boundOf(login: LoginOptions | undefined): FrameBound | undefined {
  return login && { bytes: login.frameBytesMax, key: "sasl.server.max.receive.size" };
}
