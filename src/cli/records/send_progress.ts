// What a person is told while records are sent: how many there are so far, and why none is taken.
//
//   taken --acknowledged--> sent        every 5 s: more are sent: how many
//     `-----refused-------> settled                none, and some are under way: told once

import type { Timer } from "../../runtime/ports.ts";
import type { CliContext } from "../context.ts";
import { counted } from "../counted.ts";

const intervalMs = 5_000;

/** Counts records on their way. */
export class SendProgress {
  readonly #context: CliContext;
  readonly #trouble: () => Error | undefined;
  #timer: Timer | undefined;
  #taken = 0;
  #settled = 0;
  #sent = 0;
  /** Of those sent, as last told. */
  #told = 0;
  #isSilenceTold = false;

  /** `trouble` says why records that are under way have to be sent again, where that is known. */
  constructor(context: CliContext, trouble: () => Error | undefined) {
    this.#context = context;
    this.#trouble = trouble;
    this.#arm();
  }

  /** Acknowledged by now. */
  get sent(): number {
    return this.#sent;
  }

  /** On their way. */
  get underWay(): number {
    return this.#taken - this.#settled;
  }

  /** A record is on its way; `onRefused` hears why it does not get there. */
  follow(sending: Promise<unknown>, onRefused: (error: unknown) => void): void {
    this.#taken++;
    sending.then(() => {
      this.#settled++;
      this.#sent++;
    }, (error) => {
      this.#settled++;
      onRefused(error);
    });
  }

  /** Nothing more is told. */
  end(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#context.runtime.timers.after(intervalMs, () => {
      this.#tell();
      this.#arm();
    });
  }

  #tell(): void {
    if (this.#sent > this.#told) {
      this.#told = this.#sent;
      this.#isSilenceTold = false;
      this.#context.note(`Sent ${counted(this.#sent, "record")} so far.`);
    } else if (this.underWay > 0 && !this.#isSilenceTold) {
      this.#isSilenceTold = true;
      const records = counted(this.underWay, "record");
      const trouble = this.#trouble();
      const why = trouble === undefined ? "" : `: ${trouble.message}`;
      this.#context.note(
        `No broker has taken ${records} yet${why}. Trying again; ottla doctor may know more.`,
      );
    }
  }
}
