// What this process knows of a cluster's keys, and the image that they make.
//
//   range at revision R --load--> keys --apply(R+1, events), apply(R+2, ...)--> keys, image
//                                      --resync(range at R')--> what differs is applied at once
//
// The image moves with revisions, each as a whole; those that were seen already are passed over, so
// a watch and a range may tell of the same thing.
// Invariant: the image is that of the keys at `revision`, with a staged change that is decided laid
// over them (stage.ts).

import type { BrokerId } from "../base/ids.ts";
import { assert } from "../base/assert.ts";
import {
  type EntityChange,
  type MetadataChange,
  type MetadataImage,
  MetadataReplay,
  recordsOf,
} from "../cluster/mod.ts";
import {
  brokerOfLiveKey,
  type ControllerValue,
  entityPrefix,
  Key,
  parseController,
  parsePending,
  type Staged,
  stagedPrefix,
} from "./keys.ts";
import type { KeyValue, WatchEvent } from "./messages.ts";
import { decodePart } from "./stage.ts";

/** A key's present value. */
export interface StoredValue {
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly lease: string;
}

/** What a step has changed. */
export interface Step {
  readonly changes: readonly MetadataChange[];
  /** Whether somebody lives, is dead, or is the controller who was not before. */
  readonly isAboutLives: boolean;
}

type Table = Map<string, StoredValue>;

export class Replica {
  readonly #prefix: string;
  readonly #replay = new MetadataReplay();
  #keys: Table = new Map();
  #revision = 0;
  #changedAt = 0;
  #alive = new Map<BrokerId, number>();
  #controller: ControllerValue | undefined;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get image(): MetadataImage {
    return this.#replay.image;
  }

  /** The last revision that is in the image. */
  get revision(): number {
    return this.#revision;
  }

  /** The last one that has changed the metadata. */
  get changedAt(): number {
    return this.#changedAt;
  }

  get controller(): ControllerValue | undefined {
    return this.#controller;
  }

  /** The staged change that is decided, and not carried out yet. */
  get pending(): Staged | undefined {
    return parsePending(this.get(Key.STRUCTURE)?.value);
  }

  /** A key without the cluster's prefix. */
  get(key: string): StoredValue | undefined {
    return this.#keys.get(key);
  }

  /** The revision at which a key was put last; 0: there is none. */
  modRevision(key: string): number {
    return this.#keys.get(key)?.modRevision ?? 0;
  }

  /** The revision since which a key is there; 0: there is none. */
  createRevision(key: string): number {
    return this.#keys.get(key)?.createRevision ?? 0;
  }

  /** The broker epoch by which a broker lives. */
  alive(brokerId: BrokerId): number | undefined {
    return this.#alive.get(brokerId);
  }

  /** The keys that begin so, in order. */
  keysUnder(prefix: string): string[] {
    return [...this.#keys.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  /** Takes the whole of the keys, at first or again. Undefined: it is older than what is known. */
  resync({ revision, all }: { revision: number; all: readonly KeyValue[] }): Step | undefined {
    if (revision < this.#revision) return undefined;
    const keys: Table = new Map();
    for (const { key, ...stored } of all) keys.set(key.slice(this.#prefix.length), stored);
    layOver(keys, revision);
    const before = this.#keys;
    const touched = new Map<string, Uint8Array | undefined>();
    for (const [key, { value }] of before) touched.set(key, value);
    for (const key of keys.keys()) if (!touched.has(key)) touched.set(key, undefined);
    this.#keys = keys;
    return this.#step(revision, touched);
  }

  /** Takes the events of a revision; undefined when it is known already. */
  apply(revision: number, events: readonly WatchEvent[]): Step | undefined {
    if (revision <= this.#revision) return undefined;
    const touched = new Map<string, Uint8Array | undefined>();
    const touch = (key: string) => {
      if (!touched.has(key)) touched.set(key, this.#keys.get(key)?.value);
    };
    let isStructural = false;
    for (const { key: whole, value, ...stored } of events) {
      assert(whole.startsWith(this.#prefix), "a watch tells of its own keys");
      const key = whole.slice(this.#prefix.length);
      touch(key);
      if (key === Key.STRUCTURE) isStructural = true;
      if (value === undefined) this.#keys.delete(key);
      else this.#keys.set(key, { ...stored, value });
    }
    if (isStructural) layOver(this.#keys, revision, touch);
    return this.#step(revision, touched);
  }

  /** `touched`: keys with the values they had. */
  #step(revision: number, touched: ReadonlyMap<string, Uint8Array | undefined>): Step {
    const entities: EntityChange[] = [];
    let isAboutLives = false;
    for (const [key, previous] of touched) {
      const value = this.#keys.get(key)?.value;
      if (key.startsWith(entityPrefix)) {
        entities.push({ key: key.slice(entityPrefix.length), value, previous });
      } else if (key === Key.CONTROLLER || brokerOfLiveKey(key) !== undefined) {
        isAboutLives = true;
      }
    }
    const records = recordsOf(entities);
    const changes = this.#replay.apply(records, revision);
    this.#revision = revision;
    if (records.length > 0) this.#changedAt = revision;
    if (isAboutLives) this.#seeLives();
    return { changes, isAboutLives };
  }

  #seeLives(): void {
    this.#alive = new Map();
    for (const [key, { createRevision }] of this.#keys) {
      const id = brokerOfLiveKey(key);
      if (id !== undefined) this.#alive.set(id, createRevision);
    }
    const controller = this.get(Key.CONTROLLER);
    this.#controller = controller && parseController(controller.value);
  }
}

/** Lays the parts of a change that is decided over the keys that they are to be put into. */
function layOver(keys: Table, revision: number, touch = (_key: string) => {}): void {
  const pending = parsePending(keys.get(Key.STRUCTURE)?.value);
  if (pending === undefined) return;
  const prefix = stagedPrefix(pending);
  const parts = [...keys].filter(([key]) => key.startsWith(prefix));
  for (const [, { value }] of parts) {
    for (const operation of decodePart(value)) {
      if ("put" in operation) {
        touch(operation.put);
        const stored = { createRevision: revision, modRevision: revision, lease: "0" };
        keys.set(operation.put, { ...stored, value: operation.value });
      } else if ("delete" in operation) {
        touch(operation.delete);
        keys.delete(operation.delete);
      } else {
        for (const key of keys.keys()) {
          if (!key.startsWith(operation.deleteUnder)) continue;
          touch(key);
          keys.delete(key);
        }
      }
    }
  }
}
