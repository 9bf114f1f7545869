// What a crowd of share consumers has told of records (java/ShareConsumers.java), and the laws that
// must hold of it whatever was killed meanwhile.
//
//   d 7 2   delivered, for the second time       s 7 a   somebody says: accept (release, reject)
//                                                k 7 a 2 the broker has confirmed that
//
// Lines of several programs come in any order, but for those of one delivery.
//
// Laws: a record is accepted or rejected once at most, and never delivered after that; it is not
// delivered for the same time twice, but once more for each broker that was killed, since what was
// held then was not stored; nor more often than may be. At the end each record was accepted or
// rejected, or delivered as often as may be.

import { assert } from "@std/assert";

interface RecordStory {
  /** By what it was told: how many deliveries were that. */
  readonly counts: Map<number, number>;
  /** Somebody has said so; it may be that nobody heard of the answer. */
  isDoneAsSaid: boolean;
  done: { readonly word: string; readonly count: number } | undefined;
  /** All that was told of it, for an error message. */
  told: string;
}

export class ShareLedger {
  readonly #deliveryCountMax: number;
  readonly #records = new Map<number, RecordStory>();
  #brokerKills = 0;
  /** Commits that failed. */
  readonly failures: string[] = [];

  constructor(deliveryCountMax: number) {
    this.#deliveryCountMax = deliveryCountMax;
  }

  /** The broker was killed: what was held comes again, as often delivered as was stored. */
  onBrokerKilled(): void {
    this.#brokerKills++;
  }

  onLine(line: string): void {
    const [verb, first = "", word = "", count = ""] = line.split(" ");
    if (verb === "f") {
      this.failures.push(line.slice(2));
      return;
    }
    const record = this.#record(Number(first));
    record.told += ` ${verb}${word}`;
    if (verb === "d") {
      record.counts.set(Number(word), (record.counts.get(Number(word)) ?? 0) + 1);
    } else if (verb === "s") {
      record.isDoneAsSaid ||= word !== "r";
    } else if (word !== "r") {
      assert(record.done === undefined, `${first} is done with twice:${record.told}`);
      record.done = { word, count: Number(count) };
    }
  }

  /** Of `total` records, what became of each. Fails where a law does not hold. */
  settle(total: number) {
    const fates = { accepted: 0, rejected: 0, unconfirmed: 0, givenUp: 0, redelivered: 0 };
    for (let offset = 0; offset < total; offset++) {
      const record = this.#record(offset);
      const { counts, done, told } = record;
      let deliveries = 0;
      for (const [count, times] of counts) {
        deliveries += times;
        const isLegal = count >= 1 && count <= this.#deliveryCountMax;
        assert(isLegal && times <= 1 + this.#brokerKills, `${offset} is counted wrong:${told}`);
        assert(done === undefined || count <= done.count, `${offset} came after its end:${told}`);
      }
      fates.redelivered += Math.max(0, deliveries - 1);
      if (done !== undefined) fates[done.word === "a" ? "accepted" : "rejected"]++;
      else if (record.isDoneAsSaid) fates.unconfirmed++;
      else {
        assert(counts.has(this.#deliveryCountMax), `${offset} is done with unseen:${told}`);
        fates.givenUp++;
      }
    }
    return fates;
  }

  #record(offset: number): RecordStory {
    let record = this.#records.get(offset);
    if (record === undefined) {
      record = { counts: new Map(), isDoneAsSaid: false, done: undefined, told: "" };
      this.#records.set(offset, record);
    }
    return record;
  }
}
