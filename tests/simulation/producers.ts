// Actors that write: one who sends records by our own idempotent producer, and one who sends them
// in transactions, with how far it has come. Two of the latter may have the same transactional id:
// each fences the other when it begins anew.

import { utf8 } from "../../src/base/bytes.ts";
import { type Client, Producer } from "../../src/client/mod.ts";
import { EndTxn } from "../../src/protocol/apis/26_end_txn.ts";
import { TxnOffsetCommit } from "../../src/protocol/apis/28_txn_offset_commit.ts";
import { ErrorCode, InitProducerId, Produce } from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";
import { type Actor, ask, type Life } from "./actor.ts";

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Sends records, some of them while others are under way. */
export class Sender implements Actor {
  readonly name: string;
  readonly #places: readonly Place[];

  constructor(name: string, places: readonly Place[]) {
    this.name = name;
    this.#places = places;
  }

  async live(life: Life): Promise<void> {
    const client = await life.connect();
    const producer = new Producer(client, { batchBytes: 600, deliveryTimeoutMs: 3_600_000 });
    for (let n = 0; life.isTroubled; n++) {
      const place = this.#places[n % this.#places.length]!;
      // Of one length or another, so that segments end here and there.
      const key = "k".repeat(Math.ceil(life.random.between(1, 250)));
      const sending = producer.send({ ...place, key, value: `${life.who} ${n}` });
      if (life.random.chance(0.4)) await sending;
      else await life.passSome(1, 200);
    }
    await producer.close();
    client.close();
  }
}

/** Where a transaction has come to. */
interface Writing {
  readonly client: Client;
  producerId: number;
  producerEpoch: number;
}

/** The next number of a transaction: the same for all with the same transactional id. */
export type Numbers = () => number;

export interface TransactorOptions {
  readonly transactionalId: string;
  readonly places: readonly Place[];
  readonly numbers: Numbers;
  /** Which group it commits for, and what that has read. */
  readonly group: string;
  readonly source: Place;
  readonly topicIdOf: (topic: string) => string;
  readonly timeoutMs: number;
}

export class Transactor implements Actor {
  readonly name: string;
  readonly #options: TransactorOptions;

  constructor(name: string, options: TransactorOptions) {
    this.name = name;
    this.#options = options;
  }

  async live(life: Life): Promise<void> {
    const client = await life.connect();
    while (life.isTroubled) {
      const writing = await this.#init(client);
      while (life.isTroubled && await this.#transact(writing, life)) {
        await life.passSome(1, 400);
      }
      // Another one may have the id now: it is left alone for a while.
      await life.passSome(100, 3_000);
    }
    client.close();
  }

  async #init(client: Client): Promise<Writing> {
    const { transactionalId, timeoutMs: transactionTimeoutMs } = this.#options;
    const { errorCode, producerId, producerEpoch } = await ask(client, InitProducerId, {
      message: { transactionalId, transactionTimeoutMs },
      codeOf: (answer) => answer.errorCode,
    });
    if (errorCode !== ErrorCode.NONE) throw new Error(`no producer id: ${errorCode}`);
    return { client, producerId: Number(producerId), producerEpoch };
  }

  /** One transaction; false where this instance may write no more. */
  async #transact(writing: Writing, life: Life): Promise<boolean> {
    const { places, numbers } = this.#options;
    const number = numbers();
    for (const place of places) {
      if (life.random.chance(0.25) && place !== places[0]) continue;
      if (!await this.#write(writing, { place, number, at: life.runtime.clock.now() })) {
        return false;
      }
      if (life.random.chance(0.1)) await life.passSome(100, 2_000);
    }
    if (life.random.chance(0.6) && !await this.#commitOffset(writing, number)) return false;
    if (life.random.chance(0.05)) await life.pass(this.#options.timeoutMs * 1.5);
    return await this.#end(writing, life.random.chance(0.75));
  }

  async #write(
    { client, producerId, producerEpoch }: Writing,
    { place: { topic, partition }, number, at }: { place: Place; number: number; at: number },
  ): Promise<boolean> {
    const values = [`${this.name} ${number} first`, `${this.name} ${number} second`];
    const records = buildBatch({
      records: values.map((value) => ({ key: null, value: utf8(value), headers: [] })),
      timestamp: at,
      producerId,
      producerEpoch,
      baseSequence: 0,
      isTransactional: true,
    });
    const answer = await ask(client, Produce, {
      message: {
        transactionalId: this.#options.transactionalId,
        acks: -1,
        timeoutMs: 3_000,
        topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
      },
      codeOf: ({ responses }) => codeOf(responses[0]?.partitionResponses[0]),
    });
    return mayGoOn(codeOf(answer.responses[0]?.partitionResponses[0]));
  }

  async #commitOffset({ client, ...identity }: Writing, offset: number): Promise<boolean> {
    const { transactionalId, group: groupId, source, topicIdOf } = this.#options;
    const answer = await ask(client, TxnOffsetCommit, {
      message: {
        transactionalId,
        groupId,
        ...identity,
        memberId: "",
        groupInstanceId: null,
        topics: [{
          name: source.topic,
          topicId: topicIdOf(source.topic),
          partitions: [{
            partitionIndex: source.partition,
            committedOffset: offset,
            committedMetadata: null,
          }],
        }],
      },
      codeOf: ({ topics }) => codeOf(topics[0]?.partitions[0]),
    });
    return mayGoOn(codeOf(answer.topics[0]?.partitions[0]));
  }

  async #end(writing: Writing, committed: boolean): Promise<boolean> {
    const { client, ...identity } = writing;
    const { transactionalId } = this.#options;
    const answer = await ask(client, EndTxn, {
      message: { transactionalId, ...identity, committed },
      codeOf: ({ errorCode }) => errorCode,
    });
    writing.producerId = Number(answer.producerId);
    writing.producerEpoch = answer.producerEpoch;
    return mayGoOn(answer.errorCode);
  }
}

function codeOf(answer: { readonly errorCode: ErrorCode } | undefined): ErrorCode {
  return answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
}

/** Whether the transaction goes on; throws where no client could know what to do. */
function mayGoOn(errorCode: ErrorCode): boolean {
  if (errorCode === ErrorCode.NONE) return true;
  if (overCodes.has(errorCode)) return false;
  throw new Error(`a producer is told ${errorCode}`);
}

/** Somebody has taken over, or time has run out: it is not this instance's transaction any more. */
const overCodes: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.INVALID_TXN_STATE,
  ErrorCode.TRANSACTION_ABORTABLE,
]);
