// The cluster's metadata in the log __cluster_metadata-0, in Kafka's KRaft records.
//
//   open:    newest snapshot, if Kafka has left one -> every record of the log behind it -> image
//   lead:    quorum-state (durable) -> LeaderChange record: a new epoch for each start, as in Kafka
//   append:  records -> one batch -> log -> fdatasync -> image -> listeners
//
// Invariant: the image shows nothing that is not synced, so no client is told of a topic that a
// power failure could take back. No two starts write in the same leader epoch.

import { DecodeFault, PartitionFault } from "../base/faults.ts";
import {
  type ChangeListener,
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataImage,
  type MetadataRecordInput,
  MetadataReplay,
  type MetadataStore,
} from "../cluster/mod.ts";
import type { BrokerId, LeaderEpoch, Offset } from "../base/ids.ts";
import {
  listSnapshots,
  type PartitionLog,
  readQuorumState,
  readSnapshot,
  type SnapshotFile,
  writeQuorumState,
} from "../log/mod.ts";
import { buildBatch, buildLeaderChange } from "../records/mod.ts";
import type { Clock, Codecs, Files, Logger, Timers } from "../runtime/ports.ts";
import { type RecordSink, replay, replayBatches } from "./replay.ts";

/** Kafka's name of the topic. It has one partition. */
export const metadataTopic = "__cluster_metadata";

/** Kafka's fixed id of the topic: 15 zero bytes and a one. */
export const metadataTopicId = "AAAAAAAAAAAAAAAAAAAAAQ";

export interface MetadataLogOptions {
  readonly log: PartitionLog;
  readonly files: Files;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly timers: Timers;
  readonly logger: Logger;
}

export class MetadataLog implements MetadataStore {
  readonly #log: PartitionLog;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #listeners = new Set<ChangeListener>();
  #replay = new MetadataReplay();
  #leaderEpoch: LeaderEpoch = 0;

  private constructor({ log, files, clock }: MetadataLogOptions) {
    this.#log = log;
    this.#files = files;
    this.#clock = clock;
  }

  /** Reads the whole log. Throws PartitionFault when a part of it is missing. */
  static async open(options: MetadataLogOptions): Promise<MetadataLog> {
    const { log } = options;
    const metadata = new MetadataLog(options);
    const from = await metadata.#loadSnapshot(options);
    if (from < log.logStartOffset || from > log.logEndOffset) {
      throw new PartitionFault(
        `metadata is missing: ${log.folder} has records from offset ${log.logStartOffset} to ` +
          `${log.logEndOffset}, and its newest usable snapshot ends at ${from}`,
      );
    }
    await replay(log, { ...options, from, ...metadata.#sink(options) });
    return metadata;
  }

  /** The epoch in which this node leads the log; 0 before it does. */
  get leaderEpoch(): LeaderEpoch {
    return this.#leaderEpoch;
  }

  get image(): MetadataImage {
    return this.#replay.image;
  }

  /** Begins a leader epoch, above any that this log has seen. Before the first append. */
  async lead(leaderId: BrokerId): Promise<void> {
    const log = this.#log;
    const found = readQuorumState(this.#files, log.folder);
    const seen = Math.max(
      this.#leaderEpoch,
      found?.leaderEpoch ?? 0,
      log.epochOfOffset(log.logEndOffset) ?? 0,
    );
    this.#leaderEpoch = seen + 1;
    await writeQuorumState(this.#files, log.folder, {
      leaderId,
      leaderEpoch: this.#leaderEpoch,
      dataVersion: found?.dataVersion ?? 0,
    });
    const change = buildLeaderChange({
      leaderId,
      voterIds: [leaderId],
      leaderEpoch: this.#leaderEpoch,
      timestamp: this.#clock.now(),
    });
    // The first append syncs it: an epoch without records does not matter to anyone.
    this.#replay.apply([], this.#appendBatch(change));
  }

  /** Rejects with PartitionFault when the log cannot take or sync the records. */
  async append(records: readonly MetadataRecordInput[]): Promise<void> {
    const values = records.map(encodeMetadataRecord);
    const lastOffset = this.#appendBatch(buildBatch({
      records: values.map((value) => ({ key: null, value, headers: [] })),
      timestamp: this.#clock.now(),
    }));
    await this.#log.syncTo(lastOffset + 1);
    const changes = this.#replay.apply(values.map(decodeMetadataRecord), lastOffset);
    for (const listener of this.#listeners) listener(changes);
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #appendBatch(batch: Uint8Array): Offset {
    const leaderEpoch = this.#leaderEpoch;
    const result = this.#log.append(batch, { leaderEpoch, origin: "coordinator" });
    if (!result.ok) throw new PartitionFault(`metadata cannot be stored: ${result.message}`);
    return result.lastOffset;
  }

  /** Takes the newest snapshot that can be read, and returns where the log goes on behind it. */
  async #loadSnapshot(options: MetadataLogOptions): Promise<Offset> {
    const { files, log, logger } = options;
    for (const snapshot of listSnapshots(files, log.folder)) {
      try {
        await this.#applySnapshot(snapshot, options);
        return snapshot.endOffset;
      } catch (error) {
        if (!(error instanceof DecodeFault)) throw error;
        this.#replay = new MetadataReplay();
        this.#leaderEpoch = 0;
        logger.log("warn", "a metadata snapshot cannot be used; trying an older one", {
          file: snapshot.path,
          reason: error.message,
        });
      }
    }
    return 0;
  }

  async #applySnapshot(snapshot: SnapshotFile, options: MetadataLogOptions): Promise<void> {
    const { path, endOffset, epoch } = snapshot;
    await replayBatches(readSnapshot(options.files, path), this.#sink(options));
    this.#replay.apply([], endOffset - 1);
    this.#leaderEpoch = epoch;
  }

  #sink({ codecs }: MetadataLogOptions): RecordSink {
    return {
      codecs,
      onRecord: ({ offset, value }) => {
        if (value !== null) this.#replay.apply([decodeMetadataRecord(value)], offset);
      },
    };
  }
}
