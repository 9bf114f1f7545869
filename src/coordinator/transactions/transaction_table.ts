// The transactions of one __transaction_state partition: what its leader coordinates (KIP-98).
//
//   state            InitProducerId     AddPartitions   EndTxn, timeout     markers    expiry
//   (unknown)        Empty              refused         refused
//   Empty            Empty              Ongoing         PrepareAbort (*)               (unknown)
//   Ongoing          PrepareAbort       Ongoing         Prepare*
//   PrepareCommit    refused            refused         refused             CompleteCommit
//   PrepareAbort     refused            refused         refused             CompleteAbort
//   CompleteCommit   Empty              Ongoing         PrepareAbort (*)               (unknown)
//   CompleteAbort    Empty              Ongoing         PrepareAbort (*)               (unknown)
//
//   (*) in the second protocol (KIP-890), where partitions may hold what was never added here
//
// Kafka's states Dead and PrepareEpochFence are of the time until an append is answered; here it
// is answered at once (docs/decisions/0010).
//
// A machine (machine.ts) that hands every request to the file that decides it. Times are
// milliseconds since the epoch and should not jump.
// Invariants: what is prepared is completed the way it was prepared, whatever is asked meanwhile;
// the epoch of a producer id only grows, and so one that was fenced never comes back.

import { assert } from "../../base/assert.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Answer, Asked, At, Decision, Effects, Machine } from "../machine.ts";
import { type AddInput, type Claim, decideAdd, verifyPartitions } from "./add_partitions.ts";
import { decideMarked, handOut, type WrittenMarkers } from "./completion.ts";
import { decideEnd, type EndInput, endWantsProducerId } from "./end_txn.ts";
import { decideExpiry, decideTimeouts, type Looked } from "./expiry.ts";
import { decideInit, type InitInput, initWantsProducerId } from "./init_producer_id.ts";
import {
  type DescribedTransaction,
  describeTransaction,
  type ListedTransaction,
  listTransactions,
  type TransactionFilters,
} from "./listing.ts";
import type { TransactionRecord } from "./record_codec.ts";
import { type Entry, isPrepared, noPartitions } from "./transaction.ts";
import type { TransactionConfig } from "./transaction_config.ts";
import type {
  PlainResponse,
  Plan,
  PreparedResponse,
  ProducerResponse,
  TopicPartition,
  TransactionResponse,
  Turn,
  View,
} from "./turn.ts";

export interface TransactionTableOptions {
  /** Read at each decision. */
  readonly config: () => TransactionConfig;
}

/** A decision about transactions. */
export type TransactionDecision = Decision<TransactionRecord, TransactionResponse>;
type TransactionEffects = Effects<TransactionRecord, TransactionResponse>;

export class TransactionTable implements Machine<TransactionRecord, TransactionResponse> {
  readonly #options: TransactionTableOptions;
  readonly #entries = new Map<string, Entry>();
  /** Ids whose transaction is open: they may time out. */
  readonly #ongoing = new Set<string>();
  /** Ids whose transaction is prepared, and not in the hands of who writes its markers. */
  readonly #prepared = new Set<string>();
  /** Who waits for what is prepared. */
  #markerWriter: Asked<PreparedResponse> | undefined;
  #handOuts = 0;
  #state: "loading" | "leading" | "resigned" = "loading";
  #timeoutsDueMs = Infinity;
  #expiryDueMs = Infinity;

  constructor(options: TransactionTableOptions) {
    this.#options = options;
  }

  apply({ transactionalId, transaction }: TransactionRecord): void {
    assert(this.#state !== "resigned", "the table has resigned");
    this.#ongoing.delete(transactionalId);
    if (transaction === null) {
      this.#entries.delete(transactionalId);
      return;
    }
    const unmarked = isPrepared(transaction) ? transaction.partitions : noPartitions;
    const entry: Entry = { transaction, lastProducerEpoch: -1, unmarked, handedOut: 0 };
    this.#entries.set(transactionalId, entry);
    if (transaction.state === "Ongoing") this.#ongoing.add(transactionalId);
  }

  onLoaded(nowMs: number): TransactionDecision {
    assert(this.#state === "loading", "a table is loaded once");
    this.#state = "leading";
    return this.#softly(nowMs, ({ prepared, config }) => {
      for (const [transactionalId, { transaction }] of this.#entries) {
        if (isPrepared(transaction)) prepared.add(transactionalId);
      }
      this.#timeoutsDueMs = nowMs + config.abortIntervalMs;
      this.#expiryDueMs = nowMs + config.expirationIntervalMs;
    });
  }

  /** InitProducerId with a transactional id. */
  initProducerId(input: InitInput, at: At<ProducerResponse>): TransactionDecision {
    return this.#decided(at.nowMs, (view) => decideInit(view, input, at));
  }

