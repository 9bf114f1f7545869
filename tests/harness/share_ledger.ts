// What a crowd of share consumers has told of records (java/ShareConsumers.java), and the laws that
// must hold of it whatever was killed meanwhile.
//
//   d 7 2   delivered, for the second time       s 7 a   somebody says: accept (release, reject)
//                                                k 7 a   the broker has confirmed that
//
// Laws: a record is accepted or rejected once at most, and not delivered after that; its delivery
// count grows, but for once with each broker that was killed, and even then it does not fall back
// behind a release that was confirmed; it is no more than may be. At the end each record was
// accepted, rejected or delivered that often.

import { assert } from "@std/assert";

interface RecordStory {
  /** The count of the last delivery, and how often it has not grown. */
  count: number;
  repeats: number;
  /** Behind it no delivery falls back. */
  releasedCount: number;
  deliveries: number;
  /** Somebody has said so; it may be that nobody heard of the answer. */
  isDoneAsSaid: boolean;
  done: "a" | "j" | undefined;
  /** What was told of it, for an error message. */
  told: string;
}

export class ShareLedger {
  readonly deliveryCountMax: number;
  readonly #records = new Map<number, RecordStory>();
  #brokerKills = 0;
  #confirmed = { a: 0, r: 0, j: 0 };
  /** Commits that failed. */
  readonly failures: string[] = [];

  constructor(deliveryCountMax: number) {
    this.deliveryCountMax = deliveryCountMax;
  }

  /** How many were confirmed of each kind. */
  get confirmed(): Readonly<Record<"a" | "r" | "j", number>> {
    return this.#confirmed;
  }

  /** The broker was killed: what was held comes again, as often delivered as was stored. */
  onBrokerKilled(): void {
    this.#brokerKills++;
  }

  onLine(line: string): void {
    const [verb, first = "", word = ""] = line.split(" ");
    const offset = Number(first);
    if (verb !== "f") this.#record(offset).told += ` ${verb}${word}`;
    if (verb === "d") this.#onDelivered(offset, Number(word));
    else if (verb === "s") this.#record(offset).isDoneAsSaid ||= word !== "r";
    else if (verb === "k") this.#onConfirmed(offset, word);
    else if (verb === "f") this.failures.push(line.slice(2));
  }

  /** Of `total` records, what became of each. Fails where something is missing. */
  settle(total: number) {
    const counts = { accepted: 0, rejected: 0, unconfirmed: 0, givenUp: 0, redelivered: 0 };
    for (let offset = 0; offset < total; offset++) {
      const record = this.#record(offset);
      counts.redelivered += Math.max(0, record.deliveries - 1);
      if (record.done === "a") counts.accepted++;
      else if (record.done === "j") counts.rejected++;
      else if (record.isDoneAsSaid) counts.unconfirmed++;
      else {
        assert(record.count === this.deliveryCountMax, `${offset} is done with, and nobody had it`);
        counts.givenUp++;
      }
    }
    return counts;
  }

  #onDelivered(offset: number, count: number): void {
    const record = this.#record(offset);
    if (count <= record.count) record.repeats++;
    const isRepeated = record.repeats <= this.#brokerKills && count > record.releasedCount;
    const before = `after the ${record.count}th, ${record.releasedCount} confirmed`;
    assert(count > record.count || isRepeated, `${offset} is the ${count}th time, ${before}`);
    assert(count <= this.deliveryCountMax, `${offset} is delivered for the ${count}th time`);
    assert(record.done === undefined, `${offset} is done with (${record.done}), and delivered`);
    Object.assign(record, { count, deliveries: record.deliveries + 1 });
  }

  #onConfirmed(offset: number, word: string): void {
    const record = this.#record(offset);
    assert(record.done === undefined, `${offset} is done with twice:${record.told}`);
    if (word === "r") record.releasedCount = record.count;
    else record.done = word === "a" ? "a" : "j";
    this.#confirmed[record.done ?? "r"]++;
  }

  #record(offset: number): RecordStory {
    let record = this.#records.get(offset);
    if (record === undefined) {
      record = {
        count: 0,
        repeats: 0,
        releasedCount: 0,
        deliveries: 0,
        isDoneAsSaid: false,
        done: undefined,
        told: "",
      };
      this.#records.set(offset, record);
    }
    return record;
  }
}
