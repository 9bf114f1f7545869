// The cluster's metadata in the log __cluster_metadata-0, in Kafka's KRaft records.
//
//   open:    newest snapshot -> every record of the log behind it -> image (reading.ts)
//   lead:    quorum-state (durable) -> LeaderChange record: a new epoch for each start, as in Kafka
//   show:    while a full disk lets nobody lead: an image as it would be, for those who only read
//   append:  records -> one batch -> log -> fdatasync -> image -> listeners
//
// Invariant: the stored image has nothing that is not synced, so no client is told of a topic that
// a power failure could take back; what is shown beyond it is who leads, and what the next lead
// will store. No two starts write in the same leader epoch.

import { PartitionFault, PlatformFault } from "../../base/faults.ts";
import type { BrokerId, LeaderEpoch, Offset } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import { mapSliced } from "../../base/pieces.ts";
import {
  aloneLease,
  type AppendOptions,
  type BrokerLease,
  type ChangeListener,
  type ChangeQueue,
  changeQueue,
  decodeMetadataRecord,
  encodeMetadataRecord,
  type Liveness,
  type MetadataImage,
  type MetadataRecord,
  type MetadataRecordInput,
  type MetadataReplay,
  type MetadataStore,
  type ShownRecords,
} from "../../cluster/mod.ts";
import { type PartitionLog, readQuorumState, Slices, writeQuorumState } from "../../log/mod.ts";
import { BatchWriter, buildLeaderChange } from "../../records/mod.ts";
import type { Clock, Files } from "../../runtime/ports.ts";
import { type MetadataState, readMetadata, type ReadMetadataOptions } from "./reading.ts";

/** Kafka's name of the topic. It has one partition. */
export const metadataTopic = "__cluster_metadata";

/** Kafka's fixed id of the topic: 15 zero bytes and a one. */
export const metadataTopicId = "AAAAAAAAAAAAAAAAAAAAAQ";

/** What a record takes in a batch, more or less. */
const recordBytes = 128;
/** A larger batch grows. */
const batchBytesAtFirst = 64 * 1024;

export interface MetadataLogOptions extends ReadMetadataOptions {
  /** What the log says, where it was read before. */
  readonly known?: MetadataState;
}

export class MetadataLog implements MetadataStore {
  /** The log is of this process: nobody else writes it. */
  readonly isShared = false;
  /** Decides by what is stored. */
  readonly change: ChangeQueue = changeQueue({
    image: () => this.stored,
    append: (records, options) => this.append(records, options),
  });
  /** What a new log is to begin with, by the one who formatted the data directory. */
  readonly formatted: readonly MetadataRecord[];
  /** One node lives while it takes part. */
  readonly liveness: Liveness = {
    alive: (brokerId) => {
      const epoch = this.stored.broker(brokerId)?.epoch;
      return brokerId === this.#controllerId && epoch !== undefined ? saturated(epoch) : undefined;
    },
    onChange: () => () => {},
    declareDead: () => Promise.resolve(),
  };
  readonly #log: PartitionLog;
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #listeners = new Set<ChangeListener>();
  readonly #options: MetadataLogOptions;
  readonly #replay: MetadataReplay;
  /** A topic may have ten thousand partitions, each with a record. */
  readonly #slices: Slices;
  #shown: MetadataImage | undefined;
  /** Whether the epoch is in quorum-state: a lead that is tried again takes no further one. */
  #hasEpoch = false;
  #isLeading = false;
  #controllerId: BrokerId = -1;
  #leaderEpoch: LeaderEpoch;
  #bytesAppended: number;

  private constructor(options: MetadataLogOptions, state: MetadataState) {
    const { log, files, clock } = options;
    this.#options = options;
    this.#log = log;
    this.#files = files;
    this.#clock = clock;
    this.#slices = new Slices(options);
    this.#replay = state.replay;
    this.formatted = state.formatted;
    this.#leaderEpoch = state.leaderEpoch;
    this.#bytesAppended = state.bytesBehindSnapshot;
  }

  /** Reads the whole log. Throws PartitionFault when a part of it is missing. */
  static async open(options: MetadataLogOptions): Promise<MetadataLog> {
    const { log, known } = options;
    const isKnown = known !== undefined && known.endOffset === log.logEndOffset;
    return new MetadataLog(options, isKnown ? known : await readMetadata(options));
  }

