// One TCP connection to a broker, frame by frame, with no client library between: a test says what
// is sent, byte for byte if it wants, and sees what comes back.
//
//   ask      a request from a protocol table, and its decoded answer
//   request  the same as bytes, to be sent whole, in pieces, or many at once
//   send, receive, assertClosed  whatever else comes over a connection
//
// Invariant: `ask` fails unless the answer is whole, is decoded to its last byte, carries the
// request's correlation id, and has no error code but those that its table lists.

import { assertEquals } from "@std/assert";
import { concatBytes } from "../../src/base/bytes.ts";
import {
  type Api,
  type Decoded,
  decodeResponse,
  encodeRequest,
  ErrorCode,
  type Fields,
  FindCoordinator,
  type Input,
  Metadata,
} from "../../src/protocol/mod.ts";
import { within } from "./deadline.ts";
import { assertListedErrors } from "./listed_errors.ts";

/** Generous: a machine may be busy with much else. */
const waitMs = 60_000;

/** What a client needs to know of a broker. */
export interface Reachable {
  readonly host: string;
  readonly port: number;
}

/** The broker has ended a connection on which an answer was due. */
class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/** Whether nothing is wrong but that the broker is not there, or no longer. */
export function isConnectionLost(error: unknown): boolean {
  const { BrokenPipe, ConnectionRefused, ConnectionReset, ConnectionAborted } = Deno.errors;
  const lost = [ConnectionLost, BrokenPipe, ConnectionRefused, ConnectionReset, ConnectionAborted];
  return lost.some((each) => error instanceof each);
}

/** A request as the bytes of its frame, size included. */
export function request<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  message: Input<Q>,
  correlationId = 7,
): Uint8Array {
  const origin = { correlationId, clientId: "raw-client" };
  return concatBytes(encodeRequest(api, version, origin, message));
}

/** What carries the bytes: a connection of Deno's, or one of a simulated network. */
export interface RawTransport {
  readonly localAddr: { readonly hostname: string; readonly port: number };
  /** Resolves with how many bytes were taken. */
  write(bytes: Uint8Array): Promise<number>;
  /** Resolves with how many bytes came, or null at the end. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  closeWrite(): Promise<void>;
  close(): void;
}

/** A raw connection, by frames. */
export class RawClient implements Disposable {
  readonly #connection: RawTransport;
  #correlationId = 1000;

  constructor(connection: RawTransport) {
    this.#connection = connection;
  }

  static async connect({ host, port }: Reachable): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: host, port }));
  }

  /** As the broker names this connection in its log. */
  get name(): string {
    const { hostname, port } = this.#connection.localAddr;
    return `${hostname}:${port}`;
  }

  /** Fails when the broker does not take the bytes. */
  async send(bytes: Uint8Array): Promise<void> {
    let sent = 0;
    const sending = (async () => {
      while (sent < bytes.length) sent += await this.#connection.write(bytes.subarray(sent));
    })();
    const what = () => `room for byte ${sent} of ${bytes.length}`;
    await within(sending, { ms: waitMs, what });
  }

  /** One response frame, or null when the broker has closed the connection. */
  receive(what = "a response frame"): Promise<Uint8Array | null> {
    return within(this.#frame(), { ms: waitMs, what: () => what });
  }

  /** Sends a request and decodes the answer. */
  async ask<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    message: Input<Q>,
  ): Promise<Decoded<S>> {
    const correlationId = ++this.#correlationId;
    await this.send(request(api, version, message, correlationId));
    return await this.answer(api, version, correlationId);
  }

  /** The next answer, to a request that was sent before. */
  async answer<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    correlationId = 7,
  ): Promise<Decoded<S>> {
    const what = `an answer to ${api.name} version ${version}`;
    const frame = await this.receive(what);
    if (frame === null) {
      throw new ConnectionLost(`the broker closed the connection instead of ${what}`);
    }
    const response = decodeResponse(api, version, frame);
    assertEquals(response.correlationId, correlationId);
    assertListedErrors(api, response.message);
    return response.message;
  }

  /** The broker ends the connection, and sends nothing before. */
  async assertClosed(): Promise<void> {
    assertEquals(await this.receive("the end of the connection"), null);
  }

  /** A Metadata request and its answer: the proof that a connection is healthy. */
  async assertServed(): Promise<void> {
    const { brokers } = await this.ask(Metadata, 9, { topics: [] });
    assertEquals(brokers.length, 1);
  }

  /** Looks for a group's coordinator, as every client does first: it makes groups possible. */
  async findCoordinator(key = "any"): Promise<void> {
    const { errorCode } = await this.ask(FindCoordinator, 2, { key });
    assertEquals(errorCode, ErrorCode.NONE);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #frame(): Promise<Uint8Array | null> {
    const size = await this.#exactly(4);
    if (size === null) return null;
    return await this.#exactly(new DataView(size.buffer).getInt32(0));
  }

  async #exactly(length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = new Uint8Array(length);
    for (let read = 0; read < length;) {
      const count = await this.#connection.read(bytes.subarray(read)).catch(() => null);
      if (count === null) return null;
      read += count;
    }
    return bytes;
  }
}
