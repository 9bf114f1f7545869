// What a member of a share group has with one leader: the partitions that it reads there, the
// records that it was given, and what it says of them.
//
//   fetch, and words on earlier records --> records, held until a word on them or their time is up
//
// Invariant: one request at a time, each with the next epoch of the session. After one without an
// answer the session begins anew: the broker has let go of all that the member held, so words that
// it has not heard are not said again. Who asks whether words were heard is told of all of them,
// those among them that went with a fetch.

import type { BrokerId, Offset, PartitionId, Uuid } from "../../base/ids.ts";
import { safeInt64 } from "../../base/int64.ts";
import { ShareFetch } from "../../protocol/apis/78_share_fetch.ts";
import { ShareAcknowledge } from "../../protocol/apis/79_share_acknowledge.ts";
import { ErrorCode, type ResponseOf } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { checkCode, KafkaError } from "../faults.ts";
import { nameOf, type TopicPartition } from "../topic_partition.ts";

/** Kafka's numbers of what is said of a record; a gap is an offset without one. */
export const acknowledgeTypes = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const;

/** What is said of a record. */
export type AcknowledgeType = typeof acknowledgeTypes[keyof typeof acknowledgeTypes];

export interface ShareSessionOptions {
  readonly groupId: string;
  readonly memberId: string;
  readonly leader: BrokerId;
  readonly lane: string;
  readonly waitMsMax: number;
  readonly bytesMax: number;
  readonly recordsMax: number;
  idOf(topic: string): Uuid | undefined;
}

/** What a fetch has brought of a partition. */
export type SharedPartition = ResponseOf<typeof ShareFetch>["responses"][number]["partitions"][
  number
];

/** What is said of offsets of a partition, in order of the offsets. */
type Words = Map<Offset, AcknowledgeType>;

interface AcknowledgedTopic {
  readonly topicId: Uuid;
  readonly partitions: {
    readonly partitionIndex: PartitionId;
    readonly acknowledgementBatches: {
      firstOffset: Offset;
      lastOffset: Offset;
      acknowledgeTypes: AcknowledgeType[];
    }[];
  }[];
}

const closingEpoch = -1;

export class ShareSession {
  readonly #client: Client;
  readonly #options: ShareSessionOptions;
  readonly #wanted = new Map<string, TopicPartition>();
  /** Those that the broker knows to be in the session. */
  #known = new Map<string, TopicPartition>();
  #words = new Map<string, { at: TopicPartition; words: Words }>();
  #epoch = 0;
  /** Why words that went with a fetch, or could not be said, were not heard; not yet told. */
  #unheard: unknown;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(client: Client, options: ShareSessionOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Reads these from now on. */
  set partitions(partitions: readonly TopicPartition[]) {
    this.#wanted.clear();
    for (const each of partitions) this.#wanted.set(nameOf(each), each);
  }

  /** Whether there is anything to be read here. */
  get hasPartitions(): boolean {
    return this.#wanted.size > 0;
  }

  /** Says `type` of a record with the next request. */
  acknowledge(at: TopicPartition, offset: Offset, type: AcknowledgeType): void {
    const name = nameOf(at);
    const words = this.#words.get(name)?.words;
    if (words !== undefined) words.set(offset, type);
    else this.#words.set(name, { at, words: new Map([[offset, type]]) });
  }