  /** Bytes behind the snapshot that the start was made from. */
  get bytesAppended(): number {
    return this.#bytesAppended;
  }

  /** Where the records end that are in the image. */
  get endOffset(): Offset {
    return this.stored.lastOffset + 1;
  }

  /** The node that has the log; -1 before it takes part. */
  get controllerId(): BrokerId {
    return this.#controllerId;
  }

  /** The epoch in which this node leads the log; 0 before it does. */
  get leaderEpoch(): LeaderEpoch {
    return this.#leaderEpoch;
  }

  /** What clients are told. */
  get image(): MetadataImage {
    return this.#shown ?? this.#replay.image;
  }

  /** What is durable: by it changes are decided. */
  get stored(): MetadataImage {
    return this.#replay.image;
  }

  /** Shows the image as it will be with the records that `decide` gives; undefined: as it is. */
  async show(decide: ShownRecords | undefined): Promise<void> {
    if (decide === undefined) {
      this.#shown = undefined;
      return;
    }
    const { replay, image, endOffset } = await readMetadata(this.#options);
    const records = decide(image).map((each) => decodeMetadataRecord(encodeMetadataRecord(each)));
    replay.apply(records, endOffset - 1 + records.length);
    this.#shown = image;
  }

  /** Begins a leader epoch, above any that this log has seen. */
  async join(leaderId: BrokerId): Promise<BrokerLease> {
    this.#controllerId = leaderId;
    if (!this.#isLeading) await this.#lead(leaderId);
    return aloneLease(leaderId);
  }

  async #lead(leaderId: BrokerId): Promise<void> {
    if (!this.#hasEpoch) await this.#takeEpoch(leaderId);
    const change = buildLeaderChange({
      leaderId,
      voterIds: [leaderId],
      leaderEpoch: this.#leaderEpoch,
      timestamp: this.#clock.now(),
    });
    // The first append syncs it: an epoch without records does not matter to anyone.
    this.#replay.apply([], this.#appendBatch(change, { spendsReserve: true }));
    this.#isLeading = true;
  }

  async #takeEpoch(leaderId: BrokerId): Promise<void> {
    const log = this.#log;
    const found = readQuorumState(this.#files, log.folder);
    const seen = Math.max(
      this.#leaderEpoch,
      found?.leaderEpoch ?? 0,
      log.epochOfOffset(log.logEndOffset) ?? 0,
    );
    const leaderEpoch = seen + 1;
    const dataVersion = found?.dataVersion ?? 0;
    const state = { leaderId, leaderEpoch, dataVersion };
    await log.directory.reserve.spendAsync(() => writeQuorumState(this.#files, log.folder, state));
    this.#leaderEpoch = leaderEpoch;
    this.#hasEpoch = true;
  }

  /** Rejects with PartitionFault when the log cannot take or sync the records. */
  async append(
    records: readonly MetadataRecordInput[],
    options: AppendOptions = {},
  ): Promise<void> {
    if (!this.#isLeading) {
      throw new PartitionFault("metadata cannot be stored: the broker only reads for now");
    }
    const timestamp = this.#clock.now();
    const batch = new BatchWriter(Math.min(records.length * recordBytes, batchBytesAtFirst));
    const values = await mapSliced(records, this.#slices, (record) => {
      const value = encodeMetadataRecord(record);
      batch.add({ key: null, value, headers: [] }, timestamp);
      return value;
    });
    const lastOffset = this.#appendBatch(batch.finish({}), options);
    await this.#log.syncTo(lastOffset + 1);
    const stored = await mapSliced(values, this.#slices, decodeMetadataRecord);
    // All at once: the image never shows a part of what was decided together.
    const changes = this.#replay.apply(stored, lastOffset);
    for (const listener of this.#listeners) listener(changes);
  }

  catchUp(): Promise<void> {
    return Promise.resolve();
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #appendBatch(batch: Uint8Array, { spendsReserve = false }: AppendOptions): Offset {
    const leaderEpoch = this.#leaderEpoch;
    const result = this.#log.append(batch, { leaderEpoch, origin: "metadata", spendsReserve });
    if (!result.ok) {
      const message = `metadata cannot be stored: ${result.message}`;
      const isFull = this.#log.directory.fullReason !== undefined;
      const cause = isFull ? new PlatformFault("NoSpace", result.message) : undefined;
      throw new PartitionFault(message, { cause });
    }
    this.#bytesAppended += batch.length;
    return result.lastOffset;
  }
}
