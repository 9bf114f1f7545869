// The requests that the benchmarks send, ready to go out.

import { concatBytes } from "../../src/base/bytes.ts";
import { firstOf } from "../../src/base/items.ts";
import { decodeResponse, encodeRequest, Produce } from "../../src/protocol/mod.ts";
import { buildBatch } from "../../src/records/mod.ts";

const produceVersion = 9;
/** What the platform's generator gives at once. */
const randomBytesMax = 65_536;
const origin = { correlationId: 1, clientId: "bench" };

/** Which records go where, and what is acknowledged. */
export interface ProduceFrame {
  readonly topic: string;
  readonly partition: number;
  /** In one batch. */
  readonly records: number;
  readonly recordBytes: number;
  readonly acks: 1 | -1;
}

/** A Produce request of one batch of records that do not pack. */
export function produceFrame(o: ProduceFrame): Uint8Array {
  const value = new Uint8Array(o.recordBytes);
  for (let start = 0; start < value.length; start += randomBytesMax) {
    crypto.getRandomValues(value.subarray(start, start + randomBytesMax));
  }
  const records = buildBatch({
    records: Array.from({ length: o.records }, () => ({ key: null, value, headers: [] })),
    timestamp: Date.now(),
  });
  return concatBytes(encodeRequest(Produce, produceVersion, origin, {
    transactionalId: null,
    acks: o.acks,
    timeoutMs: 30_000,
    topicData: [{ name: o.topic, partitionData: [{ index: o.partition, records }] }],
  }));
}

/** Throws when the broker refused it. */
export function checkProduced(answer: Uint8Array): void {
  const { message } = decodeResponse(Produce, produceVersion, answer);
  const { errorCode, errorMessage } = firstOf(firstOf(message.responses).partitionResponses);
  if (errorCode !== 0) throw new Error(`produce failed: ${errorCode} ${errorMessage}`);
}
