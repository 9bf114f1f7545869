// What a home of the metadata counts of the requests that it takes to reach it: for metrics.
//
// Invariant: bounded by the kinds of requests that there are.

import { Histogram, secondsBounds } from "../../base/histogram.ts";

/** Requests of one kind. */
export interface HomeRequests {
  /** From the question to the answer, refusals among them. */
  readonly seconds: Histogram;
  /** Questions of which nobody knows what came of them: no answer in time, or none at all. */
  unanswered: number;
}

export class HomeCounters {
  readonly #byCall = new Map<string, HomeRequests>();
  /** How often another member was turned to, since the last one did not answer. */
  memberChanges = 0;
  /** Times that the stream of changes has ended, and was begun anew where it was. */
  watchRestarts = 0;

  /** Those of one kind. */
  of(call: string): HomeRequests {
    let found = this.#byCall.get(call);
    if (found === undefined) {
      found = { seconds: new Histogram(secondsBounds), unanswered: 0 };
      this.#byCall.set(call, found);
    }
    return found;
  }

  /** All kinds that there have been. */
  get byCall(): Iterable<readonly [call: string, HomeRequests]> {
    return this.#byCall;
  }
}
