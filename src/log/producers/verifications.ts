// Transactions whose first batch is on its way into this log (KIP-890).
//
//   begin ──> the coordinator is asked ──> append with what `begin` gave ──> it is open here
//                                    \──> a marker comes first: the append is refused
//
// Without it a batch that was delayed could arrive after its transaction's marker, and begin one
// that nobody knows of and nobody ends: read_committed consumers would wait for ever.
//
// Invariant: a verification is good for one append, and for none once a marker of its producer has
// been written: what the coordinator said before is not true any more.

import type { ProducerId } from "../../base/ids.ts";

/** A verification that goes on. Requests of one producer share it; it is known by its identity. */
export interface Verification {
  readonly startedMs: number;
  producerEpoch: number;
  /** The lowest of this epoch's sequence numbers that have asked. */
  lowestSequence: number;
  /** The transaction's epoch is its own (transactions version 2): it begins at sequence 0. */
  readonly isEpochOwn: boolean;
}

/** Whose transaction is to be verified. */
export interface VerificationStart {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  /** Of the first batch; -1 where the batches have no sequence numbers. */
  readonly baseSequence: number;
  readonly isEpochOwn: boolean;
  readonly nowMs: number;
}

export class Verifications {
  readonly #byProducer = new Map<ProducerId, Verification>();

  begin(start: VerificationStart): Verification {
    const { producerId, producerEpoch, baseSequence, isEpochOwn, nowMs: startedMs } = start;
    const known = this.#byProducer.get(producerId);
    if (known === undefined) {
      const begun = { startedMs, producerEpoch, lowestSequence: baseSequence, isEpochOwn };
      this.#byProducer.set(producerId, begun);
      return begun;
    }
    if (producerEpoch > known.producerEpoch) {
      known.producerEpoch = producerEpoch;
      known.lowestSequence = baseSequence;
    } else if (producerEpoch === known.producerEpoch) {
      known.lowestSequence = Math.min(known.lowestSequence, baseSequence);
    }
    return known;
  }

  of(producerId: ProducerId): Verification | undefined {
    return this.#byProducer.get(producerId);
  }

  /** The transaction has begun in the log, or has ended. */
  end(producerId: ProducerId): void {
    this.#byProducer.delete(producerId);
  }

  /** Forgets those that came to nothing, so that they are bounded by time as producers are. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, { startedMs }] of this.#byProducer) {
      if (nowMs - startedMs >= expirationMs) this.#byProducer.delete(producerId);
    }
  }
}
