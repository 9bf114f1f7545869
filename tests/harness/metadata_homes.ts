// Where simulated brokers have their cluster's metadata:
//
//   sharedHome   one image in memory, from afar: simple, and everybody agrees at once
//   etcdHome     a simulated etcd of three members, by its HTTP gateway: leases that outlive their
//                term, watches that stall, answers that are lost, members that freeze
//
// Invariant: a home knows nothing of brokers but who has a process, and who can reach it.

import {
  type ChangeListener,
  MemoryMetadataStore,
  type MetadataImage,
  type MetadataMember,
  type MetadataRecordInput,
  type MetadataStore,
  SharedMetadata,
} from "../../src/cluster/mod.ts";
import type { EtcdMetadataStore } from "../../src/etcd/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import type { Simulation } from "../../src/runtime/simulated.ts";
import { openOn } from "../etcd/open_simulated.ts";
import { SimulatedEtcd } from "../etcd/simulated_etcd.ts";
import { keptLease } from "./kept_lease.ts";

export interface MetadataHome {
  /** The metadata as it is; brokers may know an older state. */
  readonly image: MetadataImage;
  /** -1 while there is none. */
  readonly controllerId: number;
  /** Where this home is a simulated etcd. */
  readonly etcd: SimulatedEtcd | undefined;
  /** Calls `listener` after every change. */
  onChange(listener: ChangeListener): () => void;
  /** A process of a broker begins. Rejects where the home cannot be reached. */
  open(nodeId: number, runtime: Runtime): Promise<MetadataStore>;
  /** The process has stopped as it should. */
  onStopped(nodeId: number): Promise<void>;
  /** It is gone, and nobody was told. */
  onDied(nodeId: number): void;
  /** It is stopped (SIGSTOP) from now on, or not any more. */
  onPaused(nodeId: number, isPaused: boolean): void;
  /** Nothing gets through between it and this home; or something does again. */
  cutOff(nodeId: number, isCutOff: boolean): void;
  /** Makes a change that nobody has decided. */
  append(records: readonly MetadataRecordInput[]): Promise<void>;
}

/** So long nobody has heard of a broker when it is taken for dead, where nobody says otherwise. */
export const sessionMs = 6_000;

/** Which machine a broker has. */
export function machineOf(nodeId: number): string {
  return `broker-${nodeId}`;
}

/** `after` is a timer that no process's death ends. */
export function sharedHome(
  after: (ms: number, run: () => void) => void,
  sessionMs: number,
): MetadataHome {
  return new SharedHome(after, sessionMs);
}

interface Guest {
  readonly member: MetadataMember;
  isPaused: boolean;
}

class SharedHome implements MetadataHome {
  readonly etcd = undefined;
  readonly #shared = new SharedMetadata(new MemoryMetadataStore());
  readonly #guests = new Map<number, Guest>();
  readonly #after: (ms: number, run: () => void) => void;
  readonly #sessionMs: number;

  constructor(after: (ms: number, run: () => void) => void, sessionMs: number) {
    this.#after = after;
    this.#sessionMs = sessionMs;
  }

  get image(): MetadataImage {
    return this.#shared.image;
  }

  get controllerId(): number {
    return this.#shared.store.controllerId;
  }

  onChange(listener: ChangeListener): () => void {
    return this.#shared.store.onChange(listener);
  }

  open(nodeId: number, runtime: Runtime): Promise<MetadataStore> {
    const way = () => {
      const delayMs = 0.2 + (runtime.random.uint32() % 1000) / 500;
      return new Promise<void>((arrived) => runtime.timers.after(delayMs, arrived));
    };
    const member = this.#shared.member(
      way,
      (lease, way) => keptLease(lease, { runtime, sessionMs: this.#sessionMs, way }),
    );
    this.#guests.set(nodeId, { member, isPaused: false });
    return Promise.resolve(member);
  }

  onStopped(nodeId: number): Promise<void> {
    this.#leave(nodeId);
    return Promise.resolve();
  }

  onDied(nodeId: number): void {
    this.#leave(nodeId);
    this.#expireLater(nodeId);
  }

  #leave(nodeId: number): void {
    const guest = this.#guests.get(nodeId);
    if (guest !== undefined) this.#shared.leave(guest.member);
    this.#guests.delete(nodeId);
  }

