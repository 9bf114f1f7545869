// How fast connections may come (KIP-612): in all and by listener, where the next ones wait, and
// from one address, where they are kept out.
//
//   max.connection.creation.rate, listener.name.<name>.max.connection.creation.rate
//   quota connection_creation_rate of {ip: address} or {ip: default}
//
// Rates are measured in the windows of quotas; no pause is longer than one of them, as in Kafka.

import { Recent } from "../../base/recent.ts";
import { type RateWindows, SampledRate } from "../limits/quota_rate.ts";

export interface ConnectionRatesOptions {
  readonly windows: RateWindows;
  readonly monotonic: () => number;
  /** Connections per second. */
  readonly brokerMax: () => number;
  readonly listenerMax: (listener: string) => number;
  /** Undefined: from this address they may come as fast as they like. */
  readonly addressMax: (host: string) => number | undefined;
}

/** Kafka's value for "as fast as they like". */
const unbounded = 2 ** 31 - 1;
/** Addresses that are measured at a time. */
const addressesMax = 10_000;

/** How fast connections come to one broker. */
export class ConnectionRates {
  readonly #options: ConnectionRatesOptions;
  readonly #byAddress = new Recent<string, SampledRate>(addressesMax);
  readonly #byListener = new Map<string, SampledRate>();
  readonly #all: SampledRate;

  constructor(options: ConnectionRatesOptions) {
    this.#options = options;
    this.#all = new SampledRate(options.windows, options.monotonic());
  }

  /** For how long connections from `host` are kept out, in ms; 0: this one may come, and counts. */
  addressPauseMs(host: string): number {
    const max = this.#options.addressMax(host);
    if (max === undefined || max >= unbounded) return 0;
    const rate = this.#rateOf(host);
    const pauseMs = this.#count(rate, max);
    if (pauseMs > 0) rate.add(-1, this.#options.monotonic());
    return pauseMs;
  }

  /** One more has come by `listener`: how long it has to wait, in ms. */
  listenerPauseMs(listener: string, { isProtected }: { readonly isProtected: boolean }): number {
    const { brokerMax, listenerMax, windows, monotonic } = this.#options;
    let rate = this.#byListener.get(listener);
    if (rate === undefined) {
      rate = new SampledRate(windows, monotonic());
      this.#byListener.set(listener, rate);
    }
    const pauseMs = this.#count(rate, listenerMax(listener));
    return isProtected ? pauseMs : Math.max(pauseMs, this.#count(this.#all, brokerMax()));
  }

  #count(rate: SampledRate, max: number): number {
    const { windows, monotonic } = this.#options;
    const nowMs = monotonic();
    rate.add(1, nowMs);
    return max >= unbounded ? 0 : Math.min(windows.ms, rate.excessMs(max, nowMs));
  }

  #rateOf(host: string): SampledRate {
    const { windows, monotonic } = this.#options;
    return this.#byAddress.getOrMake(host, () => new SampledRate(windows, monotonic()));
  }
}
