// An idempotent producer that never believes an answer: again and again it repeats the last five
// batches that were acknowledged, as a client does that lost the answers in a crash. The law: each
// gets the offset of the first time, and the log holds every record once.
//
//   send: a batch, until it is acknowledged > repeat: the last five, oldest first
//
// All that it sends asks for acks=all, so no end of the broker may make it forget one.

import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import type { ProducerId } from "../../src/base/ids.ts";
import type { Int64 } from "../../src/base/int64.ts";
import { type Client, KafkaError } from "../../src/client/mod.ts";
import { ErrorCode, InitProducerId, Produce } from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";

/** No outage lasts so long. */
const outageMsMax = 3_600_000;

/** As many as a broker must know of each producer. */
const remembered = 5;

interface Acknowledged {
  readonly batch: Uint8Array;
  readonly baseOffset: Int64;
}

/** Where it sends to, and under which identity. */
interface Sends {
  readonly topic: string;
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
}

export class RepeatingProducer {
  readonly topic: string;
  /** What each record holds, in order. */
  readonly sent: string[] = [];
  repeats = 0;
  readonly #client: Client;
  readonly #sends: Sends;
  readonly #last: Acknowledged[] = [];

  private constructor(client: Client, sends: Sends) {
    this.#client = client;
    this.#sends = sends;
    this.topic = sends.topic;
  }

  /** For partition 0 of a topic that is there. */
  static async start(client: Client, topic: string): Promise<RepeatingProducer> {
    const { producerId, producerEpoch } = await client.retrying(async () => {
      const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
      const answer = await client.request(InitProducerId, request, { to: "any" });
      if (answer.errorCode === ErrorCode.NONE) return answer;
      throw new KafkaError(answer.errorCode, "get a producer id");
    }, outageMsMax);
    return new RepeatingProducer(client, { topic, producerId, producerEpoch });
  }

  /** Sends `values` as one batch until it is acknowledged. */
  async send(values: readonly string[]): Promise<void> {
    const { producerId, producerEpoch } = this.#sends;
    const batch = buildBatch({
      records: values.map((value) => ({ key: null, value: utf8(value), headers: [] })),
      timestamp: this.#client.ports.clock.now(),
      producerId,
      producerEpoch,
      baseSequence: this.sent.length,
    });
    const baseOffset = await this.#produce(batch);
    assertEquals(baseOffset, this.sent.length, "nobody else writes here");
    this.sent.push(...values);
    this.#last.push({ batch, baseOffset });
    if (this.#last.length > remembered) this.#last.shift();
  }

  /** Sends the last five again. */
  async repeat(): Promise<void> {
    for (const { batch, baseOffset } of this.#last) {
      this.repeats++;
      assertEquals(await this.#produce(batch), baseOffset, "a batch that was acknowledged before");
    }
  }

  /** The base offset that an answer names, however many attempts that takes. */
  #produce(batch: Uint8Array): Promise<Int64> {
    const { topic } = this.#sends;
    return this.#client.retrying(async () => {
      const answer = await this.#client.request(Produce, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: topic, partitionData: [{ index: 0, records: batch }] }],
      }, { to: "any" });
      const { errorCode, baseOffset } = answer.responses[0].partitionResponses[0];
      if (errorCode === ErrorCode.NONE) return baseOffset;
      throw new KafkaError(errorCode, `send to ${topic}`);
    }, outageMsMax);
  }
}
