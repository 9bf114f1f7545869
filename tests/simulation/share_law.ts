// A record of a share group is never held by two, nor taken from who holds it before its time; it
// never comes again once its end is confirmed, nor more often than may be, and is never lost.
//
//   A acquires r ............ A says accept, and that is confirmed
//        B acquires r within: two have it           B acquires r behind: it comes again
//
// What nobody was told of may have happened: an acquisition whose answer is lost counts as a
// delivery of every record. Where a group starts there is nothing below that it is not done with.
//
// A leader that is another one knows nothing of locks: in a cluster they may end before their time.

import { ShareFetch } from "../../src/protocol/apis/78_share_fetch.ts";
import { ShareAcknowledge } from "../../src/protocol/apis/79_share_acknowledge.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { law } from "../walk/walker.ts";
import { isBefore, type Law } from "./law.ts";
import { entryOf } from "./records_law.ts";
import { type Answered, answeredOf, type Asked, askedOf } from "./wire.ts";

type Span = Pick<Answered, "sentMs" | "answeredMs">;

interface Acquired extends Span {
  readonly memberId: string;
  readonly deliveryCount: number;
}

interface RecordStory {
  readonly acquired: Acquired[];
  /** Somebody has said that it is done with; nobody may have heard of the answer. */
  isDoneAsSaid: boolean;
  /** It was accepted or rejected for sure. */
  done: (Span & { readonly memberId: string }) | undefined;
}

/** Who speaks, as both requests say it. */
interface Spoken {
  readonly memberId: string | null;
  readonly topics: readonly {
    readonly topicId: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly acknowledgementBatches: readonly {
        readonly firstOffset: number | bigint;
        readonly lastOffset: number | bigint;
        readonly acknowledgeTypes: readonly number[];
      }[];
    }[];
  }[];
}

const [accept, reject] = [1, 3];

export interface ShareTerms {
  readonly topic: string;
  readonly deliveriesMax: number;
  /** So long a record is its holder's; undefined: or as long as its leader leads. */
  readonly lockMs: number | undefined;
}

/** What is there in the end, by `topic-partition`. */
interface Records {
  readonly batches: ReadonlyMap<
    string,
    readonly { readonly records: readonly { readonly offset: number }[] }[]
  >;
}

export class ShareLaw implements Law {
  readonly #terms: ShareTerms;
  /** By partition, then by offset. */
  readonly #records = new Map<string, Map<number, RecordStory>>();
  #fetchesAsked = 0;
  #fetchesAnswered = 0;

  constructor(terms: ShareTerms) {
    this.#terms = terms;
  }

  /** Records that were accepted or rejected for sure. */
  get count(): number {
    return [...this.#records.values()].flatMap((each) => [...each.values()])
      .filter(({ done }) => done !== undefined).length;
  }

  onAsked(asked: Asked): void {
    const fetch = askedOf(asked, ShareFetch);
    if (fetch !== undefined) this.#fetchesAsked++;
    const spoken = fetch?.request ?? askedOf(asked, ShareAcknowledge)?.request;
    for (const { record } of spoken === undefined ? [] : this.#said(spoken)) {
      record.isDoneAsSaid = true;
    }
  }

  onAnswered(answered: Answered): void {
    const fetch = answeredOf(answered, ShareFetch);
    const acknowledge = answeredOf(answered, ShareAcknowledge);
    const answer = fetch ?? acknowledge;
    if (answer === undefined) return;
    if (fetch !== undefined) this.#fetchesAnswered++;
    if (answer.response.errorCode !== ErrorCode.NONE) return;
    this.#onConfirmed(
      answered,
      answer.request,
      (partition) =>
        fetch?.response.responses.flatMap(({ partitions }) => partitions)
          .find(({ partitionIndex }) => partitionIndex === partition)?.acknowledgeErrorCode ??
          acknowledge?.response.responses.flatMap(({ partitions }) => partitions)
            .find(({ partitionIndex }) => partitionIndex === partition)?.errorCode,
    );
    if (fetch !== undefined) this.#onAcquired(fetch);
  }

  /** Whether somebody was told that what a member has said of a record has come about. */
  isConfirmed(topicId: string, { partition, offset }: { partition: number; offset: number }) {
    return this.#of(`${topicId} ${partition}`, offset).done !== undefined;
  }

