// The cluster's metadata in the log __cluster_metadata-0, in Kafka's KRaft records.
//
//   append: records -> one batch -> log -> fdatasync -> image -> listeners
//   open:   every record of the log -> image
//
// Invariant: the image shows nothing that is not synced, so no client is told of a topic that a
// power failure could take back.

import { PartitionFault } from "../base/faults.ts";
import {
  type ChangeListener,
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataImage,
  type MetadataRecordInput,
  MetadataReplay,
  type MetadataStore,
} from "../cluster/mod.ts";
import type { LeaderEpoch } from "../base/ids.ts";
import type { PartitionLog } from "../log/mod.ts";
import { buildBatch } from "../records/mod.ts";
import type { Clock, Codecs, Timers } from "../runtime/ports.ts";
import { replay } from "./replay.ts";

/** Kafka's name of the topic. It has one partition. */
export const metadataTopic = "__cluster_metadata";

/** Kafka's fixed id of the topic: 15 zero bytes and a one. */
export const metadataTopicId = "AAAAAAAAAAAAAAAAAAAAAQ";

/** The one node of this cluster is the leader of its metadata in a single epoch. */
const leaderEpoch: LeaderEpoch = 1;

export interface MetadataLogOptions {
  readonly log: PartitionLog;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly timers: Timers;
}

export class MetadataLog implements MetadataStore {
  readonly #log: PartitionLog;
  readonly #clock: Clock;
  readonly #replay = new MetadataReplay();
  readonly #listeners = new Set<ChangeListener>();

  private constructor({ log, clock }: MetadataLogOptions) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Reads the whole log. */
  static async open(options: MetadataLogOptions): Promise<MetadataLog> {
    const metadata = new MetadataLog(options);
    await replay(options.log, {
      ...options,
      onRecord: ({ offset, value }) => {
        if (value === null) return;
        metadata.#replay.apply([decodeMetadataRecord(value)], offset);
      },
    });
    return metadata;
  }

  get image(): MetadataImage {
    return this.#replay.image;
  }

  /** Whether nothing has ever been written: a new cluster. */
  get isEmpty(): boolean {
    return this.#log.logEndOffset === 0;
  }

  /** Rejects with PartitionFault when the log cannot take or sync the records. */
  async append(records: readonly MetadataRecordInput[]): Promise<void> {
    const values = records.map(encodeMetadataRecord);
    const batch = buildBatch({
      records: values.map((value) => ({ key: null, value, headers: [] })),
      timestamp: this.#clock.now(),
    });
    const result = this.#log.append(batch, { leaderEpoch, origin: "coordinator" });
    if (!result.ok) throw new PartitionFault(`metadata cannot be stored: ${result.message}`);
    await this.#log.syncTo(result.lastOffset + 1);
    const changes = this.#replay.apply(values.map(decodeMetadataRecord), result.lastOffset);
    for (const listener of this.#listeners) listener(changes);
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
