// Acknowledged records are there: at the offset that was told, in the order in which their producer
// sent them, and once. What was sent and not acknowledged is there once at most.

import { fromUtf8 } from "../../src/base/bytes.ts";
import { ErrorCode, Produce } from "../../src/protocol/mod.ts";
import { readAllRecords } from "../../src/records/mod.ts";
import { law } from "../walk/walker.ts";
import type { End, Law, ReadBatch } from "./law.ts";
import { type Answered, answeredOf, type Asked, askedOf } from "./wire.ts";

export class RecordsLaw implements Law {
  /** By partition, the value that was acknowledged at each offset. */
  readonly #acknowledged = new Map<string, Map<number, string>>();
  /** By partition, the values that were sent. */
  readonly #sent = new Map<string, Set<string>>();

  /** Records that were acknowledged. */
  get count(): number {
    return [...this.#acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
  }

  onAsked(asked: Asked): void {
    const produce = askedOf(asked, Produce);
    for (const { name, partitionData } of produce?.request.topicData ?? []) {
      for (const { index, records } of partitionData) {
        const sent = entryOf(this.#sent, `${name}-${index}`, () => new Set<string>());
        for (const value of valuesOf(records)) sent.add(value);
      }
    }
  }

  onAnswered(answered: Answered): void {
    const produce = answeredOf(answered, Produce);
    if (produce === undefined) return;
    for (const { name, partitionResponses } of produce.response.responses) {
      for (const { index, errorCode, baseOffset } of partitionResponses) {
        if (errorCode !== ErrorCode.NONE) continue;
        const known = entryOf(this.#acknowledged, `${name}-${index}`, () => new Map());
        const data = produce.request.topicData.find((topic) => topic.name === name)?.partitionData;
        const records = data?.find((partition) => partition.index === index)?.records ?? null;
        valuesOf(records).forEach((value, i) => {
          const offset = Number(baseOffset) + i;
          const before = known.get(offset);
          law(before === undefined || before === value, `${before} is acknowledged, then ${value}`);
          known.set(offset, value);
        });
      }
    }
  }

  atEnd({ batches }: End): void {
    for (const [partition, found] of batches) this.#judge(partition, found);
  }

  #judge(partition: string, batches: readonly ReadBatch[]): void {
    const byOffset = new Map<number, string>();
    const seen = new Set<string>();
    for (const { isControl, records } of batches) {
      if (isControl) continue;
      for (const { offset, value } of records) {
        law(!seen.has(value), `${value} is in ${partition} twice`);
        law(this.#sent.get(partition)?.has(value) === true, `nobody sent ${value} to ${partition}`);
        seen.add(value);
        byOffset.set(offset, value);
      }
    }
    for (const [offset, value] of this.#acknowledged.get(partition) ?? []) {
      law(byOffset.get(offset) === value, `acknowledged ${value} is not at ${partition}:${offset}`);
    }
    inOrder(partition, batches);
  }
}

/** Of each producer, epochs and then sequence numbers only grow along a partition. */
function inOrder(partition: string, batches: readonly ReadBatch[]): void {
  const last = new Map<number, ReadBatch>();
  for (const batch of batches) {
    if (batch.producerId < 0 || batch.isControl) continue;
    const before = last.get(batch.producerId);
    last.set(batch.producerId, batch);
    if (before === undefined) continue;
    const { producerId, producerEpoch, baseSequence } = batch;
    const who = `producer ${producerId} in ${partition}`;
    law(producerEpoch >= before.producerEpoch, `an epoch of ${who} goes back`);
    const next = before.baseSequence + before.records.length;
    law(
      producerEpoch > before.producerEpoch || baseSequence === next,
      `the records of ${who} are out of order`,
    );
  }
}

function valuesOf(records: Uint8Array | null): string[] {
  if (records === null) return [];
  return [...readAllRecords(records)].map(({ value }) => fromUtf8(value!));
}

/** The entry of `key`, made where there is none. */
export function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let entry = map.get(key);
  if (entry === undefined) map.set(key, entry = make());
  return entry;
}
