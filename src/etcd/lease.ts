// A broker's life in etcd: a lease that is kept alive, with the key `live/<id>` on it.
//
//   granted --every third of its time--> kept ... --etcd has forgotten it, or its key--> over
//                        \--no answer yet, or none: the next member is asked as well
//
// It is kept from when it was granted: to put its key may take an etcd that is slow as long.
// Members that answer late, or after another was asked, do as well: a question is not taken back.
// It is sure of itself for as long as etcd cannot have let the lease run out: from when the last
// answered keep-alive was *sent*, for the time it was granted, less a margin. A process that was
// stopped finds that out by its clock before it hears of it.
// Invariant: once over, a lease is never valid again; a live process joins anew.

import type { BrokerLease } from "../cluster/mod.ts";
import { isPlatformFault } from "../base/faults.ts";
import type { BrokerId } from "../base/ids.ts";
import type { Logger, Timer, Timers } from "../runtime/ports.ts";
import {
  type EtcdClient,
  EtcdCode,
  EtcdFault,
  isRefusal,
  isUnknown,
  patience,
  reasonOf,
} from "./client.ts";
import { countOf, objectOf } from "./messages.ts";

/** Of its time: when it is kept, when another member is asked too, how long each is waited for. */
const keepShare = 1 / 3;
const besideShare = 1 / 6;
const answerShare = 1 / 2;
/** Of its time that a lease does not count on: clocks differ in pace. */
const marginShare = 0.1;
const retryMs = 250;
/** To tell etcd at the end is a courtesy. */
const revokeMsMax = 1_000;

export interface LeaseWorld {
  readonly client: EtcdClient;
  readonly timers: Timers;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

/** A lease as etcd has granted it. */
export interface GrantedLease {
  readonly id: string;
  readonly ttlMs: number;
  /** When it was asked for. */
  readonly sentMs: number;
}

/** Asks for a lease under an id that nobody has; may be asked twice. */
export async function grantLease(
  { client, monotonic }: LeaseWorld,
  { id, ttlMs }: { readonly id: string; readonly ttlMs: number },
): Promise<GrantedLease> {
  const seconds = Math.ceil(ttlMs / 1000);
  const sentMs = monotonic();
  for (let tries = 0;; tries++) {
    try {
      const body = JSON.stringify({ ID: id, TTL: seconds });
      const answer = await client.ask("/v3/lease/grant", body, { msMax: patience(tries) });
      return { id, ttlMs: countOf(answer.TTL) * 1000, sentMs };
    } catch (error) {
      // The first one has been granted all the same.
      const isThere = error instanceof EtcdFault && error.code === EtcdCode.FAILED_PRECONDITION;
      if (isThere && tries > 0) return { id, ttlMs: seconds * 1000, sentMs };
      if (!isUnknown(error) || client.isClosed) throw error;
    }
    await client.pause(tries);
  }
}

/** Ends a lease, and with it the keys that hang on it. Never rejects for want of an answer. */
export async function revokeLease({ client, logger }: LeaseWorld, id: string): Promise<void> {
  try {
    await client.ask("/v3/lease/revoke", JSON.stringify({ ID: id }), { msMax: revokeMsMax });
  } catch (error) {
    if (isRefusal(error)) return;
    if (!isUnknown(error)) throw error;
    if (isPlatformFault(error, "Closed")) return;
    const reason = reasonOf(error);
    logger.log("warn", "etcd was not told of the end of a lease; it will run out", { reason });
  }
}

export interface EtcdLeaseOptions extends LeaseWorld {
  readonly brokerId: BrokerId;
  readonly granted: GrantedLease;
  readonly isController: () => boolean;
}

export class EtcdLease implements BrokerLease {
  readonly #options: EtcdLeaseOptions;
  readonly #ended = Promise.withResolvers<void>();
  #validToMs: number;
  #isOver = false;
  #brokerEpoch = -1;
  #next: Timer;
  /** Who was asked last; undefined: the question was answered. */
  #asked: string | undefined;

  constructor(options: EtcdLeaseOptions) {
    this.#options = options;
    const { sentMs } = options.granted;
    this.#validToMs = this.#validTo(sentMs);
    this.#next = this.#keepFrom(sentMs);
  }

  get brokerId(): BrokerId {
    return this.#options.brokerId;
  }

  /** The revision that its key was put at; -1: it is not, yet. */
  get brokerEpoch(): number {
    return this.#brokerEpoch;
  }

  /** Its key is there. */
  begin(brokerEpoch: number): void {
    this.#brokerEpoch = brokerEpoch;
  }

  /** etcd's id of the lease. */
  get id(): string {
    return this.#options.granted.id;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  isValid(): boolean {
    return !this.#isOver && this.#options.monotonic() < this.#validToMs;
  }

  isController(): boolean {
    return this.isValid() && this.#options.isController();
  }

  /** It is over: etcd says so. */
  lapse(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#next.cancel();
    this.#ended.resolve();
  }

  async end(): Promise<void> {
    if (this.#isOver) return;
    this.lapse();
    await revokeLease(this.#options, this.id);
  }

  #validTo(sentMs: number): number {
    return sentMs + this.#options.granted.ttlMs * (1 - marginShare);
  }

  /** A third of its time after `sentMs`, or now. */
  #keepFrom(sentMs: number): Timer {
    const { monotonic, granted: { ttlMs } } = this.#options;
    return this.#later(Math.max(0, sentMs + ttlMs * keepShare - monotonic()));
  }

  #later(ms: number): Timer {
    return this.#options.timers.after(ms, () => {
      this.#keep().catch((error) => {
        const reason = reasonOf(error);
        this.#options.logger.log("error", "a lease cannot be kept: this is a bug", { reason });
        this.lapse();
      });
    });
  }

  async #keep(): Promise<void> {
    const { client, monotonic, granted: { id, ttlMs } } = this.#options;
    const sentMs = monotonic();
    const endpoint = this.#asked === undefined ? client.endpoint : client.after(this.#asked);
    this.#asked = endpoint;
    const beside = this.#next = this.#later(ttlMs * besideShare);
    try {
      const body = JSON.stringify({ ID: id });
      const terms = { endpoint, msMax: ttlMs * answerShare };
      const answer = await client.ask("/v3/lease/keepalive", body, terms);
      if (this.#isOver) return;
      // etcd says nothing of the time that a lease has left which it does not know.
      if (countOf(objectOf(answer.result).TTL) <= 0) return this.lapse();
      const validToMs = this.#validTo(sentMs);
      // A later question was answered before.
      if (validToMs <= this.#validToMs) return;
      this.#validToMs = validToMs;
      this.#asked = undefined;
      this.#next.cancel();
      this.#next = this.#keepFrom(sentMs);
    } catch (error) {
      if (this.#isOver) return;
      if (error instanceof EtcdFault && error.code === EtcdCode.NOT_FOUND) return this.lapse();
      if (client.isClosed) return this.lapse();
      if (!isUnknown(error) && !isRefusal(error)) throw error;
      // Another was asked already.
      if (this.#next !== beside) return;
      beside.cancel();
      this.#next = this.#later(retryMs);
    }
  }
}
