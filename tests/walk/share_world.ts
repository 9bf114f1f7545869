// A small world of a share partition: two members, a log with markers and holes in it, a store that
// may fail, and restarts.
//
//   A fetch, A fetch 1     what can be had; one record and no more
//   A accept, release ...  what A holds first; ... one: its first record alone; ... all: whatever
//                          lies below as well
//   A leaves               its session ends
//   time, half             the lock of a record runs out; half of that time passes
//   write, stored, failed  a write is begun, and how it went
//   restart, stored unsaid a new leader begins with what is stored; a write was, nobody heard of it
//   append, delete         the log gets a batch; its first records are deleted
//   drain                  everybody leaves, and A takes all there is
//
// The model beside it keeps each record by itself. Laws: a record is held by one member at most;
// one that is done with, or under way to something, is not handed out; it is told right how often
// it was delivered, which is never more than may be; what a member was told is kept over a restart;
// no record is passed over; who holds a record, and nobody else, says what becomes of it; all can
// be drained.

import { ErrorCode } from "../../src/protocol/mod.ts";
import {
  type AcquiredRange,
  type ReadBatch,
  SharePartition,
  type ShareTerms,
  type ShareWrite,
  type StoredSharePartition,
} from "../../src/broker/share/share_partition.ts";
import { LawBroken, type World } from "./walker.ts";

/** How a share partition is made, for those who make a wrong one. */
export type NewSharePartition = (
  stored: StoredSharePartition,
  terms: () => ShareTerms,
) => SharePartition;

export interface ShareWorldOptions {
  readonly terms: ShareTerms;
  readonly newPartition?: NewSharePartition;
}

/** The worlds that are walked. */
export const shareWorlds: Readonly<Record<string, ShareWorldOptions>> = {
  "two members": {
    terms: { recordLocksMax: 4, deliveryCountMax: 2, lockMs: 10, canRenew: true },
  },
  "two members, one record at a time": {
    terms: { recordLocksMax: 1, deliveryCountMax: 3, lockMs: 10, canRenew: true },
  },
};

/** One offset, as the model knows it. */
interface ModelRecord {
  readonly exists: boolean;
  fate: "open" | "done";
  count: number;
  holder: string | undefined;
  untilMs: number;
  pending: { to: "free" | "done"; write: number; isForced: boolean } | undefined;
  /** What of it is stored. */
  kept: { fate: "open" | "done"; count: number };
}

/** What the log gets, batch by batch, over and over: sizes below zero are holes, markers have M. */
const script: readonly (number | "M")[] = [2, "M", 2, -2, 1, 3];

const members = ["A", "B"];
const types: Readonly<Record<string, number>> = {
  gap: 0,
  accept: 1,
  release: 2,
  reject: 3,
  renew: 4,
};

export class ShareWorld implements World {
  readonly #options: ShareWorldOptions;
  #partition: SharePartition;
  readonly #log: ReadBatch[] = [];
  readonly #records: ModelRecord[] = [];
  #appended = 0;
  #logStart = 0;
  #nowMs = 0;
  #writing: ShareWrite | undefined;
  /** The number of the write that would come next. */
  #nextWrite = 1;
  #stored: StoredSharePartition = { startOffset: 0, stateBatches: [] };

  constructor(options: ShareWorldOptions) {
    this.#options = options;
    this.#partition = this.#begin();
    this.#append();
    this.#append();
  }

