// Who leads what, as an oracle that no client can be: every append of a leader in this process, and
// every change of the metadata, is looked at.
//
// Law: in one epoch of a partition one broker leads it, by the metadata and by what is appended;
// epochs never go back.

import type { MetadataChange } from "../../src/cluster/mod.ts";
import { Partition } from "../../src/broker/logs/partition.ts";
import { wrongly } from "../harness/wrong_methods.ts";
import { law } from "../walk/walker.ts";

export class LeadersLaw {
  /** By `topic-partition in epoch`. */
  readonly #appended = new Map<string, string>();
  readonly #elected = new Map<string, number>();
  readonly #epochs = new Map<string, number>();

  /** How many epochs there were in which something was appended. */
  get count(): number {
    return this.#appended.size;
  }

  /** The metadata has changed. */
  onChange(changes: readonly MetadataChange[]): void {
    for (const change of changes) {
      if (change.type !== "partitionChanged") continue;
      const { topic, partition: { id, leader, leaderEpoch } } = change;
      const place = `${topic.name}-${id} of ${topic.id}`;
      law((this.#epochs.get(place) ?? 0) <= leaderEpoch, `the epochs of ${place} go back`);
      this.#epochs.set(place, leaderEpoch);
      const key = `${place} in epoch ${leaderEpoch}`;
      const before = this.#elected.get(key) ?? leader;
      law(before === leader, `${before} and ${leader} are elected for ${key}`);
      this.#elected.set(key, leader);
    }
  }

  /** A leader has appended something of its own. */
  onAppend({ topic, id, leaderEpoch, dataFolder, log }: Partition): void {
    const key = `${topic}-${id} of ${log.topicId} in epoch ${leaderEpoch}`;
    const before = this.#appended.get(key) ?? dataFolder;
    this.#appended.set(key, dataFolder);
    law(before === dataFolder, `${before} and ${dataFolder} both append to ${key}`);
  }
}

let onAppend: ((partition: Partition) => void) | undefined;
let isWatching = false;

/** Has `law` hear of all appends in this process; returns how to end that. */
export function watchAppends(law: LeadersLaw, onBroken: (error: unknown) => void): () => void {
  if (!isWatching) watch();
  onAppend = (partition) => {
    try {
      law.onAppend(partition);
    } catch (error) {
      onBroken(error);
    }
  };
  return () => {
    onAppend = undefined;
  };
}

/**
 * For good: code that is compiled for a class is thrown away whenever a method of that changes, and
 * each history would begin by compiling the hottest of the broker anew.
 */
function watch(): void {
  isWatching = true;
  wrongly(Partition, "append", (right) =>
    function (this: Partition, ...given) {
      const result = right.apply(this, given);
      if (result.ok && !result.duplicate) onAppend?.(this);
      return result;
    });
}
