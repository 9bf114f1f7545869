// What compaction knows of transactions while it walks a log: which batches were aborted, and when
// a marker is the last thing left of its transaction.
//
//   data batch of an aborted transaction     goes
//   marker, batches of its transaction seen  stays, an abort with its entry in the .txnindex
//   marker, none seen                        goes, once its delete horizon has passed
//
// Invariant: a marker outlives every batch of its transaction, so a consumer or a recovery that
// meets the one meets the other.

import type { Offset, ProducerId } from "../../base/ids.ts";
import { type BatchHeader, type ControlRecord, ControlType } from "../../records/mod.ts";
import type { AbortedTransaction } from "../segment/txn_index.ts";

/** What a marker comes to. */
export interface MarkerVerdict {
  /** Nothing is left of its transaction. */
  readonly isLast: boolean;
  /** What read_committed consumers must go on knowing. */
  readonly aborted: AbortedTransaction | undefined;
}

/** Follows the transactions of one walk. Batches come in the order of their offsets. */
export class CompactionTransactions {
  /** Those that have not begun yet, the last first. */
  readonly #coming: AbortedTransaction[];
  readonly #aborted = new Map<ProducerId, { entry: AbortedTransaction; seen: boolean }>();
  readonly #committed = new Set<ProducerId>();

  /** `aborted`: all that overlap what is walked. */
  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = [...aborted].sort((a, b) => b.firstOffset - a.firstOffset);
  }

  /** Notes a data batch, and tells whether its transaction was aborted. */
  isAborted(header: BatchHeader): boolean {
    if (!header.isTransactional) return false;
    this.#begin(header.lastOffset);
    const aborted = this.#aborted.get(header.producerId);
    if (aborted === undefined) {
      this.#committed.add(header.producerId);
      return false;
    }
    aborted.seen = true;
    return true;
  }

  /** Ends a transaction; other control records are not its business. */
  onMarker(header: BatchHeader, control: ControlRecord): MarkerVerdict {
    this.#begin(header.lastOffset);
    const { producerId } = header;
    if (control.type === ControlType.COMMIT) {
      return { isLast: !this.#committed.delete(producerId), aborted: undefined };
    }
    if (control.type !== ControlType.ABORT) return { isLast: false, aborted: undefined };
    const aborted = this.#aborted.get(producerId);
    this.#aborted.delete(producerId);
    if (aborted?.seen !== true) return { isLast: true, aborted: undefined };
    return { isLast: false, aborted: aborted.entry };
  }

  #begin(offset: Offset): void {
    for (;;) {
      const entry = this.#coming.at(-1);
      if (entry === undefined || entry.firstOffset > offset) return;
      this.#coming.pop();
      this.#aborted.set(entry.producerId, { entry, seen: false });
    }
  }
}
