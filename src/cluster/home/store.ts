// Where metadata is kept: one port with several homes. A single node keeps it in the log
// __cluster_metadata-0, tests and several brokers of one process in memory, a cluster elsewhere.
//
//   decide(image) -> { records, response } --append--> durable --apply--> image --> response
//                                                                          └──> whoever watches
//
// Decisions look at the image, so two of them must not look at the same one and both append: a
// home runs one at a time, or runs one again that has looked at what was not the newest image.
// Invariant: `image` shows nothing that a failure could take back, and all that watch a home are
// told of its changes in one order.

import type { BrokerId, LeaderEpoch, Uuid } from "../../base/ids.ts";
import type { HomeCounters } from "./home_counters.ts";
import type { MetadataImage } from "../image/image.ts";
import { imageRecords } from "../image/image_records.ts";
import { type BrokerLease, type Liveness, MemoryLiveness, staleTerm } from "./liveness.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecord,
  type MetadataRecordInput,
} from "../records/records.ts";
import { type MetadataChange, MetadataReplay } from "../image/replay.ts";
import type { RememberedHome } from "./remembered_home.ts";

/** What a decide function returns: what to append, and what to answer once it is durable. */
export interface Decision<Response> {
  readonly records: readonly MetadataRecordInput[];
  readonly response: Response;
  /** Whether it makes room on a full disk: then it may use what a home keeps for that. */
  readonly spendsReserve?: boolean;
  /** Decided by the controller in this term: refused (PartitionFault) once there is another. */
  readonly controllerEpoch?: LeaderEpoch;
}

/** Hears of changes right after they are in the image. */
export type ChangeListener = (changes: readonly MetadataChange[]) => void;

/**
 * Runs one decision, once those before it are in the image; resolves with its response once what
 * it decided is durable and in the image, all of it or none. A decision has no effects but what it
 * returns: it may be run again, on a newer image. One about very much comes later, and others wait.
 */
export type ChangeQueue = <Response>(
  decide: (image: MetadataImage) => Decision<Response> | Promise<Decision<Response>>,
) => Promise<Response>;

/** A home of the cluster's metadata, as one of its brokers uses it. */
export interface MetadataStore {
  /** What clients are told. */
  readonly image: MetadataImage;
  /** Through it go all changes. */
  readonly change: ChangeQueue;
  /** Who takes changes, as clients are told; -1 while nobody does. */
  readonly controllerId: BrokerId;
  /** Its term. */
  readonly leaderEpoch: LeaderEpoch;
  /** Whether other brokers may take part: what one of them says is not all that there is. */
  readonly isShared: boolean;
  /** What a new cluster is to begin with. */
  readonly formatted: readonly MetadataRecord[];
  /**
   * Resolves once the image shows what was stored of topics, configurations and brokers when this
   * was called; how partitions stand may be older. Rejects where the home does not tell.
   */
  catchUp(): Promise<void>;
  /** Calls `listener` after every change; returns how to stop. */
  onChange(listener: ChangeListener): () => void;
  /** Which brokers live. */
  readonly liveness: Liveness;
  /** Of requests to it; absent where it takes none. */
  readonly counters?: HomeCounters;
  /** Absent: it does not outlive the process, or the data folder holds it. */
  readonly remembered?: RememberedHome | undefined;
  /**
   * `brokerId` takes part from now on, before its first change; again once that life is over. One
   * that fails may be repeated. `directory`: the data directory that this process has locked, so
   * that another life of the same broker with it can only be of a process that is dead.
   */
  join(brokerId: BrokerId, directory?: Uuid): Promise<BrokerLease>;
  /**
   * Shows the image as it would be with the records that `decide` gives, to a broker that cannot
   * change it for now; undefined: as it is.
   */
  show(decide: ShownRecords | undefined): Promise<void>;
}

/** What is shown besides what is stored. */
export type ShownRecords = (stored: MetadataImage) => readonly MetadataRecordInput[];

/** What a decision says of how its records are to be stored. */
export type AppendOptions = Pick<Decision<unknown>, "spendsReserve" | "controllerEpoch">;

/** What a {@link changeQueue} changes. */
export interface Changed {
  readonly image: () => MetadataImage;
  /** Resolves when all of `records` are durable and in the image; all of them are, or none. */
  readonly append: (
    records: readonly MetadataRecordInput[],
    options: AppendOptions,
  ) => Promise<void>;
}

/** Runs decisions one after the other: for a home that is changed through it alone. */
export function changeQueue({ image, append }: Changed): ChangeQueue {
  let last: Promise<unknown> = Promise.resolve();
  return (decide) => {
    const run = async () => {
      const { records, response, ...options } = await decide(image());
      if (records.length > 0) await append(records, options);
      return response;
    };
    const result = last.then(run, run);
    // The next one runs whatever becomes of this; its failure is its caller's.
    last = result.catch(() => {});
    return result;
  };
}

/** Records as a log would give them back: what works here works there. */
export function throughBytes(records: readonly MetadataRecordInput[]) {
  return records.map((record) => decodeMetadataRecord(encodeMetadataRecord(record)));
}

/** Metadata that lives as long as the process. Several brokers of it may share one. */
export class MemoryMetadataStore implements MetadataStore {
  readonly isShared = true;
  readonly formatted: readonly MetadataRecord[] = [];
  readonly liveness: MemoryLiveness = new MemoryLiveness();
  readonly change: ChangeQueue = changeQueue({
    image: () => this.#replay.image,
    append: (records, options) => this.append(records, options),
  });
  readonly #replay = new MetadataReplay();
  readonly #listeners = new Set<ChangeListener>();
  #shown: MetadataImage | undefined;

  get image(): MetadataImage {
    return this.#shown ?? this.#replay.image;
  }

  get controllerId(): BrokerId {
    return this.liveness.controllerId;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.liveness.leaderEpoch;
  }

  append(
    records: readonly MetadataRecordInput[],
    { controllerEpoch }: AppendOptions = {},
  ): Promise<void> {
    if (controllerEpoch !== undefined && controllerEpoch !== this.leaderEpoch) {
      return Promise.reject(staleTerm(controllerEpoch));
    }
    const lastOffset = this.#replay.image.lastOffset + records.length;
    const changes = this.#replay.apply(throughBytes(records), lastOffset);
    for (const listener of this.#listeners) listener(changes);
    return Promise.resolve();
  }

  catchUp(): Promise<void> {
    return Promise.resolve();
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  join(brokerId: BrokerId): Promise<BrokerLease> {
    return Promise.resolve(this.liveness.join(brokerId, this.#replay.image.lastOffset));
  }

  show(decide: ShownRecords | undefined): Promise<void> {
    this.#shown = undefined;
    if (decide === undefined) return Promise.resolve();
    const shown = new MetadataReplay();
    shown.apply(throughBytes([...imageRecords(this.image)]), this.image.lastOffset);
    shown.apply(throughBytes(decide(this.image)), this.image.lastOffset);
    this.#shown = shown.image;
    return Promise.resolve();
  }
}
