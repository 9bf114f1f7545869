// Which brokers live, and who of them is the controller: what no log tells, and what a home of the
// metadata knows beside its image.
//
//   join --> lease (a broker epoch) --> ended: time ran out, others took it for dead, or `end`
//                 \-- the controller, in a term, as long as it lives and nobody else is
//
// A lease tells failures; it is no fence. What it has said may be old by the time it is acted upon,
// so whatever must not be wrong is compared where it is stored: broker epochs, the controller's
// term, leader epochs.
// Invariant: no two leases of one home have the same broker epoch, and a later one has a higher.

import { PartitionFault } from "../../base/faults.ts";
import type { BrokerId, LeaderEpoch } from "../../base/ids.ts";

/** A broker's own life, as the home of the metadata knows it. */
export interface BrokerLease {
  readonly brokerId: BrokerId;
  /** For its registration; undefined where that is to take its record's own offset. */
  readonly brokerEpoch: number | undefined;
  /** Whether nobody can have taken this broker for dead yet. By a clock: it may be over unseen. */
  isValid(): boolean;
  /** Whether it is the controller; its term is then the home's `leaderEpoch`. */
  isController(): boolean;
  /** Resolves once it is over, for whatever reason. A live process joins anew. Never rejects. */
  readonly ended: Promise<void>;
  /** Others are to see it gone at once. Never rejects: if nobody can be told, time tells them. */
  end(): Promise<void>;
}

/** The lives of all brokers of a home, as far as it knows. */
export interface Liveness {
  /** The broker epoch by which a broker lives; undefined: it does not. */
  alive(brokerId: BrokerId): number | undefined;
  /** Calls `listener` after any broker began or ceased to live, or another is the controller. */
  onChange(listener: () => void): () => void;
  /**
   * Nobody is to wait until that life's time has run out: somebody knows that its process is gone.
   * Nothing comes of it where the broker has another life by now. Never rejects: if nobody can be
   * told, time tells them.
   */
  declareDead(brokerId: BrokerId, brokerEpoch: number): Promise<void>;
}

/** Lives of brokers in one process. The one that joined first and still lives is the controller. */
export class MemoryLiveness implements Liveness {
  readonly #leases = new Map<BrokerId, MemoryLease>();
  readonly #listeners = new Set<() => void>();
  #lastBrokerEpoch = -1;
  #controllerId: BrokerId = -1;
  #leaderEpoch: LeaderEpoch;

  /** `leaderEpoch`: the term that comes before its first one. */
  constructor(leaderEpoch: LeaderEpoch = 0) {
    this.#leaderEpoch = leaderEpoch;
  }

  /** -1 while nobody lives. */
  get controllerId(): BrokerId {
    return this.#controllerId;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.#leaderEpoch;
  }

  alive(brokerId: BrokerId): number | undefined {
    return this.#leases.get(brokerId)?.brokerEpoch;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins a life above `floor`; what another of the same id had is over. */
  join(brokerId: BrokerId, floor: number): BrokerLease {
    this.#leases.get(brokerId)?.lapse();
    const brokerEpoch = Math.max(floor, this.#lastBrokerEpoch) + 1;
    this.#lastBrokerEpoch = brokerEpoch;
    const lease: MemoryLease = new MemoryLease({
      brokerId,
      brokerEpoch,
      isController: () => this.#controllerId === brokerId && this.alive(brokerId) === brokerEpoch,
      onEnded: () => {
        if (this.#leases.get(brokerId) === lease) this.#leases.delete(brokerId);
        this.#settle();
      },
    });
    this.#leases.set(brokerId, lease);
    this.#settle();
    return lease;
  }

  declareDead(brokerId: BrokerId, brokerEpoch: number): Promise<void> {
    if (this.alive(brokerId) === brokerEpoch) this.expire(brokerId);
    return Promise.resolve();
  }

  /** Takes a broker for dead, as when its time has run out. */
  expire(brokerId: BrokerId): void {
    this.#leases.get(brokerId)?.lapse();
  }

  #settle(): void {
    if (!this.#leases.has(this.#controllerId)) {
      const [next] = this.#leases.keys();
      if (next !== undefined) this.#leaderEpoch++;
      this.#controllerId = next ?? -1;
    }
    for (const listener of this.#listeners) listener();
  }
}

/** The life of a node that has no others beside it. */
export function aloneLease(brokerId: BrokerId): BrokerLease {
  return {
    brokerId,
    brokerEpoch: undefined,
    isValid: () => true,
    isController: () => true,
    ended: new Promise(() => {}),
    end: () => Promise.resolve(),
  };
}

/** A change that a controller of an earlier term has decided. */
export function staleTerm(controllerEpoch: LeaderEpoch): PartitionFault {
  return new PartitionFault(`the controller of term ${controllerEpoch} is that no longer`);
}

interface MemoryLeaseOptions {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: number;
  readonly isController: () => boolean;
  readonly onEnded: () => void;
}

class MemoryLease implements BrokerLease {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: number;
  readonly isController: () => boolean;
  readonly #ended = Promise.withResolvers<void>();
  readonly #onEnded: () => void;
  #isValid = true;

  constructor({ brokerId, brokerEpoch, isController, onEnded }: MemoryLeaseOptions) {
    this.brokerId = brokerId;
    this.brokerEpoch = brokerEpoch;
    this.isController = isController;
    this.#onEnded = onEnded;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  isValid(): boolean {
    return this.#isValid;
  }

  lapse(): void {
    if (!this.#isValid) return;
    this.#isValid = false;
    this.#onEnded();
    this.#ended.resolve();
  }

  end(): Promise<void> {
    this.lapse();
    return Promise.resolve();
  }
}
