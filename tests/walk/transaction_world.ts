// A small world of transactions: two producers, two partitions, one coordinator; requests,
// timeouts, appends that the log refuses, restarts, markers one by one.
//
//   A init, A write p0, A commit, A abort   a request of a producer, as its client would make it
//   ... refused                             the coordinator's log refuses it
//   ... unanswered                          in the log; the coordinator stops before it says so
//   time, restart                           open transactions time out; the coordinator starts anew
//   mark t p0, mark t p0 refused            a marker is written, and told
//
// Laws: a fenced producer never writes again; a transaction is all or nothing; what is prepared is
// completed that way; epochs only grow; the tables are what a replay of the log builds; what is
// prepared can be completed.

import type {
  PlainResponse,
  PreparedResponse,
  PreparedTransaction,
  ProducerResponse,
  TransactionRecord,
  TransactionTable,
} from "../../src/coordinator/mod.ts";
import { transactionConfigDefaults } from "../../src/coordinator/mod.ts";
import { decodeTransaction } from "../../src/coordinator/transactions/record_codec.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { type TransactionShell, transactionShell } from "../harness/transaction_shell.ts";
import { type Chance, law, type World } from "./walker.ts";

/** What can be wrong with a coordinator, for those who check the laws. */
export type Mutation = (table: TransactionTable) => TransactionTable;

export interface TransactionWorldOptions {
  /** The transactional id of each producer. */
  readonly ids: readonly string[];
  /** 2: each transaction has an epoch of its own (KIP-890); 0: the first protocol. */
  readonly protocol: 0 | 2;
  readonly mutation?: Mutation;
}

/** What is in a partition: a producer's record, or the end of its transaction. */
type Entry =
  | { readonly kind: "record"; readonly of: string; readonly producerId: number }
  | { readonly kind: "marker"; readonly producerId: number; readonly commit: boolean };

interface Partition {
  readonly entries: Entry[];
  /** The latest epoch of each producer id. */
  readonly epochs: Map<number, number>;
}

interface Producer {
  readonly name: string;
  readonly id: string;
  identity: { producerId: number; producerEpoch: number } | undefined;
  /** Its client has been told that it is fenced, and gives up. */
  isOver: boolean;
  /** Somebody has taken the id over since: it must not write. */
  isFenced: boolean;
  /** Counts its transactions; whether it has written in this one. */
  transaction: number;
  hasWritten: boolean;
  /** How it has asked for the end, until it is answered: a client asks for the same again. */
  ending: "commit" | "abort" | undefined;
}

/** The worlds that are walked, by what is in them. */
export const transactionWorlds: Readonly<Record<string, TransactionWorldOptions>> = {
  "two producers of one id": { ids: ["t", "t"], protocol: 2 },
  "two producers of one id, first protocol": { ids: ["t", "t"], protocol: 0 },
  "two producers of two ids": { ids: ["t", "u"], protocol: 2 },
};

const timeoutMs = 60_000;
const partitionNames = ["p0", "p1"];

export class TransactionWorld implements World {
  readonly #options: TransactionWorldOptions;
  readonly #shell: TransactionShell;
  readonly #producers: readonly Producer[];
  readonly #partitions: readonly Partition[];
  #freshIds = 0;
  /** Whose markers are being written. */
  #handedOut: PreparedTransaction[] = [];
  /** What clients were told of transactions. */
  readonly #told = new Map<string, "committed" | "aborted">();
  #recordsSeen = 0;
  readonly #last = new Map<string, TransactionRecord>();

