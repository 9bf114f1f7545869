// A fenced producer never writes again. A transaction is all or nothing for every read_committed
// reader, its offsets included, and as its producer was told. Nobody is ever given a record of a
// transaction that does not commit.
//
// A transaction is known by its producer's id and epoch: each has an epoch of its own (KIP-890).
//
//   open --EndTxn, to commit, sent--> either --answered NONE--> committed
//     \--EndTxn, to abort, sent, or nothing--> not committed

import { fromUtf8 } from "../../src/base/bytes.ts";
import { EndTxn } from "../../src/protocol/apis/26_end_txn.ts";
import { TxnOffsetCommit } from "../../src/protocol/apis/28_txn_offset_commit.ts";
import { ErrorCode, InitProducerId, Produce } from "../../src/protocol/mod.ts";
import { readAllRecords, readBatchHeader } from "../../src/records/mod.ts";
import { law } from "../walk/walker.ts";
import { type End, isBefore, type Law, type ReadRecord } from "./law.ts";
import { entryOf } from "./records_law.ts";
import { type Answered, answeredOf, type Asked, askedOf } from "./wire.ts";

interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

interface Transaction {
  readonly name: string;
  /** Values by partition, of records that were sent. */
  readonly sent: Map<string, Set<string>>;
  fate: "not committed" | "either" | "committed";
  /** What it commits for its group. */
  offset: number | undefined;
}

export class TransactionsLaw implements Law {
  readonly #transactions = new Map<string, Transaction>();
  /** By transactional id, the answers that fenced whoever was there before. */
  readonly #taken = new Map<string, (Answered & Identity)[]>();
  /** What readers of committed records were given. */
  readonly #seen = new Map<string, Set<string>>();
  readonly #group: string;
  readonly #source: string;

  /** Transactions commit how far `group` has come in the partition `source`. */
  constructor({ group, source }: { readonly group: string; readonly source: string }) {
    this.#group = group;
    this.#source = source;
  }

  /** How many transactions are committed for sure. */
  get count(): number {
    return [...this.#transactions.values()].filter(({ fate }) => fate === "committed").length;
  }

  /** A reader of committed records was given this. */
  onRead(partition: string, { value }: ReadRecord): void {
    entryOf(this.#seen, partition, () => new Set()).add(value);
  }

  onAsked(asked: Asked): void {
    const produce = askedOf(asked, Produce)?.request;
    if (produce !== undefined && produce.transactionalId !== null) {
      for (const { name, partitionData } of produce.topicData) {
        for (const { index, records } of partitionData) {
          const { sent } = this.#of(identityOf(records!));
          const values = entryOf(sent, `${name}-${index}`, () => new Set());
          for (const { value } of readAllRecords(records!)) values.add(fromUtf8(value!));
        }
      }
    }
    const offsets = askedOf(asked, TxnOffsetCommit)?.request;
    if (offsets !== undefined) {
      const committed = offsets.topics[0]?.partitions[0]?.committedOffset;
      this.#of(numbered(offsets)).offset = Number(committed);
    }
    const end = askedOf(asked, EndTxn)?.request;
    if (end?.committed === true) {
      const transaction = this.#of(numbered(end));
      if (transaction.fate === "not committed") transaction.fate = "either";
    }
  }

  onAnswered(answered: Answered): void {
    const init = answeredOf(answered, InitProducerId);
    if (init !== undefined && init.request.transactionalId !== null) {
      if (init.response.errorCode !== ErrorCode.NONE) return;
      const taken = entryOf(this.#taken, init.request.transactionalId, () => []);
      taken.push({ ...answered, ...numbered(init.response) });
    }
    const produce = answeredOf(answered, Produce);
    if (produce !== undefined && produce.request.transactionalId !== null) {
      const accepted = produce.response.responses[0]?.partitionResponses[0];
      if (accepted?.errorCode !== ErrorCode.NONE) return;
      const records = produce.request.topicData[0]?.partitionData[0]?.records;
      this.#mayWrite(answered, produce.request.transactionalId, identityOf(records!));
    }
    const end = answeredOf(answered, EndTxn);
    if (end !== undefined && end.response.errorCode === ErrorCode.NONE) {
      this.#mayWrite(answered, end.request.transactionalId, numbered(end.request));
      if (end.request.committed) this.#of(numbered(end.request)).fate = "committed";
    }
    const offsets = answeredOf(answered, TxnOffsetCommit);
    const stored = offsets?.response.topics[0]?.partitions[0];
    if (offsets !== undefined && stored?.errorCode === ErrorCode.NONE) {
      this.#mayWrite(answered, offsets.request.transactionalId, numbered(offsets.request));
    }
  }

  atEnd({ committed, offsets }: End): void {
    const values = new Map([...committed].map(([partition, records]) => [
      partition,
      new Set(records.map(({ value }) => value)),
    ]));
    let newest = -1;
    for (const transaction of this.#transactions.values()) {
      if (!judge(transaction, values)) continue;
      newest = Math.max(newest, transaction.offset ?? -1);
    }
    const offset = offsets.get(this.#group)?.get(this.#source) ?? -1;
    law(offset === newest, `a transaction that commits ${newest} is over, and ${offset} is there`);
    for (const [partition, seen] of this.#seen) {
      for (const value of seen) {
        law(values.get(partition)?.has(value) === true, `${value} was read, and is not committed`);
      }
    }
  }

  /** Nobody had taken the id over before this was sent. */
  #mayWrite(answered: Answered, transactionalId: string, identity: Identity): void {
    const taken = this.#taken.get(transactionalId) ?? [];
    const own = taken.findLast((each) =>
      each.producerId === identity.producerId && each.producerEpoch <= identity.producerEpoch
    );
    for (const other of taken) {
      const isNewer = other.producerId !== identity.producerId ||
        other.producerEpoch > identity.producerEpoch;
      const isLater = own === undefined || isBefore(own, other);
      if (!isNewer || !isLater || !isBefore(other, answered)) continue;
      law(false, `${answered.who} is fenced by ${other.who}, and its ${answered.api.name} counts`);
    }
  }

  #of({ producerId, producerEpoch }: Identity): Transaction {
    const name = `${producerId}:${producerEpoch}`;
    return entryOf(this.#transactions, name, () => ({
      name,
      sent: new Map(),
      fate: "not committed",
      offset: undefined,
    }));
  }
}

/** Whether it is committed; throws where it is torn apart, or not as was told. */
function judge({ name, sent, fate }: Transaction, committed: Map<string, Set<string>>): boolean {
  let there = 0;
  let missing = 0;
  for (const [partition, values] of sent) {
    for (const value of values) {
      if (committed.get(partition)?.has(value)) there++;
      else missing++;
    }
  }
  law(there === 0 || missing === 0, `transaction ${name} is torn apart: ${missing} missing`);
  law(fate !== "committed" || missing === 0, `transaction ${name} was committed, and is not there`);
  law(fate !== "not committed" || there === 0, `transaction ${name} did not commit, and is there`);
  return there > 0;
}

function identityOf(records: Uint8Array): Identity {
  return numbered(readBatchHeader(records, 0));
}

function numbered(of: { producerId: number | bigint; producerEpoch: number }): Identity {
  return { producerId: Number(of.producerId), producerEpoch: of.producerEpoch };
}
