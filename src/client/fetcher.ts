// Keeps data on its way for the partitions of a consumer: one Fetch at a time to each leader, or to
// the replica that a leader has named for being nearer (KIP-392). What that one refuses, and now
// and then everything, is asked of the leader again.
//
// Invariant: bounded. A partition that holds two chunks is not asked for, a request asks for at
// most `bytesMax` in all. While some partition is full, the others are asked without waiting long,
// so that it is not left out of the next request for the whole of a long poll.

import type { BrokerId } from "../base/ids.ts";
import { safeInt64 } from "../base/int64.ts";
import { ErrorCode, Fetch, type ResponseOf } from "../protocol/mod.ts";
import {
  attributesOf,
  batchPositions,
  compressionOf,
  isCompressionLoaded,
  loadCompression,
} from "../records/mod.ts";
import type { Client } from "./client.ts";
import { isRetriable, isRetriableCode, KafkaError } from "./faults.ts";
import { byTopic, nameOf } from "./offsets.ts";
import type { PartitionReader } from "./partition_reader.ts";
import { backoffOf, sleep } from "./retry.ts";

export interface FetcherOptions {
  readonly waitMsMax: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
  readonly readCommitted: boolean;
  /** Where the consumer stands; "": it does not say. */
  readonly rack: string;
  /** Something arrived, or `fault` was set. */
  readonly onProgress: () => void;
  /** Why records cannot be had for now, once for each reason; null when they can again. */
  readonly onTrouble: (trouble: Error | null) => void;
  /** The partition's offset lies outside its log. */
  readonly onOutOfRange: (reader: PartitionReader) => void;
}

const waitMsWhileFull = 10;
/** So long a replica that a leader has named is asked, as metadata.max.age.ms of Kafka's client. */
const preferredMsMax = 300_000;

type PartitionAnswer = ResponseOf<typeof Fetch>["responses"][number]["partitions"][number];
type Question = { readonly reader: PartitionReader; readonly generation: number };

export class Fetcher {
  /** A refusal that repeating cannot cure, for the consumer to throw. */
  fault: Error | undefined;
  readonly #client: Client;
  readonly #options: FetcherOptions;
  readonly #lane: string;
  readonly #busy = new Set<BrokerId>();
  #readers: PartitionReader[] = [];
  #failures = 0;
  /** What was last told to `onTrouble`. */
  #trouble: string | null = null;
  #closed = false;

  constructor(client: Client, options: FetcherOptions) {
    this.#client = client;
    this.#options = options;
    this.#lane = client.newLane("fetch");
  }

  /** Replaces the partitions to fetch. */
  set readers(readers: readonly PartitionReader[]) {
    this.#readers = [...readers];
  }

  close(): void {
    this.#closed = true;
    this.#client.closeLane(this.#lane);
  }