  /** Whether `initProducerId` needs a producer id that nobody has, as things stand. */
  initWantsProducerId(
    input: Pick<InitInput, "transactionalId" | "expected">,
  ): boolean {
    return initWantsProducerId(this.#entries.get(input.transactionalId), input.expected);
  }

  /** AddPartitionsToTxn, AddOffsetsToTxn, and what producing and committing add on their own. */
  addPartitions(input: AddInput, at: At<PlainResponse>): TransactionDecision {
    return this.#decided(at.nowMs, (view) => decideAdd(view, input, at));
  }

  /**
   * AddPartitionsToTxn that only asks: for each partition NONE if it is part of the transaction.
   * Before something is done because of it, the records so far should be durable.
   */
  verifyPartitions(
    claim: Claim & { readonly partitions: readonly TopicPartition[] },
  ): ErrorCode[] {
    return verifyPartitions(this.#entries.get(claim.transactionalId), claim);
  }

  /** EndTxn. */
  end(input: EndInput, at: At<ProducerResponse>): TransactionDecision {
    return this.#decided(at.nowMs, (view) => decideEnd(view, input, at));
  }

  /** Whether `end` needs a producer id that nobody has, as things stand. */
  endWantsProducerId(
    input: { readonly transactionalId: string; readonly clientVersion: number },
  ): boolean {
    return endWantsProducerId(this.#entries.get(input.transactionalId), input);
  }

  /** Waits for transactions whose markers are to be written. There is one who does. */
  takePrepared(at: At<PreparedResponse>): TransactionDecision {
    return this.#softly(at.nowMs, () => {
      assert(this.#markerWriter === undefined, "somebody waits for prepared transactions already");
      this.#markerWriter = at.asked;
    });
  }

  /** Markers were written, and are durable. */
  markersWritten(
    written: readonly WrittenMarkers[],
    at: At<PlainResponse>,
  ): TransactionDecision {
    return this.#decided(at.nowMs, (view) => decideMarked(view, written, at));
  }

  /** One transactional id of a DescribeTransactions. */
  describe(transactionalId: string): DescribedTransaction {
    return describeTransaction(this.#entries.get(transactionalId), transactionalId);
  }

  /** The transactions that ListTransactions asks for. */
  list(filters: TransactionFilters, nowMs: number): ListedTransaction[] {
    return listTransactions(this.#entries.values(), filters, nowMs);
  }

  /** How many transactional ids there are in each state. */
  *states(): Generator<string> {
    for (const { transaction } of this.#entries.values()) yield transaction.state;
  }

  nextDeadlineMs(): number | undefined {
    const timeoutsMs = this.#ongoing.size > 0 ? this.#timeoutsDueMs : Infinity;
    const expiryMs = this.#entries.size > 0 ? this.#expiryDueMs : Infinity;
    const dueMs = Math.min(timeoutsMs, expiryMs);
    return dueMs === Infinity ? undefined : dueMs;
  }

  /** Transactions that are open for too long; ids that nobody uses. */
  onTick(nowMs: number): TransactionDecision {
    const { config } = this.#view(nowMs);
    if (nowMs >= this.#timeoutsDueMs) {
      return this.#looked(nowMs, {
        look: (view) => decideTimeouts(view, this.#ongoing),
        moveOn: (isOver) => this.#timeoutsDueMs = nowMs + (isOver ? config.abortIntervalMs : 0),
      });
    }
    if (nowMs >= this.#expiryDueMs) {
      return this.#looked(nowMs, {
        look: decideExpiry,
        moveOn: (isOver) => this.#expiryDueMs = nowMs + (isOver ? config.expirationIntervalMs : 0),
      });
    }
    return this.#softly(nowMs, () => {});
  }

  resign(errorCode: ErrorCode, _nowMs: number): readonly Answer<TransactionResponse>[] {
    this.#state = "resigned";
    const writer = this.#markerWriter;
    if (writer === undefined) return [];
    this.#markerWriter = undefined;
    return [{ to: writer, response: { errorCode, transactions: [] }, failed: undefined }];
  }

  /** One look at what time has brought; a log that refuses one batch will refuse the next. */
  #looked(
    nowMs: number,
    { look, moveOn }: {
      readonly look: (view: View) => Looked;
      readonly moveOn: (isOver: boolean) => void;
    },
  ): TransactionDecision {
    return this.#decided(nowMs, (view) => {
      const { plan, isOver } = look(view);
      return {
        records: plan.records,
        settle(turn) {
          moveOn(isOver);
          plan.settle(turn);
        },
        refuse(turn, error) {
          moveOn(true);
          plan.refuse(turn, error);
        },
      };
    });
  }

  #softly(nowMs: number, settle: (turn: Turn) => void): TransactionDecision {
    return this.#decided(nowMs, () => ({ records: [], settle, refuse: settle }));
  }

  /** A decision as its plan has it. */
  #decided(nowMs: number, decide: (view: View) => Plan): TransactionDecision {
    const { records, settle, refuse } = decide(this.#view(nowMs));
    return {
      records,
      settle: () => this.#effects(nowMs, settle),
      refuse: (appendError) => this.#effects(nowMs, (turn) => refuse(turn, appendError)),
    };
  }

  #effects(nowMs: number, change: (turn: Turn) => void): TransactionEffects {
    const turn: Turn = { ...this.#view(nowMs), answers: [], notes: [], prepared: this.#prepared };
    change(turn);
    if (this.#markerWriter !== undefined && turn.prepared.size > 0) {
      const writer = this.#markerWriter;
      this.#markerWriter = undefined;
      handOut(turn, writer, () => ++this.#handOuts);
    }
    return { answers: turn.answers, notes: turn.notes, next: undefined };
  }

  #view(nowMs: number): View {
    assert(this.#state === "leading", "the table is not loaded, or has resigned");
    return { nowMs, config: this.#options.config(), entries: this.#entries };
  }
}
