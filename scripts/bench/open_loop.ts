// Latency at a fixed rate: request i is due at i / rate, whether or not those before it have been
// answered, and its latency counts from then. A broker that stops for a second is late with
// everything that was due in it; a client that waits for answers would have sent one request, and
// seen one late answer (coordinated omission).
//
//   due      |  |  |  |  |  |  |     each ms what is due is sent, spread over the connections
//   answers       |       || |  |    in the order of each connection
//
// The timer comes once a millisecond, so up to one of it is the generator's own, whoever answers.
import { itemAt } from "../../src/base/items.ts";

/** What is sent, where, how often. */
export interface OpenLoop {
  readonly port: number;
  readonly connections: number;
  readonly perSecond: number;
  readonly durationMs: number;
  readonly request: (connection: number) => Uint8Array;
  readonly check: (answer: Uint8Array) => void;
}

/** Latencies in ms, ascending. */
export interface OpenLoopResult {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly latenciesMs: readonly number[];
}

const answerBytesMax = 64 * 1024;
const tickMs = 1;

/** Runs the load to the last answer. */
export async function runOpenLoop(o: OpenLoop): Promise<OpenLoopResult> {
  const lanes = await Promise.all(
    Array.from({ length: o.connections }, (_, index) => Lane.open(index, o)),
  );
  const wanted = Math.floor(o.durationMs / 1000 * o.perSecond);
  const startedMs = performance.now();
  for (let sent = 0; sent < wanted;) {
    const passedMs = performance.now() - startedMs;
    const due = Math.min(wanted, Math.floor(passedMs / 1000 * o.perSecond));
    for (; sent < due; sent++) {
      itemAt(lanes, sent % lanes.length).add(startedMs + sent / o.perSecond * 1000);
    }
    for (const lane of lanes) lane.send();
    await new Promise((resolve) => setTimeout(resolve, tickMs));
    for (const lane of lanes) lane.throwFault();
  }
  const latencies = await Promise.all(lanes.map((lane) => lane.finish()));
  const elapsedMs = performance.now() - startedMs;
  const latenciesMs = latencies.flat().sort((a, b) => a - b);
  return { requests: latenciesMs.length, elapsedMs, latenciesMs };
}

/** One connection: what waits to be sent, what waits for its answer. */
class Lane {
  readonly #socket: Deno.TcpConn;
  readonly #request: () => Uint8Array;
  readonly #check: (answer: Uint8Array) => void;
  readonly #latenciesMs: number[] = [];
  readonly #dueMs: number[] = [];
  readonly #reading: Promise<void>;
  #unsent = 0;
  #isSending = false;
  #isLast = false;
  #fault: unknown;

  private constructor(socket: Deno.TcpConn, index: number, o: OpenLoop) {
    this.#socket = socket;
    this.#request = () => o.request(index);
    this.#check = o.check;
    this.#reading = this.#read();
    this.#reading.catch((fault) => this.#fault = fault);
  }

  static async open(index: number, o: OpenLoop): Promise<Lane> {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: o.port });
    socket.setNoDelay(true);
    return new Lane(socket, index, o);
  }

  add(dueMs: number): void {
    this.#dueMs.push(dueMs);
    this.#unsent++;
  }

  /** Sends what was added, once what is being sent has left. */
  send(): void {
    if (this.#isSending || this.#unsent === 0) return;
    this.#isSending = true;
    this.#sendAll().catch((fault) => this.#fault = fault);
  }

  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** The latencies, once everything is answered. */
  async finish(): Promise<readonly number[]> {
    this.#isLast = true;
    this.send();
    const isAnswered = this.#dueMs.length === 0;
    if (isAnswered) this.#socket.close();
    await this.#reading;
    if (!isAnswered) this.#socket.close();
    this.throwFault();
    return this.#latenciesMs;
  }

  async #sendAll(): Promise<void> {
    while (this.#unsent > 0) {
      this.#unsent--;
      const request = this.#request();
      for (let at = 0; at < request.length;) at += await this.#socket.write(request.subarray(at));
    }
    this.#isSending = false;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(answerBytesMax);
    let end = 0;
    while (!this.#isLast || this.#dueMs.length > 0) {
      const length = await this.#readInto(buffer.subarray(end));
      if (length === null) break;
      end += length;
      const used = this.#take(buffer.subarray(0, end));
      buffer.copyWithin(0, used, end);
      end -= used;
    }
    if (this.#dueMs.length > 0) throw new Error("the program under load closed the connection");
  }

  async #readInto(buffer: Uint8Array): Promise<number | null> {
    try {
      return await this.#socket.read(buffer);
    } catch (error) {
      if (this.#isLast && this.#dueMs.length === 0) return null;
      throw error;
    }
  }

  #take(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let start = 0;
    while (bytes.length - start >= 4) {
      const length = view.getInt32(start);
      if (bytes.length - start < 4 + length) break;
      this.#check(bytes.subarray(start + 4, start + 4 + length));
      start += 4 + length;
      this.#latenciesMs.push(performance.now() - this.#dueMs.shift()!);
    }
    return start;
  }
}