  events(): readonly string[] {
    const events = ["time", "half", "restart", "append", "delete", "drain"];
    if (this.#writing !== undefined) events.push("stored", "failed", "stored unsaid");
    else if (this.#partition.isChanged) events.push("write");
    for (const name of members) {
      events.push(`${name} fetch`, `${name} fetch 1`, `${name} leaves`);
      for (const type of Object.keys(types)) events.push(`${name} ${type}`, `${name} ${type} one`);
      events.push(`${name} accept all`);
    }
    return events;
  }

  usual(): readonly string[] {
    const events = ["append", "A fetch", "A accept", "B fetch", "B accept"];
    if (this.#writing !== undefined) return [...events, "stored"];
    return this.#partition.isChanged ? [...events, "write"] : events;
  }

  happen(event: string): void {
    const [subject = "", verb = "", how] = event.split(" ");
    if (members.includes(subject)) this.#member(subject, { verb, how });
    else if (subject === "time" || subject === "half") this.#pass(subject === "time" ? 10 : 5);
    else if (subject === "restart") this.#restart();
    else if (subject === "append") this.#append();
    else if (subject === "delete") this.#delete();
    else if (subject === "drain") this.#drain();
    else if (subject === "write") this.#write();
    else {
      this.#settle(subject === "stored");
      if (verb === "unsaid") this.#restart();
    }
  }

  /** Everybody leaves, and one takes all there is. */
  calm(): void {
    this.#drain();
    this.check();
  }

  state(): string {
    const { spans, startOffset, isChanged } = this.#partition;
    const now = this.#nowMs;
    const records = this.#records.map(({ untilMs, ...record }) => ({
      ...record,
      left: record.holder === undefined ? 0 : Math.max(0, untilMs - now),
      pending: record.pending &&
        { ...record.pending, write: record.pending.write - this.#nextWrite },
    }));
    const told = spans.map(({ held, staged, ...span }) => ({
      ...span,
      held: held && [held.memberId, Math.max(0, held.untilMs - now)],
      staged: staged && [staged.to, staged.write - this.#nextWrite],
    }));
    return JSON.stringify([
      records,
      told,
      startOffset,
      isChanged,
      this.#stored,
      this.#writing?.stateBatches,
      this.#logStart,
    ]);
  }

  #begin(): SharePartition {
    const make: NewSharePartition = this.#options.newPartition ??
      ((stored, terms) => new SharePartition(stored, terms));
    const partition = make(this.#stored, () => this.#options.terms);
    partition.onDeleted(this.#logStart);
    return partition;
  }

  #member(
    name: string,
    { verb, how }: { readonly verb: string; readonly how: string | undefined },
  ): void {
    if (verb === "fetch") this.#fetch(name, how === undefined ? undefined : 1);
    else if (verb === "leaves") {
      this.#partition.release(name);
      this.#letGo((record) => record.holder === name);
    } else this.#acknowledge(name, { type: types[verb] ?? 0, how });
  }

  #fetch(name: string, recordsMax?: number): AcquiredRange[] {
    const { fetchOffset } = this.#partition;
    if (fetchOffset === undefined || fetchOffset >= this.#records.length) return [];
    const acquired = this.#partition.acquire({
      memberId: name,
      batches: this.#log.filter(({ lastOffset }) => lastOffset >= fetchOffset),
      fromOffset: fetchOffset,
      recordsMax: recordsMax ?? 3,
      isStrict: recordsMax !== undefined,
      batchSize: 2,
      nowMs: this.#nowMs,
    });
    let count = 0;
    let before = -1;
    for (const { firstOffset, lastOffset, deliveryCount } of acquired) {
      if (firstOffset <= before) throw new LawBroken("ranges are told out of order");
      before = lastOffset;
      for (let offset = firstOffset; offset <= lastOffset; offset++, count++) {
        this.#handOut(offset, { name, deliveryCount });
      }
    }
    if (recordsMax !== undefined && count > recordsMax) throw new LawBroken("more than asked for");
    this.#noteNothing(fetchOffset);
    return acquired;
  }

  #handOut(offset: number, told: { readonly name: string; readonly deliveryCount: number }): void {
    const record = this.#records[offset];
    if (record?.exists !== true) throw new LawBroken(`${offset} is no record, and handed out`);
    if (offset < this.#logStart) throw new LawBroken(`${offset} is deleted, and handed out`);
    if (record.fate === "done") throw new LawBroken(`${offset} is done with, and handed out`);
    if (record.pending) throw new LawBroken(`${offset} is under way, and handed out`);
    if (record.holder !== undefined) throw new LawBroken(`${offset} is held by two`);
    record.count++;
    if (record.count !== told.deliveryCount) {
      throw new LawBroken(`${offset} is handed out ${record.count} times, and told otherwise`);
    }
    if (record.count > this.#options.terms.deliveryCountMax) {
      throw new LawBroken(`${offset} is handed out more often than may be`);
    }
    record.holder = told.name;
    record.untilMs = this.#nowMs + this.#options.terms.lockMs;
  }

