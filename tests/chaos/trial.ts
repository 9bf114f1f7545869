// The part of it that is judged as it comes in: topics of the ledger, who reads them along, and
// what is looked at in the end.
//
// Invariant: nothing is judged before every group and reader has had the time to come to the ends.

import { type Client, committedOffsets } from "../../src/client/mod.ts";
import type { Topic } from "../cluster/actors.ts";
import { memberGroups, tellerGroups } from "./clients.ts";
import { Ledger } from "./ledger.ts";
import { endsOf, readAgain, readAlong, Sums } from "./log_readers.ts";

const sales: Topic = { name: "sales", partitions: 6 };
const withdrawals: Topic = { name: "withdrawals", partitions: 2 };
const deposits: Topic = { name: "deposits", partitions: 2 };
export const ledgerTopics = [sales, withdrawals, deposits];
/** With the time that a group takes to find that a member is gone. */
const drainMsMax = 300_000;
const pauseMs = 1_000;
const text = new TextDecoder();

export interface TrialOptions {
  readonly connect: () => Promise<Client>;
  readonly pass: (ms: number) => Promise<void>;
  readonly onFailure: (words: string) => void;
}

export class Trial {
  readonly ledger = new Ledger();
  readonly #options: TrialOptions;
  readonly #sums = { all: new Sums(), committed: new Sums() };
  #isOver = false;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  get progress(): string {
    const { acknowledged, found, polled, committed, verdict } = this.ledger;
    return `${acknowledged} acknowledged, ${committed} transactions committed, ${found} read ` +
      `along, ${polled} read by groups, ${verdict}`;
  }

  /** Rejects should it fail for good; never resolves before {@link isRight}. */
  readAlong(): Promise<unknown> {
    const { ledger } = this;
    const next = (place: string) => ledger.next(place);
    const isOver = () => this.#isOver;
    this.#reading = Promise.all([
      readAlong({
        ...this.#options,
        next,
        topics: [sales],
        isCommitted: false,
        onRecord: (place, offset, value) => {
          this.#sums.all.add(place, offset, value);
          ledger.onRecord(place, offset, text.decode(value));
        },
      }, isOver),
      readAlong({
        ...this.#options,
        next,
        topics: [withdrawals, deposits],
        isCommitted: true,
        onRecord: (place, offset, value) => {
          this.#sums.committed.add(place, offset, value);
          ledger.onCommittedRecord(place, offset, text.decode(value));
        },
      }, isOver),
    ]);
    return this.#reading;
  }

  /** Producers have ended, and all is mended: waits for readers, and judges. */
  async isRight(): Promise<boolean> {
    const { ledger } = this;
    const { pass, connect } = this.#options;
    const client = await connect();
    const ends = await endsOf(client, { topics: ledgerTopics, pass });
    const isBehind = () =>
      ledger.behind({ groups: memberGroups, ends: salesOf(ends) }).length > 0 ||
      [...salesOf(ends)].some(([place, end]) => ledger.next(place) < end);
    for (let waitedMs = 0; isBehind() && waitedMs < drainMsMax; waitedMs += pauseMs) {
      await pass(pauseMs);
    }
    const positions = new Map<string, number>();
    for (const group of tellerGroups) {
      for (const { offset } of await committedOffsets(client, group, { partitions: null })) {
        positions.set(group, Number(offset));
      }
    }
    client.close();
    await this.#compare(ends);
    this.#isOver = true;
    await this.#reading;
    ledger.close({ groups: memberGroups, ends: salesOf(ends), positions });
    console.log(`${this.progress}; ${[...ends.values()].reduce((a, b) => a + b, 0)} offsets`);
    return ledger.anomalies.length === 0;
  }

  /** Reads all once more: it is the same as it was. */
  async #compare(ends: ReadonlyMap<string, number>): Promise<void> {
    const again = { ends, ledger: this.ledger };
    const all = await readAgain({ ...this.#options, topics: [sales], isCommitted: false }, again);
    const committed = await readAgain({
      ...this.#options,
      topics: [withdrawals, deposits],
      isCommitted: true,
    }, again);
    const behind = () =>
      [...all.next, ...committed.next].some(([place, end]) => this.ledger.next(place) < end);
    for (let waitedMs = 0; behind() && waitedMs < drainMsMax; waitedMs += pauseMs) {
      await this.#options.pass(pauseMs);
    }
    const unlike = [
      ...all.sums.unlike(this.#sums.all),
      ...committed.sums.unlike(this.#sums.committed),
    ];
    for (const where of unlike) {
      this.ledger.onOtherReading(`${where} is read again otherwise than it was`);
    }
  }
}

function salesOf(ends: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...ends].filter(([place]) => place.startsWith(`${sales.name}-`)));
}
