// What the logs of a broker have done since it started, in numbers that only grow. Whoever opens
// the logs gives all of them one of these and reads it when somebody asks.

import { Histogram, secondsBounds } from "../../base/histogram.ts";

export class LogCounters {
  /** How long the rounds of syncs took, each one log's, without the wait for its turn. */
  readonly syncSeconds: Histogram = new Histogram(secondsBounds);
  /** Syncs that failed; each took a data directory offline. */
  syncsFailed = 0;
}