  /** What is no record is passed over as it is read. */
  #noteNothing(from: number): void {
    const { nextOffset } = this.#partition;
    for (const [offset, record] of this.#records.entries()) {
      if (record.exists || offset < from || offset >= nextOffset) continue;
      if (record.fate === "done" || record.pending) continue;
      const span = [...this.#partition.spans].find((each) =>
        each.firstOffset <= offset && offset <= each.lastOffset
      );
      if (span?.staged) record.pending = { to: "done", write: this.#nextWrite, isForced: true };
    }
  }

  /** Says something of what `name` holds first, or of what it may not say anything about. */
  #acknowledge(
    name: string,
    { type, how }: { readonly type: number; readonly how?: string | undefined },
  ): void {
    const isTheirs = (record: ModelRecord) => record.holder === name && !record.pending;
    let first = this.#records.findIndex(isTheirs);
    // Who holds nothing tries what another one holds, or what nobody does.
    if (first < 0) first = this.#records.findIndex(({ holder }) => holder !== undefined);
    if (first < 0) first = Math.min(this.#partition.startOffset, this.#records.length - 1);
    let last = first;
    while (how !== "one" && this.#records[last + 1] && isTheirs(this.#records[last + 1]!)) last++;
    if (how === "all") first = 0;
    const concerned = this.#records.slice(Math.max(first, this.#logStart), last + 1);
    const isAllowed = concerned.every(isTheirs);
    const { errorCode, write } = this.#partition.acknowledge({
      memberId: name,
      batches: [{ firstOffset: first, lastOffset: last, types: [type] }],
      nowMs: this.#nowMs,
    });
    if (isAllowed !== (errorCode === ErrorCode.NONE)) {
      if (last < this.#logStart) return;
      throw new LawBroken(`${name} ${isAllowed ? "may not" : "may"} say what becomes of ${first}`);
    }
    if (!isAllowed) return;
    if (type === types.renew) {
      for (const record of concerned) record.untilMs = this.#nowMs + this.#options.terms.lockMs;
      return;
    }
    if (concerned.length === 0) return;
    if (write !== this.#nextWrite) throw new LawBroken("it is not said which write stores it");
    for (const record of concerned) {
      const isFree = type === types.release && this.#mayComeAgain(record);
      record.pending = { to: isFree ? "free" : "done", write, isForced: false };
    }
  }

  #mayComeAgain({ count }: ModelRecord): boolean {
    return count < this.#options.terms.deliveryCountMax;
  }

  #letGo(which: (record: ModelRecord) => boolean): void {
    for (const record of this.#records) {
      if (record.holder === undefined || record.pending || !which(record)) continue;
      const to = this.#mayComeAgain(record) ? "free" : "done";
      record.pending = { to, write: this.#nextWrite, isForced: true };
    }
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#partition.onTick(this.#nowMs);
    this.#letGo(({ untilMs }) => untilMs <= this.#nowMs);
  }

  #write(): void {
    this.#writing = this.#partition.beginWrite();
    this.#nextWrite++;
    const below = this.#records.slice(0, this.#writing?.startOffset);
    const open = below.findIndex(({ fate, pending }) => fate === "open" && pending?.to !== "done");
    if (open >= 0) throw new LawBroken(`${open} is passed over in what is stored`);
  }

  #settle(isStored: boolean): void {
    const writing = this.#writing;
    if (writing === undefined) return;
    this.#writing = undefined;
    if (isStored) this.#store(writing);
    this.#partition.settle(writing.number, isStored);
    for (const record of this.#records) {
      const { pending } = record;
      if (pending?.write !== writing.number) continue;
      record.pending = undefined;
      const fate = pending.to === "done" ? "done" : "open";
      if (isStored) record.kept = { fate, count: record.count };
      if (!isStored && !pending.isForced) continue;
      record.fate = fate;
      record.holder = undefined;
    }
    if (!isStored) return;
    for (const record of this.#records.slice(0, writing.startOffset)) {
      record.kept = { fate: "done", count: 0 };
    }
  }

  #store({ startOffset, stateBatches }: ShareWrite): void {
    const byOffset = new Map<number, StoredSharePartition["stateBatches"][number]>();
    for (const batch of [...this.#stored.stateBatches, ...stateBatches]) {
      for (let offset = batch.firstOffset; offset <= batch.lastOffset; offset++) {
        if (offset >= startOffset) {
          byOffset.set(offset, { ...batch, firstOffset: offset, lastOffset: offset });
        }
      }
    }
    const inOrder = [...byOffset.values()].sort((a, b) => a.firstOffset - b.firstOffset);
    this.#stored = { startOffset, stateBatches: inOrder };
  }

  #restart(): void {
    this.#writing = undefined;
    this.#nextWrite = 1;
    for (const record of this.#records) {
      Object.assign(record, record.kept, { holder: undefined, pending: undefined });
    }
    this.#forgetDeleted();
    this.#partition = this.#begin();
  }

  #append(): void {
    const size = script[this.#appended++ % script.length] ?? 1;
    const exists = typeof size === "number" && size > 0;
    const count = size === "M" ? 1 : Math.abs(size);
    const firstOffset = this.#records.length;
    for (let i = 0; i < count; i++) {
      const kept = { fate: "open", count: 0 } as const;
      const nobody = { holder: undefined, untilMs: 0, pending: undefined };
      this.#records.push({ exists, ...kept, ...nobody, kept });
    }
    const lastOffset = firstOffset + count - 1;
    if (typeof size === "number" && size < 0) return;
    this.#log.push({ firstOffset, lastOffset, isGiven: exists });
  }

  #delete(): void {
    if (this.#logStart >= this.#records.length) return;
    this.#logStart++;
    this.#forgetDeleted();
    this.#partition.onDeleted(this.#logStart);
  }

  #forgetDeleted(): void {
    for (const record of this.#records.slice(0, this.#logStart)) {
      Object.assign(record, { fate: "done", holder: undefined, pending: undefined });
      record.kept = { fate: "done", count: 0 };
    }
  }

  #drain(): void {
    // A hole at the end of the log is not known to be one.
    while (this.#log.at(-1)?.lastOffset !== this.#records.length - 1) this.#append();
    for (let round = 0; round < 40; round++) {
      this.#settle(true);
      this.#pass(10);
      for (const _ of members) {
        this.#fetch("A");
        for (const { holder } of this.#records) {
          if (holder === "A") this.#acknowledge("A", { type: 1 });
        }
      }
      if (this.#partition.isChanged) this.#write();
    }
    this.#settle(true);
    if (this.#partition.startOffset !== this.#records.length) {
      throw new LawBroken(`${this.#partition.startOffset} is stuck`);
    }
  }

  check(): void {
    const { startOffset, nextOffset, spans } = this.#partition;
    for (const name of members) {
      const held = this.#records.filter(({ holder }) => holder === name).length;
      if (this.#partition.heldBy(name) !== held) throw new LawBroken(`${name} holds ${held}`);
    }
    const open = this.#records.findIndex(({ fate }) => fate === "open");
    const first = open < 0 ? this.#records.length : open;
    if (startOffset > first) throw new LawBroken(`${first} is passed over`);
    const isOpen = startOffset < nextOffset && this.#records[startOffset]?.fate !== "open";
    if (isOpen) throw new LawBroken(`${startOffset} is done with, and not let go of`);
    // What is over may be the rest of a batch, or a hole.
    if (nextOffset - startOffset > this.#options.terms.recordLocksMax + 5) {
      throw new LawBroken("more is under way than may be");
    }
    for (const [i, { firstOffset, lastOffset }] of spans.entries()) {
      const before = spans[i - 1]?.lastOffset ?? startOffset - 1;
      const isNext = firstOffset === before + 1 && lastOffset >= firstOffset;
      if (!isNext) throw new LawBroken("spans do not follow each other");
    }
  }
}