  /** Sends a Fetch to each leader that has none under way and leads a partition wanting more. */
  pump(): void {
    if (this.#closed) return;
    const nowMs = this.#client.ports.clock.monotonic();
    const questions = new Map<BrokerId, Question[]>();
    const full = new Set<BrokerId>();
    for (const reader of this.#readers) {
      const isWaiting = reader.position === undefined || reader.notBeforeMs > nowMs;
      if (isWaiting || reader.isPaused) continue;
      const leader = this.#leaderOf(reader);
      if (leader === undefined || this.#busy.has(leader)) continue;
      if (!reader.wantsMore) {
        full.add(leader);
        continue;
      }
      const question = { reader, generation: reader.generation };
      const theirs = questions.get(leader);
      if (theirs === undefined) questions.set(leader, [question]);
      else theirs.push(question);
    }
    for (const [leader, theirs] of questions) {
      this.#busy.add(leader);
      this.#fetch(leader, { questions: theirs, isHurried: full.has(leader) });
    }
  }

  #leaderOf(reader: PartitionReader): BrokerId | undefined {
    const { preferred } = reader;
    if (preferred !== undefined && this.#client.ports.clock.monotonic() < preferred.untilMs) {
      return preferred.replica;
    }
    reader.preferred = undefined;
    const topic = this.#client.cachedTopic(reader.topic);
    const leader = topic?.partitions[reader.partition]?.leader ?? -1;
    if (leader >= 0) return leader;
    this.#postpone(reader);
    return undefined;
  }

  async #fetch(
    leader: BrokerId,
    asked: { questions: Question[]; isHurried: boolean },
  ): Promise<void> {
    const { questions } = asked;
    try {
      const answer = await this.#client.request(Fetch, this.#requestFor(asked), {
        to: leader,
        lane: this.#lane,
        timeoutMs: this.#options.waitMsMax + this.#client.options.requestTimeoutMs,
        // Who waits for records holds the process: what is fetched ahead does not.
        holdsProcess: false,
      });
      await loadCodecs(answer);
      this.#failures = 0;
      this.#onAnswer(answer, questions);
    } catch (error) {
      if (this.#closed) return;
      this.#failures++;
      if (isRetriable(error)) this.#tell(error as Error);
      else this.fault = error as Error;
      for (const { reader } of questions) {
        reader.preferred = undefined;
        this.#client.refreshTopic(reader.topic);
      }
      const { random, timers } = this.#client.ports;
      await sleep(timers, backoffOf(this.#failures, { random }));
    } finally {
      this.#busy.delete(leader);
    }
    this.#options.onProgress();
    this.pump();
  }

  #requestFor(asked: { questions: Question[]; isHurried: boolean }) {
    const { waitMsMax, bytesMin, bytesMax, readCommitted, rack } = this.#options;
    const readers = asked.questions.map(({ reader }) => reader);
    return {
      replicaId: -1,
      maxWaitMs: asked.isHurried ? Math.min(waitMsWhileFull, waitMsMax) : waitMsMax,
      minBytes: bytesMin,
      maxBytes: bytesMax,
      isolationLevel: readCommitted ? 1 : 0,
      rackId: rack,
      topics: [...byTopic(readers)].map(([topic, theirs]) => ({
        topic,
        partitions: theirs.map((reader) => ({
          partition: reader.partition,
          fetchOffset: reader.fetchOffset,
          partitionMaxBytes: reader.bytesMax,
        })),
      })),
    };
  }

  #onAnswer(answer: ResponseOf<typeof Fetch>, questions: readonly Question[]): void {
    if (answer.errorCode !== ErrorCode.NONE) {
      throw new KafkaError(answer.errorCode, "fetch");
    }
    const answers = new Map<string, PartitionAnswer>();
    for (const { topic, partitions } of answer.responses) {
      for (const each of partitions) {
        answers.set(nameOf({ topic, partition: each.partitionIndex }), each);
      }
    }
    const served: PartitionReader[] = [];
    let trouble: Error | null = null;
    for (const { reader, generation } of questions) {
      const each = answers.get(nameOf(reader));
      if (each === undefined || reader.generation !== generation) continue;
      if (each.errorCode !== ErrorCode.NONE) trouble ??= this.#onRefused(reader, each.errorCode);
      else if (this.#accept(reader, each)) served.push(reader);
    }
    this.#tell(trouble);
    // Who was served goes to the end, so that the front of the next request is someone else.
    this.#readers = [...this.#readers.filter((each) => !served.includes(each)), ...served];
  }

  #accept(reader: PartitionReader, answer: PartitionAnswer): boolean {
    const { preferredReadReplica: replica = -1 } = answer;
    if (replica >= 0) {
      const untilMs = this.#client.ports.clock.monotonic() + preferredMsMax;
      reader.preferred = { replica, untilMs };
    }
    const bytes = answer.records ?? new Uint8Array(0);
    reader.accept({
      bytes,
      aborted: (answer.abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
        producerId,
        firstOffset: safeInt64(firstOffset),
      })),
      highWatermark: safeInt64(answer.highWatermark),
    });
    return bytes.length > 0;
  }

  /** What keeps the partition's records away; null when another offset is all that it takes. */
  #onRefused(reader: PartitionReader, code: ErrorCode): Error | null {
    if (reader.preferred !== undefined) {
      reader.preferred = undefined;
      this.#postpone(reader);
      return null;
    }
    if (code === ErrorCode.OFFSET_OUT_OF_RANGE) {
      this.#options.onOutOfRange(reader);
      return null;
    }
    const error = new KafkaError(code, `fetch from ${nameOf(reader)}`);
    if (isRetriableCode(code)) this.#postpone(reader);
    else this.fault = error;
    return error;
  }

  #tell(trouble: Error | null): void {
    const message = trouble?.message ?? null;
    if (message === this.#trouble || this.#closed) return;
    this.#trouble = message;
    this.#options.onTrouble(trouble);
  }

  /** Leaves the partition out for a moment, and asks for fresh metadata meanwhile. */
  #postpone(reader: PartitionReader): void {
    const { clock, random, timers } = this.#client.ports;
    const pauseMs = backoffOf(3, { random });
    reader.notBeforeMs = clock.monotonic() + pauseMs;
    this.#client.refreshTopic(reader.topic);
    timers.after(pauseMs, () => this.pump(), { holdsProcess: false });
  }
}

/** Loads the codecs that the batches of an answer need and that are not here yet. */
async function loadCodecs(answer: ResponseOf<typeof Fetch>): Promise<void> {
  for (const { partitions } of answer.responses) {
    for (const { records } of partitions) {
      if (records === null) continue;
      for (const position of batchPositions(records)) {
        const type = compressionOf(attributesOf(records, position));
        if (type !== undefined && !isCompressionLoaded(type)) await loadCompression(type);
      }
    }
  }
}
