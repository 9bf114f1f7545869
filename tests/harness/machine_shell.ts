// A coordinator's machine with a log in memory instead of a shell with a disk: what it decides is
// carried out at once, through the bytes of its records, and the log refuses on demand.

import {
  type Answer,
  type Asked,
  type At,
  carryOut,
  type Decision,
  type Machine,
  type Note,
} from "../../src/coordinator/mod.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";

/** A stored record, as its log has it. */
export interface StoredBytes {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** What a machine is, and what its records are. */
export interface MachineKind<M, Rec> {
  readonly newMachine: () => M;
  readonly encode: (record: Rec) => StoredBytes;
  readonly decode: (stored: StoredBytes) => Rec | undefined;
}

/** What carrying out a decision did. */
export interface CarriedOut<Rec, Response> {
  readonly notes: readonly Note[];
  readonly answers: readonly Answer<Response>[];
  /** Batches in their order, also those that the log refused. */
  readonly batches: readonly { readonly records: readonly Rec[]; readonly errorCode: ErrorCode }[];
}

export class MachineShell<M extends Machine<Rec, Response>, Rec, Response> {
  machine: M;
  nowMs = 0;
  /** Why the log refuses the next batch; NONE: it does not. */
  refuseNext: ErrorCode = ErrorCode.NONE;
  readonly log: StoredBytes[] = [];
  readonly #kind: MachineKind<M, Rec>;
  #asked = 0;

  constructor(kind: MachineKind<M, Rec>) {
    this.#kind = kind;
    this.machine = kind.newMachine();
    this.carryOut(this.machine.onLoaded(0));
  }

  /** A request that is decided now. */
  at<R>(): At<R> & { readonly asked: Asked<R> } {
    return { nowMs: this.nowMs, asked: { id: ++this.#asked } };
  }

  carryOut(decision: Decision<Rec, Response>): CarriedOut<Rec, Response> {
    const batches: { records: readonly Rec[]; errorCode: ErrorCode }[] = [];
    const { notes, answers } = carryOut(this.machine, decision, (records) => {
      const errorCode = this.refuseNext;
      this.refuseNext = ErrorCode.NONE;
      batches.push({ records, errorCode });
      if (errorCode !== ErrorCode.NONE) return errorCode;
      for (const record of records) this.log.push(this.#kind.encode(record));
      return errorCode;
    });
    return { notes, answers, batches };
  }

  /** A machine that has read the log, and does not lead yet. */
  replay(): M {
    const machine = this.#kind.newMachine();
    for (const stored of this.log) {
      const record = this.#kind.decode(stored);
      if (record !== undefined) machine.apply(record);
    }
    return machine;
  }

  /** Reads the log into a new machine. */
  restart(): CarriedOut<Rec, Response> {
    this.machine = this.replay();
    return this.carryOut(this.machine.onLoaded(this.nowMs));
  }
}
