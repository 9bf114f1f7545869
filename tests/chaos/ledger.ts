// Holds what clients in other languages were told against what is in the logs, while both come in:
// tens of millions of records in little memory, as what is in order is kept as ranges.
//
//   LIFE:SEQ      a record of an idempotent producer: SEQ counts in each partition
//   LIFE#N:I/K    record I of the K of a transaction: N counts, and goes on in the next life
//
//   producers ── acked, ended ──┐
//   groups ───── polled ... ────┼──> ledger ──> anomalies
//   a reader ─── record ────────┘
//
// The topic of idempotent producers has no offset without a record, so that whoever passes one over
// has skipped it. Pure: lines and records in, anomalies out.
//
// Invariant: what is not known counts neither way; memory grows with gaps, lives and what is under
// way, not with records.

import type { anomalyKinds } from "../cluster/anomalies.ts";
import { Ranges } from "./ranges.ts";

export type AnomalyKind = typeof anomalyKinds[number];

/** What is kept of them; all are counted. */
const keptAnomaliesMax = 200;
/** Of acknowledged offsets that are looked up at the end, so many. */
const samplesMax = 200_000;

/** A client's life in one place: what it was told, and what is there. */
interface Sent {
  readonly acknowledged: Ranges;
  readonly found: Ranges;
}

interface Transactions {
  readonly committed: Ranges;
  readonly aborted: Ranges;
  /** All of it is there. */
  readonly whole: Ranges;
  /** Which records of one are there, a bit each. */
  readonly partly: Map<number, { bits: number; of: number }>;
  /** The last of its records, by place. */
  readonly last: Map<string, { readonly number: number; readonly index: number }>;
}

/** A group in one place. */
interface Reading {
  /** Where each member goes on. */
  readonly next: Map<string, number>;
  /** Behind which members begin who were given the place, and nothing of it yet. */
  readonly begins: Map<string, number>;
  readonly given: Ranges;
  /** The highest position of which a member was told that it is committed. */
  committed: number;
}

/** An offset as a producer was told it. */
export interface Sample {
  readonly place: string;
  readonly offset: number;
  readonly value: string;
}

/** What there is when all has been read. */
export interface End {
  /** Groups of members: each is given everything. */
  readonly groups: readonly string[];
  /** Where the partitions of idempotent producers end. */
  readonly ends: ReadonlyMap<string, number>;
  /** Where the groups are that transactions move, by the name of who makes them. */
  readonly positions: ReadonlyMap<string, number>;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

export class Ledger {
  readonly #sent = new Map<string, Sent>();
  readonly #transactions = new Map<string, Transactions>();
  readonly #readings = new Map<string, Reading>();
  /** The offset that the reader is to be given next, by place. */
  readonly #next = new Map<string, number>();
  readonly #counts = new Map<AnomalyKind, number>();
  readonly anomalies: string[] = [];
  readonly samples: Sample[] = [];
  acknowledged = 0;
  found = 0;
  committed = 0;
  polled = 0;

  /** Takes a line of a client program; false: it is none of its words. */
  take(line: string): boolean {
    const [word, ...args] = line.split(" ");
    switch (word) {
      case "acked":
        this.#onAcknowledged(args);
        return true;
      case "ended":
        this.#onEnded(args);
        return true;
      case "polled":
        this.#onPolled(args);
        return true;
      case "moved":
        this.#onMoved(args);
        return true;
      case "committed":
        this.#onCommitted(args);
        return true;
      default:
        return false;
    }
  }

  /** LIFE PLACE FROM TO OFFSET: records FROM up to and with TO, the last of them at OFFSET. */
  #onAcknowledged([life = "", place = "", ...numbers]: readonly string[]): void {
    const [from = 0, last = 0, offset = 0] = numbers.map(Number);
    this.#life(life, place).acknowledged.add(from, last + 1);
    this.acknowledged += last + 1 - from;
    if (this.samples.length < samplesMax) {
      this.samples.push({ place, offset, value: `${life}:${last}` });
    }
  }

