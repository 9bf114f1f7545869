// What is counted of requests while metrics are asked for; without them nothing here runs.
//
//   frame --measure--> dispatch --onAnswered (errors)--> reply --> counted, with the time it took
//
// Invariant: what is kept is bounded by the APIs and error codes that there are, whoever connects.

import { Histogram, secondsBounds } from "../../base/histogram.ts";
import { uint16At } from "../../base/items.ts";
import { type AnyApi, visitErrors } from "../../protocol/mod.ts";
import type { Dispatched, Reply } from "./connection.ts";

/** What is counted of one API. */
export interface ApiCounters {
  readonly apiKey: number;
  requests: number;
  requestBytes: number;
  responseBytes: number;
  /** From the frame that is whole to the answer that is made; a Fetch waits for data in between. */
  readonly seconds: Histogram;
  /** By error code. */
  readonly errors: Map<number, number>;
}

export class RequestMetrics {
  readonly #monotonic: () => number;
  readonly #byKey: ApiCounters[] = [];
  /** Answers that told a client to pause, and for how long in all. */
  throttled = 0;
  throttledMs = 0;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** The APIs that were asked for. */
  get apis(): readonly ApiCounters[] {
    return this.#byKey.filter((each) => each !== undefined);
  }

  /** Has `dispatch` answer a frame, and counts what comes of it. */
  measure(frame: Uint8Array, dispatch: () => Dispatched): Dispatched {
    const startMs = this.#monotonic();
    // Before the frame's bytes are somebody else's. Dispatch refuses what is no API's key.
    const apiKey = uint16At(frame, 0);
    const { length } = frame;
    const dispatched = dispatch();
    const counters = this.#of(apiKey);
    counters.requests++;
    counters.requestBytes += length;
    const { reply } = dispatched;
    if (reply instanceof Promise) {
      // Why it failed is the connection's to say.
      reply.then((value) => this.#onReply(counters, value, startMs), () => {});
    } else this.#onReply(counters, reply, startMs);
    return dispatched;
  }

  /** A request was answered, with errors or without. */
  onAnswered(api: AnyApi, response: unknown): void {
    visitErrors(api, response, (code) => {
      const { errors } = this.#of(api.key);
      errors.set(code, (errors.get(code) ?? 0) + 1);
    });
  }

  /** A client was told to pause. */
  onThrottled(pauseMs: number): void {
    this.throttled++;
    this.throttledMs += pauseMs;
  }

  #onReply(counters: ApiCounters, reply: Reply, startMs: number): void {
    counters.seconds.observe((this.#monotonic() - startMs) / 1000);
    if (reply === null) return;
    for (const chunk of reply) counters.responseBytes += chunk.length;
  }

  #of(apiKey: number): ApiCounters {
    return this.#byKey[apiKey] ??= {
      apiKey,
      requests: 0,
      requestBytes: 0,
      responseBytes: 0,
      seconds: new Histogram(secondsBounds),
      errors: new Map(),
    };
  }
}
