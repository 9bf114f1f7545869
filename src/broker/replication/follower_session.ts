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
  & { readonly topicId: Uuid }
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
  /** What the leader knows, by topic id and partition. */
  #known = new Map<string, NamedPartition>();

  /** Whether an answer tells of everything, and not only of what is new. */
  get isFull(): boolean {
    return this.#epoch === 0;
  }

  /** The next request, for all of `wanted`. */
  request(wanted: readonly NamedPartition[]): SessionRequest {
    const known = this.isFull ? new Map<string, NamedPartition>() : this.#known;
    const next = new Map(wanted.map((each) => [keyOf(each), each]));
    const changed = wanted.filter((each) => !isSame(known.get(keyOf(each)), each));
    const forgotten = [...known].flatMap(([key, each]) => next.has(key) ? [] : [each]);
    this.#known = next;
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: byTopic(changed, ({ topicId: _, ...each }) => each),
      forgottenTopicsData: byTopic(forgotten, ({ partition }): PartitionId => partition),
    };
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

function keyOf({ topicId, partition }: NamedPartition): string {
  return `${topicId}-${partition}`;
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