  /** Asks for records, with what is to be said. Throws what the broker has refused as a whole. */
  fetch(): Promise<{ at: TopicPartition; partition: SharedPartition }[]> {
    return this.#inTurn(async () => {
      const { groupId, memberId, waitMsMax, bytesMax, recordsMax } = this.#options;
      if (this.#epoch === 0) this.#forgetWords();
      const said = this.#takeWords();
      const added = [...this.#wanted].filter(([name]) => !this.#known.has(name));
      const gone = [...this.#known].filter(([name]) => !this.#wanted.has(name));
      this.#known = new Map(this.#wanted);
      const answer = await this.#request(() =>
        this.#client.request(ShareFetch, {
          groupId,
          memberId,
          shareSessionEpoch: this.#epoch,
          maxWaitMs: waitMsMax,
          minBytes: 1,
          maxBytes: bytesMax,
          maxRecords: recordsMax,
          batchSize: recordsMax,
          shareAcquireMode: 0,
          isRenewAck: false,
          topics: this.#merged(added.map(([, at]) => at), said),
          forgottenTopicsData: gone.flatMap(([, { topic, partition }]) => {
            const topicId = this.#options.idOf(topic);
            return topicId === undefined ? [] : [{ topicId, partitions: [partition] }];
          }),
        }, this.#target(waitMsMax))
      ).catch((error) => {
        if (saysAnything(said)) this.#unheard ??= error;
        throw error;
      });
      this.#noteRefusals(answer);
      return this.#partitionsOf(answer);
    });
  }

  /**
   * Says what is to be said. Throws the first refusal, such as INVALID_RECORD_STATE, of that or of
   * what was said since the last time.
   */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#epoch === 0) this.#forgetWords();
      const unheard = this.#unheard;
      this.#unheard = undefined;
      if (this.#words.size > 0) await this.#say(this.#takeWords(), { isRenewal: false });
      if (unheard !== undefined) throw unheard;
    });
  }

  /** Holds a record for another lock's length (KIP-1222). */
  renew(at: TopicPartition, offset: Offset): Promise<void> {
    return this.#inTurn(async () => {
      const words = new Map([[offset, acknowledgeTypes.renew]]);
      await this.#say(this.#topicsOf([{ at, words }]), { isRenewal: true });
    });
  }

  /** Says the last words, and ends the session: what is held goes back to the group. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#epoch === 0) return;
      const said = this.#takeWords();
      this.#epoch = closingEpoch;
      await this.#say(said, { isRenewal: false });
    });
  }

  async #say(
    topics: AcknowledgedTopic[],
    { isRenewal }: { isRenewal: boolean },
  ): Promise<void> {
    const { groupId, memberId } = this.#options;
    const answer = await this.#request(() =>
      this.#client.request(ShareAcknowledge, {
        groupId,
        memberId,
        shareSessionEpoch: this.#epoch,
        isRenewAck: isRenewal,
        topics,
      }, this.#target(0))
    );
    for (const { partitions } of answer.responses) {
      for (const { partitionIndex, errorCode, errorMessage } of partitions) {
        checkCode(errorCode, `acknowledge records of partition ${partitionIndex}`, errorMessage);
      }
    }
  }

  /** The session is over, and a new one holds nothing of which anything could be said. */
  #forgetWords(): void {
    if (this.#words.size === 0) return;
    this.#words.clear();
    const about = `acknowledge records of broker ${this.#options.leader}`;
    this.#unheard ??= new KafkaError(
      ErrorCode.INVALID_RECORD_STATE,
      about,
      "the session is over with which they were held, and others may have them",
    );
  }

  #noteRefusals({ responses }: ResponseOf<typeof ShareFetch>): void {
    for (const { partitions } of responses) {
      for (const { partitionIndex, acknowledgeErrorCode, acknowledgeErrorMessage } of partitions) {
        if (acknowledgeErrorCode === ErrorCode.NONE) continue;
        const about = `acknowledge records of partition ${partitionIndex}`;
        this.#unheard ??= new KafkaError(acknowledgeErrorCode, about, acknowledgeErrorMessage);
      }
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(run);
    // Whoever comes next does not care how this one ended: its caller is told.
    this.#turn = next.catch(() => {});
    return next;
  }

  /** Counts the session on, or has it begin anew. */
  async #request<R extends { errorCode: ErrorCode; errorMessage: string | null }>(
    ask: () => Promise<R>,
  ): Promise<R> {
    try {
      const answer = await ask();
      checkCode(answer.errorCode, `share with broker ${this.#options.leader}`, answer.errorMessage);
      this.#epoch = this.#epoch === 2 ** 31 - 1 ? 1 : this.#epoch + 1;
      return answer;
    } catch (error) {
      this.#epoch = 0;
      this.#known.clear();
      throw error;
    }
  }

  #target(waitMs: number) {
    const { leader: to, lane } = this.#options;
    return { to, lane, timeoutMs: waitMs + this.#client.options.requestTimeoutMs };
  }

  #partitionsOf(
    answer: ResponseOf<typeof ShareFetch>,
  ): { at: TopicPartition; partition: SharedPartition }[] {
    const names = new Map([...this.#known.values()].map(({ topic }) => [
      this.#options.idOf(topic),
      topic,
    ]));
    return answer.responses.flatMap(({ topicId, partitions }) => {
      const topic = names.get(topicId);
      if (topic === undefined) return [];
      return partitions.map((partition) => ({
        at: { topic, partition: partition.partitionIndex },
        partition,
      }));
    });
  }

  #takeWords(): AcknowledgedTopic[] {
    const said = this.#topicsOf([...this.#words.values()]);
    this.#words = new Map();
    return said;
  }

  #topicsOf(said: readonly { at: TopicPartition; words: Words }[]): AcknowledgedTopic[] {
    return said.flatMap(({ at, words }) => {
      const topicId = this.#options.idOf(at.topic);
      if (topicId === undefined) return [];
      const acknowledgementBatches = rangesOf(words);
      return [{ topicId, partitions: [{ partitionIndex: at.partition, acknowledgementBatches }] }];
    });
  }

  /** A partition stands in a request once. */
  #merged(added: readonly TopicPartition[], said: AcknowledgedTopic[]): AcknowledgedTopic[] {
    const quiet = added.map((at) => ({ at, words: new Map() }));
    return [...said, ...this.#topicsOf(quiet)];
  }
}

function saysAnything(topics: readonly AcknowledgedTopic[]): boolean {
  return topics.some(({ partitions }) =>
    partitions.some(({ acknowledgementBatches }) => acknowledgementBatches.length > 0)
  );
}

/** Neighbours of whom the same is said are one range. */
function rangesOf(words: Words) {
  const ranges: { firstOffset: Offset; lastOffset: Offset; acknowledgeTypes: AcknowledgeType[] }[] =
    [];
  for (const [offset, type] of [...words].sort(([a], [b]) => a - b)) {
    const last = ranges[ranges.length - 1];
    if (last?.lastOffset === offset - 1 && last.acknowledgeTypes[0] === type) {
      last.lastOffset = offset;
    } else ranges.push({ firstOffset: offset, lastOffset: offset, acknowledgeTypes: [type] });
  }
  return ranges;
}

/** The offsets that the member holds from now on, with how often each was delivered. */
export function acquiredOf({ acquiredRecords }: SharedPartition): Map<Offset, number> {
  const acquired = new Map<Offset, number>();
  for (const { firstOffset, lastOffset, deliveryCount } of acquiredRecords) {
    const last = safeInt64(lastOffset);
    for (let offset = safeInt64(firstOffset); offset <= last; offset++) {
      acquired.set(offset, deliveryCount);
    }
  }
  return acquired;
}

/** Whether the broker has no such session, so that it has to begin anew. */
export function isSessionLoss(error: unknown): boolean {
  return error instanceof KafkaError &&
    (error.errorCode === ErrorCode.SHARE_SESSION_NOT_FOUND ||
      error.errorCode === ErrorCode.INVALID_SHARE_SESSION_EPOCH);
}