  onPaused(nodeId: number, isPaused: boolean): void {
    const guest = this.#guests.get(nodeId);
    if (guest === undefined) return;
    guest.isPaused = isPaused;
    if (isPaused) this.#expireLater(nodeId);
  }

  cutOff(nodeId: number, isCutOff: boolean): void {
    this.#guests.get(nodeId)?.member.cutOff(isCutOff);
    if (isCutOff) this.#expireLater(nodeId);
  }

  async append(records: readonly MetadataRecordInput[]): Promise<void> {
    await this.#shared.append(records);
  }

  #expireLater(nodeId: number): void {
    const { liveness } = this.#shared;
    const epoch = liveness.alive(nodeId);
    this.#after(this.#sessionMs, () => {
      const guest = this.#guests.get(nodeId);
      const isSilent = guest === undefined || guest.isPaused || guest.member.isCutOff;
      if (isSilent && liveness.alive(nodeId) === epoch) liveness.expire(nodeId);
    });
  }
}

/** Starts an etcd in `world`, after the brokers' machines, and an observer of it. */
export async function etcdHome(
  world: Simulation,
  options: EtcdHomeOptions,
): Promise<MetadataHome> {
  const etcd = await SimulatedEtcd.start(world, { members: 3 });
  const observer = await openOn(world.start("observer"), { ...options, etcd });
  return new EtcdHome(world, { etcd, observer, options });
}

interface EtcdHomeOptions {
  readonly clusterId: string;
  readonly sessionMs: number;
  /** Keys of one transaction; what takes more is staged. */
  readonly operationsMax?: number;
  /** Someone cannot follow it any more; absent: the scenario fails. */
  readonly onLost?: (error: unknown) => void;
}

class EtcdHome implements MetadataHome {
  readonly etcd: SimulatedEtcd;
  readonly #world: Simulation;
  readonly #observer: EtcdMetadataStore;
  readonly #options: EtcdHomeOptions;
  readonly #stores = new Map<number, EtcdMetadataStore>();

  constructor(
    world: Simulation,
    { etcd, observer, options }: {
      readonly etcd: SimulatedEtcd;
      readonly observer: EtcdMetadataStore;
      readonly options: EtcdHomeOptions;
    },
  ) {
    this.#world = world;
    this.etcd = etcd;
    this.#observer = observer;
    this.#options = options;
  }

  get image(): MetadataImage {
    return this.#observer.image;
  }

  get controllerId(): number {
    return this.#observer.controllerId;
  }

  onChange(listener: ChangeListener): () => void {
    return this.#observer.onChange(listener);
  }

  async open(nodeId: number, runtime: Runtime): Promise<MetadataStore> {
    const { etcd } = this;
    const store = await openOn(runtime, { ...this.#options, etcd });
    this.#stores.set(nodeId, store);
    return store;
  }

  async onStopped(nodeId: number): Promise<void> {
    const store = this.#stores.get(nodeId);
    this.#stores.delete(nodeId);
    await store?.close();
  }

  onDied(nodeId: number): void {
    this.#stores.delete(nodeId);
  }

  /** Its lease runs out by itself. */
  onPaused(): void {}

  cutOff(nodeId: number, isCutOff: boolean): void {
    for (const name of this.etcd.names) {
      if (isCutOff) this.#world.partition(machineOf(nodeId), name);
      else this.#world.heal(machineOf(nodeId), name);
    }
  }

  async append(records: readonly MetadataRecordInput[]): Promise<void> {
    await this.#observer.change(() => ({ records, response: undefined }));
  }
}
