// `--trace`: every request and response decoded, a line each, for learning and for debugging.
//
//   127.0.0.1:40312 rdkafka #7 > Metadata v12 request: topics=[{name=orders}] ...
//   127.0.0.1:40312 rdkafka #7 < Metadata v12 response: brokers=[{nodeId=1 ...}] ... (0.4 ms)
//
// The time beside an answer is the broker's, from the decoded request on. Produce with acks=0 gets
// no answer, and its line says so.

import { formatAddress } from "../base/address.ts";
import { type AnyApi, type RequestHeader, traceMessage } from "../protocol/mod.ts";
import type { Peer } from "./handler.ts";

/** Writes the lines of a trace. */
export class Tracer {
  readonly #write: (line: string) => void;
  readonly #monotonic: () => number;
  readonly #startedMs = new WeakMap<RequestHeader, number>();

  constructor(write: (line: string) => void, monotonic: () => number) {
    this.#write = write;
    this.#monotonic = monotonic;
  }

  /** A request has been decoded. */
  request(peer: Peer, header: RequestHeader, api: AnyApi, message: unknown): void {
    this.#startedMs.set(header, this.#monotonic());
    const text = traceMessage(api, "request", header.apiVersion, message as never);
    this.#write(`${caption(peer, header)} > ${text}`);
  }

  /** A request has been answered; `message` is undefined where it gets no answer. */
  response(peer: Peer, header: RequestHeader, api: AnyApi, message: unknown): void {
    const tookMs = this.#monotonic() - (this.#startedMs.get(header) ?? this.#monotonic());
    const text = message === undefined
      ? `${api.name} v${header.apiVersion}: no answer (acks=0)`
      : traceMessage(api, "response", header.apiVersion, message as never);
    this.#write(`${caption(peer, header)} < ${text} (${tookMs.toFixed(1)} ms)`);
  }
}

function caption({ remote }: Peer, { clientId, correlationId }: RequestHeader): string {
  return `${formatAddress(remote)} ${clientId ?? "-"} #${correlationId}`;
}
