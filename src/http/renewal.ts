// Keeps a server behind TLS to what its files hold: they are read again every few seconds, and what
// has changed holds from the next connection on. What cannot be used is told of once, and what was
// there before holds on.

import { messageOf, PlatformFault, UsageFault } from "../base/faults.ts";
import type { Logger, RenewableTls, Timer, Timers, TlsTerms } from "../runtime/ports.ts";

const lookEveryMs = 5_000;

export interface RenewalOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /** Reads the files. Throws UsageFault, or a PlatformFault, where they cannot be used. */
  readonly read: () => TlsTerms | undefined;
  /** What the server was opened with. */
  readonly terms: TlsTerms;
}

/** Looks at the files of one server until it is closed. */
export class TlsRenewal {
  readonly #server: RenewableTls;
  readonly #options: RenewalOptions;
  /** The terms that were tried last, as text. */
  #seen: string;
  /** Why nothing could be taken over, as it was told last. */
  #told: string | undefined;
  #look: Timer;

  constructor(server: RenewableTls, options: RenewalOptions) {
    this.#server = server;
    this.#options = options;
    this.#seen = JSON.stringify(options.terms);
    this.#look = this.#next();
  }

  close(): void {
    this.#look.cancel();
  }

  #next(): Timer {
    return this.#options.timers.after(lookEveryMs, () => {
      this.#lookAgain();
      this.#look = this.#next();
    });
  }

  #lookAgain(): void {
    const { read, logger } = this.#options;
    try {
      const terms = read();
      const text = JSON.stringify(terms);
      if (terms === undefined || text === this.#seen) return;
      this.#seen = text;
      this.#server.renew(terms);
      this.#told = undefined;
      logger.log("info", "took over new certificates of the metrics");
    } catch (error) {
      if (!(error instanceof PlatformFault || error instanceof UsageFault)) throw error;
      const reason = messageOf(error);
      if (reason === this.#told) return;
      this.#told = reason;
      logger.log("error", "new certificates of the metrics cannot be used; the old ones hold on", {
        reason,
      });
    }
  }
}