  constructor(options: TransactionWorldOptions) {
    this.#options = options;
    const config = { ...transactionConfigDefaults, transactionVersion: options.protocol };
    this.#shell = transactionShell(() => config, options.mutation);
    this.#partitions = partitionNames.map(() => ({ entries: [], epochs: new Map() }));
    this.#producers = options.ids.map((id, i) => ({
      name: "AB"[i],
      id,
      identity: undefined,
      isOver: false,
      isFenced: false,
      transaction: 0,
      hasWritten: false,
      ending: undefined,
    }));
    this.#takePrepared();
  }

  events(): readonly string[] {
    const events = ["time", "restart"];
    for (const producer of this.#producers) {
      if (producer.isOver) continue;
      const { name } = producer;
      const verbs = ["init", ...verbsOf(producer)];
      for (const verb of verbs) {
        events.push(`${name} ${verb}`, `${name} ${verb} refused`, `${name} ${verb} unanswered`);
      }
    }
    for (const { transactionalId, partitions } of this.#handedOut) {
      for (const id of partitions.get("p") ?? []) {
        events.push(`mark ${transactionalId} p${id}`, `mark ${transactionalId} p${id} refused`);
      }
      if (partitions.size === 0) events.push(`mark ${transactionalId} -`);
    }
    return events;
  }

  usual(): readonly string[] {
    const isWell = (event: string) => /^[AB] (?!init)|^mark/.test(event) && !/(ed)$/.test(event);
    return this.events().filter(isWell);
  }

  happen(event: string): void {
    const [subject = "", verb = "", ...rest] = event.split(" ");
    const mode = rest.at(-1) ?? verb;
    if (mode === "refused") this.#shell.refuseNext = ErrorCode.NOT_ENOUGH_REPLICAS;
    if (subject === "time") this.#passTime();
    else if (subject === "restart") this.#restart();
    else if (subject === "mark") this.#mark(verb, rest[0] ?? "-");
    else this.#request(subject, { verb, partition: rest[0], isAnswered: mode !== "unanswered" });
    if (mode === "unanswered") this.#restart();
    this.#shell.refuseNext = ErrorCode.NONE;
    this.#checkLog();
  }

  check(): void {
    this.#checkTables();
    this.#checkFates();
    this.#checkCompletes();
  }

  /** Markers are written, and transactions that nobody ends time out. */
  calm(random: Chance): void {
    const living = this.#producers.filter((each) => !each.isOver && random.between(0, 1) < 0.5);
    for (const { name } of living) this.happen(`${name} init`);
    for (let round = 0; round < 4; round++) {
      for (const { transactionalId, partitions } of [...this.#handedOut]) {
        const ids = [...partitions.get("p") ?? []];
        for (const id of ids) this.happen(`mark ${transactionalId} p${id}`);
        if (ids.length === 0) this.happen(`mark ${transactionalId} -`);
      }
      this.happen("time");
      this.check();
    }
    for (const id of new Set(this.#options.ids)) {
      const { transactionState } = this.#shell.machine.describe(id);
      const isOpen = transactionState.startsWith("Prepare") || transactionState === "Ongoing";
      law(!isOpen, `the transaction of ${id} never ends`);
    }
  }

  state(): string {
    return JSON.stringify([
      this.#producers,
      this.#partitions.map(({ entries, epochs }) => [entries, [...epochs]]),
      this.#handedOut.map(({ transactionalId, partitions }) => [
        transactionalId,
        [...partitions.get("p") ?? []],
      ]),
      this.#describe(this.#shell.machine),
      [...this.#told],
      this.#shell.nowMs % 1_000_000 > 0 ? "later" : "now",
      this.#lastEpochs(),
    ]);
  }

  #producer(name: string): Producer {
    const found = this.#producers.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no producer ${name}`);
    return found;
  }

  #request(name: string, o: {
    verb: string;
    partition: string | undefined;
    isAnswered: boolean;
  }): void {
    const producer = this.#producer(name);
    if (o.verb === "init") this.#init(producer, o.isAnswered);
    else if (o.verb === "write") this.#write(producer, partitionNames.indexOf(o.partition ?? ""));
    else this.#end(producer, { commit: o.verb === "commit", isAnswered: o.isAnswered });
  }

  #init(producer: Producer, isAnswered: boolean): void {
    const { machine } = this.#shell;
    const input = { transactionalId: producer.id, timeoutMs, expected: undefined };
    const freshProducerId = machine.initWantsProducerId(input) ? ++this.#freshIds : undefined;
    const response = this.#ask<ProducerResponse>(
      machine.initProducerId({ ...input, freshProducerId }, this.#shell.at<ProducerResponse>()),
    );
    if (response.errorCode !== ErrorCode.NONE || !isAnswered) return;
    const { producerId, producerEpoch } = response;
    for (const other of this.#producers) {
      if (other !== producer && other.id === producer.id) other.isFenced = true;
    }
    producer.identity = { producerId: Number(producerId), producerEpoch };
    producer.isFenced = false;
    producer.transaction++;
    producer.hasWritten = false;
    producer.ending = undefined;
  }

  #write(producer: Producer, partition: number): void {
    const { identity, name, transaction } = producer;
    if (identity === undefined) return;
    const { errorCode } = this.#ask<PlainResponse>(this.#shell.machine.addPartitions({
      transactionalId: producer.id,
      ...identity,
      partitions: new Map([["p", new Set([partition])]]),
      clientVersion: this.#options.protocol,
    }, this.#shell.at<PlainResponse>()));
    if (isFencing(errorCode)) producer.isOver = true;
    if (errorCode !== ErrorCode.NONE) return;
    const { entries, epochs } = this.#partitions[partition];
    if (identity.producerEpoch < (epochs.get(identity.producerId) ?? 0)) return;
    law(!producer.isFenced, `${name} is fenced, and writes`);
    epochs.set(identity.producerId, identity.producerEpoch);
    const of = `${name}${transaction}`;
    const isThere = entries.some((each) => each.kind === "record" && each.of === of);
    if (!isThere) entries.push({ kind: "record", of, producerId: identity.producerId });
    producer.hasWritten = true;
  }

  #end(producer: Producer, o: { commit: boolean; isAnswered: boolean }): void {
    const { identity, name } = producer;
    if (identity === undefined) return;
    const { machine } = this.#shell;
    const claim = { transactionalId: producer.id, ...identity };
    const response = this.#ask<ProducerResponse>(machine.end({
      ...claim,
      commit: o.commit,
      clientVersion: this.#options.protocol,
      freshProducerId: undefined,
    }, this.#shell.at<ProducerResponse>()));
    producer.ending = o.commit ? "commit" : "abort";
    if (!o.isAnswered) return;
    if (isFencing(response.errorCode)) producer.isOver = true;
    // A client takes this for fatal.
    if (response.errorCode === ErrorCode.INVALID_TXN_STATE) producer.isOver = true;
    if (response.errorCode !== ErrorCode.NONE) return;
    this.#told.set(`${name}${producer.transaction}`, o.commit ? "committed" : "aborted");
    const { producerId, producerEpoch } = response;
    producer.identity = { producerId: Number(producerId), producerEpoch };
    producer.transaction++;
    producer.hasWritten = false;
    producer.ending = undefined;
  }

  #mark(transactionalId: string, name: string): void {
    const at = this.#handedOut.findIndex((each) => each.transactionalId === transactionalId);
    const prepared = this.#handedOut[at];
    const id = partitionNames.indexOf(name);
    if (id >= 0) {
      const { entries, epochs } = this.#partitions[id];
      const producerId = Number(prepared.producerId);
      if (prepared.producerEpoch >= (epochs.get(producerId) ?? 0)) {
        epochs.set(producerId, prepared.producerEpoch);
        entries.push({ kind: "marker", producerId, commit: prepared.commit });
      }
    }
    const written = [{
      transactionalId,
      handedOut: prepared.handedOut,
      partitions: id < 0 ? new Map() : new Map([["p", new Set([id])]]),
    }];
    const { errorCode } = this.#ask<PlainResponse>(
      this.#shell.machine.markersWritten(written, this.#shell.at<PlainResponse>()),
    );
    const left = new Set([...prepared.partitions.get("p") ?? []].filter((each) => each !== id));
    if (left.size > 0) {
      this.#handedOut[at] = { ...prepared, partitions: new Map([["p", left]]) };
    } else if (errorCode === ErrorCode.NONE) this.#handedOut.splice(at, 1);
    else this.#handedOut[at] = { ...prepared, partitions: new Map() };
  }

  #passTime(): void {
    this.#shell.nowMs += 2 * timeoutMs;
    this.#carryOut(this.#shell.machine.onTick(this.#shell.nowMs));
  }

  #restart(): void {
    this.#shell.restart();
    this.#handedOut = [];
    this.#takePrepared();
  }

  #takePrepared(): void {
    this.#carryOut(this.#shell.machine.takePrepared(this.#shell.at<PreparedResponse>()));
  }

  /** Carries out a request's decision, and returns its answer. */
  #ask<Response>(decision: Parameters<TransactionShell["carryOut"]>[0]): Response {
    const own = this.#carryOut(decision).filter((response) => !("transactions" in response));
    law(own.length === 1, "a request has one answer");
    return own[0] as Response;
  }

  #carryOut(decision: Parameters<TransactionShell["carryOut"]>[0]): object[] {
    const { answers } = this.#shell.carryOut(decision);
    const responses: object[] = answers.map(({ response }) => response);
    for (const { response, failed } of answers) {
      if (!("transactions" in response)) continue;
      law(failed !== undefined, "markers are handed out before their decision is durable");
      this.#handedOut.push(...response.transactions);
      this.#takePrepared();
    }
    return responses;
  }

  /** Laws of what was appended: epochs only grow, and what is prepared is completed that way. */
  #checkLog(): void {
    const { log } = this.#shell;
    for (const stored of log.slice(this.#recordsSeen)) {
      const record = decodeTransaction(stored.key, stored.value);
      if (record === undefined) continue;
      const before = this.#last.get(record.transactionalId)?.transaction;
      const after = record.transaction;
      this.#last.set(record.transactionalId, record);
      if (before === undefined || before === null || after === null) continue;
      if (before.producerId === after.producerId) {
        law(after.producerEpoch >= before.producerEpoch, "an epoch went back");
      } else law(after.producerId > before.producerId, "a producer id came back");
      if (before.state === "PrepareCommit") {
        law(after.state === "CompleteCommit", "a commit was decided, and did not come");
      }
      if (before.state === "PrepareAbort") {
        law(after.state === "CompleteAbort", "an abort was decided, and did not come");
      }
    }
    this.#recordsSeen = log.length;
  }

  #checkTables(): void {
    const replayed = this.#describe(this.#shell.replay());
    law(replayed === this.#describe(this.#shell.machine), "the log says something else");
  }

  /** All that the log should know of the transactions. */
  #describe(table: TransactionTable): string {
    return JSON.stringify([...new Set(this.#options.ids)].map((id) => {
      const { transactionState, producerId, producerEpoch, topics } = table.describe(id);
      const isPrepared = transactionState.startsWith("Prepare");
      return [transactionState, String(producerId), producerEpoch, isPrepared || topics];
    }));
  }

  /** Which producers would be told their epoch again. */
  #lastEpochs(): boolean[] {
    return this.#producers.map(({ id, identity }) =>
      identity !== undefined && this.#shell.machine.initWantsProducerId({
        transactionalId: id,
        expected: { producerId: identity.producerId, epoch: identity.producerEpoch },
      })
    );
  }

  /** A transaction is all or nothing, and as its producer was told. */
  #checkFates(): void {
    const fates = new Map<string, Set<string>>();
    for (const { entries } of this.#partitions) {
      for (const [i, entry] of entries.entries()) {
        if (entry.kind !== "record") continue;
        const marker = entries.slice(i).find((each) =>
          each.kind === "marker" && each.producerId === entry.producerId
        );
        if (marker?.kind !== "marker") continue;
        const fate = marker.commit ? "committed" : "aborted";
        fates.set(entry.of, (fates.get(entry.of) ?? new Set()).add(fate));
      }
    }
    for (const [transaction, found] of fates) {
      law(found.size === 1, `${transaction} is torn apart`);
      const told = this.#told.get(transaction);
      law(told === undefined || found.has(told), `${transaction} is not as its producer was told`);
    }
  }

  /** Where a transaction is complete, no partition has any of it open. */
  #checkCompletes(): void {
    const isPending = [...new Set(this.#options.ids)].some((id) => {
      const { transactionState } = this.#shell.machine.describe(id);
      return transactionState.startsWith("Prepare") || transactionState === "Ongoing";
    });
    const handedOut = new Set(this.#handedOut.map(({ transactionalId }) => transactionalId));
    for (const id of new Set(this.#options.ids)) {
      const { transactionState } = this.#shell.machine.describe(id);
      if (transactionState.startsWith("Prepare")) {
        law(handedOut.has(id), "a transaction is prepared, and nobody writes its markers");
      }
    }
    if (isPending) return;
    for (const { entries } of this.#partitions) {
      const open = new Set<number>();
      for (const entry of entries) {
        if (entry.kind === "record") open.add(entry.producerId);
        else open.delete(entry.producerId);
      }
      law(open.size === 0, "a complete transaction is open in a partition");
    }
  }
}

/** What a client may ask for, but to begin anew. */
function verbsOf({ identity, hasWritten, ending }: Producer): string[] {
  if (identity === undefined) return [];
  if (ending !== undefined) return [ending];
  return ["write p0", "write p1", ...hasWritten ? ["commit", "abort"] : []];
}

function isFencing(errorCode: ErrorCode): boolean {
  return errorCode === ErrorCode.PRODUCER_FENCED ||
    errorCode === ErrorCode.INVALID_PRODUCER_ID_MAPPING;
}
