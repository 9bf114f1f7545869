// The fetch session of a follower with one leader (KIP-227): which partitions the leader knows that
// it wants, and from where, so that a fetch names only what has changed.
//
//   epoch 0     everything is named, and a session begins, if the leader has room for it
//   1, 2, ...   named is what is new, or stands elsewhere; forgotten what is not wanted for now
//   the leader knows no such session, or nobody knows what became of a request: epoch 0 again
//
// Invariant: applied one after the other, what requests name is what the follower wants now: the
// leader takes none of it for granted that this broker would not say again.

import type { PartitionId, Uuid } from "../../base/ids.ts";
import { ErrorCode, type Fetch, type RequestInput } from "../../protocol/mod.ts";

/** One partition as a fetch names it. */
export type NamedPartition =
  & {
    /** One for each partition: the same string each time, so that it is made and hashed once. */
    readonly key: string;
    readonly topicId: Uuid;
  }
  & RequestInput<typeof Fetch>["topics"][number]["partitions"][number];

/** What a request says of the session. */
export type SessionRequest = Required<
  Pick<
    RequestInput<typeof Fetch>,
    "sessionId" | "sessionEpoch" | "topics" | "forgottenTopicsData"
  >
>;

const lost: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.INVALID_FETCH_SESSION_EPOCH,
  ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
]);

export class FollowerSession {
  #id = 0;
  /** That of the next request. */
  #epoch = 0;
  /** What the leader knows, by key. */
  readonly #known = new Map<string, NamedPartition>();

  /** Whether an answer tells of everything, and not only of what is new. */
  get isFull(): boolean {
    return this.#epoch === 0;
  }

  /** The next request, for all of `wanted`. */
  request(wanted: readonly NamedPartition[]): SessionRequest {
    const known = this.#known;
    if (this.isFull) known.clear();
    const changed: NamedPartition[] = [];
    for (const each of wanted) {
      if (isSame(known.get(each.key), each)) continue;
      changed.push(each);
      known.set(each.key, each);
    }
    const forgotten = known.size > wanted.length ? this.#forget(wanted) : [];
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: byTopic(changed, (each) => each),
      forgottenTopicsData: byTopic(forgotten, ({ partition }): PartitionId => partition),
    };
  }

  /** All that is known and not in `wanted`, which is known no longer. */
  #forget(wanted: readonly NamedPartition[]): NamedPartition[] {
    const keys = new Set(wanted.map(({ key }) => key));
    const forgotten = [...this.#known.values()].filter(({ key }) => !keys.has(key));
    for (const { key } of forgotten) this.#known.delete(key);
    return forgotten;
  }

  /** Whether the answer can be used; if not, the next request names everything. */
  accept({ errorCode, sessionId }: {
    readonly errorCode: ErrorCode;
    readonly sessionId: number;
  }): boolean {
    if (lost.has(errorCode)) {
      this.reset();
      return false;
    }
    this.#id = sessionId;
    this.#epoch = sessionId === 0 ? 0 : this.#epoch === 0x7fff_ffff ? 1 : this.#epoch + 1;
    return true;
  }

  /** Nobody knows what the leader has heard: it is told everything, and ends what it has. */
  reset(): void {
    this.#epoch = 0;
  }
}

function isSame(known: NamedPartition | undefined, named: NamedPartition): boolean {
  return known?.fetchOffset === named.fetchOffset &&
    known.currentLeaderEpoch === named.currentLeaderEpoch &&
    known.lastFetchedEpoch === named.lastFetchedEpoch &&
    known.logStartOffset === named.logStartOffset &&
    known.partitionMaxBytes === named.partitionMaxBytes;
}

function byTopic<P>(
  named: readonly NamedPartition[],
  read: (each: NamedPartition) => P,
): { topicId: Uuid; partitions: P[] }[] {
  const topics = new Map<Uuid, { topicId: Uuid; partitions: P[] }>();
  for (const each of named) {
    let topic = topics.get(each.topicId);
    if (topic === undefined) {
      topics.set(each.topicId, topic = { topicId: each.topicId, partitions: [] });
    }
    topic.partitions.push(read(each));
  }
  return [...topics.values()];
}