  /** LIFE NUMBER committed|aborted|unknown */
  #onEnded([life = "", number = "", outcome = ""]: readonly string[]): void {
    const of = this.#transactionsOf(life);
    const n = Number(number);
    if (outcome === "committed") {
      of.committed.add(n, n + 1);
      this.committed++;
    }
    if (outcome === "aborted") of.aborted.add(n, n + 1);
  }

  /** GROUP MEMBER PLACE: it was given the place, and begins where the group is. */
  #onMoved([group = "", member = "", place = ""]: readonly string[]): void {
    const { next, begins, committed } = this.#reading(group, place);
    next.delete(member);
    begins.set(member, committed);
  }

  /** GROUP MEMBER PLACE FROM TO: it was given offsets FROM up to and with TO. */
  #onPolled([group = "", member = "", place = "", ...numbers]: readonly string[]): void {
    const [from = 0, last = 0] = numbers.map(Number);
    const { next, begins, given } = this.#reading(group, place);
    const [due, begin] = [next.get(member), begins.get(member)];
    if (due !== undefined && from !== due) {
      const kind = from < due ? "nonmonotonic poll" : "skipped poll";
      this.#tell(kind, `${member} is given ${from} of ${place}, and was to be given ${due}`);
    } else if (due === undefined && begin !== undefined && from < begin) {
      const words = `${group} had committed ${begin} of ${place}, and ${member} has ${from}`;
      this.#tell("position went back", words);
    }
    begins.delete(member);
    next.set(member, last + 1);
    given.add(from, last + 1);
    this.polled += last + 1 - from;
  }

  /** GROUP PLACE OFFSET */
  #onCommitted([group = "", place = "", offset = ""]: readonly string[]): void {
    const reading = this.#reading(group, place);
    reading.committed = Math.max(reading.committed, Number(offset));
  }

  /** The offset from which a reader of this place goes on. */
  next(place: string): number {
    return this.#next.get(place) ?? 0;
  }

  /** The reader is given a record of idempotent producers. */
  onRecord(place: string, offset: number, value: string): void {
    const due = this.next(place);
    if (offset !== due) {
      const kind = offset < due ? "nonmonotonic poll" : "skipped poll";
      this.#tell(kind, `the reader is given ${offset} of ${place}, and was to be given ${due}`);
    }
    this.#next.set(place, offset + 1);
    const colon = value.lastIndexOf(":");
    const [life, sequence] = [value.slice(0, colon), Number(value.slice(colon + 1))];
    const { found } = this.#life(life, place);
    const last = found.last;
    if (found.add(sequence, sequence + 1) > 0) {
      this.#tell("duplicate", `${value} is in ${place} again, at ${offset}`);
    } else if (sequence < last) {
      const words = `${value} is at ${offset} of ${place}, behind ${life}:${last}`;
      this.#tell("nonmonotonic send", words);
    }
    this.found++;
  }

  /** The reader of committed records is given one of a transaction. */
  onCommittedRecord(place: string, offset: number, value: string): void {
    const due = this.next(place);
    if (offset < due) {
      const words = `the reader is given ${offset} of ${place}, and was to be given ${due}`;
      this.#tell("nonmonotonic poll", words);
    }
    this.#next.set(place, offset + 1);
    this.found++;
    const [, life = "", ...numbers] = value.match(/^(.*)#(\d+):(\d+)\/(\d+)$/) ?? [];
    const [number = 0, index = 0, of = 0] = numbers.map(Number);
    const its = this.#transactionsOf(life);
    const before = its.last.get(place);
    if (before !== undefined && (before.number - number || before.index - index) > 0) {
      const words = `${value} is at ${offset} of ${place}, behind ${before.number}:${before.index}`;
      this.#tell("nonmonotonic send", words);
    }
    its.last.set(place, { number, index });
    const part = its.whole.has(number) ? undefined : entry(
      its.partly,
      number,
      () => ({ bits: 0, of }),
    );
    if (part === undefined || (part.bits & 1 << index) !== 0) {
      return this.#tell("duplicate", `${value} is committed again, at ${offset} of ${place}`);
    }
    part.bits |= 1 << index;
    if (part.bits !== 2 ** of - 1) return;
    its.partly.delete(number);
    its.whole.add(number, number + 1);
  }

  /** What a producer was told of an offset is not so. */
  onOtherValue({ place, offset, value }: Sample, there: string): void {
    const words = `${value} was acknowledged at ${offset} of ${place}, where ${there} is`;
    this.#tell("inconsistent offset", words);
  }

  /** Two passes over a log differ. */
  onOtherReading(words: string): void {
    this.#tell("inconsistent offset", words);
  }

  /** What groups have not been given of all that there is. */
  behind({ groups, ends }: Pick<End, "groups" | "ends">): string[] {
    const found: string[] = [];
    for (const group of groups) {
      for (const [place, end] of ends) {
        const all = new Ranges();
        if (end > 0) all.add(0, end);
        for (const { from, to } of this.#reading(group, place).given.lacking(all)) {
          found.push(`${group} was not given ${from} to ${to - 1} of ${place}`);
        }
      }
    }
    return found;
  }

  /** All is read: what is not there now never will be. */
  close({ groups, ends, positions }: End): void {
    for (const [key, { acknowledged, found }] of this.#sent) {
      for (const { from, to } of found.lacking(acknowledged)) {
        this.#tell("lost write", `${key}: ${from} to ${to - 1} were acknowledged`);
      }
    }
    for (const words of this.behind({ groups, ends })) this.#tell("skipped poll", words);
    const highest = new Map<string, number>();
    for (const [life, its] of this.#transactions) {
      this.#closeTransactions(life, its);
      const teller = life.slice(0, life.lastIndexOf("."));
      highest.set(teller, Math.max(highest.get(teller) ?? -1, its.whole.last));
    }
    for (const [teller, number] of highest) {
      const there = positions.get(teller) ?? -1;
      if (there === number) continue;
      const words = `${teller} has committed up to ${number}, and its group is at ${there}`;
      this.#tell("torn transaction", words);
    }
  }

  #closeTransactions(life: string, { committed, aborted, whole, partly }: Transactions): void {
    for (const [number, { bits, of }] of partly) {
      const words = `of ${life}#${number} there is ${bits.toString(2).padStart(of, "0")}`;
      this.#tell("torn transaction", words);
      whole.add(number, number + 1);
    }
    for (const { from, to } of whole.lacking(committed)) {
      this.#tell("lost write", `${life}: transactions ${from} to ${to - 1} were committed`);
    }
    for (const { from, to } of aborted) {
      for (let number = from; number < to; number++) {
        if (!whole.has(number)) continue;
        this.#tell("aborted read", `${life}#${number} was aborted, and is there`);
      }
    }
  }

  /** How many of which anomaly there are. */
  get verdict(): string {
    const kinds = [...this.#counts].map(([kind, count]) => `${count} x ${kind}`);
    return kinds.join(", ") || "no anomaly";
  }

  #tell(kind: AnomalyKind, words: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.anomalies.length < keptAnomaliesMax) this.anomalies.push(`${kind}: ${words}`);
  }

  #life(life: string, place: string): Sent {
    return entry(this.#sent, `${life} in ${place}`, () => ({
      acknowledged: new Ranges(),
      found: new Ranges(),
    }));
  }

  #transactionsOf(life: string): Transactions {
    return entry(this.#transactions, life, () => ({
      committed: new Ranges(),
      aborted: new Ranges(),
      whole: new Ranges(),
      partly: new Map(),
      last: new Map(),
    }));
  }

  #reading(group: string, place: string): Reading {
    return entry(this.#readings, `${group} ${place}`, () => ({
      next: new Map(),
      begins: new Map(),
      given: new Ranges(),
      committed: 0,
    }));
  }
}
