// What one broker knows of what a consumer reads there (KIP-227): who has many partitions names
// those that have changed, and is told of those that have news.
//
//   begins (epoch 0) --answer names a session--> goes on (epoch 1, 2, ...): changes alone are named
//      ^  ^--answer names none: all is named again--'                  |
//      +--------- no answer, or the broker has lost track -------------+
//
// Invariant: what `#known` holds is what the broker has of this session once the request that was
// made last has arrived; after a request without an answer the session begins anew, and the broker
// ends the old one.

import type { LeaderEpoch, PartitionId, Uuid } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { byTopic, nameOf } from "../topic_partition.ts";

/** A partition as it is asked for. */
export interface WantedPartition {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly leaderEpoch: LeaderEpoch;
  readonly fetchOffset: Int64;
  readonly bytesMax: number;
}

const noSession = 0;
const firstEpoch = 0;
const finalEpoch = -1;
const epochMax = 2 ** 31 - 1;

export class FetchSession {
  #id = noSession;
  #epoch = firstEpoch;
  #known = new Map<string, WantedPartition>();
  #usesIds = false;

  /** The fields of the next request, which asks for `wanted` and nothing else. */
  request(wanted: readonly WantedPartition[], { usesIds }: { usesIds: boolean }) {
    // A session speaks of topics by their names, or by their ids.
    if (usesIds !== this.#usesIds) this.restart();
    this.#usesIds = usesIds;
    const known = new Map<string, WantedPartition>();
    const changed: WantedPartition[] = [];
    const gone: WantedPartition[] = [];
    const before = this.#epoch === firstEpoch ? new Map<string, WantedPartition>() : this.#known;
    for (const each of wanted) {
      const name = nameOf(each);
      const old = before.get(name);
      known.set(name, each);
      if (old === undefined || !isSame(old, each)) changed.push(each);
      if (old !== undefined && old.topicId !== each.topicId) gone.push(old);
    }
    if (before.size > 0) {
      for (const [name, old] of before) if (!known.has(name)) gone.push(old);
    }
    this.#known = known;
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: [...byTopic(changed)].map(([topic, theirs]) => ({
        topic,
        topicId: theirs[0]!.topicId,
        partitions: theirs.map(({ partition, leaderEpoch, fetchOffset, bytesMax }) => ({
          partition,
          currentLeaderEpoch: leaderEpoch,
          fetchOffset,
          partitionMaxBytes: bytesMax,
        })),
      })),
      forgottenTopicsData: gone.map(({ topic, topicId, partition }) => ({
        topic,
        topicId,
        partitions: [partition],
      })),
    };
  }

  /** The broker has answered, and named the session that there is; 0 for none. */
  onAnswer(sessionId: number): void {
    if (sessionId === noSession) this.#id = this.#epoch = noSession;
    else if (this.#epoch === firstEpoch) [this.#id, this.#epoch] = [sessionId, 1];
    else this.#epoch = this.#epoch === epochMax ? 1 : this.#epoch + 1;
  }

  /** The next request names all that it wants, and begins another session. */
  restart(): void {
    this.#epoch = firstEpoch;
  }

  /** Whether the next request names all that it wants. */
  get isBeginning(): boolean {
    return this.#epoch === firstEpoch;
  }

  /** The request that ends the session; undefined where there is none. */
  get ending() {
    if (this.#id === noSession) return undefined;
    return { sessionId: this.#id, sessionEpoch: finalEpoch };
  }
}

function isSame(a: WantedPartition, b: WantedPartition): boolean {
  return a.fetchOffset === b.fetchOffset && a.leaderEpoch === b.leaderEpoch &&
    a.bytesMax === b.bytesMax && a.topicId === b.topicId;
}
