// Where metadata is kept: one port with several homes. The broker keeps it in the log
// __cluster_metadata-0; tests and clusters have others.
//
//   decide(image) -> { records, response } --append--> durable --apply--> image --> response
//
// Decisions look at the image, so two of them must not look at the same one and both append: a
// change queue runs one at a time, each seeing what the one before has done.

import type { MetadataImage } from "./image.ts";
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecordInput } from "./records.ts";
import { type MetadataChange, MetadataReplay } from "./replay.ts";

/** What a decide function returns: what to append, and what to answer once it is durable. */
export interface Decision<Response> {
  readonly records: readonly MetadataRecordInput[];
  readonly response: Response;
}

/** Hears of changes right after they are in the image. */
export type ChangeListener = (changes: readonly MetadataChange[]) => void;

/** A home of the cluster's metadata. */
export interface MetadataStore {
  /** What has been appended and is durable. */
  readonly image: MetadataImage;
  /** Resolves when all of `records` are durable and in the image; all of them are, or none. */
  append(records: readonly MetadataRecordInput[]): Promise<void>;
  /** Calls `listener` after every append; returns how to stop. */
  onChange(listener: ChangeListener): () => void;
}

/** Runs one decision, once those before it are in the image; resolves with its response. */
export type ChangeQueue = <Response>(
  decide: (image: MetadataImage) => Decision<Response>,
) => Promise<Response>;

/** The queue through which all changes of `store` must go. */
export function changeQueue(store: Pick<MetadataStore, "image" | "append">): ChangeQueue {
  let last: Promise<unknown> = Promise.resolve();
  return (decide) => {
    const run = async () => {
      const { records, response } = decide(store.image);
      if (records.length > 0) await store.append(records);
      return response;
    };
    const result = last.then(run, run);
    // The next one runs whatever becomes of this; its failure is its caller's.
    last = result.catch(() => {});
    return result;
  };
}

/** Metadata that lives as long as the process. */
export class MemoryMetadataStore implements MetadataStore {
  readonly #replay = new MetadataReplay();
  readonly #listeners = new Set<ChangeListener>();

  get image(): MetadataImage {
    return this.#replay.image;
  }

  append(records: readonly MetadataRecordInput[]): Promise<void> {
    // Through the bytes, so that what works here works in a log.
    const decoded = records.map((record) => decodeMetadataRecord(encodeMetadataRecord(record)));
    const changes = this.#replay.apply(decoded, this.image.lastOffset + records.length);
    for (const listener of this.#listeners) listener(changes);
    return Promise.resolve();
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
