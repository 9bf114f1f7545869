// One home of the metadata in this process, seen by each broker as from afar: what a broker changes
// takes its time to get there and back, what others change reaches it late, and one that is cut off
// changes nothing and hears nothing. For several brokers of one process, and of a simulated world.
//
//   broker 1 ──member──┐
//   broker 2 ──member──┼── SharedMetadata: one image, one order of changes
//   broker 3 ──member──┘
//
// Invariant: every member applies the same records in the same order, and has seen its own change
// when that is answered.

import type { BrokerId, LeaderEpoch } from "../../base/ids.ts";
import type { MetadataImage } from "../image/image.ts";
import { imageRecords } from "../image/image_records.ts";
import type { BrokerLease, Liveness, MemoryLiveness } from "./liveness.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import type { RememberedHome } from "./remembered_home.ts";
import { MetadataReplay } from "../image/replay.ts";
import {
  type ChangeListener,
  type ChangeQueue,
  type Decision,
  type MemoryMetadataStore,
  type MetadataStore,
  type ShownRecords,
  throughBytes,
} from "./store.ts";

/** Where it is: in memory, or in what outlives the process. */
export interface SharedHome {
  readonly image: MetadataImage;
  readonly change: ChangeQueue;
  readonly controllerId: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly liveness: MemoryLiveness;
  /** Absent: it does not outlive the process. */
  readonly remembered?: RememberedHome;
  append(records: readonly MetadataRecordInput[]): Promise<void>;
  join(brokerId: BrokerId): Promise<BrokerLease>;
}

/** What all members share. */
export class SharedMetadata<Home extends SharedHome = MemoryMetadataStore> {
  readonly store: Home;
  readonly #members = new Set<MetadataMember>();
  #changes = 0;

  constructor(store: Home) {
    this.store = store;
  }

  get image(): MetadataImage {
    return this.store.image;
  }

  /** Which brokers live. */
  get liveness(): MemoryLiveness {
    return this.store.liveness;
  }

  /** How many batches of records there have been. */
  get changes(): number {
    return this.#changes;
  }

  /** Runs one decision; resolves with its response and the number of changes up to it. */
  async change<R>(
    decide: (image: MetadataImage) => Decision<R> | Promise<Decision<R>>,
  ): Promise<{ response: R; changes: number }> {
    let records: readonly MetadataRecordInput[] = [];
    const response = await this.store.change(async (image) => {
      const decision = await decide(image);
      records = decision.records;
      return decision;
    });
    this.#publish(records);
    return { response, changes: this.#changes };
  }

  /** Appends what nobody has decided. */
  async append(records: readonly MetadataRecordInput[]): Promise<void> {
    await this.store.append(records);
    this.#publish(records);
  }

  #publish(records: readonly MetadataRecordInput[]): void {
    if (records.length === 0) return;
    this.#changes++;
    for (const member of this.#members) member.hear(records);
  }

  /**
   * A broker takes part. `way` resolves when a message has got from it to the home, or back; for a
   * process that has died it never does. `kept`: its life as it sees it itself, from afar.
   */
  member(way: () => Promise<void>, kept?: KeptLease): MetadataMember {
    const member = new MetadataMember(this, way, kept);
    this.#members.add(member);
    return member;
  }

  leave(member: MetadataMember): void {
    this.#members.delete(member);
  }
}

/** What a life is to a process that has to keep it up by messages, each of which takes `way`. */
export type KeptLease = (lease: BrokerLease, way: () => Promise<void>) => BrokerLease;

export class MetadataMember implements MetadataStore {
  readonly isShared = true;
  readonly formatted: readonly [] = [];
  readonly liveness: Liveness;
  readonly change: ChangeQueue;
  readonly remembered: RememberedHome | undefined;
  readonly #shared: SharedMetadata<SharedHome>;
  readonly #way: () => Promise<void>;
  readonly #kept: KeptLease;
  readonly #replay = new MetadataReplay();
  readonly #listeners = new Set<ChangeListener>();
  readonly #reached: { readonly changes: number; readonly go: () => void }[] = [];
  #heard: Promise<void> = Promise.resolve();
  #changes: number;
  #isCutOff = false;
  #backAgain: (() => void)[] = [];

  constructor(
    shared: SharedMetadata<SharedHome>,
    way: () => Promise<void>,
    kept: KeptLease = (lease) => lease,
  ) {
    this.#shared = shared;
    this.#way = way;
    this.#kept = kept;
    this.remembered = shared.store.remembered;
    const { liveness } = shared.store;
    this.liveness = {
      alive: (id) => liveness.alive(id),
      onChange: (listener) => liveness.onChange(listener),
      declareDead: async (id, brokerEpoch) => {
        await this.#pass();
        await liveness.declareDead(id, brokerEpoch);
      },
    };
    this.#changes = shared.changes;
    this.#replay.apply(
      throughBytes([...imageRecords(shared.image)]),
      shared.image.lastOffset,
    );
    this.change = (decide) => this.#change(decide);
  }

  get image(): MetadataImage {
    return this.#replay.image;
  }

  get controllerId(): BrokerId {
    return this.#shared.store.controllerId;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.#shared.store.leaderEpoch;
  }

  async catchUp(): Promise<void> {
    await this.#pass();
    const { changes } = this.#shared;
    await this.#pass();
    await this.#seen(changes);
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async join(brokerId: BrokerId): Promise<BrokerLease> {
    await this.#pass();
    return this.#kept(await this.#shared.store.join(brokerId), () => this.#pass());
  }

  show(_: ShownRecords | undefined): Promise<void> {
    return Promise.reject(new Error("a member of a cluster is shown nothing but what there is"));
  }

  /** Nothing gets through from or to this member until `cutOff(false)`. */
  cutOff(isCutOff = true): void {
    this.#isCutOff = isCutOff;
    if (!isCutOff) { for (const go of this.#backAgain.splice(0)) go(); }
  }

  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  /** Others have changed the metadata. */
  hear(records: readonly MetadataRecordInput[]): void {
    this.#heard = this.#heard.then(async () => {
      await this.#pass();
      const lastOffset = this.#replay.image.lastOffset + records.length;
      const changes = this.#replay.apply(throughBytes(records), lastOffset);
      this.#changes++;
      for (const listener of this.#listeners) listener(changes);
      for (const { changes, go } of this.#reached) if (changes <= this.#changes) go();
    });
  }

  async #change<R>(
    decide: (image: MetadataImage) => Decision<R> | Promise<Decision<R>>,
  ): Promise<R> {
    await this.#pass();
    const { response, changes } = await this.#shared.change(decide);
    await this.#pass();
    await this.#seen(changes);
    return response;
  }

  async #seen(changes: number): Promise<void> {
    if (this.#changes >= changes) return;
    await new Promise<void>((go) => this.#reached.push({ changes, go }));
  }

  /** From here to the home, or back. */
  async #pass(): Promise<void> {
    do {
      await this.#way();
      if (this.#isCutOff) await new Promise<void>((go) => this.#backAgain.push(go));
    } while (this.#isCutOff);
  }
}