  /** The group is done with what lies from `from` up to its start offset `to`. */
  onStart(
    topicId: string,
    { partition, from, to }: { partition: number; from: number; to: number },
  ) {
    for (let offset = from; offset < to; offset++) {
      const isDone = this.#mayBeDone(this.#records.get(`${topicId} ${partition}`)?.get(offset));
      law(isDone, `a group starts in ${partition} at ${to}, and is not done with ${offset}`);
    }
  }

  atEnd({ batches }: Records): void {
    for (const [key, records] of this.#records) {
      const partition = key.slice(key.indexOf(" ") + 1);
      const its = batches.get(`${this.#terms.topic}-${partition}`) ?? [];
      for (const { offset } of its.flatMap((batch) => batch.records)) {
        const isDone = this.#mayBeDone(records.get(offset));
        law(isDone, `nobody was given ${offset} of ${partition}, or it is lost`);
      }
    }
  }

  /** Somebody has said so, or it may have been delivered as often as may be. */
  #mayBeDone(story: RecordStory | undefined): boolean {
    const deliveries = (story?.acquired.length ?? 0) + this.#unseen;
    return story?.isDoneAsSaid === true || deliveries >= this.#terms.deliveriesMax;
  }

  /** Fetches of which nobody knows what they have acquired. */
  get #unseen(): number {
    return this.#fetchesAsked - this.#fetchesAnswered;
  }

  #onConfirmed(
    answered: Answered,
    spoken: Spoken,
    codeOf: (partition: number) => ErrorCode | undefined,
  ): void {
    const memberId = spoken.memberId ?? "";
    for (const { record, partition, offset } of this.#said(spoken)) {
      const errorCode = codeOf(partition);
      if (errorCode === ErrorCode.INVALID_RECORD_STATE) {
        const held = record.acquired.findLast((each) => each.memberId === memberId);
        const { lockMs = 0 } = this.#terms;
        const isWithin = held !== undefined && answered.answeredMs < held.sentMs + lockMs;
        law(!isWithin, `${offset} is taken from ${memberId} before its time`);
      }
      if (errorCode !== ErrorCode.NONE) continue;
      law(record.done === undefined, `${offset} of ${partition} is done with twice`);
      record.done = { ...answered, memberId };
      const own = record.acquired.findLast((each) => each.memberId === memberId);
      law(own !== undefined, `${memberId} was never given ${offset}, and says what becomes of it`);
      const other = record.acquired.find((each) =>
        each.memberId !== memberId && isBefore(own, each) && isBefore(each, answered)
      );
      law(other === undefined, `${offset} is held by ${memberId} and ${other?.memberId}`);
    }
  }

  #onAcquired(fetch: Answered<typeof ShareFetch>): void {
    for (const { topicId, partitions } of fetch.response.responses) {
      for (const { partitionIndex, acquiredRecords } of partitions) {
        for (const { firstOffset, lastOffset, deliveryCount } of acquiredRecords) {
          for (let offset = Number(firstOffset); offset <= Number(lastOffset); offset++) {
            const record = this.#of(`${topicId} ${partitionIndex}`, offset);
            law(
              record.done === undefined || !isBefore(record.done, fetch),
              `${offset} comes again, after ${record.done?.memberId} was done with it`,
            );
            const deliveries = record.acquired.length + this.#unseen + 1;
            const countMax = Math.min(this.#terms.deliveriesMax, deliveries);
            const isCounted = deliveryCount >= 1 && deliveryCount <= countMax;
            law(
              isCounted,
              `${offset} comes for the time ${deliveryCount}, and ${countMax} is most`,
            );
            const { sentMs, answeredMs, request: { memberId } } = fetch;
            record.acquired.push({ sentMs, answeredMs, memberId: memberId ?? "", deliveryCount });
          }
        }
      }
    }
  }

  /** The records that are said to be done with. */
  *#said({ topics }: Spoken) {
    for (const { topicId, partitions } of topics) {
      for (const { partitionIndex: partition, acknowledgementBatches } of partitions) {
        for (const { firstOffset, lastOffset, acknowledgeTypes } of acknowledgementBatches) {
          for (let offset = Number(firstOffset); offset <= Number(lastOffset); offset++) {
            const type = acknowledgeTypes[offset - Number(firstOffset)] ?? acknowledgeTypes[0];
            if (type !== accept && type !== reject) continue;
            yield { record: this.#of(`${topicId} ${partition}`, offset), partition, offset };
          }
        }
      }
    }
  }

  #of(partition: string, offset: number): RecordStory {
    const records = entryOf(this.#records, partition, () => new Map());
    return entryOf(records, offset, () => ({
      acquired: [],
      isDoneAsSaid: false,
      done: undefined,
    }));
  }
}
